"""The group lists of a whole school agree, for every guardian, with an oracle that knows only raw records."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from importlib import resources
from typing import Any

import pytest

from schemas.modules import Module
from tests.integration.bench import NO_BRAKE, rewrite
from tests.integration.classmates import CATEGORIES, EVERYTHING, Classroom, choose
from tests.integration.group_list_oracle import NOTHING, GroupLists, as_listed
from tests.integration.hard_cases import write_hard_cases
from tests.integration.moments import clock_at
from tests.integration.portal_oracle import AMSTERDAM, Rows
from tests.integration.test_views import sight
from tests.integration.test_views_plans import explained
from tests.rig import Rig

MakeRig = Callable[..., Rig]
ANSWERS: tuple[tuple[bool, ...], ...] = ((True,), (True,), (True,), (False,), (), (True, False))


@pytest.fixture
def school(make_rig: MakeRig) -> Rig:
    """A school of 60 pupils and some eighty odd families, many of them in one class, who answered this and that."""
    rig = make_rig(pupils=60, limits=NO_BRAKE)
    write_hard_cases(rig)
    room, chance = Classroom(rig), random.Random(20261124)
    homes = [room.author.home(secret=number == 0) for number in range(4)]
    for number, pupil in enumerate(sorted(rig.world.records(rig.school, "pupils"))):
        if number % 4 == 1 or number % 9 == 0:
            room.place(pupil, first=chance.choice((-30, -1, 0, 1)), last=chance.choice((None, None, 0, 2, 14)))
        if number % 9 == 0:
            home = homes[number % 4]
            room.patch(
                "pupils", pupil, address={**home, "is_confidential": home["is_confidential"] and number % 2 == 0}
            )
        for category in CATEGORIES:
            for answer in chance.choice(ANSWERS) if category != "name" else (True,) * (number % 7 != 0):
                room.say(pupil, category, allowed=answer)
    rig.open(Module.GROEP)
    choose(rig, **EVERYTHING)
    assert rig.sync().attention == 0
    return rig


def shown(rig: Rig) -> Rows:
    """Give every row of the view, by guardian and `group/pupil`."""
    found = rig.rows("SELECT * FROM portal_group_list WHERE school_id = :school", school=rig.school)
    rows = {(row["guardian_id"], f"{row['group_id']}/{row['pupil_id']}"): as_listed(row) for row in found}
    assert len(rows) == len(found), "a row is shown twice"
    return rows


def agree(rig: Rig, moment: datetime, settings: dict[str, Any]) -> Rows:
    foretold = GroupLists(sight(rig, moment), settings).rows()
    found = shown(rig)
    assert sorted(found) == sorted(foretold)
    for key, columns in foretold.items():
        assert {name: found[key][name] for name in columns} == columns, key
    return foretold


def test_every_guardian_finds_what_the_raw_records_allow(school: Rig) -> None:
    """With the list as far open as it goes: every row and column; some of each kind shown, and some blank."""
    rows = agree(school, datetime.now(UTC), EVERYTHING)
    assert len(rows) > 500
    for column, nothing in NOTHING.items():
        blank = sum(row[column] == nothing for row in rows.values())
        assert 20 < blank < len(rows) - 20, column


def test_every_choice_of_fields_shows_what_it_says(school: Rig) -> None:
    """Settings drawn at random, and the defaults: without a sync the list is the oracle's each time."""
    chance = random.Random(7)
    for _ in range(5):
        settings: dict[str, Any] = {field: chance.random() < 0.5 for field in CATEGORIES}
        settings |= {"name": chance.random() < 0.9, "birth_date": chance.choice(("off", "day_and_month", "full"))}
        choose(school, **settings)
        agree(school, datetime.now(UTC), settings)


def test_the_lists_follow_the_calendar_without_a_sync(school: Rig) -> None:
    """With the SIS silent, at the edges of days to come (places, leavers, comers, birthdays, authority) all fits."""
    today, seen = datetime.now(AMSTERDAM).date(), set()
    for days in (1, 2, 3, 15, 400):
        midnight = datetime.combine(today + timedelta(days=days), time(), AMSTERDAM)
        for moment in (midnight - timedelta(seconds=1), midnight):
            with clock_at(school, moment):
                seen.add(frozenset(agree(school, moment, EVERYTHING)))
    assert len(seen) > 4


def test_the_lists_follow_the_sis(school: Rig) -> None:
    """After moves, secrecy, leavers, removals and other answers, incremental syncs leave the lists as foretold."""
    for story in ("family_moves", "address_turns_secret", "pupil_leaves", "pupil_removed"):
        school.tell(story)
        school.sync()
        agree(school, datetime.now(UTC), EVERYTHING)
    chance = random.Random(11)
    for number, key in enumerate(sorted(school.world.records(school.school, "privacy_preferences"))[::3]):
        if number % 5 == 0:
            school.world.remove(school.school, "privacy_preferences", key)
        else:
            school.world.patch(school.school, "privacy_preferences", key, is_allowed=chance.random() < 0.5)
    for stream in ("pupils", "guardians"):
        for key, record in sorted(school.world.records(school.school, stream).items()):
            if record["address"] and chance.random() < 0.1:
                secret = {**record["address"], "is_confidential": not record["address"]["is_confidential"]}
                school.world.patch(school.school, stream, key, address=secret)
    school.sync()
    before = agree(school, datetime.now(UTC), EVERYTHING)
    entries = school.rows("SELECT * FROM group_list_entries ORDER BY pupil_id")
    school.sync(full=True)
    assert agree(school, datetime.now(UTC), EVERYTHING) == before
    assert school.rows("SELECT * FROM group_list_entries ORDER BY pupil_id") == entries


def test_no_fact_of_a_classmate_is_read_from_the_pupils(school: Rig) -> None:
    """The view's text names no table or view of pupils, no plan reads it, and what is there makes no difference."""
    text = resources.files("schemas.views").joinpath("portal_group_list.sql").read_text("utf-8")
    words = {word for line in text.splitlines() if not line.startswith("--") for word in re.findall(r"\w+", line)}
    sources = {word for word in words if word.startswith("portal_")}
    assert sources == {"portal_modules"}
    assert "pupils" not in words
    before = shown(school)
    guardian = next(iter(before))[0]
    plan = explained(school, "portal_group_list", guardian)
    assert not [line for line in plan if re.search(r"\bpupils\b|_pupils_", line)]
    changed = {
        "display_name": "Iemand",
        "street": "Ergens",
        "phones": "[]",
        "visible_until": datetime(2020, 1, 1, tzinfo=UTC),
    }
    assert rewrite(school, "pupils", changed) > 50
    assert shown(school) == before
