"""A stream of which disappearances wait for a person keeps its cursor, so that no secret is frozen by the hold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.runs import RunStatus
from schemas.streams import Mode, Stream
from tests.integration.bench import held, sums
from tests.integration.vendor import Vendor, touch
from tests.rig import Rig


@pytest.fixture
def loaded(rig: Rig) -> Rig:
    """Everything open and in the portal."""
    rig.open()
    rig.sync()
    return rig


def modes(report: object) -> set[Mode]:
    """Give how the pupils were pulled."""
    return {one.mode for one in report.streams if one.stream is Stream.PUPILS}  # type: ignore[attr-defined]


def empties(rig: Rig) -> Vendor:
    """Let pupils answer nothing, and say that this is all."""
    vendor = Vendor(rig)
    vendor.empties("pupils")
    return vendor


def turns_secret(rig: Rig, pupil: str) -> None:
    """Let a family keep its address secret from now on."""
    address = rig.world.records(rig.school, "pupils")[pupil]["address"]
    rig.world.patch(rig.school, "pupils", pupil, address={**address, "is_confidential": True})


def test_a_secret_of_a_held_enumeration_comes_with_the_next_sync(loaded: Rig) -> None:
    """Pupils answers empty while an address turned secret: held; well again, a plain sync blanks the street."""
    pupil = loaded.role("pupil_plain")
    vendor = empties(loaded)
    turns_secret(loaded, pupil)
    report = loaded.sync(full=True)
    assert report.held == len(loaded.ids("pupils"))
    vendor.mends()
    report = loaded.sync()
    assert modes(report) == {Mode.CHANGES}
    assert not loaded.rows("SELECT 1 FROM pupils WHERE id = :id AND street IS NOT NULL", id=pupil)


def test_what_is_still_held_is_read_again_and_changes_nothing(loaded: Rig) -> None:
    """Increments since the kept cursor are read at each sync until the hold is settled; twice is as good as once."""
    gone = sorted(loaded.ids("pupils"))[:4]
    for key in gone:
        loaded.world.remove(loaded.school, "pupils", key)
    assert loaded.sync().held == 4
    before = loaded.portal()
    for _ in range(2):
        report = loaded.sync()
        assert (report.status, report.held, report.attention) == (RunStatus.DONE, 0, 0)
        assert sums(report, Stream.PUPILS).tombstones == 4
        assert (loaded.portal(), held(loaded, "pupils")) == (before, set(gone))
    loaded.approve(loaded.rows("SELECT run_id FROM pending_keys WHERE is_held")[0]["run_id"])
    assert loaded.ids("pupils").isdisjoint(gone)
    loaded.sync()
    assert loaded.sync().status is RunStatus.QUIET


def test_a_forgotten_cursor_costs_one_full_pull_a_night(loaded: Rig) -> None:
    """The source answers 410 while disappearances are held: the stream is not pulled in full at each sync."""
    vendor = empties(loaded)
    loaded.sync(full=True)
    loaded.sis.faults.add("cursor_expired", times=None, stream="pupils")
    assert modes(loaded.sync()) == set()
    loaded.offset += timedelta(hours=21)
    assert modes(loaded.sync()) == {Mode.FULL}
    assert modes(loaded.sync()) == set()
    vendor.mends()
    loaded.sis.faults.clear()
    loaded.sync(full=True)
    assert held(loaded, "pupils") == set()


def test_an_approval_gives_back_what_the_hold_blanked(loaded: Rig) -> None:
    """Keys issued anew are held whole; once approved, a guardian with a secret address has the phones again."""
    guardians = loaded.world.records(loaded.school, "guardians")
    one = sorted(loaded.ids("guardians"))[0]
    address = next(g["address"] for g in guardians.values() if g["address"])
    phones = [{"number": "06-00000001", "kind": "mobile", "is_confidential": False}]
    secret = {**address, "id": "adr-secret", "is_confidential": True}
    loaded.world.patch(loaded.school, "guardians", one, address=secret, phones=phones, email="a@example.nl")
    loaded.sync()
    shown = loaded.rows("SELECT phones FROM guardians WHERE id = :id", id=one)
    assert "600000001" in shown[0]["phones"]
    for key, record in list(guardians.items()):
        if key != one:
            loaded.world.remove(loaded.school, "guardians", key)
            loaded.world.put(loaded.school, "guardians", {**record, "id": f"new-{key}"})
    loaded.world.patch(loaded.school, "guardians", one, email="b@example.nl")
    touch(loaded, "guardians", {one})
    report = loaded.sync()
    assert report.held > 3
    loaded.approve(report.run_id)
    (row,) = loaded.rows("SELECT phones, email FROM guardians WHERE id = :id", id=one)
    assert (row["phones"], row["email"]) == (shown[0]["phones"], "b@example.nl")
