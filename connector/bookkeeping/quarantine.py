"""Records that could not be used: stream, key, code and field path, never a payload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, literal, not_, select, update

from connector.bookkeeping.pending import Noted
from connector.portal.staging import STAGING
from connector.portal.upsert import upsert
from schemas.ids import NO_KEY, RunId, SchoolId, SourceKey
from schemas.streams import Outcome, Stream
from schemas.tables.bookkeeping import QuarantineRow
from schemas.tables.catalogue import TABLES, table_of

_QUARANTINE = table_of(QuarantineRow)
UNREADABLE_KEY = NO_KEY
MISSING_PARENT = "missing_parent"
WAITS_BEFORE_REPORT = timedelta(hours=24)


def note_plan(
    connection: Connection, school: SchoolId, stream: Stream, run_id: RunId, noted: Noted, now: datetime
) -> int:
    """Bring the quarantine in step with the plan; give the number of new items that need a person now."""
    here = and_(_QUARANTINE.c.school_id == school, _QUARANTINE.c.stream == stream.value)
    known: dict[str, tuple[str, str]] = {}
    if stream in noted.survey.quarantined:
        _resolve(connection, stream, here, is_complete=noted.is_complete)
        fault = select(_QUARANTINE.c.key, _QUARANTINE.c.code, _QUARANTINE.c.field_path).where(here)
        known = {row[0]: (row[1], row[2]) for row in connection.execute(fault)}
    if not noted.drawn.count(Outcome.REJECTED.value):
        return 0
    staging = STAGING[stream]
    rows = connection.execute(select(staging).where(staging.c.outcome == Outcome.REJECTED.value)).mappings()
    items = {item["key"]: item for item in (_item(school, stream, run_id, now, row) for row in rows)}
    upsert(
        connection,
        _QUARANTINE,
        list(items.values()),
        keep=("first_seen_at", "run_id", "reported_at", "discarded_at", "discarded_by"),
    )
    changed = [key for key, item in items.items() if key in known and known[key] != (item["code"], item["field_path"])]
    if changed:
        anew = {"first_seen_at": now, "run_id": run_id, "discarded_at": None, "discarded_by": None, "reported_at": None}
        connection.execute(update(_QUARANTINE).values(**anew).where(here, _QUARANTINE.c.key.in_(changed)))
    new = [key for key, item in items.items() if key not in known or key in changed]
    return sum(1 for key in new if items[key]["code"] != MISSING_PARENT)


def _resolve(connection: Connection, stream: Stream, here: ColumnElement[bool], *, is_complete: bool) -> None:
    """Forget items of which a better version came, or that a complete enumeration does not name."""
    staging = STAGING[stream]
    better = exists(
        select(literal(1)).where(
            staging.c.source_key == _QUARANTINE.c.key,
            staging.c.outcome.not_in([Outcome.REJECTED.value, Outcome.DUPLICATE.value]),
        )
    )
    connection.execute(delete(_QUARANTINE).where(here, better))
    if is_complete:
        named = exists(select(literal(1)).where(staging.c.source_key == _QUARANTINE.c.key))
        connection.execute(delete(_QUARANTINE).where(here, not_(named)))


def _item(school: SchoolId, stream: Stream, run_id: RunId, now: datetime, row: Any) -> dict[str, Any]:
    return {
        "school_id": school,
        "stream": stream.value,
        "key": row["source_key"] or UNREADABLE_KEY,
        "code": row["code"],
        "field_path": row["field_path"] or "",
        "is_hiding": bool(row["is_hiding"]),
        "missing_stream": row["missing_stream"],
        "missing_key": row["missing_key"],
        "run_id": run_id,
        "first_seen_at": now,
        "last_seen_at": now,
    }


def waiting_parents(
    connection: Connection, school: SchoolId, runs: Select[tuple[str]]
) -> Mapping[Stream, tuple[SourceKey, ...]]:
    """Give the parents that items first seen in these runs wait for."""
    rows = connection.execute(
        select(_QUARANTINE.c.missing_stream, _QUARANTINE.c.missing_key)
        .where(
            _QUARANTINE.c.school_id == school,
            _QUARANTINE.c.run_id.in_(runs),
            _QUARANTINE.c.code == MISSING_PARENT,
            _QUARANTINE.c.missing_key.is_not(None),
        )
        .distinct()
        .order_by(_QUARANTINE.c.missing_key)
    ).all()
    return _by_stream(rows)


def unreported(connection: Connection, school: SchoolId, run_id: RunId, runs: Select[tuple[str]]) -> int:
    """Count the items for a person that were first seen in these runs, this one aside."""
    count = select(func.count()).where(
        _QUARANTINE.c.school_id == school,
        _QUARANTINE.c.run_id.in_(runs),
        _QUARANTINE.c.run_id != run_id,
        _QUARANTINE.c.code != MISSING_PARENT,
        _QUARANTINE.c.discarded_at.is_(None),
    )
    return connection.execute(count).scalar_one()


def released(connection: Connection, school: SchoolId) -> Mapping[Stream, tuple[SourceKey, ...]]:
    """Give the items whose missing parent has arrived since."""
    found: list[Any] = []
    here = (_QUARANTINE.c.school_id == school, _QUARANTINE.c.missing_stream.is_not(None))
    waited_for = set(connection.execute(select(_QUARANTINE.c.missing_stream).where(*here).distinct()).scalars())
    for parent in (stream for stream in Stream if stream.value in waited_for):
        table = TABLES[parent]
        arrived = exists(select(literal(1)).where(table.c.school_id == school, table.c.id == _QUARANTINE.c.missing_key))
        found += connection.execute(
            select(_QUARANTINE.c.stream, _QUARANTINE.c.key)
            .where(_QUARANTINE.c.school_id == school, _QUARANTINE.c.missing_stream == parent.value, arrived)
            .order_by(_QUARANTINE.c.key)
        ).all()
    return _by_stream(found)


def _by_stream(rows: Iterable[Any]) -> Mapping[Stream, tuple[SourceKey, ...]]:
    listed = [(row[0], SourceKey(row[1])) for row in rows]
    return {
        stream: tuple(key for name, key in listed if name == stream.value)
        for stream in Stream
        if any(name == stream.value for name, _ in listed)
    }


def report_overdue(connection: Connection, school: SchoolId, now: datetime) -> int:
    """Count, once, the children that have waited for their parent for more than 24 hours."""
    overdue = is_overdue(school, now - WAITS_BEFORE_REPORT)
    return int(connection.execute(update(_QUARANTINE).values(reported_at=now).where(overdue)).rowcount)


def is_overdue(school: SchoolId, since: datetime) -> ColumnElement[bool]:
    """Tell of an item whether it is a child that waits for its parent since then, and was not reported yet."""
    return and_(
        _QUARANTINE.c.school_id == school,
        _QUARANTINE.c.code == MISSING_PARENT,
        _QUARANTINE.c.reported_at.is_(None),
        _QUARANTINE.c.discarded_at.is_(None),
        _QUARANTINE.c.first_seen_at <= since,
    )


def listed(connection: Connection, school: SchoolId | None, *, discarded: bool = False) -> list[Mapping[str, Any]]:
    """Give the items, oldest first."""
    query = select(_QUARANTINE).order_by(_QUARANTINE.c.first_seen_at, _QUARANTINE.c.stream, _QUARANTINE.c.key)
    if school is not None:
        query = query.where(_QUARANTINE.c.school_id == school)
    if not discarded:
        query = query.where(_QUARANTINE.c.discarded_at.is_(None))
    return [dict(row) for row in connection.execute(query).mappings()]


def discard(connection: Connection, school: SchoolId, stream: Stream, key: str, by: str, now: datetime) -> bool:
    """Set an item aside: it stays known, so that the same fault is not news again."""
    here = and_(_QUARANTINE.c.school_id == school, _QUARANTINE.c.stream == stream.value, _QUARANTINE.c.key == key)
    values = {"discarded_at": now, "discarded_by": by}
    result = connection.execute(update(_QUARANTINE).values(**values).where(here, _QUARANTINE.c.discarded_at.is_(None)))
    return result.rowcount == 1


def forget(connection: Connection, school: SchoolId, streams: Iterable[Stream]) -> None:
    """A closed module resolves its items."""
    names = [stream.value for stream in streams]
    connection.execute(delete(_QUARANTINE).where(_QUARANTINE.c.school_id == school, _QUARANTINE.c.stream.in_(names)))
