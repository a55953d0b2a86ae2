"""People of the reference dialect and how they belong together."""

from __future__ import annotations

from typing import Literal

from schemas.sources.reference.parts import Address, Gender, Period, Phone, Weekday, Wire
from schemas.sources.scalars import Begin, Day, DayIfKnown, End, Flag, Key, Rank, Text, YearGroup


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
    enrolled_from: Begin | None
    enrolled_until: End | None
    location_id: Key | None
    address: Address | None
    phones: tuple[Phone, ...]
    photo_reference: Text | None


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
    from_on: Begin | None
    until_on: End | None


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
    employed_from: Begin | None
    employed_until: End | None


class EmergencyContact(Wire):
    """Someone to call when no guardian can be reached."""

    id: Key
    pupil_id: Key
    name: Text
    relation: Text | None
    phones: tuple[Phone, ...]
    contact_order: Rank


class PrivacyPreference(Wire):
    """What the guardians of a pupil allow in one category."""

    id: Key
    pupil_id: Key
    category: Literal[
        "group_list_name",
        "group_list_photo",
        "group_list_birth_date",
        "group_list_address",
        "group_list_phone",
        "group_list_parents_names",
        "photo_website",
        "photo_social_media",
        "photo_newsletter",
    ]
    is_allowed: Flag
    given_on: DayIfKnown | None
