"""A pause: nothing is asked or written for a school, or for every school of a source, until a person lifts it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Scope(StrEnum):
    """What can be paused."""

    SCHOOL = "school"
    SOURCE = "source"


class Pause(NamedTuple):
    """Who paused what, when and why. `name` is a BRIN or a source's name in the settings."""

    scope: Scope
    name: str
    paused_at: datetime
    paused_by: str
    reason: str

    def said(self) -> str:
        """Give it in words, for a person."""
        return (
            f"{self.scope.value} {self.name} is paused since {self.paused_at:%Y-%m-%d %H:%M} UTC "
            f"by {self.paused_by}: {self.reason}"
        )
