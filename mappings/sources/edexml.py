"""EDEXML's records in our own model. It names no guardian, phone or address (a postcode is none)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from schemas.canonical.people import Employee, Name, Pupil
from schemas.canonical.school import Group, GroupEmployee, GroupMembership, Location
from schemas.sources.edexml.records import (
    EdexmlEmployee,
    EdexmlGroup,
    EdexmlGroupEmployee,
    EdexmlLocation,
    EdexmlMembership,
    EdexmlName,
    EdexmlPupil,
)
from schemas.streams import Stream

_GENDERS = {"0": "unknown", "1": "male", "2": "female", "9": "other"}

_HISTORIC = "H"
"""The jaargroep of a pupil who left, also where no uitstroomdatum says so."""

_ROLES = {
    "STA": "intern",  # stagiair(e)
    "LRK": "teacher",  # leerkracht, groepsleraar
    "VAK": "teacher",  # vakleerkracht
    "IB": "coach",  # interne begeleider
    "RT": "coach",  # remedial teacher
    "KLA": "assistant",  # klassenassistent
    "OWA": "assistant",  # onderwijsassistent
    "LOS": "assistant",  # lerarenondersteuner: beside the teacher, not one
}
"""What a role code means in a group. CON (concierge), ADJ (deputy head), OUD (parent) and others are other."""

_PRECEDENCE = ("intern", "teacher", "coach", "assistant")
"""Of several roles in one group the first of these counts: a trainee is never shown as the teacher."""


def read_location(record: EdexmlLocation) -> Location:
    """Give the location; a document says nothing of its address."""
    return Location(key=record.key, name=record.naam, address=None, phone=None)


def read_pupil(record: EdexmlPupil) -> Pupil:
    """Give the pupil; the last school day is the uitstroomdatum itself, unless a historic pupil's is still to come."""
    status, last_day = _status(record), record.uitstroomdatum
    if status == "left" and last_day is not None and last_day >= record.reference_on:
        last_day = None
    return Pupil(
        key=record.key,
        former_keys=(),
        number=None,
        name=_name(record.naam),
        gender=_GENDERS.get(record.geslacht or "0", "unknown"),
        birth_on=record.geboortedatum,
        year_group=record.jaargroep,
        status=status,
        enrolled_from=record.instroomdatum,
        enrolled_until=last_day,
        location_key=record.vestiging,
        address=None,
        phones=(),
        photo_reference=None,
    )


def read_employee(record: EdexmlEmployee) -> Employee:
    """Give the employee with every role, code or description, as a function, each once."""
    return Employee(
        key=record.key,
        name=_name(record.naam),
        gender="unknown",
        functions=tuple(dict.fromkeys((*record.rol, *record.rolomschrijving))),
        work_email=record.emailadres,
        working_days=(),
        employed_from=None,
        employed_until=None,
    )


def read_group(record: EdexmlGroup) -> Group:
    """Give the group; a combination group has ("C",): each of its pupils has a year group of their own."""
    return Group(
        key=record.key,
        name=record.naam,
        school_year=record.school_year,
        year_groups=() if record.is_composite or record.jaargroep is None else (record.jaargroep,),
        kind="composite" if record.is_composite else "class",
    )


def read_membership(record: EdexmlMembership) -> GroupMembership:
    """Give the membership with the pupil's own year group, which the group's never overrules."""
    return GroupMembership(
        key=record.key,
        pupil_key=record.leerling,
        group_key=record.groep,
        school_year=record.school_year,
        year_group=record.jaargroep,
        from_on=None,
        until_on=None,
    )


def read_group_employee(record: EdexmlGroupEmployee) -> GroupEmployee:
    """Give the work in a group; a document says nothing of days."""
    return GroupEmployee(
        key=record.key,
        group_key=record.groep,
        employee_key=record.leerkracht,
        role=_role(record),
        weekdays=(),
        from_on=None,
        until_on=None,
    )


READERS: Mapping[Stream, Callable[[Any], Any]] = {
    Stream.LOCATIONS: read_location,
    Stream.PUPILS: read_pupil,
    Stream.EMPLOYEES: read_employee,
    Stream.GROUPS: read_group,
    Stream.GROUP_MEMBERSHIPS: read_membership,
    Stream.GROUP_EMPLOYEES: read_group_employee,
}
"""For each stream the function from its wire record to our model."""


def _name(naam: EdexmlName) -> Name:
    return Name(
        first_names=naam.voornamen,
        initials=_initials(naam.voorletters),
        call_name=naam.roepnaam,
        prefix=naam.voorvoegsel,
        last_name=naam.achternaam,
    )


def _initials(text: str | None) -> str | None:
    """EDEXML writes initials without dots (`YH`), people read them with (`Y.H.`)."""
    if text is None or not text.isalpha():
        return text
    return text[0] + "".join(f".{letter}" if letter.isupper() else letter for letter in text[1:]) + "."


def _status(record: EdexmlPupil) -> str:
    if record.uitstroomdatum is not None and record.uitstroomdatum < record.reference_on:
        return "left"
    if record.jaargroep == _HISTORIC:
        return "left"
    if record.instroomdatum is not None and record.instroomdatum > record.reference_on:
        return "future"
    return "enrolled"


def _role(record: EdexmlGroupEmployee) -> str:
    """No role at all is a teacher: the element itself says leerkracht, and a narrow set has no roles."""
    if not record.rol and not record.rolomschrijving:
        return "teacher"
    roles = {_ROLES.get(code.upper(), "other") for code in record.rol}
    return next((role for role in _PRECEDENCE if role in roles), "other")
