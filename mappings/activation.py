"""Policy: which modules are open, so which streams are pulled, and what decides the rows of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from schemas.modules import STREAMS_OF, Module
from schemas.streams import LOOSE_REFERENCES, Stream

MAPPING_VERSION = 1
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
    leaver_grace_days: int

    def fingerprint(self, stream: Stream) -> str:
        """Name the mapping version and the settings that decide this stream's rows.

        The part before the colon changes with our software, the part behind it by a person's decision.
        """
        pulled = set(self.streams)
        settings = [f"{name}" for name, target in sorted(_loose(stream).items()) if target in pulled]
        if stream is Stream.PUPILS:
            settings.append(f"grace={self.leaver_grace_days}")
        return f"{MAPPING_VERSION}:{','.join(settings)}"


def _loose(stream: Stream) -> Mapping[str, Stream]:
    return LOOSE_REFERENCES.get(stream, {})


def decide(states: Iterable[ModuleState], now: datetime, leaver_grace_days: int) -> Policy:
    """Give the policy at an instant."""
    modules = frozenset(state.module for state in states if state.is_open(now))
    needed = {stream for module in modules for stream in STREAMS_OF[module]}
    return Policy(modules, tuple(stream for stream in Stream if stream in needed), leaver_grace_days)


def is_settings_change(old: str | None, new: str) -> bool:
    """Tell whether two fingerprints differ by a person's decision only, not by our mapping version."""
    return old is not None and old != new and old.partition(":")[0] == new.partition(":")[0]
