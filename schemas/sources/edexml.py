"""What an EDEXML document carries, in its own words, and how its keys and days are read.

There is no field for a personal number (sofinummer, bsn, onderwijsnummer, bsn_ondwnr-4, rijksregisternummer),
for descent (etniciteit, land, land_vader, land_moeder), weight (gewicht, gewicht_nieuw), account or postcode: what
has no field here is not read from the document at all, so that it can reach no object, message or log.

Keys. A key is trimmed. EDEXML promises that it never changes, except one that begins with `#`: a dummy, good
within its document only. A dummy is never passed on. Its record gets a surrogate where the document holds
something that stays: an ECK iD for people, the name for a location, the name within the school year for a group
(a group lives one school year). Otherwise the record is rejected without a key, which makes the enumeration
incomplete: nothing of that stream can go missing by this document.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.errors import ConfigurationError
from schemas.ids import SchoolId, SourceKey, parse_school_id, parse_source_key
from schemas.streams import Rejection

UNREADABLE_KEY = "unreadable_key"
UNSTABLE_KEY = "unstable_key"
UNREADABLE_DATE = "unreadable_date"
MISSING_FIELD = "missing_field"

_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9:.]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
_SCHOOL_YEAR = re.compile(r"([0-9]{4}) ?[-/] ?([0-9]{4})", re.ASCII)
_ZONE = ZoneInfo("Europe/Amsterdam")
_MAX_KEY = 256


class EdexmlHeader(NamedTuple):
    """The school header. `reference_on` is the day it speaks of, `created_at` when it was made (aware UTC)."""

    school_id: SchoolId
    school_year: int
    reference_on: date
    created_at: datetime
    version: str | None


class HeaderProblem(NamedTuple):
    """Why a school header cannot be used, and what a person can do."""

    what: str
    fix: str


class EdexmlName(NamedTuple):
    """A person's name (NEN 1888): either achternaam and what goes with it, or roepnaam only."""

    achternaam: str | None
    voorvoegsel: str | None
    voornamen: str | None
    voorletters: str | None
    roepnaam: str | None


class EdexmlLocation(NamedTuple):
    """A vestiging."""

    key: SourceKey
    naam: str


class EdexmlPupil(NamedTuple):
    """A leerling; `reference_on` travels along because the document has no status of its own."""

    key: SourceKey
    naam: EdexmlName
    geboortedatum: date | None
    geslacht: str | None
    jaargroep: str | None
    vestiging: SourceKey | None
    instroomdatum: date | None
    uitstroomdatum: date | None
    reference_on: date


class EdexmlEmployee(NamedTuple):
    """A leerkracht, with the roles that are independent of a group."""

    key: SourceKey
    naam: EdexmlName
    emailadres: str | None
    rol: tuple[str, ...]
    rolomschrijving: tuple[str, ...]


class EdexmlGroup(NamedTuple):
    """A groep (with a jaargroep) or samengestelde_groep (without)."""

    key: SourceKey
    naam: str
    jaargroep: str | None
    is_composite: bool
    school_year: int


class EdexmlMembership(NamedTuple):
    """A leerling's reference to a groep or samengestelde_groep, with the leerling's own jaargroep."""

    key: SourceKey
    leerling: SourceKey
    groep: SourceKey
    jaargroep: str | None
    school_year: int


class EdexmlGroupEmployee(NamedTuple):
    """A leerkracht's reference to a groep or samengestelde_groep.

    The roles are those in this group; where it names none, those independent of a group.
    """

    key: SourceKey
    leerkracht: SourceKey
    groep: SourceKey
    rol: tuple[str, ...]
    rolomschrijving: tuple[str, ...]


class EdexmlReference(NamedTuple):
    """A reference to a group as written: `key` is None where the element has no such attribute."""

    key: str | None
    rol: tuple[str, ...] = ()
    rolomschrijving: tuple[str, ...] = ()


class EdexmlRecord(NamedTuple):
    """One element below a section, cut down to what has a field above. `fields` has no empty texts."""

    key: str | None
    eckid: str | None
    fields: Mapping[str, str]
    vestiging: str | None
    references: tuple[EdexmlReference, ...]
    rol: tuple[str, ...]
    rolomschrijving: tuple[str, ...]


_NAME = frozenset({"achternaam", "voorvoegsel", "voornamen", "voorletters-1", "roepnaam"})
_PUPIL = frozenset({"geboortedatum", "geslacht", "jaargroep", "instroomdatum", "uitstroomdatum"})

FIELDS: Mapping[str, frozenset[str]] = {
    "school": frozenset({"schooljaar", "peildatum", "brincode", "dependancecode", "aanmaakdatum", "xsdversie"}),
    "vestigingen": frozenset({"naam"}),
    "groepen": frozenset({"naam", "jaargroep"}),
    "leerlingen": _NAME | _PUPIL,
    "leerkrachten": _NAME | {"emailadres"},
}
"""The text elements that are read, by section; everything else is left behind in the document."""

Resolve = Callable[[str], SourceKey | None]
"""Gives the key for a key as written, the surrogate for a dummy, None where neither can be had."""


def clean(text: str | None) -> str | None:
    """Give the text in NFC with its runs of white space made one space; None when nothing is left."""
    collapsed = " ".join(text.split()) if text else ""
    return unicodedata.normalize("NFC", collapsed) or None


def parse_day(text: str) -> date:
    """Give the calendar day as written, whatever zone or time follows. Raises ValueError without the text."""
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError("not a day")
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        raise ValueError("not a day") from None


def is_dummy(key: str | None) -> bool:
    """Tell whether the key is good within its own document only."""
    return key is not None and key.strip().startswith("#")


def surrogate(kind: str, *parts: str) -> SourceKey:
    """Give a key made of what stays the same: `kind:` and the SHA-256 of the parts, each ended by a NUL."""
    ended = "".join(f"{part}\0" for part in parts)
    return SourceKey(f"{kind}:{hashlib.sha256(ended.encode()).hexdigest()}")


def joined_key(first: SourceKey, second: SourceKey) -> SourceKey:
    """Give a relation's key: `first|second`, with `%` and `|` in them as %25 and %7C; hashed if too long."""
    text = "|".join(part.replace("%", "%25").replace("|", "%7C") for part in (first, second))
    return SourceKey(text) if len(text) <= _MAX_KEY else surrogate("pair", first, second)


def person_key(record: EdexmlRecord) -> SourceKey | Rejection:
    """Give a person's key, the surrogate of a dummy-keyed person's ECK iD, or why there is none."""
    if is_dummy(record.key):
        eckid = (record.eckid or "").strip()
        if not eckid:
            return Rejection(None, UNSTABLE_KEY, "@key")
        return SourceKey(f"eckid:{hashlib.sha256(eckid.encode()).hexdigest()}")
    return parse_source_key(record.key) or Rejection(None, UNREADABLE_KEY, "@key")


def named_key(record: EdexmlRecord, kind: str, *parts: str) -> SourceKey | Rejection:
    """Give a thing's key, a dummy-keyed thing's surrogate from kind, parts and name, or why there is none."""
    if is_dummy(record.key):
        naam = record.fields.get("naam")
        return surrogate(kind, *parts, naam) if naam else Rejection(None, UNSTABLE_KEY, "@key")
    return parse_source_key(record.key) or Rejection(None, UNREADABLE_KEY, "@key")


def read_header(fields: Mapping[str, str]) -> EdexmlHeader | HeaderProblem:
    """Give the header, or what is wrong with it."""
    school_id = _school_id(fields)
    if school_id is None:
        return HeaderProblem(
            "names its school by no usable brincode and dependancecode",
            "Export it again with the school's BRIN; schoolkey or instellingsnummer alone cannot be matched.",
        )
    years = _SCHOOL_YEAR.fullmatch(fields.get("schooljaar", ""))
    if years is None or int(years[2]) != int(years[1]) + 1:
        return HeaderProblem("has no schooljaar of the form 2026-2027", "Export it again for one school year.")
    try:
        moments = [_moment(fields[name]) for name in ("peildatum", "aanmaakdatum") if name in fields]
    except ValueError:
        moments = []
    if not moments:
        return HeaderProblem(
            "has no readable peildatum or aanmaakdatum, so that it cannot be told from an older one",
            "Export it again with these dates.",
        )
    reference_on = moments[0].astimezone(_ZONE).date()
    return EdexmlHeader(school_id, int(years[1]), reference_on, moments[-1], fields.get("xsdversie"))


def _school_id(fields: Mapping[str, str]) -> SchoolId | None:
    """Give BRIN and site; None when there is no BRIN, or it holds another site than the dependancecode."""
    site = fields.get("dependancecode")
    try:
        brin = parse_school_id(fields.get("brincode", ""))
        whole = brin if site is None else parse_school_id(brin[:4] + site.zfill(2))
    except ConfigurationError:
        return None
    return whole if brin.endswith("00") or whole == brin else None


def _moment(text: str) -> datetime:
    """Give the instant, in UTC, of a day's begin or of a time; one without a zone is the school's."""
    if "T" not in text:
        return datetime.combine(parse_day(text), time.min, _ZONE).astimezone(UTC)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=_ZONE)).astimezone(UTC)


def read_location(record: EdexmlRecord) -> EdexmlLocation | Rejection:
    """Give the location, or why not."""
    key, naam = named_key(record, "location"), record.fields.get("naam")
    if isinstance(key, Rejection):
        return key
    return EdexmlLocation(key, naam) if naam else Rejection(key, MISSING_FIELD, "naam")


def read_group(record: EdexmlRecord, school_year: int, *, is_composite: bool) -> EdexmlGroup | Rejection:
    """Give the group, or why not."""
    kind = "composite" if is_composite else "class"
    key, naam = named_key(record, "group", str(school_year), kind), record.fields.get("naam")
    if isinstance(key, Rejection):
        return key
    if naam is None:
        return Rejection(key, MISSING_FIELD, "naam")
    jaargroep = None if is_composite else record.fields.get("jaargroep")
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


def read_pupil(record: EdexmlRecord, reference_on: date, locations: Resolve) -> EdexmlPupil | Rejection:
    """Give the pupil, or why not. The days that decide visibility are read first: a rejection then hides."""
    key = person_key(record)
    if isinstance(key, Rejection):
        return key
    days: list[date | None] = []
    for field, hides in (("uitstroomdatum", True), ("instroomdatum", True), ("geboortedatum", False)):
        text = record.fields.get(field)
        try:
            days.append(parse_day(text) if text else None)
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
        jaargroep=record.fields.get("jaargroep"),
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


def read_memberships(record: EdexmlRecord, school_year: int, groups: Resolve) -> Iterable[EdexmlMembership | Rejection]:
    """Give a membership for each group a leerling is in, or why not."""
    for link in read_links(record, groups):
        if isinstance(link, Rejection):
            yield link
        else:
            pupil, group, _ = link
            jaargroep = record.fields.get("jaargroep")
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
