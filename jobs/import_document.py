"""Import: feed a school from one file, through the same pipeline, as a snapshot."""

from __future__ import annotations

from pathlib import Path

from connector.bookkeeping import ledger
from connector.sources.edexml.source import check_school, digest, read_header
from jobs.parts import Document, Parts, Task
from jobs.pipeline import run_school
from jobs.tend_corrections import tend
from schemas.runs import RunReport, Trigger


def import_document(parts: Parts, path: Path, *, is_dry_run: bool = False) -> RunReport:
    """Import one document, then tend the corrections; `parts.source` reads the same path.

    Raises DocumentRefused (not a document, incomplete, older than the last), WrongSchool, ConfigurationError
    (the school is fed by another source), and what a run raises.
    """
    header = read_header(path)
    check_school(header, parts.school.id, parts.school.institution, path.name)
    with parts.database.session() as session, session.read() as connection:
        ledger.refuse_older(connection, parts.school.id, header.created_at)
    document = Document(header.created_at, digest(path))
    report = run_school(parts, Task(Trigger.IMPORT, is_full=True, is_dry_run=is_dry_run, document=document))
    if not is_dry_run:
        tend(parts)
    return report
