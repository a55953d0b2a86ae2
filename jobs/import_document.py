"""Import: feed a school from one file, through the same pipeline, as a snapshot."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from connector.bookkeeping import ledger, register
from connector.portal import period_rows
from connector.portal.database import Database
from connector.sources.edexml.source import check_school, digest, read_header
from jobs.parts import Document, Parts, Task
from jobs.pipeline import run_school
from jobs.tend_corrections import tend
from mappings.values import SCHOOL_ZONE, expected_school_years, first_day_of_school_year, local_day, school_year_of
from schemas.errors import ConfigurationError, DocumentRefused
from schemas.ids import SchoolId
from schemas.runs import RunReport, Trigger
from schemas.sources.edexml.header import EdexmlHeader
from schemas.streams import Pull, Stream


def import_document(parts: Parts, path: Path, *, school_year: int | None = None, is_dry_run: bool = False) -> RunReport:
    """Import one document, then tend the corrections; `parts.source` reads the same path.

    `school_year` is the start of a year that is not due now, and that a person wants all the same.

    Raises DocumentRefused (not a document, incomplete, older than the last, of later than tomorrow or of a school year
    that is not due), WrongSchool, ConfigurationError (the school is fed by another source), and what a run raises.
    """
    header = read_header(path)
    check_school(header, parts.school.id, parts.school.institution, path.name)
    _refuse_future(parts, header, path.name)
    with parts.database.session() as session, session.read() as connection:
        ledger.refuse_older(connection, parts.school.id, header.created_at)
    _refuse_other_year(parts, header, path.name, school_year)
    _refuse_used_keys(parts, header, path.name)
    document = Document(header.created_at, digest(path))
    report = run_school(parts, Task(Trigger.IMPORT, is_full=True, is_dry_run=is_dry_run, document=document))
    if not is_dry_run:
        tend(parts)
    return report


def _refuse_future(parts: Parts, header: EdexmlHeader, name: str) -> None:
    """Refuse a document of later than tomorrow: every right one after it would be older."""
    now = parts.clock()
    if local_day(header.created_at) > local_day(now) + timedelta(days=1):
        raise DocumentRefused(
            f"{name} says that it was made on {header.created_at.astimezone(SCHOOL_ZONE):%Y-%m-%d}, "
            f"and today is {local_day(now)}.",
            fix="Set the clock of the computer that made it right, and export it again.",
        )


def _refuse_other_year(parts: Parts, header: EdexmlHeader, name: str, wanted: int | None) -> None:
    today, year = local_day(parts.clock()), header.school_year
    if wanted is not None and wanted != year:
        raise DocumentRefused(
            f"{name} is of school year {year}-{year + 1}, not of {wanted}-{wanted + 1}.",
            fix="Nothing was imported. Choose the file of that year, or leave --school-year out.",
        )
    if wanted is None and year not in expected_school_years(today):
        now = school_year_of(today)
        raise DocumentRefused(
            f"{name} is of school year {year}-{year + 1}, and today, {today}, lies in {now}-{now + 1}.",
            fix="Export this school year. If that year is meant: "
            f"`connector import edexml FILE --school {parts.school.id} --school-year {year}`.",
        )


def _refuse_used_keys(parts: Parts, header: EdexmlHeader, name: str) -> None:
    """Refuse another year's groups under the keys of groups in force: they would take their place at once."""
    now = school_year_of(local_day(parts.clock()))
    if header.school_year == now:
        return
    with parts.database.session() as session, session.read() as connection:
        in_force = period_rows.groups_of_year(connection, parts.school.id, now)
    if not in_force:
        return
    pages = parts.source.pages(parts.school.id, Pull((Stream.GROUPS,)))
    used = in_force.intersection(item.key for page in pages for item in page.items if item.key is not None)
    if used:
        fix = "Export this school year."
        if header.school_year > now:
            fix = f"Import it from {first_day_of_school_year(header.school_year)} on."
        raise DocumentRefused(
            f"{name} is of school year {header.school_year}-{header.school_year + 1} and gives its groups keys that "
            f"{len(used)} groups of {now}-{now + 1} have.",
            fix=f"Until then these classes would be gone. {fix}",
        )


def lift_date(database: Database, school: SchoolId, *, by: str, reason: str, now: datetime) -> datetime:
    """Forget how new the newest document of a school was, so that the next one may be older; give that moment.

    Who did it and why stays in the register's history. Raises ConfigurationError when no document came in.
    """
    with database.session() as session, session.write() as connection:
        before = ledger.lift_document_date(connection, school)
        if before is None:
            raise ConfigurationError(f"School {school} has no document that others could be older than.", fix="Import.")
        register.note(connection, school, "documents", "lift", {"made_at": before, "reason": reason}, by, now)
    return before
