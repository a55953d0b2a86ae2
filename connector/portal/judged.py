"""What of a plan the brake judges: counted before its verdict, marked as held after it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
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

from connector.portal.plan import NEW, Question, shows_less, was_childless
from connector.portal.staging import STAGING
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
    conditions = {
        Action.REMOVE: _judged_removal(question),
        Action.ADD: _judged_addition(question, loaded_at, now),
        Action.ALTER: _changed_identity(question),
    }
    return Wishes(size, *(_count(connection, question, drawn, *one) for one in conditions.items()))


def _count(
    connection: Connection, question: Question, drawn: Drawn, action: Action, condition: ColumnElement[bool]
) -> int:
    if not drawn.count(action=action) or (action is Action.ALTER and question.stream not in IDENTITY_COLUMN):
        return 0
    query = select(func.count()).select_from(STAGING[question.stream]).where(condition)
    return connection.execute(query).scalar_one()


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
    staging = STAGING[question.stream]
    is_alteration = and_(staging.c.action == Action.ALTER.value, staging.c.hold.is_(None))
    rows = {
        Action.REMOVE: _judged_removal(question),
        Action.ADD: _judged_addition(question, loaded_at, now),
        Action.ALTER: is_alteration if is_whole else _changed_identity(question),
    }
    for action in sorted(held):
        is_holdable = true() if action is Action.REMOVE else not_(shows_less(question))
        if action in rows:
            connection.execute(update(staging).values(hold=NEW).where(rows[action], is_holdable))


def _judged_removal(question: Question) -> ColumnElement[bool]:
    staging, portal = STAGING[question.stream], TABLES[question.stream]
    conditions = [staging.c.action == Action.REMOVE.value, staging.c.hold.is_(None)]
    for parent in PARENTS[question.stream]:
        going = exists(
            select(literal(1)).where(
                portal.c.school_id == question.school,
                portal.c.id == staging.c.id,
                _PENDING.c.school_id == question.school,
                _PENDING.c.stream == parent.stream.value,
                _PENDING.c.id == portal.c[parent.column],
                _PENDING.c.action == Action.REMOVE.value,
                _PENDING.c.is_held == false(),
            )
        )
        conditions.append(not_(going))
    return and_(*conditions)


def _judged_addition(question: Question, loaded_at: datetime | None, now: datetime) -> ColumnElement[bool]:
    """Rows that come with a parent that is itself new since the stream was loaded, or with a child, are not judged."""
    staging = STAGING[question.stream]
    conditions = [staging.c.action == Action.ADD.value, staging.c.hold.is_(None)]
    if question.stream is Stream.GUARDIANS:
        conditions.append(not_(was_childless(question)))
    since = max(loaded_at, now - timedelta(hours=24)) if loaded_at is not None else now
    for parent in PARENTS[question.stream]:
        above = TABLES[parent.stream]
        came = exists(
            select(literal(1)).where(
                above.c.school_id == question.school,
                above.c.id == staging.c[parent.column],
                above.c.first_shown_at > since,
            )
        )
        conditions.append(not_(came))
    return and_(*conditions)


def _changed_identity(question: Question) -> ColumnElement[bool]:
    staging, portal = STAGING[question.stream], TABLES[question.stream]
    name = IDENTITY_COLUMN.get(question.stream)
    if name is None:
        return false()
    return and_(
        staging.c.action == Action.ALTER.value,
        staging.c.hold.is_(None),
        exists(
            select(literal(1)).where(
                portal.c.school_id == question.school,
                portal.c.id == staging.c.id,
                portal.c[name].is_not(None),
                portal.c[name].is_distinct_from(staging.c[name]),
            )
        ),
    )
