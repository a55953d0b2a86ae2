"""Documents that guardians send along: read from a folder of the submitter, written for whoever reviews.

Which kind a document is, its first bytes say; a name or a type that somebody gave decides nothing, and no part of a
path is made of them.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connector.own_files import make_file, make_folder
from schemas.corrections import MOST_EVIDENCE_BYTES
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from jobs.review_corrections import Docket
    from jobs.submit_correction import Evidence

MOST = 5
"""How many documents a correction may have, and how large each may be."""

_KINDS = (
    (b"%PDF-", "application/pdf", "pdf"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
)
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_NAME = 100


def read_all(paths: Sequence[Path]) -> list[Evidence]:
    """Read documents. Raises ConfigurationError, naming the file, for what is none or too much."""
    if len(paths) > MOST:
        raise ConfigurationError(f"--evidence: at most {MOST} documents.", fix="Leave out or put together some.")
    return [_read(path) for path in paths]


def _read(path: Path) -> Evidence:
    from jobs.submit_correction import Evidence

    content = read_file(path, MOST_EVIDENCE_BYTES, "--evidence")
    kind = kind_of(content)
    if kind is None:
        raise ConfigurationError(f"--evidence: {path} is no PDF, JPEG or PNG.", fix="Give it as one of these.")
    name = "".join(mark for mark in path.name if mark.isprintable())[:_LONGEST_NAME]
    return Evidence(name or "document", kind[0], content)


def read_file(path: Path, most: int, option: str) -> bytes:
    """Read a file of at most so many bytes; one more is as bad as many. Raises ConfigurationError."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{option}: {path} cannot be read ({type(error).__name__}).", fix="Name a file that is there."
        ) from None
    if len(content) > most:
        raise ConfigurationError(f"{option}: {path} is larger than {most} bytes.", fix="Give a smaller one.")
    if not content:
        raise ConfigurationError(f"{option}: {path} is empty.", fix="Give a file with something in it.")
    return content


def kind_of(content: bytes) -> tuple[str, str] | None:
    """Give content type and ending by the first bytes; None for what we do not take."""
    return next(((kind, ending) for mark, kind, ending in _KINDS if content.startswith(mark)), None)


def write_all(folder: Path, dockets: Mapping[str, Docket]) -> list[Path]:
    """Write the documents of these corrections into a folder, for this user only; give their paths."""
    if not any(docket.evidence for docket in dockets.values()):
        return []
    try:
        make_folder(folder)
        return [
            _write(folder, docket.seen.reference, one["number"], one["content"])
            for docket in dockets.values()
            for one in docket.evidence
        ]
    except OSError as error:
        raise ConfigurationError(
            f"--evidence: {folder} cannot be written ({type(error).__name__}).",
            fix="Name a folder that you may write, on a disk with space.",
        ) from None


def _write(folder: Path, reference: str, number: int, content: bytes) -> Path:
    kind = kind_of(content)
    path = folder / f"{_UNSAFE.sub('_', reference)}-{number}.{'bin' if kind is None else kind[1]}"
    beside = folder / f".{secrets.token_hex(8)}"
    with os.fdopen(make_file(beside), "wb") as file:
        file.write(content)
    beside.replace(path)
    return path
