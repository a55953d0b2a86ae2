"""People and how they belong together. Days are local calendar days, instants are aware UTC."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Name(NamedTuple):
    """A person's name by NEN 1888: `last_name` without the prefix (tussenvoegsel). Any part may be absent."""

    first_names: str | None = None
    initials: str | None = None
    call_name: str | None = None
    prefix: str | None = None
    last_name: str | None = None


class Address(NamedTuple):
    """A home or school address. `is_confidential` is True unless the source plainly said otherwise."""

    is_confidential: bool
    key: str | None = None
    street: str | None = None
    house_number: str | None = None
    house_number_suffix: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None


class Phone(NamedTuple):
    """A telephone number. `kind` is mobile, home, work or other."""

    number: str
    kind: str
    is_confidential: bool


class Period(NamedTuple):
    """Days from the first up to and including the last; None is open."""

    from_on: date | None
    until_on: date | None


class Pupil(NamedTuple):
    """A pupil (leerling). `status` is registered, future, enrolled, guest or left.

    `enrolled_until` is the last school day, inclusive. `year_group` is a code ("0".."8", "C", "H", ...).
    """

    key: str
    former_keys: tuple[str, ...]
    number: str | None
    name: Name
    gender: str
    birth_on: date | None
    year_group: str | None
    status: str
    enrolled_from: date | None
    enrolled_until: date | None
    location_key: str | None
    address: Address | None
    phones: tuple[Phone, ...]
    photo_reference: str | None


class Guardian(NamedTuple):
    """A guardian (verzorger)."""

    key: str
    former_keys: tuple[str, ...]
    name: Name
    gender: str
    email: str | None
    phones: tuple[Phone, ...]
    address: Address | None


class Guardianship(NamedTuple):
    """The relation between one pupil and one guardian. `authority` is full, none or unknown.

    `restriction` is a court's or the school's bar, `information` an agreement under art. 1:377c BW.
    """

    key: str
    pupil_key: str
    guardian_key: str
    relation: str
    authority: str
    restriction: Period | None
    information: Period | None
    contact_order: int
    from_on: date | None
    until_on: date | None


class Employee(NamedTuple):
    """An employee (medewerker); only what concerns work."""

    key: str
    name: Name
    gender: str
    functions: tuple[str, ...]
    work_email: str | None
    working_days: tuple[str, ...]
    employed_from: date | None
    employed_until: date | None


class EmergencyContact(NamedTuple):
    """Someone to call when no guardian can be reached; not a guardian, and without access."""

    key: str
    pupil_key: str
    name: str
    relation: str | None
    phones: tuple[Phone, ...]
    contact_order: int


class PrivacyPreference(NamedTuple):
    """What the guardians of one pupil allow in one category. Nothing said is not allowed."""

    key: str
    pupil_key: str
    category: str
    is_allowed: bool
    given_on: date | None
