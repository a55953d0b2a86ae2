"""A watched folder: what counts as a whole file, and how a file leaves without overwriting or following anything."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.inbox import DONE, FAILED, Entry, Inbox, Sightings
from schemas.errors import ConfigurationError, LeaseHeld


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    """A prepared folder."""
    folder = tmp_path / "in"
    folder.mkdir()
    found = Inbox(folder)
    found.prepare()
    return found


def put(inbox: Inbox, name: str, text: str = "x") -> Entry:
    """Write a file and look at it."""
    (inbox.folder / name).write_text(text, encoding="utf-8")
    return next(entry for entry in inbox.entries() if entry.name == name)


def names(inbox: Inbox, where: str) -> list[str]:
    return sorted(path.name for path in (inbox.folder / where).iterdir())


def test_only_files_that_are_there_for_us_are_seen(inbox: Inbox) -> None:
    """By name; no folders, nothing hidden, no upload under a temporary name, no reason that came back."""
    for name in ("b.xml", "A.XML", "c.txt", ".hidden.xml", "d.xml.part", "e.xml.FILEPART", "f.tmp", "g.xml~"):
        put_text(inbox, name)
    put_text(inbox, "b.xml.reason.txt")
    (inbox.folder / "folder.xml").mkdir()
    assert [entry.name for entry in inbox.entries()] == ["A.XML", "b.xml", "c.txt"]


def put_text(inbox: Inbox, name: str) -> None:
    (inbox.folder / name).write_text("x", encoding="utf-8")


def test_a_link_and_a_pipe_are_seen_and_not_opened(inbox: Inbox, tmp_path: Path) -> None:
    """They are no files, wherever they lead; a link that leads nowhere is one too."""
    outside = tmp_path / "outside.xml"
    outside.write_text("secret", encoding="utf-8")
    (inbox.folder / "out.xml").symlink_to(outside)
    (inbox.folder / "within.xml").symlink_to("other.xml")
    os.mkfifo(inbox.folder / "pipe")
    found = {entry.name: (entry.is_file, entry.is_link) for entry in inbox.entries()}
    assert found == {"out.xml": (False, True), "within.xml": (False, True), "pipe": (False, False)}
    out = next(entry for entry in inbox.entries() if entry.name == "out.xml")
    assert inbox.move(out, FAILED, "why") == inbox.folder / FAILED / "out.xml"
    assert outside.read_text(encoding="utf-8") == "secret"
    assert (inbox.folder / FAILED / "out.xml").is_symlink()


def test_a_file_leaves_with_its_reason(inbox: Inbox) -> None:
    """The bytes are the same, the reason lies beside it, and the folder is empty."""
    entry = put(inbox, "school.xml", "bytes")
    assert inbox.move(entry, DONE, "imported\n") == inbox.folder / DONE / "school.xml"
    assert names(inbox, DONE) == ["school.xml", "school.xml.reason.txt"]
    assert (inbox.folder / DONE / "school.xml").read_text(encoding="utf-8") == "bytes"
    assert (inbox.folder / DONE / "school.xml.reason.txt").read_text(encoding="utf-8") == "imported\n"
    assert inbox.entries() == []


def test_nothing_is_overwritten(inbox: Inbox) -> None:
    """Files of one name, and files that lie there without or as a reason, each keep their place."""
    (inbox.folder / DONE / "school-2.xml").write_text("of somebody else", encoding="utf-8")
    (inbox.folder / DONE / "school-3.xml.reason.txt").write_text("left by a crash", encoding="utf-8")
    for number in range(3):
        inbox.move(put(inbox, "school.xml", str(number)), DONE, f"reason {number}")
    texts = {path.name: path.read_text(encoding="utf-8") for path in (inbox.folder / DONE).iterdir()}
    assert texts == {
        "school.xml": "0",
        "school.xml.reason.txt": "reason 0",
        "school-2.xml": "of somebody else",
        "school-3.xml.reason.txt": "left by a crash",
        "school-4.xml": "1",
        "school-4.xml.reason.txt": "reason 1",
        "school-5.xml": "2",
        "school-5.xml.reason.txt": "reason 2",
    }


@pytest.mark.parametrize("name", ["x" * 251 + ".xml", "é" * 125 + ".xml", "y" * 255, "a." + "z" * 253])
def test_a_name_as_long_as_the_system_allows_leaves_room_for_its_reason(inbox: Inbox, name: str) -> None:
    """It is cut, so that a number and the reason's suffix fit behind it."""
    for _ in range(2):
        assert inbox.move(put(inbox, name), FAILED, "why") is not None
    assert len(names(inbox, FAILED)) == 4
    assert inbox.entries() == []


def test_a_file_that_is_gone_leaves_no_reason(inbox: Inbox) -> None:
    """Somebody took it back at the last moment: nothing lies in done."""
    entry = put(inbox, "school.xml")
    (inbox.folder / "school.xml").unlink()
    assert not inbox.is_untouched(entry)
    assert inbox.move(entry, DONE, "imported") is None
    assert names(inbox, DONE) == []


def test_a_crash_before_the_file_moved_leaves_it_where_it_was(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason was written, the process died: the file is still there, and its next move finds a free name."""
    entry = put(inbox, "school.xml")

    def dies(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", dies)
        with pytest.raises(KeyboardInterrupt):
            inbox.move(entry, DONE, "imported")
    assert inbox.is_untouched(entry)
    assert inbox.move(entry, DONE, "imported again") == inbox.folder / DONE / "school-2.xml"


def test_a_move_that_the_system_refuses_is_said(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """One message with what to do, the file stays, and no reason without a file is left."""
    entry = put(inbox, "school.xml")

    def refuses(*_given: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", refuses)
    with pytest.raises(ConfigurationError, match="cross-device") as refused:
        inbox.move(entry, DONE, "imported")
    assert refused.value.fix
    assert inbox.is_untouched(entry)
    assert names(inbox, DONE) == []


@pytest.mark.parametrize("change", ["append", "rewrite", "touch", "replace"])
def test_a_file_that_somebody_touched_is_another(inbox: Inbox, change: str) -> None:
    """Longer, as long but written anew, of another time, or another file of the same name and time."""
    entry = put(inbox, "school.xml", "abc")
    path = inbox.folder / "school.xml"
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    time.sleep(0.02)  # the system's own times of a file go in steps of some milliseconds
    if change == "append":
        path.write_text("abcd", encoding="utf-8")
    elif change == "rewrite":
        path.write_text("abd", encoding="utf-8")
        os.utime(path, ns=times)
    elif change == "touch":
        os.utime(path)
    else:
        (inbox.folder / ".new").write_text("abc", encoding="utf-8")
        os.utime(inbox.folder / ".new", ns=times)
        (inbox.folder / ".new").replace(path)
    assert not inbox.is_untouched(entry)


def test_a_file_settles_by_its_own_times_or_by_what_was_seen(inbox: Inbox) -> None:
    """Ten seconds without a change are enough; every change begins them anew, also one that hides its time."""
    sightings = Sightings()
    entry = put(inbox, "school.xml", "a")
    at = entry.touched_at
    assert sightings.settled([entry], at + timedelta(seconds=9), 10) == []
    assert sightings.settled([entry], at + timedelta(seconds=10), 10) == [entry]
    grown = put(inbox, "school.xml", "ab")
    os.utime(inbox.folder / "school.xml", (0, 0))
    assert sightings.settled([grown], grown.touched_at + timedelta(seconds=9), 10) == []
    assert sightings.settled([entry], at, 0) == [entry]


def test_a_clock_that_is_wrong_keeps_no_file_waiting_for_ever(inbox: Inbox) -> None:
    """A file of the year 2100, or one the system cannot name, is taken once it was seen unchanged for so long."""
    entry = put(inbox, "school.xml")
    os.utime(inbox.folder / "school.xml", (0, datetime(2100, 1, 1, tzinfo=UTC).timestamp()))
    (entry,) = inbox.entries()
    sightings, now = Sightings(), datetime.now(UTC)
    assert sightings.settled([entry], now, 10) == []
    assert sightings.settled([entry], now + timedelta(seconds=9), 10) == []
    assert sightings.settled([entry], now + timedelta(seconds=10), 10) == [entry]


def test_a_file_that_went_and_came_back_begins_anew(inbox: Inbox) -> None:
    """What is no longer seen is forgotten."""
    entry = put(inbox, "school.xml")
    sightings, now = Sightings(), entry.touched_at - timedelta(days=1)
    sightings.settled([entry], now, 10)
    sightings.settled([], now + timedelta(seconds=5), 10)
    assert sightings.settled([entry], now + timedelta(seconds=11), 10) == []


def test_one_process_watches_a_folder(inbox: Inbox) -> None:
    """A second one is told that another is at it, until the first lets go."""
    with inbox.alone(), pytest.raises(LeaseHeld, match="watches"), Inbox(inbox.folder).alone():
        pass
    with Inbox(inbox.folder).alone():
        pass


def test_a_folder_that_cannot_be_used_is_said_before_anything_is_read(tmp_path: Path) -> None:
    """Not there, a file, or with a done that is a link or a file: one message with what to do."""
    file = tmp_path / "file"
    file.touch()
    for folder in (tmp_path / "nowhere", file):
        with pytest.raises(ConfigurationError, match="is not a folder"):
            Inbox(folder).prepare()
    for kind in ("file", "link"):
        folder = tmp_path / f"with {kind}"
        folder.mkdir()
        if kind == "file":
            (folder / DONE).touch()
        else:
            (folder / DONE).symlink_to(tmp_path)
        with pytest.raises(ConfigurationError) as refused:
            Inbox(folder).prepare()
        assert refused.value.fix
        assert not (folder / FAILED).exists()
