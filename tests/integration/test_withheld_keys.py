"""What gates keep back is remembered by keyed hashes: little is written, nothing can be read from it, nothing stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from connector.bookkeeping.withheld_keys import hash_of
from schemas.ids import SchoolId
from schemas.modules import Module
from schemas.streams import Stream
from tests.integration.bench import execute, remove
from tests.rig import Rig

MakeRig = Callable[..., Rig]


@pytest.fixture
def loaded(rig: Rig) -> Rig:
    """A school with every module open and loaded."""
    rig.open()
    rig.sync()
    return rig


def _kept(rig: Rig, stream: str) -> dict[str, Any]:
    rows = rig.rows("SELECT key_hash, noted_at FROM withheld_keys WHERE stream = :s", s=stream)
    return {row["key_hash"]: row["noted_at"] for row in rows}


def _hashes(rig: Rig, stream: Stream, keys: set[str]) -> set[str]:
    (row,) = rig.rows("SELECT key FROM invitation_keys WHERE school_id = :s", s=rig.school)
    return {hash_of(bytes.fromhex(row["key"]), stream, key) for key in keys}


def _invisible(rig: Rig) -> set[str]:
    notes = rig.world.records(rig.school, "notes")
    return {key for key, note in notes.items() if not note["visible_to_parents"]}


@contextmanager
def _written(rig: Rig) -> Iterator[list[str]]:
    """Collect the statements that write to the table, each time with how many rows it was given."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, is_many: bool) -> None:
        if "withheld_keys" in statement and not statement.lstrip().startswith("SELECT"):
            found.append(f"{statement.split(maxsplit=1)[0]} {len(parameters) if is_many else 1}")

    event.listen(rig.database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(rig.database.engine, "before_cursor_execute", note)


def test_what_a_gate_keeps_back_is_remembered_and_no_key_of_it(loaded: Rig) -> None:
    """The hashes are those of exactly the notes without the flag; no key of one is in the table, nor a digest."""
    hidden = _invisible(loaded)
    assert hidden
    assert set(_kept(loaded, "notes")) == _hashes(loaded, Stream.NOTES, hidden)
    texts = {str(value) for row in loaded.rows("SELECT * FROM withheld_keys") for value in row.values()}
    assert not texts & hidden
    assert loaded.rows("SELECT * FROM withheld_keys WHERE row_digest IS NOT NULL") == []


def test_drafts_and_streams_without_a_day_are_not_remembered(loaded: Rig) -> None:
    """An unpublished report and an unsent invoice are finished on an ordinary day; what has no day is old anyway."""
    streams = {row["stream"] for row in loaded.rows("SELECT DISTINCT stream FROM withheld_keys")}
    assert streams == {"notes", "calendar_items", "groups", "invoices"}
    billed = loaded.world.records(loaded.school, "invoices")
    nobody = {key for key, one in billed.items() if one["debtor_id"] is None and one["status"] != "concept"}
    assert set(_kept(loaded, "invoices")) == _hashes(loaded, Stream.INVOICES, nobody)


def test_reading_everything_again_writes_nothing(loaded: Rig) -> None:
    """A full pull of withheld notes leaves the table as it is; one more withheld note is one row more."""
    template = loaded.world.records(loaded.school, "notes")[loaded.role("note_hidden")]
    for number in range(300):
        loaded.world.put(loaded.school, "notes", {**template, "id": f"not-8{number:05d}"})
    loaded.sync()
    before = _kept(loaded, "notes")
    assert len(before) >= 300
    with _written(loaded) as statements:
        loaded.sync(full=True)
        assert statements == []
        loaded.world.put(loaded.school, "notes", {**template, "id": "not-900001"})
        loaded.sync(full=True)
        assert statements == ["INSERT 1"]
    after = _kept(loaded, "notes")
    assert len(after) == len(before) + 1
    assert {key: after[key] for key in before} == before


@pytest.mark.parametrize("full", [False, True])
def test_what_is_shown_or_gone_is_forgotten(loaded: Rig, full: bool) -> None:
    """One note gets the flag, one is deleted: their two hashes go and no other; a flag taken back is noted again."""
    shown, gone, *_ = sorted(_invisible(loaded))
    before = set(_kept(loaded, "notes"))
    loaded.world.patch(loaded.school, "notes", shown, visible_to_parents=True)
    remove(loaded, "notes", [gone])
    assert loaded.sync(full=full).held == 0
    assert shown in loaded.ids("notes")
    assert before - set(_kept(loaded, "notes")) == _hashes(loaded, Stream.NOTES, {shown, gone})
    loaded.world.patch(loaded.school, "notes", shown, visible_to_parents=False)
    loaded.sync(full=full)
    assert before - set(_kept(loaded, "notes")) == _hashes(loaded, Stream.NOTES, {gone})


def test_a_closed_module_takes_its_hashes_along(loaded: Rig) -> None:
    """What is no longer pulled is no longer remembered; the other streams keep theirs."""
    loaded.close(Module.NOTITIES)
    loaded.sync()
    assert _kept(loaded, "notes") == {}
    assert _kept(loaded, "calendar_items")


def test_a_withdrawn_rows_digest_is_none_of_a_gates_business(loaded: Rig) -> None:
    """A line with a digest is neither forgotten when its key shows, nor does it make a record old."""
    key = "rep-900001"
    (digest_of,) = _hashes(loaded, Stream.REPORTS, {key})
    execute(
        loaded,
        "INSERT INTO withheld_keys (school_id, stream, key_hash, row_digest, noted_at)"
        " SELECT school_id, 'reports', :hash, 'digest', noted_at FROM withheld_keys LIMIT 1",
        hash=digest_of,
    )
    template = loaded.world.records(loaded.school, "reports")[loaded.role("report_published")]
    loaded.world.put(loaded.school, "reports", {**template, "id": key})
    loaded.sync(full=True)
    assert key in loaded.ids("reports")
    assert set(_kept(loaded, "reports")) == {digest_of}


def test_two_schools_and_two_streams_have_other_hashes_of_one_key() -> None:
    """The table of one school tells nothing of another's, and without the school's own key nothing can be tried."""
    told = {
        hash_of(secret, stream, "1") for secret in (b"a" * 32, b"b" * 32) for stream in (Stream.NOTES, Stream.REPORTS)
    }
    assert len(told) == 4
    assert all(len(one) == 32 for one in told)


def test_a_dry_run_remembers_nothing(loaded: Rig) -> None:
    """A dry run judges by what is kept and leaves it as it is."""
    template = loaded.world.records(loaded.school, "notes")[loaded.role("note_hidden")]
    before = loaded.rows("SELECT * FROM withheld_keys ORDER BY stream, key_hash")
    loaded.world.put(loaded.school, "notes", {**template, "id": "not-900001"})
    loaded.sync(dry=True)
    assert loaded.rows("SELECT * FROM withheld_keys ORDER BY stream, key_hash") == before
    assert SchoolId(before[0]["school_id"]) == loaded.school
