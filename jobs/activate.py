"""Change what a school opens to parents: open, close, embargo, and a whole plan at once.

Use cases over the register. Each works inside a transaction of the caller, so that all of it happens or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection

from connector.bookkeeping import register
from connector.bookkeeping.register import Contact, Decision, ModuleEntry
from mappings.values import local_day
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId
from schemas.modules import ALWAYS_ON, DEFAULT_PHASE, STREAMS_OF, Module
from schemas.streams import Stream


class State(StrEnum):
    """How a module stands at one moment."""

    OPEN = "open"
    CLOSING = "closing"
    PLANNED = "planned"
    CLOSED = "closed"
    NOT_PLANNED = "not planned"


class Embargo(NamedTuple):
    """A window in which an open module is hidden. Aware instants."""

    starts_at: datetime
    ends_at: datetime
    reason: str | None


class ModuleView(NamedTuple):
    """One module of one school as a person wants to see it. `revealed_at`: its first load was complete."""

    school: SchoolId
    module: Module
    phase: int
    state: State
    opens_at: datetime | None
    closes_at: datetime | None
    revealed_at: datetime | None
    embargoes: tuple[Embargo, ...]
    streams: tuple[Stream, ...]


class Step(NamedTuple):
    """What happened to one module of one school."""

    school: SchoolId
    module: Module
    words: str
    is_change: bool = True


class Choice(NamedTuple):
    """Which modules are meant: some by name, or the modules of one phase as each school has them."""

    modules: tuple[Module, ...] = ()
    phase: int | None = None


class PlannedModule(NamedTuple):
    """What a plan says of one module. Without `opens_at` its dates stay unless `closes_at` is given."""

    module: Module
    opens_at: datetime | None
    closes_at: datetime | None


class PlannedPhase(NamedTuple):
    """What a plan says of one phase of one school."""

    school: SchoolId
    number: int
    decision: Decision
    modules: tuple[PlannedModule, ...]


class Difference(NamedTuple):
    """One thing that applying a plan would change. Values are days, instants, numbers, texts or None."""

    school: SchoolId
    subject: str
    field: str
    before: Any
    after: Any


def state_of(entry: ModuleEntry, now: datetime) -> State:
    """Tell how a module stands at an instant, embargoes left aside."""
    if entry.opens_at is None:
        return State.NOT_PLANNED
    if entry.closes_at is not None and (entry.closes_at <= now or entry.closes_at <= entry.opens_at):
        return State.CLOSED
    if entry.opens_at > now:
        return State.PLANNED
    return State.OPEN if entry.closes_at is None else State.CLOSING


def look(connection: Connection, school: SchoolId, now: datetime) -> list[ModuleView]:
    """Give every module of a school, in the order of the modules."""
    windows: dict[str, list[Embargo]] = {}
    for row in register.embargoes(connection, school, now):
        window = Embargo(row["embargo_from"], row["embargo_until"], row["reason"])
        windows.setdefault(row["module"], []).append(window)
    return [
        ModuleView(
            school,
            entry.module,
            entry.phase,
            state_of(entry, now),
            entry.opens_at,
            entry.closes_at,
            entry.revealed_at,
            tuple(windows.get(entry.module.value, ())),
            STREAMS_OF[entry.module],
        )
        for entry in _entries(connection, school, now)
    ]


def open_modules(
    connection: Connection,
    school: SchoolId,
    choice: Choice,
    opens_at: datetime,
    *,
    decision: Decision,
    now: datetime,
    by: str,
) -> list[Step]:
    """Open modules from an instant on, and write down the decision behind their phases.

    Raises ConfigurationError when a later opening would hide what parents see today.
    """
    register.ensure(connection, school, now, by)
    entries = _chosen(connection, school, choice)
    steps = [_open(connection, school, entry, opens_at, now, by) for entry in entries]
    if choice.phase is not None:
        decision = decision._replace(opens_on=local_day(opens_at))
    if any(value is not None for value in decision):
        for number in sorted({entry.phase for entry in entries}):
            register.decide_phase(connection, school, number, decision, by)
    return steps


def _open(
    connection: Connection, school: SchoolId, entry: ModuleEntry, opens_at: datetime, now: datetime, by: str
) -> Step:
    module, state = entry.module, state_of(entry, now)
    if state is State.OPEN and opens_at <= now:
        return Step(school, module, "is open already", is_change=False)
    if state in {State.OPEN, State.CLOSING} and opens_at > now:
        raise ConfigurationError(
            f"{module.value} is open at {school}; opening it later would hide it until then.",
            fix=f"Close it first (connector modules close --module {module.value} --school {school}), "
            "or leave --from out.",
        )
    # What is open keeps its first day: only the planned closing goes.
    instant = entry.opens_at if state is State.CLOSING and entry.opens_at is not None else opens_at
    register.open_module(connection, school, module, instant, by)
    if state is State.CLOSING:
        return Step(school, module, "stays open: the planned closing is cancelled")
    return Step(school, module, "is open" if opens_at <= now else "is planned")


def close_modules(
    connection: Connection, school: SchoolId, choice: Choice, closes_at: datetime, *, now: datetime, by: str
) -> list[Step]:
    """Close modules from an instant on. Raises ConfigurationError for what is always on."""
    register.ensure(connection, school, now, by)
    entries = _chosen(connection, school, choice)
    for entry in entries:
        if entry.module in ALWAYS_ON:
            raise ConfigurationError(
                f"{entry.module.value} is always on and cannot be closed.",
                fix="To hide it for a while, use `connector modules embargo`.",
            )
    return [_close(connection, school, entry, closes_at, now, by) for entry in entries]


def _close(
    connection: Connection, school: SchoolId, entry: ModuleEntry, closes_at: datetime, now: datetime, by: str
) -> Step:
    state = state_of(entry, now)
    if state in {State.NOT_PLANNED, State.CLOSED}:
        return Step(school, entry.module, "was not open", is_change=False)
    register.close_module(connection, school, entry.module, closes_at, by)
    if state is State.PLANNED:
        words = "will not open" if closes_at <= now else "is planned to close"
        return Step(school, entry.module, words)
    return Step(school, entry.module, "is closed" if closes_at <= now else "is planned to close")


def add_embargo(
    connection: Connection, school: SchoolId, choice: Choice, embargo: Embargo, *, now: datetime, by: str
) -> list[Step]:
    """Hide modules in a window. Parents see them again by themselves when it ends."""
    register.ensure(connection, school, now, by)
    window = (embargo.starts_at, embargo.ends_at)
    steps = []
    for entry in _chosen(connection, school, choice):
        register.add_embargo(connection, school, entry.module, window, reason=embargo.reason, by=by)
        steps.append(Step(school, entry.module, "is under embargo" if window[0] <= now else "gets an embargo"))
    return steps


def lift_embargoes(connection: Connection, school: SchoolId, choice: Choice, *, now: datetime, by: str) -> list[Step]:
    """End the embargoes that are in force or to come."""
    register.ensure(connection, school, now, by)
    steps = []
    for entry in _chosen(connection, school, choice):
        lifted = register.lift_embargoes(connection, school, entry.module, now, by)
        words = "is no longer under embargo" if lifted else "had no embargo"
        steps.append(Step(school, entry.module, words, is_change=lifted > 0))
    return steps


def _chosen(connection: Connection, school: SchoolId, choice: Choice) -> list[ModuleEntry]:
    entries = register.read(connection, school)[0]
    if choice.phase is None:
        return [entry for entry in entries if entry.module in choice.modules]
    chosen = [entry for entry in entries if entry.phase == choice.phase]
    if not chosen:
        phases = ", ".join(str(number) for number in sorted({entry.phase for entry in entries}))
        raise ConfigurationError(f"Phase {choice.phase} of {school} has no modules.", fix=f"Its phases are {phases}.")
    return chosen


def present_plan(connection: Connection, schools: Sequence[SchoolId], now: datetime) -> list[PlannedPhase]:
    """Give the register as a plan; applying it changes nothing. What is always on has no dates in it."""
    plan = []
    for school in schools:
        entries = _entries(connection, school, now)
        decided = decisions(connection, school)
        for number in sorted({entry.phase for entry in entries} | set(decided)):
            modules = tuple(
                PlannedModule(entry.module, None, None)
                if entry.module in ALWAYS_ON
                else PlannedModule(entry.module, entry.opens_at, entry.closes_at)
                for entry in entries
                if entry.phase == number
            )
            plan.append(PlannedPhase(school, number, decided.get(number, Decision()), modules))
    return plan


def differences(connection: Connection, plan: Iterable[PlannedPhase], now: datetime) -> list[Difference]:
    """Say what applying a plan would change. Raises ConfigurationError for a plan that hides what is always on."""
    found: list[Difference] = []
    for phase in plan:
        entries = {entry.module: entry for entry in _entries(connection, phase.school, now)}
        before = decisions(connection, phase.school).get(phase.number, Decision())
        for name, value in phase.decision._asdict().items():
            if value is not None and value != getattr(before, name):
                found.append(Difference(phase.school, f"phase {phase.number}", name, getattr(before, name), value))
        for planned in phase.modules:
            _refuse_hiding(planned, phase.school, now)
            found += _module_differences(phase, entries[planned.module], planned)
    return found


def apply(connection: Connection, plan: Sequence[PlannedPhase], *, now: datetime, by: str) -> list[Difference]:
    """Make the register say what the plan says, and give what that changed."""
    for school in sorted({phase.school for phase in plan}):
        register.ensure(connection, school, now, by)
    changes = differences(connection, plan, now)
    for phase in plan:
        mine = [change for change in changes if change.school == phase.school]
        if any(change.subject == f"phase {phase.number}" for change in mine):
            register.decide_phase(connection, phase.school, phase.number, phase.decision, by)
        for planned in phase.modules:
            fields = {change.field for change in mine if change.subject == planned.module.value}
            _apply_module(connection, phase, planned, fields, by)
    return changes


def present_contacts(connection: Connection, schools: Sequence[SchoolId]) -> list[tuple[SchoolId, Contact]]:
    """Give the contact persons of these schools, where there is one."""
    found = ((school, register.contact(connection, school)) for school in schools)
    return [(school, contact) for school, contact in found if contact is not None]


def contact_differences(connection: Connection, planned: Iterable[tuple[SchoolId, Contact]]) -> list[Difference]:
    """Say what of the contact persons a plan would change."""
    found = []
    for school, wanted in planned:
        before = register.contact(connection, school)
        for name, value in wanted._asdict().items():
            was = None if before is None else getattr(before, name)
            if was != value:
                found.append(Difference(school, "contact", name, was, value))
    return found


def apply_contacts(connection: Connection, planned: Sequence[tuple[SchoolId, Contact]], by: str) -> list[Difference]:
    """Make the register name these contact persons, and give what that changed."""
    changes = contact_differences(connection, planned)
    for school, wanted in planned:
        register.set_contact(connection, school, wanted, by)
    return changes


def _apply_module(
    connection: Connection, phase: PlannedPhase, planned: PlannedModule, fields: set[str], by: str
) -> None:
    if "phase" in fields:
        register.move_to_phase(connection, phase.school, planned.module, phase.number, by)
    if planned.opens_at is not None and fields & {"opens_at", "closes_at"}:
        register.open_module(connection, phase.school, planned.module, planned.opens_at, by)
    if planned.closes_at is not None and fields & {"opens_at", "closes_at"}:
        register.close_module(connection, phase.school, planned.module, planned.closes_at, by)


def _refuse_hiding(planned: PlannedModule, school: SchoolId, now: datetime) -> None:
    hides = planned.closes_at is not None or (planned.opens_at is not None and planned.opens_at > now)
    if planned.module in ALWAYS_ON and hides:
        raise ConfigurationError(
            f"The plan for {school} closes {planned.module.value} or opens it later, but it is always on.",
            fix=f"Take the dates of {planned.module.value} out of the plan.",
        )


def _module_differences(phase: PlannedPhase, entry: ModuleEntry, planned: PlannedModule) -> list[Difference]:
    wanted: dict[str, tuple[Any, Any]] = {"phase": (entry.phase, phase.number)}
    if planned.opens_at is not None:
        wanted["opens_at"] = (entry.opens_at, planned.opens_at)
        wanted["closes_at"] = (entry.closes_at, planned.closes_at)
    elif planned.closes_at is not None:
        if entry.opens_at is None:
            raise ConfigurationError(
                f"The plan for {phase.school} closes {planned.module.value}, which has no opening.",
                fix="Give it opens_on, or take closes_on out.",
            )
        wanted["closes_at"] = (entry.closes_at, planned.closes_at)
    return [
        Difference(phase.school, planned.module.value, name, before, after)
        for name, (before, after) in wanted.items()
        if before != after
    ]


def _entries(connection: Connection, school: SchoolId, now: datetime) -> list[ModuleEntry]:
    """Give the register's entries; a school that never synced shows the default plan, without writing it."""
    known = {entry.module: entry for entry in register.read(connection, school)[0]}
    return [
        known.get(module)
        or ModuleEntry(module, DEFAULT_PHASE[module], now if module in ALWAYS_ON else None, None, None)
        for module in Module
    ]


def decisions(connection: Connection, school: SchoolId) -> Mapping[int, Decision]:
    """Give the decision behind each phase of a school."""
    return {
        row["number"]: Decision(*(row[name] for name in Decision._fields))
        for row in register.phases(connection, school)
    }
