"""The brake on ordinary days and on bad ones: old records by share, new ones by child, what was withheld as old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from connector.simulator.dates import day, instant
from mappings.brake import Limits
from schemas.modules import Module
from schemas.streams import Stream
from tests.integration.bench import held, shown_pupils, sums
from tests.integration.moments import noon, turn_to
from tests.rig import Rig

MakeRig = Callable[..., Rig]
SEPTEMBER = date(2027, 9, 20)
NOVEMBER = date(2027, 11, 10)


@pytest.fixture
def school(make_rig: MakeRig) -> Rig:
    """A school of 85 with every module open and loaded."""
    rig = make_rig(pupils=85)
    rig.open()
    rig.sync()
    return rig


def _copies(rig: Rig, stream: str, role: str, pupils: list[str], **changes: Any) -> list[str]:
    """Put a copy of a record for each of these pupils, once for each time it is named."""
    template = rig.world.records(rig.school, stream)[rig.role(role)]
    keys = [f"{template['id'][:3]}-7{number:05d}" for number in range(len(pupils))]
    for key, pupil in zip(keys, pupils, strict=True):
        rig.world.put(rig.school, stream, {**template, "id": key, "pupil_id": pupil, **changes})
    return keys


def _pupils(rig: Rig, number: int) -> list[str]:
    return shown_pupils(rig, number)


def _ago(rig: Rig, days: int) -> str | None:
    return day(rig.world.today - timedelta(days=days))


def _now(rig: Rig) -> str:
    return instant(rig.world.today, 8, 30)


def _shown(rig: Rig, stream: str, keys: list[str]) -> bool:
    return set(keys) <= rig.ids(stream)


def test_twelve_reported_sick_in_a_morning_are_there_at_once(make_rig: MakeRig) -> None:
    """A flu at a school of 40: twelve children, two lines each, a tenth of the stream, and nobody has to come."""
    rig = make_rig(pupils=40)
    rig.open()
    rig.sync()
    size = len(rig.ids("absences"))
    keys = _copies(rig, "absences", "absence_open", [*_pupils(rig, 12)] * 2, starts_at=_now(rig))
    assert len(keys) > size / 10, "by share they would wait"
    report = rig.sync()
    assert (report.held, _shown(rig, "absences", keys)) == (0, True)


def test_a_test_round_of_a_whole_class_is_there_at_once(school: Rig) -> None:
    """Twenty results of a class, two tests each, are no hold; nor are those that were concepts for a while."""
    changes = {"taken_on": _ago(school, 3), "status": "final"}
    pupils = _pupils(school, 20)
    keys = _copies(school, "test_results", "test_final", [*pupils, *pupils], **changes)
    drafts = _copies(school, "method_test_results", "method_test_rekenen", pupils, taken_on=_ago(school, 2))
    report = school.sync()
    assert (report.held, _shown(school, "test_results", keys)) == (0, True)
    assert _shown(school, "method_test_results", drafts)


def test_report_day_is_no_hold(school: Rig) -> None:
    """A report for every child, prepared unpublished for days and published all at once: shown, nothing held."""
    keys = _copies(
        school, "reports", "report_without_document", _pupils(school, 70), published=False, reported_on=_ago(school, 0)
    )
    school.sync()
    assert not school.ids("reports") & set(keys)
    for key in keys:
        school.world.patch(school.school, "reports", key, published=True)
    report = school.sync()
    assert (report.held, _shown(school, "reports", keys)) == (0, True)


def test_old_reports_that_suddenly_show_are_held_and_the_new_one_is_not(school: Rig) -> None:
    """Reports of last spring that appear above a tenth wait for a person; one of today beside them is shown."""
    pupils = _pupils(school, 31)
    old = _copies(school, "reports", "report_without_document", pupils[1:], reported_on=_ago(school, 15))
    template = school.world.records(school.school, "reports")[old[0]]
    fresh = {**template, "id": "rep-800001", "pupil_id": pupils[0], "reported_on": _ago(school, 0)}
    school.world.put(school.school, "reports", fresh)
    report = school.sync()
    assert held(school, "reports", "add") == set(old)
    assert "rep-800001" in school.ids("reports")
    school.approve(report.run_id)
    assert _shown(school, "reports", old)


def test_the_fourteenth_day_is_new_and_the_fifteenth_is_old(school: Rig) -> None:
    """Reports of 14 days ago count by child, so they show; a day more and they count by share."""
    pupils = _pupils(school, 30)
    keys = _copies(school, "reports", "report_without_document", pupils, reported_on=_ago(school, 14))
    assert (school.sync().held, _shown(school, "reports", keys)) == (0, True)


def test_more_than_n_for_a_fifth_of_the_children_is_held_also_over_several_runs(make_rig: MakeRig) -> None:
    """Two and two absences in two runs are four: more than three a child for a third of the pupils, so held."""
    rig = make_rig(pupils=40)
    rig.open()
    rig.sync()
    pupils = _pupils(rig, 14)
    first = _copies(rig, "absences", "absence_open", [*pupils, *pupils], starts_at=_now(rig))
    assert (rig.sync().held, _shown(rig, "absences", first)) == (0, True)
    template = rig.world.records(rig.school, "absences")[first[0]]
    second = [f"abs-8{number:05d}" for number in range(28)]
    for key, pupil in zip(second, [*pupils, *pupils], strict=True):
        rig.world.put(rig.school, "absences", {**template, "id": key, "pupil_id": pupil})
    report = rig.sync()
    assert held(rig, "absences", "add") == set(second)
    assert rig.rows("SELECT DISTINCT reason FROM pending_keys") == [{"reason": "many_per_child"}]
    rig.approve(report.run_id)
    assert _shown(rig, "absences", second)
    rig.world.put(rig.school, "absences", {**template, "id": "abs-900001", "pupil_id": pupils[0]})
    assert rig.sync().held == 0, "what a person approved is not counted against the next one"


def test_a_day_later_the_count_per_child_begins_anew(make_rig: MakeRig) -> None:
    """The same four absences on two days pass."""
    rig = make_rig(pupils=40)
    rig.open()
    rig.sync()
    pupils = _pupils(rig, 14)
    _copies(rig, "absences", "absence_open", [*pupils, *pupils], starts_at=_now(rig))
    rig.sync()
    rig.offset = timedelta(hours=25)
    template = rig.world.records(rig.school, "absences")["abs-700000"]
    for number, pupil in enumerate([*pupils, *pupils]):
        rig.world.put(rig.school, "absences", {**template, "id": f"abs-8{number:05d}", "pupil_id": pupil})
    assert rig.sync().held == 0


def test_notes_of_a_migration_dated_today_are_held(school: Rig) -> None:
    """Five hundred notes of this very day: notes count by share, however new they say they are."""
    pupils = _pupils(school, 50)
    keys = _copies(school, "notes", "note_visible", pupils * 10, noted_on=_ago(school, 0))
    report = school.sync()
    assert (report.held, held(school, "notes", "add")) == (500, set(keys))


def test_two_notes_for_a_fifth_of_the_children_are_held_below_the_share(make_rig: MakeRig) -> None:
    """Notes count per child as well: one each passes, two each for a quarter of the pupils wait."""
    rig = make_rig(pupils=40, limits=Limits(share=1.0))
    rig.open()
    rig.sync()
    pupils = _pupils(rig, 10)
    one = _copies(rig, "notes", "note_visible", pupils, noted_on=_ago(rig, 0))
    assert (rig.sync().held, _shown(rig, "notes", one)) == (0, True)
    template = rig.world.records(rig.school, "notes")[one[0]]
    for number, pupil in enumerate(pupils):
        rig.world.put(rig.school, "notes", {**template, "id": f"not-8{number:05d}", "pupil_id": pupil})
    assert rig.sync().held == 10


def test_invoices_count_by_the_child_or_by_who_pays(school: Rig) -> None:
    """One a family passes; six a debtor without a child in it, for a quarter as many as there are pupils, is held."""
    relations = school.rows("SELECT DISTINCT guardian_id FROM guardianships ORDER BY guardian_id")
    debtors = [row["guardian_id"] for row in relations][:25]
    template = school.world.records(school.school, "invoices")[school.role("invoice_sent")]

    def bill(batch: int, times: int) -> set[str]:
        keys = set()
        for number, debtor in enumerate(debtors * times):
            keys.add(key := f"inv-{batch}{number:05d}")
            changes = {"id": key, "debtor_id": debtor, "pupil_id": None, "invoiced_on": _ago(school, 1)}
            school.world.put(school.school, "invoices", {**template, **changes})
        return keys

    assert bill(7, 1)
    assert school.sync().held == 0
    keys = bill(8, 5)
    report = school.sync()
    assert held(school, "invoices", "add") == keys
    assert sums(report, Stream.INVOICES).held == 125


def _turned_calendar(rig: Rig, number: int) -> list[str]:
    template = rig.world.records(rig.school, "calendar_items")[rig.role("calendar_staff")]
    keys = [f"cal-7{index:05d}" for index in range(number)]
    for key in keys:
        soon = instant(rig.world.today + timedelta(days=3), 9)
        rig.world.put(rig.school, "calendar_items", {**template, "id": key, "starts_at": soon, "ends_at": None})
    return keys


@pytest.mark.parametrize("full", [False, True])
def test_what_was_withheld_before_is_old_whatever_its_day(rig: Rig, full: bool) -> None:
    """Staff items of next week suddenly flagged for parents: held as old; as many that are new to us are shown."""
    rig.open()
    kept_back = _turned_calendar(rig, 10)
    rig.sync()
    for key in kept_back:
        rig.world.patch(rig.school, "calendar_items", key, audience="parents")
    template = rig.world.records(rig.school, "calendar_items")[kept_back[0]]
    fresh = [f"cal-8{index:05d}" for index in range(10)]
    for key in fresh:
        rig.world.put(rig.school, "calendar_items", {**template, "id": key})
    report = rig.sync(full=full)
    assert held(rig, "calendar_items", "add") == set(kept_back)
    assert _shown(rig, "calendar_items", fresh)
    rig.offset = timedelta(days=14, minutes=1)
    again = rig.sync()
    assert held(rig, "calendar_items", "add") == set(kept_back), "after 14 days they are judged anew, and are still old"
    assert report.held == again.held == 10
    rig.approve(again.run_id)
    assert _shown(rig, "calendar_items", kept_back)
    hashes = rig.rows("SELECT COUNT(*) AS n FROM withheld_keys WHERE stream = 'calendar_items'")
    staff = [one for one in rig.world.records(rig.school, "calendar_items").values() if one["audience"] != "parents"]
    assert hashes == [{"n": len(staff)}], "what is shown is remembered no more"


@pytest.mark.parametrize("today", [date(2027, 8, 24), SEPTEMBER], ids=["august", "september"])
def test_a_new_school_year_is_no_hold(make_rig: MakeRig, today: date) -> None:
    """Groups, a place for everybody, work in groups, lessons and planner of the year that has begun: all there."""
    rig = make_rig(pupils=40, today=today)
    turn_to(rig, noon(today))
    rig.open()
    rig.sync()
    pupils = sorted(rig.ids("pupils"))
    records = {name: rig.world.records(rig.school, name) for name in ("groups", "lessons", "group_memberships")}
    group = {**records["groups"][rig.role("group_class")], "school_year": 2027}
    place = {**records["group_memberships"][rig.role("membership_current")], "school_year": 2027}
    lesson = records["lessons"][rig.role("lesson_current")]
    for number in range(4):
        rig.world.put(rig.school, "groups", {**group, "id": f"grp-8{number:05d}", "name": f"Nieuw {number}"})
    rig.sync()
    rig.offset += timedelta(hours=25)
    begins = {"from_on": "2027-08-01", "until_on": None}
    for number, pupil in enumerate(pupils):
        where = {"id": f"mem-8{number:05d}", "pupil_id": pupil, "group_id": f"grp-8{number % 4:05d}"}
        rig.world.put(rig.school, "group_memberships", {**place, **where, **begins})
    for number in range(200):
        where = {"id": f"les-8{number:05d}", "group_id": f"grp-8{number % 4:05d}"}
        rig.world.put(rig.school, "lessons", {**lesson, **where, **begins})
    report = rig.sync()
    assert report.held == 0
    assert len(rig.rows("SELECT id FROM lessons WHERE id LIKE 'les-8%'")) == 200
    assert len(rig.rows("SELECT id FROM group_memberships WHERE id LIKE 'mem-8%'")) == len(pupils)


def test_places_that_say_to_be_of_august_are_old_in_november(make_rig: MakeRig) -> None:
    """Once the year has settled, many places that began with it and only now show are a matter for a person."""
    rig = make_rig(pupils=40, today=NOVEMBER)
    turn_to(rig, noon(NOVEMBER))
    rig.open()
    rig.sync()
    place = rig.world.records(rig.school, "group_memberships")[rig.role("membership_current")]
    keys = {f"mem-8{number:05d}" for number in range(20)}
    for key, pupil in zip(sorted(keys), _pupils(rig, 20), strict=True):
        begins = {"from_on": "2027-08-01", "until_on": None, "school_year": 2027}
        rig.world.put(rig.school, "group_memberships", {**place, "id": key, "pupil_id": pupil, **begins})
    rig.sync()
    assert held(rig, "group_memberships", "add") == keys


def test_new_children_and_their_parents_come_in_september_unheld(make_rig: MakeRig) -> None:
    """Six children of 40 enrolled on 1 August and entered in September, with two parents each: all there, no hold."""
    rig = make_rig(pupils=40, today=SEPTEMBER)
    turn_to(rig, noon(SEPTEMBER))
    rig.open(Module.GROEP)
    rig.sync()
    people = {name: rig.world.records(rig.school, name) for name in ("pupils", "guardians", "guardianships")}
    child, parent = people["pupils"][rig.role("pupil_plain")], people["guardians"][rig.role("guardian_plain")]
    relation = next(one for one in people["guardianships"].values() if one["guardian_id"] == parent["id"])
    for number in range(6):
        key = f"pup-8{number:05d}"
        fresh = {"id": key, "former_ids": [], "enrolled_from": "2027-08-01"}
        rig.world.put(rig.school, "pupils", {**child, **fresh})
        for other in range(2):
            one = f"gua-8{number:04d}{other}"
            rig.world.put(rig.school, "guardians", {**parent, "id": one, "former_ids": []})
            ties = {"id": f"gsh-8{number:04d}{other}", "pupil_id": key, "guardian_id": one}
            rig.world.put(rig.school, "guardianships", {**relation, **ties})
    report = rig.sync()
    assert report.held == 0
    assert len(rig.rows("SELECT id FROM pupils WHERE id LIKE 'pup-8%'")) == 6
    assert len(rig.rows("SELECT id FROM guardianships WHERE id LIKE 'gsh-8%'")) == 12


def test_guardians_that_come_without_children_are_held(make_rig: MakeRig) -> None:
    """Thirty guardians above a tenth, and no new child: a person looks."""
    rig = make_rig(pupils=40)
    rig.sync()
    parent = rig.world.records(rig.school, "guardians")[rig.role("guardian_plain")]
    keys = {f"gua-8{number:05d}" for number in range(30)}
    for key in keys:
        rig.world.put(rig.school, "guardians", {**parent, "id": key, "former_ids": []})
    rig.sync()
    assert held(rig, "guardians", "add") == keys


@pytest.mark.parametrize("number", [2, 20])
def test_places_that_end_at_once_count_as_gone(make_rig: MakeRig, number: int) -> None:
    """About twenty places of 40 that a plan ends today are held and stay in force; two end at once."""
    rig = make_rig(pupils=40, today=NOVEMBER)
    turn_to(rig, noon(NOVEMBER))
    rig.open()
    rig.sync()
    pupils = _pupils(rig, number)
    rows = rig.rows("SELECT id, pupil_id FROM group_memberships WHERE school_year = 2027 AND until_on IS NULL")
    keys = {row["id"] for row in rows if row["pupil_id"] in pupils}
    assert len(keys) > 40 / 10 or number == 2
    before = _ends(rig)
    for key in keys:
        rig.world.patch(rig.school, "group_memberships", key, until_on="2027-11-01")
    report = rig.sync()
    if number == 2:
        assert (report.held, sums(report, Stream.GROUP_MEMBERSHIPS).disappeared) == (0, len(keys))
        return
    assert held(rig, "group_memberships", "alter") == keys
    assert rig.rows("SELECT DISTINCT reason FROM pending_keys") == [{"reason": "many_ended"}]
    assert _ends(rig) == before
    rig.approve(report.run_id)
    assert all(one != before[key] for key, one in _ends(rig).items() if key in keys)


def _ends(rig: Rig) -> dict[str, datetime | str | None]:
    return {row["id"]: row["ends_at"] for row in rig.rows("SELECT id, ends_at FROM group_memberships")}
