"""Files and folders of ours are closed to others, whatever the umask."""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.document_store import DocumentStore
from connector.inbox import Inbox
from connector.own_files import make_file, make_folder, open_file
from connector.portal import migrate
from connector.portal.database import Database
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId

SHA = "ab" * 32
GROUP = grp.getgrgid(os.getegid()).gr_name


@pytest.fixture(params=[0o000, 0o077, 0o277])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """A umask that opens everything, one that services have, and one that takes the owner's right to write."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_for_us_only(tmp_path: Path, umask: int) -> None:
    """New or written over, 0600; a file that lay there open is closed."""
    os.close(make_file(tmp_path / "new"))
    assert _mode(tmp_path / "new") & 0o177 == 0
    (tmp_path / "old").touch()
    (tmp_path / "old").chmod(0o666)
    os.close(open_file(tmp_path / "old"))
    assert _mode(tmp_path / "old") == 0o600


def test_with_a_group_file_and_folder_are_for_both(tmp_path: Path, umask: int) -> None:
    """0660 and 0770 exactly, of that group."""
    os.close(make_file(tmp_path / "new", GROUP))
    make_folder(tmp_path / "folder", GROUP)
    assert (_mode(tmp_path / "new"), _mode(tmp_path / "folder")) == (0o660, 0o770)
    assert (tmp_path / "new").stat().st_gid == os.getegid()


def test_a_group_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    """The error names the key and the fix; no empty file or folder stays behind for the next start to find."""
    for make in (make_file, make_folder):
        with pytest.raises(ConfigurationError, match=r"portal\.group"):
            make(tmp_path / "new", "no-such-group-here")
    assert list(tmp_path.iterdir()) == []


def test_a_database_and_what_lies_beside_it_is_closed(tmp_path: Path) -> None:
    """The file, -wal and -shm: 0600 under umask 000, and 0660 with a group; a folder that was there stays as it was."""
    before = os.umask(0)
    try:
        for group, mode in ((None, 0o600), (GROUP, 0o660)):
            url = f"sqlite:///{tmp_path / str(group)}.db"
            migrate.upgrade(url, group=group)
            database = Database(url, group=group)
            with database.session() as session, session.write() as connection:
                connection.exec_driver_sql("DELETE FROM pupils")
                found = {path.name: _mode(path) for path in tmp_path.iterdir() if path.name.startswith(f"{group}.db")}
            database.dispose()
            assert found == {f"{group}.db{ending}": mode for ending in ("", "-wal", "-shm")}
    finally:
        os.umask(before)


def test_documents_and_reasons_are_closed(tmp_path: Path) -> None:
    """Under umask 000: a store's folders and files, and the folders of an inbox with the reasons in them."""
    before = os.umask(0)
    try:
        store = DocumentStore(str(tmp_path / "store" / "documents"))
        store.write(store.location(SchoolId("99AA00"), SHA), b"%PDF-")
        (tmp_path / "inbox").mkdir(0o700)
        inbox = Inbox(tmp_path / "inbox")
        inbox.prepare()
        (tmp_path / "inbox" / "a.xml").touch(0o600)
        (entry,) = inbox.entries()
        assert inbox.move(entry, "failed", "why") is not None
    finally:
        os.umask(before)
    wide = {str(path): oct(_mode(path)) for path in tmp_path.rglob("*") if _mode(path) & 0o077}
    assert wide == {}
    assert len(list(tmp_path.rglob("*.reason.txt"))) == 1
