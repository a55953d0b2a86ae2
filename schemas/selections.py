"""What a school chose to show within its open modules: selections, dates, and the fields of the group list.

A setting has a name and a JSON value; what is not set has its default. The register keeps them with their history.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from schemas.correction_fields import FIELDS, FieldName, Policy
from schemas.errors import ConfigurationError
from schemas.selection_words import TWICE, complaint, plain_all
from schemas.streams import Stream


def _as_code(value: Any) -> Any:
    """Read a year group written as a number, 3, as its code, "3"."""
    return str(value) if type(value) is int and value >= 0 else value


Code = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=64)]
YearGroupCode = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=4), BeforeValidator(_as_code)
]
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _only_a_day(value: Any) -> Any:
    """Refuse what pydantic would read as a day too: seconds since 1970, an instant at midnight."""
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    if not is_day and not (isinstance(value, str) and _ISO_DAY.fullmatch(value)):
        raise PydanticCustomError("day", "not a day")
    return value


def _in_order(values: Iterable[str]) -> tuple[str, ...]:
    """Give each value once, in one order: how a person wrote a list decides nothing."""
    return tuple(sorted(set(values)))


_Day = Annotated[date, BeforeValidator(_only_a_day)]
_OrAll = BeforeValidator(plain_all)
_InOrder = AfterValidator(_in_order)
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


def _by_a_person(policy: Policy) -> Policy:
    """Refuse what only a guardian's own phone or mail may be."""
    if policy is Policy.AUTOMATIC:
        raise PydanticCustomError("policy", "not automatic")
    return policy


_ByPerson = Annotated[Policy, AfterValidator(_by_a_person)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class TestChoice(_Frozen):
    """One test that parents see: in which year groups (none named: in all), taken from which day, with its level."""

    __test__ = False

    test: Code
    year_groups: Annotated[tuple[YearGroupCode, ...], _InOrder] = ()
    from_on: _Day | None = None
    shows_level: StrictBool = True


def _each_once(choices: tuple[TestChoice, ...]) -> tuple[TestChoice, ...]:
    """Put the tests in one order; refuse a year group that is decided twice for one test."""
    chosen = sorted(set(choices), key=lambda choice: (choice.test, choice.year_groups))
    decided: dict[str, set[str]] = {}
    for choice in chosen:
        before, mine = decided.setdefault(choice.test, set()), set(choice.year_groups) or {"*"}
        if before & mine or (before and "*" in before | mine):
            raise PydanticCustomError(TWICE, "decided twice")
        before |= mine
    return tuple(chosen)


class Selections(_Frozen):
    """One school's settings. None selects everything."""

    subjects: Annotated[Annotated[tuple[Code, ...], _InOrder] | None, _OrAll] = None
    tests: Annotated[Annotated[tuple[TestChoice, ...], AfterValidator(_each_once)] | None, _OrAll] = None
    note_categories: Annotated[Annotated[tuple[NoteCategory, ...], _InOrder] | None, _OrAll] = None
    reports_from: Annotated[_Day | None, _OrAll] = None
    news_audience: Audience = Audience.SCHOOL_AND_GROUPS
    calendar_audience: Audience = Audience.SCHOOL_AND_GROUPS
    leaver_grace_days: Annotated[int, Field(strict=True, ge=0, le=366)] = 14
    history_years: Annotated[Annotated[int, Field(strict=True, ge=0, le=20)] | None, _OrAll] = None
    group_list_name: StrictBool = Field(default=False, alias="group_list.name")
    group_list_photo: StrictBool = Field(default=False, alias="group_list.photo")
    group_list_birth_date: BirthDateShown = Field(default=BirthDateShown.OFF, alias="group_list.birth_date")
    group_list_address: StrictBool = Field(default=False, alias="group_list.address")
    group_list_phone: StrictBool = Field(default=False, alias="group_list.phone")
    group_list_parents_names: StrictBool = Field(default=False, alias="group_list.parents_names")
    corrections_guardians_email: Policy = Field(default=Policy.REQUEST, alias="corrections.guardians.email")
    corrections_guardians_phones: Policy = Field(default=Policy.REQUEST, alias="corrections.guardians.phones")
    corrections_guardians_address: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.guardians.address")
    corrections_guardians_initials: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.guardians.initials")
    corrections_guardians_call_name: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.guardians.call_name")
    corrections_guardians_name_prefix: _ByPerson = Field(
        default=Policy.REQUEST, alias="corrections.guardians.name_prefix"
    )
    corrections_guardians_last_name: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.guardians.last_name")
    corrections_pupils_address: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.pupils.address")
    corrections_pupils_phones: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.pupils.phones")
    corrections_pupils_first_names: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.pupils.first_names")
    corrections_pupils_call_name: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.pupils.call_name")
    corrections_pupils_name_prefix: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.pupils.name_prefix")
    corrections_pupils_last_name: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.pupils.last_name")
    corrections_pupils_birth_on: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.pupils.birth_on")
    corrections_pupils_emergency_contacts: _ByPerson = Field(
        default=Policy.REQUEST, alias="corrections.pupils.emergency_contacts"
    )
    corrections_pupils_allergies: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.pupils.allergies")
    corrections_pupils_medication: _ByPerson = Field(default=Policy.REQUEST, alias="corrections.pupils.medication")
    corrections_pupils_care_providers: _ByPerson = Field(
        default=Policy.REQUEST, alias="corrections.pupils.care_providers"
    )


DEFAULT_SELECTIONS = Selections()

SETTINGS: Mapping[str, str] = {field.alias or name: name for name, field in Selections.model_fields.items()}
"""The settings by the name that the register, the commands and the plan file use."""

_SAID: Mapping[Stream, str] = {Stream.GUARDIANS: "a guardian's own", Stream.PUPILS: "a pupil's"}

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
    **{f"corrections.{field}": f"corrections: how {_SAID[field.stream]} {field.name} is taken" for field in FIELDS},
}
"""What each setting decides, in words for a person."""

_HISTORY = "history_years"
DECIDED_BY: Mapping[Stream, tuple[str, ...]] = {
    Stream.PUPILS: ("leaver_grace_days",),
    Stream.ABSENCES: (_HISTORY,),
    Stream.NEWS_ITEMS: ("news_audience",),
    Stream.CALENDAR_ITEMS: ("calendar_audience", _HISTORY),
    Stream.SUPPORT_PLANS: (_HISTORY,),
    Stream.REPORTS: ("reports_from", _HISTORY),
    Stream.METHOD_TEST_RESULTS: ("subjects", _HISTORY),
    Stream.NOTES: ("note_categories", _HISTORY),
    Stream.TEST_RESULTS: ("tests", _HISTORY),
}
"""The settings that decide which rows of a stream are stored. The group list is judged when it is read."""


def policy_of(selections: Selections, field: FieldName) -> Policy:
    """Give how a school takes a correction of this field."""
    policy: Policy = getattr(selections, SETTINGS[f"corrections.{field}"])
    return policy


def parse_setting(name: str, value: Any) -> Any:
    """Give one setting's value as `Selections` holds it; raises ConfigurationError that says what is allowed."""
    return getattr(selections_of({name: value}), SETTINGS[name])


def selections_of(values: Mapping[str, Any]) -> Selections:
    """Give the settings by their names; raises ConfigurationError that says what is allowed, never what was there."""
    for name in values:
        if name not in SETTINGS:
            fix = f"The settings are {', '.join(SETTINGS)}."
            raise ConfigurationError(f"There is no setting {name[:40]!r}.", fix=fix)
    try:
        return Selections.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = str(first["loc"][0])
        raise ConfigurationError(complaint(first["loc"], first["type"]), fix=f"It decides: {MEANINGS[name]}.") from None


def setting_text(value: Any) -> str:
    """Write one value of `Selections` as the register's JSON text."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
