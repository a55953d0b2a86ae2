"""The records of each stream: each side of every gate, and sums that come out."""

import re
from datetime import date, timedelta
from typing import Any

import pytest

from connector.simulator.amounts import FULL_YEAR
from connector.simulator.dates import as_utc, instant, school_year
from connector.simulator.world import STREAMS, World
from tests.unit.simulator.asking import SCHOOL, TODAY

NOW = as_utc(instant(TODAY, 12))
LAST_YEARS = date(school_year(TODAY), 8, 1).isoformat()


@pytest.fixture(scope="module")
def world() -> World:
    """Return the smallest whole world."""
    return World(7, TODAY, {SCHOOL: 12})


def role(world: World, name: str) -> dict[str, Any]:
    """Return the record that plays a role."""
    identifier = world.roles(SCHOOL)[name]
    return next(records[identifier] for s in STREAMS if identifier in (records := world.records(SCHOOL, s)))


def test_every_role_is_described() -> None:
    """The module's docstring names every role of the world."""
    text = re.sub(r"\s+", " ", World.__init__.__globals__["__doc__"])
    roles = World(7, TODAY, {SCHOOL: 60}).roles(SCHOOL)
    written = re.sub(r"note_(visible|hidden)_<category>", "", text)
    known = set(re.findall(r"[a-z_]+", written))
    assert {one for one in roles if one not in known and not one.startswith(("note_visible_", "note_hidden_"))} == set()


def test_contacts_and_health(world: World) -> None:
    """Numbers are secret and not, remarks are planted, each kind of medical item is there, one is over."""
    assert role(world, "contact_confidential")["phones"][0]["is_confidential"] is True
    assert role(world, "contact_plain")["phones"][0]["is_confidential"] is False
    assert role(world, "contact_without_phone")["phones"] == []
    items = world.records(SCHOOL, "medical_items").values()
    kinds = {"medication", "allergy", "vaccination", "care_provider", "rest_time", "other"}
    assert {item["kind"] for item in items if item["pupil_id"] == "pup-000001"} == kinds
    phones = [role(world, f"medical_care_provider{which}")["phone"]["is_confidential"] for which in ("", "_public")]
    assert phones == [True, False]
    assert "Alleen voor het team" in role(world, "medical_medication")["internal_remark"]
    rest = role(world, "medical_rest_time")
    assert (rest["time_from"], rest["time_until"]) == ("12:30", "13:30")
    assert role(world, "medical_past")["until_on"] < TODAY.isoformat()


def cents(amount: str) -> int:
    """Return an amount in cents."""
    return int(amount.replace(".", ""))


def test_invoices_add_up_and_go_to_somebody(world: World) -> None:
    """Lines make the total, what is paid fits the status, and each household has its own."""
    for invoice in World(7, TODAY, {SCHOOL: 60}).records(SCHOOL, "invoices").values():
        total, paid = cents(invoice["total_amount"]), cents(invoice["paid_amount"])
        assert sum(cents(line["amount"]) for line in invoice["lines"]) == total > 0
        assert {"paid": paid == total, "partly_paid": 0 < paid < total}.get(invoice["status"], paid == 0)
    for status in ("concept", "sent", "partly_paid", "paid", "cancelled"):
        assert role(world, f"invoice_{status}")["status"] == status
    assert role(world, "invoice_no_debtor")["debtor_id"] is role(world, "invoice_without_pupil")["pupil_id"] is None
    households = [role(world, f"invoice_{which}_household") for which in ("first", "second")]
    roles = world.roles(SCHOOL)
    assert [one["debtor_id"] for one in households] == [
        roles[f"guardian_{one}_household"] for one in ("first", "second")
    ]
    assert len({one["pupil_id"] for one in households}) == 1


def test_the_planner_is_for_everybody_a_group_or_the_staff(world: World) -> None:
    """Items are for parents and staff, for all and for one group, past and to come."""
    sides = {
        name: (role(world, f"calendar_{name}")["audience"], role(world, f"calendar_{name}")["group_id"] is None)
        for name in ("school", "group", "staff", "staff_group")
    }
    expected = [("parents", True), ("parents", False), ("staff", True), ("staff", False)]
    assert list(sides.values()) == expected
    holiday = role(world, "calendar_school")
    assert (holiday["is_all_day"], as_utc(holiday["ends_at"]) - as_utc(holiday["starts_at"])) == (
        True,
        timedelta(days=14),
    )
    assert role(world, "calendar_open_end")["ends_at"] is None
    assert role(world, "calendar_past_year")["ends_at"] < LAST_YEARS < role(world, "calendar_past")["ends_at"]


def test_lessons_have_their_days(world: World) -> None:
    """A lesson is over, to end, on without end, to come, or of the coming year."""
    today = TODAY.isoformat()
    assert role(world, "lesson_past")["until_on"] < today < role(world, "lesson_ending")["until_on"]
    assert role(world, "lesson_current")["until_on"] is None
    assert role(world, "lesson_future")["from_on"] > today
    assert role(world, "lesson_without_teacher")["employee_id"] is None
    groups = world.records(SCHOOL, "groups")
    assert groups[role(world, "lesson_next_year")["group_id"]]["school_year"] == 2027
    assert all(lesson["starts"] < lesson["ends"] for lesson in world.records(SCHOOL, "lessons").values())


def test_reports_are_given_out_kept_back_and_given_out_later(world: World) -> None:
    """Published, unpublished, published with a date to come, without a file, and of earlier years."""
    published = [role(world, f"report_{name}")["published"] for name in ("published", "unpublished", "future")]
    assert published == [True, False, True]
    assert (
        as_utc(role(world, "report_published")["publish_from"])
        < NOW
        < as_utc(role(world, "report_future")["publish_from"])
    )
    assert role(world, "report_without_document")["document"] is None
    years = [role(world, f"report_{when}")["school_year"] for when in ("published", "past_year", "two_years_ago")]
    assert years == [2026, 2025, 2024]


def test_method_tests_are_of_several_subjects(world: World) -> None:
    """Subjects to choose from, a part that was not offered, only a grade, a date to come, and earlier years."""
    for subject in ("rekenen", "taal", "spelling"):
        assert role(world, f"method_test_{subject}")["subject"] == subject
    rekenen = role(world, "method_test_rekenen")
    assert rekenen["parts"][1]["score"] is None
    assert (rekenen["score"], rekenen["max_score"]) == ("7.5", "10")
    bare = role(world, "method_test_grade_only")
    assert (bare["score"], bare["parts"], bare["grade"]) == (None, [], "goed")
    assert as_utc(role(world, "method_test_future")["publish_from"]) > NOW
    assert role(world, "method_test_past_year")["taken_on"] < LAST_YEARS < rekenen["taken_on"]


def test_tests_have_moments_statuses_and_levels(world: World) -> None:
    """B, M and E, in progress, final and cancelled, every kind of level, a level below, and earlier years."""
    assert [role(world, f"test_moment_{moment.lower()}")["moment"] for moment in "BME"] == ["B", "M", "E"]
    for status in ("final", "in_progress", "cancelled"):
        assert role(world, f"test_{status}")["status"] == status
    final = role(world, "test_final")
    assert (final["scale_score"], [level["kind"] for level in final["levels"]]) == ("112.4", ["IV", "AE", "DL", "DLE"])
    assert [level["kind"] for level in role(world, "test_level_ae")["levels"]] == ["AE"]
    assert [level["kind"] for level in role(world, "test_level_iv")["levels"]] == ["IV"]
    assert role(world, "test_avi")["scale_score"] is role(world, "test_without_moment")["moment"] is None
    below = role(world, "test_other_level")
    assert below["moment_year_group"] != below["year_group"]
    assert as_utc(role(world, "test_future")["publish_from"]) > NOW
    assert role(world, "test_two_years_ago")["taken_on"] < role(world, "test_past_year")["taken_on"] < LAST_YEARS


def test_privacy_is_allowed_refused_and_not_asked(world: World) -> None:
    """A pupil's parents said yes, no and nothing; some categories are not of the group list."""
    allowed, refused = role(world, "preference_allowed"), role(world, "preference_refused")
    assert (allowed["is_allowed"], refused["is_allowed"]) == (True, False)
    mine = [one for one in world.records(SCHOOL, "privacy_preferences").values() if one["pupil_id"] == "pup-000001"]
    categories = {one["category"] for one in mine}
    assert "group_list_phone" not in categories
    assert role(world, "preference_photo_website")["category"] == "photo_website"
    assert all(one["category"].startswith("photo_") for one in [role(world, "preference_two_households")])


@pytest.mark.parametrize("seed", [1, 7, 99])
def test_nobody_answers_a_category_twice(seed: int) -> None:
    """There is at most one preference per pupil and category."""
    found = World(seed, TODAY, {SCHOOL: 60}, FULL_YEAR).records(SCHOOL, "privacy_preferences").values()
    assert len({(one["pupil_id"], one["category"]) for one in found}) == len(found) > 60


def test_a_full_year_of_an_average_school() -> None:
    """225 pupils make about 13,500 records; the same school with a little of everything has a third of that."""
    full, few = World(7, TODAY, {SCHOOL: 225}, FULL_YEAR), World(7, TODAY, {SCHOOL: 225})
    counts = {stream: len(full.records(SCHOOL, stream)) for stream in STREAMS}
    assert 13_000 < sum(counts.values()) < 14_000
    per_pupil = {
        stream: counts[stream] / 225 for stream in ("absences", "notes", "test_results", "method_test_results")
    }
    assert {stream: round(number) for stream, number in per_pupil.items()} == {
        "absences": 9,
        "notes": 8,
        "test_results": 9,
        "method_test_results": 19,
    }
    assert sum(len(few.records(SCHOOL, stream)) for stream in STREAMS) < 5000


def test_more_records_shift_no_others() -> None:
    """People, groups and the cast's records are the same however much the school writes down."""
    full, few = World(7, TODAY, {SCHOOL: 40}, FULL_YEAR), World(7, TODAY, {SCHOOL: 40})
    assert full.roles(SCHOOL).keys() == few.roles(SCHOOL).keys()
    for stream in ("pupils", "guardians", "guardianships", "groups", "employees", "news_items", "medical_items"):
        assert full.records(SCHOOL, stream) == few.records(SCHOOL, stream)
