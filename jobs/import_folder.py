"""Import a folder: each file in it once, the oldest document first, then out of the way with the reason beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import structlog

from connector.bookkeeping import ledger
from connector.inbox import DONE, FAILED, Entry, Inbox, Sightings
from connector.portal.database import Database
from connector.sources.edexml.source import digest, read_header
from jobs.parts import clock
from mappings.values import SCHOOL_ZONE
from schemas.errors import (
    ConnectorError,
    DocumentRefused,
    LeaseHeld,
    LeaseLost,
    PolicyMoved,
    StopRequested,
    TransientError,
    WrongSchool,
)
from schemas.ids import SchoolId
from schemas.runs import RunReport, RunStatus
from schemas.sources.edexml.header import EdexmlHeader

_log = structlog.get_logger("connector")
_LATER = (TransientError, LeaseHeld, LeaseLost, PolicyMoved, StopRequested)
"""What says nothing of the file: the next time it may go well."""


class Fate(StrEnum):
    """What became of a file."""

    IMPORTED = "imported"
    KNOWN = "already imported"
    REFUSED = "refused"
    LEFT = "left for later"


class Taken(NamedTuple):
    """One file and what became of it. `moved_to` is seen from the folder; None where the file was left."""

    name: str
    fate: Fate
    school: SchoolId | None = None
    moved_to: str | None = None
    report: RunReport | None = None
    error: Exception | None = None


def _never() -> bool:
    return False


class Desk(NamedTuple):
    """Where files are taken. `schools` may be fed here, each with its Flemish number; `take` does the import."""

    inbox: Inbox
    database: Database
    schools: Mapping[SchoolId, str | None]
    take: Callable[[SchoolId, Path], RunReport]
    advise: Callable[[RunReport], Sequence[str]]
    settle_seconds: float = 10
    clock: Callable[[], datetime] = clock
    should_stop: Callable[[], bool] = _never


class _Document(NamedTuple):
    entry: Entry
    header: EdexmlHeader
    school: SchoolId


def take_all(desk: Desk, sightings: Sightings) -> Iterator[Taken]:
    """Take every file that nobody is writing to any more; give what became of each, as it becomes so.

    Whatever is cut off is done again: the file stays until it is known what became of it, and a document that was
    imported is known by its bytes. Raises ConfigurationError when the folder itself cannot be used.
    """
    documents = []
    for entry in sightings.settled(desk.inbox.entries(), desk.clock(), desk.settle_seconds):
        found = _open(desk, entry)
        if isinstance(found, _Document):
            documents.append(found)
        elif found is not None:
            yield found
    waiting: set[SchoolId] = set()
    for document in sorted(documents, key=lambda one: (one.header.created_at, one.entry.name)):
        if desk.should_stop():
            return
        if document.school in waiting:  # a later document must not overtake one that could not be taken
            continue
        taken = _take(desk, document)
        if taken is None:
            continue
        if taken.fate is Fate.LEFT:
            waiting.add(document.school)
        yield taken


def unsettled(desk: Desk, sightings: Sightings) -> list[str]:
    """Give the names of the files that may still be being written."""
    entries = desk.inbox.entries()
    settled = set(sightings.settled(entries, desk.clock(), desk.settle_seconds))
    return [entry.name for entry in entries if entry not in settled]


def _open(desk: Desk, entry: Entry) -> _Document | Taken | None:
    """Look at a file's header; None when it is gone or being written after all."""
    try:
        if not entry.is_file:
            what = "is a link, and may lead out of the folder" if entry.is_link else "is not a file"
            raise DocumentRefused(f"{entry.name} {what}.", fix="Put the document itself into the folder.")
        header = read_header(desk.inbox.path(entry))
        return _Document(entry, header, _school_of(header, desk.schools, entry.name))
    except Exception as error:  # noqa: BLE001  the other files must have their turn
        return _dispose(desk, entry, error, None)


def _school_of(header: EdexmlHeader, schools: Mapping[SchoolId, str | None], name: str) -> SchoolId:
    for school, institution in schools.items():
        if header.is_of(school, institution):
            return school
    whose = header.school_id or f"instellingsnummer {header.institution}"
    raise WrongSchool(
        f"{name} is of school {whose}, which is not fed from this folder.",
        fix="Put it into the folder of its school, or let this folder feed that school too (--school, and a "
        "[schools] section whose source is read from files).",
    )


def _take(desk: Desk, document: _Document) -> Taken | None:
    """Import one document, unless exactly its bytes were imported before."""
    entry, school = document.entry, document.school
    path = desk.inbox.path(entry)
    try:
        mark = digest(path)
        if not desk.inbox.is_untouched(entry):
            return None
        with desk.database.session() as session, session.read() as connection:
            seen = ledger.imported_at(connection, school, mark)
        report = desk.take(school, path) if seen is None else None
    except Exception as error:  # noqa: BLE001  the other files must have their turn
        return _dispose(desk, entry, error, school)
    if report is not None and report.status is RunStatus.INCOMPLETE:
        return _dispose(desk, entry, TransientError(report.error, fix="It is imported again next time."), school)
    if not desk.inbox.is_untouched(entry):
        return None
    lines = _story(document, mark)
    if report is None:
        lines.append(f"A document of exactly these bytes was imported on {_moment(seen)}.")
        lines.append("What to do: nothing. `connector import edexml FILE` reads it once more all the same.")
        return _moved(desk, Taken(entry.name, Fate.KNOWN, school), entry, lines)
    lines += [f"run: {report.run_id}", *_sums(report), *desk.advise(report)]
    return _moved(desk, Taken(entry.name, Fate.IMPORTED, school, report=report), entry, lines)


def _dispose(desk: Desk, entry: Entry, error: Exception, school: SchoolId | None) -> Taken | None:
    """Leave a file that had no chance yet, put away one that is refused; None when it is no longer what it was."""
    if not desk.inbox.is_untouched(entry):
        return None
    if isinstance(error, _LATER):
        _log.info("document_taken", school=school, status=Fate.LEFT.value, error_type=type(error).__name__)
        return Taken(entry.name, Fate.LEFT, school, error=error)
    lines = [f"school: {school}"] if school else []
    lines += [f"What happened: {told(error)[0]}", f"What to do: {told(error)[1]}"]
    lines.append("When it is mended, put the file back into the watched folder.")
    return _moved(desk, Taken(entry.name, Fate.REFUSED, school, error=error), entry, lines)


def told(error: Exception) -> tuple[str, str]:
    """Give what happened and what to do, without a word of what is not ours."""
    if isinstance(error, ConnectorError):
        return error.message, error.fix or "See `connector runs list`."
    return f"unexpected {type(error).__name__}", "This is a bug of ours. Please report it."


def _moved(desk: Desk, taken: Taken, entry: Entry, lines: Sequence[str]) -> Taken | None:
    where = FAILED if taken.fate is Fate.REFUSED else DONE
    head = [f"{_moment(desk.clock())} {taken.fate.value}", f"file: {entry.name}"]
    text = "".join(f"{_plain(line)}\n" for line in (*head, *lines))
    target = desk.inbox.move(entry, where, text)
    if target is None:
        return None
    tell = _log.warning if taken.fate is Fate.REFUSED else _log.info
    tell(
        "document_taken",
        school=taken.school,
        status=taken.fate.value,
        run_id=taken.report.run_id if taken.report else None,
        error_type=type(taken.error).__name__ if taken.error else None,
    )
    return taken._replace(moved_to=f"{where}/{target.name}")


def _story(document: _Document, mark: str) -> list[str]:
    header, year = document.header, document.header.school_year
    made = f"made on {_moment(header.created_at)}, school year {year}-{year + 1}, EDEXML {header.version.name}"
    return [f"school: {document.school}", f"document: {made}", f"sha256: {mark}"]


def _sums(report: RunReport) -> list[str]:
    return [
        f"{one.stream.value}: {one.sums.fetched} read, {one.sums.added} added, {one.sums.altered} altered, "
        f"{one.sums.unchanged} unchanged, {one.sums.withheld} withheld, {one.sums.quarantined} in quarantine, "
        f"{one.sums.missing} no longer named, {one.sums.held} held"
        for one in report.streams
    ]


def _moment(value: datetime | None) -> str:
    return "an unknown day" if value is None else f"{value.astimezone(SCHOOL_ZONE):%Y-%m-%d %H:%M}"


def _plain(line: str) -> str:
    """Keep the name of a file from writing lines of its own."""
    return "".join(mark if mark.isprintable() else "?" for mark in line)
