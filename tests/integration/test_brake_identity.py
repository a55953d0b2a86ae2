"""The brake on identities: keys issued anew, keys that mean other children, and what hangs on held parents."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.simulator.draft import Record
from tests.integration.bench import held, remove, shown_pupils
from tests.rig import Rig

MakeRig = Callable[..., Rig]


def _reissue(rig: Rig, keys: list[str], **changes: object) -> list[str]:
    fresh: list[str] = []
    records = rig.world.records(rig.school, "pupils")
    for key in keys:
        record: Record = {**records[key], "id": f"nieuw-{key}", **changes}
        rig.world.remove(rig.school, "pupils", key)
        rig.world.put(rig.school, "pupils", record)
        fresh.append(str(record["id"]))
    return fresh


def test_reissued_keys_are_held_whole_but_secrecy_is_not(make_rig: MakeRig) -> None:
    """A plan that removes and adds in bulk changes no pupil; an address that turned secret is blank all the same."""
    rig = make_rig(pupils=30)
    rig.open()
    rig.sync()
    before, portal = rig.ids("pupils"), rig.portal()
    old = shown_pupils(rig, 10)
    fresh = _reissue(rig, old)
    rig.tell("address_turns_secret")
    rig.world.patch(rig.school, "pupils", rig.role("pupil_plain"), call_name="Anders")
    report = rig.sync()
    assert held(rig, "pupils") == set(old)
    assert held(rig, "pupils", "add") == set(fresh)
    assert rig.role("pupil_plain") in held(rig, "pupils", "alter")
    assert rig.ids("pupils") == before
    secret = rig.rows("SELECT * FROM pupils WHERE id = :id", id=rig.role("pupil_two_households"))[0]
    assert (secret["street"], secret["phones"], bool(secret["is_address_confidential"])) == (None, "[]", True)
    assert rig.portal()["guardianships"] == portal["guardianships"]
    rig.approve(report.run_id)
    assert rig.ids("pupils") == (before - set(old)) | set(fresh)
    plain = rig.rows("SELECT call_name FROM pupils WHERE id = :id", id=rig.role("pupil_plain"))[0]
    assert plain["call_name"] == "Anders"


@pytest.mark.parametrize("full", [False, True])
def test_children_that_already_name_reissued_parents_stay_until_a_person_decides(make_rig: MakeRig, full: bool) -> None:
    """Held pupils take nothing with them: relations and absences that name the new keys keep their old rows."""
    rig = make_rig(pupils=30)
    rig.open()
    rig.sync()
    before = rig.portal()
    old = shown_pupils(rig, 10)
    fresh = dict(zip(old, _reissue(rig, old), strict=True))
    for stream in ("guardianships", "absences", "group_memberships", "support_plans", "notes"):
        for key, record in rig.world.records(rig.school, stream).items():
            if record["pupil_id"] in fresh:
                rig.world.patch(rig.school, stream, key, pupil_id=fresh[record["pupil_id"]])
    report = rig.sync(full=full)
    assert rig.portal() == before
    rig.approve(report.run_id)
    rig.sync()
    rig.sync()
    pupils = {row["pupil_id"] for row in rig.rows("SELECT pupil_id FROM guardianships")}
    assert pupils >= set(fresh.values())
    assert pupils.isdisjoint(old)


def test_changed_birth_dates_in_bulk_are_held_and_mended_ones_drop_out(make_rig: MakeRig) -> None:
    """Keys that suddenly mean other children: held; where the old date returns nothing is left to approve."""
    rig = make_rig(pupils=30)
    rig.open()
    rig.sync()
    keys = shown_pupils(rig, 6)
    records = rig.world.records(rig.school, "pupils")
    for key in keys:
        rig.world.patch(rig.school, "pupils", key, birth_on="2015-05-05")
    rig.world.patch(rig.school, "pupils", rig.role("pupil_plain"), call_name="Anders")
    report = rig.sync()
    assert report.held == 6
    assert held(rig, "pupils", "alter") == set(keys)
    assert not rig.rows("SELECT id FROM pupils WHERE birth_on = '2015-05-05'")
    assert rig.rows("SELECT id FROM pupils WHERE call_name = 'Anders'")
    rig.world.patch(rig.school, "pupils", keys[0], birth_on=records[keys[0]]["birth_on"])
    rig.sync()
    assert held(rig, "pupils", "alter") == set(keys[1:])
    rig.approve(report.run_id)
    assert {row["id"] for row in rig.rows("SELECT id FROM pupils WHERE birth_on = '2015-05-05'")} == set(keys[1:])


def test_a_held_pupil_that_vanishes_is_removed_by_the_full_enumeration(make_rig: MakeRig) -> None:
    """A key held for one reason does not shield it from another: held alterations give way to a removal."""
    rig = make_rig(pupils=60)
    rig.open()
    rig.sync()
    keys = shown_pupils(rig, 8)
    for key in keys:
        rig.world.patch(rig.school, "pupils", key, birth_on="2015-05-05")
    assert rig.sync().held == 8
    remove(rig, "pupils", keys[:2])
    rig.sync(full=True)
    assert rig.ids("pupils").isdisjoint(keys[:2])
    assert held(rig, "pupils", "alter") == set(keys[2:])


def test_a_restriction_is_never_held_with_reissued_relations(make_rig: MakeRig) -> None:
    """Relations re-keyed in bulk are held; a parent barred in the same sync sees the child no more all the same."""
    rig = make_rig(pupils=30)
    rig.open()
    rig.sync()
    pupil, guardian = rig.role("pupil_plain"), rig.role("guardian_plain")
    other = rig.role("guardian_shared_home")
    bars = {"from_on": "2020-01-01", "until_on": None}
    for key, record in sorted(rig.world.records(rig.school, "guardianships").items()):
        pair = (record["pupil_id"], record["guardian_id"])
        if pair == (pupil, guardian):
            rig.world.patch(rig.school, "guardianships", key, restriction=bars)
        elif pair == (pupil, other) or key[-1] in "13579":
            changes = {"authority": "none"} if pair == (pupil, other) else {}
            rig.world.remove(rig.school, "guardianships", key)
            rig.world.put(rig.school, "guardianships", {**record, "id": f"nieuw-{key}", **changes})
    report = rig.sync()
    assert report.held > 0
    assert held(rig, "guardianships", "add")
    seeing = {row["guardian_id"] for row in rig.rows("SELECT guardian_id FROM portal_pupils WHERE id = :p", p=pupil)}
    assert seeing.isdisjoint({guardian, other})
    rig.approve(report.run_id)
    assert rig.sync(full=True).held == 0
