"""A school's settings as a person types and reads them: `rekenen,taal`, `all`, `3`, `on`. JSON is always understood."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from shlex import quote
from typing import Any

from jobs.choose import DEFAULT, UNREADABLE
from schemas.correction_fields import FIELDS
from schemas.errors import ConfigurationError
from schemas.selections import SETTINGS, TestChoice, parse_setting, setting_text

_TEST = re.compile(
    r"(?P<test>[^:;]+?)\s*(:(?P<groups>[^:;]*?))?(\s+from\s+(?P<day>\S+))?(?P<without>\s+without\s+level)?",
    re.IGNORECASE,
)
_SWITCH: Mapping[str, bool] = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}
_TESTS = "rekenen:3,4,5 from 2026-02-01; dmt without level"
_SIGNS_OF_JSON = ("[", "{", '"')


def parse_name(name: str) -> str:
    """Read a setting's name, whatever its capitals; the error offers the nearest one."""
    wanted = name.strip().lower()
    if wanted in SETTINGS:
        return wanted
    near = difflib.get_close_matches(wanted, SETTINGS, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise ConfigurationError(
        f"There is no setting {name[:40]!r}.", fix=f"{hint}The settings are {', '.join(SETTINGS)}."
    )


def parse_value(name: str, text: str) -> Any:
    """Read what a person typed for a setting: DEFAULT, or a value of `Selections`.

    Raises ConfigurationError that says what is allowed, with an example.
    """
    typed = text.strip()
    if typed.lower() == DEFAULT.value:
        return DEFAULT
    try:
        return parse_setting(name, _plain(name, typed))
    except ConfigurationError as error:
        example = f"connector modules set {name} {quote(EXAMPLES[name])} --school …"
        raise ConfigurationError(error.message, fix=f"For example: {example}") from None


def value_text(name: str, value: Any) -> str:
    """Show a value as it is typed: `parse_value` reads it back as the same value."""
    if value is DEFAULT or value is UNREADABLE:
        return str(value.value)
    typed = _typed(value)
    try:
        is_plain = parse_value(name, typed) == value
    except ConfigurationError:
        is_plain = False
    return typed if is_plain else setting_text(value)


def _plain(name: str, typed: str) -> Any:
    """Give the plain value that was typed, for `parse_setting` to judge."""
    if typed.startswith(_SIGNS_OF_JSON) or typed == "null":
        try:
            return json.loads(typed)
        except (ValueError, RecursionError):
            raise ConfigurationError(f"{name}: what begins with {typed[0]} must be JSON, and this is not.") from None
    return typed if typed.lower() == "all" else _READERS[name](typed)


def _words(typed: str) -> Any:
    return [] if typed.lower() == "none" else [word.strip() for word in typed.split(",")]


def _number(typed: str) -> Any:
    # The longest number of a setting has three digits; Python refuses to read one of thousands.
    is_number = typed.removeprefix("-").isdecimal() and len(typed) < len("-10000")
    return int(typed) if is_number else typed


def _switch(typed: str) -> Any:
    return _SWITCH.get(typed.lower(), typed)


def _word(typed: str) -> Any:
    return typed.lower()


def _tests(typed: str) -> Any:
    return [] if typed.lower() == "none" else [_test(number, part) for number, part in enumerate(typed.split(";"), 1)]


def _test(number: int, part: str) -> Mapping[str, Any]:
    found = _TEST.fullmatch(part.strip())
    if found is None:
        raise ConfigurationError(f"tests: number {number} must be a test, as in {_TESTS.partition(';')[0]}.")
    choice: dict[str, Any] = {"test": found["test"], "shows_level": found["without"] is None}
    if found["groups"] is not None:
        choice["year_groups"] = found["groups"].split(",")
    if found["day"] is not None:
        choice["from_on"] = found["day"]
    return choice


def _typed(value: Any) -> str:
    match value:
        case None:
            return "all"
        case ():
            return "none"
        case bool():
            return str(value).lower()
        case date():
            return value.isoformat()
        case tuple():
            separator = "; " if isinstance(value[0], TestChoice) else ","
            return separator.join(_typed(one) for one in value)
        case TestChoice():
            groups = f":{','.join(value.year_groups)}" if value.year_groups else ""
            first = f" from {value.from_on}" if value.from_on is not None else ""
            return f"{value.test}{groups}{first}{'' if value.shows_level else ' without level'}"
        case _:
            return str(value)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "subjects": _words,
    "tests": _tests,
    "note_categories": _words,
    "reports_from": _word,
    "news_audience": _word,
    "calendar_audience": _word,
    "leaver_grace_days": _number,
    "history_years": _number,
    "group_list.name": _switch,
    "group_list.photo": _switch,
    "group_list.birth_date": _word,
    "group_list.address": _switch,
    "group_list.phone": _switch,
    "group_list.parents_names": _switch,
    **{f"corrections.{field}": _word for field in FIELDS},
}

EXAMPLES: Mapping[str, str] = {
    "subjects": "rekenen,taal",
    "tests": _TESTS,
    "note_categories": "conversation,educational_needs",
    "reports_from": "2025-08-01",
    "news_audience": "school",
    "calendar_audience": "school",
    "leaver_grace_days": "30",
    "history_years": "3",
    "group_list.name": "on",
    "group_list.photo": "on",
    "group_list.birth_date": "day_and_month",
    "group_list.address": "off",
    "group_list.phone": "off",
    "group_list.parents_names": "on",
    **{f"corrections.{field}": "evidence" for field in FIELDS},
}
"""A value of each setting, as typed."""
