"""Backfill: load a period of a school's history, window by window, on what others leave of the source.

Each window is a run of its own under the school's lease. A sync goes before it, so that a window finds nothing that is
news, and may take over between two windows. No checkpoint moves, nothing is announced, and repeating changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import structlog

from connector.bookkeeping import backfills, checkpoints, register
from connector.bookkeeping.backfills import Plan, PlannedWindow
from connector.sources.base import PeriodSource
from jobs.parts import Parts, Task
from jobs.pipeline import run_school
from mappings.activation import ModuleState, Policy, decide
from mappings.backfill import Estimate, WindowSize, cut, estimate
from mappings.values import local_day
from schemas.errors import ConfigurationError, LeaseHeld, NewsFirst, StopRequested
from schemas.ids import SchoolId, new_run_id
from schemas.modules import ALWAYS_ON, STREAMS_OF, Module
from schemas.runs import RunReport, Trigger
from schemas.selections import DECIDED_BY
from schemas.streams import DAY_COLUMNS, Period, Stream

_log = structlog.get_logger("connector")
MOST_YEARS = 25
PAUSE_SECONDS = 1.0
"""Between two windows the lease is free for longer than a sync that waits for it takes to look again."""
GIVES_WAY_SECONDS = 300.0
"""How long a window waits for other schools of the source; then it goes on, at half the pace at most."""
TIMES_A_WINDOW_IS_READ = 3
_POLL_SECONDS = 0.5


class Order(NamedTuple):
    """What a person asks for. No modules are all open ones whose records lie on a day."""

    period: Period
    size: WindowSize = WindowSize.TERM
    modules: frozenset[Module] = frozenset()


class Proposal(NamedTuple):
    """A plan, and what it will take; None for one that is gone on with."""

    plan: Plan
    estimate: Estimate | None


class Step(NamedTuple):
    """A window that was worked, and what of the plan is left. `seconds_left` is a guess.

    `synced` are the reports of the syncs before it: what they found new is told nowhere else.
    """

    window: PlannedWindow
    report: RunReport
    synced: tuple[RunReport, ...]
    is_done: bool
    windows_left: int
    records_left: int
    seconds_left: float


Show = Callable[[Step], None]


def propose(parts: Parts, order: Order, requests_per_second: float | None = None) -> Proposal:
    """Plan the windows and ask the source how much lies in them; nothing is kept.

    Raises ConfigurationError for a period or module that cannot be loaded, and what the source raises.
    """
    school, now = parts.school.id, parts.clock()
    _check_period(order.period, local_day(now))
    with parts.database.session() as session, session.read() as connection:
        entries, _ = register.read(connection, school)
        states = [ModuleState(module, now, None) for module in ALWAYS_ON]
        states += [ModuleState(one.module, one.opens_at, one.closes_at) for one in entries]
        policy = decide(states, now, register.selections(connection, school))
        known = checkpoints.read(connection, school)
        speed = backfills.records_per_second(connection, school)
    loaded = frozenset(stream for stream, checkpoint in known.items() if checkpoint.loaded_at is not None)
    streams = _streams(parts, order, policy, loaded)
    _check_depth(school, order.period, policy, streams)
    assert isinstance(parts.source, PeriodSource)  # noqa: S101  it has dated streams
    records = {stream: parts.source.count(school, stream, order.period) for stream in streams}
    windows = cut(order.period, order.size)
    planned = tuple(PlannedWindow(number, window) for number, window in enumerate(windows, 1))
    total = sum(records.values())
    return Proposal(
        Plan(new_run_id(now), school, order.period, order.modules, total, planned),
        estimate(records, len(windows), records_per_second=speed, requests_per_second=requests_per_second),
    )


def _check_period(period: Period, today: date) -> None:
    if period.from_on > period.until_on:
        raise ConfigurationError(
            f"--from {period.from_on} is after --to {period.until_on}.", fix="Give the older day to --from."
        )
    if period.until_on > today:
        raise ConfigurationError(
            f"--to {period.until_on} has yet to come; today is {today}.", fix="History ends today; leave --to out."
        )
    if period.until_on.year - period.from_on.year > MOST_YEARS:
        raise ConfigurationError(
            f"From {period.from_on} to {period.until_on} is more than {MOST_YEARS} years.",
            fix="No pupil is at school that long. Give a later --from.",
        )


def _streams(parts: Parts, order: Order, policy: Policy, loaded: frozenset[Stream]) -> tuple[Stream, ...]:
    """Give the streams to load, or say which module has none and why."""
    school, source = parts.school.id, parts.source
    supplied = source.describe(school).streams & source.capabilities.dated
    for module in sorted(order.modules):
        mine = frozenset(STREAMS_OF[module])
        if module not in policy.modules:
            raise ConfigurationError(
                f"Module {module} of school {school} is closed, so nothing of it is kept.",
                fix=f"Open it: `connector modules open --school {school} --module {module}`. Its first load reads all.",
            )
        if not mine & DAY_COLUMNS.keys():
            raise ConfigurationError(
                f"Module {module} has no history: its records lie on no day.",
                fix=f"It is always read whole: `connector sync --school {school} --module {module} --full`.",
            )
        if not mine & supplied:
            raise ConfigurationError(
                f"The source of school {school} does not supply the history of module {module}.",
                fix="Ask the supplier; leave the module out.",
            )
        if not mine & loaded:
            raise ConfigurationError(
                f"Module {module} of school {school} has not had its first load.",
                fix=f"Run `connector sync --school {school}`: a first load reads the history too.",
            )
    wanted = {stream for module in order.modules or policy.modules for stream in STREAMS_OF[module]}
    found = tuple(stream for stream in Stream if stream in wanted & supplied & loaded)
    if not found:
        raise ConfigurationError(
            f"School {school} has nothing whose history can be loaded.",
            fix=f"Run `connector sync --school {school}` first; see `connector status`.",
        )
    return found


def _check_depth(school: SchoolId, period: Period, policy: Policy, streams: tuple[Stream, ...]) -> None:
    """Refuse what the next full pull would throw away again."""
    bound = [stream for stream in streams if "history_years" in DECIDED_BY.get(stream, ())]
    first = policy.history_from
    if first is None or not bound or period.from_on >= first:
        return
    years = policy.selections.history_years or 0
    raise ConfigurationError(
        f"School {school} shows history from {first} on; --from {period.from_on} lies before it.",
        fix=f"Give --from {first}, or first set more than {years} with "
        f"`connector modules set history_years YEARS --school {school}`: that alone brings them with the next sync.",
    )


def keep(parts: Parts, plan: Plan) -> bool:
    """Keep a plan, so that it can be gone on with; tell whether it takes the place of an unfinished one."""
    with parts.database.session() as session, session.write() as connection:
        return backfills.save(connection, plan, parts.clock())


def unfinished(parts: Parts) -> Plan | None:
    """Give the school's plan that has not ended, or None."""
    with parts.database.session() as session, session.read() as connection:
        return backfills.unfinished(connection, parts.school.id)


def to_resume(parts: Parts) -> Plan:
    """Give the school's plan that has not ended, or raise ConfigurationError."""
    plan = unfinished(parts)
    if plan is None:
        raise ConfigurationError(
            f"School {parts.school.id} has no unfinished backfill.", fix="Begin one: --from DATE --to DATE."
        )
    return plan


def work(parts: Parts, plan: Plan, show: Show, *, is_dry_run: bool = False) -> list[Step]:
    """Load every window of a plan that is left, each once; a dry run writes nothing.

    Raises StopRequested and what a run raises; the windows that were done stay done.
    """
    steps: list[Step] = []
    began, records = time.monotonic(), 0
    left = plan.left
    expected = max(0, plan.records - sum(window.fetched for window in plan.windows))
    for at, window in enumerate(left, 1):
        if at > 1:
            _wait(parts, PAUSE_SECONDS if not is_dry_run else 0.0)
        _give_way(parts)
        synced, report = _work_window(parts, plan, window, is_dry_run=is_dry_run)
        records += _fetched(report)
        remaining, spent = len(left) - at, time.monotonic() - began
        lasting = spent / at * remaining
        step = Step(window, report, synced, _is_done(report), remaining, max(0, expected - records), lasting)
        steps.append(step)
        show(step)
    return steps


def _work_window(
    parts: Parts, plan: Plan, window: PlannedWindow, *, is_dry_run: bool
) -> tuple[tuple[RunReport, ...], RunReport]:
    if is_dry_run:
        return (), run_school(parts, _task(plan, window)._replace(is_dry_run=True))
    synced: list[RunReport] = []
    for times in range(1, TIMES_A_WINDOW_IS_READ + 1):
        synced.append(_in_turn(parts, lambda: run_school(parts, Task(Trigger.SYNC))))
        try:
            return tuple(synced), _in_turn(parts, lambda: _load(parts, plan, window))
        except NewsFirst:
            _log.info("backfill_after_news", attempt=times)
            if times == TIMES_A_WINDOW_IS_READ:
                raise
    raise AssertionError("unreachable")


def _load(parts: Parts, plan: Plan, window: PlannedWindow) -> RunReport:
    report = run_school(parts, _task(plan, window))
    if _is_done(report):
        with parts.database.session() as session, session.write() as connection:
            backfills.note_done(connection, plan, window.number, report, parts.clock())
    return report


def _task(plan: Plan, window: PlannedWindow) -> Task:
    return Task(Trigger.BACKFILL, plan.modules, period=window.period)


def _is_done(report: RunReport) -> bool:
    """Tell whether a window was read whole; documents that wait are the next sync's."""
    return not any(stream.is_incomplete for stream in report.streams)


def _fetched(report: RunReport) -> int:
    return sum(stream.sums.fetched for stream in report.streams)


def _in_turn(parts: Parts, run: Callable[[], RunReport]) -> RunReport:
    """Run as soon as no other run of the school is busy."""
    while True:
        try:
            return run()
        except LeaseHeld:
            _wait(parts, _POLL_SECONDS)


def _give_way(parts: Parts) -> None:
    """Wait while other schools of the source are busy, but not for ever."""
    until = time.monotonic() + GIVES_WAY_SECONDS
    while time.monotonic() < until:
        with parts.database.session() as session, session.read() as connection:
            if not backfills.are_others_busy(connection, parts.school.id, parts.school.source):
                return
        _wait(parts, _POLL_SECONDS)


def _wait(parts: Parts, seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        if parts.should_stop():
            raise StopRequested(
                f"School {parts.school.id}: the backfill stopped on request.",
                fix=f"Go on with `connector backfill --school {parts.school.id} --resume`.",
            )
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, 0.2))
