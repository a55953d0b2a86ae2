"""How schools stand by the books: one fixed number of statements for all of them, however many they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, and_, case, func, or_, select, true

from connector.bookkeeping import correction_queue, stopped
from connector.bookkeeping.checkpoints import Checkpoint
from connector.bookkeeping.correction_queue import Queue
from connector.bookkeeping.quarantine import MISSING_PARENT, WAITS_BEFORE_REPORT
from connector.bookkeeping.register import ModuleEntry
from schemas.ids import SchoolId
from schemas.modules import Module
from schemas.stops import Stop
from schemas.streams import Stream
from schemas.tables.bookkeeping import CheckpointRow, LeaseRow, PendingKeyRow, QuarantineRow, RunRow, SchoolStateRow
from schemas.tables.catalogue import table_of
from schemas.tables.documents import DocumentRow
from schemas.tables.register import ModuleRow, RevealRow

_LEASES, _RUNS, _CHECKPOINTS = table_of(LeaseRow), table_of(RunRow), table_of(CheckpointRow)
_SCHOOLS, _MODULES, _REVEALS = table_of(SchoolStateRow), table_of(ModuleRow), table_of(RevealRow)
_PENDING, _QUARANTINE, _DOCUMENTS = table_of(PendingKeyRow), table_of(QuarantineRow), table_of(DocumentRow)


class Waiting(NamedTuple):
    """What waits: how many records, since when the oldest, and how many of them need a person."""

    records: int = 0
    oldest_at: datetime | None = None
    needing_a_person: int = 0


NOTHING = Waiting()


class Standing(NamedTuple):
    """What the books say of one school. `entries` is its register, `documents` its files counted by state."""

    checked_at: datetime | None
    document_at: datetime | None
    is_running: bool
    last_run: Mapping[str, Any] | None
    entries: Sequence[ModuleEntry]
    checkpoints: Mapping[Stream, Checkpoint]
    held: Waiting
    quarantine: Waiting
    documents: Mapping[str, int]
    stopped: Mapping[Stream, Stop] = MappingProxyType({})
    corrections: Queue = Queue({})


def read(
    connection: Connection, schools: Sequence[SchoolId], now: datetime, overdue_after: timedelta
) -> dict[SchoolId, Standing]:
    """Give how each of these schools stands, in the given order; one that never ran stands with nothing."""
    leases = {row["school_id"]: row for row in _rows(connection, _LEASES, schools)}
    fed = {row["school_id"]: row for row in _rows(connection, _SCHOOLS, schools)}
    last = _last_runs(connection, schools)
    entries, known = _entries(connection, schools), _checkpoints(connection, schools)
    held, quarantine = _held(connection, schools), _quarantine(connection, schools, now)
    documents, stops = _documents(connection, schools), stopped.of_schools(connection, schools)
    queues = correction_queue.read(connection, now - overdue_after, schools)
    return {
        school: Standing(
            checked_at=leases[school]["checked_at"] if school in leases else None,
            document_at=fed[school]["document_at"] if school in fed else None,
            is_running=school in leases and _is_held(leases[school], now),
            last_run=last.get(school),
            entries=entries.get(school, ()),
            checkpoints=known.get(school, {}),
            held=held.get(school, NOTHING),
            quarantine=quarantine.get(school, NOTHING),
            documents=documents.get(school, {}),
            stopped=stops.get(school, {}),
            corrections=queues.get(school, Queue({})),
        )
        for school in schools
    }


def _rows(connection: Connection, table: Table, schools: Sequence[SchoolId]) -> list[Mapping[str, Any]]:
    query = select(table).where(table.c.school_id.in_(schools))
    return [dict(row) for row in connection.execute(query).mappings()]


def _is_held(lease: Mapping[str, Any], now: datetime) -> bool:
    return lease["holder"] is not None and lease["expires_at"] > now


def _last_runs(connection: Connection, schools: Sequence[SchoolId]) -> dict[str, Mapping[str, Any]]:
    newest = select(_RUNS.c.school_id, func.max(_RUNS.c.started_at).label("at"))
    newest_of = newest.where(_RUNS.c.school_id.in_(schools)).group_by(_RUNS.c.school_id).subquery()
    is_newest = and_(_RUNS.c.school_id == newest_of.c.school_id, _RUNS.c.started_at == newest_of.c.at)
    found = connection.execute(select(_RUNS).join(newest_of, is_newest).order_by(_RUNS.c.run_id)).mappings()
    return {row["school_id"]: dict(row) for row in found}


def _entries(connection: Connection, schools: Sequence[SchoolId]) -> dict[str, list[ModuleEntry]]:
    joined = and_(_REVEALS.c.school_id == _MODULES.c.school_id, _REVEALS.c.module == _MODULES.c.module)
    query = select(_MODULES, _REVEALS.c.revealed_at).join(_REVEALS, joined, isouter=True)
    order = {module.value: at for at, module in enumerate(Module)}
    found: dict[str, list[ModuleEntry]] = {}
    rows = connection.execute(query.where(_MODULES.c.school_id.in_(schools))).mappings()
    for row in sorted((row for row in rows if row["module"] in order), key=lambda row: order[row["module"]]):
        values = (row["phase"], row["opens_at"], row["closes_at"], row["revealed_at"])
        found.setdefault(row["school_id"], []).append(ModuleEntry(Module(row["module"]), *values))
    return found


def _checkpoints(connection: Connection, schools: Sequence[SchoolId]) -> dict[str, dict[Stream, Checkpoint]]:
    streams = {stream.value: stream for stream in Stream}
    found: dict[str, dict[Stream, Checkpoint]] = {}
    for row in _rows(connection, _CHECKPOINTS, schools):
        if row["stream"] in streams:
            one = Checkpoint(*(row[name] for name in Checkpoint._fields))
            found.setdefault(row["school_id"], {})[streams[row["stream"]]] = one
    return found


def _held(connection: Connection, schools: Sequence[SchoolId]) -> dict[str, Waiting]:
    c = _PENDING.c
    query = select(c.school_id, func.count(), func.min(c.created_at)).where(c.school_id.in_(schools))
    rows = connection.execute(query.where(c.is_held == true()).group_by(c.school_id))
    return {row[0]: Waiting(row[1], row[2], row[1]) for row in rows}


def _quarantine(connection: Connection, schools: Sequence[SchoolId], now: datetime) -> dict[str, Waiting]:
    """Count what is not set aside. A child that waits for its parent needs a person only when it waits for long."""
    c = _QUARANTINE.c
    is_urgent = or_(c.code != MISSING_PARENT, c.first_seen_at <= now - WAITS_BEFORE_REPORT)
    urgent = func.sum(case((is_urgent, 1), else_=0))
    query = select(c.school_id, func.count(), func.min(c.first_seen_at), urgent).where(c.school_id.in_(schools))
    rows = connection.execute(query.where(c.discarded_at.is_(None)).group_by(c.school_id))
    return {row[0]: Waiting(row[1], row[2], int(row[3])) for row in rows}


def _documents(connection: Connection, schools: Sequence[SchoolId]) -> dict[str, dict[str, int]]:
    c = _DOCUMENTS.c
    query = select(c.school_id, c.state, func.count()).where(c.school_id.in_(schools))
    found: dict[str, dict[str, int]] = {}
    for school, state, number in connection.execute(query.group_by(c.school_id, c.state)):
        found.setdefault(school, {})[state] = number
    return found
