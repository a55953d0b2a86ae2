"""The edges of a school year: the coming one planned in May, 1 August, group 8 that leaves, last year tidied up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.modules import Module
from tests.integration.bench import fresh_portal, held, seen
from tests.integration.classmates import Classroom, choose, listed
from tests.integration.moments import end_of, look_at, midnight, noon, turn_to
from tests.rig import Rig

MakeRig = Callable[..., Rig]

MAY = date(2027, 5, 20)
LAST = date(2027, 7, 31)
FIRST = date(2027, 8, 1)
OCTOBER = date(2027, 10, 5)
GRACE = timedelta(days=14)
EIGHTH = ("pupil_restricted", "pupil_two_households", "pupil_confidential")


def _school(make_rig: MakeRig, today: date, *modules: Module) -> Rig:
    rig = make_rig(pupils=14, today=today)
    turn_to(rig, noon(today))
    rig.open(Module.GROEP, *modules)
    look_at(rig, end_of(today))
    return rig


@pytest.fixture
def may(make_rig: MakeRig) -> Rig:
    """A school in May, with its groups and lessons open."""
    rig = _school(make_rig, MAY, Module.ROOSTER)
    rig.sync()
    return rig


@pytest.fixture
def planned(may: Rig) -> Rig:
    """The same, with the places of the coming year."""
    may.tell("next_year_planned")
    may.sync()
    return may


@pytest.fixture
def eighth(make_rig: MakeRig) -> Rig:
    """A school in May with three or four pupils in group 8: more than the brake lets go."""
    rig = _school(make_rig, MAY)
    for role in EIGHTH:
        rig.world.patch(rig.school, "pupils", rig.role(role), year_group="8")
    rig.sync()
    return rig


def _in_group_eight(rig: Rig) -> set[str]:
    pupils = rig.world.records(rig.school, "pupils")
    return {key for key, one in pupils.items() if (one["status"], one["year_group"]) == ("enrolled", "8")}


def _places(rig: Rig, pupil: str) -> dict[int, str]:
    """Give year group by school year of the places that anybody sees."""
    rows = rig.rows("SELECT school_year, year_group FROM portal_group_memberships WHERE pupil_id = :p", p=pupil)
    return {row["school_year"]: row["year_group"] for row in rows}


def _mine(rig: Rig, view: str, guardian: str, **values: Any) -> list[dict[str, Any]]:
    where = " AND ".join(("guardian_id = :me", *(f"{name} = :{name}" for name in values)))
    return rig.rows(f"SELECT * FROM {view} WHERE {where}", me=guardian, **values)


def test_the_coming_years_places_come_at_once_and_unheld(may: Rig) -> None:
    """In May half the pupils have a second place at once: they begin later, so they are new, and nobody has to come."""
    before = may.ids("group_memberships")
    places = {key for _, key in may.tell("next_year_planned")}
    assert len(places) > len(before) / 10
    assert may.sync().held == 0
    assert may.ids("group_memberships") == before | places


def test_both_years_are_here_from_may_on_and_the_coming_one_is_seen_from_1_august_on(planned: Rig) -> None:
    """Until the last second of July the old place only; then the new one too, its group and its lessons, unasked."""
    pupil, me = planned.role("pupil_plain"), planned.role("guardian_plain")
    rows = planned.rows("SELECT school_year, group_id FROM group_memberships WHERE pupil_id = :p", p=pupil)
    groups = {row["school_year"]: row["group_id"] for row in rows}
    assert set(groups) == {2026, 2027}
    planned.world.patch(planned.school, "lessons", planned.role("lesson_next_year"), group_id=groups[2027])
    planned.sync()
    asked = len(planned.sis.requests)
    for moment, year, years in ((end_of(LAST), 2026, {2026: "3"}), (midnight(FIRST), 2027, {2026: "3", 2027: "4"})):
        look_at(planned, moment)
        assert _places(planned, pupil) == years
        mine = {row["id"] for row in _mine(planned, "portal_groups", me)}
        assert (groups[2027] in mine) is (year == 2027)
        here = {row["group_id"] for row in _mine(planned, "portal_lessons", me)}
        assert here & set(groups.values()) == {groups[year]}
    assert len(planned.sis.requests) == asked


def test_the_class_list_turns_on_1_august(make_rig: MakeRig) -> None:
    """Two groups of one name: who left the old one is not in the list of the new; left open, it ends all the same."""
    rig = _school(make_rig, MAY)
    room = Classroom(rig)
    like = room.record("groups", rig.role("group_class"))
    old, new = (room.author.put("groups", like, name="Groep 8", school_year=year) for year in (2026, 2027))

    def child(group: str, year: int, *allows: str) -> str:
        pupil, days = room.child(allows, group=None), {"from_on": f"{year}-08-01", "until_on": None}
        room.author.put("group_memberships", room.membership, pupil_id=pupil, group_id=group, school_year=year, **days)
        return pupil

    leaver, rising = child(old, 2026, "name"), child(new, 2027, "name")
    of_old, of_new = room.parent(child(old, 2026)), room.parent(child(new, 2027))
    rig.sync()
    choose(rig, name=True)
    look_at(rig, end_of(LAST))
    assert (set(listed(rig, of_old)), set(listed(rig, of_new))) == ({leaver}, set())
    look_at(rig, midnight(FIRST))
    assert (set(listed(rig, of_old)), set(listed(rig, of_new))) == (set(), {rising})


def test_the_roll_over_is_never_held(planned: Rig) -> None:
    """On 1 August places close and pupils move up, all at once and unheld; the portal is what a fresh one would be."""
    turn_to(planned, noon(FIRST))
    planned.tell("year_rolls_over")
    report = planned.sync()
    assert (report.held, report.attention) == (0, 0)
    codes = {row["id"]: row["year_group"] for row in planned.rows("SELECT id, year_group FROM pupils")}
    assert [codes[planned.role(role)] for role in ("pupil_plain", "pupil_sibling", "pupil_repeating")] == [
        "4",
        "7",
        "2",
    ]
    portal = planned.portal()
    assert fresh_portal(planned) == portal


def test_who_repeats_a_year_has_two_places_of_one_year_group(planned: Rig) -> None:
    """A doubleur was in group 6 last year and is now; who will repeat group 2 is in it in both years."""
    look_at(planned, midnight(FIRST))
    assert _places(planned, planned.role("pupil_doubleur")) == {2025: "6", 2026: "6", 2027: "7"}
    assert _places(planned, planned.role("pupil_repeating")) == {2026: "2", 2027: "2"}


def test_a_new_place_is_news_on_the_day_it_begins(planned: Rig) -> None:
    """What was planned in May is told to the guardians of each child as new on 1 August, at midnight, not before."""
    me = planned.role("guardian_plain")
    look_at(planned, end_of(LAST))
    assert _mine(planned, "portal_changes", me, stream="group_memberships") == []
    look_at(planned, midnight(FIRST))
    news = _mine(planned, "portal_changes", me, stream="group_memberships")
    assert {line["pupil_id"] for line in news} == {planned.role("pupil_plain"), planned.role("pupil_sibling")}
    assert {(line["kind"], _moment(line["at"])) for line in news} == {("new", midnight(FIRST))}


def _moment(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


def test_who_comes_with_the_new_year_is_seen_from_its_first_day(may: Rig) -> None:
    """Enrolled in spring for 1 August: neither the child nor anything else for its parents before; both after."""
    pupil = may.role("pupil_future")
    parents = {may.role("guardian_shared_mail"), may.role("guardian_shared_mail_other")}
    assert pupil in may.ids("pupils")
    look_at(may, end_of(LAST))
    assert not parents & {row["guardian_id"] for row in may.rows("SELECT guardian_id FROM portal_guardians")}
    look_at(may, midnight(FIRST))
    rows = may.rows("SELECT guardian_id FROM portal_pupils WHERE id = :p", p=pupil)
    assert {row["guardian_id"] for row in rows} == parents
    assert _places(may, pupil) == {2027: "1"}


def test_group_eight_leaves_by_rule_and_unheld(eighth: Rig) -> None:
    """Told in May, seen through July and the grace, to the second; the rows follow with the next sync, none held."""
    leaving = _in_group_eight(eighth)
    eighth.tell("group_eight_leaves")
    assert eighth.sync().held == 0
    for moment, seeing in ((end_of(LAST), True), (end_of(LAST + GRACE), True), (midnight(FIRST + GRACE), False)):
        look_at(eighth, moment)
        assert leaving & seen(eighth, "portal_pupils") == (leaving if seeing else set())
    turn_to(eighth, noon(FIRST + GRACE))
    assert eighth.sync().held == 0
    assert eighth.ids("pupils").isdisjoint(leaving)
    assert eighth.role("guardian_confidential") not in eighth.ids("guardians")


def test_group_eight_removed_is_held_whole_and_approved_as_one_act(eighth: Rig) -> None:
    """Deleted with all that is theirs: nothing moves, their parents go on seeing them; one approval takes all."""
    leaving, before, sight = _in_group_eight(eighth), eighth.portal(), seen(eighth, "portal_pupils")
    assert leaving <= sight
    eighth.tell("group_eight_removed")
    report = eighth.sync()
    assert held(eighth, "pupils") == leaving
    assert (eighth.portal(), seen(eighth, "portal_pupils")) == (before, sight)
    eighth.approve(report.run_id)
    assert eighth.ids("pupils").isdisjoint(leaving)
    assert eighth.rows("SELECT * FROM pending_keys") == []
    portal = eighth.portal()
    assert fresh_portal(eighth) == portal


def test_last_years_groups_are_removed_as_one_act(make_rig: MakeRig) -> None:
    """In October the SIS tidies up: last year's groups and places are seen until a person approves, then no more."""
    rig = _school(make_rig, OCTOBER)
    rig.sync()
    before, pupil = rig.portal(), rig.role("pupil_doubleur")
    rig.tell("last_year_removed")
    report = rig.sync()
    assert held(rig, "groups") == {row["id"] for row in rig.rows("SELECT id FROM groups WHERE school_year = 2026")}
    assert rig.portal() == before
    assert _places(rig, pupil) == {2026: "6", 2027: "6"}
    rig.approve(report.run_id)
    assert _places(rig, pupil) == {2027: "6"}
    assert {row["school_year"] for row in rig.rows("SELECT school_year FROM groups")} == {2027, 2028}


def test_a_late_correction_of_last_years_result_is_followed(make_rig: MakeRig) -> None:
    """A result of a year that is over is a record like any other: mended at the SIS, mended in the portal."""
    rig = make_rig(pupils=12)
    rig.open(Module.TOETSEN)
    rig.sync()
    key = rig.role("test_past_year")
    rig.world.patch(rig.school, "test_results", key, functioning_level="M5")
    assert rig.sync().held == 0
    rows = _mine(rig, "portal_test_results", rig.role("guardian_plain"), id=key)
    assert [row["functioning_level"] for row in rows] == ["M5"]


def test_a_group_renamed_in_mid_year_is_the_same_group(may: Rig) -> None:
    """Another name under the same id; places, lessons and all else stay as they were, and nothing is held."""
    before, group = may.portal(), may.role("group_class")
    may.tell("group_renamed")
    assert may.sync().held == 0
    (row,) = _mine(may, "portal_groups", may.role("guardian_plain"), id=group)
    assert row["name"] == "De Vlinders"
    after = may.portal()
    assert {name for name in before if before[name] != after[name]} == {"groups"}


def test_a_combination_group_is_one_group_and_each_pupil_keeps_its_year_group(may: Rig) -> None:
    """Group 5/6 is one row that names both; a pupil of 5 and one of 6 point to it, each with its own year group."""
    rows = may.rows(
        "SELECT DISTINCT m.pupil_id, m.year_group, g.id, g.kind, g.year_groups FROM portal_group_memberships AS m"
        " JOIN portal_groups AS g ON g.id = m.group_id AND g.guardian_id = m.guardian_id WHERE m.school_year = 2026"
    )
    found = {row["pupil_id"]: row for row in rows}
    five, six = found[may.role("pupil_restricted")], found[may.role("pupil_of_composite_group")]
    assert (five["year_group"], six["year_group"], five["id"]) == ("5", "6", six["id"])
    assert (five["kind"], five["year_groups"]) == ("composite", '["5","6"]')
