"""Change what parents see within the open modules: a school's settings, one by one or as a plan says.

Use cases over the register. Each works inside a transaction of the caller, so that all of it happens or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import Connection

from connector.bookkeeping import register
from mappings.activation import ModuleState, decide
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId
from schemas.modules import ALWAYS_ON
from schemas.selections import DECIDED_BY, DEFAULT_SELECTIONS, SETTINGS, setting_text
from schemas.streams import Stream


class Instead(Enum):
    """What stands in the place of a value. Its own value is the words for it."""

    DEFAULT = "default"
    UNREADABLE = "cannot be read"


DEFAULT = Instead.DEFAULT
"""In a plan: go back to the default, whatever that is in this version."""
UNREADABLE = Instead.UNREADABLE
"""In the register: a value that the commands did not write and nobody can read."""


class SettingView(NamedTuple):
    """One setting of one school as a person wants to see it. `problem` says why `value` cannot be read."""

    school: SchoolId
    name: str
    value: Any
    is_set: bool
    changed_at: datetime | None
    changed_by: str | None
    streams: tuple[Stream, ...]
    problem: str = ""


class SettingStep(NamedTuple):
    """What a change did to one setting. `pulled` are the streams that the next sync pulls in full because of it."""

    school: SchoolId
    name: str
    before: Any
    after: Any
    was_set: bool
    is_set: bool
    is_change: bool
    pulled: tuple[Stream, ...]


class PlannedSettings(NamedTuple):
    """What a plan says of one school's settings: values of `Selections` by name, or DEFAULT."""

    school: SchoolId
    values: Mapping[str, Any]


def default_of(name: str) -> Any:
    """Give what a setting is when nobody sets it; UNREADABLE for a name of no setting."""
    return getattr(DEFAULT_SELECTIONS, SETTINGS[name]) if name in SETTINGS else UNREADABLE


def streams_of(name: str) -> tuple[Stream, ...]:
    """Give the streams whose stored rows a setting decides."""
    return tuple(stream for stream in Stream if name in DECIDED_BY.get(stream, ()))


def look(connection: Connection, school: SchoolId) -> list[SettingView]:
    """Give every setting of a school, then what is in the register and is none."""
    texts, changes = register.setting_texts(connection, school), register.setting_changes(connection, school)
    views = []
    for name in (*SETTINGS, *(name for name in texts if name not in SETTINGS)):
        value, problem = _value(school, name, texts)
        at, by = changes.get(name, (None, None))
        views.append(SettingView(school, name, value, name in texts, at, by, streams_of(name), problem))
    return views


def set_values(
    connection: Connection, school: SchoolId, values: Mapping[str, Any], *, now: datetime, by: str
) -> list[SettingStep]:
    """Write settings, or take them back to their DEFAULT; tell what that changed. Values are those of `Selections`."""
    steps = foresee(connection, school, values, now)
    for step in steps:
        if step.is_change and step.is_set:
            register.set_setting(connection, school, step.name, setting_text(step.after), by)
        elif step.is_change:
            register.reset_setting(connection, school, step.name, by)
    return steps


def unset(connection: Connection, school: SchoolId, name: str, *, now: datetime, by: str) -> SettingStep:
    """Go back to a setting's default; takes away what is in the register and is no setting, too."""
    (step,) = set_values(connection, school, {name: DEFAULT}, now=now, by=by)
    return step


def foresee(connection: Connection, school: SchoolId, values: Mapping[str, Any], now: datetime) -> list[SettingStep]:
    """Tell what writing these values would change."""
    steps = []
    texts, open_streams = register.setting_texts(connection, school), _open_streams(connection, school, now)
    for name, wanted in values.items():
        before = _value(school, name, texts)[0]
        after = default_of(name) if wanted is DEFAULT else wanted
        was_set, is_set = name in texts, wanted is not DEFAULT
        is_change = was_set != is_set or (is_set and before != after)
        moves = before != after
        pulled = tuple(stream for stream in streams_of(name) if moves and stream in open_streams)
        steps.append(SettingStep(school, name, before, after, was_set, is_set, is_change, pulled))
    return steps


def _value(school: SchoolId, name: str, texts: Mapping[str, str]) -> tuple[Any, str]:
    """Give a setting's value, or UNREADABLE with the reason."""
    if name not in texts:
        return default_of(name), ""
    try:
        return register.read_setting(school, name, texts[name]), ""
    except ConfigurationError as error:
        return UNREADABLE, str(error)


def _open_streams(connection: Connection, school: SchoolId, now: datetime) -> frozenset[Stream]:
    entries = register.read(connection, school)[0]
    states = [ModuleState(module, now, None) for module in ALWAYS_ON]
    states += [ModuleState(entry.module, entry.opens_at, entry.closes_at) for entry in entries]
    return frozenset(decide(states, now).streams)


def present_settings(connection: Connection, schools: Iterable[SchoolId]) -> list[PlannedSettings]:
    """Give what each school set, as a plan; raises ConfigurationError for a value that cannot be read."""
    return [
        PlannedSettings(
            school,
            {
                name: register.read_setting(school, name, text)
                for name, text in register.setting_texts(connection, school).items()
            },
        )
        for school in schools
    ]


def differences(connection: Connection, plan: Iterable[PlannedSettings], now: datetime) -> list[SettingStep]:
    """Say what applying the settings of a plan would change."""
    return [
        step for planned in plan for step in foresee(connection, planned.school, planned.values, now) if step.is_change
    ]


def apply(connection: Connection, plan: Iterable[PlannedSettings], *, now: datetime, by: str) -> list[SettingStep]:
    """Make the register say what the plan says of settings, and give what that changed."""
    return [
        step
        for planned in plan
        for step in set_values(connection, planned.school, planned.values, now=now, by=by)
        if step.is_change
    ]
