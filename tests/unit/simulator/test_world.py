"""The seeded world: the same each time, of any size, with a record on each side of every gate."""

import json
import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from connector.simulator.dates import as_utc, instant, school_year
from connector.simulator.world import STREAMS, World
from tests.unit.simulator.asking import SCHOOL, TODAY

REFERENCES = {
    "pupil_id": "pupils",
    "guardian_id": "guardians",
    "debtor_id": "guardians",
    "group_id": "groups",
    "employee_id": "employees",
    "location_id": "locations",
}


def whole(world: World) -> str:
    """Return everything that a world holds."""
    return json.dumps(
        {code: [world.records(code, stream) for stream in STREAMS] for code in world.schools}, sort_keys=True
    )


def role(world: World, name: str) -> dict[str, Any]:
    """Return the record that plays a role."""
    identifier = world.roles(SCHOOL)[name]
    return next(records[identifier] for s in STREAMS if identifier in (records := world.records(SCHOOL, s)))


def test_the_same_seed_and_day_give_the_same_world() -> None:
    """Two worlds of one seed and day are equal to the byte; another seed or day gives another one."""
    sizes = {SCHOOL: 40, "99BB00": 7}
    assert whole(World(7, TODAY, sizes)) == whole(World(7, TODAY, sizes))
    assert whole(World(7, TODAY, sizes)) != whole(World(8, TODAY, sizes))
    assert whole(World(7, TODAY, sizes)) != whole(World(7, TODAY + timedelta(days=1), sizes))


def test_two_schools_of_a_world_are_not_the_same() -> None:
    """Schools share ids, which are unique per school only, but not their people."""
    world = World(7, TODAY)
    one, other = (world.records(code, "guardians")["gua-000001"] for code in world.schools)
    assert one != other


@pytest.mark.parametrize("size", [0, 1, 2, 5, 11, 12, 13, 60, 500])
def test_a_school_has_the_number_of_pupils_asked_for(size: int) -> None:
    """A world of any size draws, has exactly that many pupils, and every reference in it leads somewhere."""
    world = World(7, TODAY, {SCHOOL: size})
    records = {stream: world.records(SCHOOL, stream) for stream in STREAMS}
    assert len(records["pupils"]) == size
    for stream in STREAMS:
        for record in records[stream].values():
            for field, target in REFERENCES.items():
                if record.get(field) is not None:
                    assert record[field] in records[target], (stream, field, record[field])


@pytest.mark.parametrize("today", [date(2027, 1, 1), date(2027, 7, 31), date(2027, 8, 1), date(2028, 2, 29)])
def test_a_world_can_be_drawn_on_any_day(today: date) -> None:
    """Also on the edges of a school year and on a leap day the cast is complete and its dates are dates."""
    world = World(7, today, {SCHOOL: 12})
    assert len(world.roles(SCHOOL)) == len(World(7, TODAY, {SCHOOL: 12}).roles(SCHOOL))
    groups = world.records(SCHOOL, "groups").values()
    assert {group["school_year"] for group in groups} == {school_year(today) + step for step in (-1, 0, 1)}
    for pupil in world.records(SCHOOL, "pupils").values():
        assert date.fromisoformat(pupil["birth_on"]) < today


def test_twelve_pupils_stand_on_each_side_of_every_gate() -> None:
    """In the smallest whole world each stored-or-not and shown-or-not rule has a record on either side."""
    world = World(7, TODAY, {SCHOOL: 12})
    days = (TODAY - timedelta(days=10)).isoformat()
    assert (
        role(world, "pupil_leaver_recent")["enrolled_until"] > days > role(world, "pupil_leaver_old")["enrolled_until"]
    )
    statuses = Counter(pupil["status"] for pupil in world.records(SCHOOL, "pupils").values())
    assert statuses == {"enrolled": 7, "registered": 1, "future": 1, "guest": 1, "left": 2}
    assert role(world, "pupil_adult")["birth_on"] <= "2008-11-24" < role(world, "pupil_turning_eighteen")["birth_on"]
    assert role(world, "pupil_under_four")["birth_on"] > "2022-11-24" > role(world, "pupil_plain")["birth_on"]
    assert (
        role(world, "note_visible")["visible_to_parents"],
        role(world, "note_hidden")["visible_to_parents"],
    ) == (True, False)
    for category in ("conversation", "educational_needs", "observation", "home_visit", "day_report"):
        assert role(world, f"note_visible_{category}")["visible_to_parents"] is True
        assert role(world, f"note_hidden_{category}")["category"] == category
    for status in ("concept", "review", "final", "withdrawn"):
        assert role(world, f"plan_{status}")["status"] == status
    assert role(world, "plan_past")["until_on"] < TODAY.isoformat() < role(world, "plan_final")["until_on"]


def test_news_stands_on_each_side_of_its_gates() -> None:
    """News is published and not, before, within and after its window, for a group and for all."""
    world = World(7, TODAY, {SCHOOL: 0})
    now = as_utc(instant(TODAY, 12))
    assert (
        as_utc(role(world, "news_published")["publish_from"])
        < now
        < as_utc(role(world, "news_published")["publish_until"])
    )
    assert (
        as_utc(role(world, "news_future")["publish_from"]) > now > as_utc(role(world, "news_expired")["publish_until"])
    )
    published = [
        role(world, f"news_{name}")["published"] for name in ("published", "unpublished", "group", "group_unpublished")
    ]
    assert published == [True, False, True, False]
    assert role(world, "news_group")["group_id"] == world.roles(SCHOOL)["group_class"]
    assert role(world, "news_always")["publish_from"] is role(world, "news_always")["group_id"] is None


def test_guardians_stand_on_each_side_of_access() -> None:
    """Authority full, none and unknown; restriction and agreement in force and over; a stepparent."""
    world = World(7, TODAY, {SCHOOL: 12})
    today = TODAY.isoformat()
    ties = world.records(SCHOOL, "guardianships").values()
    assert {tie["authority"] for tie in ties} == {"full", "none", "unknown"}
    assert role(world, "guardianship_restricted")["restriction"]["until_on"] is None
    assert role(world, "guardianship_restriction_expired")["restriction"]["until_on"] < today
    assert role(world, "guardianship_agreement")["information_agreement"]["until_on"] is None
    assert role(world, "guardianship_agreement_expired")["information_agreement"]["until_on"] < today
    assert role(world, "guardianship_ended")["until_on"] < today
    assert role(world, "guardianship_stepparent")["relation"] == "stepparent"
    assert max(Counter(tie["pupil_id"] for tie in ties).values()) == 4


def test_families_are_as_families_are() -> None:
    """Siblings share guardians and address; the divorced do not; mail is missing, shared, an employee's."""
    world = World(7, TODAY, {SCHOOL: 12})
    ties = world.records(SCHOOL, "guardianships").values()
    of = {
        pupil: {tie["guardian_id"] for tie in ties if tie["pupil_id"] == pupil}
        for pupil in world.records(SCHOOL, "pupils")
    }
    plain, sibling = role(world, "pupil_plain"), role(world, "pupil_sibling")
    assert of[plain["id"]] == of[sibling["id"]]
    assert plain["address"] == sibling["address"] == role(world, "guardian_plain")["address"]
    assert role(world, "guardian_first_household")["address"] != role(world, "guardian_second_household")["address"]
    assert role(world, "guardian_shared_mail")["email"] == role(world, "guardian_shared_mail_other")["email"]
    assert role(world, "guardian_without_mail")["email"] is None
    assert role(world, "guardian_teacher")["email"] == role(world, "employee_parent")["private_email"]


def test_secrets_are_marked_and_not_everyones() -> None:
    """One household's address and phones are confidential, but one number is not, nor are others'."""
    world = World(7, TODAY, {SCHOOL: 12})
    pupil = role(world, "pupil_confidential")
    assert (
        pupil["address"]["is_confidential"]
        is role(world, "guardian_confidential")["address"]["is_confidential"]
        is True
    )
    assert [phone["is_confidential"] for phone in pupil["phones"]] == [True, False]
    assert role(world, "pupil_plain")["address"]["is_confidential"] is False


def test_placements_know_the_past_and_the_future() -> None:
    """Combined groups, a doubleur, next year's places, and a placeholder for those who are no pupils yet."""
    world = World(7, TODAY, {SCHOOL: 12})
    doubleur = world.roles(SCHOOL)["pupil_doubleur"]
    members = world.records(SCHOOL, "group_memberships").values()
    years = {member["school_year"]: member["year_group"] for member in members if member["pupil_id"] == doubleur}
    assert years == {2025: "6", 2026: "6"}
    assert (role(world, "group_placeholder")["name"], role(world, "group_placeholder")["kind"]) == (
        "aangemeld",
        "placeholder",
    )
    assert role(world, "membership_placeholder")["group_id"] == world.roles(SCHOOL)["group_placeholder"]
    assert role(world, "group_composite")["year_groups"] == ["1", "2"]
    assert role(world, "membership_future")["school_year"] == role(world, "membership_next_year")["school_year"] == 2027
    assert role(world, "membership_past")["until_on"] == "2026-07-31"


def test_nothing_in_a_world_could_be_real() -> None:
    """Mail goes to reserved domains, numbers cannot be dialled, and there is no citizen service number."""
    text = whole(World(7, TODAY, {SCHOOL: 200}))
    assert "bsn" not in text.lower()
    mails = [word for word in text.replace('"', " ").split() if "@" in word]
    assert all(mail.endswith(("example.nl", ".test")) for mail in mails)
    numbers = re.findall(r'"is_confidential": (?:true|false), "kind": "[a-z]+", "number": "([^"]*)"', text)
    assert len(numbers) > 400
    assert all(number.startswith(("06-0000", "010-000")) for number in numbers)


def test_instants_carry_the_offset_of_the_season() -> None:
    """Amsterdam is two hours ahead in summer and one in winter, by rule and without a zone database."""
    assert instant(date(2026, 3, 28)).endswith("+01:00")
    assert instant(date(2026, 3, 29)).endswith("+02:00")
    assert instant(date(2026, 10, 24)).endswith("+02:00")
    assert instant(date(2026, 10, 25)).endswith("+01:00")


def test_a_write_to_what_is_not_there_is_refused() -> None:
    """Patching, removing or restoring the wrong record raises KeyError and changes nothing."""
    world = World(7, TODAY, {SCHOOL: 2})
    before = whole(world)
    with pytest.raises(KeyError):
        world.patch(SCHOOL, "pupils", "nobody", call_name="X")
    with pytest.raises(KeyError):
        world.restore(SCHOOL, "pupils", "pup-000001")
    with pytest.raises(KeyError):
        world.remove(SCHOOL, "lunches", "x")
    assert whole(world) == before


def test_what_is_read_cannot_be_changed_by_accident() -> None:
    """Records come as copies: altering one alters nothing in the world."""
    world = World(7, TODAY, {SCHOOL: 1})
    world.records(SCHOOL, "pupils")["pup-000001"]["address"]["city"] = "Ander"
    assert world.records(SCHOOL, "pupils")["pup-000001"]["address"]["city"] != "Ander"
