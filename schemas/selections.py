"""What a school chose to show within its open modules: selections, dates, and the fields of the group list.

A setting has a name and a JSON value; what is not set has its default. The register keeps them with their history.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schemas.errors import ConfigurationError
from schemas.streams import Stream

Code = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=64)]
YearGroupCode = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=4)]
NoteCategory = Literal["conversation", "educational_needs", "observation", "home_visit", "day_report"]


class Audience(StrEnum):
    """Whose items parents see: only what is for the whole school, or also what is for their child's group."""

    SCHOOL = "school"
    SCHOOL_AND_GROUPS = "school_and_groups"


class BirthDateShown(StrEnum):
    """How much of a birth date the group list shows."""

    OFF = "off"
    DAY_AND_MONTH = "day_and_month"
    FULL = "full"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class TestChoice(_Frozen):
    """One test that parents see: in which year groups (none named: in all), taken from which day, with its level."""

    __test__ = False

    test: Code
    year_groups: tuple[YearGroupCode, ...] = ()
    from_on: date | None = None
    shows_level: bool = True


class Selections(_Frozen):
    """One school's settings. None selects everything."""

    subjects: tuple[Code, ...] | None = None
    tests: tuple[TestChoice, ...] | None = None
    note_categories: tuple[NoteCategory, ...] | None = None
    reports_from: date | None = None
    news_audience: Audience = Audience.SCHOOL_AND_GROUPS
    calendar_audience: Audience = Audience.SCHOOL_AND_GROUPS
    leaver_grace_days: int = Field(default=14, ge=0, le=366)
    history_years: int | None = Field(default=None, ge=0, le=20)
    group_list_name: bool = Field(default=False, alias="group_list.name")
    group_list_photo: bool = Field(default=False, alias="group_list.photo")
    group_list_birth_date: BirthDateShown = Field(default=BirthDateShown.OFF, alias="group_list.birth_date")
    group_list_address: bool = Field(default=False, alias="group_list.address")
    group_list_phone: bool = Field(default=False, alias="group_list.phone")
    group_list_parents_names: bool = Field(default=False, alias="group_list.parents_names")


DEFAULT_SELECTIONS = Selections()

SETTINGS: Mapping[str, str] = {field.alias or name: name for name, field in Selections.model_fields.items()}
"""The settings by the name that the register, the commands and the plan file use."""

MEANINGS: Mapping[str, str] = {
    "subjects": "subjects of method tests that parents see",
    "tests": "tests that parents see, per year group and from which day",
    "note_categories": "categories of notes that parents see",
    "reports_from": "first day of reports that parents see",
    "news_audience": "news for the whole school only, or for groups too",
    "calendar_audience": "calendar items for the whole school only, or for groups too",
    "leaver_grace_days": "days that a pupil who left stays visible",
    "history_years": "school years before this one that parents see",
    "group_list.name": "group list: names of classmates",
    "group_list.photo": "group list: photo references",
    "group_list.birth_date": "group list: birth dates (off, day_and_month, full)",
    "group_list.address": "group list: addresses",
    "group_list.phone": "group list: phones",
    "group_list.parents_names": "group list: names of parents",
}
"""What each setting decides, in words for a person."""

_HISTORY = "history_years"
DECIDED_BY: Mapping[Stream, tuple[str, ...]] = {
    Stream.PUPILS: ("leaver_grace_days",),
    Stream.ABSENCES: (_HISTORY,),
    Stream.NEWS_ITEMS: ("news_audience",),
    Stream.SUPPORT_PLANS: (_HISTORY,),
    Stream.NOTES: ("note_categories", _HISTORY),
}
"""The settings that decide which rows of a stream are stored. The group list is judged when it is read."""


def parse_setting(name: str, value: Any) -> Any:
    """Give one setting's value as `Selections` holds it; raises ConfigurationError naming the setting."""
    return getattr(selections_of({name: value}), SETTINGS[name])


def selections_of(values: Mapping[str, Any]) -> Selections:
    """Give the settings by their names; raises ConfigurationError naming the first that is wrong."""
    for name in values:
        if name not in SETTINGS:
            fix = f"The settings are {', '.join(SETTINGS)}."
            raise ConfigurationError(f"There is no setting {name[:40]!r}.", fix=fix)
    try:
        return Selections.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"Setting {where}: {first['msg'].lower()}.", fix=_fix(str(first["loc"][0]))) from None


def setting_text(value: Any) -> str:
    """Write one value of `Selections` as the register's JSON text."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _fix(name: str) -> str:
    return f"It decides the {MEANINGS[name]}." if name in MEANINGS else ""
