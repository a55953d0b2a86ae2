"""What of a plan the brake judges: counted before its verdict, marked as held after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    select,
    true,
    update,
)

from connector.portal.bound import SCHOOL, SINCE
from connector.portal.plan import Question, shows_less, was_childless
from connector.portal.staging import NEW, STAGING
from connector.portal.survey import Drawn
from schemas.streams import PARENTS, Action, Stream
from schemas.tables.bookkeeping import PendingKeyRow
from schemas.tables.catalogue import TABLES, table_of

IDENTITY_COLUMN = {Stream.PUPILS: "birth_on"}
_PENDING = table_of(PendingKeyRow)


class Wishes(NamedTuple):
    """What a plan wants that the brake has to judge, and the stream's size now."""

    size: int
    removals: int
    additions: int
    identities: int


def wishes(
    connection: Connection, question: Question, drawn: Drawn, loaded_at: datetime | None, now: datetime
) -> Wishes:
    """Count what the brake judges: nothing held, approved, or that goes or comes with its parent.

    Of a stream that was empty nothing is judged.
    """
    size = question.survey.size
    if not size and loaded_at is None:
        return Wishes(0, 0, 0, 0)
    values = {"school": question.school, "since": _new_since(loaded_at, now)}
    wanted = (Action.REMOVE, Action.ADD, Action.ALTER)
    return Wishes(size, *(_count(connection, question.stream, drawn, action, values) for action in wanted))


def _new_since(loaded_at: datetime | None, now: datetime) -> datetime:
    """Give since when a parent must have come for what hangs on it to be expected."""
    return max(loaded_at, now - timedelta(hours=24)) if loaded_at is not None else now


def _count(connection: Connection, stream: Stream, drawn: Drawn, action: Action, values: Mapping[str, object]) -> int:
    if not drawn.count(action=action) or (action is Action.ALTER and stream not in IDENTITY_COLUMN):
        return 0
    return connection.execute(_counted(stream, action), values).scalar_one()


@cache
def _counted(stream: Stream, action: Action) -> Select[int]:
    judged = {Action.REMOVE: _judged_removal, Action.ADD: _judged_addition, Action.ALTER: _changed_identity}
    return select(func.count()).select_from(STAGING[stream]).where(judged[action](stream))


def hold(
    connection: Connection,
    question: Question,
    held: frozenset[Action],
    *,
    is_whole: bool,
    loaded_at: datetime | None,
    now: datetime,
) -> None:
    """Mark the rows that the brake's verdict holds."""
    stream = question.stream
    staging = STAGING[stream]
    is_alteration = and_(staging.c.action == Action.ALTER.value, staging.c.hold.is_(None))
    rows = {
        Action.REMOVE: _judged_removal(stream),
        Action.ADD: _judged_addition(stream),
        Action.ALTER: is_alteration if is_whole else _changed_identity(stream),
    }
    values = {"school": question.school, "since": _new_since(loaded_at, now)}
    for action in sorted(held):
        is_holdable = true() if action is Action.REMOVE else not_(shows_less(stream))
        if action in rows:
            connection.execute(update(staging).values(hold=NEW).where(rows[action], is_holdable), values)


def _judged_removal(stream: Stream) -> ColumnElement[bool]:
    staging, portal = STAGING[stream], TABLES[stream]
    conditions = [staging.c.action == Action.REMOVE.value, staging.c.hold.is_(None)]
    for parent in PARENTS[stream]:
        going = exists(
            select(literal(1)).where(
                portal.c.school_id == SCHOOL,
                portal.c.id == staging.c.id,
                _PENDING.c.school_id == SCHOOL,
                _PENDING.c.stream == parent.stream.value,
                _PENDING.c.id == portal.c[parent.column],
                _PENDING.c.action == Action.REMOVE.value,
                _PENDING.c.is_held == false(),
            )
        )
        conditions.append(not_(going))
    return and_(*conditions)


def _judged_addition(stream: Stream) -> ColumnElement[bool]:
    """Rows that come with a parent that is itself new since the stream was loaded, or with a child, are not judged."""
    staging = STAGING[stream]
    conditions = [staging.c.action == Action.ADD.value, staging.c.hold.is_(None)]
    if stream is Stream.GUARDIANS:
        conditions.append(not_(was_childless()))
    for parent in PARENTS[stream]:
        above = TABLES[parent.stream]
        came = exists(
            select(literal(1)).where(
                above.c.school_id == SCHOOL,
                above.c.id == staging.c[parent.column],
                above.c.first_shown_at > SINCE,
            )
        )
        conditions.append(not_(came))
    return and_(*conditions)


def _changed_identity(stream: Stream) -> ColumnElement[bool]:
    staging, portal = STAGING[stream], TABLES[stream]
    name = IDENTITY_COLUMN.get(stream)
    if name is None:
        return false()
    return and_(
        staging.c.action == Action.ALTER.value,
        staging.c.hold.is_(None),
        exists(
            select(literal(1)).where(
                portal.c.school_id == SCHOOL,
                portal.c.id == staging.c.id,
                portal.c[name].is_not(None),
                portal.c[name].is_distinct_from(staging.c[name]),
            )
        ),
    )
