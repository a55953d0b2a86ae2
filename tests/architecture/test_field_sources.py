"""Where fields.md says that a column comes from is where it comes from: another value there, another value here."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

import pytest

from connector.simulator.world import World
from mappings.gates import Context
from mappings.portal.catalogue import ROW_MAKERS
from mappings.sources.reference.catalogue import READERS
from schemas.errors import RecordRejected
from schemas.sources.reference.catalogue import WIRE
from schemas.sources.reference.pages import read_page
from schemas.streams import Rejection, Stream
from schemas.tables.catalogue import DATA_COLUMNS
from tests.architecture.fields_page import SHARED, Fact, facts_of, view_of
from tests.unit.simulator.asking import SCHOOL, TODAY

WORLD = World(7, TODAY, {SCHOOL: 40})
CONTEXT = Context(datetime.combine(TODAY, time(12), UTC), frozenset(Stream))
MOST_TRIES = 200
MORE_VALUES = ("work", "image/png", "2027-06-30")
"""What the small world happens to have one value of; where it is no value at all, it is refused and proves nothing."""
BOUND = {Stream.INVOICES: {("total_amount",), ("lines", "amount")}}
"""What cannot change alone: an invoice whose lines are not its total is refused."""
Record = dict[str, Any]


def _row(stream: Stream, record: Record) -> dict[str, Any]:
    """The row of a record by column; empty when it is withheld or cannot be used."""
    page = {"school": SCHOOL, "stream": stream.value, "mode": "full", "count": 1, "next": None, "cursor": "c"}
    (read,) = read_page(stream, json.dumps({**page, "records": [record]}).encode()).records
    if isinstance(read, Rejection):
        return {}
    try:
        row = ROW_MAKERS[stream](READERS[stream](read), CONTEXT)
    except RecordRejected:
        return {}
    return {} if isinstance(row, str) else dict(zip(DATA_COLUMNS[stream], row, strict=True))


def _at(record: Any, path: list[str]) -> Any:
    """What stands at a path, in the first item of each list; None where the way there is not."""
    for step in path:
        record = record[0] if isinstance(record, list) and record else record
        record = record.get(step) if isinstance(record, dict) else None
    return record


def _with(record: Record, path: list[str], value: Any) -> Record | None:
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


def _tries(stream: Stream, path: list[str], beside: list[list[str]]) -> Iterator[tuple[Record, Record]]:
    """Pairs of records that differ at the path only: each record of the world with a value of another one there.

    Also without what stands `beside`: a name's second choice shows only where there is no first.
    """
    records = list(WORLD.records(SCHOOL, stream.value).values())
    values = list({json.dumps(_at(one, path)): _at(one, path) for one in records}.values())
    for record in records:
        bases = [record, *(cut for other in beside if other != path and (cut := _with(record, other, None)))]
        for base in bases:
            for value in (*values[:5], *MORE_VALUES):
                changed = _with(base, path, value)
                if changed is not None and changed != base:
                    yield base, changed


def _touched(stream: Stream, path: list[str], beside: list[list[str]]) -> set[str]:
    """The columns that another value at this path ever changes."""
    touched: set[str] = set()
    for number, (base, changed) in enumerate(_tries(stream, path, beside)):
        if number == MOST_TRIES:
            break
        before, after = _row(stream, base), _row(stream, changed)
        if before and after:
            touched |= {name for name in before if before[name] != after[name]}
    return touched


def _paths(fact: Fact, stream: Stream) -> list[list[str]]:
    places = (place.split(".") for place in fact.contract)
    return [path for schema, *path in places if schema == WIRE[stream].__name__]


@pytest.mark.parametrize("stream", Stream)
def test_each_column_follows_exactly_the_places_it_names(stream: Stream) -> None:
    """Another value at a place of the contract changes the columns that name the place, and no others.

    A secrecy flag is named where it decides, though it blanks what stands around it.
    """
    columns = [fact for fact in (*facts_of(SHARED), *facts_of(view_of(stream))) if fact.name in DATA_COLUMNS[stream]]
    beside = {fact.name: _paths(fact, stream) for fact in columns}
    for path in {tuple(path) for paths in beside.values() for path in paths}:
        named = {name for name, paths in beside.items() if any(tuple(one[: len(path)]) == path for one in paths)}
        touched = _touched(stream, list(path), [other for name in named for other in beside[name]])
        if path[-1] == "is_confidential":
            assert named <= touched, path
        elif path in BOUND.get(stream, ()):
            assert touched == set(), path
        else:
            assert touched == named, path


@pytest.mark.parametrize("stream", Stream)
def test_what_has_no_column_changes_none(stream: Stream) -> None:
    """A fact without a column decides or is dropped: no other value of it ever changes a column of the row."""
    for fact in facts_of(view_of(stream)):
        if fact.name is None:
            for path in _paths(fact, stream):
                touched = _touched(stream, path, [])
                assert path[-1] == "is_confidential" or touched == set(), path
