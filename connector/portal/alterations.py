"""The rows that are about to be written, beside what the portal has of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, literal, or_, select

from connector.portal.staging import STAGING
from connector.portal.store import is_written
from schemas.ids import SchoolId
from schemas.streams import Action, Outcome, Stream
from schemas.tables.bookkeeping import PendingKeyRow
from schemas.tables.catalogue import DATA_COLUMNS, TABLES, table_of

Row = Mapping[str, Any]
_PENDING = table_of(PendingKeyRow)
_GOES = (Action.WITHDRAW.value, Action.REMOVE.value)


class Altered(NamedTuple):
    """A row as it is in the portal, with its `changed_at`, and the columns as they will be."""

    id: str
    old: Row
    new: Row


class Listed(NamedTuple):
    """All rows of one pupil by id, as the portal has them and as the school has them now, and which will be written."""

    before: dict[str, Row]
    after: dict[str, Row]
    written: set[str]


def altered(connection: Connection, school: SchoolId, stream: Stream, ids: Collection[str]) -> Sequence[Altered]:
    """Give those of these rows that will be altered."""
    staging, table = STAGING[stream], TABLES[stream]
    columns = (staging.c.id, *(staging.c[name] for name in DATA_COLUMNS[stream]))
    which = (staging.c.action == Action.ALTER.value, is_written(stream), staging.c.id.in_(sorted(ids)))
    new = {row["id"]: dict(row) for row in connection.execute(select(*columns).where(*which)).mappings()}
    if not new:
        return ()
    here = select(table).where(table.c.school_id == school, table.c.id.in_(list(new)))
    return [Altered(row["id"], dict(row), new[row["id"]]) for row in connection.execute(here).mappings()]


def lists(connection: Connection, school: SchoolId, stream: Stream, pupils: Collection[str]) -> Mapping[str, Listed]:
    """Give the lists of those of these pupils of whom a row will be written.

    What the brake keeps back is in the list all the same, and what waits to be removed is not: so the school has it.
    """
    staging, table = STAGING[stream], TABLES[stream]
    written = select(staging.c.pupil_id, staging.c.id).where(staging.c.pupil_id.in_(sorted(pupils)), is_written(stream))
    found: dict[str, Listed] = {}
    for pupil, one in connection.execute(written):
        found.setdefault(pupil, Listed({}, {}, set())).written.add(one)
    if not found:
        return found
    leaves = exists(select(literal(1)).where(*_waits_to_go(school, stream), _PENDING.c.id == table.c.id))
    here = (table.c.school_id == school, table.c.pupil_id.in_(list(found)))
    for row in connection.execute(select(table, leaves.label("leaves")).where(*here)).mappings():
        listed = found[row["pupil_id"]]
        listed.before[row["id"]] = dict(row)
        if not row["leaves"]:
            listed.after[row["id"]] = dict(row)
    known = {one: pupil for pupil, listed in found.items() for one in listed.before}
    columns = (staging.c.id, staging.c.outcome, staging.c.action, *(staging.c[name] for name in DATA_COLUMNS[stream]))
    staged = select(*columns).where(or_(staging.c.id.in_(list(known)), staging.c.pupil_id.in_(list(found))))
    for row in connection.execute(staged).mappings():
        _take(found, known, dict(row))
    return found


def _waits_to_go(school: SchoolId, stream: Stream) -> tuple[ColumnElement[bool], ...]:
    action = _PENDING.c.action == Action.REMOVE.value
    return (_PENDING.c.school_id == school, _PENDING.c.stream == stream.value, action)


def _take(found: Mapping[str, Listed], known: Mapping[str, str], row: dict[str, Any]) -> None:
    one, is_shown, goes = row.pop("id"), row.pop("outcome") == Outcome.SHOWN.value, row.pop("action") in _GOES
    if one in known and (is_shown or goes):
        found[known[one]].after.pop(one, None)
    if is_shown and row["pupil_id"] in found:
        found[row["pupil_id"]].after[one] = row
