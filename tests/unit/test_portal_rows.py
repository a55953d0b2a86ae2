"""Canonical records as rows: every column from its own field, in the table's order."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mappings import gates
from mappings.gates import Context
from mappings.portal.catalogue import ROW_MAKERS
from schemas.canonical.finance import InvoiceLine
from schemas.canonical.people import Name, Period
from schemas.errors import RecordRejected
from schemas.streams import LOOSE_REFERENCES, Stream
from schemas.tables.catalogue import DATA_COLUMNS, TABLES
from schemas.tables.columns import ROW_KEEPING
from tests import builders, dossier_builders
from tests.unit import rows_of_care, rows_of_people, rows_of_results, rows_of_school
from tests.unit.row_sentinels import ADDRESS, DOCUMENT_COLUMNS, PHONES, STREET_COLUMNS, A

RECORDS: Mapping[Stream, Any] = {
    **rows_of_people.RECORDS,
    **rows_of_school.RECORDS,
    **rows_of_care.RECORDS,
    **rows_of_results.RECORDS,
}
EXPECTED: Mapping[Stream, Mapping[str, object]] = {
    **rows_of_people.EXPECTED,
    **rows_of_school.EXPECTED,
    **rows_of_care.EXPECTED,
    **rows_of_results.EXPECTED,
}

LONG_AGO = datetime(2024, 1, 8, 14, tzinfo=UTC)
OF_A_GROUP = (Stream.NEWS_ITEMS, Stream.CALENDAR_ITEMS)

WITHHELD: Mapping[str, tuple[Stream, Any]] = {
    gates.NOT_ENROLLED: (Stream.PUPILS, builders.pupil(status="registered")),
    gates.LEFT: (Stream.EMPLOYEES, builders.employee(employed_until=date(2020, 1, 1))),
    gates.NOT_PUBLISHED: (Stream.NEWS_ITEMS, builders.news_item(is_published=False)),
    gates.PLACEHOLDER: (Stream.GROUPS, builders.group(kind="placeholder")),
    gates.NOT_FINAL: (Stream.SUPPORT_PLANS, builders.support_plan(status="concept")),
    gates.NOT_VISIBLE_TO_PARENTS: (Stream.NOTES, builders.note(is_visible_to_parents=False)),
    gates.NOT_FOR_PARENTS: (Stream.CALENDAR_ITEMS, builders.calendar_item(audience="staff")),
    gates.EXPIRED: (Stream.LESSONS, builders.lesson(until_on=date(2026, 11, 23))),
    gates.CATEGORY_NOT_USED: (Stream.PRIVACY_PREFERENCES, builders.privacy_preference(category="photo_website")),
    gates.NOT_SENT: (Stream.INVOICES, dossier_builders.invoice(status="concept")),
    gates.NO_DEBTOR: (Stream.INVOICES, dossier_builders.invoice(debtor_key=None)),
    gates.BEYOND_HISTORY: (Stream.ABSENCES, builders.absence(starts_at=LONG_AGO, ends_at=LONG_AGO)),
    gates.BEFORE_FROM_DATE: (Stream.REPORTS, dossier_builders.report(reported_on=date(2026, 9, 1))),
    gates.SUBJECT_NOT_SELECTED: (Stream.METHOD_TEST_RESULTS, dossier_builders.method_test_result(subject="taal")),
    gates.TEST_NOT_SELECTED: (Stream.TEST_RESULTS, dossier_builders.lvs_result(test="dmt")),
}
STRICT = builders.context(
    history_from=date(2025, 8, 1), reports_from=date(2026, 10, 1), subjects=["rekenen"], tests=[{"test": "spelling"}]
)


def columns(stream: Stream, record: Any, context: Context | None = None) -> dict[str, object]:
    """Give the row of a record by column; as many values as columns, or it fails."""
    row = ROW_MAKERS[stream](record, context or builders.context())
    assert isinstance(row, tuple), row
    return dict(zip(DATA_COLUMNS[stream], row, strict=True))


@pytest.mark.parametrize("stream", Stream)
def test_every_column_holds_its_own_field(stream: Stream) -> None:
    """The tuple has a value for each data column, in the table's order, and each comes from its own field."""
    expected = EXPECTED[stream]
    assert columns(stream, RECORDS[stream]) == expected
    plain = [value for value in expected.values() if not isinstance(value, bool)]
    assert len(set(plain)) == len(plain), "two sentinels are equal, so a swap would go unseen"


@pytest.mark.parametrize("stream", Stream)
def test_the_data_columns_are_all_that_the_merge_does_not_set(stream: Stream) -> None:
    """A table has the four columns of the merge and those of its mapping, and no other."""
    assert {*ROW_KEEPING, *DATA_COLUMNS[stream]} == set(TABLES[stream].columns.keys())
    assert set(EXPECTED[stream]) == set(DATA_COLUMNS[stream])


@pytest.mark.parametrize(("gate", "case"), WITHHELD.items(), ids=WITHHELD.keys())
def test_a_gated_record_gives_its_gate(gate: str, case: tuple[Stream, Any]) -> None:
    """A record that may not be stored gives the gate's name and no row."""
    stream, record = case
    assert ROW_MAKERS[stream](record, STRICT) == gate


def test_restriction_and_agreement_keep_to_their_own_columns() -> None:
    """One of the two leaves the columns of the other false and null; open days stay null beside a true."""
    barred = columns(Stream.GUARDIANSHIPS, builders.guardianship(restriction=Period(None, None)))
    assert (barred["is_restricted"], barred["restricted_from"], barred["restricted_until"]) == (True, None, None)
    assert (barred["is_informed"], barred["informed_from"], barred["informed_until"]) == (False, None, None)
    informed = columns(Stream.GUARDIANSHIPS, builders.guardianship(information=Period(A, None)))
    assert (informed["is_restricted"], informed["is_informed"], informed["informed_from"]) == (False, True, A)


@pytest.mark.parametrize("stream", [Stream.PUPILS, Stream.GUARDIANS])
def test_a_secret_address_and_secret_phones_are_blank(stream: Stream) -> None:
    """No text of a secret address or number is in any column; only its key, its hashes and the flag stay."""
    secret = ADDRESS._replace(is_confidential=True)
    phones = (builders.phone(number="06-00000007", is_confidential=True), *PHONES)
    found = columns(stream, RECORDS[stream]._replace(address=secret, phones=phones))
    blank = dict.fromkeys(STREET_COLUMNS)
    assert found == {**EXPECTED[stream], **blank, "is_address_confidential": True}
    assert not any("00000007" in str(value) for value in found.values())


@pytest.mark.parametrize("stream", [Stream.PUPILS, Stream.GUARDIANS])
def test_no_address_is_no_secret(stream: Stream) -> None:
    """Without an address every column of it is null, and the flag says that nothing is hidden."""
    found = columns(stream, RECORDS[stream]._replace(address=None, phones=()))
    blank = dict.fromkeys(["address_id", *STREET_COLUMNS, "home_digest", "home_suffix_digest"])
    assert found == {**EXPECTED[stream], **blank, "phones": "[]"}


def test_a_building_with_a_secret_address_shows_none() -> None:
    """A location keeps its name and blanks its secret address; a phone without a digit is none."""
    secret = builders.location(address=ADDRESS._replace(is_confidential=True), phone="geheim")
    found = columns(Stream.LOCATIONS, secret)
    assert found == {**dict.fromkeys(DATA_COLUMNS[Stream.LOCATIONS]), "name": "Hoofdgebouw"}


@pytest.mark.parametrize(
    ("stream", "column", "target"),
    [
        (stream, column, target)
        for stream, loose in LOOSE_REFERENCES.items()
        for column, target in loose.items()
        if stream not in OF_A_GROUP
    ],
)
def test_a_loose_reference_is_null_while_its_stream_is_not_pulled(stream: Stream, column: str, target: Stream) -> None:
    """The column is null without the other stream and the key with it; all other columns stay the same."""
    without = builders.context(streams=builders.ALL_STREAMS - {target})
    assert columns(stream, RECORDS[stream])[column] == EXPECTED[stream][column] is not None
    assert columns(stream, RECORDS[stream], without) == {**EXPECTED[stream], column: None}


@pytest.mark.parametrize("stream", OF_A_GROUP)
def test_one_groups_item_gives_no_row_while_groups_are_not_pulled(stream: Stream) -> None:
    """The reference from an item to a group is never null for one group's item: that item is withheld."""
    without = builders.context(streams=builders.ALL_STREAMS - {Stream.GROUPS})
    item = RECORDS[stream]
    assert ROW_MAKERS[stream](item, without) == gates.GROUP_NOT_OPEN
    assert columns(stream, item._replace(group_key=None), without)["group_id"] is None


@pytest.mark.parametrize(
    ("until_on", "ends_at"),
    [
        (None, datetime(2027, 7, 31, 22, tzinfo=UTC)),
        (date(2027, 7, 31), datetime(2027, 7, 31, 22, tzinfo=UTC)),
        (date(2027, 7, 30), datetime(2027, 7, 30, 22, tzinfo=UTC)),
        (date(2027, 8, 1), datetime(2027, 7, 31, 22, tzinfo=UTC)),
        (date(2031, 1, 1), datetime(2027, 7, 31, 22, tzinfo=UTC)),
    ],
)
def test_a_place_in_a_group_ends_with_its_school_year(until_on: date | None, ends_at: datetime) -> None:
    """A source that leaves last year's places open, or open too long, leaves nobody in last year's group.

    Nor does one that does not say when a place begins show next year's groups before their year.
    """
    found = columns(Stream.GROUP_MEMBERSHIPS, builders.group_membership(until_on=until_on, from_on=None))
    begins_at = datetime(2026, 7, 31, 22, tzinfo=UTC)
    assert (found["begins_at"], found["until_on"], found["ends_at"]) == (begins_at, until_on, ends_at)


@pytest.mark.parametrize("stream", [Stream.PUPILS, Stream.GUARDIANS, Stream.EMPLOYEES])
def test_a_person_without_any_name_still_has_a_row(stream: Stream) -> None:
    """The columns that must not be null hold an empty text."""
    found = columns(stream, RECORDS[stream]._replace(name=Name()))
    assert (found["display_name"], found["sort_name"], found["last_name"]) == ("", "", None)


@pytest.mark.parametrize("stream", [Stream.SUPPORT_PLANS, Stream.REPORTS])
def test_without_a_file_the_columns_of_the_document_are_blank(stream: Stream) -> None:
    """A record that announces no file has a row all the same, with nothing in the five columns of the document."""
    found = columns(stream, RECORDS[stream]._replace(document=None))
    assert found == {**EXPECTED[stream], **dict.fromkeys(DOCUMENT_COLUMNS)}


def test_a_secret_number_of_a_care_provider_or_contact_is_blank() -> None:
    """The item and the contact stay, the number marked secret does not; a number without a digit is none."""
    secret, wordy = builders.phone(number="06-00000007", is_confidential=True), builders.phone(number="via school")
    item = RECORDS[Stream.MEDICAL_ITEMS]
    for phone in (secret, wordy, None):
        assert columns(Stream.MEDICAL_ITEMS, item._replace(phone=phone)) == {
            **EXPECTED[Stream.MEDICAL_ITEMS],
            "phone": None,
        }
    contact = RECORDS[Stream.EMERGENCY_CONTACTS]
    assert columns(Stream.EMERGENCY_CONTACTS, contact._replace(phones=(secret, wordy)))["phones"] == "[]"
    both = columns(Stream.EMERGENCY_CONTACTS, contact._replace(phones=(secret, *PHONES)))
    assert both == EXPECTED[Stream.EMERGENCY_CONTACTS]


def test_a_school_that_hides_levels_shows_the_scores_only() -> None:
    """With `shows_level` off the levels and the functioning level are blank; the raw and the scale score stay."""
    result = RECORDS[Stream.TEST_RESULTS]
    shown = builders.context(tests=[{"test": "s-test"}])
    hidden = builders.context(tests=[{"test": "s-test", "shows_level": False}])
    assert columns(Stream.TEST_RESULTS, result, shown) == EXPECTED[Stream.TEST_RESULTS]
    bare = {**EXPECTED[Stream.TEST_RESULTS], "functioning_level": None, "levels": "[]"}
    assert columns(Stream.TEST_RESULTS, result, hidden) == bare


def test_lists_that_are_empty_are_empty_lists() -> None:
    """No lines, parts or levels are written as an empty list, never as null."""
    assert columns(Stream.METHOD_TEST_RESULTS, dossier_builders.method_test_result(parts=()))["parts"] == "[]"
    assert columns(Stream.TEST_RESULTS, dossier_builders.lvs_result(levels=()))["levels"] == "[]"
    assert columns(Stream.INVOICES, dossier_builders.invoice(lines=()))["lines"] == "[]"


@pytest.mark.parametrize(
    ("amounts", "total", "is_right"),
    [
        ((4000, -750), 3250, True),
        ((-4000,), -4000, True),
        ((0,), 0, True),
        ((), 3250, True),
        ((99_999_999_999,) * 3, 299_999_999_997, True),
        ((4000, -750), 3251, False),
        ((4000,), -4000, False),
        ((0,), 1, False),
    ],
)
def test_the_lines_of_an_invoice_are_its_total(amounts: tuple[int, ...], total: int, is_right: bool) -> None:
    """To the cent, credits included; without lines an invoice says its total only. Else the old row stays."""
    lines = tuple(InvoiceLine("Regel", cents) for cents in amounts)
    invoice = dossier_builders.invoice(lines=lines, total_cents=total)
    if is_right:
        assert columns(Stream.INVOICES, invoice)["total_cents"] == total
        return
    with pytest.raises(RecordRejected) as caught:
        ROW_MAKERS[Stream.INVOICES](invoice, builders.context())
    assert (caught.value.code, caught.value.field_path, caught.value.hides) == ("lines_do_not_add_up", "lines", False)
    withheld = invoice._replace(status="concept")
    assert ROW_MAKERS[Stream.INVOICES](withheld, builders.context()) == gates.NOT_SENT


@pytest.mark.parametrize(
    ("seconds", "is_right"), [(0, True), (1, True), (None, True), (-1, False), (-9_000_000, False)]
)
def test_a_calendar_item_does_not_end_before_it_begins(seconds: int | None, is_right: bool) -> None:
    """Equal moments and no end are fine; an earlier end is rejected and keeps the old row, however early it is."""
    starts = datetime(2026, 12, 1, 18, tzinfo=UTC)
    ends = None if seconds is None else starts + timedelta(seconds=seconds)
    item, known = builders.calendar_item(starts_at=starts, ends_at=ends), builders.context(history_from=A)
    if is_right:
        assert isinstance(ROW_MAKERS[Stream.CALENDAR_ITEMS](item, known), tuple)
        return
    with pytest.raises(RecordRejected) as caught:
        ROW_MAKERS[Stream.CALENDAR_ITEMS](item, known)
    assert (caught.value.code, caught.value.field_path, caught.value.hides) == ("ends_before_start", "ends_at", False)
    assert ROW_MAKERS[Stream.CALENDAR_ITEMS](item._replace(audience="staff"), known) == gates.NOT_FOR_PARENTS


@pytest.mark.parametrize(
    ("starts", "ends", "is_right"),
    [("08:30", "09:30", True), ("00:00", "23:59", True), ("09:30", "09:30", False), ("10:00", "09:59", False)],
)
def test_a_lesson_ends_after_it_begins(starts: str, ends: str, is_right: bool) -> None:
    """A lesson of no length or less is rejected and keeps the old row; one that is over is withheld all the same."""
    lesson = builders.lesson(starts=starts, ends=ends)
    if is_right:
        assert isinstance(ROW_MAKERS[Stream.LESSONS](lesson, builders.context()), tuple)
        return
    with pytest.raises(RecordRejected) as caught:
        ROW_MAKERS[Stream.LESSONS](lesson, builders.context())
    assert (caught.value.code, caught.value.field_path, caught.value.hides) == ("ends_before_start", "ends", False)
    assert ROW_MAKERS[Stream.LESSONS](lesson._replace(until_on=A), builders.context()) == gates.EXPIRED
