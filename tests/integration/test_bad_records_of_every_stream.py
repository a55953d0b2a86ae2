"""Bad records of every stream among good ones: which old row goes, which stays, and how each comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from schemas.runs import RunStatus
from tests.integration.bench import NO_BRAKE
from tests.rig import Rig

BEFORE_START, ADD_UP = "ends_before_start", "lines_do_not_add_up"
OTHER_DEBTOR = {"debtor_id": "guardian_second_household", "number": 7}
SECRET = {"number": "06-00000008", "kind": "work", "is_confidential": True}
BAD_FILE = {"id": "doc-1", "file_name": "a.pdf", "content_type": "application/pdf", "size": 1, "sha256": "none"}
LATER = "2199-01-01T00:00:00+01:00"


class Case(NamedTuple):
    """A record by its role, what happens to it, and how it is quarantined; `is_kept`: its old row stays."""

    stream: str
    role: str
    changes: dict[str, Any]
    is_kept: bool
    path: str
    code: str = "unreadable_field"


HIDDEN = (
    Case("emergency_contacts", "contact_plain", {"pupil_id": 7}, False, "pupil_id"),
    Case("medical_items", "medical_allergy", {"pupil_id": None}, False, "pupil_id"),
    Case("medical_items", "medical_care_provider_public", {"phone": SECRET, "name": 7}, False, "name"),
    Case("invoices", "invoice_sent", {"debtor_id": 7}, False, "debtor_id"),
    Case("invoices", "invoice_paid", {"status": "misschien"}, False, "status"),
    Case("invoices", "invoice_without_pupil", {"debtor_id": None, "number": 7}, False, "number"),
    Case("calendar_items", "calendar_school", {"audience": 7}, False, "audience"),
    Case("calendar_items", "calendar_group", {"group_id": {}}, False, "group_id"),
    Case("lessons", "lesson_ending", {"starts": "25:00"}, False, "starts"),
    Case("lessons", "lesson_without_teacher", {"group_id": 7}, False, "group_id"),
    Case("privacy_preferences", "preference_allowed", {"category": "group_list_naam"}, False, "category"),
    Case("support_plans", "plan_past", {"status": 7}, False, "status"),
    Case("reports", "report_without_document", {"published": "ja"}, False, "published"),
    Case("reports", "report_past_year", {"reported_on": "vorig jaar"}, False, "reported_on"),
    Case("reports", "report_two_years_ago", {"publish_from": LATER, "title": 7}, False, "title"),
    Case("method_test_results", "method_test_spelling", {"subject": 7}, False, "subject"),
    Case("method_test_results", "method_test_begrijpend_lezen", {"publish_from": "x"}, False, "publish_from"),
    Case("test_results", "test_level_ae", {"status": 7}, False, "status"),
    Case("test_results", "test_level_iv", {"test": 7}, False, "test"),
    Case("test_results", "test_avi", {"year_group": ""}, False, "year_group"),
    Case("test_results", "test_other_level", {"taken_on": "x"}, False, "taken_on"),
    Case("test_results", "test_without_moment", {"status": "in_progress", "levels": 7}, False, "levels"),
)
KEPT = (
    Case("emergency_contacts", "contact_two_households", {"name": 7}, True, "name"),
    Case("medical_items", "medical_medication", {"time_from": "25:00"}, True, "time_from"),
    Case("invoices", "invoice_partly_paid", {"paid_amount": "7,50"}, True, "paid_amount", "decimal_comma"),
    Case("invoices", "invoice_cancelled", {"total_amount": "0.01"}, True, "lines", ADD_UP),
    Case("calendar_items", "calendar_open_end", {"starts_at": "2026-11-24"}, True, "starts_at"),
    Case("calendar_items", "calendar_past", {"ends_at": "1999-01-01T08:00:00Z"}, True, "ends_at", BEFORE_START),
    Case("lessons", "lesson_current", {"starts": "25:00"}, True, "starts"),
    Case("support_plans", "plan_final", {"document": BAD_FILE}, True, "document.sha256"),
    Case("reports", "report_published", {"document": BAD_FILE}, True, "document.sha256"),
    Case("method_test_results", "method_test_rekenen", {"score": "X"}, True, "score"),
    Case("method_test_results", "method_test_taal", {"score": "7,5"}, True, "score", "decimal_comma"),
    Case("method_test_results", "method_test_past_year", {"taken_on": "x"}, True, "taken_on"),
    Case("test_results", "test_final", {"scale_score": "112,4"}, True, "scale_score", "decimal_comma"),
    Case("test_results", "test_moment_b", {"levels": [{"kind": "AE", "value": "F"}]}, True, "levels"),
    Case("test_results", "test_moment_e", {"raw_score": "X"}, True, "raw_score"),
    Case("pupils", "pupil_sibling", {"photo_reference": 7}, True, "photo_reference"),
)
MOVED = (
    Case("emergency_contacts", "contact_plain", {"pupil_id": "pupil_sibling", "name": 7}, False, "name"),
    Case("medical_items", "medical_allergy", {"pupil_id": "pupil_sibling", "name": 7}, False, "name"),
    Case("invoices", "invoice_first_household", OTHER_DEBTOR, False, "number"),
    Case("invoices", "invoice_sent", {"debtor_id": "gua-nobody"}, False, "debtor_id", "missing_parent"),
    Case("calendar_items", "calendar_school", {"group_id": "group_class", "title": 7}, False, "title"),
    Case("calendar_items", "calendar_group", {"group_id": "group_composite", "title": 7}, False, "title"),
    Case(
        "lessons",
        "lesson_current",
        {"group_id": "group_composite", "ends": "00:00"},
        False,
        "ends",
        "ends_before_start",
    ),
    Case("notes", "note_visible", {"pupil_id": "pupil_sibling", "title": 7}, False, "title"),
    Case("reports", "report_confidential", {"pupil_id": "pupil_sibling", "title": 7}, False, "title"),
    Case("method_test_results", "method_test_rekenen", {"pupil_id": "pupil_sibling", "score": "X"}, False, "score"),
    Case("test_results", "test_final", {"pupil_id": "pupil_sibling", "raw_score": "X"}, False, "raw_score"),
    Case("calendar_items", "calendar_other_group", {"group_id": None, "title": 7}, True, "title"),
)


def let_happen(rig: Rig, cases: tuple[Case, ...]) -> list[tuple[str, dict[str, Any]]]:
    """Change these records in the SIS; give each as it was there. A value that is a role becomes that record's id."""
    roles, before = rig.world.roles(rig.school), []
    for case in cases:
        key = rig.role(case.role)
        before.append((case.stream, rig.world.records(rig.school, case.stream)[key]))
        said = {name: roles.get(value, value) if type(value) is str else value for name, value in case.changes.items()}
        rig.world.patch(rig.school, case.stream, key, **said)
    return before


def row(rig: Rig, case: Case) -> dict[str, Any] | None:
    found = rig.rows(f"SELECT * FROM {case.stream} WHERE id = :id", id=rig.role(case.role))
    return found[0] if found else None


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("cases", [HIDDEN + KEPT, MOVED], ids=["broken", "moved and broken"])
def test_each_bad_record_hides_or_keeps_its_row_and_comes_back_mended(
    make_rig: Callable[..., Rig], cases: tuple[Case, ...], full: bool
) -> None:
    """All in one sync: each row goes or stays as the tables say, under its code; mended, the portal is as before."""
    rig = make_rig(limits=NO_BRAKE)  # what comes back is a large part of so small a school
    rig.open()
    rig.sync()
    portal, old = rig.portal(), {case.role: row(rig, case) for case in cases}
    assert all(old.values())
    sources = let_happen(rig, cases)
    assert rig.sync(full=full).status is RunStatus.DONE
    kept = {case.role: old[case.role] if case.is_kept else None for case in cases}
    assert {case.role: row(rig, case) for case in cases} == kept
    items = rig.rows("SELECT * FROM quarantine")
    assert {(item["stream"], item["key"], item["code"], item["field_path"]) for item in items} == {
        (case.stream, rig.role(case.role), case.code, case.path) for case in cases
    }
    assert len(items) == len(cases)
    for stream, record in sources:
        rig.world.put(rig.school, stream, {name: value for name, value in record.items() if name != "changed_at"})
    rig.sync(full=full)
    assert rig.portal() == portal
    assert rig.rows("SELECT * FROM quarantine") == []
