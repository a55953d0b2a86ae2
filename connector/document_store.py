"""Documents outside the database: a directory or an object store behind one URL, each file named by its digest.

Nothing the source says is part of a path. A file appears whole: it is written beside its place and then moved.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from connector.own_files import make_folder, open_file
from schemas.errors import ConfigurationError, StoreUnavailable
from schemas.ids import SchoolId

_OURS = re.compile(r"/[0-9]{2}[A-Z]{2}[0-9]{2}/(?P<prefix>[0-9a-f]{2})/(?P=prefix)[0-9a-f]{62}", re.ASCII)
_OURS_LENGTH = len("/99AA00/00/") + 64
_PROBE = "connector-probe"


class DocumentStore:
    """Where new documents are written. A location is a whole URL, so that a store before this one stays readable.

    In a directory, files and folders are for us only, or for `group` as well.
    """

    def __init__(self, url: str, group: str | None = None) -> None:
        """Raise ConfigurationError when the URL names a kind of store that is unknown or not installed."""
        self._group = group
        try:
            fs, path = _opened(url)
            self._root = str(fs.unstrip_protocol(path)).rstrip("/")
        except ValueError:
            raise ConfigurationError(
                "documents.store_url names a kind of store that does not exist.",
                fix="Write a directory, or a URL such as s3://bucket/folder.",
            ) from None
        except ImportError:
            raise ConfigurationError(
                "documents.store_url names a kind of store whose package is not installed.",
                fix="Install it beside the connector: s3fs for s3://, gcsfs for gs://, adlfs for abfs://.",
            ) from None

    def location(self, school: SchoolId, sha256: str) -> str:
        """Give the URL of a school's file with this digest."""
        return f"{self._root}/{school}/{sha256[:2]}/{sha256}"

    def write(self, location: str, content: bytes) -> None:
        """Put a file at its place, whole or not at all. Raises StoreUnavailable."""
        _must_be_ours(location)
        with _translated():
            fs, path = _opened(location)
            _write(fs, path, content, self._group)

    def probe(self) -> None:
        """Write and delete a file without contents. Raises StoreUnavailable."""
        with _translated():
            fs, path = _opened(f"{self._root}/{_PROBE}")
            _write(fs, path, b"", self._group)
            fs.rm_file(path)


def delete(location: str) -> None:
    """Take a file away, and what a broken write left beside it; one that is gone is well.

    Works for any store, also one that was used before. Raises StoreUnavailable.
    """
    _must_be_ours(location)
    with _translated():
        fs, path = _opened(location)
        for leftover in (path, _beside(path)):
            with suppress(FileNotFoundError):
                fs.rm_file(leftover)


def _opened(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs  # noqa: PLC0415  it takes a while, and most keep documents in the database

    fs, path = url_to_fs(url)
    return fs, str(path)


def _write(fs: Any, path: str, content: bytes, group: str | None) -> None:
    if getattr(fs, "local_file", False):
        _write_here(Path(path), content, group)
    else:
        fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        with fs.open(_beside(path), "wb") as opened:
            opened.write(content)
    fs.mv(_beside(path), path)


def _write_here(path: Path, content: bytes, group: str | None) -> None:
    make_folder(path.parent, group)
    with os.fdopen(open_file(Path(_beside(str(path))), group), "wb") as opened:
        opened.write(content)
        # The row that says "stored" must not outlive the file in a power cut.
        opened.flush()
        os.fsync(opened.fileno())


def _beside(path: str) -> str:
    return f"{path}.part"


def _must_be_ours(location: str) -> None:
    """A location read from the database is never a way to write or delete anything but a document."""
    if not _OURS.fullmatch(location[-_OURS_LENGTH:]):
        raise StoreUnavailable("A document's location is not one of ours.", fix="Nothing was touched there.")


@contextmanager
def _translated() -> Iterator[None]:
    """Re-raise whatever a store raises as ours, with the type only: its text holds URLs, sometimes signed ones."""
    try:
        yield
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001  every kind of store has errors of its own
        ours = StoreUnavailable(
            f"The document store did not do what was asked ({type(error).__name__}).",
            fix="Check documents.store_url, its rights and its space; the next run goes on where this one stopped.",
        )
    else:
        return
    raise ours from None
