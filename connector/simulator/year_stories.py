"""The edges of a school year: planned in May, group 8 leaves in July, rolled over on 1 August, tidied up in October.

Told in this order of a world of May, June or July. From the first to the last of them both years are there.
"""

from collections.abc import Mapping
from datetime import date

from connector.simulator.dates import day, school_year
from connector.simulator.draft import Record
from connector.simulator.telling import Story, Told, add, belongings, patch, remove, role
from connector.simulator.world import World

LAST_GROUP = "8"
REPEATS = "pupil_repeating"


def last_day(today: date) -> date:
    """Return the last day of the school year in its last three months, else today."""
    return date(school_year(today) + 1, 7, 31) if today.month in (5, 6, 7) else today


def next_year_planned(world: World, school: str) -> Told:
    """Give every pupil that stays a place in a group of the coming year; a doubleur in its own year group."""
    year = school_year(world.today) + 1
    groups = [one for one in world.records(school, "groups").values() if one["school_year"] == year]
    placed = {
        one["pupil_id"] for one in world.records(school, "group_memberships").values() if one["school_year"] == year
    }
    told: Told = []
    for number, (identifier, pupil) in enumerate(world.records(school, "pupils").items()):
        code = _following(world, school, pupil)
        fitting = [group["id"] for group in groups if code in group["year_groups"]]
        if pupil["status"] == "enrolled" and identifier not in placed and fitting:
            place: Record = {"pupil_id": identifier, "group_id": fitting[number % len(fitting)], "school_year": year}
            told.append(
                add(
                    world,
                    school,
                    "group_memberships",
                    place,
                    year_group=code,
                    from_on=f"{year}-08-01",
                    until_on=None,
                )
            )
    return told


def group_eight_leaves(world: World, school: str) -> Told:
    """Let every pupil of group 8 have its last day at school, and in its group, on the last day of the year."""
    until = day(last_day(world.today))
    leavers = _group_eight(world, school)
    for pupil in leavers:
        world.patch(school, "pupils", pupil, status="left", enrolled_until=until)
    told = [("pupils", pupil) for pupil in leavers]
    for identifier, place in world.records(school, "group_memberships").items():
        if place["pupil_id"] in leavers and place["until_on"] is None:
            world.patch(school, "group_memberships", identifier, until_on=until)
            told.append(("group_memberships", identifier))
    return told


def group_eight_removed(world: World, school: str) -> Told:
    """Delete group 8 in one act: its pupils with all their records, and the guardians that they alone had."""
    return remove(world, school, list(belongings(world, school, *_group_eight(world, school))))


def year_rolls_over(world: World, school: str) -> Told:
    """Close this year's places, teachers and lessons; pupils move up, and who was to come has come."""
    year, until = school_year(world.today), day(last_day(world.today))
    groups = {key for key, one in world.records(school, "groups").items() if one["school_year"] == year}
    told: Told = []
    for stream in ("group_memberships", "group_employees", "lessons"):
        for identifier, record in world.records(school, stream).items():
            if record["group_id"] in groups and record["until_on"] is None:
                world.patch(school, stream, identifier, until_on=until)
                told.append((stream, identifier))
    return told + _move_up(world, school, year + 1)


def last_year_removed(world: World, school: str) -> Told:
    """Delete last year's groups with their places, teachers and lessons."""
    year = school_year(world.today) - 1
    groups = {key for key, one in world.records(school, "groups").items() if one["school_year"] == year}
    children = [
        (stream, identifier)
        for stream in ("lessons", "group_employees", "group_memberships")
        for identifier, record in world.records(school, stream).items()
        if record["group_id"] in groups
    ]
    return remove(world, school, [*children, *(("groups", group) for group in sorted(groups))])


def group_renamed(world: World, school: str) -> Told:
    """Give the class another name in the middle of the year."""
    return patch(world, school, "groups", "group_class", name="De Vlinders")


def last_day_is_today(world: World, school: str) -> Told:
    """Let the sibling have its last day at school today, and in its group."""
    told, until = patch(world, school, "pupils", "pupil_sibling", enrolled_until=day(world.today)), day(world.today)
    for identifier, place in world.records(school, "group_memberships").items():
        if place["pupil_id"] == told[0][1] and place["until_on"] is None:
            world.patch(school, "group_memberships", identifier, until_on=until)
            told.append(("group_memberships", identifier))
    return told


STORIES: Mapping[str, Story] = {
    "next_year_planned": next_year_planned,
    "group_eight_leaves": group_eight_leaves,
    "group_eight_removed": group_eight_removed,
    "year_rolls_over": year_rolls_over,
    "last_year_removed": last_year_removed,
    "group_renamed": group_renamed,
    "last_day_is_today": last_day_is_today,
}


def _group_eight(world: World, school: str) -> list[str]:
    found = [
        identifier
        for identifier, pupil in world.records(school, "pupils").items()
        if pupil["status"] == "enrolled" and pupil["year_group"] == LAST_GROUP
    ]
    if not found:
        raise KeyError("no pupil in group 8")
    return found


def _following(world: World, school: str, pupil: Record) -> str | None:
    code = str(pupil["year_group"])
    if pupil["id"] == role(world, school, REPEATS) or not code.isdigit():
        return code
    return None if code == LAST_GROUP else str(int(code) + 1)


def _move_up(world: World, school: str, year: int) -> Told:
    pupils = world.records(school, "pupils")
    told: Told = []
    for place in world.records(school, "group_memberships").values():
        pupil = pupils.get(place["pupil_id"])
        if place["school_year"] != year or pupil is None or pupil["status"] not in ("enrolled", "future"):
            continue
        after = {"status": "enrolled", "year_group": place["year_group"]}
        if {name: pupil[name] for name in after} != after:
            world.patch(school, "pupils", pupil["id"], **after)
            told.append(("pupils", pupil["id"]))
    return told
