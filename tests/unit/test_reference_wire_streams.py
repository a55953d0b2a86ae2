"""Bad records of each stream of the reference dialect: which keep their old row, which hide it, and by which name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from schemas.sources.reference.catalogue import WIRE
from schemas.streams import Rejection, Stream
from tests.unit.reference_pages import good, judged, read

HIDE_AND_KEEP: Mapping[Stream, tuple[str, str]] = {
    Stream.EMERGENCY_CONTACTS: ("pupil_id", "name relation phones contact_order"),
    Stream.MEDICAL_ITEMS: (
        "pupil_id",
        "kind name details instructions from_on until_on time_from time_until phone",
    ),
    Stream.INVOICES: (
        "debtor_id status",
        "pupil_id number description invoiced_on due_on lines total_amount paid_amount",
    ),
    Stream.CALENDAR_ITEMS: ("audience group_id", "title description kind is_all_day starts_at ends_at"),
    Stream.PRIVACY_PREFERENCES: ("pupil_id category is_allowed", "given_on"),
    Stream.LESSONS: ("group_id from_on until_on", "weekday starts ends subject employee_id room"),
    Stream.SUPPORT_PLANS: (
        "pupil_id status",
        "subject from_on until_on goals approach evaluation employee_id document",
    ),
    Stream.REPORTS: (
        "pupil_id published publish_from reported_on",
        "title period school_year year_group document",
    ),
    Stream.METHOD_TEST_RESULTS: (
        "pupil_id subject publish_from",
        "method test taken_on school_year year_group parts score max_score norm grade",
    ),
    Stream.TEST_RESULTS: (
        "pupil_id test taken_on year_group status publish_from",
        "test_name subject school_year moment moment_year_group raw_score scale_score scale functioning_level levels",
    ),
}
"""Fields that decide whether or to whom a record is shown, then all the others. Written by hand.

A day that only a school's history depth looks at stays among the others: what is old was in sight before.
"""

NUMBERS = ("X", "", " 7", "7 ", "+7", "7.", ".5", "1e3", "7.1234567", "1234567890", "٧", "0x7", "7.5.1", 7, 7.5, True)
COMMAS = ("7,5", "-0,5", "112,40")


@pytest.mark.parametrize("stream", HIDE_AND_KEEP)
def test_a_wrong_type_hides_where_it_decides_and_keeps_where_it_does_not(stream: Stream) -> None:
    """Each field with a value of another type, or gone: the old row goes or stays as the table above says.

    A phone that cannot be read may be a secret one, so it hides as well.
    """
    hide, keep = (names.split() for names in HIDE_AND_KEEP[stream])
    assert {*hide, *keep, "id"} == set(WIRE[stream].model_fields)
    for name in (*hide, *keep):
        absent = good(stream)
        del absent[name]
        wrong, missing = read(stream, good(stream, **{name: 7.5}), absent)
        assert (wrong.code, missing.code) == ("unreadable_field", "missing_field")
        assert wrong.field_path == missing.field_path == name
        assert missing.hides is (name in hide)
        assert wrong.hides is (name in hide or name in {"phone", "phones"}), name


@pytest.mark.parametrize(
    ("stream", "changes"),
    [
        (Stream.EMERGENCY_CONTACTS, {"phones": [{"number": "06", "kind": "home", "is_confidential": True}], "name": 7}),
        (Stream.MEDICAL_ITEMS, {"phone": {"number": "06", "kind": "home", "is_confidential": True}, "name": 7}),
        (Stream.MEDICAL_ITEMS, {"phone": {"number": "06", "kind": "home"}, "name": 7}),
        (Stream.INVOICES, {"status": "concept", "number": 7}),
        (Stream.INVOICES, {"debtor_id": None, "number": 7}),
        (Stream.CALENDAR_ITEMS, {"audience": "staff", "title": None}),
        (Stream.PRIVACY_PREFERENCES, {"is_allowed": False, "given_on": "gisteren"}),
        (Stream.LESSONS, {"until_on": "2026-11-01", "starts": "25:00"}),
        (Stream.SUPPORT_PLANS, {"status": "withdrawn", "document": {"id": "d"}}),
        (Stream.REPORTS, {"published": False, "title": 7}),
        (Stream.REPORTS, {"publish_from": "2199-01-01T00:00:00Z", "title": 7}),
        (Stream.METHOD_TEST_RESULTS, {"publish_from": "2199-01-01T00:00:00Z", "score": "X"}),
        (Stream.TEST_RESULTS, {"status": "in_progress", "raw_score": "X"}),
        (Stream.TEST_RESULTS, {"status": "cancelled", "levels": None}),
        (Stream.TEST_RESULTS, {"publish_from": "2199-01-01T00:00:00Z", "scale_score": "7,5"}),
    ],
)
def test_what_turns_hidden_and_breaks_in_one_change_is_hidden(stream: Stream, changes: Mapping[str, Any]) -> None:
    """The bad field decides nothing, but another says, readably, that parents may not see it any more."""
    (wrong,) = read(stream, good(stream, **changes))
    assert isinstance(wrong, Rejection)
    assert wrong.hides


TIES: Mapping[Stream, str] = {
    Stream.GUARDIANSHIPS: "pupil_id guardian_id",
    **dict.fromkeys((Stream.EMERGENCY_CONTACTS, Stream.ABSENCES, Stream.MEDICAL_ITEMS, Stream.NOTES), "pupil_id"),
    Stream.INVOICES: "debtor_id",
    **dict.fromkeys((Stream.NEWS_ITEMS, Stream.CALENDAR_ITEMS, Stream.LESSONS, Stream.GROUP_EMPLOYEES), "group_id"),
    Stream.GROUP_MEMBERSHIPS: "pupil_id group_id",
    **dict.fromkeys((Stream.PRIVACY_PREFERENCES, Stream.SUPPORT_PLANS, Stream.REPORTS), "pupil_id"),
    **dict.fromkeys((Stream.METHOD_TEST_RESULTS, Stream.TEST_RESULTS), "pupil_id"),
}
"""Whose a record is, by hand; a stream that is not named here is nobody's in particular."""


@pytest.mark.parametrize("stream", Stream)
def test_a_broken_record_says_whose_it_is_as_far_as_that_can_be_read(stream: Stream) -> None:
    """So that an old row of another pupil, debtor or group does not stay in its place."""
    names = TIES.get(stream, "").split()
    broken = {"former_ids": 7, "name": 7, "contact_order": "1", "kind": 7, "title": 7, "number": 7, "weekdays": 7}
    broken |= {"school_year": "?", "given_on": 7, "weekday": 7, "goals": 7, "employed_from": 7}
    (wrong,) = read(stream, good(stream, **broken, **dict.fromkeys(names, "whose")))
    assert wrong.ties == tuple((name, "whose") for name in names)
    for unreadable in (None, 7, "", "a\tb", " whose", "whose\u00a0"):
        (lost,) = read(stream, good(stream, **broken, **dict.fromkeys(names, unreadable)))
        assert lost.ties == ()


@pytest.mark.parametrize(
    ("publish_from", "changed_at", "hides"),
    [
        (None, None, False),
        ("2026-11-20T15:00:00+01:00", "2026-11-20T15:00:00+01:00", False),
        ("2026-11-20T15:00:00+01:00", "2026-11-20T14:00:00Z", False),
        ("2026-11-20T15:00:00+01:00", "2026-11-20T14:59:59+01:00", True),
        ("2026-11-20T15:00:00+01:00", "2026-11-20", True),
        ("2026-11-20T15:00:00+01:00", None, True),
    ],
)
@pytest.mark.parametrize("stream", [Stream.REPORTS, Stream.METHOD_TEST_RESULTS, Stream.TEST_RESULTS])
def test_a_broken_record_stays_only_if_it_was_out_when_it_changed(
    stream: Stream, publish_from: str | None, changed_at: str | None, hides: bool
) -> None:
    """Its own first moment must have passed by the time of its last change, so that no clock is needed to know."""
    record = good(stream, publish_from=publish_from, changed_at=changed_at, school_year="?")
    assert judged(stream, record) == [Rejection(record["id"], "unreadable_field", "school_year", hides=hides)]


@pytest.mark.parametrize("number", [*NUMBERS, *COMMAS])
def test_a_score_is_a_number_with_a_dot_in_text(number: object) -> None:
    """No word, no JSON number, no other digits; a comma is refused too, under a name that says how to mend it."""
    code = "decimal_comma" if number in COMMAS else "unreadable_field"
    for stream, name in (
        (Stream.METHOD_TEST_RESULTS, "score"),
        (Stream.METHOD_TEST_RESULTS, "max_score"),
        (Stream.TEST_RESULTS, "scale_score"),
    ):
        record = good(stream, **{name: number})
        assert judged(stream, record) == [Rejection(record["id"], code, name)]
    part = {"name": "Klokkijken", "score": number, "max_score": "8"}
    record = good(Stream.METHOD_TEST_RESULTS, parts=[part])
    assert judged(Stream.METHOD_TEST_RESULTS, record) == [Rejection(record["id"], code, "parts.score")]


@pytest.mark.parametrize("amount", ["7,50", "7.5", "7", "7.500", "1.000,00", "€ 7.50", "", "-", "1234567890.00", 7.5])
def test_an_amount_has_two_decimals(amount: object) -> None:
    """An amount written in any other way is refused, in a line as well as in a sum."""
    code = "decimal_comma" if amount == "7,50" else "unreadable_field"
    for name in ("total_amount", "paid_amount"):
        record = good(Stream.INVOICES, **{name: amount})
        assert judged(Stream.INVOICES, record) == [Rejection(record["id"], code, name)]
    record = good(Stream.INVOICES, lines=[{"description": "Regel", "amount": amount}])
    assert judged(Stream.INVOICES, record) == [Rejection(record["id"], code, "lines.amount")]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("AE", value) for value in ("F", "a", "", "A+", "I", " A")),
        *(("IV", value) for value in ("VI", "4", "i", "A", "", "IIII")),
        ("cito", "A"),
        ("AE", 1),
        ("DLE", 17),
        ("DLE", None),
    ],
)
def test_a_level_is_on_its_scale(kind: str, value: object) -> None:
    """A to E and I to V are closed, no kind is made up, and a value is text; the old result stays in sight."""
    record = good(Stream.TEST_RESULTS, levels=[{"kind": "IV", "value": "II"}, {"kind": kind, "value": value}])
    (wrong,) = read(Stream.TEST_RESULTS, record)
    assert (wrong.key, wrong.code, wrong.hides) == (record["id"], "unreadable_field", False)
    assert wrong.field_path.partition(".")[0] == "levels"


def test_every_level_of_the_closed_scales_and_any_of_the_others_is_read() -> None:
    """A to E, I to V, and the other kinds with whatever the field writes there, several of one kind included."""
    pairs = [
        *(("AE", value) for value in "ABCDE"),
        *(("IV", value) for value in ("I", "II", "III", "IV", "V")),
        *(("CAE", "C-"), ("CIV", "III+"), ("DL", "15"), ("DLE", "17"), ("DQ", "1,13"), ("percentile", "99")),
        *(("t_score", "50"), ("stanine", "9"), ("c_score", "10"), ("avi", "M4"), ("rntrm", "<1F"), ("lgh", "4")),
        *(("standard_score", "-1.5"), ("zml", "ZML 3"), ("norm", ""), ("norm", "goed")),
    ]
    levels = [{"kind": kind, "value": value} for kind, value in pairs]
    (result,) = read(Stream.TEST_RESULTS, good(Stream.TEST_RESULTS, levels=levels))
    assert [(level.kind, level.value) for level in result.levels] == pairs


ODD: tuple[tuple[Stream, str, object], ...] = (
    *((Stream.LESSONS, name, at) for name in ("starts", "ends") for at in ("25:00", "24:00", "8:30", "08:60", "", 830)),
    (Stream.LESSONS, "weekday", "sat"),
    (Stream.MEDICAL_ITEMS, "time_from", "12:3"),
    (Stream.MEDICAL_ITEMS, "kind", "secret"),
    (Stream.EMERGENCY_CONTACTS, "contact_order", 2**31),
    (Stream.CALENDAR_ITEMS, "starts_at", "2026-11-24"),
    (Stream.CALENDAR_ITEMS, "ends_at", "2026-11-24T25:00:00+01:00"),
    (Stream.CALENDAR_ITEMS, "kind", "party"),
    (Stream.REPORTS, "school_year", "2026-2027"),
    (Stream.REPORTS, "school_year", 20262027),
    (Stream.REPORTS, "year_group", "groep 3"),
    (Stream.REPORTS, "year_group", ""),
    (Stream.TEST_RESULTS, "moment", "X"),
    (Stream.TEST_RESULTS, "moment_year_group", "midden"),
    (Stream.TEST_RESULTS, "raw_score", -1),
    (Stream.TEST_RESULTS, "raw_score", 2**31),
    (Stream.TEST_RESULTS, "raw_score", 41.0),
    (Stream.TEST_RESULTS, "raw_score", "41"),
    (Stream.INVOICES, "due_on", "31-12-2026"),
    (Stream.PRIVACY_PREFERENCES, "given_on", "2026-02-30"),
)


@pytest.mark.parametrize(("stream", "name", "value"), ODD)
def test_a_value_out_of_range_costs_its_record_only(stream: Stream, name: str, value: object) -> None:
    """A time, day, number or code that does not exist is refused by the name of its field, and the old row stays."""
    record = good(stream, **{name: value})
    fine = good(stream, id="fine")
    wrong, right = judged(stream, record, fine)
    assert wrong == Rejection(record["id"], "unreadable_field", name)
    assert isinstance(right, WIRE[stream])


@pytest.mark.parametrize("category", ["group_list_names", "photo_yearbook", "", "GROUP_LIST_NAME", None, 7])
@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_preference_of_a_category_that_does_not_exist_allows_nothing(category: object, is_allowed: bool) -> None:
    """Nobody knows what it speaks of: it is refused, and what it allowed before is taken back with it."""
    record = good(Stream.PRIVACY_PREFERENCES, category=category, is_allowed=is_allowed)
    assert judged(Stream.PRIVACY_PREFERENCES, record) == [
        Rejection(record["id"], "unreadable_field", "category", hides=True)
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", -1),
        ("size", 2**31),
        ("size", "812"),
        ("sha256", "0F" * 32),
        ("sha256", "0f" * 31),
        ("sha256", None),
        ("content_type", None),
        ("file_name", 7),
        ("id", ""),
    ],
)
@pytest.mark.parametrize("stream", [Stream.REPORTS, Stream.SUPPORT_PLANS])
def test_a_file_that_is_announced_badly_keeps_the_old_row(stream: Stream, name: str, value: object) -> None:
    """What cannot be fetched and checked is not announced to parents; the report or plan of before stays."""
    file = {"id": "doc-1", "file_name": "a.pdf", "content_type": "application/pdf", "size": 1, "sha256": "0f" * 32}
    record = good(stream, document={**file, name: value})
    (wrong,) = read(stream, record)
    assert (wrong.key, wrong.code, wrong.hides) == (record["id"], "unreadable_field", False)
    assert wrong.field_path.startswith(f"document.{name}")
    assert isinstance(read(stream, {**record, "document": file})[0], WIRE[stream])


@pytest.mark.parametrize(
    ("stream", "changes"),
    [
        (Stream.INVOICES, {"total_amount": "-40.00", "paid_amount": "0.00", "lines": []}),
        (Stream.INVOICES, {"lines": [{"description": "", "amount": "-999999999.99"}], "number": ""}),
        (Stream.METHOD_TEST_RESULTS, {"score": "-999999999.999999", "max_score": "0", "parts": [], "grade": ""}),
        (Stream.TEST_RESULTS, {"raw_score": 2**31 - 1, "scale_score": "999999999", "scale": "", "moment": None}),
        (Stream.TEST_RESULTS, {"moment": "M", "moment_year_group": None}),
        (Stream.LESSONS, {"subject": "", "room": "", "starts": "00:00", "ends": "23:59"}),
        (Stream.EMERGENCY_CONTACTS, {"name": "", "relation": "", "phones": [], "contact_order": -(2**31)}),
        (Stream.MEDICAL_ITEMS, {"name": "", "details": "", "instructions": "x" * 100_000}),
        (Stream.CALENDAR_ITEMS, {"title": "", "description": ""}),
        (Stream.REPORTS, {"title": "", "period": "", "year_group": None, "document": None}),
    ],
)
def test_what_is_odd_but_allowed_is_read(stream: Stream, changes: Mapping[str, Any]) -> None:
    """Credits, the largest numbers, empty texts and empty lists are records like any other."""
    (wire,) = read(stream, good(stream, **changes))
    assert isinstance(wire, WIRE[stream])


@pytest.mark.parametrize(("photo", "hides"), [(7, False), ({}, False), ("photo/1", None), (None, None), ("", None)])
def test_a_photo_reference_is_any_text(photo: object, hides: bool | None) -> None:
    """A reference is opaque; of another type it keeps the pupil as it was."""
    record = good(Stream.PUPILS, photo_reference=photo)
    (pupil,) = judged(Stream.PUPILS, record)
    if hides is None:
        assert pupil.photo_reference == photo
    else:
        assert pupil == Rejection(record["id"], "unreadable_field", "photo_reference", hides=hides)
