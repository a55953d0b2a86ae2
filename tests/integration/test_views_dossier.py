"""Invoices, health, contacts, consent, reports, results and lessons: who sees them and who does not, case by case."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from tests.integration.hard_cases import Author
from tests.integration.moments import clock_at
from tests.integration.test_views_access import look
from tests.rig import Rig

SENSITIVE = ("portal_emergency_contacts", "portal_medical_items", "portal_privacy_preferences")
PROGRESS = ("portal_reports", "portal_support_plans", "portal_test_results")
SECRET = "00007788"


@pytest.fixture
def opened(rig: Rig) -> Rig:
    """The bench with every module open, not synced yet."""
    rig.open()
    return rig


def ids(rig: Rig, view: str, guardian: str) -> set[str]:
    return {row["id"] for row in look(rig, view, guardian)}


def test_an_invoice_is_for_its_debtor_and_not_for_the_other_parent(opened: Rig) -> None:
    """Both parents live in one home with full authority: each sees the invoices addressed to oneself, no other."""
    opened.sync()
    me, other = opened.role("guardian_plain"), opened.role("guardian_shared_home")
    raw = opened.world.records(opened.school, "invoices")
    mine, theirs = (
        {key for key, one in raw.items() if one["debtor_id"] == who and one["status"] != "concept"}
        for who in (me, other)
    )
    assert opened.role("invoice_sent") in mine
    assert opened.role("invoice_other_debtor") in theirs
    assert (ids(opened, "portal_invoices", me), ids(opened, "portal_invoices", other)) == (mine, theirs)
    everybodys = {row["id"] for row in opened.rows("SELECT id FROM portal_invoices")}
    for role in ("invoice_concept", "invoice_no_debtor", "invoice_of_leaver_old"):
        assert opened.role(role) not in everybodys


def test_two_households_each_see_their_own_bill_of_one_child(opened: Rig) -> None:
    """The child is the same, the debtors are not."""
    opened.sync()
    for household in ("first_household", "second_household"):
        me = opened.role(f"guardian_{household}")
        (row,) = (
            one for one in look(opened, "portal_invoices", me) if one["id"] == opened.role(f"invoice_{household}")
        )
        assert row["pupil_id"] == opened.role("pupil_two_households")
    first = ids(opened, "portal_invoices", opened.role("guardian_first_household"))
    assert opened.role("invoice_second_household") not in first


def test_an_invoice_names_a_pupil_only_to_who_may_see_it(opened: Rig) -> None:
    """A debtor finds the invoice all the same; another family's pupil is blank, and so is that of a family's bill."""
    author = Author(opened)
    child, strange = author.child(), author.child()
    debtor = author.grown_up()
    author.tie(debtor, child)
    own, others = author.bill(debtor, child), author.bill(debtor, strange)
    opened.sync()
    named = {row["id"]: row["pupil_id"] for row in look(opened, "portal_invoices", debtor)}
    assert named == {own: child, others: None}
    plain = {row["id"]: row["pupil_id"] for row in look(opened, "portal_invoices", opened.role("guardian_plain"))}
    assert plain[opened.role("invoice_without_pupil")] is None
    assert plain[opened.role("invoice_sent")] == opened.role("pupil_plain")


@pytest.mark.parametrize("case", ["restricted", "ended", "no authority", "future child"])
def test_a_debtor_who_sees_no_pupil_sees_no_invoice(opened: Rig, case: str) -> None:
    """Stored, since the debtor is a known guardian; shown to nobody until that guardian may see a pupil."""
    author = Author(opened)
    child = author.child(**({"status": "future", "enrolled_from": author.day(30)} if case == "future child" else {}))
    debtor = author.grown_up()
    ties: dict[str, dict[str, Any]] = {
        "restricted": {"restriction": author.span(-5, None)},
        "ended": author.period(None, -1),
        "no authority": {"authority": "none"},
        "future child": {},
    }
    author.tie(debtor, child, **ties[case])
    invoice = author.bill(debtor, child)
    opened.sync()
    assert invoice in opened.ids("invoices")
    assert opened.rows("SELECT * FROM portal_invoices WHERE id = :id", id=invoice) == []


def test_an_invoice_moves_with_its_debtor(opened: Rig) -> None:
    """Addressed anew, it leaves the one parent and comes to the other; without a debtor it is nobody's."""
    opened.sync()
    me, other, invoice = opened.role("guardian_plain"), opened.role("guardian_shared_home"), opened.role("invoice_sent")
    for debtor, shown in ((other, (False, True)), (None, (False, False)), (me, (True, False))):
        opened.world.patch(opened.school, "invoices", invoice, debtor_id=debtor)
        opened.sync()
        assert tuple(invoice in ids(opened, "portal_invoices", who) for who in (me, other)) == shown


def test_limited_access_sees_progress_and_nothing_else_of_a_file(opened: Rig) -> None:
    """Under an information agreement: reports, final plans and test results; the mother sees all the rest as well."""
    author = Author(opened)
    child, mother, father = author.child(), author.grown_up(), author.grown_up()
    author.tie(mother, child)
    author.tie(father, child, "none", information_agreement=author.span(-5, None))
    opened.sync()
    full = (*SENSITIVE, "portal_absences", "portal_notes", "portal_method_test_results")
    assert all(look(opened, view, father) for view in PROGRESS)
    assert [view for view in (*full, "portal_invoices") if look(opened, view, father)] == []
    for view in PROGRESS:
        assert ids(opened, view, father) == ids(opened, view, mother)
    assert all(look(opened, view, mother) for view in (*PROGRESS, *full))
    assert {row["stream"] for row in look(opened, "portal_documents", father)} == {"reports", "support_plans"}


def test_what_limited_access_owes_it_sees(opened: Rig) -> None:
    """An invoice is the debtor's own, whatever the debtor may see of the child."""
    author = Author(opened)
    child, father = author.child(), author.grown_up()
    author.tie(author.grown_up(), child)
    author.tie(father, child, "none", information_agreement=author.span(-5, None))
    invoice = author.bill(father, child)
    opened.sync()
    assert [(row["id"], row["pupil_id"]) for row in look(opened, "portal_invoices", father)] == [(invoice, child)]


def test_a_secret_number_is_left_out_and_its_owner_stays(opened: Rig) -> None:
    """The contact and the care provider are shown, their public numbers too, the secret ones nowhere."""
    phone = {"number": f"06-{SECRET}", "kind": "mobile", "is_confidential": True}
    public = {"number": "06-00005566", "kind": "mobile", "is_confidential": False}
    contact, provider = opened.role("contact_plain"), opened.role("medical_care_provider_public")
    opened.world.patch(opened.school, "emergency_contacts", contact, phones=[phone, public])
    opened.world.patch(opened.school, "medical_items", provider, phone=phone)
    opened.sync()
    me = opened.role("guardian_plain")
    contacts = {row["id"]: row["phones"] for row in look(opened, "portal_emergency_contacts", me)}
    assert contacts[contact] == '[{"kind":"mobile","number":"+31600005566"}]'
    assert contacts[opened.role("contact_confidential")] == contacts[opened.role("contact_without_phone")] == "[]"
    items = {row["id"]: row["phone"] for row in look(opened, "portal_medical_items", me)}
    assert items[provider] is None
    assert SECRET not in str(opened.rows("SELECT * FROM emergency_contacts")) + str(
        opened.rows("SELECT * FROM medical_items")
    )


@pytest.mark.parametrize(
    ("view", "role"),
    [
        ("portal_reports", "report_future"),
        ("portal_method_test_results", "method_test_future"),
        ("portal_test_results", "test_future"),
    ],
)
def test_a_report_or_result_comes_into_sight_at_its_own_moment(opened: Rig, view: str, role: str) -> None:
    """Stored before and seen by nobody; at its moment, not a second earlier, its parents see it, without a sync."""
    opened.sync()
    key, stream = opened.role(role), view.removeprefix("portal_")
    at = datetime.fromisoformat(opened.world.records(opened.school, stream)[key]["publish_from"])
    requests = len(opened.sis.requests)
    assert key in opened.ids(stream)
    assert opened.rows(f"SELECT * FROM {view} WHERE id = :id", id=key) == []
    for moment, is_seen in ((at - timedelta(seconds=1), False), (at, True)):
        with clock_at(opened, moment):
            assert (key in ids(opened, view, opened.role("guardian_plain"))) is is_seen
            changes = opened.rows("SELECT kind FROM portal_changes WHERE stream = :s AND id = :id", s=stream, id=key)
            assert {row["kind"] for row in changes} == ({"new"} if is_seen else set())
    assert len(opened.sis.requests) == requests


def test_a_report_that_is_taken_back_is_gone(opened: Rig) -> None:
    """Unpublished again, or dated into the future: not seen after the next sync, nor its file."""
    opened.sync()
    me, key = opened.role("guardian_plain"), opened.role("report_published")
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="seconds")
    for change, back in (
        ({"publish_from": later}, {"publish_from": None}),
        ({"published": False}, {"published": True}),
    ):
        opened.world.patch(opened.school, "reports", key, **change)
        opened.sync()
        assert key not in ids(opened, "portal_reports", me)
        assert key not in {row["row_id"] for row in look(opened, "portal_documents", me)}
        opened.world.patch(opened.school, "reports", key, **back)
        opened.sync()
        assert key in ids(opened, "portal_reports", me)


def test_the_timetable_is_of_the_groups_a_pupil_is_in_today(rig: Rig) -> None:
    """Left yesterday or to come tomorrow: no lessons; whose first or last day is today has them."""
    author = Author(rig)
    group, pattern = rig.role("group_class"), rig.world.records(rig.school, "group_memberships")
    parents = {}
    for name, first, last in (("left", -9, -1), ("last day", -9, 0), ("first day", 0, None), ("tomorrow", 1, None)):
        child, parents[name] = author.put("pupils", author.pattern_pupil, former_ids=[]), author.grown_up()
        author.tie(parents[name], child)
        like = pattern[rig.role("membership_current")]
        author.put("group_memberships", like, pupil_id=child, group_id=group, **author.period(first, last))
    rig.open()
    rig.sync()
    lessons = {name: ids(rig, "portal_lessons", parent) for name, parent in parents.items()}
    assert lessons["left"] == lessons["tomorrow"] == set()
    assert lessons["last day"] == lessons["first day"]
    shown, hidden = ("lesson_current", "lesson_without_teacher", "lesson_ending"), ("lesson_past", "lesson_future")
    assert {rig.role(role) for role in shown} <= lessons["first day"]
    assert not {rig.role(role) for role in (*hidden, "lesson_next_year")} & lessons["first day"]


def test_a_group_of_another_school_year_gives_no_lessons(opened: Rig) -> None:
    """A lesson of next year's or last year's group is seen by nobody, though a place in it was never closed."""
    me, year = opened.role("guardian_plain"), opened.world.today.year - (opened.world.today.month < 8)
    places = opened.world.records(opened.school, "group_memberships")
    lesson = opened.world.records(opened.school, "lessons")[opened.role("lesson_current")]
    author = Author(opened)
    odd = {}
    for role, of_year in (("group_last_year", year - 1), ("group_next_year", year + 1)):
        group = opened.role(role)
        begins = f"{of_year}-08-01"
        like = places[opened.role("membership_current")]
        facts = {"group_id": group, "school_year": of_year, "from_on": begins, "until_on": None}
        author.put("group_memberships", like, pupil_id=opened.role("pupil_plain"), **facts)
        odd[role] = author.put("lessons", lesson, group_id=group, from_on=None, until_on=None)
    opened.sync()
    assert set(odd.values()) <= opened.ids("lessons")
    assert opened.role("lesson_current") in ids(opened, "portal_lessons", me)
    assert not set(odd.values()) & {row["id"] for row in opened.rows("SELECT id FROM portal_lessons")}
    next_august = datetime.combine(date(year + 1, 8, 1), time(12), UTC)
    with clock_at(opened, next_august):
        seen = ids(opened, "portal_lessons", me)
        assert odd["group_next_year"] in seen
        assert opened.role("lesson_current") not in seen


def test_a_lesson_moves_to_another_group(opened: Rig) -> None:
    """After the sync it is on the timetable of the new group, and no longer on that of the old one."""
    opened.sync()
    lesson, me = opened.role("lesson_current"), opened.role("guardian_plain")
    assert lesson in ids(opened, "portal_lessons", me)
    opened.world.patch(opened.school, "lessons", lesson, group_id=opened.role("group_composite"))
    opened.sync()
    assert lesson not in ids(opened, "portal_lessons", me)


def test_answers_about_the_list_are_the_parents_own(opened: Rig) -> None:
    """With full access one sees what was answered for the own child, and what concerns photos elsewhere is nowhere."""
    opened.sync()
    me = opened.role("guardian_plain")
    rows = {row["id"]: row for row in look(opened, "portal_privacy_preferences", me)}
    raw = opened.world.records(opened.school, "privacy_preferences")
    own = {opened.role("pupil_plain"), opened.role("pupil_sibling")}
    assert set(rows) == {
        key for key, one in raw.items() if one["pupil_id"] in own and one["category"].startswith("group_list_")
    }
    allowed, refused = opened.role("preference_allowed"), opened.role("preference_refused")
    assert (bool(rows[allowed]["is_allowed"]), bool(rows[refused]["is_allowed"])) == (True, False)
    assert opened.role("preference_photo_website") not in opened.ids("privacy_preferences")
