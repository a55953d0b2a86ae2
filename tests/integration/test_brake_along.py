"""The brake holds an act whole: what belongs to something that waits for a person waits with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from connector.simulator.dates import day
from connector.simulator.telling import belongings
from schemas.modules import Module
from schemas.runs import RunStatus
from schemas.streams import Stream
from tests.integration.bench import fresh_portal, held, remove, seen, sums
from tests.rig import Rig

GONE = ("pupil_restricted", "pupil_two_households", "pupil_confidential")


@pytest.fixture
def loaded(make_rig: Callable[..., Rig]) -> Rig:
    """A small loaded school: three of its pupils are more than the brake lets go."""
    rig = make_rig(pupils=14)
    rig.open(Module.NOTITIES)
    rig.sync()
    return rig


def _gone(rig: Rig) -> list[str]:
    return [rig.role(role) for role in GONE]


def _waiting(rig: Rig) -> set[tuple[str, str]]:
    return {(row["stream"], row["reason"]) for row in rig.rows("SELECT stream, reason FROM pending_keys")}


@pytest.mark.parametrize("full", [False, True])
def test_pupils_and_all_that_is_theirs_wait_and_go_as_one(loaded: Rig, full: bool) -> None:
    """Not one row moves before a person approves, however few a stream loses; then all go, and nothing else."""
    before = loaded.portal()
    for stream, key in list(belongings(loaded.world, loaded.school, *_gone(loaded))):
        loaded.world.remove(loaded.school, stream, key)
    foretold = loaded.sync(full=full, dry=True)
    report = loaded.sync(full=full)
    assert loaded.portal() == before
    assert report.held == sum(one.sums.held for one in foretold.streams) > len(GONE)
    assert ("pupils", "many_disappeared") in _waiting(loaded)
    assert {("guardians", "goes_along"), ("guardianships", "goes_along")} <= _waiting(loaded)
    loaded.approve(report.run_id)
    assert loaded.ids("pupils").isdisjoint(_gone(loaded))
    assert _waiting(loaded) == set()
    assert loaded.sync().held == 0, "the cursor that was kept moves on"
    assert loaded.sync().status is RunStatus.QUIET
    after = loaded.portal()
    assert fresh_portal(loaded) == after


def test_the_guardians_of_a_pupil_that_waits_go_on_seeing_it(loaded: Rig) -> None:
    """A guardian deleted with the pupils stays as long as they do; what belongs to nobody who waits is removed."""
    pupil, guardian = loaded.role("pupil_confidential"), loaded.role("guardian_confidential")
    other = loaded.role("absence_late")
    remove(loaded, "pupils", _gone(loaded))
    remove(loaded, "guardians", [guardian])
    remove(loaded, "absences", [other])
    report = loaded.sync()
    assert held(loaded, "guardians") == {guardian}
    assert loaded.rows("SELECT 1 FROM portal_pupils WHERE guardian_id = :g AND id = :p", g=guardian, p=pupil)
    assert other not in loaded.ids("absences")
    assert sums(report, Stream.ABSENCES).held == 0


def test_what_goes_later_goes_with_the_first_approval(loaded: Rig) -> None:
    """A guardian deleted while its pupil waits: held then, and gone with the pupil when that is approved."""
    remove(loaded, "pupils", _gone(loaded))
    first = loaded.sync()
    guardian = loaded.role("guardian_confidential")
    remove(loaded, "guardians", [guardian])
    assert loaded.sync().held == 1
    loaded.approve(first.run_id)
    assert guardian not in loaded.ids("guardians")
    assert _waiting(loaded) == set()


def test_what_leaves_by_rule_waits_no_more(loaded: Rig) -> None:
    """A leaver whose removal waits goes when the grace is over, and with all that is its own nothing waits any more."""
    last = day(loaded.world.today - timedelta(days=5))
    for key in _gone(loaded):
        loaded.world.patch(loaded.school, "pupils", key, status="left", enrolled_until=last)
    loaded.sync()
    for stream, key in list(belongings(loaded.world, loaded.school, *_gone(loaded))):
        loaded.world.remove(loaded.school, stream, key)
    assert loaded.sync().held > len(GONE)
    loaded.offset = timedelta(days=11)
    loaded.sync()
    assert loaded.ids("pupils").isdisjoint(_gone(loaded))
    assert _waiting(loaded) == set()


def test_what_a_pupil_that_returned_has_lost_is_still_a_persons_to_decide(loaded: Rig) -> None:
    """The pupils are back and one note of theirs is not: it waits alone, and the approval takes exactly that."""
    pupil = loaded.role("pupil_two_households")
    note = {
        **loaded.world.records(loaded.school, "notes")[loaded.role("note_visible")],
        "id": "not-1",
        "pupil_id": pupil,
    }
    loaded.world.put(loaded.school, "notes", note)
    loaded.sync()
    before = loaded.portal()
    remove(loaded, "pupils", _gone(loaded))
    remove(loaded, "notes", ["not-1"])
    report = loaded.sync()
    for key in _gone(loaded):
        loaded.world.restore(loaded.school, "pupils", key)
    loaded.sync()
    assert loaded.portal() == before
    assert _waiting(loaded) == {("notes", "goes_along")}
    loaded.approve(report.run_id)
    assert {name for name, rows in loaded.portal().items() if rows != before[name]} == {"notes"}
    assert "not-1" not in seen(loaded, "portal_notes")
