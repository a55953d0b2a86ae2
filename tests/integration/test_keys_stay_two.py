"""A key is what the source sent or it is refused: no two records ever meet under one key."""

from __future__ import annotations

from typing import Any

import pytest

from connector.bookkeeping import corrections
from jobs.correction_desk import Desk
from schemas.runs import RunStatus
from schemas.selections import Selections
from schemas.streams import Stream
from tests.integration.bench import quarantined, rewrite, sums
from tests.integration.correction_bench import ask, ready, wish
from tests.rig import Rig

STRAY_SPACES = (" {}", "{} ", "\t{}", "{}\n", "\u00a0{}", "{}\u2003", "\u200b{}")


@pytest.fixture
def loaded(rig: Rig) -> Rig:
    """A loaded school with the always-on modules open."""
    rig.open()
    rig.sync()
    return rig


def _put(rig: Rig, key: str, like: str, stream: str = "pupils", **fields: Any) -> None:
    record = rig.world.records(rig.school, stream)[like]
    rig.world.put(rig.school, stream, {**record, "id": key, **fields})


def _name(rig: Rig, key: str) -> str:
    (row,) = rig.rows("SELECT last_name FROM pupils WHERE id = :id", id=key)
    return str(row["last_name"])


@pytest.mark.parametrize("written", STRAY_SPACES, ids=ascii)
def test_a_key_with_an_outer_space_overwrites_nobody(loaded: Rig, written: str) -> None:
    """An increment with such a key is set aside as unreadable, and whoever has the key without it stays as it was."""
    first, before = loaded.role("pupil_plain"), loaded.portal()
    _put(loaded, written.format(first), loaded.role("pupil_sibling"), last_name="Ander")
    report = loaded.sync()
    assert (report.status, report.attention > 0) == (RunStatus.DONE, True)
    assert sums(report, Stream.PUPILS).quarantined == 1
    assert loaded.portal() == before


def test_nothing_goes_missing_by_a_key_that_cannot_be_read(loaded: Rig) -> None:
    """A full pull with such a key is no complete one, so a record that it lacks stays; its tombstone takes nobody."""
    first, gone, before = loaded.role("pupil_plain"), loaded.role("pupil_sibling"), loaded.portal()
    _put(loaded, f" {first}", gone, last_name="Ander")
    loaded.sync(full=True)
    assert loaded.portal() == before
    loaded.world.remove(loaded.school, "pupils", f" {first}")
    assert sums(loaded.sync(), Stream.PUPILS).quarantined == 1
    assert loaded.portal() == before
    assert loaded.sync(full=True).attention == 0
    assert loaded.portal() == before


def test_a_row_that_met_another_before_is_put_right_by_a_full_pull(loaded: Rig) -> None:
    """Where an earlier version let the second child overwrite the first, a full pull gives the first its own again."""
    first, before = loaded.role("pupil_plain"), loaded.portal()
    _put(loaded, f" {first}", loaded.role("pupil_sibling"), last_name="Ander")
    rewrite(loaded, "pupils", {"last_name": "Ander", "call_name": "Ander", "birth_on": None}, id=first)
    loaded.sync(full=True)
    assert loaded.portal() == before
    loaded.world.remove(loaded.school, "pupils", f" {first}")
    loaded.sync()
    assert loaded.portal() == before


@pytest.mark.parametrize("version", [None, "2:"])
def test_an_upgrade_puts_it_right_by_itself(loaded: Rig, version: str | None) -> None:
    """What an earlier version stored under a trimmed key is read anew by the next plain sync: the rule changed."""
    first, before = loaded.role("pupil_plain"), loaded.portal()
    rewrite(loaded, "pupils", {"last_name": "Ander"}, id=first)
    rewrite(loaded, "checkpoints", {"fingerprint": version})
    loaded.sync()
    assert loaded.portal() == before


REFERENCES = (
    ("guardianships", "pupil_id"),
    ("guardianships", "guardian_id"),
    ("absences", "pupil_id"),
    ("invoices", "debtor_id"),
    ("news_items", "group_id"),
    ("group_memberships", "group_id"),
    ("pupils", "location_id"),
    ("notes", "employee_id"),
)


@pytest.mark.parametrize(("stream", "column"), REFERENCES)
def test_a_reference_with_an_outer_space_names_nobody(loaded: Rig, stream: str, column: str) -> None:
    """A record that refers to a key with such a space is set aside under its own key; it is not tied to another."""
    loaded.sync()
    key = next(key for key, one in loaded.world.records(loaded.school, stream).items() if one[column])
    target = loaded.world.records(loaded.school, stream)[key][column]
    loaded.world.patch(loaded.school, stream, key, **{column: f"{target} "})
    loaded.sync()
    assert quarantined(loaded)[stream, key] == "unreadable_field"


@pytest.mark.parametrize("former", [" {}", "{}\u00a0"], ids=ascii)
def test_a_former_key_with_an_outer_space_takes_nobody_over(loaded: Rig, former: str) -> None:
    """A record that names a former key with such a space takes over no row and makes no alias."""
    first, before = loaded.role("pupil_plain"), loaded.portal()
    _put(loaded, "nieuw-1", loaded.role("pupil_sibling"), former_ids=[former.format(first)])
    loaded.sync()
    assert quarantined(loaded)["pupils", "nieuw-1"] == "unreadable_field"
    assert (loaded.portal(), loaded.rows("SELECT * FROM id_aliases")) == (before, [])


TWINS = (("\u00e9", "e\u0301"), ("abc", "ABC"), ("7", "07"), ("a b", "a  b"), ("\u00df", "ss"), ("\u212b", "\u00c5"))


@pytest.mark.parametrize("pair", TWINS, ids=ascii)
@pytest.mark.parametrize("full", [False, True])
def test_keys_that_only_look_alike_stay_two(loaded: Rig, pair: tuple[str, str], full: bool) -> None:
    """Letter case, Unicode form, zeros and inner spaces are part of a key: two children, each with its own row."""
    like = loaded.role("pupil_plain")
    one, two = (f"key-{key}" for key in pair)
    ties = loaded.world.records(loaded.school, "guardianships").values()
    mother = next(tie["guardian_id"] for tie in ties if tie["pupil_id"] == like)
    for key, name in ((one, "Een"), (two, "Twee")):
        _put(loaded, key, like, last_name=name)
        tie = next(key for key, tie in loaded.world.records(loaded.school, "guardianships").items())
        _put(loaded, f"tie-{key}", tie, "guardianships", pupil_id=key, guardian_id=mother)
    assert loaded.sync(full=full).attention == 0
    assert (_name(loaded, one), _name(loaded, two)) == ("Een", "Twee")
    seen = loaded.rows("SELECT id, last_name FROM portal_pupils WHERE id IN (:one, :two)", one=one, two=two)
    assert {(row["id"], row["last_name"]) for row in seen} == {(one, "Een"), (two, "Twee")}
    loaded.world.remove(loaded.school, "guardianships", f"tie-{two}")
    loaded.world.remove(loaded.school, "pupils", two)
    loaded.sync()
    assert (_name(loaded, one), two in loaded.ids("pupils")) == ("Een", False)


def test_a_person_who_comes_under_a_key_that_cannot_be_read_is_not_gone(rig: Rig) -> None:
    """A by-key answer without a readable key may be about anyone asked for: nobody then counts as looked up."""
    ready(rig)
    guardian, pupil = rig.role("guardian_plain"), rig.role("pupil_plain")
    ask(rig, guardian, wish(rig, "pupils", pupil, "call_name", "Anders"))
    entry = rig.world.schools[rig.school].shelves["pupils"].entries[pupil]
    entry.record["id"], entry.cached = f"{pupil} ", None
    with rig.database.session() as session:
        with session.read() as connection:
            (item,) = corrections.of_correction(connection, rig.school, "corr-0001")
        desk = Desk(session, rig.parts, Selections())
        desk.look_up([item])
        assert not desk.has_looked_up(item)
        entry.record["id"], entry.cached = pupil, None
        desk.look_up([item])
        assert desk.has_looked_up(item)
