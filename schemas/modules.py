"""Modules, phases and the default plan: what a school opens to parents, and which streams that needs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from schemas.streams import Stream


class Module(StrEnum):
    """What a school opens to parents. Dutch: these are the product's proper names."""

    PERSONALIA = "personalia"
    ABSENTIE = "absentie"
    MEDISCH = "medisch"
    FACTUREN = "facturen"
    JAARPLANNER = "jaarplanner"
    NIEUWS = "nieuws"
    MEDEWERKERS = "medewerkers"
    GROEP = "groep"
    ROOSTER = "rooster"
    HULPPLAN = "hulpplan"
    RAPPORT = "rapport"
    METHODETOETSEN = "methodetoetsen"
    NOTITIES = "notities"
    TOETSEN = "toetsen"


ALWAYS_ON: frozenset[Module] = frozenset({Module.PERSONALIA, Module.ABSENTIE, Module.MEDISCH, Module.FACTUREN})
"""Open from the first sync and not to be closed: "worden altijd getoond"."""

DEFAULT_PHASE: Mapping[Module, int] = {
    Module.PERSONALIA: 1,
    Module.ABSENTIE: 1,
    Module.MEDISCH: 1,
    Module.FACTUREN: 1,
    Module.JAARPLANNER: 2,
    Module.NIEUWS: 2,
    Module.MEDEWERKERS: 2,
    Module.GROEP: 3,
    Module.ROOSTER: 3,
    Module.HULPPLAN: 4,
    Module.RAPPORT: 5,
    Module.METHODETOETSEN: 5,
    Module.NOTITIES: 5,
    Module.TOETSEN: 5,
}

STREAMS_OF: Mapping[Module, tuple[Stream, ...]] = {
    Module.PERSONALIA: (
        Stream.LOCATIONS,
        Stream.PUPILS,
        Stream.GUARDIANS,
        Stream.GUARDIANSHIPS,
        Stream.EMERGENCY_CONTACTS,
    ),
    Module.ABSENTIE: (Stream.ABSENCES,),
    Module.MEDISCH: (Stream.MEDICAL_ITEMS,),
    Module.FACTUREN: (Stream.INVOICES,),
    Module.JAARPLANNER: (Stream.CALENDAR_ITEMS,),
    Module.NIEUWS: (Stream.NEWS_ITEMS,),
    Module.MEDEWERKERS: (Stream.EMPLOYEES,),
    Module.GROEP: (Stream.GROUPS, Stream.GROUP_MEMBERSHIPS, Stream.GROUP_EMPLOYEES, Stream.PRIVACY_PREFERENCES),
    Module.ROOSTER: (Stream.GROUPS, Stream.GROUP_MEMBERSHIPS, Stream.LESSONS),
    Module.HULPPLAN: (Stream.SUPPORT_PLANS,),
    Module.RAPPORT: (Stream.REPORTS,),
    Module.METHODETOETSEN: (Stream.METHOD_TEST_RESULTS,),
    Module.NOTITIES: (Stream.NOTES,),
    Module.TOETSEN: (Stream.TEST_RESULTS,),
}


ESSENTIAL: Mapping[Module, frozenset[Stream]] = {
    **{module: frozenset(streams) for module, streams in STREAMS_OF.items()},
    Module.PERSONALIA: frozenset({Stream.PUPILS}),
    Module.GROEP: frozenset({Stream.GROUPS, Stream.GROUP_MEMBERSHIPS}),
}
"""The streams without which a module is not shown at all, where the source cannot supply all that it needs."""


def modules_needing(stream: Stream) -> frozenset[Module]:
    """Give the modules that show this stream."""
    return frozenset(module for module, streams in STREAMS_OF.items() if stream in streams)
