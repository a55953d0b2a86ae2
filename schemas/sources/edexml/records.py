"""What an EDEXML document carries, in its own words.

There is no field for a personal number (sofinummer, bsn, onderwijsnummer, bsn_ondwnr-4, rijksregisternummer),
for descent (etniciteit, land, land_vader, land_moeder), weight (gewicht, gewicht_nieuw), account or postcode: what
has no field here is not read from the document at all, so that it can reach no object, message or log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from schemas.ids import SourceKey


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
    """A leerling; `reference_on` travels along because the document has no status of its own.

    `jaargroep` is the leerling's own or, where none is named, its class's.
    """

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
    """A leerling's reference to a groep or samengestelde_groep, with the leerling's jaargroep."""

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
    "school": frozenset(
        {"schooljaar", "peildatum", "brincode", "dependancecode", "instellingsnummer", "aanmaakdatum", "xsdversie"}
    ),
    "vestigingen": frozenset({"naam"}),
    "groepen": frozenset({"naam", "jaargroep"}),
    "leerlingen": _NAME | _PUPIL,
    "leerkrachten": _NAME | {"emailadres"},
}
"""The text elements that are read, by section; everything else is left behind in the document."""

BELOW: Mapping[str, frozenset[str]] = {
    **FIELDS,
    "leerlingen": FIELDS["leerlingen"] | {"vestiging", "groep", "samengestelde_groepen"},
    "leerkrachten": FIELDS["leerkrachten"] | {"rol", "rolomschrijving", "groepen"},
}
"""The elements directly below a record of which anything is read; all others, toevoegingen first, are passed over."""

Resolve = Callable[[str], SourceKey | None]
"""Gives the key for a key as written, the surrogate for a dummy, None where neither can be had."""
