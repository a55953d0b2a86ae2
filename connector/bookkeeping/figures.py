"""What the books say in figures: runs, rows, quarantine and held keys, counted in a few statements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, select, true

from connector.bookkeeping import correction_queue
from connector.bookkeeping.correction_queue import Queue
from connector.bookkeeping.ledger import ABANDONED
from connector.portal.database import database_now
from schemas.runs import RunStatus, Sums
from schemas.tables.bookkeeping import (
    LeaseRow,
    PauseRow,
    PendingKeyRow,
    QuarantineRow,
    RunRow,
    RunStreamRow,
    SchoolStateRow,
    StoppedStreamRow,
)
from schemas.tables.catalogue import table_of

_RUNS, _STREAMS, _LEASES = table_of(RunRow), table_of(RunStreamRow), table_of(LeaseRow)
_QUARANTINE, _PENDING, _SCHOOLS = table_of(QuarantineRow), table_of(PendingKeyRow), table_of(SchoolStateRow)
_PAUSES, _STOPPED = table_of(PauseRow), table_of(StoppedStreamRow)
OUTCOMES = tuple(name for name in Sums._fields if name != "size_before")
"""What can become of a record or a row, as the ledger counts it."""


class Backlog(NamedTuple):
    """How much waits, and since when the oldest of it."""

    records: int
    oldest_at: datetime


class LastRun(NamedTuple):
    """The last run of a school that ended, and its rows by stream and outcome."""

    status: str
    rows: Mapping[tuple[str, str], int]


class Figures(NamedTuple):
    """The books at `now`, which is the database's clock. School ids and stream names are as stored.

    `rows` are of all runs in the ledger by stream and outcome.
    """

    now: datetime
    runs: Mapping[tuple[str, str], int]
    abandoned: Mapping[str, int]
    last_runs: Mapping[str, LastRun]
    rows: Mapping[tuple[str, str], int]
    checked_at: Mapping[str, datetime]
    documents_at: Mapping[str, datetime]
    expired_leases: frozenset[str]
    quarantine: Mapping[tuple[str, str], Backlog]
    held: Mapping[tuple[str, str], Backlog]
    stopped: frozenset[tuple[str, str, str]]
    """School, stream and code of the streams that stopped."""
    pauses: int
    corrections: Mapping[str, Queue]


def read(connection: Connection, overdue_after: timedelta) -> Figures:
    """Count everything; a correction is overdue after so long.

    Cheap enough for every scrape: a fixed number of statements, whatever the number of schools.
    """
    now = database_now(connection)
    runs = connection.execute(select(_RUNS.c.school_id, _RUNS.c.status, func.count()).group_by("school_id", "status"))
    lost = select(_RUNS.c.school_id, func.count().label("runs")).where(_RUNS.c.error == ABANDONED).group_by("school_id")
    leases = connection.execute(select(_LEASES)).mappings().all()
    documents = select(_SCHOOLS.c.school_id, _SCHOOLS.c.document_at).where(_SCHOOLS.c.document_at.is_not(None))
    is_kept = _QUARANTINE.c.discarded_at.is_(None)
    is_waiting = _PENDING.c.is_held == true()
    return Figures(
        now=now,
        runs={(school, status): number for school, status, number in runs},
        abandoned={row.school_id: row.runs for row in connection.execute(lost)},
        last_runs=_last_runs(connection),
        rows=_rows(connection),
        checked_at={row["school_id"]: row["checked_at"] for row in leases if row["checked_at"] is not None},
        documents_at={row.school_id: row.document_at for row in connection.execute(documents)},
        expired_leases=frozenset(
            row["school_id"] for row in leases if row["holder"] is not None and row["expires_at"] < now
        ),
        quarantine=_backlog(connection, _QUARANTINE, _QUARANTINE.c.first_seen_at, is_kept),
        held=_backlog(connection, _PENDING, _PENDING.c.created_at, is_waiting),
        stopped=frozenset(connection.execute(select(_STOPPED.c.school_id, _STOPPED.c.stream, _STOPPED.c.code)).all()),
        pauses=connection.execute(select(func.count()).select_from(_PAUSES)).scalar_one(),
        corrections=correction_queue.read(connection, now - overdue_after),
    )


def _last_runs(connection: Connection) -> dict[str, LastRun]:
    ended = _RUNS.c.status.in_([status.value for status in RunStatus if status is not RunStatus.RUNNING])
    newest = (
        select(_RUNS.c.school_id, func.max(_RUNS.c.started_at).label("at"))
        .where(ended)
        .group_by("school_id")
        .subquery()
    )
    is_newest = and_(_RUNS.c.school_id == newest.c.school_id, _RUNS.c.started_at == newest.c.at, ended)
    last = {row.run_id: row for row in connection.execute(select(_RUNS).join(newest, is_newest))}
    rows: dict[str, dict[tuple[str, str], int]] = {run_id: {} for run_id in last}
    mine = select(_STREAMS).join(_RUNS, _RUNS.c.run_id == _STREAMS.c.run_id).join(newest, is_newest)
    for sums in connection.execute(mine).mappings():
        rows[sums["run_id"]] |= {(sums["stream"], name): sums[name] for name in OUTCOMES if sums[name]}
    return {row.school_id: LastRun(row.status, rows[run_id]) for run_id, row in last.items()}


def _rows(connection: Connection) -> dict[tuple[str, str], int]:
    totals = [func.sum(_STREAMS.c[name]).label(name) for name in OUTCOMES]
    found = connection.execute(select(_STREAMS.c.stream, *totals).group_by(_STREAMS.c.stream)).mappings()
    return {(row["stream"], name): int(row[name]) for row in found for name in OUTCOMES}


def _backlog(connection: Connection, table: Any, since: Any, is_waiting: Any) -> dict[tuple[str, str], Backlog]:
    query = select(table.c.school_id, table.c.stream, func.count(), func.min(since)).where(is_waiting)
    return {
        (school, stream): Backlog(number, oldest)
        for school, stream, number, oldest in connection.execute(query.group_by("school_id", "stream"))
    }
