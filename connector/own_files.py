"""The one place that makes files and folders: for their owner only, or for a group that was named, whatever the umask.

What the connector writes is full of children. A umask belongs to the shell, the service or the cron line that started
us, so nothing may depend on it.
"""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from schemas.errors import ConfigurationError

PRIVATE, SHARED, PUBLIC = 0o600, 0o660, 0o644
"""Modes of files: for us; for us and the portal's group; for everybody to read, of what names no family."""
PRIVATE_FOLDER, SHARED_FOLDER = 0o700, 0o770


def make_file(path: Path, group: str | None = None, *, mode: int = PRIVATE) -> int:
    """Make a file that was not there, open for writing; gives its descriptor.

    Raises OSError, FileExistsError among them, and ConfigurationError for a group that cannot have it.
    """
    return _opened(path, os.O_EXCL, group, mode)


def open_file(path: Path, group: str | None = None, *, mode: int = PRIVATE) -> int:
    """Open a file to be written from its beginning, making it where it is not there; gives its descriptor."""
    return _opened(path, os.O_TRUNC, group, mode)


def write_file(path: Path, text: str) -> None:
    """Write a whole text for us only, over what was there."""
    with os.fdopen(open_file(path), "w", encoding="utf-8") as file:
        file.write(text)


def _opened(path: Path, flag: int, group: str | None, mode: int) -> int:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flag, mode)
    try:
        # A file that lay there keeps its own mode when it is opened, so that is set as well.
        _set(opened, path, group, mode if group is None else SHARED)
    except BaseException:
        os.close(opened)
        if flag & os.O_EXCL:
            path.unlink(missing_ok=True)
        raise
    return opened


def make_folder(path: Path, group: str | None = None) -> None:
    """Make a folder, and those above it that are missing; one that is there stays as it is. Raises OSError."""
    for one in reversed((path, *path.parents)):
        try:
            # Asked first: a folder above may be one that we may pass through and not write in.
            if not one.is_dir():
                one.mkdir(PRIVATE_FOLDER)
                _set(one, one, group, PRIVATE_FOLDER if group is None else SHARED_FOLDER)
        except FileExistsError:
            if not one.is_dir():
                raise
        except ConfigurationError:
            one.rmdir()
            raise


def _set(what: int | Path, path: Path, group: str | None, mode: int) -> None:
    if group is not None:
        with _given(path, group):
            os.chown(what, -1, group_id(group))
            os.chmod(what, mode)  # noqa: PTH101  also of a descriptor
    elif stat.S_IMODE(os.stat(what).st_mode) & ~mode & 0o777:  # noqa: PTH116
        # A file system without modes has nothing to close; what it is mounted with decides.
        with suppress(OSError):
            os.chmod(what, mode)  # noqa: PTH101


@contextmanager
def _given(path: Path, group: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be given to the group {group} of portal.group ({type(error).__name__}).",
            fix=f"Make this user a member (usermod -aG {group} USER) and start anew.",
        ) from None


def group_id(name: str) -> int:
    """Give the number of a group of this machine; raises ConfigurationError for one that is not there."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ConfigurationError(
            f"portal.group names {name!r}, which is no group of this machine.",
            fix="Make it (groupadd NAME), name the one the portal runs under, or leave the key out.",
        ) from None
