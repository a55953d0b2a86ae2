"""Who comes, when, and who goes: children under four, guests, late enrolments, the last day, no place in a group."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from connector.bookkeeping import register
from connector.simulator.draft import Record
from schemas.modules import Module
from schemas.streams import Stream
from tests.integration.bench import gates, seen
from tests.integration.classmates import Classroom, choose, listed
from tests.integration.moments import end_of, look_at, midnight
from tests.rig import Rig


@pytest.fixture
def school(make_rig: Callable[..., Rig]) -> Rig:
    """A small school with its groups open, not synced yet."""
    rig = make_rig(pupils=14)
    rig.open(Module.GROEP)
    return rig


def _seeing(rig: Rig, pupil: str) -> set[str]:
    """Give the guardians who see a pupil."""
    return {row["guardian_id"] for row in rig.rows("SELECT guardian_id FROM portal_pupils WHERE id = :p", p=pupil)}


def _parents(rig: Rig, pupil: str) -> set[str]:
    """Give the guardians a pupil has in the SIS."""
    ties = rig.world.records(rig.school, "guardianships").values()
    return {tie["guardian_id"] for tie in ties if tie["pupil_id"] == pupil}


def _groups(rig: Rig, pupil: str) -> set[str]:
    """Give the groups in which anybody sees a pupil."""
    rows = rig.rows("SELECT group_id FROM portal_group_memberships WHERE pupil_id = :p", p=pupil)
    return {row["group_id"] for row in rows}


def _place(rig: Rig, pupil: str) -> Record:
    """Give the open place of a pupil in the SIS."""
    places = rig.world.records(rig.school, "group_memberships").values()
    return next(one for one in places if one["pupil_id"] == pupil and one["until_on"] is None)


def test_a_child_under_four_is_not_here_until_its_first_day(school: Rig) -> None:
    """Registered: not stored, nor its parents. Placed for its fourth birthday: stored, and seen from that day on."""
    pupil, today = school.role("pupil_under_four"), school.world.today
    first = today + timedelta(days=9)
    school.sync()
    assert pupil not in school.ids("pupils")
    assert school.ids("guardians").isdisjoint(_parents(school, pupil))
    born = first.replace(year=first.year - 4).isoformat()
    placed = {"status": "future", "birth_on": born, "enrolled_from": first.isoformat()}
    school.world.patch(school.school, "pupils", pupil, **placed)
    school.sync()
    look_at(school, end_of(first - timedelta(days=1)))
    assert (pupil in school.ids("pupils"), _seeing(school, pupil)) == (True, set())
    look_at(school, midnight(first))
    assert _seeing(school, pupil) == _parents(school, pupil)


def test_the_pseudo_group_of_registered_children_is_never_a_class(school: Rig) -> None:
    """Enrolled while still in `aangemeld`: the child is seen, in no group; placed in a class, it is in that alone."""
    pupil, place = school.role("pupil_under_four"), school.role("membership_placeholder")
    school.world.patch(school.school, "pupils", pupil, status="enrolled", enrolled_from="2020-08-01")
    school.sync()
    assert _seeing(school, pupil) == _parents(school, pupil)
    assert _groups(school, pupil) == set()
    school.world.patch(school.school, "group_memberships", place, group_id=school.role("group_composite"))
    school.sync()
    assert _groups(school, pupil) == {school.role("group_composite")}


def test_a_guest_is_not_shown_until_it_is_enrolled_here(school: Rig) -> None:
    """A guest has a group and parents in the SIS and nothing in the portal; enrolled, all of it comes by itself."""
    pupil = school.role("pupil_guest")
    report = school.sync()
    assert gates(report, Stream.PUPILS)["not_enrolled"] > 0
    assert _place(school, pupil)
    assert (_seeing(school, pupil), _groups(school, pupil)) == (set(), set())
    assert school.role("guardian_of_guest") not in school.ids("guardians")
    school.world.patch(school.school, "pupils", pupil, status="enrolled")
    assert school.sync().held == 0
    assert _seeing(school, pupil) == {school.role("guardian_of_guest")}
    assert _groups(school, pupil) == {_place(school, pupil)["group_id"]}


def test_a_late_enrolment_is_seen_at_once(school: Rig) -> None:
    """Enrolled today as of ten days ago: the child, its mother and its place in the group are there, unheld."""
    school.sync()
    school.tell("enrolment_backdated")
    report = school.sync()
    assert (report.held, report.attention) == (0, 0)
    pupil, mother = school.role("pupil_backdated"), school.role("guardian_of_backdated")
    began = (school.world.today - timedelta(days=10)).isoformat()
    assert _seeing(school, pupil) == {mother}
    rows = school.rows("SELECT from_on FROM portal_group_memberships WHERE guardian_id = :m", m=mother)
    assert [str(row["from_on"]) for row in rows] == [began]


def test_a_leaving_that_is_dated_back_beyond_the_grace_is_followed_at_once(school: Rig) -> None:
    """Entered today as of a hundred days ago: gone with the sync, no grace begins today; the sibling stays."""
    school.sync()
    school.tell("pupil_leaves")
    assert school.sync().held == 0
    assert school.role("pupil_sibling") not in school.ids("pupils")
    assert _seeing(school, school.role("pupil_plain")) == _parents(school, school.role("pupil_plain"))


def test_the_last_day_is_a_day_at_school(school: Rig) -> None:
    """On the last day the child is seen and listed; at midnight it is neither, where the school gives no grace."""
    room = Classroom(school)
    pupil, onlooker = room.child(), room.onlooker()
    parent = room.parent(pupil)
    room.patch("pupils", pupil, enrolled_until=room.author.today.isoformat())
    with school.database.session() as session, session.write() as connection:
        register.set_setting(connection, school.school, "leaver_grace_days", "0", "test")
    choose(school, name=True)
    school.sync()
    for moment, here in ((end_of(room.author.today), True), (midnight(room.author.today + timedelta(days=1)), False)):
        look_at(school, moment)
        assert (_seeing(school, pupil) == {parent}, pupil in listed(school, onlooker)) == (here, here)


def test_the_grace_is_for_the_leavers_own_parents(school: Rig) -> None:
    """The day after the last day its parents still see the child, for a fortnight; classmates' parents do not."""
    room, last = Classroom(school), school.world.today
    pupil, onlooker = room.child(), room.onlooker()
    parent = room.parent(pupil)
    room.patch("pupils", pupil, enrolled_until=last.isoformat())
    choose(school, name=True)
    school.sync()
    look_at(school, midnight(last + timedelta(days=1)))
    assert (_seeing(school, pupil), set(listed(school, onlooker))) == ({parent}, set())
    look_at(school, end_of(last + timedelta(days=14)))
    assert _seeing(school, pupil) == {parent}
    look_at(school, midnight(last + timedelta(days=15)))
    assert _seeing(school, pupil) == set()


def test_a_pupil_without_a_place_in_a_group_is_seen_all_the_same(school: Rig) -> None:
    """Enrolled and not placed yet: the parents see the child; it has no group, and is in no list."""
    room = Classroom(school)
    pupil, onlooker = room.child(group=None), room.onlooker()
    parent = room.parent(pupil)
    choose(school, name=True)
    school.sync()
    assert (_seeing(school, pupil), _groups(school, pupil)) == ({parent}, set())
    assert (listed(school, parent), pupil in listed(school, onlooker)) == ({}, False)


def test_a_pupil_whose_place_is_taken_back_stays(school: Rig) -> None:
    """Without its place the child is seen as before, by the same guardians; only the group is gone for them."""
    school.sync()
    pupil = school.role("pupil_confidential")
    before, groups = seen(school, "portal_pupils"), _groups(school, pupil)
    place = _place(school, pupil)
    school.world.remove(school.school, "group_memberships", place["id"])
    assert school.sync().held == 0
    assert seen(school, "portal_pupils") == before
    assert _groups(school, pupil) == groups - {place["group_id"]}
    assert place["group_id"] in groups
