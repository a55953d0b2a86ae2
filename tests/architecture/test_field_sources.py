"""Where fields.md says that a column comes from is where it comes from: another value there, another value here."""

from __future__ import annotations

import pytest

from schemas.sources.reference.catalogue import WIRE
from schemas.streams import Stream
from schemas.tables.catalogue import DATA_COLUMNS
from tests.architecture.fields_page import SHARED, Fact, facts_of, view_of
from tests.architecture.wire_rows import outcome, tries

BOUND = {Stream.INVOICES: {("total_amount",), ("lines", "amount")}}
"""What cannot change alone: an invoice whose lines are not its total is refused."""


def _touched(stream: Stream, path: list[str], beside: list[list[str]]) -> set[str]:
    """The columns that another value at this path ever changes, where there is a row before and after."""
    touched: set[str] = set()
    for base, changed in tries(stream, path, beside):
        before, after = outcome(stream, base), outcome(stream, changed)
        if isinstance(before, dict) and isinstance(after, dict):
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
