"""The brake: what disappears or appears in bulk waits for a person; what shows less by rule never does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from schemas.errors import ConfigurationError
from schemas.modules import Module
from schemas.runs import RunStatus
from schemas.streams import Stream
from tests.integration.bench import held, remove, seen, shown_pupils, sums
from tests.rig import Rig

MakeRig = Callable[..., Rig]


def _add_pupil(rig: Rig, key: str = "pup-900001") -> str:
    template = rig.world.records(rig.school, "pupils")[rig.role("pupil_plain")]
    rig.world.put(rig.school, "pupils", {**template, "id": key, "former_ids": [], "call_name": "Nieuw"})
    return key


def test_many_pupils_vanish_while_an_address_turns_secret_and_a_pupil_is_added(make_rig: MakeRig) -> None:
    """25 of 60 gone: all stay and are held, the secret is blank and the new pupil there; approval takes exactly 25."""
    rig = make_rig(pupils=60)
    rig.open()
    rig.sync()
    before = rig.ids("pupils")
    gone = shown_pupils(rig, 25)
    remove(rig, "pupils", gone)
    rig.tell("address_turns_secret")
    added = _add_pupil(rig)
    report = rig.sync()
    assert (report.held, report.attention, report.status) == (25, 25, RunStatus.DONE)
    assert rig.ids("pupils") == before | {added}
    assert held(rig, "pupils") == set(gone)
    secret = rig.rows("SELECT * FROM pupils WHERE id = :id", id=rig.role("pupil_two_households"))[0]
    assert (secret["street"], secret["phones"], bool(secret["is_address_confidential"])) == (None, "[]", True)

    rig.tell("absence_added")
    another = shown_pupils(rig, 27)[0]
    remove(rig, "pupils", [another])
    second = rig.sync()
    assert second.held == 0, "one more is no bulk, and what is held already is no news"
    approved = rig.approve(report.run_id)
    assert sums(approved, Stream.PUPILS).removed == 25
    assert rig.ids("pupils") == (before | {added}) - set(gone) - {another}
    assert held(rig, "pupils") == set()
    for table in ("guardianships", "absences", "group_memberships", "support_plans", "notes", "guardian_access"):
        assert not {row["pupil_id"] for row in rig.rows(f"SELECT pupil_id FROM {table}")} & set(gone)
    assert rig.sync().held == 0, "the cursor that was kept moves on"
    assert rig.sync().status is RunStatus.QUIET


def test_approval_takes_nothing_that_another_run_held(make_rig: MakeRig) -> None:
    """What a later run holds is not part of an earlier run's approval, and the second approval takes the rest."""
    rig = make_rig(pupils=60)
    rig.open()
    rig.sync()
    gone = shown_pupils(rig, 30)
    remove(rig, "pupils", gone[:15])
    first = rig.sync()
    remove(rig, "pupils", gone[15:])
    second = rig.sync()
    assert (first.held, second.held) == (15, 15)
    rig.approve(first.run_id)
    assert rig.ids("pupils").isdisjoint(gone[:15])
    assert rig.ids("pupils") >= set(gone[15:])
    rig.approve(second.run_id)
    assert rig.ids("pupils").isdisjoint(gone)


def test_a_little_under_the_bound_again_and_again_is_held(make_rig: MakeRig) -> None:
    """Nine per cent in one run passes; the same again within 24 hours is held, and a day later it passes again."""
    rig = make_rig(pupils=60)
    rig.open()
    rig.sync()
    size = len(rig.ids("pupils"))
    few = size * 9 // 100
    gone = shown_pupils(rig, 3 * few)
    remove(rig, "pupils", gone[:few])
    assert rig.sync().held == 0
    assert len(rig.ids("pupils")) == size - few
    remove(rig, "pupils", gone[few : 2 * few])
    report = rig.sync()
    assert report.held == few
    assert len(rig.ids("pupils")) == size - few
    rig.offset = timedelta(hours=25)
    remove(rig, "pupils", gone[2 * few :])
    later = rig.sync()
    assert later.held == 0
    assert held(rig, "pupils") == set(gone[few : 2 * few])
    assert len(rig.ids("pupils")) == size - 2 * few


@pytest.mark.parametrize(("rows", "full"), [(1, False), (2, True), (6, False)])
def test_a_stream_that_would_be_emptied_is_held(rig: Rig, rows: int, full: bool) -> None:
    """However few its rows, a stream is never emptied without a person."""
    for key in sorted(rig.world.records(rig.school, "support_plans")):
        rig.world.patch(rig.school, "support_plans", key, status="concept")
    plans = sorted(rig.world.records(rig.school, "support_plans"))
    template = rig.world.records(rig.school, "support_plans")[rig.role("plan_final")]
    while len(plans) < rows:
        plans.append(f"pla-9{len(plans):05d}")
        rig.world.put(rig.school, "support_plans", {**template, "id": plans[-1]})
    for key in plans[:rows]:
        rig.world.patch(rig.school, "support_plans", key, status="final", pupil_id=rig.role("pupil_plain"))
    rig.open()
    rig.sync()
    assert rig.ids("support_plans") == set(plans[:rows])
    remove(rig, "support_plans", plans)
    report = rig.sync(full=full)
    assert report.held == rows
    assert seen(rig, "portal_support_plans") == set(plans[:rows])
    rig.approve(report.run_id)
    assert rig.ids("support_plans") == set()


def _hidden_notes(rig: Rig, number: int) -> list[str]:
    template = rig.world.records(rig.school, "notes")[rig.role("note_hidden")]
    keys = [f"not-8{index:05d}" for index in range(number)]
    for key in keys:
        rig.world.put(rig.school, "notes", {**template, "id": key})
    return keys


def test_many_notes_published_at_once_are_held(rig: Rig) -> None:
    """500 flags set at once in an open module: none is shown until a person approves, then all are."""
    keys = _hidden_notes(rig, 500)
    rig.open()
    rig.sync()
    before = rig.ids("notes")
    for key in keys:
        rig.world.patch(rig.school, "notes", key, visible_to_parents=True)
    rig.world.patch(rig.school, "notes", rig.role("note_visible"), title="Anders")
    report = rig.sync()
    assert report.held == 500
    assert rig.ids("notes") == before
    assert rig.rows("SELECT title FROM notes WHERE id = :id", id=rig.role("note_visible"))[0]["title"] == "Anders"
    rig.world.patch(rig.school, "notes", keys[0], visible_to_parents=False)
    assert rig.sync(full=True).held == 0
    assert held(rig, "notes", "add") == set(keys[1:]), "a flag taken back needs no person any more"
    rig.approve(report.run_id)
    assert rig.ids("notes") == before | set(keys[1:])
    assert rig.sync().status is RunStatus.QUIET


def test_a_first_load_of_a_newly_opened_module_is_never_held(rig: Rig) -> None:
    """Opening a module shows as many rows as the school has; that is the decision itself."""
    rig.sync()
    rig.open(Module.NOTITIES)
    report = rig.sync()
    assert report.held == 0
    assert rig.role("note_visible") in seen(rig, "portal_notes")


def test_what_shows_less_by_rule_is_never_held(make_rig: MakeRig) -> None:
    """All notes lose their flag, all news is withdrawn, and half the pupils left: gone at once, nothing held."""
    rig = make_rig(pupils=30)
    rig.open()
    rig.sync()
    for key in rig.world.records(rig.school, "notes"):
        rig.world.patch(rig.school, "notes", key, visible_to_parents=False)
    for key in rig.world.records(rig.school, "news_items"):
        rig.world.patch(rig.school, "news_items", key, published=False)
    left = shown_pupils(rig, 12)
    for key in left:
        rig.world.patch(rig.school, "pupils", key, status="left", enrolled_until="2020-01-01")
    report = rig.sync()
    assert report.held == 0
    assert (rig.ids("notes"), rig.ids("news_items")) == (set(), set())
    assert rig.ids("pupils").isdisjoint(left)


@pytest.mark.parametrize("full", [False, True])
def test_a_held_key_seen_again_drops_out(make_rig: MakeRig, full: bool) -> None:
    """A pupil that comes back before anybody approved is no longer held, and approval leaves it alone."""
    rig = make_rig(pupils=30)
    rig.open()
    rig.sync()
    before = rig.portal()
    gone = shown_pupils(rig, 8)
    remove(rig, "pupils", gone)
    report = rig.sync()
    for key in gone[:3]:
        rig.world.restore(rig.school, "pupils", key)
    rig.sync(full=full)
    assert held(rig, "pupils") == set(gone[3:])
    for key in gone[3:]:
        rig.world.restore(rig.school, "pupils", key)
    rig.sync(full=full)
    with pytest.raises(ConfigurationError, match="nothing that still stands"):
        rig.approve(report.run_id)
    assert rig.portal() == before


def test_held_keys_expire_and_are_held_anew(make_rig: MakeRig) -> None:
    """After 14 days nothing can be approved any more; the stream is looked at again and held under a new run."""
    rig = make_rig(pupils=30)
    rig.open()
    rig.sync()
    gone = shown_pupils(rig, 8)
    remove(rig, "pupils", gone)
    report = rig.sync()
    assert report.held == 8
    rig.offset = timedelta(days=14, minutes=1)
    with pytest.raises(ConfigurationError, match="nothing that still stands"):
        rig.approve(report.run_id)
    again = rig.sync()
    assert again.held == 8
    assert held(rig, "pupils") == set(gone)
    rig.approve(again.run_id)
    assert rig.ids("pupils").isdisjoint(gone)
