"""Modules, phases and the default plan: what a school opens to parents, and which streams that needs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from schemas.streams import Stream


class Module(StrEnum):
    """What a school opens to parents. Dutch: these are the product's proper names."""

    PERSONALIA = "personalia"
    ABSENTIE = "absentie"
    NIEUWS = "nieuws"
    MEDEWERKERS = "medewerkers"
    GROEP = "groep"
    HULPPLAN = "hulpplan"
    NOTITIES = "notities"


ALWAYS_ON: frozenset[Module] = frozenset({Module.PERSONALIA, Module.ABSENTIE})
"""Open from the first sync and not to be closed: "worden altijd getoond"."""

DEFAULT_PHASE: Mapping[Module, int] = {
    Module.PERSONALIA: 1,
    Module.ABSENTIE: 1,
    Module.NIEUWS: 2,
    Module.MEDEWERKERS: 2,
    Module.GROEP: 3,
    Module.HULPPLAN: 4,
    Module.NOTITIES: 5,
}

STREAMS_OF: Mapping[Module, tuple[Stream, ...]] = {
    Module.PERSONALIA: (Stream.LOCATIONS, Stream.PUPILS, Stream.GUARDIANS, Stream.GUARDIANSHIPS),
    Module.ABSENTIE: (Stream.ABSENCES,),
    Module.NIEUWS: (Stream.NEWS_ITEMS,),
    Module.MEDEWERKERS: (Stream.EMPLOYEES,),
    Module.GROEP: (Stream.GROUPS, Stream.GROUP_MEMBERSHIPS, Stream.GROUP_EMPLOYEES),
    Module.HULPPLAN: (Stream.SUPPORT_PLANS,),
    Module.NOTITIES: (Stream.NOTES,),
}


def modules_needing(stream: Stream) -> frozenset[Module]:
    """Give the modules that show this stream."""
    return frozenset(module for module, streams in STREAMS_OF.items() if stream in streams)
