"""The ledger: every run that was not quiet, with the sums of each stream."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, insert, literal, not_, select, update

from connector.portal.bound import SCHOOL
from connector.portal.upsert import insert_missing, upsert
from schemas.errors import ConfigurationError, DocumentRefused
from schemas.ids import RunId, SchoolId
from schemas.runs import RunStatus, StreamReport, Sums, Trigger
from schemas.streams import Mode, Stream
from schemas.tables.bookkeeping import (
    ImportedDocumentRow,
    LeaseRow,
    PendingKeyRow,
    RunGateRow,
    RunRow,
    RunStreamRow,
    SchoolStateRow,
)
from schemas.tables.catalogue import table_of

_RUNS, _STREAMS, _GATES = table_of(RunRow), table_of(RunStreamRow), table_of(RunGateRow)
_SCHOOLS, _LEASES = table_of(SchoolStateRow), table_of(LeaseRow)
_DOCUMENTS, _PENDING = table_of(ImportedDocumentRow), table_of(PendingKeyRow)
_CLAIMED = select(_SCHOOLS).where(_SCHOOLS.c.school_id == SCHOOL)
WINDOW = timedelta(hours=24)
ABANDONED = "The process ended before the run did."
"""The error of a run whose process died; the next run of the school writes it down."""
ABANDONED_AFTER = timedelta(minutes=10)
"""How long after its lease lapsed a run is thought to have been left."""


def open_run(
    connection: Connection, run_id: RunId, school: SchoolId, *, source: str, trigger: Trigger, now: datetime
) -> None:
    """Write down that a run began; runs of the school that never ended were abandoned."""
    abandoned = (_RUNS.c.school_id == school) & (_RUNS.c.status == RunStatus.RUNNING.value)
    connection.execute(
        update(_RUNS).values(status=RunStatus.FAILED.value, finished_at=now, error=ABANDONED).where(abandoned)
    )
    values = {"run_id": run_id, "school_id": school, "source": source, "trigger": trigger.value}
    connection.execute(insert(_RUNS).values(**values, started_at=now, status=RunStatus.RUNNING.value))


def close_run(connection: Connection, run_id: RunId, status: RunStatus, error: str, now: datetime) -> None:
    """Write down how a run ended."""
    connection.execute(
        update(_RUNS)
        .values(status=status.value, finished_at=now, error=error or None)
        .where(_RUNS.c.run_id == run_id, _RUNS.c.status == RunStatus.RUNNING.value)
    )


def close_abandoned(connection: Connection, now: datetime) -> int:
    """Close the runs whose process is gone and whose school nobody has worked on since; gives their number.

    A run that is merely slow renews its lease; one that lapsed long ago will not come back.
    """
    at_work = exists(
        select(literal(1)).where(
            _LEASES.c.school_id == _RUNS.c.school_id,
            _LEASES.c.holder.is_not(None),
            _LEASES.c.expires_at > now - ABANDONED_AFTER,
        )
    )
    lost = (_RUNS.c.status == RunStatus.RUNNING.value, _RUNS.c.started_at < now - ABANDONED_AFTER, not_(at_work))
    values = {"status": RunStatus.FAILED.value, "finished_at": now, "error": ABANDONED}
    return int(connection.execute(update(_RUNS).values(**values).where(*lost)).rowcount)


def forget(connection: Connection, before: datetime, most: int) -> int:
    """Delete at most so many runs that began before a moment, the oldest first; gives their number.

    What is still needed stays: runs under way, runs that broke off since the last that reached its end, that last
    one itself, and runs that hold keys for a person.
    """
    later = _RUNS.alias("later")
    reached_end = later.c.status.in_([RunStatus.DONE.value, RunStatus.INCOMPLETE.value])
    is_followed = exists(
        select(literal(1)).where(
            later.c.school_id == _RUNS.c.school_id, later.c.started_at > _RUNS.c.started_at, reached_end
        )
    )
    holds = exists(
        select(literal(1)).where(_PENDING.c.school_id == _RUNS.c.school_id, _PENDING.c.run_id == _RUNS.c.run_id)
    )
    old = (_RUNS.c.started_at < before, _RUNS.c.status != RunStatus.RUNNING.value, is_followed, not_(holds))
    query = select(_RUNS.c.run_id).where(*old).order_by(_RUNS.c.started_at).limit(most)
    found = list(connection.execute(query).scalars())
    for table in (_GATES, _STREAMS, _RUNS) if found else ():
        connection.execute(delete(table).where(table.c.run_id.in_(found)))
    return len(found)


def unfinished(school: SchoolId) -> Select[tuple[str]]:
    """Give the query of runs that broke off since the last one that reached its end; a run under way is among them."""
    later = _RUNS.alias("later")
    reached_end = later.c.status.in_([RunStatus.DONE.value, RunStatus.INCOMPLETE.value])
    since = exists(
        select(literal(1)).where(later.c.school_id == school, later.c.started_at > _RUNS.c.started_at, reached_end)
    )
    ended = _RUNS.c.status.in_([RunStatus.DONE.value, RunStatus.INCOMPLETE.value])
    return select(_RUNS.c.run_id).where(_RUNS.c.school_id == school, not_(ended), not_(since))


def add_sums(connection: Connection, run_id: RunId, school: SchoolId, report: StreamReport, now: datetime) -> None:
    """Add what a stream went through; a stream may be pulled more than once in a run."""
    key = {"run_id": run_id, "stream": report.stream.value}
    sums = {**key, "school_id": school, "mode": report.mode.value, **report.sums._asdict(), "finished_at": now}
    counts = [name for name in Sums._fields if name != "size_before"]
    upsert(connection, _STREAMS, [sums], keep=("school_id", "mode", "size_before"), add=counts)
    gates = [{**key, "gate": gate, "records": records} for gate, records in report.gates.items()]
    upsert(connection, _GATES, gates, add=("records",))


def recent(connection: Connection, school: SchoolId, stream: Stream, now: datetime) -> tuple[int, int, int | None]:
    """Give what the brake let disappear and appear in 24 hours, and the stream's size when they began."""
    here = (_STREAMS.c.school_id == school, _STREAMS.c.stream == stream.value, _STREAMS.c.finished_at > now - WINDOW)
    total = select(func.coalesce(func.sum(_STREAMS.c.disappeared), 0), func.coalesce(func.sum(_STREAMS.c.appeared), 0))
    gone, came = connection.execute(total.where(*here)).one()
    moved = (_STREAMS.c.disappeared + _STREAMS.c.appeared) > 0
    first = select(_STREAMS.c.size_before).where(*here, moved).order_by(_STREAMS.c.finished_at).limit(1)
    return int(gone), int(came), connection.execute(first).scalar()


def last_full_at(connection: Connection, school: SchoolId, stream: Stream) -> datetime | None:
    """Give when a stream was last pulled in full, None where no run in the ledger did."""
    mine = (_STREAMS.c.school_id == school, _STREAMS.c.stream == stream.value, _STREAMS.c.mode == Mode.FULL.value)
    found: datetime | None = connection.execute(select(func.max(_STREAMS.c.finished_at)).where(*mine)).scalar()
    return found


def runs(connection: Connection, school: SchoolId | None, limit: int) -> list[Mapping[str, Any]]:
    """Give the newest runs."""
    query = select(_RUNS).order_by(_RUNS.c.started_at.desc(), _RUNS.c.run_id.desc()).limit(limit)
    if school is not None:
        query = query.where(_RUNS.c.school_id == school)
    return [dict(row) for row in connection.execute(query).mappings()]


def run(connection: Connection, run_id: str) -> Mapping[str, Any]:
    """Give one run, or raise ConfigurationError."""
    row = connection.execute(select(_RUNS).where(_RUNS.c.run_id == run_id)).mappings().first()
    if row is None:
        raise ConfigurationError(f"There is no run {run_id[:40]!r}.", fix="See `connector runs list`.")
    return dict(row)


def stream_reports(connection: Connection, run_id: str) -> list[StreamReport]:
    """Give the sums of a run per stream, in dependency order."""
    rows = {row.stream: row for row in connection.execute(select(_STREAMS).where(_STREAMS.c.run_id == run_id)).all()}
    gates: dict[str, dict[str, int]] = {}
    for row in connection.execute(select(_GATES).where(_GATES.c.run_id == run_id)).all():
        gates.setdefault(row.stream, {})[row.gate] = row.records
    return [
        StreamReport(
            stream,
            Mode(rows[stream.value].mode),
            Sums(*(getattr(rows[stream.value], name) for name in Sums._fields)),
            gates.get(stream.value, {}),
        )
        for stream in Stream
        if stream.value in rows
    ]


def claim(connection: Connection, school: SchoolId, *, name: str, source: str, dialect: str) -> None:
    """Bind a school to its source on first sight, and keep its name."""
    values = {"school_id": school, "name": name, "source": source, "dialect": dialect}
    insert_missing(connection, _SCHOOLS, values)
    connection.execute(update(_SCHOOLS).values(name=name).where(_SCHOOLS.c.school_id == school))


def name_at(connection: Connection, school: SchoolId, *, source: str, dialect: str) -> str | None:
    """Give the name a school is known by, None when nothing fed it so far.

    Raises ConfigurationError when the school is fed by another source already.
    """
    row = claimed(connection, school)
    if row is not None and (row["source"], row["dialect"]) != (source, dialect):
        raise ConfigurationError(
            f"School {school} is fed by source {row['source']!r} ({row['dialect']}), not by {source!r} ({dialect}).",
            fix="Keys of two sources do not match; set the school's source back, or start a new portal database.",
        )
    return None if row is None else str(row["name"])


def claimed(connection: Connection, school: SchoolId) -> Mapping[str, Any] | None:
    """Give what feeds a school, or None when nothing did so far."""
    row = connection.execute(_CLAIMED, {"school": school}).mappings().first()
    return None if row is None else dict(row)


def refuse_older(connection: Connection, school: SchoolId, created_at: datetime) -> None:
    """Refuse a document that is older than the last one that was applied."""
    row = claimed(connection, school)
    if row is not None and row["document_at"] is not None and created_at < row["document_at"]:
        raise DocumentRefused(
            f"The document is of {created_at:%Y-%m-%d %H:%M} UTC; school {school} already has one of "
            f"{row['document_at']:%Y-%m-%d %H:%M} UTC.",
            fix="Import the newest export of the school.",
        )


def note_document(connection: Connection, school: SchoolId, created_at: datetime, digest: str, now: datetime) -> None:
    """Remember a document a school was fed by, as its newest and for good."""
    connection.execute(
        update(_SCHOOLS).values(document_at=created_at, document_digest=digest).where(_SCHOOLS.c.school_id == school)
    )
    values = {"school_id": school, "digest": digest, "document_at": created_at, "imported_at": now}
    upsert(connection, _DOCUMENTS, [values])


def lift_document_date(connection: Connection, school: SchoolId) -> datetime | None:
    """Forget when the newest document of a school was made; give that moment, None where there is none."""
    row = claimed(connection, school)
    if row is None or row["document_at"] is None:
        return None
    here = _SCHOOLS.c.school_id == school
    connection.execute(update(_SCHOOLS).values(document_at=None, document_digest=None).where(here))
    found: datetime = row["document_at"]
    return found


def imported_at(connection: Connection, school: SchoolId, digest: str) -> datetime | None:
    """Give when the school was last fed by a document of exactly these bytes, or None."""
    mine = (_DOCUMENTS.c.school_id == school, _DOCUMENTS.c.digest == digest)
    found: datetime | None = connection.execute(select(_DOCUMENTS.c.imported_at).where(*mine)).scalar()
    return found


def schools(connection: Connection) -> list[Mapping[str, Any]]:
    """Give every school with its source, its lease and when it was last looked at."""
    query = select(_SCHOOLS, _LEASES.c.holder, _LEASES.c.expires_at, _LEASES.c.checked_at).join(
        _LEASES, _LEASES.c.school_id == _SCHOOLS.c.school_id, isouter=True
    )
    return [dict(row) for row in connection.execute(query.order_by(_SCHOOLS.c.school_id)).mappings()]
