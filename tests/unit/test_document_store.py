"""The document store: where a file lies, that it is whole or not there, and what nobody can make it do."""

from __future__ import annotations

import hashlib
import stat
import traceback
from pathlib import Path

import fsspec
import pytest

from connector.document_store import DocumentStore, delete
from schemas.errors import ConfigurationError, StoreUnavailable, TransientError
from schemas.ids import SchoolId

SCHOOL = SchoolId("99AA00")
CONTENT = b"%PDF-1.7 x"
SHA = hashlib.sha256(CONTENT).hexdigest()


def files(root: Path) -> set[str]:
    """Every file below a directory, by its path from there."""
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", ["{0}/store", "file://{0}/store/", "{0}/store/"])
def test_a_file_lies_below_its_school_by_its_digest(tmp_path: Path, form: str) -> None:
    """A path or a file URL, with or without a last slash: school, two digits of the digest, the digest."""
    store = DocumentStore(form.format(tmp_path))
    location = store.location(SCHOOL, SHA)
    assert location == f"file://{tmp_path}/store/99AA00/{SHA[:2]}/{SHA}"
    store.write(location, CONTENT)
    assert files(tmp_path) == {f"store/99AA00/{SHA[:2]}/{SHA}"}
    assert Path(location.removeprefix("file://")).read_bytes() == CONTENT


def test_a_relative_directory_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A location is absolute: the portal reads it from another folder."""
    monkeypatch.chdir(tmp_path)
    location = DocumentStore("files").location(SCHOOL, SHA)
    assert location.startswith(f"file://{tmp_path}/files/")


def test_an_object_store_works_alike() -> None:
    """What is no directory is written, moved into place and emptied through the same calls."""
    store = DocumentStore("memory://documents")
    location = store.location(SCHOOL, SHA)
    store.write(location, CONTENT)
    memory = fsspec.filesystem("memory")
    assert memory.find("/documents") == [f"/documents/99AA00/{SHA[:2]}/{SHA}"]
    delete(location)
    assert memory.find("/documents") == []


def test_writing_again_and_deleting_again_are_well(tmp_path: Path) -> None:
    """What a crash left half is written over; what is gone already needs no deleting, nor does half a write stay."""
    store = DocumentStore(str(tmp_path))
    location = store.location(SCHOOL, SHA)
    path = Path(location.removeprefix("file://"))
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT[:3])
    path.with_name(f"{SHA}.part").write_bytes(CONTENT[:5])
    store.write(location, CONTENT)
    assert path.read_bytes() == CONTENT
    path.with_name(f"{SHA}.part").write_bytes(CONTENT[:5])
    delete(location)
    delete(location)
    assert files(tmp_path) == set()


def test_a_store_before_this_one_can_be_emptied(tmp_path: Path) -> None:
    """A location says by itself in which store its file lies."""
    before = DocumentStore(str(tmp_path / "before"))
    location = before.location(SCHOOL, SHA)
    before.write(location, CONTENT)
    delete(location)
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        f"file:///x/99AA00/00/{SHA}",
        f"file:///x/99AA00/{SHA[:2]}/{SHA}/../../../../etc/passwd",
        f"file:///x/..AA00/{SHA[:2]}/{SHA}",
        f"file:///x/99AA00/{SHA[:2]}/{SHA}.part",
    ],
)
def test_only_documents_are_written_or_deleted(location: str) -> None:
    """A location that does not end in a school and a digest is refused, wherever it came from."""
    store = DocumentStore("memory://documents")
    for touch in (delete, lambda place: store.write(place, CONTENT)):
        with pytest.raises(StoreUnavailable, match="not one of ours"):
            touch(location)


def test_a_store_that_cannot_be_written_says_no_more_than_that(tmp_path: Path) -> None:
    """The error is a TransientError that names the kind of trouble, neither path nor digest."""
    (tmp_path / "store").write_text("no directory")
    store = DocumentStore(str(tmp_path / "store"))
    with pytest.raises(TransientError) as caught:
        store.write(store.location(SCHOOL, SHA), CONTENT)
    assert "(NotADirectoryError)" in str(caught.value) or "(FileExistsError)" in str(caught.value)
    assert str(tmp_path) not in "".join(traceback.format_exception(caught.value)[-2:])
    assert SHA not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(StoreUnavailable):
        store.probe()


def test_a_probe_leaves_nothing(tmp_path: Path) -> None:
    """Whether a store can be written is found out without leaving a file; a missing directory is made."""
    DocumentStore(str(tmp_path / "new")).probe()
    assert files(tmp_path) == set()
    assert stat.S_ISDIR((tmp_path / "new").stat().st_mode)


@pytest.mark.parametrize(("url", "says"), [("nonsense://x", "does not exist"), ("s3://bucket/x", "not installed")])
def test_a_store_nobody_knows_is_a_matter_of_configuration(url: str, says: str) -> None:
    """An unknown kind of store, and one whose package is missing, stop before anything is asked for."""
    with pytest.raises(ConfigurationError, match=says):
        DocumentStore(url)
