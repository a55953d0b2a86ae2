"""Odd but allowed: extremes, empty texts, credits, and what names somebody the portal does not know."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas.runs import RunStatus
from schemas.streams import Stream
from tests.integration.bench import gates, quarantined
from tests.integration.classmates import choose
from tests.integration.hard_cases import Author
from tests.rig import Rig

MOST = {"description": "Regel", "amount": "999999999.99"}
ANY_SCRIPT = {"name": "Zoë 🐝 \u200fعسل", "details": "x" * 50_000}
CASES: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
    (
        "invoices",
        "invoice_sent",
        {"lines": [MOST], "total_amount": "999999999.99", "paid_amount": "-999999999.99"},
        {"total_cents": 99_999_999_999, "paid_cents": -99_999_999_999},
    ),
    (
        "invoices",
        "invoice_paid",
        {"lines": [], "total_amount": "-12.50", "paid_amount": "0.00", "number": "", "description": "", "due_on": None},
        {"lines": "[]", "total_cents": -1250, "paid_cents": 0, "number": "", "description": "", "due_on": None},
    ),
    (
        "test_results",
        "test_final",
        {"raw_score": 2**31 - 1, "scale_score": "-999999999.999999", "moment_year_group": None, "levels": []},
        {"raw_score": 2**31 - 1, "scale_score": "-999999999.999999", "moment": "M", "levels": "[]"},
    ),
    (
        "test_results",
        "test_level_iv",
        {"scale_score": "112.50", "test_name": "", "scale": "", "functioning_level": "", "moment": None},
        {"scale_score": "112.5", "test_name": "", "scale": "", "functioning_level": "", "moment": None},
    ),
    (
        "method_test_results",
        "method_test_rekenen",
        {"score": "0.000001", "max_score": "999999999", "norm": "", "grade": "7,5", "parts": [], "year_group": None},
        {"score": "0.000001", "max_score": "999999999", "norm": "", "grade": "7,5", "parts": "[]", "year_group": None},
    ),
    (
        "emergency_contacts",
        "contact_plain",
        {"name": "", "relation": "", "phones": [], "contact_order": -(2**31)},
        {"name": "", "relation": None, "phones": "[]", "contact_order": -(2**31)},
    ),
    (
        "medical_items",
        "medical_allergy",
        {
            "name": "Zoë 🐝 \u200fعسل",
            "details": "x" * 50_000,
            "from_on": None,
            "time_from": "00:00",
            "time_until": "23:59",
        },
        {
            "name": "Zoë 🐝 \u200fعسل",
            "details": "x" * 50_000,
            "from_on": None,
            "time_from": "00:00",
            "time_until": "23:59",
        },
    ),
    (
        "calendar_items",
        "calendar_school",
        {"title": "", "description": "", "ends_at": None, "kind": "other"},
        {"title": "", "description": "", "ends_at": None, "kind": "other"},
    ),
    (
        "lessons",
        "lesson_current",
        {"subject": "", "room": "", "starts": "00:00", "ends": "23:59", "from_on": None},
        {"subject": "", "room": "", "starts": "00:00", "ends": "23:59", "visible_from": None},
    ),
    (
        "reports",
        "report_published",
        {"title": "", "period": "", "school_year": 1900, "year_group": None, "document": None, "publish_from": None},
        {"title": "", "period": "", "school_year": 1900, "year_group": None, "document_id": None, "visible_from": None},
    ),
)


@pytest.mark.parametrize("full", [False, True])
def test_extremes_arrive_as_they_are(rig: Rig, full: bool) -> None:
    """The largest and smallest numbers, credits, empty texts and lists, and any script, on both databases."""
    rig.open()
    rig.sync()
    for stream, role, changes, _ in CASES:
        rig.world.patch(rig.school, stream, rig.role(role), **changes)
    assert rig.sync(full=full).attention == 0
    for stream, role, _, expected in CASES:
        (row,) = rig.rows(f"SELECT * FROM {stream} WHERE id = :id", id=rig.role(role))
        assert {name: row[name] for name in expected} == expected, role
        assert rig.rows(f"SELECT 1 FROM portal_{stream} WHERE id = :id", id=rig.role(role)), role
    assert rig.sync(full=True).status is RunStatus.DONE
    assert rig.sync().status is RunStatus.QUIET


def test_a_score_written_with_other_zeros_is_no_change(rig: Rig) -> None:
    """7.5, 7.50 and 07.5 are one value: nothing is altered, and nothing told."""
    rig.open()
    rig.sync()
    key = rig.role("method_test_rekenen")
    record = rig.world.records(rig.school, "method_test_results")[key]
    assert Decimal(record["score"]) == Decimal("7.5")
    for written in ("7.50", "07.5", "7.500000"):
        rig.world.patch(rig.school, "method_test_results", key, score=written)
        report = rig.sync()
        (only,) = [one.sums for one in report.streams if one.stream is Stream.METHOD_TEST_RESULTS]
        assert (only.unchanged, only.altered) == (1, 0)
    assert rig.rows("SELECT * FROM portal_changes") == []


def test_an_invoice_for_a_debtor_nobody_knows_waits_for_the_guardian(rig: Rig) -> None:
    """Quarantined by the debtor's key, without attention; when the guardian comes it is stored and seen."""
    rig.open()
    rig.sync()
    author = Author(rig)
    invoice = author.bill("gua-777", rig.role("pupil_plain"))
    assert rig.sync().attention == 0
    assert quarantined(rig) == {("invoices", invoice): "missing_parent"}
    assert invoice not in rig.ids("invoices")
    rig.world.put(rig.school, "guardians", {**author.pattern_guardian, "id": "gua-777", "former_ids": []})
    author.tie("gua-777", rig.role("pupil_plain"))
    assert rig.sync().attention == 0
    assert quarantined(rig) == {}
    (row,) = rig.rows("SELECT * FROM portal_invoices WHERE id = :id", id=invoice)
    assert row["guardian_id"] == "gua-777"


def test_an_invoice_of_a_guardian_without_children_here_is_withheld(rig: Rig) -> None:
    """The debtor is known and hidden, so there is nothing to mend: withheld with that guardian, no quarantine."""
    rig.open()
    rig.sync()
    assert rig.role("invoice_of_leaver_old") not in rig.ids("invoices"), "it went with the guardian"
    report = rig.sync(full=True)
    assert rig.role("invoice_of_leaver_old") not in rig.ids("invoices")
    assert gates(report, Stream.INVOICES)["parent_withheld"] > 0
    assert quarantined(rig) == {}


def test_a_preference_that_cannot_be_read_shows_nothing_of_the_pupil(rig: Rig) -> None:
    """Consent whose category, answer or pupil cannot be read is no consent: the name leaves the list at once."""
    rig.open()
    choose(rig, name=True)
    rig.sync()
    pupil, key = rig.role("pupil_plain"), rig.role("preference_allowed")

    def listed() -> bool:
        return bool(rig.rows("SELECT 1 FROM group_list_entries WHERE pupil_id = :p", p=pupil))

    assert listed()
    good = rig.world.records(rig.school, "privacy_preferences")[key]
    for wrong in ({"category": "group_list_naam"}, {"is_allowed": "ja"}, {"pupil_id": 7}, {"given_on": 7}):
        rig.world.patch(rig.school, "privacy_preferences", key, **wrong)
        rig.sync()
        assert listed() is ("given_on" in wrong), wrong
        assert quarantined(rig) == {("privacy_preferences", key): "unreadable_field"}
        rig.world.patch(rig.school, "privacy_preferences", key, **{name: good[name] for name in wrong})
        rig.sync()
        assert listed()


@pytest.mark.parametrize("wrong", [{"category": "group_list_naam"}, {"is_allowed": "nee"}, {"given_on": 7}])
def test_a_refusal_outlives_what_cannot_be_read(rig: Rig, wrong: dict[str, Any]) -> None:
    """A second answer of the same category allows it; the refusal, now broken, still stands against it."""
    rig.open()
    choose(rig, name=True, address=True)
    rig.sync()
    refused, author = rig.role("preference_refused"), Author(rig)
    record = rig.world.records(rig.school, "privacy_preferences")[refused]
    author.put("privacy_preferences", record, is_allowed=True)
    rig.world.patch(rig.school, "privacy_preferences", refused, **wrong)
    rig.sync()
    (entry,) = rig.rows("SELECT * FROM group_list_entries WHERE pupil_id = :p", p=record["pupil_id"])
    assert entry["street"] is entry["postal_code"] is None
    assert refused in rig.ids("privacy_preferences")
