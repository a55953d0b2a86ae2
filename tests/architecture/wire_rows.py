"""Records of a simulated school on their way from the wire to a row, with one value changed at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, time
from itertools import islice
from typing import Any

from connector.simulator.world import World
from mappings.gates import Context
from mappings.portal.catalogue import ROW_MAKERS
from mappings.sources.reference.catalogue import READERS
from schemas.errors import RecordRejected
from schemas.sources.reference.pages import read_page
from schemas.streams import Partial, Rejection, Stream
from schemas.tables.catalogue import DATA_COLUMNS
from tests.unit.simulator.asking import SCHOOL, TODAY

WORLD = World(7, TODAY, {SCHOOL: 40})
CONTEXT = Context(datetime.combine(TODAY, time(12), UTC), frozenset(Stream), home_key=b"of a test")
MOST_TRIES = 200
MOST_VALUES = 25
MORE_VALUES = ("work", "image/png", "2027-06-30")
"""What the small world happens to have one value of; where it is no value at all, it is refused and proves nothing."""
Record = dict[str, Any]
Outcome = dict[str, Any] | str | None
"""The row by column, the gate that withholds it, or None for what cannot be used."""


def records(stream: Stream) -> list[Record]:
    """Every record of a stream."""
    return list(WORLD.records(SCHOOL, stream.value).values())


def read_record(stream: Stream, record: Record) -> Any:
    """The record as the source reads it, or why it cannot be used."""
    page = {"school": SCHOOL, "stream": stream.value, "mode": "full", "count": 1, "next": None, "cursor": "c"}
    (read,) = read_page(stream, json.dumps({**page, "records": [record]}).encode()).records
    return read


def outcome(stream: Stream, record: Record, context: Context = CONTEXT) -> Outcome:
    """What becomes of a record."""
    read = read_record(stream, record)
    if isinstance(read, Rejection):
        return None
    try:
        row = ROW_MAKERS[stream](READERS[stream](read.record if isinstance(read, Partial) else read), context)
    except RecordRejected:
        return None
    return row if isinstance(row, str) else dict(zip(DATA_COLUMNS[stream], row, strict=True))


def at(record: Any, path: list[str]) -> Any:
    """What stands at a path, in the first item of each list; None where the way there is not."""
    for step in path:
        record = record[0] if isinstance(record, list) and record else record
        record = record.get(step) if isinstance(record, dict) else None
    return record


def changed_at(record: Record, path: list[str], value: Any) -> Record | None:
    """The record with another value there, or None where there is no such place in it."""
    changed = copy.deepcopy(record)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner.get(step)
        inner = inner[0] if isinstance(inner, list) and inner else inner
        if not isinstance(inner, dict):
            return None
    inner[path[-1]] = value
    return changed


def tries(
    stream: Stream, path: list[str], beside: list[list[str]], *, most: int = MOST_TRIES
) -> Iterator[tuple[Record, Record]]:
    """Pairs of records that differ at the path only: a record of the world, and it with a value of another one there.

    Also without what stands `beside`: a name's second choice shows only where there is no first.
    """
    return islice(_tries(stream, path, beside), most)


def _tries(stream: Stream, path: list[str], beside: list[list[str]]) -> Iterator[tuple[Record, Record]]:
    values = list({json.dumps(at(one, path)): at(one, path) for one in records(stream)}.values())
    for record in records(stream):
        bases = [record, *(cut for other in beside if other != path and (cut := changed_at(record, other, None)))]
        for base in bases:
            for value in (*values[:MOST_VALUES], *MORE_VALUES):
                changed = changed_at(base, path, value)
                if changed is not None and changed != base:
                    yield base, changed
