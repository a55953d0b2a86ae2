"""Documents: the files that rows name, how each stands, and why one cannot be had."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """How the file of a row stands. `leaving` is gone from the portal, but its file is not deleted yet."""

    WANTED = "wanted"
    STORED = "stored"
    REFUSED = "refused"
    LEAVING = "leaving"


class Reason(StrEnum):
    """Why a file is refused."""

    NOT_FOUND = "not_found"
    DENIED = "denied"
    TOO_LARGE = "too_large"
    WRONG_TYPE = "wrong_type"
    WRONG_CONTENT = "wrong_content"
    WRONG_HASH = "wrong_hash"


class Announced(NamedTuple):
    """A file as a row names it. `sha256` is lowercase hex, `size` in bytes."""

    id: str
    sha256: str
    content_type: str
    size: int


class Fetched(NamedTuple):
    """A file as the source sent it; `content_type` is lowercase, without parameters."""

    content: bytes
    content_type: str
