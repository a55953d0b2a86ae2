"""The plan file: a school's phases and settings as TOML, read and written.

What it may say: docs/how-to/open-a-module.md.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from connector.bookkeeping.register import Contact, Decision
from jobs.activate import PlannedModule, PlannedPhase
from jobs.choose import DEFAULT, PlannedSettings
from jobs.cli.contact_words import CONTACT_KEYS, parse_contact
from jobs.cli.modules_words import as_instant, parse_module
from mappings.values import SCHOOL_ZONE, start_of_day
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId, parse_school_id
from schemas.modules import Module
from schemas.selections import SETTINGS, TestChoice, parse_setting

SCHOOL_KEYS = ("phases", "settings", "contact")
PHASE_KEYS = ("opens_on", "decided_by", "agreed_with", "evening_on", "text", "modules")
MODULE_KEYS = ("opens_on", "closes_on")
Table = Mapping[str, Any]


class Plan(NamedTuple):
    """What a plan file says of one or more schools, school by school: phases, settings, and whom parents may ask."""

    phases: tuple[PlannedPhase, ...]
    settings: tuple[PlannedSettings, ...]
    contacts: tuple[tuple[SchoolId, Contact], ...] = ()


def read_plan(path: Path, schools: Collection[SchoolId]) -> Plan:
    """Read and judge a plan file as a whole; raises ConfigurationError with file, key and fix."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"There is no plan file {path}.", fix="`connector modules plan` prints one.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read ({type(error).__name__}).", fix="Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not TOML: {error}.", fix="Mend that line.") from None
    try:
        planned = list(_schools(content, schools))
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error.message}", fix=error.fix) from None
    return Plan(
        tuple(phase for one in planned for phase in one.phases),
        tuple(settings for one in planned for settings in one.settings),
        tuple(contact for one in planned for contact in one.contacts),
    )


def _schools(content: Table, schools: Collection[SchoolId]) -> Iterator[Plan]:
    _known_keys(content, ("schools",), "")
    seen: set[SchoolId] = set()
    for name, tables in _table(content.get("schools"), "schools").items():
        school = parse_school_id(name)
        where = f'schools."{name}"'
        if school not in schools:
            raise ConfigurationError(
                f"{where} is not configured.", fix=f"Configured are {', '.join(sorted(schools)) or 'no schools'}."
            )
        if school in seen:
            raise ConfigurationError(f"{where} is the same school a second time.", fix="Write both in one.")
        seen.add(school)
        _known_keys(_table(tables, where), SCHOOL_KEYS, where)
        has_settings, has_contact = "settings" in tables, "contact" in tables
        has_phases = "phases" in tables or not (has_settings or has_contact)
        yield Plan(
            tuple(_phases(school, tables, where)) if has_phases else (),
            (_settings(school, tables["settings"], f"{where}.settings"),) if has_settings else (),
            ((school, _contact(tables["contact"], f"{where}.contact")),) if has_contact else (),
        )


def _contact(table: Any, where: str) -> Contact:
    _known_keys(_table(table, where), CONTACT_KEYS, where)
    return parse_contact(table, f"{where}.")


def _settings(school: SchoolId, table: Any, where: str) -> PlannedSettings:
    values: dict[str, Any] = {}
    for name, value in _named(_table(table, where)):
        if name in values:
            raise ConfigurationError(f"{where} says {name} twice.", fix="Say it once.")
        try:
            values[name] = DEFAULT if value == DEFAULT.value else parse_setting(name, value)
        except ConfigurationError as error:
            raise ConfigurationError(f"{where}: {error.message}", fix=error.fix) from None
    return PlannedSettings(school, values)


def _named(table: Table) -> Iterator[tuple[str, Any]]:
    """Give the settings by name: TOML reads `group_list.name` as a table `group_list` with a key `name`."""
    for key, value in table.items():
        if isinstance(value, dict) and key not in SETTINGS:
            yield from ((f"{key}.{inner}", each) for inner, each in _named(value))
        else:
            yield key, value


def _phases(school: SchoolId, tables: Table, where: str) -> Iterator[PlannedPhase]:
    placed: dict[Module, str] = {}
    for number, table in _table(tables.get("phases"), f"{where}.phases").items():
        here = f"{where}.phases.{number}"
        if not number.isascii() or not number.isdigit() or len(number) > len("99") or not int(number):
            raise ConfigurationError(f"{here} is not a phase.", fix="A phase is a number from 1 to 99.")
        phase = _phase(school, int(number), _table(table, here), here)
        for planned in phase.modules:
            if planned.module in placed:
                raise ConfigurationError(
                    f"{here}.modules names {planned.module.value}, which {placed[planned.module]} has too.",
                    fix="A module belongs to one phase; name it once.",
                )
            placed[planned.module] = here
        yield phase


def _phase(school: SchoolId, number: int, table: Table, where: str) -> PlannedPhase:
    _known_keys(table, PHASE_KEYS, where)
    opens_on = _day(table, "opens_on", where)
    decision = Decision(
        opens_on,
        _text(table, "decided_by", where),
        _text(table, "agreed_with", where),
        _day(table, "evening_on", where),
        _text(table, "text", where),
    )
    return PlannedPhase(school, number, decision, tuple(_modules(table.get("modules", []), opens_on, where)))


def _modules(given: Any, opens_on: date | None, where: str) -> Iterator[PlannedModule]:
    where = f"{where}.modules"
    if isinstance(given, list):
        for name in given:
            opens_at = None if opens_on is None else start_of_day(opens_on)
            yield PlannedModule(_module(name, where), opens_at, None)
        return
    if not isinstance(given, dict):
        raise ConfigurationError(f"{where} is neither a list nor a table.", fix='Write ["notities"].')
    for name, value in given.items():
        module, here = _module(name, where), f"{where}.{name}"
        dates = value if isinstance(value, dict) else {"opens_on": value}
        _known_keys(dates, MODULE_KEYS, here)
        opens_at, closes_at = (_instant(dates, key, here) for key in MODULE_KEYS)
        if opens_at is not None and closes_at is not None and closes_at < opens_at:
            raise ConfigurationError(f"{here} closes before it opens.", fix="Mend closes_on.")
        yield PlannedModule(module, opens_at, closes_at)


def _module(name: Any, where: str) -> Module:
    try:
        return parse_module(str(name))
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error.message}", fix=error.fix) from None


def _known_keys(table: Table, known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            name = f"{where}.{key}" if where else key
            raise ConfigurationError(f"{name} is not a key of a plan.", fix=f"The keys here are {', '.join(known)}.")


def _table(value: Any, where: str) -> Table:
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where} is missing or not a table.", fix='Write [schools."99AA00".phases.5].')
    return value


def _text(table: Table, key: str, where: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"{where}.{key} is not a text.", fix="Put it between quotes.")
    return value


def _day(table: Table, key: str, where: str) -> date | None:
    value = table.get(key)
    if value is not None and (isinstance(value, datetime) or not isinstance(value, date)):
        raise ConfigurationError(
            f"{where}.{key} is not a day.", fix="Write year-month-day without quotes, as in 2027-01-31."
        )
    return value


def _instant(table: Table, key: str, where: str) -> datetime | None:
    value = table.get(key)
    if isinstance(value, datetime):
        return as_instant(value, f"{where}.{key}")
    day = _day(table, key, where)
    return None if day is None else start_of_day(day)


def plan_text(plan: Plan) -> str:
    """Write a plan as TOML that `read_plan` reads back as the same plan; without settings there is no section."""
    lines = ["# What each school opens to parents. Change it, then: connector modules apply FILE --dry-run"]
    settings = {planned.school: planned.values for planned in plan.settings if planned.values}
    phases = {school: list(mine) for school, mine in groupby(plan.phases, lambda phase: phase.school)}
    contacts = dict(plan.contacts)
    for school in dict.fromkeys([*phases, *settings, *contacts]):
        for phase in phases.get(school, ()):
            lines += ["", f'[schools."{school}".phases.{phase.number}]', *_phase_lines(phase)]
        if school in settings:
            lines += ["", f'[schools."{school}".settings]']
            lines += [f"{name} = {_toml(value)}" for name, value in settings[school].items()]
        if school in contacts:
            lines += ["", f'[schools."{school}".contact]']
            said = contacts[school]._asdict().items()
            lines += [f"{name} = {_quoted(value)}" for name, value in said if value is not None]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    match value:
        case None:
            return '"all"'
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case date():
            return value.isoformat()
        case tuple():
            return f"[{', '.join(_toml(one) for one in value)}]"
        case TestChoice():
            parts = value.model_dump(exclude_defaults=True).items()
            return f"{{ {', '.join(f'{name} = {_toml(each)}' for name, each in parts)} }}"
        case _:
            return _quoted(DEFAULT.value if value is DEFAULT else str(value))


def _phase_lines(phase: PlannedPhase) -> Iterator[str]:
    decision = phase.decision
    for key, value in zip(PHASE_KEYS, decision, strict=False):
        if value is not None:
            yield f"{key} = {value.isoformat() if isinstance(value, date) else _quoted(value)}"
    day = None if decision.opens_on is None else start_of_day(decision.opens_on)
    if all(planned.opens_at == day and planned.closes_at is None for planned in phase.modules):
        yield f"modules = [{', '.join(_quoted(planned.module.value) for planned in phase.modules)}]"
    else:
        for planned in phase.modules:
            yield f"modules.{planned.module.value} = {_dates(planned)}"


def _dates(planned: PlannedModule) -> str:
    if planned.opens_at is not None and planned.closes_at is None:
        return _moment(planned.opens_at)
    dates = zip(MODULE_KEYS, (planned.opens_at, planned.closes_at), strict=True)
    inside = ", ".join(f"{key} = {_moment(value)}" for key, value in dates if value is not None)
    return f"{{ {inside} }}" if inside else "{}"


def _moment(instant: datetime) -> str:
    there = instant.astimezone(SCHOOL_ZONE)
    return there.date().isoformat() if instant == start_of_day(there.date()) else there.isoformat()


def _quoted(text: str) -> str:
    return "".join(
        mark if mark.isprintable() else f"\\U{ord(mark):08X}" for mark in json.dumps(text, ensure_ascii=False)
    )
