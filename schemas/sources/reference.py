"""The reference dialect on the wire: docs/reference/sis-openapi.yaml as pydantic models.

Only what the portal may ever use has a field. Dropped at the door, so that no object holds it: `changed_at`,
ECK iDs, official names, `birth_date_uncertain`, internal remarks, private mail and mobile numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from schemas.sources.scalars import (
    Confidential,
    Day,
    Flag,
    Instant,
    Key,
    Rank,
    SchoolYear,
    Text,
    YearGroup,
)
from schemas.streams import Stream

Gender = Literal["male", "female", "other", "unknown"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri"]


class Wire(BaseModel):
    """A part of an answer: frozen, and blind to fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Address(Wire):
    """A home or a building."""

    id: Key
    street: Text
    house_number: Text
    house_number_suffix: Text | None
    postal_code: Text
    city: Text
    country: Text
    is_confidential: Confidential = True


class Phone(Wire):
    """A telephone number."""

    number: Text
    kind: Literal["mobile", "home", "work", "other"]
    is_confidential: Confidential = True


class Period(Wire):
    """From a day until a day, both inclusive."""

    from_on: Day
    until_on: Day | None


class Location(Wire):
    """A school building."""

    id: Key
    name: Text
    address: Address | None
    phone: Phone | None


class Pupil(Wire):
    """A pupil, enrolled or not."""

    id: Key
    former_ids: tuple[Key, ...]
    pupil_number: Text
    first_names: Text | None
    call_name: Text | None
    name_prefix: Text | None
    last_name: Text | None
    gender: Gender
    birth_on: Day | None
    year_group: YearGroup
    status: Literal["registered", "future", "enrolled", "guest", "left"]
    enrolled_from: Day | None
    enrolled_until: Day | None
    location_id: Key | None
    address: Address | None
    phones: tuple[Phone, ...]


class Guardian(Wire):
    """A parent or other carer."""

    id: Key
    former_ids: tuple[Key, ...]
    initials: Text | None
    call_name: Text | None
    name_prefix: Text | None
    last_name: Text
    gender: Gender
    email: Text | None
    phones: tuple[Phone, ...]
    address: Address | None


class Guardianship(Wire):
    """Who is what to which pupil."""

    id: Key
    pupil_id: Key
    guardian_id: Key
    relation: Literal["father", "mother", "stepparent", "foster_parent", "legal_guardian", "grandparent", "other"]
    authority: Literal["full", "none", "unknown"]
    restriction: Period | None
    information_agreement: Period | None
    contact_order: Rank
    from_on: Day | None
    until_on: Day | None


class Absence(Wire):
    """An absence or a late arrival."""

    id: Key
    pupil_id: Key
    kind: Literal["absent", "late"]
    reason: Literal["illness", "medical_visit", "leave", "late", "unauthorised", "other"]
    is_authorised: Flag
    starts_at: Instant
    ends_at: Instant | None
    reported_by: Literal["guardian", "school"]


class NewsItem(Wire):
    """A news item, published or not."""

    id: Key
    title: Text
    body: Text
    published: Flag
    publish_from: Instant | None
    publish_until: Instant | None
    group_id: Key | None


class Employee(Wire):
    """An employee, as far as work goes."""

    id: Key
    initials: Text | None
    call_name: Text | None
    name_prefix: Text | None
    last_name: Text
    gender: Gender
    functions: tuple[Text, ...]
    work_email: Text | None
    working_days: tuple[Weekday, ...]
    employed_from: Day | None
    employed_until: Day | None


class Group(Wire):
    """A group of last, this or next school year."""

    id: Key
    name: Text
    school_year: SchoolYear
    year_groups: tuple[YearGroup, ...]
    kind: Literal["class", "composite", "placeholder"]


class GroupMembership(Wire):
    """A pupil's place in a group."""

    id: Key
    pupil_id: Key
    group_id: Key
    school_year: SchoolYear
    year_group: YearGroup
    from_on: Day
    until_on: Day | None


class GroupEmployee(Wire):
    """Who stands before which group."""

    id: Key
    group_id: Key
    employee_id: Key
    role: Literal["teacher", "coach", "assistant", "intern", "other"]
    weekdays: tuple[Weekday, ...]
    from_on: Day | None
    until_on: Day | None


class SupportPlan(Wire):
    """A support plan in any status."""

    id: Key
    pupil_id: Key
    subject: Text
    status: Literal["concept", "review", "final", "withdrawn"]
    from_on: Day
    until_on: Day | None
    goals: Text
    approach: Text | None
    evaluation: Text | None
    employee_id: Key | None


class Note(Wire):
    """A note in a pupil's file, for parents or not."""

    id: Key
    pupil_id: Key
    category: Literal["conversation", "educational_needs", "observation", "home_visit", "day_report"]
    noted_on: Day
    title: Text
    text: Text
    employee_id: Key | None
    visible_to_parents: Flag
    reply_allowed: Flag


WIRE: Mapping[Stream, type[Wire]] = {
    Stream.LOCATIONS: Location,
    Stream.PUPILS: Pupil,
    Stream.GUARDIANS: Guardian,
    Stream.GUARDIANSHIPS: Guardianship,
    Stream.ABSENCES: Absence,
    Stream.NEWS_ITEMS: NewsItem,
    Stream.EMPLOYEES: Employee,
    Stream.GROUPS: Group,
    Stream.GROUP_MEMBERSHIPS: GroupMembership,
    Stream.GROUP_EMPLOYEES: GroupEmployee,
    Stream.SUPPORT_PLANS: SupportPlan,
    Stream.NOTES: Note,
}
"""The wire model of each stream's records."""

_TIE = frozenset({"pupil_id", "group_id", "from_on", "until_on"})

VISIBILITY_FIELDS: Mapping[Stream, frozenset[str]] = {
    Stream.LOCATIONS: frozenset(),
    Stream.PUPILS: frozenset({"status", "enrolled_from", "enrolled_until"}),
    Stream.GUARDIANS: frozenset(),
    Stream.GUARDIANSHIPS: frozenset(
        "pupil_id guardian_id authority restriction information_agreement from_on until_on".split()
    ),
    Stream.ABSENCES: frozenset({"pupil_id"}),
    Stream.NEWS_ITEMS: frozenset({"published", "publish_from", "publish_until", "group_id"}),
    Stream.EMPLOYEES: frozenset({"employed_from", "employed_until"}),
    Stream.GROUPS: frozenset({"kind"}),
    Stream.GROUP_MEMBERSHIPS: _TIE,
    Stream.GROUP_EMPLOYEES: _TIE,
    Stream.SUPPORT_PLANS: frozenset({"status", "pupil_id"}),
    Stream.NOTES: frozenset({"visible_to_parents", "pupil_id"}),
}
"""The fields that decide whether and to whom a record is shown: unreadable, they hide it."""

PLAINLY_SHOWN: Mapping[Stream, Mapping[str, tuple[object, ...]]] = {
    Stream.PUPILS: {"status": ("registered", "future", "enrolled", "guest"), "enrolled_until": (None,)},
    Stream.GUARDIANSHIPS: {"authority": ("full",), "restriction": (None,), "until_on": (None,)},
    Stream.NEWS_ITEMS: {"published": (True,)},
    Stream.EMPLOYEES: {"employed_until": (None,)},
    Stream.GROUPS: {"kind": ("class", "composite")},
    Stream.GROUP_MEMBERSHIPS: {"until_on": (None,)},
    Stream.GROUP_EMPLOYEES: {"until_on": (None,)},
    Stream.SUPPORT_PLANS: {"status": ("final",)},
    Stream.NOTES: {"visible_to_parents": (True,)},
}
"""A record with a bad field keeps its old row only while these say plainly that it may be seen: a note that
loses its flag and gets a bad date in one change must go."""
