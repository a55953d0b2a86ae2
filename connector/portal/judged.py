"""What of a plan the brake judges: counted before its verdict, marked as held after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

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
    or_,
    select,
    true,
    update,
)

from connector.portal import ages
from connector.portal.bound import NOW, SCHOOL, SINCE
from connector.portal.plan import Question, shows_less, was_childless
from connector.portal.staging import NEW, STAGING
from connector.portal.survey import Drawn
from schemas.brake import MEASURES, Age, Bounds
from schemas.streams import PARENTS, Action, Stream
from schemas.tables.bookkeeping import PendingKeyRow
from schemas.tables.catalogue import TABLES, table_of

IDENTITY_COLUMN = {Stream.PUPILS: "birth_on"}
_PENDING = table_of(PendingKeyRow)


class Time(NamedTuple):
    """When the plan is judged, when the stream came in whole, and before when a record is old."""

    now: datetime
    loaded_at: datetime | None
    bounds: Bounds


class Wishes(NamedTuple):
    """What a plan wants that the brake has to judge, and the stream's size now. The words are those of the verdict."""

    size: int
    removals: int = 0
    additions: int = 0
    identities: int = 0
    by_share: int = 0
    endings: int = 0
    in_force: int = 0
    crowded: int = 0
    crowded_before: int = 0
    pupils: int = 0


def mark_old(connection: Connection, question: Question, drawn: Drawn, time: Time) -> bool:
    """Mark what is to be added and is old by its own day; tell whether anything is to be added."""
    if not drawn.count(action=Action.ADD, holds=(None,)):
        return False
    ages.mark_old(connection, question.stream, _values(question, time))
    return True


def wishes(
    connection: Connection, question: Question, drawn: Drawn, time: Time, *, most: int | None, is_judged: bool
) -> Wishes:
    """Count what the brake judges: nothing held, approved, or that goes or comes with its parent.

    Of a stream that was empty nothing is judged; additions by age and child only where `is_judged` says so, once they
    were marked. `most` is how many new records a child may get in 24 hours.
    """
    stream, size = question.stream, question.survey.size
    if not size and time.loaded_at is None:
        return Wishes(0)
    values = _values(question, time)
    wanted = (Action.REMOVE, Action.ADD, Action.ALTER)
    found = Wishes(size, *(_count(connection, stream, drawn, action, values) for action in wanted))
    if MEASURES[stream].end is not None and drawn.count(action=Action.ALTER):
        endings = connection.execute(_ending(stream), values).scalar_one()
        found = found._replace(endings=endings, in_force=connection.execute(_in_force(stream), values).scalar_one())
    return _aged(connection, question, found, most, values) if is_judged and found.additions else found


def _values(question: Question, time: Time) -> Mapping[str, object]:
    since = _new_since(time.loaded_at, time.now)
    bound = {"school": question.school, "since": since, "now": time.now}
    return {**bound, **ages.values_of(question.stream, time.bounds)}


def _aged(
    connection: Connection, question: Question, found: Wishes, most: int | None, values: Mapping[str, object]
) -> Wishes:
    """Divide the additions: old ones count by share, new ones by child."""
    stream = question.stream
    old = found.additions if MEASURES[stream].is_by_share else connection.execute(_old(stream), values).scalar_one()
    if stream is Stream.GUARDIANS and old:
        old = max(0, old - ages.expected_guardians(connection, values))
    found = found._replace(by_share=old)
    if most is None:
        return found
    crowd = ages.crowd(connection, stream, _judged_addition(stream), most, values)
    if not crowd.now:
        return found
    return found._replace(crowded=crowd.now, crowded_before=crowd.before, pupils=ages.pupils(connection, values))


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


@cache
def _old(stream: Stream) -> Select[int]:
    staging = STAGING[stream]
    return select(func.count()).select_from(staging).where(_judged_addition(stream), staging.c.is_old == true())


@cache
def _ending(stream: Stream) -> Select[int]:
    return select(func.count()).select_from(STAGING[stream]).where(_ends_now(stream))


@cache
def _in_force(stream: Stream) -> Select[int]:
    portal, name = TABLES[stream], MEASURES[stream].end
    is_in_force = false() if name is None else _is_in_force(portal.c[name])
    return select(func.count()).select_from(portal).where(portal.c.school_id == SCHOOL, is_in_force)


def hold(
    connection: Connection, question: Question, held: frozenset[Action], age: Age, time: Time, *, is_whole: bool
) -> None:
    """Mark the rows that the brake's verdict holds; of the additions those of this age."""
    stream = question.stream
    staging = STAGING[stream]
    is_alteration = and_(staging.c.action == Action.ALTER.value, staging.c.hold.is_(None))
    is_of_age = {Age.ALL: true(), Age.OLD: staging.c.is_old == true(), Age.NEW: staging.c.is_old.is_not(true())}
    rows = {
        Action.REMOVE: _judged_removal(stream),
        Action.ADD: and_(_judged_addition(stream), is_of_age[age]),
        Action.ALTER: is_alteration if is_whole else or_(_changed_identity(stream), _ends_now(stream)),
    }
    values = _values(question, time)
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


def _ends_now(stream: Stream) -> ColumnElement[bool]:
    """Tell of an alteration whether it ends a row that is in force."""
    staging, portal, name = STAGING[stream], TABLES[stream], MEASURES[stream].end
    if name is None:
        return false()
    here = (portal.c.school_id == SCHOOL, portal.c.id == staging.c.id)
    is_in_force = exists(select(literal(1)).where(*here, _is_in_force(portal.c[name])))
    is_free = and_(staging.c.action == Action.ALTER.value, staging.c.hold.is_(None))
    return and_(is_free, staging.c[name] <= NOW, is_in_force)


def _is_in_force(end: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(end.is_(None), end > NOW)
