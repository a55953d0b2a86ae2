"""One stream of one school: live records, tombstones, and the order in which they changed."""

import json
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from connector.simulator.dates import day_of
from connector.simulator.draft import Record

DATED = {
    "absences": "starts_at",
    "invoices": "invoiced_on",
    "news_items": "publish_from",
    "calendar_items": "starts_at",
    "support_plans": "from_on",
    "reports": "reported_on",
    "method_test_results": "taken_on",
    "notes": "noted_on",
    "test_results": "taken_on",
}
"""The streams that can be asked for a period, and the field that says on which day a record lies."""

Lies = Callable[[Record], bool]


@dataclass(slots=True)
class Entry:
    """A record and its last change; `deleted_at` set means that only a tombstone is served."""

    record: Record
    sequence: int = 0
    deleted_at: str | None = None
    cached: bytes | None = None

    def body(self) -> bytes:
        """Return the record or its tombstone as JSON, made once per change."""
        if self.cached is None:
            shown = self.record if self.deleted_at is None else tombstone(self.record["id"], self.deleted_at)
            self.cached = as_json(shown)
        return self.cached


@dataclass
class Shelf:
    """Entries by id. Pages are taken by key, so that a change between two pages never shifts one."""

    entries: dict[str, Entry] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    live: int = 0
    horizon: int = 0

    def fill(self, records: Iterable[Record]) -> None:
        """Lay down the records that were there before the first change."""
        self.entries = {record["id"]: Entry(record) for record in records}
        self.ids = sorted(self.entries)
        self.live = len(self.ids)

    def write(self, identifier: str, entry: Entry) -> None:
        """Replace one entry and note its change."""
        before = self.entries.get(identifier)
        if before is None:
            insort(self.ids, identifier)
        self.live += (entry.deleted_at is None) - (before is not None and before.deleted_at is None)
        self.entries[identifier] = entry
        self.sequences.append(entry.sequence)
        self.changed.append(identifier)

    def page(self, after: str, size: int, skip: int = 0, lies: Lies | None = None) -> tuple[list[bytes], str | None]:
        """Return up to `size` live records with ids above `after`, and the id to go on after (None: the end).

        `skip` leaves out that many records between this page and the next: the shifting page of a bad server.
        `lies` leaves out every record of which it is not true.
        """
        bodies: list[bytes] = []
        last, wanted = after, size + skip
        for place in range(bisect_right(self.ids, after), len(self.ids)):
            identifier = self.ids[place]
            entry = self.entries[identifier]
            if entry.deleted_at is not None or (lies is not None and not lies(entry.record)):
                continue
            if wanted == 0:
                return bodies, last
            wanted -= 1
            last = identifier
            if len(bodies) < size:
                bodies.append(entry.body())
        return bodies, None

    def number(self, lies: Lies) -> int:
        """Return how many live records lie there."""
        return sum(1 for entry in self.entries.values() if entry.deleted_at is None and lies(entry.record))

    def changes(self, after: int, size: int) -> tuple[list[bytes], int | None]:
        """Return up to `size` entries changed after a change, each once, and where to go on, or None."""
        bodies: list[bytes] = []
        last = after
        for place in range(bisect_right(self.sequences, after), len(self.sequences)):
            sequence = self.sequences[place]
            entry = self.entries[self.changed[place]]
            if entry.sequence != sequence:
                continue
            if len(bodies) == size:
                return bodies, last
            bodies.append(entry.body())
            last = sequence
        return bodies, None

    def by_ids(self, identifiers: Iterable[str], now: str) -> list[bytes]:
        """Return each asked record once, in the order asked; what is not there comes as a tombstone."""
        found = ((identifier, self.entries.get(identifier)) for identifier in dict.fromkeys(identifiers))
        return [as_json(tombstone(identifier, now)) if entry is None else entry.body() for identifier, entry in found]

    def last_sequence(self) -> int:
        """Return the sequence number of the last change, 0 when there was none."""
        return self.sequences[-1] if self.sequences else 0


def within(stream: str, period: str) -> Lies:
    """Return the test whether a record of the stream lies in a period, `first/last` with both days in it."""
    field_name = DATED[stream]
    first, _, last = period.partition("/")

    def lies(record: Record) -> bool:
        day = day_of(record.get(field_name))
        return day is not None and first <= day <= last

    return lies


def tombstone(identifier: str, at: str) -> Record:
    """Return {id, deleted: true, changed_at}."""
    return {"id": identifier, "deleted": True, "changed_at": at}


def as_json(value: object) -> bytes:
    """Return compact UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
