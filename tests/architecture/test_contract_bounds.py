"""Every bound that our code sets to what a source may send stands in the contract a vendor builds from."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
import responses
import yaml
from pydantic import TypeAdapter, ValidationError

from connector import http, http_exchange, http_token
from connector.http import HttpSettings
from connector.settings_shape import DocumentSettings
from connector.sources import reference
from mappings.documents import Rules
from schemas import days, ids
from schemas.errors import TransientError
from schemas.sources import scalars
from schemas.sources.reference.corrections import REASONS
from schemas.sources.reference.results import Level
from tests.architecture.repository import ROOT
from tests.unit.http_bench import PAGE, Clock, door, give_token

CONTRACT = ROOT / "docs" / "reference" / "sis-openapi.yaml"
DEFAULTS = HttpSettings._field_defaults


@cache
def contract() -> dict[str, Any]:
    """Give the contract."""
    found: dict[str, Any] = yaml.safe_load(CONTRACT.read_text())
    return found


def schema(name: str) -> dict[str, Any]:
    """Give a schema of the contract; `Pupil.id` is a property of one."""
    outer, _, inner = name.partition(".")
    found: dict[str, Any] = contract()["components"]["schemas"][outer]
    return found["properties"][inner] if inner else found


def said(words: str) -> bool:
    """Tell whether the contract's opening says this, whatever its lines."""
    return words in " ".join(contract()["info"]["description"].split())


_DOCUMENT = "a document is at most {} bytes"
SENTENCES = [
    (days.FIRST_RECORDED_YEAR, "lies in the years {} to 2199"),
    (days.LAST_RECORDED_YEAR, "lies in the years 1900 to {}"),
    (date.min.year, "lies in any year from {:04} to 9999"),
    (date.max.year, "lies in any year from 0001 to {}"),
    (ids.MAX_KEY_LENGTH, "It has 1 to {} printable characters"),
    (DEFAULTS["max_response_bytes"], "An answer of JSON is at most 64 MiB ({} bytes)"),
    (http_exchange._PROBLEM_BYTES, "a problem at most 64 KiB ({} bytes)"),
    (max(one.le for one in DocumentSettings.model_fields["most_bytes"].metadata if hasattr(one, "le")), _DOCUMENT),
    (Rules().most_bytes, "a reader takes {} unless it is set otherwise"),
    (reference.MOST_PAGES, "An enumeration has at most {} pages"),
    (round(DEFAULTS["connect_timeout_seconds"]), "waits {} seconds for a connection"),
    (round(DEFAULTS["timeout_seconds"]), "{} for the next byte"),
    (round(DEFAULTS["deadline_seconds"]), "and {} for a whole answer"),
    ({5: "five"}[DEFAULTS["attempts"]], "tries {} times in all"),
    (round(http.LONGEST_WAIT_SECONDS), "never longer than {} seconds"),
]


@pytest.mark.parametrize(("bound", "sentence"), SENTENCES)
def test_a_bound_without_a_schema_has_its_sentence(bound: object, sentence: str) -> None:
    """What no schema can say is said in words, with the number that the code has."""
    assert said(sentence.format(bound)), sentence.format(bound)


@responses.activate
@pytest.mark.parametrize(("spaces", "is_whole"), [(63, True), (64, False)])
def test_so_much_white_space_may_follow_the_last_bracket(spaces: int, is_whole: bool) -> None:
    """An answer whose end cannot be seen within the last bytes counts as cut short."""
    assert said("after which at most 63 bytes of white space follow")
    give_token(responses)
    responses.add("GET", PAGE, body=b"{}" + b" " * spaces, content_type="application/json")
    source = door(Clock())
    if is_whole:
        assert source.get("/v1/page").startswith(b"{}")
    else:
        with pytest.raises(TransientError, match="cut short"):
            source.get("/v1/page")


PARAMETERS = [("Ids", "maxItems", reference.MOST_KEYS), ("ChangeRequestIds", "maxItems", reference.MOST_KEYS)]


@pytest.mark.parametrize(("name", "word", "bound"), PARAMETERS)
def test_what_we_ask_stays_within_what_may_be_asked(name: str, word: str, bound: int) -> None:
    """So many keys in one question, and no longer a URL than the contract says."""
    parameters = contract()["components"]["parameters"]
    assert parameters[name]["schema"][word] == bound
    assert f"no more than {reference.MOST_KEY_CHARACTERS} characters" in " ".join(
        parameters["Ids"]["description"].split()
    )


def _patterns(scalar: Any) -> set[str]:
    found: set[str] = set()

    def look(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("pattern"), str):
                found.add(node["pattern"])
            for one in node.values():
                look(one)
        elif isinstance(node, list | tuple):
            for one in node:
                look(one)

    look(TypeAdapter(scalar).core_schema)
    return found


PATTERNS: list[tuple[str, Any]] = [
    ("Decimal", scalars.Decimal),
    ("Money", scalars.Money),
    ("Time", scalars.Time),
    ("Document.sha256", scalars.Sha256),
]


@pytest.mark.parametrize(("name", "scalar"), PATTERNS)
def test_a_pattern_is_the_contract_s(name: str, scalar: Any) -> None:
    """Text with a form has in the code the form of the contract, letter by letter."""
    assert _patterns(scalar) == {schema(name)["pattern"]}


def test_a_token_has_the_form_of_the_contract() -> None:
    """What we take for a token, and how long it may be."""
    said_of = schema("Token.access_token")
    (bounds,) = (field.metadata for name, field in http_token._Token.model_fields.items() if name == "access_token")
    assert {said_of["pattern"]} == {one.pattern for one in bounds if getattr(one, "pattern", None)}
    assert {said_of["maxLength"]} == {one.max_length for one in bounds if hasattr(one, "max_length")}


NUMBERS: list[tuple[str, Any]] = [
    ("SchoolYear", scalars.SchoolYear),
    ("TestResult.raw_score", scalars.Count),
    ("Document.size", scalars.Count),
    ("Page.count", scalars.Count),
    ("Guardianship.contact_order", scalars.Rank),
    ("EmergencyContact.contact_order", scalars.Rank),
]


@pytest.mark.parametrize(("name", "scalar"), NUMBERS)
def test_a_number_is_read_within_the_contract_s_bounds_and_not_beyond(name: str, scalar: Any) -> None:
    """The least and the most that the contract allows are read; one less and one more are not."""
    adapter: TypeAdapter[Any] = TypeAdapter(scalar)
    least, most = schema(name)["minimum"], schema(name)["maximum"]
    assert (adapter.validate_python(least), adapter.validate_python(most)) == (least, most)
    for beyond in (least - 1, most + 1):
        with pytest.raises(ValidationError):
            adapter.validate_python(beyond)


DAYS: list[tuple[str, Any]] = [
    ("Day", scalars.Day),
    ("BirthDay", scalars.Day),
    ("OptionalDay", scalars.DayIfKnown),
    ("FromDay", scalars.Begin),
    ("OptionalFromDay", scalars.Begin),
    ("UntilDay", scalars.End),
    ("Instant", scalars.Instant),
    ("OptionalInstant", scalars.InstantIfKnown),
    ("FromInstant", scalars.BeginsAt),
    ("UntilInstant", scalars.EndsAt),
]
WRITTEN = ["0000-01-01", "0001-01-01", "0002-01-01", "0999-12-31", "1753-01-01", "1899-12-31", "1900-01-01"]
WRITTEN += [
    "2026-11-24",
    "2199-12-31",
    "2200-01-01",
    "9998-12-31",
    "9999-12-31",
    "10000-01-01",
    "2026-1-1",
    "24-11-2026",
]
CLOCKS = ["T08:30:00Z", "t08:30:00.1234567890123z", "T23:59:59+23:59", "T00:00:00-23:59", "T08:30:60Z", "T24:00:00Z"]
CLOCKS += ["T08:30Z", "T08:30:00", " 08:30:00Z", "T08:30:00+24:00", "T08:30:00+0100", "T08:30:00.Z", ""]


@pytest.mark.parametrize(("name", "scalar"), DAYS)
def test_a_day_is_read_where_the_contract_allows_it_and_nowhere_else(name: str, scalar: Any) -> None:
    """By kind: every way to write a day or moment that the contract's pattern takes is read, and no other."""
    adapter: TypeAdapter[Any] = TypeAdapter(scalar)
    pattern = re.compile(schema(name)["pattern"], re.ASCII)
    is_moment = schema(name)["format"] == "date-time"
    for text in [f"{day}{clock}" for day in WRITTEN for clock in CLOCKS] if is_moment else WRITTEN:
        try:
            adapter.validate_python(text)
        except ValidationError:
            assert not pattern.search(text), text
        else:
            assert pattern.search(text), text


KEYS = [
    "a",
    "a b",
    "x" * 256,
    "x" * 257,
    "",
    " a",
    "a ",
    "\u00a0a",
    "a\u2003",
    "a\tb",
    "a\nb",
    "\u0085a",
    "#1",
    "%",
    "é",
]


@pytest.mark.parametrize("text", KEYS, ids=ascii)
def test_an_id_is_read_where_the_contract_allows_it_and_nowhere_else(text: str) -> None:
    """The contract's pattern and length take the ids that we read; commas only we read, and cannot ask for."""
    said_of = schema("Id")
    is_id = bool(re.search(said_of["pattern"], text)) and said_of["minLength"] <= len(text) <= said_of["maxLength"]
    assert (ids.parse_source_key(text) is not None) is is_id
    assert not re.search(said_of["pattern"], "a,b")


def test_what_only_words_can_say_of_an_id_is_said() -> None:
    """Invisible marks are no part of an id: a pattern that all readers know cannot list them."""
    assert said(
        "no control, format, unassigned or private ones, no half surrogate pairs, and of the spaces only U+0020"
    )
    assert said("a question mark alone is none")
    assert ids.parse_source_key("?") is None
    for mark in ("\u200f", "\u00ad", "\ue000", "\ud800", "\u2028", "\u00a0"):
        assert ids.parse_source_key(f"a{mark}b") is None


def test_text_has_the_bounds_that_are_written() -> None:
    """U+0000 and half a surrogate pair are said to be no text; no text field of a record has a bound of its own."""
    assert said("A text holds neither U+0000 nor half a surrogate pair")
    assert TypeAdapter(scalars.Text).validate_python("x" * 100_000)
    assert TypeAdapter(scalars.Text).validate_python("") == ""


def test_codes_are_the_contract_s() -> None:
    """The closed lists that a scalar or a rule beside the models holds."""
    year_group = schema("YearGroup")
    for length in range(7):
        is_said = year_group["minLength"] <= length <= year_group["maxLength"]
        try:
            TypeAdapter(scalars.YearGroup).validate_python("x" * length)
        except ValidationError:
            assert not is_said
        else:
            assert is_said
    assert set(REASONS) == set(schema("ChangeRequestStanding.reason")["enum"]) - {None}
    assert reference._CHANGE_KEY.pattern == schema("ChangeRequestId")["pattern"].strip("^$")
    for one in schema("Level")["oneOf"][:2]:
        kind, values = one["properties"]["kind"]["const"], one["properties"]["value"]["enum"]
        assert [Level(kind=kind, value=value).value for value in values] == values
        with pytest.raises(ValidationError):
            Level(kind=kind, value="VI")


def test_the_edges_of_begins_and_ends_are_a_day_from_the_calendar_s() -> None:
    """The edges between which begins and ends are kept leave every zone its day, and lie in the first and last year."""
    day = timedelta(days=1)
    assert (days.FIRST_MOMENT - day).year == (days.FIRST_MOMENT + day).year == 1
    assert (days.LAST_MOMENT - day).year == (days.LAST_MOMENT + day).year == 9999
