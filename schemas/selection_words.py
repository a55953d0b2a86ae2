"""What each setting may be, in words: every complaint about a value is made of these, whoever wrote the value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.correction_fields import FIELDS

CATEGORIES = ("conversation", "educational_needs", "observation", "home_visit", "day_report")
_DAY = "a day as YYYY-MM-DD"
_SWITCH = "true or false"
_AUDIENCE = "school or school_and_groups"
_BY_PERSON = "off, request, evidence, two_persons"
_OR_BY_PERSON = "off, request, evidence or two_persons"

ALLOWED: Mapping[str, str] = {
    "subjects": "a list of subjects, such as rekenen and taal, or all",
    "tests": "a list of tests, each with its year groups, its first day and whether its level shows, or all",
    "note_categories": f"a list of {', '.join(CATEGORIES)}, or all",
    "reports_from": f"{_DAY}, or all",
    "news_audience": _AUDIENCE,
    "calendar_audience": _AUDIENCE,
    "leaver_grace_days": "a whole number from 0 to 366",
    "history_years": "a whole number from 0 to 20, or all",
    "group_list.name": _SWITCH,
    "group_list.photo": _SWITCH,
    "group_list.birth_date": "off, day_and_month or full",
    "group_list.address": _SWITCH,
    "group_list.phone": _SWITCH,
    "group_list.parents_names": _SWITCH,
    **{
        f"corrections.{field}": f"{_BY_PERSON} or automatic" if spec.may_be_automatic else _OR_BY_PERSON
        for field, spec in FIELDS.items()
    },
}
"""The values of each setting, after "must be"."""

_ITEMS: Mapping[str, str] = {
    "subjects": "a subject of 1 to 64 characters",
    "tests": "a test with its year groups, its first day and whether its level shows",
    "note_categories": f"one of {', '.join(CATEGORIES)}",
}
_TEST_KEYS: Mapping[str, str] = {
    "test": "a test's code of 1 to 64 characters",
    "year_groups": "a list of year groups, such as 3, 8 or C",
    "from_on": _DAY,
    "shows_level": _SWITCH,
}
TWICE = "twice"
"""The kind of error of a list that decides the same test for the same year group two times."""


def complaint(place: Sequence[str | int], kind: str) -> str:
    """Say what is allowed at a place inside a setting's value, never what was found there."""
    name, *inner = place
    if kind == TWICE:
        return f"{name} decides the same test for the same year group twice."
    if not inner or not isinstance(inner[0], int):
        return f"{name} must be {ALLOWED[str(name)]}."
    where = f"{name}: number {inner[0] + 1}"
    key = str(inner[1]) if len(inner) > 1 else ""
    if kind == "extra_forbidden":
        return f"{where} has a key that no test has; the keys are {', '.join(_TEST_KEYS)}."
    if kind == "missing":
        return f"{where} lacks {key}, {_TEST_KEYS[key]}."
    if key:
        return f"{where}: {key} must be {_TEST_KEYS[key]}."
    return f"{where} must be {_ITEMS[str(name)]}."


def plain_all(value: Any) -> Any:
    """Read the word `all` as None, which selects everything."""
    return None if isinstance(value, str) and value.strip().lower() == "all" else value
