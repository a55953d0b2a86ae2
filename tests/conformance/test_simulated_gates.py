"""The simulated school holds records on each side of every gate, as the real readers and gates judge them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.simulator.dates import school_year
from connector.simulator.world import World
from mappings import gates
from mappings.gates import Context
from mappings.portal.catalogue import ROW_MAKERS
from mappings.sources.reference.catalogue import to_canonical
from schemas.selections import selections_of
from schemas.sources.reference.catalogue import WIRE
from schemas.sources.reference.pages import read_page
from schemas.streams import Stream
from tests.unit.simulator.asking import SCHOOL, TODAY

CONTRACT = Path(__file__).parents[2] / "docs" / "reference" / "sis-openapi.yaml"
SCHEMAS = yaml.safe_load(CONTRACT.read_text())["components"]["schemas"]
EXEMPLIFIED = [stream for stream in Stream if "examples" in SCHEMAS[WIRE[stream].__name__]]
EVERYTHING = Context(datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC), frozenset(Stream))
CHOSEN = selections_of(
    {
        "subjects": ["rekenen", "taal"],
        "tests": [{"test": "rekenen_wiskunde", "year_groups": ["3"], "from_on": "2026-01-01"}],
        "note_categories": ["conversation"],
        "reports_from": "2026-08-01",
        "news_audience": "school",
        "calendar_audience": "school",
    }
)
CONTEXTS = {
    "everything": EVERYTHING,
    "this year only": EVERYTHING._replace(history_from=date(school_year(TODAY), 8, 1)),
    "a choice": EVERYTHING._replace(selections=CHOSEN),
    "no groups": EVERYTHING._replace(streams=EVERYTHING.streams - {Stream.GROUPS}),
}
BY_ENROLMENT = {gates.PARENT_WITHHELD, gates.NO_ENROLLED_CHILD}
GATES = {
    value
    for name, value in vars(gates).items()
    if name.isupper() and not name.startswith("_") and isinstance(value, str) and value not in BY_ENROLMENT
}


def read(stream: Stream, *records: Any) -> list[Any]:
    """Read records as the source does."""
    page = {"school": SCHOOL, "stream": stream, "mode": "full", "count": len(records), "records": records}
    return read_page(stream, json.dumps({**page, "next": None, "cursor": "c"}).encode()).records


@cache
def judged(context: str) -> dict[Stream, dict[str, str | None]]:
    """Give per stream each record's gate, None when it is stored, in a world of the smallest size."""
    world = World(7, TODAY, {SCHOOL: 12})
    found: dict[Stream, dict[str, str | None]] = {}
    for stream in Stream:
        rows = {
            record.id: ROW_MAKERS[stream](to_canonical(stream, record), CONTEXTS[context])
            for record in read(stream, *world.records(SCHOOL, stream).values())
        }
        found[stream] = {key: row if isinstance(row, str) else None for key, row in rows.items()}
    return found


@pytest.mark.parametrize("gate", sorted(GATES))
def test_every_gate_keeps_some_out_and_lets_others_of_the_stream_in(gate: str) -> None:
    """In the smallest whole world each gate meets a record, beside one of the same stream that passes."""
    meets = {
        (context, stream)
        for context in CONTEXTS
        for stream, outcomes in judged(context).items()
        if gate in outcomes.values() and None in outcomes.values()
    }
    assert meets, gate


ROLES = {
    "everything": {
        "report_unpublished": gates.NOT_PUBLISHED,
        "report_published": None,
        "report_future": None,
        "invoice_concept": gates.NOT_SENT,
        "invoice_sent": None,
        "invoice_no_debtor": gates.NO_DEBTOR,
        "calendar_staff": gates.NOT_FOR_PARENTS,
        "calendar_staff_group": gates.NOT_FOR_PARENTS,
        "calendar_group": None,
        "preference_photo_website": gates.CATEGORY_NOT_USED,
        "preference_refused": None,
        "lesson_past": gates.EXPIRED,
        "lesson_ending": None,
        "lesson_future": None,
        "test_in_progress": gates.NOT_FINAL,
        "test_cancelled": gates.NOT_FINAL,
        "test_future": None,
    },
    "this year only": {
        f"{stem}_{when}": gate
        for stem in ("absence", "note", "report", "method_test", "test", "calendar")
        for when, gate in (("past_year", gates.BEYOND_HISTORY), ("two_years_ago", gates.BEYOND_HISTORY))
    }
    | {"plan_two_years_ago": gates.BEYOND_HISTORY, "plan_past": gates.BEYOND_HISTORY, "plan_final": None}
    | {"absence_illness": None, "note_visible": None, "report_published": None, "calendar_past": None},
    "a choice": {
        "method_test_rekenen": None,
        "method_test_taal": None,
        "method_test_spelling": gates.SUBJECT_NOT_SELECTED,
        "test_final": gates.TEST_NOT_SELECTED,
        "test_other_level": None,
        "test_past_year": gates.TEST_NOT_SELECTED,
        "test_moment_b": gates.TEST_NOT_SELECTED,
        "report_past_year": gates.BEFORE_FROM_DATE,
        "report_published": None,
        "note_visible_observation": gates.CATEGORY_NOT_SELECTED,
        "calendar_group": gates.AUDIENCE_NOT_SELECTED,
        "calendar_school": None,
    },
    "no groups": {"calendar_group": gates.GROUP_NOT_OPEN, "calendar_school": None},
}


@pytest.mark.parametrize("context", ROLES)
def test_the_roles_stand_where_their_names_say(context: str) -> None:
    """Each named record is kept out by the gate it was made for, or is stored."""
    roles = World(7, TODAY, {SCHOOL: 12}).roles(SCHOOL)
    found = {key: gate for outcomes in judged(context).values() for key, gate in outcomes.items()}
    assert {role: found[roles[role]] for role in ROLES[context]} == ROLES[context]


@pytest.mark.parametrize("stream", EXEMPLIFIED)
def test_the_contracts_examples_are_read(stream: Stream) -> None:
    """Every example of a record in the contract has all its fields, is read, and maps."""
    schema = SCHEMAS[WIRE[stream].__name__]
    for example in schema["examples"]:
        assert list(example) == schema["required"]
        (record,) = read(stream, example)
        assert type(record) is WIRE[stream]
        assert to_canonical(stream, record).key == example["id"]


def test_every_stream_since_the_first_has_an_example() -> None:
    """The streams that came with documents, invoices and results show what a record looks like."""
    assert len(EXEMPLIFIED) >= 9
