"""docs/reference/fields.md names every field parents see: equal to the views, the tables, the contract and EDEXML."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import yaml
from lxml import etree
from sqlalchemy.engine import make_url

from schemas.modules import Module, modules_needing
from schemas.sources.edexml.records import FIELDS, EdexmlRecord
from schemas.sources.reference.catalogue import WIRE
from schemas.streams import Stream
from schemas.tables.catalogue import DATA_COLUMNS, METADATA
from schemas.tables.columns import ROW_KEEPING
from schemas.views.catalogue import VIEWS
from tests.architecture.fields_page import SHARED, facts, facts_of, view_of
from tests.architecture.repository import ROOT

CONTRACT = ROOT / "docs" / "reference" / "sis-openapi.yaml"
DOCUMENT = ROOT / "tests" / "data" / "edexml" / "school.xml"
OF_NO_STREAM = "Views of no single stream"
TABLES_BESIDE_STREAMS = {"portal_access": "guardian_access", "portal_group_list": "group_list_entries"}
SENSITIVE_STREAMS = (
    Stream.MEDICAL_ITEMS,
    Stream.SUPPORT_PLANS,
    Stream.REPORTS,
    Stream.METHOD_TEST_RESULTS,
    Stream.NOTES,
    Stream.TEST_RESULTS,
)
SENSITIVE_FIELDS = {
    "portal_absences.kind",
    "portal_absences.reason",
    "portal_absences.is_authorised",
    "portal_pupils.is_address_confidential",
    "portal_guardians.is_address_confidential",
}


def _names(view: str, *, is_shown: bool) -> list[str]:
    return [fact.name for fact in facts_of(view) if fact.is_shown is is_shown and fact.name is not None]


@pytest.fixture
def columns(sqlite_url: str) -> dict[str, set[str]]:
    """The columns of each view of the migrated database."""
    with closing(sqlite3.connect(make_url(sqlite_url).database or "")) as connection:
        return {view: {str(row[1]) for row in connection.execute(f"PRAGMA table_info({view})")} for view in VIEWS}


def test_every_column_of_every_view_is_on_the_page_once(columns: dict[str, set[str]]) -> None:
    """The lines under a view's heading, with those for every view, are its columns; none twice, none too many."""
    shared = _names(SHARED, is_shown=True)
    found = {view: Counter([*_names(view, is_shown=True), *(columns[view] & set(shared))]) for view in VIEWS}
    assert found == {view: Counter(columns[view]) for view in VIEWS}
    assert {fact.view for fact in facts()} == {*VIEWS, SHARED}


@pytest.mark.parametrize("stream", Stream)
def test_every_column_of_a_streams_table_is_shown_or_explained(stream: Stream) -> None:
    """What a mapping fills is in the view, or the page says why it is kept."""
    shown = {*_names(SHARED, is_shown=True), *_names(view_of(stream), is_shown=True)}
    kept = set(_names(view_of(stream), is_shown=False))
    assert set(DATA_COLUMNS[stream]) - shown - kept == set()
    assert kept <= set(DATA_COLUMNS[stream])


@pytest.mark.parametrize(("view", "table"), TABLES_BESIDE_STREAMS.items())
def test_every_column_of_a_derived_table_is_shown_or_explained(view: str, table: str) -> None:
    """A table that no stream fills directly is explained under the view that shows it."""
    columns = set(METADATA.tables[table].columns.keys()) - {*ROW_KEEPING, "guardian_id"}
    assert columns == {*_names(view, is_shown=True), *_names(view, is_shown=False)} & columns


def test_every_view_stands_under_a_module_that_needs_its_stream() -> None:
    """The headings of the page are the modules, in their order; each view of a stream is under one that pulls it."""
    modules = list(dict.fromkeys(fact.module for fact in facts()))
    assert modules == [SHARED, *(module.value for module in Module), OF_NO_STREAM]
    for stream in Stream:
        (module,) = {fact.module for fact in facts_of(view_of(stream))}
        assert Module(module) in modules_needing(stream)


def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["components"]["schemas"]
    return schemas


def _inner(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The object behind a reference, a choice with null, or a list; a plain value has no properties."""
    if "$ref" in schema:
        return _inner(schemas, schemas[schema["$ref"].rpartition("/")[2]])
    if "properties" in schema:
        return schema
    for choice in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
        if found := _inner(schemas, choice):
            return found
    return _inner(schemas, schema["items"]) if "items" in schema else {}


def _exists(schemas: dict[str, Any], place: str) -> bool:
    name, *path = place.split(".")
    schema = schemas.get(name, {})
    for step in path:
        inner = _inner(schemas, schema).get("properties", {})
        if step not in inner:
            return False
        schema = inner[step]
    return bool(path)


def test_every_place_in_the_contract_exists() -> None:
    """Each `Schema.property` of the page is in sis-openapi.yaml."""
    schemas = _schemas()
    assert [place for fact in facts() for place in fact.contract if not _exists(schemas, place)] == []


@pytest.mark.parametrize("stream", Stream)
def test_every_property_of_a_record_is_shown_or_explained(stream: Stream) -> None:
    """What the contract carries of a stream is named under its view: shown, deciding, or dropped at the door."""
    schemas, name = _schemas(), WIRE[stream].__name__
    carried = {f"{name}.{key}" for key in schemas[name]["properties"] if key not in {"id", "changed_at"}}
    facts = (*facts_of(SHARED), *facts_of(view_of(stream)))
    named = {".".join(place.split(".")[:2]) for fact in facts for place in fact.contract}
    assert carried - named == set()


def _paths(element: etree._Element, above: str = "") -> Iterator[str]:
    for child in element:
        if isinstance(child.tag, str):
            path = f"{above}{child.tag}"
            yield path
            yield from (f"{path}/@{name}" for name in map(str, child.attrib))
            yield from _paths(child, f"{path}/")


def test_every_place_in_edexml_exists_and_is_read() -> None:
    """Each path of the page leads to a kind of record of the test document, and ends in something we read of it."""
    paths = set(_paths(etree.parse(DOCUMENT).getroot()))
    read = {*EdexmlRecord._fields, "@key", "@eckid", "groep", "samengestelde_groep"}
    for place in {place for fact in facts() for place in fact.edexml}:
        above, _, last = place.rpartition("/")
        assert above in paths, place
        assert last in read | FIELDS[place.partition("/")[0]], place


def test_everything_that_is_read_of_edexml_is_on_the_page() -> None:
    """The page names each element that we read of a record; the header's dates decide which document is the newer."""
    named = {(place.partition("/")[0], place.rpartition("/")[2]) for fact in facts() for place in fact.edexml}
    read = {(section, field) for section, fields in FIELDS.items() if section != "school" for field in fields}
    assert read - named == set()


def test_what_tells_of_health_learning_or_secrecy_is_sensitive() -> None:
    """Every field of the modules about a child's health and learning, reasons of absence, and secret addresses."""
    sensitive = {f"{fact.view}.{fact.name}" for fact in facts() if fact.is_sensitive}
    whole = {f"{fact.view}.{fact.name}" for stream in SENSITIVE_STREAMS for fact in facts_of(view_of(stream))}
    assert sensitive >= whole | SENSITIVE_FIELDS
    barred = {name for name in DATA_COLUMNS[Stream.GUARDIANSHIPS] if name.startswith(("is_", "restricted", "informed"))}
    assert sensitive >= {f"portal_guardianships.{name}" for name in (*barred, "authority")}
