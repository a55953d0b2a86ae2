"""How old the rows are that a plan adds, and how many new ones a child gets in 24 hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Integer,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlmodel.sql.sqltypes import UTCDateTime

from connector.portal.bound import SCHOOL, SINCE
from connector.portal.staging import STAGING
from schemas.brake import MEASURES, PARENTS_OF_A_CHILD, Bounds
from schemas.runs import Trigger
from schemas.streams import PARENTS, Action, Stream
from schemas.tables.bookkeeping import RunRow
from schemas.tables.catalogue import TABLES, table_of

_DAY: Any = bindparam("old_day", type_=Date())
_AT: Any = bindparam("old_at", type_=UTCDateTime())
_SETTLED: Any = bindparam("settled_year", type_=Integer())
_MOST: Any = bindparam("most", type_=Integer())
_RUNS = table_of(RunRow)
_LATE_APPROVALS = select(_RUNS.c.started_at, _RUNS.c.finished_at).where(
    _RUNS.c.school_id == SCHOOL, _RUNS.c.started_at > SINCE, _RUNS.c.trigger == Trigger.APPROVAL.value
)


class Crowd(NamedTuple):
    """Children with more new records than they may have: by this plan, and others by what came in 24 hours."""

    now: int
    before: int


def values_of(stream: Stream, bounds: Bounds) -> Mapping[str, object]:
    """Give what the statements of this file are executed with, beside the school and since when."""
    of_year = MEASURES[stream].is_of_year
    return {
        "old_day": bounds.day_of_year if of_year else bounds.day,
        "old_at": bounds.at_of_year if of_year else bounds.at,
        "settled_year": bounds.settled_year,
    }


def mark_old(connection: Connection, stream: Stream, values: Mapping[str, object]) -> None:
    """Mark the staged rows that are to be added and are old by their own day, or have none."""
    connection.execute(_marking(stream), values)


@cache
def _marking(stream: Stream) -> Update:
    staging = STAGING[stream]
    comes = and_(staging.c.action == Action.ADD.value, staging.c.hold.is_(None))
    return update(staging).values(is_old=True).where(comes, _is_old(stream, staging.c))


def _is_old(stream: Stream, columns: Any) -> ColumnElement[bool]:
    """Tell of a row, staged or shown, whether it is of before."""
    measure = MEASURES[stream]
    without = _is_of_settled_year(stream, columns) if measure.is_of_year else true()
    if measure.day is None:
        return without
    own = columns[measure.day]
    bound = _DAY if isinstance(own.type, Date) else _AT
    return or_(own < bound, and_(own.is_(None), without))


def _is_of_settled_year(stream: Stream, columns: Any) -> ColumnElement[bool]:
    """Tell of a row without a day whether its school year, or its group's, is no news any more."""
    if "school_year" in TABLES[stream].c:
        settled: ColumnElement[bool] = columns["school_year"] <= _SETTLED
        return settled
    above = [parent for parent in PARENTS[stream] if "school_year" in TABLES[parent.stream].c]
    if not above:
        return true()
    (parent,) = above
    table = TABLES[parent.stream]
    mine = (table.c.school_id == SCHOOL, table.c.id == columns[parent.column])
    return exists(select(literal(1)).where(*mine, table.c.school_year <= _SETTLED))


def crowd(
    connection: Connection, stream: Stream, comes: ColumnElement[bool], most: int, values: Mapping[str, object]
) -> Crowd:
    """Count the children who would have more than `most` new records; `comes` tells what the plan adds."""
    bound = {**values, "most": most}
    found = Crowd._make(connection.execute(_crowded(stream, comes, ()), bound).one())
    approvals = _approvals(connection, values) if found.now else ()
    if not approvals:
        return found
    return Crowd._make(connection.execute(_crowded(stream, comes, approvals), bound).one())


def _approvals(connection: Connection, values: Mapping[str, object]) -> Sequence[Row[datetime, datetime | None]]:
    """Give from when until when a person's approvals were carried out of late; the index finds them."""
    return connection.execute(_LATE_APPROVALS, values).all()


def _crowded(
    stream: Stream, comes: ColumnElement[bool], approvals: Sequence[Row[datetime, datetime | None]]
) -> Select[int, int]:
    staging, portal = STAGING[stream], TABLES[stream]
    coming = select(*_child(stream, staging.c), literal(1).label("comes"))
    coming = coming.where(comes, staging.c.is_old.is_not(true()))
    # What is no news was no surprise either: a first load, a person's decision, what came with its parent.
    since = (portal.c.school_id == SCHOOL, portal.c.first_shown_at > SINCE, portal.c.news_at.is_not(None))
    came = select(*_child(stream, portal.c), literal(0).label("comes"))
    came = came.where(*since, not_(_is_old(stream, portal.c)))
    for began, ended in approvals:
        moment = portal.c.first_shown_at
        came = came.where(moment < began if ended is None else not_(moment.between(began, ended)))
    both = union_all(coming, came).subquery()
    per_child = select(func.sum(both.c.comes).label("comes")).group_by(both.c.child, both.c.place)
    children = per_child.having(func.count() > _MOST).subquery()

    def having(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    return select(having(children.c.comes > 0), having(children.c.comes == 0))


def _child(stream: Stream, columns: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Give whose a row is, and by which column: keys of two streams may be the same."""
    named = [columns[name] for name in MEASURES[stream].child]
    child = func.coalesce(*named) if len(named) > 1 else named[0]
    place = case((named[0].is_not(None), 0), else_=1)
    return child.label("child"), place.label("place")


def pupils(connection: Connection, values: Mapping[str, object]) -> int:
    """Count the pupils of the school."""
    return int(connection.execute(_PUPILS, values).scalar_one())


def expected_guardians(connection: Connection, values: Mapping[str, object]) -> int:
    """Give how many guardians may still come with the pupils that have come."""
    children, guardians = connection.execute(_NEWCOMERS, values).one()
    return max(0, PARENTS_OF_A_CHILD * int(children) - int(guardians))


def _count_of(stream: Stream, *which: ColumnElement[bool]) -> Select[Any]:
    table = TABLES[stream]
    return select(func.count()).select_from(table).where(table.c.school_id == SCHOOL, *which)


_PUPILS = _count_of(Stream.PUPILS)
_NEWCOMERS = select(
    *(
        _count_of(stream, TABLES[stream].c.first_shown_at > SINCE).scalar_subquery()
        for stream in (Stream.PUPILS, Stream.GUARDIANS)
    )
)
