"""The stories that a demo tells between two syncs."""

import pytest

from connector.simulator.stories import AFTER, STORIES, tell
from connector.simulator.world import STREAMS, World
from tests.unit.simulator.asking import SCHOOL, TODAY


def small() -> World:
    """Return the smallest whole world."""
    return World(7, TODAY, {SCHOOL: 12})


def first(world: World, stream: str) -> dict[str, object]:
    """Return one record of a stream."""
    return next(iter(world.records(SCHOOL, stream).values()))


@pytest.mark.parametrize("name", STORIES)
def test_a_story_touches_what_it_says_and_nothing_else(name: str) -> None:
    """Each story changes exactly the records it returns, each once; most also in the smallest world."""
    world = World(7, TODAY, {SCHOOL: 60}) if name.startswith("group_eight") else small()
    if name in AFTER:
        tell(world, SCHOOL, AFTER[name])
    before = {stream: world.records(SCHOOL, stream) for stream in STREAMS}
    told = tell(world, SCHOOL, name)
    after = {stream: world.records(SCHOOL, stream) for stream in STREAMS}
    changed = {
        (stream, identifier)
        for stream in STREAMS
        for identifier in before[stream].keys() | after[stream].keys()
        if before[stream].get(identifier) != after[stream].get(identifier)
    }
    assert changed == set(told) != set()
    assert len(told) == len(set(told))


def test_a_removed_pupil_comes_back_whole() -> None:
    """Removed, the pupil leaves no record behind; restored, all are as they were but for changed_at."""
    world = small()
    pupil, first_id = world.roles(SCHOOL)["pupil_two_households"], world.roles(SCHOOL)["guardian_plain"]

    def records() -> dict[str, dict[str, object]]:
        return {
            identifier: {name: value for name, value in record.items() if name != "changed_at"}
            for stream in STREAMS
            for identifier, record in world.records(SCHOOL, stream).items()
        }

    before = records()
    told = tell(world, SCHOOL, "pupil_removed")
    about_pupils = {
        stream for stream in STREAMS if world.records(SCHOOL, stream) and "pupil_id" in first(world, stream)
    }
    assert {"pupils", "guardians", *about_pupils} == {stream for stream, _ in told}
    assert not [one for one in records().values() if pupil in (one["id"], one.get("pupil_id"))]
    guardians = world.records(SCHOOL, "guardians")
    assert [
        one for one in world.records(SCHOOL, "invoices").values() if (one["debtor_id"] or first_id) not in guardians
    ] == []
    tell(world, SCHOOL, "pupil_restored")
    assert records() == before


def test_a_broken_record_can_be_mended() -> None:
    """The broken note has a date that does not exist; mended it has its old one."""
    world = small()
    note = world.roles(SCHOOL)["note_visible_observation"]
    before = world.records(SCHOOL, "notes")[note]["noted_on"]
    tell(world, SCHOOL, "record_breaks")
    assert world.records(SCHOOL, "notes")[note]["noted_on"] == "31-02-2026"
    tell(world, SCHOOL, "record_mended")
    assert world.records(SCHOOL, "notes")[note]["noted_on"] == before


def test_a_leaver_has_left_long_enough_ago() -> None:
    """The pupil that leaves did so a hundred days ago, beyond any grace of the portal."""
    world = small()
    tell(world, SCHOOL, "pupil_leaves")
    pupil = world.records(SCHOOL, "pupils")[world.roles(SCHOOL)["pupil_sibling"]]
    assert (pupil["status"], pupil["enrolled_until"]) == ("left", "2026-08-16")


def test_a_turned_secret_is_secret_wherever_the_address_is() -> None:
    """Pupil and guardian of the household get secret address and phones; the other household does not."""
    world = small()
    tell(world, SCHOOL, "address_turns_secret")
    roles, guardians = world.roles(SCHOOL), world.records(SCHOOL, "guardians")
    pupil = world.records(SCHOOL, "pupils")[roles["pupil_two_households"]]
    here, there = (guardians[roles[f"guardian_{which}_household"]] for which in ("first", "second"))
    assert pupil["address"]["is_confidential"] is here["address"]["is_confidential"] is True
    assert all(phone["is_confidential"] for phone in here["phones"])
    assert there["address"]["is_confidential"] is False
