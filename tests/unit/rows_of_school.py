"""The school itself: a record of each stream, and the row that must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.streams import Stream
from tests import builders
from tests.unit.row_sentinels import A_BEGINS, ADDRESS, C_ENDS, FROM_AT, STREET_COLUMNS, UNTIL_AT, A, C

RECORDS: Mapping[Stream, Any] = {
    Stream.LOCATIONS: builders.location(key="s-key", name="s-name", address=ADDRESS, phone="010-0000009"),
    Stream.NEWS_ITEMS: builders.news_item(
        key="s-key",
        title="s-title",
        body="s-body",
        publish_from=FROM_AT,
        publish_until=UNTIL_AT,
        group_key="s-group",
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
    Stream.CALENDAR_ITEMS: builders.calendar_item(
        key="s-key",
        title="s-title",
        description="s-description",
        kind="s-kind",
        group_key="s-group",
        is_all_day=True,
        starts_at=FROM_AT,
        ends_at=UNTIL_AT,
    ),
    Stream.LESSONS: builders.lesson(
        key="s-key",
        group_key="s-group",
        weekday="s-day",
        starts="10:15",
        ends="11:45",
        subject="s-subject",
        employee_key="s-employee",
        room="s-room",
        from_on=A,
        until_on=C,
    ),
}
"""A record of each stream in which no two fields hold the same."""

EXPECTED: Mapping[Stream, Mapping[str, object]] = {
    Stream.LOCATIONS: {"name": "s-name", **STREET_COLUMNS, "phone": "+31100000009"},
    Stream.NEWS_ITEMS: {
        "title": "s-title",
        "body": "s-body",
        "group_id": "s-group",
        "visible_from": FROM_AT,
        "visible_until": UNTIL_AT,
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
    Stream.CALENDAR_ITEMS: {
        "title": "s-title",
        "description": "s-description",
        "kind": "s-kind",
        "group_id": "s-group",
        "is_all_day": True,
        "starts_at": FROM_AT,
        "ends_at": UNTIL_AT,
    },
    Stream.LESSONS: {
        "group_id": "s-group",
        "weekday": "s-day",
        "starts": "10:15",
        "ends": "11:45",
        "subject": "s-subject",
        "employee_id": "s-employee",
        "room": "s-room",
        "visible_from": A_BEGINS,
        "visible_until": C_ENDS,
    },
}
"""What each column of each table must hold, written by hand."""
