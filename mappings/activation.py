"""Policy: which modules are open, so which streams are pulled, and what decides the rows of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from mappings.values import FIRST_MONTH_OF_A_SCHOOL_YEAR, local_day, school_year_of
from schemas.modules import STREAMS_OF, Module
from schemas.selections import DECIDED_BY, DEFAULT_SELECTIONS, SETTINGS, Selections, setting_text
from schemas.streams import LOOSE_REFERENCES, Stream

MAPPING_VERSION = 5
"""Raise it when a mapping starts to make other rows of the same records: every stream is then pulled in full."""


class ModuleState(NamedTuple):
    """What the register says of one module. Instants in UTC; None is not planned."""

    module: Module
    opens_at: datetime | None
    closes_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Tell whether the module is open at this instant."""
        if self.opens_at is None or self.opens_at > now:
            return False
        return self.closes_at is None or self.closes_at > now


class Policy(NamedTuple):
    """What a run may pull. `streams` is in dependency order; all others are withdrawn."""

    modules: frozenset[Module]
    streams: tuple[Stream, ...]
    selections: Selections = DEFAULT_SELECTIONS
    history_from: date | None = None

    def fingerprint(self, stream: Stream) -> str:
        """Name the mapping version and the settings that decide this stream's rows.

        The part before the colon changes with our software, the part behind it by a person's decision.
        """
        settings = [name for name, target in sorted(_loose(stream).items()) if target in self.streams]
        for name in DECIDED_BY.get(stream, ()):
            if name == "history_years":
                settings += [] if self.history_from is None else [f"from={self.history_from}"]
                continue
            value = getattr(self.selections, SETTINGS[name])
            if value != getattr(DEFAULT_SELECTIONS, SETTINGS[name]):
                settings.append(f"{name}={setting_text(value)}")
        return f"{MAPPING_VERSION}:{','.join(settings)}"


def _loose(stream: Stream) -> Mapping[str, Stream]:
    return LOOSE_REFERENCES.get(stream, {})


def decide(states: Iterable[ModuleState], now: datetime, selections: Selections = DEFAULT_SELECTIONS) -> Policy:
    """Give the policy at an instant."""
    modules = frozenset(state.module for state in states if state.is_open(now))
    needed = {stream for module in modules for stream in STREAMS_OF[module]}
    return Policy(
        modules, tuple(stream for stream in Stream if stream in needed), selections, history_from(selections, now)
    )


def history_from(selections: Selections, now: datetime) -> date | None:
    """Give the first day of the oldest school year that parents see; None when they see all."""
    years = selections.history_years
    return None if years is None else date(school_year_of(local_day(now)) - years, FIRST_MONTH_OF_A_SCHOOL_YEAR, 1)


def is_settings_change(old: str | None, new: str) -> bool:
    """Tell whether two fingerprints differ by a person's decision only, not by our mapping version."""
    return old is not None and old != new and old.partition(":")[0] == new.partition(":")[0]
