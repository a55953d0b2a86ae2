"""How many corrections wait, for whom, and for how long: all schools in one statement."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from schemas.corrections import OPEN, Channel, Outcome, State
from schemas.tables.catalogue import table_of
from schemas.tables.corrections import CorrectionItemRow, CorrectionRow

_HEADS, _ITEMS = table_of(CorrectionRow), table_of(CorrectionItemRow)


class Queue(NamedTuple):
    """The items of one school: counted by state, those that need a person, and those that wait for too long."""

    states: dict[str, int]
    needing_a_person: int = 0
    overdue: int = 0

    @property
    def waiting(self) -> int:
        """How many wait for something, or cannot go on without a person."""
        return max(self.needing_a_person, sum(self.states.get(state.value, 0) for state in OPEN))


def read(connection: Connection, overdue_before: datetime, schools: Collection[str] | None = None) -> dict[str, Queue]:
    """Give the queue of every school that has any, or of those among `schools`."""
    c = _ITEMS.c
    on = and_(_HEADS.c.school_id == c.school_id, _HEADS.c.id == c.correction_id)
    late = func.sum(case((and_(_waiting_since() < overdue_before, _is_to_be_seen(overdue_before)), 1), else_=0))
    by = (c.school_id, c.state)
    query = (
        select(*by, func.count(), func.sum(case((_is_for_a_person(), 1), else_=0)), late)
        .join_from(_ITEMS, _HEADS, on)
        .group_by(*by)
    )
    if schools is not None:
        query = query.where(c.school_id.in_(schools))
    found: dict[str, Queue] = {}
    for school, state, number, for_a_person, overdue in connection.execute(query):
        queue = found.get(school, Queue({}))
        found[school] = Queue(
            {**queue.states, state: number},
            queue.needing_a_person + int(for_a_person),
            queue.overdue + int(overdue),
        )
    return found


def _is_for_a_person() -> ColumnElement[bool]:
    """Tell what goes no further until somebody uses our commands: `jobs.review_corrections` says it of one item."""
    c = _ITEMS.c
    return or_(
        and_(c.state == State.IN_REVIEW.value, c.needs != ""),
        and_(c.state == State.DELIVERED.value, c.channel == Channel.MANUAL.value),
        c.outcome == Outcome.UNDELIVERABLE.value,
    )


def _is_to_be_seen(overdue_before: datetime) -> ColumnElement[bool]:
    """Tell whether the day from which a change holds was long enough ago; until then the school may show it not yet."""
    return or_(_HEADS.c.effective_on.is_(None), _HEADS.c.effective_on <= overdue_before.date())


def _waiting_since() -> ColumnElement[Any]:
    """Give since when an open item has waited for what comes next: a decision, or that the school shows the value."""
    c = _ITEMS.c
    return case(
        (c.state == State.AWAITING.value, func.coalesce(c.decided_at, c.delivered_at, _HEADS.c.submitted_at)),
        (c.state == State.DELIVERED.value, func.coalesce(c.delivered_at, _HEADS.c.submitted_at)),
        (c.state.in_([state.value for state in OPEN]), _HEADS.c.submitted_at),
        else_=None,
    )
