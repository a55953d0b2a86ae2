"""Every gate on both sides, by name: what is stored, what a view shows, and under which gate a record is counted."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from schemas.streams import Stream
from tests.integration.bench import gates, seen, sums
from tests.rig import Rig


class Case(NamedTuple):
    """A role, and whether its record is stored and seen; the gate that keeps it out."""

    stream: Stream
    role: str
    is_stored: bool
    is_seen: bool
    gate: str = ""


CASES = (
    Case(Stream.PUPILS, "pupil_plain", True, True),
    Case(Stream.PUPILS, "pupil_guest", False, False, "not_enrolled"),
    Case(Stream.PUPILS, "pupil_under_four", False, False, "not_enrolled"),
    Case(Stream.PUPILS, "pupil_future", True, False),
    Case(Stream.PUPILS, "pupil_adult", True, False),
    Case(Stream.PUPILS, "pupil_leaver_recent", True, True),
    Case(Stream.PUPILS, "pupil_leaver_old", False, False, "left"),
    Case(Stream.GUARDIANS, "guardian_plain", True, True),
    Case(Stream.GUARDIANS, "guardian_restricted", True, False),
    Case(Stream.GUARDIANS, "guardian_of_leaver_old", False, False),
    Case(Stream.NOTES, "note_visible", True, True),
    Case(Stream.NOTES, "note_hidden", False, False, "not_visible_to_parents"),
    Case(Stream.SUPPORT_PLANS, "plan_final", True, True),
    Case(Stream.SUPPORT_PLANS, "plan_past", True, True),
    Case(Stream.SUPPORT_PLANS, "plan_concept", False, False, "not_final"),
    Case(Stream.SUPPORT_PLANS, "plan_review", False, False, "not_final"),
    Case(Stream.SUPPORT_PLANS, "plan_withdrawn", False, False, "not_final"),
    Case(Stream.NEWS_ITEMS, "news_published", True, True),
    Case(Stream.NEWS_ITEMS, "news_always", True, True),
    Case(Stream.NEWS_ITEMS, "news_future", True, False),
    Case(Stream.NEWS_ITEMS, "news_group", True, True),
    Case(Stream.NEWS_ITEMS, "news_unpublished", False, False, "not_published"),
    Case(Stream.NEWS_ITEMS, "news_group_unpublished", False, False, "not_published"),
    Case(Stream.NEWS_ITEMS, "news_expired", False, False, "expired"),
    Case(Stream.EMPLOYEES, "employee_teacher", True, True),
    Case(Stream.EMPLOYEES, "employee_future", True, False),
    Case(Stream.EMPLOYEES, "employee_left", False, False, "left"),
    Case(Stream.GROUPS, "group_class", True, True),
    Case(Stream.GROUPS, "group_placeholder", False, False, "placeholder"),
    Case(Stream.GROUP_MEMBERSHIPS, "membership_current", True, True),
    Case(Stream.GROUP_MEMBERSHIPS, "membership_placeholder", False, False, "parent_withheld"),
    Case(Stream.GROUP_MEMBERSHIPS, "membership_next_year", True, False),
    Case(Stream.ABSENCES, "absence_illness", True, True),
    Case(Stream.EMERGENCY_CONTACTS, "contact_plain", True, True),
    Case(Stream.EMERGENCY_CONTACTS, "contact_confidential", True, True),
    Case(Stream.MEDICAL_ITEMS, "medical_allergy", True, True),
    Case(Stream.MEDICAL_ITEMS, "medical_past", True, True),
    Case(Stream.INVOICES, "invoice_sent", True, True),
    Case(Stream.INVOICES, "invoice_cancelled", True, True),
    Case(Stream.INVOICES, "invoice_without_pupil", True, True),
    Case(Stream.INVOICES, "invoice_concept", False, False, "not_sent"),
    Case(Stream.INVOICES, "invoice_no_debtor", False, False, "no_debtor"),
    Case(Stream.CALENDAR_ITEMS, "calendar_school", True, True),
    Case(Stream.CALENDAR_ITEMS, "calendar_group", True, True),
    Case(Stream.CALENDAR_ITEMS, "calendar_staff", False, False, "not_for_parents"),
    Case(Stream.CALENDAR_ITEMS, "calendar_staff_group", False, False, "not_for_parents"),
    Case(Stream.PRIVACY_PREFERENCES, "preference_allowed", True, True),
    Case(Stream.PRIVACY_PREFERENCES, "preference_refused", True, True),
    Case(Stream.PRIVACY_PREFERENCES, "preference_photo_website", False, False, "category_not_used"),
    Case(Stream.LESSONS, "lesson_current", True, True),
    Case(Stream.LESSONS, "lesson_future", True, False),
    Case(Stream.LESSONS, "lesson_next_year", True, False),
    Case(Stream.LESSONS, "lesson_past", False, False, "expired"),
    Case(Stream.REPORTS, "report_published", True, True),
    Case(Stream.REPORTS, "report_future", True, False),
    Case(Stream.REPORTS, "report_unpublished", False, False, "not_published"),
    Case(Stream.METHOD_TEST_RESULTS, "method_test_rekenen", True, True),
    Case(Stream.METHOD_TEST_RESULTS, "method_test_future", True, False),
    Case(Stream.TEST_RESULTS, "test_final", True, True),
    Case(Stream.TEST_RESULTS, "test_future", True, False),
    Case(Stream.TEST_RESULTS, "test_in_progress", False, False, "not_final"),
    Case(Stream.TEST_RESULTS, "test_cancelled", False, False, "not_final"),
)


def test_every_gate_keeps_its_records_out_and_lets_the_others_in(rig: Rig) -> None:
    """Stored and seen as the table above says, and each gate counts exactly what it kept out."""
    rig.open()
    report = rig.sync()
    stored = {stream: rig.ids(stream) for stream in Stream}
    shown = {stream: seen(rig, f"portal_{stream}") for stream in Stream}
    found = [
        Case(case.stream, case.role, key in stored[case.stream], key in shown[case.stream], case.gate)
        for case in CASES
        for key in [rig.role(case.role)]
    ]
    assert found == list(CASES)
    for stream in Stream:
        counted = gates(report, stream)
        for gate in {case.gate for case in CASES if case.stream is stream and case.gate}:
            assert counted.get(gate, 0) > 0, (stream, gate)
        assert sum(counted.values()) >= sums(report, stream).withheld
        ledger = rig.rows("SELECT gate, records FROM run_gates WHERE stream = :s", s=stream.value)
        assert {row["gate"]: row["records"] for row in ledger} == counted
    everything = {stream: len(rig.world.records(rig.school, stream)) for stream in Stream}
    for stream in Stream:
        first = next(one.sums for one in report.streams if one.stream is stream)
        assert (first.fetched, first.added + first.withheld) == (everything[stream], everything[stream])


@pytest.mark.parametrize("full", [False, True])
def test_a_record_that_passes_a_gate_one_way_or_the_other_moves(rig: Rig, full: bool) -> None:
    """Each gate, crossed in both directions in one sync: out of the table, into the view, counted as such."""
    rig.open()
    rig.sync()
    out = (
        (Stream.NOTES, "note_visible", {"visible_to_parents": False}),
        (Stream.SUPPORT_PLANS, "plan_final", {"status": "review"}),
        (Stream.NEWS_ITEMS, "news_published", {"published": False}),
        (Stream.NEWS_ITEMS, "news_always", {"publish_until": "2026-01-01T00:00:00Z"}),
        (Stream.EMPLOYEES, "employee_teacher", {"employed_until": "2026-01-01"}),
        (Stream.GROUPS, "group_composite", {"kind": "placeholder"}),
        (Stream.INVOICES, "invoice_sent", {"status": "concept"}),
        (Stream.INVOICES, "invoice_paid", {"debtor_id": None}),
        (Stream.CALENDAR_ITEMS, "calendar_school", {"audience": "staff"}),
        (Stream.PRIVACY_PREFERENCES, "preference_allowed", {"category": "photo_newsletter"}),
        (Stream.LESSONS, "lesson_current", {"until_on": "2026-01-01"}),
        (Stream.REPORTS, "report_published", {"published": False}),
        (Stream.TEST_RESULTS, "test_final", {"status": "cancelled"}),
    )
    back = (
        (Stream.NOTES, "note_hidden", {"visible_to_parents": True}),
        (Stream.SUPPORT_PLANS, "plan_concept", {"status": "final"}),
        (Stream.NEWS_ITEMS, "news_unpublished", {"published": True}),
        (Stream.EMPLOYEES, "employee_left", {"employed_until": None}),
        (Stream.PUPILS, "pupil_leaver_old", {"status": "enrolled", "enrolled_until": None}),
        (Stream.INVOICES, "invoice_concept", {"status": "sent"}),
        (Stream.INVOICES, "invoice_of_leaver_old", {"description": "Weer hier"}),
        (Stream.CALENDAR_ITEMS, "calendar_staff", {"audience": "parents"}),
        (Stream.PRIVACY_PREFERENCES, "preference_photo_website", {"category": "group_list_phone"}),
        (Stream.LESSONS, "lesson_past", {"until_on": None}),
        (Stream.REPORTS, "report_unpublished", {"published": True}),
        (Stream.TEST_RESULTS, "test_in_progress", {"status": "final"}),
    )
    for stream, role, fields in (*out, *back):
        rig.world.patch(rig.school, stream, rig.role(role), **fields)
    report = rig.sync(full=full)
    assert report.held == 0
    assert [role for stream, role, _ in out if rig.role(role) in rig.ids(stream)] == []
    assert [role for stream, role, _ in back if rig.role(role) not in seen(rig, f"portal_{stream}")] == []
    assert sums(report, Stream.NOTES).withdrawn == 1
    hanging = "SELECT 1 FROM group_memberships WHERE group_id = :g"
    assert not rig.rows(hanging, g=rig.role("group_composite"))
    rig.world.patch(rig.school, "groups", rig.role("group_composite"), kind="composite")
    rig.sync(full=full)
    assert rig.rows(hanging, g=rig.role("group_composite"))
