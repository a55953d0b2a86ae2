"""The reference dialect's records in our own model."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from connector.simulator.world import World
from mappings.sources.reference import school as reference
from mappings.sources.reference.catalogue import READERS, to_canonical
from schemas.sources.reference.pages import read_page
from schemas.streams import Partial, Stream
from tests.unit.reference_examples import CANARY, EXAMPLES, PHONE
from tests.unit.simulator.asking import SCHOOL, TODAY


def wire(stream: Stream, *records: Any) -> list[Any]:
    whole = {"school": SCHOOL, "stream": stream, "mode": "full", "count": 1, "records": records}
    read = read_page(stream, json.dumps({**whole, "next": None, "cursor": "c"}).encode()).records
    return [one.record if isinstance(one, Partial) else one for one in read]


@pytest.mark.parametrize("stream", Stream)
def test_each_field_finds_its_place(stream: Stream) -> None:
    """One record of each stream, with every field of its own value, becomes this canonical record."""
    given, expected = EXAMPLES[stream]
    (record,) = wire(stream, given)
    canonical = to_canonical(stream, record)
    assert canonical == expected
    assert type(canonical) is type(expected)
    assert CANARY not in repr(canonical)


def test_a_secret_number_of_a_building_does_not_arrive() -> None:
    """A location's canonical phone has no secrecy of its own, so a secret number is left out."""
    given, expected = EXAMPLES[Stream.LOCATIONS]
    secret, absent = wire(
        Stream.LOCATIONS, {**given, "phone": {**PHONE, "is_confidential": True}}, {**given, "phone": None}
    )
    assert [reference.location(secret), reference.location(absent)] == [expected._replace(phone=None)] * 2


@pytest.mark.parametrize("stream", Stream)
def test_the_whole_world_is_mapped(stream: Stream) -> None:
    """Every record of a simulated school has a canonical form, hashable and with its own key."""
    records = World(7, TODAY, {SCHOOL: 40}).records(SCHOOL, stream.value)
    canonical = [READERS[stream](record) for record in wire(stream, *records.values())]
    assert [record.key for record in canonical] == list(records)
    assert len({hash(record) for record in canonical}) == len(records)


def test_the_mapping_is_pure() -> None:
    """The room imports shapes and types only: no clock, log, random or I/O."""
    allowed = ("__future__", "collections.abc", "functools", "typing", "schemas.", "mappings.sources.reference")
    for file in Path(reference.__file__).parent.glob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text())))
        assert not [node for node in nodes if isinstance(node, ast.Import)]
        imported = {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
        assert all(name.startswith(allowed) for name in imported)


def read(stream: Stream, **changes: Any) -> Any:
    """Give the canonical record of the example with these fields changed."""
    (record,) = wire(stream, {**EXAMPLES[stream][0], **changes})
    return to_canonical(stream, record)


@pytest.mark.parametrize(
    ("written", "score"),
    [
        ("7.5", "7.5"),
        ("7.50", "7.5"),
        ("07.5", "7.5"),
        ("7", "7"),
        ("7.0", "7"),
        ("70", "70"),
        ("0", "0"),
        ("0.0", "0"),
        ("-0.0", "0"),
        ("-0.50", "-0.5"),
        ("-12", "-12"),
        ("999999999.999999", "999999999.999999"),
        ("0.000001", "0.000001"),
        (None, None),
    ],
)
def test_a_decimal_has_one_form_and_is_never_rounded(written: str | None, score: str | None) -> None:
    """However many zeros the source writes, one value is one text, so that it never shows as a change."""
    assert read(Stream.TEST_RESULTS, scale_score=written).scale_score == score
    part = {"name": "Optellen", "score": written, "max_score": written}
    result = read(Stream.METHOD_TEST_RESULTS, score=written, max_score=written, parts=[part])
    assert (result.score, result.max_score) == (score, score)
    assert result.parts[0][1:] == (score, score)


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("0.00", 0),
        ("-0.00", 0),
        ("0.05", 5),
        ("-0.05", -5),
        ("-7.50", -750),
        ("32.50", 3250),
        ("999999999.99", 99_999_999_999),
    ],
)
def test_an_amount_becomes_whole_cents(written: str, cents: int) -> None:
    """Euros with two decimals are whole cents, exact, and below zero for a credit."""
    line = {"description": "Regel", "amount": written}
    invoice = read(Stream.INVOICES, total_amount=written, paid_amount=written, lines=[line])
    assert (invoice.total_cents, invoice.paid_cents, invoice.lines[0].amount_cents) == (cents,) * 3


@pytest.mark.parametrize(
    ("moment", "year_group", "name"),
    [
        ("M", "5", "M5"),
        ("E", " 3 ", "E3"),
        ("B", "s", "BS"),
        ("M", None, "M"),
        ("M", " ", "M"),
        (None, "5", None),
        (None, None, None),
    ],
)
def test_a_moment_is_named_by_its_part_and_year_group(moment: str | None, year_group: str | None, name: str) -> None:
    """M5 is the middle of year group 5; what nobody said is left out, never taken from the pupil's own year group."""
    assert read(Stream.TEST_RESULTS, moment=moment, moment_year_group=year_group).moment == name


def test_what_a_school_selects_by_is_written_as_the_school_writes_it() -> None:
    """Tests and subjects are compared without capitals and outer blanks; year groups in capitals."""
    result = read(Stream.TEST_RESULTS, test=" DMT ", subject=" Lezen", year_group="c ")
    assert (result.test, result.subject, result.year_group) == ("dmt", "lezen", "C")
    assert read(Stream.METHOD_TEST_RESULTS, subject="Wereldoriëntatie ").subject == "wereldoriëntatie"
