"""Keys that change at the source: the row keeps its id and its age; merges; tombstones that come late."""

from __future__ import annotations

import pytest

from schemas.runs import RunStatus
from tests.integration.bench import quarantined
from tests.rig import Rig


@pytest.fixture
def loaded(rig: Rig) -> Rig:
    """A loaded school with every module open."""
    rig.open()
    rig.sync()
    return rig


def _rename(rig: Rig, old: str, new: str, *former: str, stream: str = "pupils", **changes: object) -> None:
    """Give a record another key: a tombstone for the old, the new one names it, references follow."""
    record = rig.world.records(rig.school, stream)[old]
    rig.world.remove(rig.school, stream, old)
    rig.world.put(rig.school, stream, {**record, "id": new, "former_ids": [*former, old], **changes})
    _repoint(rig, old, new, "pupil_id" if stream == "pupils" else "guardian_id")


def _repoint(rig: Rig, old: str, new: str, column: str) -> None:
    for stream in ("guardianships", "absences", "group_memberships", "support_plans", "notes"):
        for key, record in rig.world.records(rig.school, stream).items():
            if record.get(column) == old:
                rig.world.patch(rig.school, stream, key, **{column: new})


@pytest.mark.parametrize("stream", ["pupils", "guardians"])
@pytest.mark.parametrize("full", [False, True])
def test_a_changed_key_keeps_the_row_its_id_and_its_age(loaded: Rig, stream: str, full: bool) -> None:
    """Only the alias is new: not one row of the portal differs, and first_shown_at is that of the old key."""
    old = loaded.role("pupil_plain" if stream == "pupils" else "guardian_plain")
    before, age = loaded.portal(), loaded.rows(f"SELECT first_shown_at FROM {stream} WHERE id = :id", id=old)
    _rename(loaded, old, "nieuw-1", stream=stream)
    report = loaded.sync(full=full)
    assert report.attention == 0
    assert loaded.portal() == before
    assert loaded.rows(f"SELECT first_shown_at FROM {stream} WHERE id = :id", id=old) == age
    assert loaded.rows("SELECT stream, source_key, id FROM id_aliases") == [
        {"stream": stream, "source_key": "nieuw-1", "id": old}
    ]
    loaded.sync(full=True)
    assert loaded.portal() == before
    assert loaded.sync().status is RunStatus.QUIET


def test_a_key_that_changes_twice_still_keeps_the_row(loaded: Rig) -> None:
    """The second change names the first new key only; the row it leads to is found through the alias."""
    old, before = loaded.role("pupil_plain"), loaded.portal()
    _rename(loaded, old, "nieuw-1")
    loaded.sync()
    record = loaded.world.records(loaded.school, "pupils")["nieuw-1"]
    loaded.world.remove(loaded.school, "pupils", "nieuw-1")
    loaded.world.put(loaded.school, "pupils", {**record, "id": "nieuw-2", "former_ids": ["nieuw-1"]})
    _repoint(loaded, "nieuw-1", "nieuw-2", "pupil_id")
    assert loaded.sync().attention == 0
    assert loaded.portal() == before


def test_a_late_tombstone_of_the_old_key_removes_nothing_and_one_of_the_new_key_does(loaded: Rig) -> None:
    """The old key's end is no end of the pupil; the new key's is."""
    old, before = loaded.role("pupil_plain"), loaded.portal()
    record = loaded.world.records(loaded.school, "pupils")[old]
    loaded.world.put(loaded.school, "pupils", {**record, "id": "nieuw-1", "former_ids": [old]})
    _repoint(loaded, old, "nieuw-1", "pupil_id")
    loaded.sync()
    assert loaded.portal() == before
    loaded.world.remove(loaded.school, "pupils", old)
    loaded.sync()
    assert loaded.portal() == before
    loaded.world.remove(loaded.school, "pupils", "nieuw-1")
    loaded.sync()
    assert old not in loaded.ids("pupils")


def _merge(rig: Rig) -> tuple[str, str]:
    """Let two records of one pupil become one: the sibling's record takes the plain pupil's in."""
    lost, kept = rig.role("pupil_plain"), rig.role("pupil_sibling")
    rig.world.patch(rig.school, "pupils", kept, former_ids=[lost])
    return lost, kept


@pytest.mark.parametrize("repointed", [False, True])
def test_two_records_merge_and_a_late_tombstone_spares_the_survivor(loaded: Rig, repointed: bool) -> None:
    """What named the lost key names the survivor, whether or not the source says so again; the survivor stays."""
    notes = {row["id"] for row in loaded.rows("SELECT id FROM notes WHERE pupil_id = :p", p=loaded.role("pupil_plain"))}
    lost, kept = _merge(loaded)
    if repointed:
        _repoint(loaded, lost, kept, "pupil_id")
    loaded.sync()
    loaded.world.remove(loaded.school, "pupils", lost)
    report = loaded.sync()
    assert report.held == 0
    assert loaded.ids("pupils") >= {kept}
    assert lost not in loaded.ids("pupils")
    assert {row["id"] for row in loaded.rows("SELECT id FROM notes WHERE pupil_id = :p", p=kept)} >= notes
    assert not loaded.rows("SELECT 1 FROM invoices WHERE pupil_id = :p", p=lost)
    before = loaded.portal()
    loaded.world.restore(loaded.school, "pupils", lost)
    loaded.world.remove(loaded.school, "pupils", lost)
    loaded.sync()
    assert loaded.portal() == before, "the tombstone comes again"
    loaded.sync(full=True)
    assert loaded.portal() == before
    assert quarantined(loaded) == {}


def test_two_records_merge_in_one_increment(loaded: Rig) -> None:
    """The survivor and the tombstone of the other come together; the survivor's own end is an end."""
    notes = {row["id"] for row in loaded.rows("SELECT id FROM notes WHERE pupil_id = :p", p=loaded.role("pupil_plain"))}
    lost, kept = _merge(loaded)
    loaded.world.remove(loaded.school, "pupils", lost)
    loaded.sync()
    assert lost not in loaded.ids("pupils")
    assert {row["id"] for row in loaded.rows("SELECT id FROM notes WHERE pupil_id = :p", p=kept)} >= notes
    loaded.world.remove(loaded.school, "pupils", kept)
    loaded.sync()
    assert kept not in loaded.ids("pupils")


def test_a_pupil_that_is_withheld_under_its_new_key_is_gone_at_once(loaded: Rig) -> None:
    """The key changed and the pupil left in one move: the row of the old key does not linger."""
    old = loaded.role("pupil_plain")
    record = loaded.world.records(loaded.school, "pupils")[old]
    gone = {**record, "id": "nieuw-1", "former_ids": [old], "status": "left", "enrolled_until": "2020-01-01"}
    loaded.world.put(loaded.school, "pupils", gone)
    loaded.sync()
    assert old not in loaded.ids("pupils")
