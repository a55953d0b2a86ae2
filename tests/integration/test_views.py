"""The views the portal reads agree, for every guardian of a school, with an oracle that knows only raw records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from schemas.views.catalogue import VIEWS
from tests.integration.hard_cases import write_hard_cases
from tests.integration.moments import clock_at
from tests.integration.portal_oracle import AMSTERDAM, Rows, Sight, as_foretold
from tests.rig import Rig

MakeRig = Callable[..., Rig]


APART = (
    "portal_access",
    "portal_modules",
    "portal_group_list",
    "portal_changes",
    "portal_corrections",
    "portal_correction_moves",
)
"""Views with an oracle or tests of their own."""


@pytest.fixture
def school(make_rig: MakeRig) -> Rig:
    """A school of 60 pupils and some eighty odd families, all modules open, synced once."""
    rig = make_rig(pupils=60)
    write_hard_cases(rig)
    rig.open()
    assert rig.sync().attention == 0
    return rig


def sight(rig: Rig, moment: datetime, **more: Any) -> Sight:
    records = {name: rig.world.records(rig.school, name) for name in rig.world.schools[rig.school].shelves}
    return Sight(records, moment, **more)


def shown(rig: Rig, view: str) -> Rows:
    found = rig.rows(f"SELECT * FROM {view} WHERE school_id = :school", school=rig.school)
    rows = {(row["guardian_id"], _named(view, row)): as_foretold(row) for row in found}
    assert len(rows) == len(found), f"{view} shows a row twice"
    return rows


def _named(view: str, row: dict[str, Any]) -> str:
    """Give what a row is of: a file by the record that announces it, since two may announce the same."""
    return f"{row['stream']}/{row['row_id']}" if view == "portal_documents" else row["id"]


def levels(rig: Rig) -> dict[tuple[str, str], str]:
    found = rig.rows("SELECT guardian_id, pupil_id, level FROM portal_access WHERE school_id = :s", s=rig.school)
    pairs = {(row["guardian_id"], row["pupil_id"]): row["level"] for row in found}
    assert len(pairs) == len(found), "one pair has two levels at once"
    return pairs


def agree(rig: Rig, foretold: Sight) -> None:
    assert levels(rig) == foretold.levels
    for view, expected in foretold.views().items():
        found = shown(rig, view)
        assert sorted(found) == sorted(expected), view
        for key, columns in expected.items():
            assert {name: found[key][name] for name in columns} == columns, (view, key)
    nobody_else_sees_anything(rig, foretold)


def nobody_else_sees_anything(rig: Rig, foretold: Sight) -> None:
    """Hold each row of each view to the oracle's pairs: its guardian sees a pupil, and the very pupil it names."""
    for view in VIEWS:
        if view == "portal_modules":
            continue
        rows = rig.rows(f"SELECT * FROM {view} WHERE school_id = :school", school=rig.school)
        assert {row["guardian_id"] for row in rows} <= set(foretold.viewers), view
        if view != "portal_group_list":  # names classmates
            pupils = {(row["guardian_id"], row.get("pupil_id")) for row in rows}
            assert {pair for pair in pupils if pair[1] is not None} <= set(foretold.levels), view


def told(rig: Rig) -> set[tuple[str, str, str, str, datetime]]:
    """Give every line of portal_changes."""
    rows = rig.rows("SELECT * FROM portal_changes WHERE school_id = :school", school=rig.school)
    lines = {(row["guardian_id"], row["stream"], row["id"], row["kind"], _moment(row["at"])) for row in rows}
    assert len(lines) == len(rows)
    return lines


def _moment(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


def test_the_oracle_speaks_of_every_view(school: Rig) -> None:
    """No view is forgotten, and the world has something to show and something to hide in each of them."""
    foretold = sight(school, datetime.now(UTC))
    views = foretold.views()
    assert {*views, *APART} == set(VIEWS)
    assert all(views.values())
    ties = school.world.records(school.school, "guardianships")
    assert set(foretold.levels.values()) == {"full", "limited"}
    assert len(ties) > len(foretold.levels) + 30


def test_every_guardian_sees_now_what_the_raw_records_allow(school: Rig) -> None:
    """For every guardian and pupil the level, and for every view the rows and what they tell, are the oracle's."""
    agree(school, sight(school, datetime.now(UTC)))


def test_the_views_follow_the_calendar_without_a_sync(school: Rig) -> None:
    """With the SIS silent, at the edges of days to come (birthdays, restrictions, graces, school years) all fits.

    What came into sight by its own date, and nothing else, is new to those who see it, from that very moment.
    """
    today, synced_at = datetime.now(AMSTERDAM).date(), datetime.now(UTC)
    assert told(school) == set()
    seen, news = [], set()
    for days in (1, 2, 6, 15, 31, 400):
        midnight = datetime.combine(today + timedelta(days=days), time(), AMSTERDAM)
        for moment in (midnight - timedelta(seconds=1), midnight):
            with clock_at(school, moment):
                foretold = sight(school, moment)
                agree(school, foretold)
                assert told(school) == foretold.news_since(synced_at)
                seen.append(foretold.levels)
                news |= {line[1] for line in told(school)}
    assert len({tuple(sorted(one.items())) for one in seen}) > 5
    by_window = {"news_items", "reports", "method_test_results", "test_results"}
    assert news == {*by_window, "employees", "lessons", "pupils", "group_memberships"}


def test_a_second_look_after_changes_agrees_too(school: Rig) -> None:
    """After moves, secrecy, a leaver and a removed family, incremental syncs leave the views as the oracle has them."""
    for story in ("family_moves", "address_turns_secret", "pupil_leaves", "note_loses_flag", "pupil_removed"):
        school.tell(story)
        school.sync()
        agree(school, sight(school, datetime.now(UTC)))


def test_another_school_with_the_same_ids_is_apart(make_rig: MakeRig) -> None:
    """Two schools number their people alike: with school_id in the question each guardian sees the own school only."""
    from schemas.ids import SchoolId

    first, second = make_rig(pupils=14), make_rig(pupils=14, seed=8, school=SchoolId("99BB00"))
    for rig in (first, second):
        rig.open()
        rig.sync()
    for rig in (first, second):
        agree(rig, sight(rig, datetime.now(UTC)))
    same = {key for key in levels(first) if key in levels(second)}
    assert same


@pytest.mark.parametrize(
    "modules",
    [
        ("jaarplanner", "nieuws"),
        ("groep", "nieuws"),
        ("rooster", "jaarplanner", "nieuws"),
        ("hulpplan", "notities", "toetsen"),
        ("medewerkers", "rapport", "methodetoetsen"),
        (),
    ],
)
def test_only_open_modules_show(make_rig: MakeRig, modules: tuple[str, ...]) -> None:
    """Whatever is open beside the four that always are: each view shows its module's rows, or none at all."""
    from schemas.modules import Module

    rig = make_rig(pupils=20)
    write_hard_cases(rig)
    always = {"personalia", "absentie", "medisch", "facturen"}
    rig.open(*(Module(name) for name in sorted({*modules, *always})))
    rig.sync()
    agree(rig, sight(rig, datetime.now(UTC), modules={*modules, *always}))
