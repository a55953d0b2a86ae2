"""A file that a command was asked to write: whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.own_files import PRIVATE, make_file, open_file
from schemas.errors import ConfigurationError


@contextmanager
def whole_file(path: Path, option: str, mode: int = PRIVATE) -> Iterator[Callable[[str], None]]:
    """Give a function that puts a text where `path` says, replacing what was there, in one step.

    The folder is tried before the block begins, so that nobody works for a file that cannot be written. Raises
    ConfigurationError naming the option; then nothing of the file is left behind.
    """
    if path.is_dir() or (path.exists() and not path.is_file()):
        raise ConfigurationError(f"{option}: {path} is no file that can be replaced.", fix="Name a file.")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")

    def write(text: str) -> None:
        with _named(path, option):
            with os.fdopen(open_file(beside, mode=mode), "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)

    try:
        with _named(path, option):
            os.close(make_file(beside, mode=mode))
        yield write
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


@contextmanager
def _named(path: Path, option: str) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(
            f"{option}: {path} cannot be written ({type(error).__name__}).",
            fix="Name a file in a folder that is there and that you may write, on a disk with space.",
        ) from None
