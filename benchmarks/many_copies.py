"""A simulated SIS for measuring: a full year of `connector.simulator`, each school as many times over as is asked for.

`python -m benchmarks.many_copies PUPILS COPIES SCHOOL…` serves on a free port, which it says on stderr. A copy is made
when a page is served, by renumbering every key in its bytes, so that a school of a million records costs this process
little and all its references hold. No record announces a document: those are fetched one by one, at the source's pace.
"""

from __future__ import annotations

import re
import sys
from datetime import date
from typing import NamedTuple

from connector.simulator.amounts import FULL_YEAR
from connector.simulator.answers import Simulator
from connector.simulator.server import serve
from connector.simulator.shelf import Lies, Shelf
from connector.simulator.world import World

TODAY = date(2026, 11, 24)
SEED = 7
_KEY = re.compile(rb'"([a-z]{3})-([0-9]{6})"')


class Place(NamedTuple):
    """Where a page begins: in which copy, after which key."""

    copy: int
    after: str


class Copies(Shelf):
    """A shelf whose enumeration goes through its records again and again, under other keys."""

    def __init__(self, shelf: Shelf, copies: int) -> None:
        super().__init__(shelf.entries, shelf.ids, shelf.sequences, shelf.changed, shelf.live * copies, shelf.horizon)
        self._copies = copies

    def page(self, after: str, size: int, skip: int = 0, lies: Lies | None = None) -> tuple[list[bytes], str | None]:
        """Give a page of one copy."""
        place = _place(after)
        bodies, last = super().page(place.after, size, skip, lies)
        if place.copy:
            bodies = [_KEY.sub(rb'"\1-%d\2"' % place.copy, body) for body in bodies]
        if last is not None:
            return bodies, f"{place.copy} {last}"
        return bodies, f"{place.copy + 1} " if place.copy + 1 < self._copies else None


def _place(after: str) -> Place:
    copy, _, key = after.partition(" ")
    return Place(int(copy or 0), key)


def main() -> int:
    """Serve until told to stop."""
    pupils, copies, *schools = sys.argv[1:]
    world = World(SEED, TODAY, dict.fromkeys(schools, int(pupils)), FULL_YEAR)
    for school in world.schools.values():
        for stream, shelf in school.shelves.items():
            for entry in shelf.entries.values():
                if "document" in entry.record:
                    entry.record["document"] = None
            if int(copies) > 1:
                school.shelves[stream] = Copies(shelf, int(copies))
    return serve("127.0.0.1", 0, Simulator(world, token_seconds=36_000))


if __name__ == "__main__":
    sys.exit(main())
