"""What a plan may do while many records cannot be read: their rows stay, and what shows more waits.

What waits is not for a person to approve: the stream keeps its cursor, so that it comes again by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    update,
)

from connector.portal.bound import SCHOOL
from connector.portal.staging import APPROVED, FROZEN, STAGING
from schemas.ids import SchoolId
from schemas.streams import TIES, Action, Decides, Outcome, Stream
from schemas.tables.catalogue import DATA_COLUMNS, TABLES

Lessen = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]
"""A row of the portal and the staged one in, the columns to change so that it shows no more than either, out."""


def here(stream: Stream) -> ColumnElement[bool]:
    """Join a staged row with the row that the portal has of it."""
    portal = TABLES[stream]
    return and_(portal.c.school_id == SCHOOL, portal.c.id == STAGING[stream].c.id)


def let_unread_stay(connection: Connection, stream: Stream, kinds: Collection[Decides]) -> None:
    """Let no record hide its row by a field of these kinds that many lack; what can be read of each still may."""
    connection.execute(_stay(stream), {"kinds": sorted(kinds)})


def let_return(connection: Connection, stream: Stream, ids: Collection[str]) -> None:
    """Mark what is added with one of these ids as approved."""
    connection.execute(_returned(stream), {"ids": sorted(ids)})


@cache
def _stay(stream: Stream) -> Update:
    staging = STAGING[stream]
    kinds = bindparam("kinds", type_=Text(), expanding=True)
    values = {"is_hiding": func.coalesce(staging.c.is_less, false())}
    is_one = staging.c.outcome == Outcome.REJECTED.value
    return update(staging).values(values).where(is_one, staging.c.decides.in_(kinds))


def freeze(connection: Connection, stream: Stream, school: SchoolId) -> None:
    """Mark what would show more or other; a row that now names another pupil, guardian or group goes at once."""
    connection.execute(_frozen(stream))
    if TIES[stream]:
        connection.execute(_withdraw_what_moved(stream), {"school": school})


@cache
def _frozen(stream: Stream) -> Update:
    staging = STAGING[stream]
    moves = staging.c.action.in_([Action.ADD.value, Action.ALTER.value])
    is_free = or_(staging.c.hold.is_(None), staging.c.hold == APPROVED)
    return update(staging).values(hold=FROZEN).where(moves, is_free)


@cache
def _withdraw_what_moved(stream: Stream) -> Update:
    staging, is_altered = STAGING[stream], STAGING[stream].c.action == Action.ALTER.value
    frozen = and_(is_altered, staging.c.hold == FROZEN, here(stream), is_anothers(stream))
    return update(staging).values(action=Action.WITHDRAW.value, hold=None).where(frozen)


def is_anothers(stream: Stream) -> ColumnElement[bool]:
    """Tell of a staged row whether it says that it belongs to another than the portal's row does."""
    said = ((STAGING[stream].c[name], TABLES[stream].c[name]) for name in TIES[stream])
    return or_(*(and_(new.is_not(None), new.is_distinct_from(old)) for new, old in said))


@cache
def _returned(stream: Stream) -> Update:
    staging = STAGING[stream]
    ids = bindparam("ids", type_=Text(), expanding=True)
    return update(staging).values(hold=APPROVED).where(staging.c.action == Action.ADD.value, staging.c.id.in_(ids))


def lessen_rows(connection: Connection, stream: Stream, school: SchoolId, lessen: Lessen) -> int:
    """Let what stays or waits show no more than the staged record allows; give the number of rows changed."""
    names, table = DATA_COLUMNS[stream], TABLES[stream]
    changed = 0
    for row in connection.execute(_pairs(stream), {"school": school}).all():
        old, new = row[1 : 1 + len(names)], row[1 + len(names) :]
        less = lessen(dict(zip(names, old, strict=True)), dict(zip(names, new, strict=True)))
        if less:
            here_only = (table.c.school_id == school, table.c.id == row[0])
            connection.execute(update(table).values(**less).where(*here_only))
            changed += 1
    return changed


@cache
def _pairs(stream: Stream) -> Select[Any]:
    """Give the query of the portal's rows beside what was staged of them and is not written as it is."""
    staging, portal, names = STAGING[stream], TABLES[stream], DATA_COLUMNS[stream]
    waits = and_(staging.c.action == Action.ALTER.value, staging.c.hold == FROZEN)
    stays = and_(staging.c.outcome == Outcome.REJECTED.value, staging.c.action.is_(None), staging.c.is_less == false())
    columns = [*(portal.c[name] for name in names), *(staging.c[name].label(f"new_{name}") for name in names)]
    return select(portal.c.id, *columns).select_from(staging).join(portal, here(stream)).where(or_(waits, stays))
