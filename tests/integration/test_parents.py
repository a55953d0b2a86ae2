"""Parents and children: what hangs on a pupil or guardian goes, waits and comes back with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from connector.simulator.dates import day
from schemas.runs import RunStatus
from schemas.streams import Stream
from tests.integration.bench import NO_BRAKE, fresh_portal, held, quarantined, seen, sums
from tests.rig import Rig

OF_A_PUPIL = ("guardianships", "absences", "notes", "support_plans", "group_memberships", "guardian_access")


def _of(rig: Rig, pupil: str) -> dict[str, int]:
    return {
        table: rig.rows(f"SELECT count(*) AS n FROM {table} WHERE pupil_id = :id", id=pupil)[0]["n"]
        for table in OF_A_PUPIL
    }


def test_a_child_waits_for_its_pupil_and_is_released_when_it_arrives(rig: Rig) -> None:
    """Quarantined without attention; the pupil's arrival brings it in by itself, in the same run."""
    rig.open()
    rig.sync()
    note = {**rig.world.records(rig.school, "notes")[rig.role("note_visible")], "id": "not-777", "pupil_id": "pup-777"}
    rig.world.put(rig.school, "notes", note)
    report = rig.sync()
    assert (report.attention, sums(report, Stream.NOTES).quarantined) == (0, 1)
    assert quarantined(rig) == {("notes", "not-777"): "missing_parent"}
    assert rig.sync().status is RunStatus.QUIET
    pupil = {**rig.world.records(rig.school, "pupils")[rig.role("pupil_plain")], "id": "pup-777", "former_ids": []}
    rig.world.put(rig.school, "pupils", pupil)
    assert rig.sync().attention == 0
    assert "not-777" in rig.ids("notes")
    assert quarantined(rig) == {}


def test_a_child_that_waits_longer_than_a_day_asks_for_attention_once(rig: Rig) -> None:
    """Not at first, once after 24 hours, then never again."""
    rig.open()
    rig.sync()
    note = {**rig.world.records(rig.school, "notes")[rig.role("note_visible")], "id": "not-777", "pupil_id": "pup-777"}
    rig.world.put(rig.school, "notes", note)
    assert rig.sync().attention == 0
    rig.offset = timedelta(hours=23)
    assert rig.sync().status is RunStatus.QUIET
    rig.offset = timedelta(hours=24, minutes=1)
    assert rig.sync().attention == 1
    assert rig.sync().status is RunStatus.QUIET


@pytest.mark.parametrize(("children", "full"), [("removed", False), ("left to us", False), ("left to us", True)])
def test_a_pupil_is_removed_and_restored(rig: Rig, children: str, full: bool) -> None:
    """Gone with everything that hangs on it; restored, every row in every table is back, and every parent sees it."""
    rig.open()
    rig.sync()
    before, pupil = rig.portal(), rig.role("pupil_two_households")
    everything = _of(rig, pupil)
    assert all(everything.values()), "the story needs a row in every table"
    views = {view: seen(rig, view) for view in ("portal_pupils", "portal_guardians", "portal_notes")}
    if children == "removed":
        rig.tell("pupil_removed")
    else:
        rig.world.remove(rig.school, "pupils", pupil)
    report = rig.sync(full=full)
    assert report.held == 0
    assert not any(_of(rig, pupil).values())
    assert pupil not in rig.ids("pupils")
    lonely = {rig.role("guardian_first_household"), rig.role("guardian_second_household")}
    assert rig.ids("guardians").isdisjoint(lonely)
    if children == "removed":
        rig.tell("pupil_restored")
    else:
        rig.world.restore(rig.school, "pupils", pupil)
    report = rig.sync(full=full)
    assert rig.portal() == before
    assert {view: seen(rig, view) for view in views} == views
    assert (report.held, report.attention, quarantined(rig)) == (0, 0, {})
    assert rig.sync().status is RunStatus.QUIET


def test_a_pupil_leaves_and_returns(rig: Rig) -> None:
    """Past the grace the leaver and all its rows go; enrolled again, everything is there again."""
    rig.open()
    rig.sync()
    before, pupil = rig.portal(), rig.role("pupil_sibling")
    rig.tell("pupil_leaves")
    rig.sync()
    assert pupil not in rig.ids("pupils")
    assert not any(_of(rig, pupil).values())
    assert rig.role("guardian_plain") in rig.ids("guardians"), "the other child keeps its parents here"
    rig.world.patch(rig.school, "pupils", pupil, status="enrolled", enrolled_until=None)
    rig.sync()
    assert rig.portal() == before


def test_a_guardian_returns_with_the_only_child_and_with_the_invoices(rig: Rig) -> None:
    """Gone with the child, and back with it, unheld: what is the guardian's own is asked for again."""
    rig.open()
    rig.sync()
    before, pupil = rig.portal(), rig.role("pupil_confidential")
    guardian = rig.role("guardian_confidential")
    invoices = {row["id"] for row in rig.rows("SELECT id FROM invoices WHERE debtor_id = :g", g=guardian)}
    assert invoices
    rig.world.patch(rig.school, "pupils", pupil, status="left", enrolled_until="2020-01-01")
    rig.sync()
    assert guardian not in rig.ids("guardians")
    assert rig.ids("invoices").isdisjoint(invoices)
    rig.world.patch(rig.school, "pupils", pupil, status="enrolled", enrolled_until=None)
    assert rig.sync().held == 0
    assert rig.portal() == before
    assert rig.sync().status is RunStatus.QUIET


def test_a_recent_leaver_stays_through_the_grace_and_goes_without_a_request_that_names_it(rig: Rig) -> None:
    """The row of one who left five days ago goes when the grace is over, by the clock, with the lonely guardian."""
    rig.open()
    rig.sync()
    pupil, guardian = rig.role("pupil_leaver_recent"), rig.role("guardian_of_leaver_recent")
    assert pupil in seen(rig, "portal_pupils")
    assert guardian in rig.ids("guardians")
    rig.offset = timedelta(days=11)
    report = rig.sync()
    assert pupil not in rig.ids("pupils")
    assert guardian not in rig.ids("guardians")
    assert sums(report, Stream.PUPILS).withdrawn == 1
    rig.world.patch(rig.school, "pupils", pupil, status="enrolled", enrolled_until=None)
    rig.sync()
    assert {pupil, guardian} <= rig.ids("pupils") | rig.ids("guardians")
    assert rig.rows("SELECT 1 FROM guardian_access WHERE pupil_id = :p AND guardian_id = :g", p=pupil, g=guardian)


def test_a_guardian_without_children_is_withdrawn_and_returns_when_a_sibling_enrols(rig: Rig) -> None:
    """The parents of the only child leave with it; a sibling's relation fetches them by key, though unchanged."""
    rig.open()
    rig.sync()
    guardian = rig.role("guardian_of_guest")
    rig.world.remove(rig.school, "pupils", rig.role("pupil_guest"))
    rig.sync()
    assert guardian not in rig.ids("guardians")
    pupils, ties = rig.world.records(rig.school, "pupils"), rig.world.records(rig.school, "guardianships")
    sibling = {**pupils[rig.role("pupil_plain")], "id": "pup-888", "former_ids": []}
    tie = {**next(iter(ties.values())), "id": "rel-888", "pupil_id": "pup-888", "guardian_id": guardian}
    tie |= {"authority": "full", "restriction": None, "until_on": None}
    rig.world.put(rig.school, "pupils", sibling)
    rig.world.put(rig.school, "guardianships", tie)
    report = rig.sync()
    assert guardian in rig.ids("guardians")
    assert rig.rows("SELECT 1 FROM portal_pupils WHERE id = 'pup-888' AND guardian_id = :g", g=guardian)
    assert (report.attention, quarantined(rig)) == (0, {})


def test_a_relation_that_moves_to_another_child_moves_the_access(rig: Rig) -> None:
    """The old child is no longer seen by that guardian, the new one is, in the transaction of the relation."""
    rig.open()
    rig.sync()
    tie = next(
        row
        for row in rig.rows("SELECT * FROM guardianships")
        if row["guardian_id"] == rig.role("guardian_plain") and row["pupil_id"] == rig.role("pupil_plain")
    )
    guardian, other = tie["guardian_id"], rig.role("pupil_confidential")
    rig.world.patch(rig.school, "guardianships", tie["id"], pupil_id=other)
    rig.sync()
    mine = {row["id"] for row in rig.rows("SELECT id FROM portal_pupils WHERE guardian_id = :g", g=guardian)}
    assert other in mine
    assert rig.role("pupil_plain") not in mine


def test_many_families_come_and_go_and_the_portal_equals_a_fresh_one(make_rig: Callable[..., Rig]) -> None:
    """After a wild year of increments the portal holds what a first load of the same school gives."""
    rig = make_rig(pupils=24, limits=NO_BRAKE)
    rig.open()
    rig.sync()
    pupils = sorted(rig.world.records(rig.school, "pupils"))
    left = day(rig.world.today - timedelta(days=90))
    for key in pupils[::3]:
        rig.world.remove(rig.school, "pupils", key)
    rig.sync()
    for key in pupils[1::3]:
        rig.world.patch(rig.school, "pupils", key, status="left", enrolled_until=left)
    for key in pupils[::6]:
        rig.world.restore(rig.school, "pupils", key)
    rig.sync()
    for key in pupils[1::6]:
        rig.world.patch(rig.school, "pupils", key, status="enrolled", enrolled_until=None)
    rig.sync()
    assert held(rig, "pupils") == set()
    portal = rig.portal()
    assert fresh_portal(rig) == portal
