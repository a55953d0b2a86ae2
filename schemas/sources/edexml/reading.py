"""An EDEXML document's elements as its records, or why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from schemas.days import begin_of, end_of, recorded
from schemas.ids import SourceKey
from schemas.sources.edexml.keys import (
    UNREADABLE_KEY,
    UNSTABLE_KEY,
    is_dummy,
    joined_key,
    named_key,
    parse_day,
    person_key,
)
from schemas.sources.edexml.records import (
    EdexmlEmployee,
    EdexmlGroup,
    EdexmlGroupEmployee,
    EdexmlLocation,
    EdexmlMembership,
    EdexmlName,
    EdexmlPupil,
    EdexmlRecord,
    EdexmlReference,
    Resolve,
)
from schemas.sources.edexml.versions import COMBINATION, Version, year_group
from schemas.streams import Rejection

UNREADABLE_DATE = "unreadable_date"
MISSING_FIELD = "missing_field"


_DAYS: tuple[tuple[str, Callable[[date], date | None], bool], ...] = (
    ("uitstroomdatum", end_of, True),
    ("instroomdatum", begin_of, True),
    ("geboortedatum", recorded, False),
)
"""A leerling's days: what each says by its kind, and whether it decides visibility."""


def read_location(record: EdexmlRecord) -> EdexmlLocation | Rejection:
    """Give the location, or why not."""
    key, naam = named_key(record, "location"), record.fields.get("naam")
    if isinstance(key, Rejection):
        return key
    return EdexmlLocation(key, naam) if naam else Rejection(key, MISSING_FIELD, "naam")


def read_group(
    record: EdexmlRecord, school_year: int, version: Version, *, is_composite: bool
) -> EdexmlGroup | Rejection:
    """Give the group, or why not."""
    kind = "composite" if is_composite else "class"
    key, naam = named_key(record, "group", str(school_year), kind), record.fields.get("naam")
    if isinstance(key, Rejection):
        return key
    if naam is None:
        return Rejection(key, MISSING_FIELD, "naam")
    jaargroep = None if is_composite else year_group(version, record.fields.get("jaargroep"))
    return EdexmlGroup(key, naam, jaargroep, is_composite, school_year)


def read_name(fields: Mapping[str, str]) -> EdexmlName | None:
    """Give the parts of a name, or None when there is neither achternaam nor roepnaam."""
    name = EdexmlName(
        fields.get("achternaam"),
        fields.get("voorvoegsel"),
        fields.get("voornamen"),
        fields.get("voorletters-1"),
        fields.get("roepnaam"),
    )
    return name if name.achternaam or name.roepnaam else None


def pupils_year_group(record: EdexmlRecord, version: Version, of_groups: Mapping[str, str | None]) -> str | None:
    """Give a pupil's own jaargroep or, where it names none, that of its class by the key as written.

    In 1.03 a leerling names a groep or a jaargroep, never both. C says nothing of one pupil, and a class never
    overrules what its pupil says, readable or not.
    """
    named: Iterable[str | None] = (record.fields.get("jaargroep"),)
    if "jaargroep" not in record.fields:
        named = (of_groups.get(reference.key) for reference in record.references if reference.key)
    code = year_group(version, next(filter(None, named), None))
    return None if code == COMBINATION else code


def read_pupil(
    record: EdexmlRecord, jaargroep: str | None, reference_on: date, locations: Resolve
) -> EdexmlPupil | Rejection:
    """Give the pupil, or why not. The days that decide visibility are read first: a rejection then hides."""
    key = person_key(record)
    if isinstance(key, Rejection):
        return key
    days: list[date | None] = []
    for field, meaning, hides in _DAYS:
        text = record.fields.get(field)
        try:
            days.append(meaning(parse_day(text)) if text else None)
        except ValueError:
            return Rejection(key, UNREADABLE_DATE, field, hides)
    uitstroomdatum, instroomdatum, geboortedatum = days
    naam = read_name(record.fields)
    if naam is None:
        return Rejection(key, MISSING_FIELD, "achternaam")
    return EdexmlPupil(
        key=key,
        naam=naam,
        geslacht=record.fields.get("geslacht"),
        jaargroep=jaargroep,
        vestiging=locations(record.vestiging) if record.vestiging else None,
        geboortedatum=geboortedatum,
        instroomdatum=instroomdatum,
        uitstroomdatum=uitstroomdatum,
        reference_on=reference_on,
    )


def read_employee(record: EdexmlRecord) -> EdexmlEmployee | Rejection:
    """Give the employee, or why not."""
    key = person_key(record)
    if isinstance(key, Rejection):
        return key
    naam = read_name(record.fields)
    if naam is None:
        return Rejection(key, MISSING_FIELD, "achternaam")
    return EdexmlEmployee(key, naam, record.fields.get("emailadres"), record.rol, record.rolomschrijving)


def read_links(
    record: EdexmlRecord, groups: Resolve
) -> Iterable[tuple[SourceKey, SourceKey, EdexmlReference] | Rejection]:
    """Give person's key, group's key and reference for each group the record names, or why not.

    An element without a key attribute names no group and is passed over. A link whose ends cannot both be named
    over time is rejected without a key: it may be a row we have, so nothing may go missing by this document.
    """
    person = person_key(record)
    for reference in record.references:
        if reference.key is None:
            continue
        if isinstance(person, Rejection):
            yield person
        elif (group := groups(reference.key)) is not None:
            yield person, group, reference
        else:
            yield Rejection(None, UNSTABLE_KEY if is_dummy(reference.key) else UNREADABLE_KEY, "groep/@key")


def read_memberships(
    record: EdexmlRecord, jaargroep: str | None, school_year: int, groups: Resolve
) -> Iterable[EdexmlMembership | Rejection]:
    """Give a membership for each group a leerling is in, or why not."""
    for link in read_links(record, groups):
        if isinstance(link, Rejection):
            yield link
        else:
            pupil, group, _ = link
            yield EdexmlMembership(joined_key(pupil, group), pupil, group, jaargroep, school_year)


def read_group_employees(record: EdexmlRecord, groups: Resolve) -> Iterable[EdexmlGroupEmployee | Rejection]:
    """Give the work of a leerkracht in each of the groups, or why not."""
    for link in read_links(record, groups):
        if isinstance(link, Rejection):
            yield link
        else:
            employee, group, reference = link
            own = reference if reference.rol or reference.rolomschrijving else record
            key = joined_key(employee, group)
            yield EdexmlGroupEmployee(key, employee, group, own.rol, own.rolomschrijving)
