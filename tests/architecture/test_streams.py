"""What a stream must have in every room, where no other test would miss it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache

import pytest

from connector.simulator.dates import school_year
from mappings.activation import Policy
from mappings.gates import Context
from schemas.selections import DECIDED_BY, SETTINGS, selections_of
from schemas.sources.reference.catalogue import VISIBILITY_FIELDS, WIRE
from schemas.streams import LOOSE_REFERENCES, PARENTS, Parent, Rejection, Stream
from schemas.tables.catalogue import DATA_COLUMNS, TABLES
from schemas.views.catalogue import VIEWS
from tests.architecture.fields_page import facts_of, view_of
from tests.architecture.repository import ROOT
from tests.architecture.wire_rows import CONTEXT, Outcome, outcome, read_record, records, tries
from tests.unit.simulator.asking import TODAY

SETTING_VALUES: Mapping[str, object] = {
    "subjects": ["rekenen"],
    "tests": [{"test": "rekenen_wiskunde", "from_on": "2026-01-01"}],
    "note_categories": ["conversation"],
    "reports_from": "2026-08-01",
    "news_audience": "school",
    "calendar_audience": "school",
    "leaver_grace_days": 0,
    "history_years": 0,
}
"""One value other than the default for each setting that decides rows; the group list is judged when it is read."""
SPARED = {(Stream.GROUPS, "name")}
"""A group called "aangemeld" is none; but a class with an unreadable name must not take its pupils' places with it."""
VIEW_TEXTS = ROOT / "schemas" / "views"
PART = re.compile(r"'(\w+)' AS module,\s+'(\w+)' AS stream,.*?FROM (\w+) AS v\nWHERE ([^\n]+)", re.DOTALL)


def _chosen(name: str) -> Context:
    """The context in which one setting has its other value."""
    selections = selections_of({name: SETTING_VALUES[name]})
    first = date(school_year(TODAY), 8, 1) if name == "history_years" else None
    return CONTEXT._replace(selections=selections, history_from=first)


@cache
def _outcomes(stream: Stream, context: Context) -> tuple[Outcome, ...]:
    return tuple(outcome(stream, record, context) for record in records(stream))


def test_what_is_new_tells_of_every_stream() -> None:
    """portal_changes has one part for each stream: its view, its module as on fields.md, and its own first moment."""
    text = (VIEW_TEXTS / "portal_changes.sql").read_text(encoding="utf-8")
    parts = {stream: (module, view, "v.visible_from" in when) for module, stream, view, when in PART.findall(text)}
    expected = {}
    for stream in Stream:
        (module,) = {fact.module for fact in facts_of(view_of(stream))}
        has_moment = (
            "visible_from" in (ROOT / "schemas" / "views" / f"{view_of(stream)}.sql").read_text().split("FROM")[0]
        )
        expected[stream.value] = (module, view_of(stream), has_moment)
    assert parts == expected
    assert {view for _, view, _ in parts.values()} <= set(VIEWS)


@pytest.mark.parametrize(("stream", "parent"), [(stream, parent) for stream in Stream for parent in PARENTS[stream]])
def test_the_database_itself_keeps_every_parent(stream: Stream, parent: Parent) -> None:
    """So a row that stays as it is has its parent, and a plan asks only after what is added or altered."""
    (key,) = TABLES[stream].c[parent.column].foreign_keys
    assert key.column.table is TABLES[parent.stream]
    assert not TABLES[stream].c[parent.column].nullable


def test_every_setting_that_decides_rows_is_tried() -> None:
    """The values above are of all settings but those of the group list and of corrections."""
    assert set(SETTING_VALUES) == {name for name in SETTINGS if not name.startswith(("group_list.", "corrections."))}


@pytest.mark.parametrize("stream", Stream)
def test_a_setting_decides_exactly_the_streams_that_say_so(stream: Stream) -> None:
    """Another value of a setting gives other rows of the simulated school where DECIDED_BY names it, and only there."""
    changing = {name for name in SETTING_VALUES if _outcomes(stream, _chosen(name)) != _outcomes(stream, CONTEXT)}
    assert changing == set(DECIDED_BY.get(stream, ()))


@pytest.mark.parametrize("stream", Stream)
def test_what_else_is_pulled_changes_rows_only_by_a_loose_reference(stream: Stream) -> None:
    """A row differs with another module open only where LOOSE_REFERENCES says so, as the fingerprint then does."""
    everything = tuple(Stream)
    for other in Stream:
        fewer = frozenset(everything) - {other}
        if other is not stream and _outcomes(stream, CONTEXT._replace(streams=fewer)) != _outcomes(stream, CONTEXT):
            assert other in LOOSE_REFERENCES.get(stream, {}).values(), other
            without = Policy(frozenset(), tuple(one for one in Stream if one in fewer))
            assert without.fingerprint(stream) != Policy(frozenset(), everything).fingerprint(stream)


@pytest.mark.parametrize("stream", Stream)
def test_a_field_that_decides_hides_its_record_when_it_is_unreadable(stream: Stream) -> None:
    """Whatever moves a record over a gate, its window, or who it belongs to, is among VISIBILITY_FIELDS.

    A day that only a school's history depth looks at is none of them: what is old was in sight before.
    """
    owners = {parent.column for parent in PARENTS[stream]}
    telling = [name for name in DATA_COLUMNS[stream] if name in owners or name.startswith("visible_")]
    contexts = [CONTEXT, *(_chosen(name) for name in SETTING_VALUES if name != "history_years")]
    for name in set(WIRE[stream].model_fields) - VISIBILITY_FIELDS[stream] - {"id"}:
        for base, changed in tries(stream, [name], []):
            for context in contexts:
                before, after = (_told(outcome(stream, one, context), telling) for one in (base, changed))
                assert before is None or after is None or before == after or (stream, name) in SPARED, name


@pytest.mark.parametrize("stream", Stream)
def test_a_broken_record_that_its_gate_would_withhold_is_hidden(stream: Stream) -> None:
    """A record loses its flag and breaks in one change: PLAINLY_SHOWN does not let its old row stay."""
    fields = sorted(VISIBILITY_FIELDS[stream])
    breakable = next(name for name in WIRE[stream].model_fields if name not in {"id", *fields})
    for name in fields:
        for base, changed in tries(stream, [name], []):
            if isinstance(outcome(stream, base), dict) and isinstance(outcome(stream, changed), str):
                broken = read_record(stream, {**changed, breakable: {"not": ["of", "this", "type"]}})
                assert isinstance(broken, Rejection)
                assert broken.hides, (name, changed[name])


def _told(found: Outcome, columns: list[str]) -> object:
    """The gate, or the columns that say from when until when and for whom; None for what is refused."""
    return {name: found[name] for name in columns} if isinstance(found, dict) else found
