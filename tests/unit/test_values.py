"""Plain values: names, postcodes, phones, lists and days."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.values import (
    address_values,
    day_after,
    display_name,
    list_text,
    local_day,
    phone_number,
    phones_text,
    postal_code,
    records_text,
    school_year_of,
    sort_name,
    start_of_day,
)
from schemas.canonical.finance import InvoiceLine
from schemas.canonical.people import Name
from schemas.canonical.results import Part
from tests import builders


@pytest.mark.parametrize(
    ("name", "shown", "sorted_as"),
    [
        (builders.NAME, "Gradje van 't Hof", "Hof, Gradje van 't"),
        (Name(call_name="Ömer", last_name="Çelik"), "Ömer Çelik", "Çelik, Ömer"),
        (Name(first_names="Jan Piet", initials="J.P.", last_name="Ek"), "Jan Piet Ek", "Ek, Jan Piet"),
        (Name(initials="J.P.", prefix="de", last_name="Ek"), "J.P. de Ek", "Ek, J.P. de"),
        (Name(call_name="Noor"), "Noor", "Noor"),
        (Name(last_name="Ek"), "Ek", "Ek"),
        (Name(prefix="de", last_name="Ek"), "de Ek", "Ek, de"),
        (Name(call_name="", first_names="Jan", prefix="", last_name="Ek"), "Jan Ek", "Ek, Jan"),
        (Name(call_name=" ", first_names=" Jan ", prefix=" ", last_name=" Ek "), "Jan Ek", "Ek, Jan"),
        (Name(call_name="Jan", prefix="van  der", last_name="Ek"), "Jan van der Ek", "Ek, Jan van der"),
        (Name(), "", ""),
    ],
)
def test_a_name_is_said_and_sorted_without_what_is_absent(name: Name, shown: str, sorted_as: str) -> None:
    """Call name before first names before initials; the prefix never leads the sorting; blanks are absent."""
    assert display_name(name) == shown
    assert sort_name(name) == sorted_as


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("1234AB", "1234 AB"),
        ("1234  ab", "1234 AB"),
        (" 1234 Ab ", "1234 AB"),
        ("B-1000", "B-1000"),
        (" 1000 ", "1000"),
        ("0123AB", "0123AB"),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_a_dutch_postcode_has_one_form(written: str | None, code: str | None) -> None:
    """Dutch postcodes become `1234 AB`, other texts stay, nothing is None."""
    assert postal_code(written) == code


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("06-00000001", "+31600000001"),
        ("(010) 000 00 01", "+31100000001"),
        ("0031 6 00000001", "+31600000001"),
        ("+31 6 0000 0001", "+31600000001"),
        ("+31 (0)6-00000001", "+31600000001"),
        ("0031 (0)6-00000001", "+31600000001"),
        ("+32 2 000 00 01", "+3220000001"),
        ("112", "112"),
        ("geheim", ""),
        ("+", ""),
        ("", ""),
    ],
)
def test_a_phone_number_has_one_form(written: str, number: str) -> None:
    """However a Dutch number is written, also with the zero in brackets, it becomes the same `+31…`."""
    assert phone_number(written) == number


def test_secret_phones_and_phones_without_a_digit_are_left_out() -> None:
    """Only public numbers are written, in the source's order; a word instead of a number is no number."""
    phones = (
        builders.phone(number="06-00000002"),
        builders.phone(number="06-00000003", is_confidential=True),
        builders.phone(number="onbekend"),
        builders.phone(number="010-0000001", kind="home"),
    )
    assert json.loads(phones_text(phones)) == [
        {"kind": "mobile", "number": "+31600000002"},
        {"kind": "home", "number": "+31100000001"},
    ]
    assert phones_text(phones[1:3]) == phones_text(()) == "[]"


def test_a_list_is_written_in_its_own_order() -> None:
    """Equal lists are equal texts, and every letter stays readable."""
    assert list_text(("mon", "Zoë")) == '["mon","Zoë"]'
    assert list_text([]) == "[]"


def test_small_records_are_written_by_name_in_their_own_order() -> None:
    """Equal lists are equal texts: names in the record's order, nothing left out, every letter readable."""
    lines = (InvoiceLine("Bus, enkele reis", 1250), InvoiceLine('Korting "Zoë"', -750))
    written = records_text(lines)
    assert written.startswith('[{"description":"Bus, enkele reis","amount_cents":1250},{')
    assert [InvoiceLine(**line) for line in json.loads(written)] == list(lines)
    assert "Zoë" in written
    assert records_text(lines[::-1]) != written
    assert json.loads(records_text([Part("Klok", None, "8")])) == [{"name": "Klok", "score": None, "max_score": "8"}]
    assert records_text(()) == "[]"


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 8, 1), 2026),
        (date(2026, 7, 31), 2025),
        (date(2026, 12, 31), 2026),
        (date(2027, 1, 1), 2026),
        (date(2028, 2, 29), 2027),
    ],
)
def test_a_school_year_begins_on_the_first_of_august(day: date, year: int) -> None:
    """It is named by the year it begins in."""
    assert school_year_of(day) == year


def test_a_public_address_is_given_and_a_secret_or_absent_one_is_blank() -> None:
    """Six values for a public address; six times None for a secret one and for none at all."""
    public = builders.address(postal_code="1234ab")
    assert address_values(public) == ("Dorpsstraat", "12", "bis", "1234 AB", "Ons Dorp", "NL")
    assert address_values(builders.address(is_confidential=True)) == (None,) * 6
    assert address_values(None) == (None,) * 6


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        (date(2026, 1, 1), datetime(2025, 12, 31, 23, tzinfo=UTC)),
        (date(2026, 7, 1), datetime(2026, 6, 30, 22, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (date(2026, 3, 30), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (date(2026, 10, 26), datetime(2026, 10, 25, 23, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_in_amsterdam(day: date, instant: datetime) -> None:
    """In winter an hour, in summer two hours before midnight in UTC, also around the change of the clock."""
    assert start_of_day(day) == instant
    assert start_of_day(day).tzinfo is UTC


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 30)))
@settings(max_examples=100, deadline=None)
def test_every_day_holds_its_own_beginning_and_nothing_of_the_day_before(day: date) -> None:
    """The beginning lies in the day, the microsecond before it in the day before, and days do not overlap."""
    begin = start_of_day(day)
    assert local_day(begin) == day
    assert local_day(begin - timedelta(microseconds=1)) == day - timedelta(days=1)
    assert begin < start_of_day(day_after(day))


def test_the_ends_of_the_calendar_are_days_too() -> None:
    """A source's "never" (year 1 or 9999) makes an instant, not an error."""
    assert start_of_day(date.min) < start_of_day(date(1, 1, 2))
    assert start_of_day(day_after(date.max)) > datetime(9999, 12, 30, tzinfo=UTC)
    assert day_after(date.max, 400) == date.max


def test_days_are_counted_over_the_ends_of_months() -> None:
    """The day after may lie in another month or year."""
    assert day_after(date(2026, 12, 31)) == date(2027, 1, 1)
    assert day_after(date(2028, 2, 28), 2) == date(2028, 3, 1)
