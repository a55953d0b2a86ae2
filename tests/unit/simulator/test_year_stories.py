"""The edges of a school year, told of a world in May: both years there, group 8 gone, rolled over, tidied up."""

from collections import Counter
from datetime import date
from typing import Any

import pytest

from connector.simulator.stories import tell
from connector.simulator.world import World
from tests.unit.simulator.asking import SCHOOL, TODAY

MAY = date(2027, 5, 20)


@pytest.fixture
def world() -> World:
    """Return a school of sixty pupils in May."""
    return World(7, MAY, {SCHOOL: 60})


def records(world: World, stream: str) -> dict[str, dict[str, Any]]:
    """Return a stream's live records by id."""
    return world.records(SCHOOL, stream)


def places(world: World, year: int) -> dict[str, str]:
    """Return pupil → year group of the memberships of one school year that are open."""
    found = records(world, "group_memberships").values()
    return {one["pupil_id"]: one["year_group"] for one in found if one["school_year"] == year and not one["until_on"]}


def enrolled(world: World) -> dict[str, str]:
    """Return pupil → year group of those enrolled."""
    return {key: one["year_group"] for key, one in records(world, "pupils").items() if one["status"] == "enrolled"}


def test_in_may_both_years_are_there(world: World) -> None:
    """Once planned, who stays has an open place in this year and one in the next, in a group that fits."""
    tell(world, SCHOOL, "next_year_planned")
    now, then = places(world, 2026), places(world, 2027)
    groups = records(world, "groups")
    repeating = world.roles(SCHOOL)["pupil_repeating"]
    for pupil, code in enrolled(world).items():
        assert now[pupil] == code
        assert then.get(pupil) == (code if pupil == repeating or code == "S" else FOLLOWING.get(code))
    for place in records(world, "group_memberships").values():
        group = groups[place["group_id"]]
        if group["kind"] != "placeholder" and place["school_year"] == 2027:
            assert (group["school_year"], place["year_group"] in group["year_groups"]) == (2027, True)
    assert tell(world, SCHOOL, "next_year_planned") == []


FOLLOWING = {str(code): str(code + 1) for code in range(1, 8)}


def test_group_eight_leaves_in_one_act(world: World) -> None:
    """All of group 8 have the year's last day, in their enrolment and their group; nobody else is touched."""
    before = {key for key, code in enrolled(world).items() if code == "8"}
    told = tell(world, SCHOOL, "group_eight_leaves")
    assert {key for stream, key in told if stream == "pupils"} == before
    assert len(before) >= 3
    left = [records(world, "pupils")[key] for key in before]
    assert {(one["status"], one["enrolled_until"]) for one in left} == {("left", "2027-07-31")}
    assert not before & places(world, 2026).keys()
    assert "8" not in enrolled(world).values()


def test_group_eight_is_removed_in_one_act() -> None:
    """Deleted with everything of theirs, siblings and the guardians they share stay."""
    world = World(7, MAY, {SCHOOL: 120})
    gone = {key for key, code in enrolled(world).items() if code == "8"}
    guardians = set(records(world, "guardians"))
    told = tell(world, SCHOOL, "group_eight_removed")
    assert Counter(stream for stream, _ in told)["pupils"] == len(gone)
    ties = records(world, "guardianships").values()
    assert not [one for one in ties if one["pupil_id"] in gone]
    assert {one["guardian_id"] for one in ties} <= records(world, "guardians").keys() < guardians
    assert {one["debtor_id"] for one in records(world, "invoices").values()} - {None} <= records(
        world, "guardians"
    ).keys()


def test_the_year_rolls_over(world: World) -> None:
    """On 1 August old places, teachers and lessons are closed, pupils moved up, and the future ones have come."""
    for story in ("next_year_planned", "group_eight_leaves"):
        tell(world, SCHOOL, story)
    planned, future = places(world, 2027), world.roles(SCHOOL)["pupil_future"]
    tell(world, SCHOOL, "year_rolls_over")
    assert places(world, 2026) == {}
    assert places(world, 2027) == planned
    assert enrolled(world) == planned
    assert records(world, "pupils")[future]["status"] == "enrolled"
    groups = records(world, "groups")
    for stream in ("group_employees", "lessons", "group_memberships"):
        ends = [one for one in records(world, stream).values() if groups[one["group_id"]]["school_year"] == 2026]
        assert {one["until_on"] is None for one in ends} == {False}
    assert tell(world, SCHOOL, "year_rolls_over") == []


def test_in_october_last_year_goes(world: World) -> None:
    """Last year's groups and all that hangs on them are deleted; every other reference still leads somewhere."""
    tell(world, SCHOOL, "last_year_removed")
    groups = records(world, "groups")
    assert {one["school_year"] for one in groups.values()} == {2026, 2027}
    for stream in ("group_memberships", "group_employees", "lessons"):
        assert {one["group_id"] for one in records(world, stream).values()} <= groups.keys()


def test_the_last_day_is_still_at_school() -> None:
    """The sibling's last day, at school and in its group, is today."""
    world = World(7, TODAY, {SCHOOL: 12})
    tell(world, SCHOOL, "last_day_is_today")
    sibling = world.roles(SCHOOL)["pupil_sibling"]
    pupil = records(world, "pupils")[sibling]
    assert (pupil["status"], pupil["enrolled_until"]) == ("enrolled", "2026-11-24")
    mine = [one for one in records(world, "group_memberships").values() if one["pupil_id"] == sibling]
    assert sorted(one["until_on"] for one in mine) == ["2026-07-31", "2026-11-24"]


def test_a_late_enrolment_is_dated_back() -> None:
    """A pupil that was not there yesterday has been enrolled, and in its group, for ten days."""
    world = World(7, TODAY, {SCHOOL: 12})
    told = dict(tell(world, SCHOOL, "enrolment_backdated"))
    pupil = records(world, "pupils")[told["pupils"]]
    assert world.roles(SCHOOL)["pupil_backdated"] == told["pupils"]
    place = records(world, "group_memberships")[told["group_memberships"]]
    assert pupil["enrolled_from"] == place["from_on"] == "2026-11-14"
    assert pupil["changed_at"].startswith("2026-11-24")
    tie = records(world, "guardianships")[told["guardianships"]]
    assert (tie["pupil_id"], tie["guardian_id"]) == (told["pupils"], told["guardians"])
    numbers = Counter(one["pupil_number"] for one in records(world, "pupils").values())
    assert set(numbers.values()) == {1}


def test_a_double_and_its_merge() -> None:
    """One child has two records with the same guardians; merged, the survivor knows the other id and has all."""
    world = World(7, TODAY, {SCHOOL: 12})
    plain = world.roles(SCHOOL)["pupil_plain"]

    def guardians(pupil: str) -> set[str]:
        return {one["guardian_id"] for one in records(world, "guardianships").values() if one["pupil_id"] == pupil}

    known = guardians(plain)
    tell(world, SCHOOL, "pupil_doubled")
    double = world.roles(SCHOOL)["pupil_double"]
    names = ("call_name", "last_name", "birth_on")
    assert [records(world, "pupils")[key][name] for key in (plain,) for name in names] == [
        records(world, "pupils")[double][name] for name in names
    ]
    assert guardians(double) == known
    tell(world, SCHOOL, "doubles_merged")
    assert double not in records(world, "pupils")
    assert double in records(world, "pupils")[plain]["former_ids"]
    assert guardians(plain) == known
    assert not [one for one in records(world, "absences").values() if one["pupil_id"] == double]


def test_a_renamed_group_is_the_same_group() -> None:
    """Another name, the same id and the same pupils."""
    world = World(7, TODAY, {SCHOOL: 12})
    before = records(world, "groups")[world.roles(SCHOOL)["group_class"]]
    tell(world, SCHOOL, "group_renamed")
    after = records(world, "groups")[world.roles(SCHOOL)["group_class"]]
    assert {name for name in before if before[name] != after[name]} == {"name", "changed_at"}


def test_a_report_is_given_out_rewritten_and_taken_back() -> None:
    """The hidden report is published, the published one gets another file under its id and is withdrawn."""
    world = World(7, TODAY, {SCHOOL: 12})
    roles = world.roles(SCHOOL)
    before = records(world, "reports")[roles["report_published"]]["document"]
    for story in ("report_given_out", "report_rewritten", "report_taken_back"):
        tell(world, SCHOOL, story)
    shown, gone = (records(world, "reports")[roles[f"report_{which}"]] for which in ("unpublished", "published"))
    assert (shown["published"], gone["published"]) == (True, False)
    assert gone["document"]["id"] == before["id"]
    assert gone["document"]["sha256"] != before["sha256"]
