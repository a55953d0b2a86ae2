"""Plans to load history and how far they are, and who else is busy with the same source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, func, insert, literal, not_, select, update

from connector.portal.database import database_now
from schemas.ids import SchoolId
from schemas.modules import Module
from schemas.runs import RunReport, RunStatus, Trigger
from schemas.streams import Period
from schemas.tables.bookkeeping import BackfillRow, BackfillWindowRow, LeaseRow, RunRow, RunStreamRow, SchoolStateRow
from schemas.tables.catalogue import table_of

_PLANS, _WINDOWS = table_of(BackfillRow), table_of(BackfillWindowRow)
_RUNS, _STREAMS = table_of(RunRow), table_of(RunStreamRow)
_LEASES, _SCHOOLS = table_of(LeaseRow), table_of(SchoolStateRow)
_RUNS_THAT_TELL = 20


class PlannedWindow(NamedTuple):
    """One window of a plan; `run_id` and `done_at` once it was loaded."""

    number: int
    period: Period
    run_id: str | None = None
    fetched: int = 0
    done_at: datetime | None = None


class Plan(NamedTuple):
    """A plan of a school. Empty `modules` are all that are open; `records` is what the source counted at its making."""

    plan_id: str
    school: SchoolId
    period: Period
    modules: frozenset[Module]
    records: int
    windows: tuple[PlannedWindow, ...]

    @property
    def left(self) -> tuple[PlannedWindow, ...]:
        """Give the windows that are still to be loaded."""
        return tuple(window for window in self.windows if window.done_at is None)


def save(connection: Connection, plan: Plan, now: datetime) -> bool:
    """Keep a new plan, and end the school's unfinished one; tell whether there was one."""
    ended = connection.execute(update(_PLANS).values(ended_at=now).where(*_unfinished(plan.school))).rowcount
    values = {
        "school_id": plan.school,
        "plan_id": plan.plan_id,
        **plan.period._asdict(),
        "modules": ",".join(sorted(plan.modules)),
        "records": plan.records,
        "created_at": now,
    }
    connection.execute(insert(_PLANS).values(**values))
    rows = [
        {"school_id": plan.school, "plan_id": plan.plan_id, "number": one.number, **one.period._asdict(), "fetched": 0}
        for one in plan.windows
    ]
    connection.execute(insert(_WINDOWS), rows)
    return ended > 0


def unfinished(connection: Connection, school: SchoolId) -> Plan | None:
    """Give the school's plan that has not ended, or None."""
    query = select(_PLANS).where(*_unfinished(school)).order_by(_PLANS.c.created_at.desc(), _PLANS.c.plan_id.desc())
    row = connection.execute(query.limit(1)).mappings().first()
    if row is None:
        return None
    here = (_WINDOWS.c.school_id == school, _WINDOWS.c.plan_id == row["plan_id"])
    windows = connection.execute(select(_WINDOWS).where(*here).order_by(_WINDOWS.c.number)).mappings()
    return Plan(
        row["plan_id"],
        school,
        Period(row["from_on"], row["until_on"]),
        frozenset(Module(name) for name in row["modules"].split(",") if name),
        row["records"],
        tuple(
            PlannedWindow(
                one["number"], Period(one["from_on"], one["until_on"]), one["run_id"], one["fetched"], one["done_at"]
            )
            for one in windows
        ),
    )


def _unfinished(school: SchoolId) -> tuple[ColumnElement[bool], ...]:
    return (_PLANS.c.school_id == school, _PLANS.c.ended_at.is_(None))


def note_done(connection: Connection, plan: Plan, number: int, report: RunReport, now: datetime) -> None:
    """Write down that a window was loaded, once; with the last one the plan has ended."""
    fetched = sum(one.sums.fetched for one in report.streams)
    here = (_WINDOWS.c.school_id == plan.school, _WINDOWS.c.plan_id == plan.plan_id)
    connection.execute(
        update(_WINDOWS)
        .values(run_id=report.run_id, fetched=fetched, done_at=now)
        .where(*here, _WINDOWS.c.number == number, _WINDOWS.c.done_at.is_(None))
    )
    is_left = exists(select(literal(1)).where(*here, _WINDOWS.c.done_at.is_(None)))
    connection.execute(
        update(_PLANS)
        .values(ended_at=now)
        .where(_PLANS.c.school_id == plan.school, _PLANS.c.plan_id == plan.plan_id)
        .where(_PLANS.c.ended_at.is_(None), not_(is_left))
    )


def records_per_second(connection: Connection, school: SchoolId) -> float | None:
    """Give the speed of the newest runs that read something of this school, or None."""
    fetched = func.sum(_STREAMS.c.fetched).label("fetched")
    ended = (RunStatus.DONE.value, RunStatus.INCOMPLETE.value)
    query = (
        select(_RUNS.c.started_at, _RUNS.c.finished_at, fetched)
        .join(_STREAMS, _STREAMS.c.run_id == _RUNS.c.run_id)
        .where(_RUNS.c.school_id == school, _RUNS.c.status.in_(ended), _RUNS.c.finished_at.is_not(None))
        .group_by(_RUNS.c.run_id, _RUNS.c.started_at, _RUNS.c.finished_at)
        .having(fetched > 0)
        .order_by(_RUNS.c.started_at.desc())
        .limit(_RUNS_THAT_TELL)
    )
    return _speed([tuple(row) for row in connection.execute(query)])


def _speed(runs: Sequence[tuple[Any, ...]]) -> float | None:
    seconds = sum((ended - began).total_seconds() for began, ended, _ in runs if ended is not None)
    records = sum(int(fetched) for _, _, fetched in runs)
    return records / seconds if records and seconds > 0 else None


def is_backfilled_now(connection: Connection, school: SchoolId) -> bool:
    """Tell whether what is busy with the school is a backfill's, which will be over soon.

    A quiet sync, such as goes before each window, leaves no run behind; neither has a window that only just began.
    """
    running = select(_RUNS.c.trigger).where(_RUNS.c.school_id == school, _RUNS.c.status == RunStatus.RUNNING.value)
    trigger = connection.execute(running.order_by(_RUNS.c.started_at.desc()).limit(1)).scalar()
    if trigger is not None:
        return bool(trigger == Trigger.BACKFILL.value)
    planned = select(literal(1)).where(*_unfinished(school))
    return connection.execute(planned.limit(1)).first() is not None


def are_others_busy(connection: Connection, school: SchoolId, source: str) -> bool:
    """Tell whether a run of another school of the same source is under way."""
    busy = (
        select(literal(1))
        .join(_SCHOOLS, _SCHOOLS.c.school_id == _LEASES.c.school_id)
        .where(_SCHOOLS.c.source == source, _LEASES.c.school_id != school)
        .where(_LEASES.c.holder.is_not(None), _LEASES.c.expires_at > database_now(connection))
    )
    return connection.execute(busy.limit(1)).first() is not None
