"""What the books hold of some keys: held, hidden, in quarantine or waited for; and when a stream was last read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, literal, not_, or_, select, true

from connector.portal.dossier import ids_of
from schemas.explanations import Place, Reading, Trace
from schemas.ids import SchoolId
from schemas.streams import Action, Mode, Stream
from schemas.tables.bookkeeping import (
    HiddenKeyRow,
    IdAliasRow,
    PendingKeyRow,
    QuarantineRow,
    RunGateRow,
    RunStreamRow,
)
from schemas.tables.catalogue import TABLES, table_of

_PENDING, _HIDDEN, _QUARANTINE = table_of(PendingKeyRow), table_of(HiddenKeyRow), table_of(QuarantineRow)
_ALIASES, _READ, _GATES = table_of(IdAliasRow), table_of(RunStreamRow), table_of(RunGateRow)


def of_keys(connection: Connection, school: SchoolId, stream: Stream, keys: Collection[str]) -> list[Trace]:
    """Give what holds or hides keys of a stream, and how many records in quarantine wait for them."""
    names = list(keys)
    found = [
        *_held(connection, school, stream, _PENDING.c.id.in_(names)),
        *_hidden(connection, school, stream, names),
        *_quarantined(connection, school, stream, _QUARANTINE.c.key.in_(names)),
    ]
    waiting = select(_QUARANTINE.c.missing_key, func.count(), func.min(_QUARANTINE.c.first_seen_at)).where(
        _QUARANTINE.c.school_id == school,
        _QUARANTINE.c.missing_stream == stream.value,
        _QUARANTINE.c.missing_key.in_(names),
    )
    for key, records, since in connection.execute(waiting.group_by(_QUARANTINE.c.missing_key)):
        found.append(Trace(Place.AWAITED, stream, key, "missing_parent", since, detail=str(records)))
    return found


def of_pupil(connection: Connection, school: SchoolId, stream: Stream, pupil: str) -> list[Trace]:
    """Give what is held or in quarantine of a stream and is known to concern a pupil."""
    mine = ids_of(school, stream, pupil)
    return [
        *_held(connection, school, stream, _PENDING.c.id.in_(mine)),
        *_quarantined(connection, school, stream, _concerns(school, stream, pupil)),
    ]


def _concerns(school: SchoolId, stream: Stream, pupil: str) -> ColumnElement[bool]:
    """Tell of an item in quarantine whether its row here is the pupil's, or whether it waits for the pupil."""
    mine = ids_of(school, stream, pupil)
    aliased = select(_ALIASES.c.source_key).where(
        _ALIASES.c.school_id == school, _ALIASES.c.stream == stream.value, _ALIASES.c.id.in_(mine)
    )
    waits = and_(_QUARANTINE.c.missing_stream == Stream.PUPILS.value, _QUARANTINE.c.missing_key == pupil)
    return or_(_QUARANTINE.c.key.in_(mine), _QUARANTINE.c.key.in_(aliased), waits)


def of_others(connection: Connection, school: SchoolId, stream: Stream, pupil: str) -> tuple[int, int]:
    """Count the held additions and the items in quarantine of which nothing tells whose they are."""
    table = TABLES[stream]
    is_ours = exists(select(literal(1)).where(table.c.school_id == school, table.c.id == _PENDING.c.id))
    held = select(func.count()).where(
        _PENDING.c.school_id == school, _PENDING.c.stream == stream.value, _PENDING.c.is_held == true(), not_(is_ours)
    )
    known = exists(select(literal(1)).where(table.c.school_id == school, table.c.id == _QUARANTINE.c.key))
    items = select(func.count()).where(
        _QUARANTINE.c.school_id == school,
        _QUARANTINE.c.stream == stream.value,
        not_(known),
        not_(func.coalesce(_concerns(school, stream, pupil), literal(value=False))),
    )
    return connection.execute(held).scalar_one(), connection.execute(items).scalar_one()


def _held(connection: Connection, school: SchoolId, stream: Stream, condition: ColumnElement[bool]) -> list[Trace]:
    here = (_PENDING.c.school_id == school, _PENDING.c.stream == stream.value, _PENDING.c.is_held == true())
    rows = connection.execute(select(_PENDING).where(*here, condition).order_by(_PENDING.c.id)).mappings()
    return [
        Trace(
            Place.HELD,
            stream,
            row["id"],
            Action(row["action"]).value,
            row["created_at"],
            detail=row["reason"] or "",
            run_id=row["run_id"],
            until_at=row["expires_at"],
        )
        for row in rows
    ]


def _hidden(connection: Connection, school: SchoolId, stream: Stream, keys: list[str]) -> list[Trace]:
    here = (_HIDDEN.c.school_id == school, _HIDDEN.c.stream == stream.value, _HIDDEN.c.id.in_(keys))
    rows = connection.execute(select(_HIDDEN).where(*here).order_by(_HIDDEN.c.id)).mappings()
    return [Trace(Place.HIDDEN, stream, row["id"], row["reason"], row["since_at"]) for row in rows]


def _quarantined(
    connection: Connection, school: SchoolId, stream: Stream, condition: ColumnElement[bool]
) -> list[Trace]:
    here = (_QUARANTINE.c.school_id == school, _QUARANTINE.c.stream == stream.value)
    rows = connection.execute(select(_QUARANTINE).where(*here, condition).order_by(_QUARANTINE.c.key)).mappings()
    return [
        Trace(
            Place.QUARANTINE,
            stream,
            row["key"],
            row["code"],
            row["first_seen_at"],
            detail=row["field_path"],
            run_id=row["run_id"],
        )
        for row in rows
    ]


def last_reading(connection: Connection, school: SchoolId, stream: Stream, *, full: bool = False) -> Reading | None:
    """Give the last run that read records of a stream; `full`: all of them."""
    here = [_READ.c.school_id == school, _READ.c.stream == stream.value]
    here.append(_READ.c.mode == Mode.FULL.value if full else _READ.c.fetched > 0)
    query = select(_READ.c.run_id, _READ.c.mode, _READ.c.finished_at).where(*here)
    row = connection.execute(query.order_by(_READ.c.finished_at.desc()).limit(1)).first()
    return None if row is None else Reading(*row)


def kept_out(connection: Connection, run_id: str, stream: Stream) -> Mapping[str, int]:
    """Give how many records of a stream each gate kept out in a run."""
    query = select(_GATES.c.gate, _GATES.c.records).where(_GATES.c.run_id == run_id, _GATES.c.stream == stream.value)
    rows: list[Any] = list(connection.execute(query.order_by(_GATES.c.gate)))
    return {row[0]: row[1] for row in rows}
