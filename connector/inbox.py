"""A folder into which others put files: what lies there and is whole, and where a file goes when it was dealt with.

Nothing is followed out of the folder, nothing is overwritten, and a file never leaves without its reason beside it.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from connector.own_files import make_file, make_folder
from schemas.errors import ConfigurationError, LeaseHeld

DONE, FAILED = "done", "failed"
REASON = ".reason.txt"
_UNDER_WAY = frozenset({".part", ".partial", ".filepart", ".tmp", ".crdownload", ".swp"})
_MAX_NAME, _MAX_SUFFIX = 200, 20
"""Bytes of a name that are kept: a number and the reason's suffix must fit behind them."""


_FAR_AHEAD = datetime(9000, 1, 1, tzinfo=UTC).timestamp()


class Entry(NamedTuple):
    """One thing in the folder. Two entries are equal only if nobody touched the file in between."""

    name: str
    is_file: bool
    is_link: bool
    size: int
    touched_at: datetime
    times: tuple[int, int]


class Inbox:
    """One watched folder, with `done` and `failed` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """See that the folder is there and make its two folders. Raises ConfigurationError."""
        if not self.folder.is_dir():
            raise ConfigurationError(f"{self.folder} is not a folder.", fix="Make it, or name the right one.")
        for name in (DONE, FAILED):
            path = self.folder / name
            with _told(path):
                make_folder(path)
            if path.is_symlink() or not os.access(path, os.W_OK | os.X_OK):
                raise ConfigurationError(
                    f"{path} is not a folder of its own that this user may write to.",
                    fix="Give this user the right to write in the watched folder, and let it hold no links.",
                )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process that watches this folder out. Raises LeaseHeld when one is at it."""
        with _told(self.folder):
            lock = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LeaseHeld(
                    f"Another process watches {self.folder}.", fix="Nothing to do: that one takes the files."
                ) from None
            except OSError:  # a file system without locks: the school's own lease still keeps runs apart
                pass
            yield
        finally:
            os.close(lock)

    def entries(self) -> list[Entry]:
        """Give what lies in the folder by name: no folders, and nothing that is named as still being uploaded."""
        found = []
        with _told(self.folder):
            names = sorted(path.name for path in self.folder.iterdir())
        for name in names:
            if name.startswith(".") or name.endswith(("~", REASON)) or Path(name).suffix.lower() in _UNDER_WAY:
                continue
            entry = self._look(name)
            if entry is not None:
                found.append(entry)
        return found

    def path(self, entry: Entry) -> Path:
        """Give where the file is."""
        return self.folder / entry.name

    def is_untouched(self, entry: Entry) -> bool:
        """Tell whether the file is still there, byte for byte as it was seen."""
        return self._look(entry.name) == entry

    def move(self, entry: Entry, where: str, reason: str) -> Path | None:
        """Put the file into `done` or `failed` under a name that is free, its reason beside it.

        Gives its new path, or None when the file is gone. The reason is written first, and holds the name: a crash
        in between leaves a reason without its file and nothing else.
        """
        for number in range(1, 100_000):
            target = self.folder / where / _numbered(entry.name, number)
            beside = target.with_name(target.name + REASON)
            with _told(beside):
                if os.path.lexists(target) or not _write_new(beside, reason):
                    continue
                try:
                    self.path(entry).rename(target)
                except FileNotFoundError:
                    beside.unlink(missing_ok=True)
                    return None
                except OSError:
                    with suppress(OSError):
                        beside.unlink(missing_ok=True)
                    raise
            return target
        raise ConfigurationError(f"{self.folder / where} is full of files of one name.", fix="Empty it.")

    def _look(self, name: str) -> Entry | None:
        """Look at one thing without opening it: to open a pipe would wait, to open a link would follow it."""
        try:
            seen = os.lstat(self.folder / name)
        except OSError:
            return None
        if stat.S_ISDIR(seen.st_mode):
            return None
        touched = min(max(seen.st_mtime, seen.st_ctime), _FAR_AHEAD)
        return Entry(
            name,
            stat.S_ISREG(seen.st_mode),
            stat.S_ISLNK(seen.st_mode),
            seen.st_size,
            datetime.fromtimestamp(touched, UTC),
            # No inode: over a network some file systems number anew at every look.
            (seen.st_mtime_ns, seen.st_ctime_ns),
        )


class Sightings:
    """Since when each file has been as it is now. A file that is still being written does not stay as it is."""

    def __init__(self) -> None:
        self._first: dict[Entry, datetime] = {}

    def settled(self, entries: list[Entry], now: datetime, seconds: float) -> list[Entry]:
        """Give the entries that nobody touched for so long, by their own times or by what was seen before.

        A file's times may lie ahead, by a clock that is wrong; then only what was seen counts.
        """
        self._first = {entry: self._first.get(entry, now) for entry in entries}
        return [
            entry
            for entry in entries
            if (now - entry.touched_at).total_seconds() >= seconds
            or (now - self._first[entry]).total_seconds() >= seconds
        ]


def _numbered(name: str, number: int) -> str:
    """Give the name, with a number before its suffix from the second on, and cut where it is too long."""
    path = Path(name)
    stem, suffix = path.stem, path.suffix
    if len(os.fsencode(name)) > _MAX_NAME:
        suffix = suffix if len(os.fsencode(suffix)) < _MAX_SUFFIX else ""
        stem = os.fsencode(stem)[: _MAX_NAME - len(os.fsencode(suffix))].decode("utf-8", "ignore")
    return f"{stem}{'' if number == 1 else f'-{number}'}{suffix}"


def _write_new(path: Path, text: str) -> bool:
    """Write a file that was not there; False when it was."""
    try:
        with os.fdopen(make_file(path), "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return False
    return True


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what the file system says into an error of ours."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be used ({error.strerror}).",
            fix="Check that the watched folder is there, on one file system, and that this user may write in it.",
        ) from None
