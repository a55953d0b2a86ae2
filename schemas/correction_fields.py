"""The fields that may be asked for, and the form of a value of each. Written by hand.

A value is plain data, None when empty: text; a day as `YYYY-MM-DD`; phones as a list of {kind, number}; an address as
{street, house_number, house_number_suffix, postal_code, city, country}; emergency contacts as a list of {name,
relation, phones}; medical items as a list of {name, details, instructions, from_on, until_on, phone}. A list is always
the whole list.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from schemas.streams import Stream


class Kind(StrEnum):
    """The form of a value."""

    TEXT = "text"
    DAY = "day"
    MAIL = "mail"
    PHONES = "phones"
    ADDRESS = "address"
    CONTACTS = "contacts"
    MEDICAL = "medical"


class Policy(StrEnum):
    """How a school takes a correction of a field."""

    OFF = "off"
    REQUEST = "request"
    EVIDENCE = "evidence"
    TWO_PERSONS = "two_persons"
    AUTOMATIC = "automatic"


class FieldName(NamedTuple):
    """A field of a pupil or a guardian."""

    stream: Stream
    name: str

    def __str__(self) -> str:
        """Give it as settings, files and tables write it."""
        return f"{self.stream.value}.{self.name}"


class FieldSpec(NamedTuple):
    """What is known of a field. `held_in` is the stream whose rows hold it, `medical_kind` selects among them."""

    kind: Kind
    held_in: Stream
    columns: tuple[str, ...]
    is_sensitive: bool = False
    may_be_automatic: bool = False
    medical_kind: str | None = None


ADDRESS_PARTS = ("street", "house_number", "house_number_suffix", "postal_code", "city", "country")
MEDICAL_PARTS = ("name", "details", "instructions", "from_on", "until_on", "phone")
CONTACT_PARTS = ("name", "relation", "phones")


def _text(stream: Stream, name: str) -> FieldSpec:
    return FieldSpec(Kind.TEXT, stream, (name,))


def _medical(kind: str) -> FieldSpec:
    return FieldSpec(Kind.MEDICAL, Stream.MEDICAL_ITEMS, MEDICAL_PARTS, is_sensitive=True, medical_kind=kind)


_PUPIL, _GUARDIAN = Stream.PUPILS, Stream.GUARDIANS

FIELDS: Mapping[FieldName, FieldSpec] = {
    FieldName(_GUARDIAN, "email"): FieldSpec(Kind.MAIL, _GUARDIAN, ("email",), may_be_automatic=True),
    FieldName(_GUARDIAN, "phones"): FieldSpec(Kind.PHONES, _GUARDIAN, ("phones",), may_be_automatic=True),
    FieldName(_GUARDIAN, "address"): FieldSpec(Kind.ADDRESS, _GUARDIAN, ADDRESS_PARTS),
    **{
        FieldName(_GUARDIAN, name): _text(_GUARDIAN, name)
        for name in ("initials", "call_name", "name_prefix", "last_name")
    },
    FieldName(_PUPIL, "address"): FieldSpec(Kind.ADDRESS, _PUPIL, ADDRESS_PARTS),
    FieldName(_PUPIL, "phones"): FieldSpec(Kind.PHONES, _PUPIL, ("phones",)),
    **{
        FieldName(_PUPIL, name): _text(_PUPIL, name)
        for name in ("first_names", "call_name", "name_prefix", "last_name")
    },
    FieldName(_PUPIL, "birth_on"): FieldSpec(Kind.DAY, _PUPIL, ("birth_on",)),
    FieldName(_PUPIL, "emergency_contacts"): FieldSpec(Kind.CONTACTS, Stream.EMERGENCY_CONTACTS, CONTACT_PARTS),
    FieldName(_PUPIL, "allergies"): _medical("allergy"),
    FieldName(_PUPIL, "medication"): _medical("medication"),
    FieldName(_PUPIL, "care_providers"): _medical("care_provider"),
}
"""Every field that a school may let parents correct. Authority and restrictions are none: they need a judgment."""


def named(entity: str, name: str) -> FieldName | None:
    """Give the field by the words of a submission, or None when there is none such."""
    found = [field for field in FIELDS if (field.stream.value, field.name) == (entity, name)]
    return found[0] if found else None
