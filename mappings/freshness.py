"""How old a school's data is, module by module, and whether that is within its target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from schemas.modules import STREAMS_OF, Module
from schemas.streams import Stream


class Freshness(StrEnum):
    """How a module's data stands to its target. Without a target nothing is late."""

    FRESH = "fresh"
    LATE = "late"
    LOADING = "loading"
    NOT_SUPPLIED = "not_supplied"


class ModuleAge(NamedTuple):
    """One open module: the instant its data is of (None: not loaded yet) and how that stands to the target."""

    module: Module
    data_at: datetime | None
    freshness: Freshness

    @property
    def is_late(self) -> bool:
        """Tell whether a person should look."""
        return self.freshness is Freshness.LATE


class Pulled(NamedTuple):
    """What is known of a school's streams: the last look that ended well, when each was loaded, what is lacking."""

    looked_at: datetime | None
    loaded_at: Mapping[Stream, datetime]
    lacking: frozenset[Stream]


def is_late(data_at: datetime | None, target: timedelta | None, now: datetime) -> bool:
    """Tell whether data of this instant is older than its target; data that never came is late."""
    return target is not None and (data_at is None or now - data_at > target)


def judge(
    opened: Iterable[tuple[Module, datetime]], pulled: Pulled, target: timedelta | None, now: datetime
) -> tuple[ModuleAge, ...]:
    """Judge the modules that are open, each since an instant; one whose first load is due has that long for it."""
    return tuple(_judge_one(module, opens_at, pulled, target, now) for module, opens_at in opened)


def _judge_one(
    module: Module, opens_at: datetime, pulled: Pulled, target: timedelta | None, now: datetime
) -> ModuleAge:
    streams = frozenset(STREAMS_OF[module]) - pulled.lacking
    if not streams:
        return ModuleAge(module, None, Freshness.NOT_SUPPLIED)
    if not streams <= pulled.loaded_at.keys():
        freshness = Freshness.LATE if is_late(opens_at, target, now) else Freshness.LOADING
        return ModuleAge(module, None, freshness)
    # A first load in a run that did not end well is as good as a look at this stream.
    ages = (max(filter(None, (pulled.looked_at, pulled.loaded_at[stream]))) for stream in streams)
    data_at = min(ages)
    return ModuleAge(module, data_at, Freshness.LATE if is_late(data_at, target, now) else Freshness.FRESH)
