"""Canonical records as rows: every column from its own field, in the table's order."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mappings import gates
from mappings.gates import Context
from mappings.portal.catalogue import ROW_MAKERS
from schemas.canonical.people import Name, Period
from schemas.streams import LOOSE_REFERENCES, Stream
from schemas.tables.catalogue import DATA_COLUMNS, TABLES
from schemas.tables.columns import ROW_KEEPING
from tests import builders

NAME = Name("s-first", "s-initials", "s-call", "s-prefix", "s-last")
ADDRESS = builders.address(
    key="s-address",
    street="s-street",
    house_number="s-number",
    house_number_suffix="s-suffix",
    postal_code="s-postal",
    city="s-city",
    country="s-country",
)
PHONES = (builders.phone(number="06-00000009"),)

NAME_COLUMNS = {
    "call_name": "s-call",
    "name_prefix": "s-prefix",
    "last_name": "s-last",
    "display_name": "s-call s-prefix s-last",
    "sort_name": "s-last, s-call s-prefix",
}
STREET_COLUMNS = {
    "street": "s-street",
    "house_number": "s-number",
    "house_number_suffix": "s-suffix",
    "postal_code": "s-postal",
    "city": "s-city",
    "country": "s-country",
}
CONTACT_COLUMNS = {
    "address_id": "s-address",
    **STREET_COLUMNS,
    "is_address_confidential": False,
    "phones": '[{"kind":"mobile","number":"+31600000009"}]',
}
A, B, C, D = (date(2026, 1, 10), date(2026, 2, 10), date(2027, 1, 10), date(2027, 2, 10))
E, F = date(2025, 1, 10), date(2028, 1, 10)
A_BEGINS, C_ENDS = datetime(2026, 1, 9, 23, tzinfo=UTC), datetime(2027, 1, 10, 23, tzinfo=UTC)
FROM_AT, UNTIL_AT = datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 12, 1, 8, tzinfo=UTC)

RECORDS: Mapping[Stream, Any] = {
    Stream.LOCATIONS: builders.location(key="s-key", name="s-name", address=ADDRESS, phone="010-0000009"),
    Stream.PUPILS: builders.pupil(
        key="s-key",
        former_keys=("s-former",),
        number="s-pupil-number",
        name=NAME,
        gender="s-gender",
        birth_on=B,
        year_group="s-year",
        enrolled_from=A,
        enrolled_until=C,
        location_key="s-location",
        address=ADDRESS,
        phones=PHONES,
    ),
    Stream.GUARDIANS: builders.guardian(
        key="s-key",
        former_keys=("s-former",),
        name=NAME,
        gender="s-gender",
        email="s-email",
        phones=PHONES,
        address=ADDRESS,
    ),
    Stream.GUARDIANSHIPS: builders.guardianship(
        key="s-key",
        pupil_key="s-pupil",
        guardian_key="s-guardian",
        relation="s-relation",
        authority="s-authority",
        restriction=Period(A, B),
        information=Period(C, D),
        contact_order=7,
        from_on=E,
        until_on=F,
    ),
    Stream.ABSENCES: builders.absence(
        key="s-key",
        pupil_key="s-pupil",
        kind="s-kind",
        reason="s-reason",
        starts_at=FROM_AT,
        ends_at=UNTIL_AT,
        reported_by="s-reporter",
    ),
    Stream.NEWS_ITEMS: builders.news_item(
        key="s-key",
        title="s-title",
        body="s-body",
        publish_from=FROM_AT,
        publish_until=UNTIL_AT,
        group_key="s-group",
    ),
    Stream.EMPLOYEES: builders.employee(
        key="s-key",
        name=NAME,
        gender="s-gender",
        functions=("s-function", "s-another"),
        work_email="s-email",
        working_days=("s-day",),
        employed_from=A,
        employed_until=C,
    ),
    Stream.GROUPS: builders.group(key="s-key", name="s-name", school_year=2031, year_groups=("s-year",), kind="s-kind"),
    Stream.GROUP_MEMBERSHIPS: builders.group_membership(
        key="s-key",
        pupil_key="s-pupil",
        group_key="s-group",
        school_year=2031,
        year_group="s-year",
        from_on=A,
        until_on=C,
    ),
    Stream.GROUP_EMPLOYEES: builders.group_employee(
        key="s-key",
        group_key="s-group",
        employee_key="s-employee",
        role="s-role",
        weekdays=("s-day",),
        from_on=A,
        until_on=C,
    ),
    Stream.SUPPORT_PLANS: builders.support_plan(
        key="s-key",
        pupil_key="s-pupil",
        subject="s-subject",
        from_on=A,
        until_on=C,
        goals="s-goals",
        approach="s-approach",
        evaluation="s-evaluation",
        employee_key="s-employee",
    ),
    Stream.NOTES: builders.note(
        key="s-key",
        pupil_key="s-pupil",
        category="s-category",
        noted_on=A,
        title="s-title",
        text="s-text",
        employee_key="s-employee",
        is_reply_allowed=True,
    ),
}
"""A record of each stream in which no two fields hold the same."""

EXPECTED: Mapping[Stream, Mapping[str, object]] = {
    Stream.LOCATIONS: {"name": "s-name", **STREET_COLUMNS, "phone": "+31100000009"},
    Stream.PUPILS: {
        **CONTACT_COLUMNS,
        "number": "s-pupil-number",
        "first_names": "s-first",
        **NAME_COLUMNS,
        "gender": "s-gender",
        "birth_on": B,
        "year_group": "s-year",
        "enrolled_from": A,
        "enrolled_until": C,
        "location_id": "s-location",
        "visible_from": A_BEGINS,
        "visible_until": datetime(2027, 1, 24, 23, tzinfo=UTC),
    },
    Stream.GUARDIANS: {
        **CONTACT_COLUMNS,
        "initials": "s-initials",
        **NAME_COLUMNS,
        "gender": "s-gender",
        "email": "s-email",
    },
    Stream.GUARDIANSHIPS: {
        "pupil_id": "s-pupil",
        "guardian_id": "s-guardian",
        "relation": "s-relation",
        "authority": "s-authority",
        "is_restricted": True,
        "restricted_from": A,
        "restricted_until": B,
        "is_informed": True,
        "informed_from": C,
        "informed_until": D,
        "contact_order": 7,
        "from_on": E,
        "until_on": F,
    },
    Stream.ABSENCES: {
        "pupil_id": "s-pupil",
        "kind": "s-kind",
        "reason": "s-reason",
        "is_authorised": True,
        "starts_at": FROM_AT,
        "ends_at": UNTIL_AT,
        "reported_by": "s-reporter",
    },
    Stream.NEWS_ITEMS: {
        "title": "s-title",
        "body": "s-body",
        "group_id": "s-group",
        "visible_from": FROM_AT,
        "visible_until": UNTIL_AT,
    },
    Stream.EMPLOYEES: {
        "initials": "s-initials",
        **NAME_COLUMNS,
        "functions": '["s-function","s-another"]',
        "work_email": "s-email",
        "working_days": '["s-day"]',
        "visible_from": A_BEGINS,
        "visible_until": C_ENDS,
    },
    Stream.GROUPS: {"name": "s-name", "school_year": 2031, "year_groups": '["s-year"]', "kind": "s-kind"},
    Stream.GROUP_MEMBERSHIPS: {
        "pupil_id": "s-pupil",
        "group_id": "s-group",
        "school_year": 2031,
        "year_group": "s-year",
        "from_on": A,
        "until_on": C,
        "begins_at": A_BEGINS,
        "ends_at": C_ENDS,
    },
    Stream.GROUP_EMPLOYEES: {
        "group_id": "s-group",
        "employee_id": "s-employee",
        "role": "s-role",
        "weekdays": '["s-day"]',
        "from_on": A,
        "until_on": C,
    },
    Stream.SUPPORT_PLANS: {
        "pupil_id": "s-pupil",
        "subject": "s-subject",
        "from_on": A,
        "until_on": C,
        "goals": "s-goals",
        "approach": "s-approach",
        "evaluation": "s-evaluation",
        "employee_id": "s-employee",
    },
    Stream.NOTES: {
        "pupil_id": "s-pupil",
        "category": "s-category",
        "noted_on": A,
        "title": "s-title",
        "text": "s-text",
        "employee_id": "s-employee",
        "is_reply_allowed": True,
    },
}
"""What each column of each table must hold, written by hand."""

WITHHELD: Mapping[str, tuple[Stream, Any]] = {
    gates.NOT_ENROLLED: (Stream.PUPILS, builders.pupil(status="registered")),
    gates.LEFT: (Stream.EMPLOYEES, builders.employee(employed_until=date(2020, 1, 1))),
    gates.NOT_PUBLISHED: (Stream.NEWS_ITEMS, builders.news_item(is_published=False)),
    gates.PLACEHOLDER: (Stream.GROUPS, builders.group(kind="placeholder")),
    gates.NOT_FINAL: (Stream.SUPPORT_PLANS, builders.support_plan(status="concept")),
    gates.NOT_VISIBLE_TO_PARENTS: (Stream.NOTES, builders.note(is_visible_to_parents=False)),
}


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
    assert ROW_MAKERS[stream](record, builders.context()) == gate


def test_restriction_and_agreement_keep_to_their_own_columns() -> None:
    """One of the two leaves the columns of the other false and null; open days stay null beside a true."""
    barred = columns(Stream.GUARDIANSHIPS, builders.guardianship(restriction=Period(None, None)))
    assert (barred["is_restricted"], barred["restricted_from"], barred["restricted_until"]) == (True, None, None)
    assert (barred["is_informed"], barred["informed_from"], barred["informed_until"]) == (False, None, None)
    informed = columns(Stream.GUARDIANSHIPS, builders.guardianship(information=Period(A, None)))
    assert (informed["is_restricted"], informed["is_informed"], informed["informed_from"]) == (False, True, A)


@pytest.mark.parametrize("stream", [Stream.PUPILS, Stream.GUARDIANS])
def test_a_secret_address_and_secret_phones_are_blank(stream: Stream) -> None:
    """No text of a secret address or number is in any column; only its key and the flag stay."""
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
    blank = dict.fromkeys(["address_id", *STREET_COLUMNS])
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
        if (stream, column) != (Stream.NEWS_ITEMS, "group_id")
    ],
)
def test_a_loose_reference_is_null_while_its_stream_is_not_pulled(stream: Stream, column: str, target: Stream) -> None:
    """The column is null without the other stream and the key with it; all other columns stay the same."""
    without = builders.context(streams=builders.ALL_STREAMS - {target})
    assert columns(stream, RECORDS[stream])[column] == EXPECTED[stream][column] is not None
    assert columns(stream, RECORDS[stream], without) == {**EXPECTED[stream], column: None}


def test_one_groups_news_gives_no_row_while_groups_are_not_pulled() -> None:
    """The reference from news to a group is never null for one group's item: that item is withheld."""
    without = builders.context(streams=builders.ALL_STREAMS - {Stream.GROUPS})
    item = RECORDS[Stream.NEWS_ITEMS]
    assert ROW_MAKERS[Stream.NEWS_ITEMS](item, without) == gates.GROUP_NOT_OPEN
    assert columns(Stream.NEWS_ITEMS, item._replace(group_key=None), without)["group_id"] is None


def test_a_membership_without_days_has_no_instants() -> None:
    """Open days are open instants."""
    found = columns(Stream.GROUP_MEMBERSHIPS, builders.group_membership(from_on=None))
    assert (found["begins_at"], found["ends_at"]) == (None, None)


@pytest.mark.parametrize("stream", [Stream.PUPILS, Stream.GUARDIANS, Stream.EMPLOYEES])
def test_a_person_without_any_name_still_has_a_row(stream: Stream) -> None:
    """The columns that must not be null hold an empty text."""
    found = columns(stream, RECORDS[stream]._replace(name=Name()))
    assert (found["display_name"], found["sort_name"], found["last_name"]) == ("", "", None)
