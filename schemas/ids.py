"""School and record keys: a school's is normalised, a record's is taken as it came or refused."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import NewType

from schemas.errors import ConfigurationError

SchoolId = NewType("SchoolId", str)
"""BRIN (two digits, two capitals) and site (two digits, "00" for the main one), as in `99ZZ00`."""

SourceKey = NewType("SourceKey", str)
"""A record's key exactly as the source writes it: 1..256 printable characters, no space at either end."""

RunId = NewType("RunId", str)
"""One execution, sortable by its start: `20261124T011504-3f9a1c`."""

_SCHOOL = re.compile(r"([0-9]{2})([A-Z]{2})(?:[. ]?([0-9]{2}))?", re.ASCII)
_LOOKS_LIKE_O_FOR_ZERO = re.compile(r"[0-9O]{2}[A-Z0-9]{2}([. ]?[0-9O]{2})?", re.ASCII)
MAX_KEY_LENGTH = 256
NO_KEY = "?"
"""What the books write where a record had no readable key; so it is no key itself."""


def parse_school_id(text: str) -> SchoolId:
    """Read `99ZZ`, `99ZZ00`, `99ZZ.00` (all the same school) as a SchoolId.

    Raises ConfigurationError naming the text and the form that is asked for.
    """
    stripped = text.strip()
    match = _SCHOOL.fullmatch(stripped.upper() if stripped.isascii() else stripped)
    if match is None:
        hint = " (mind the letter O and the digit 0)" if _LOOKS_LIKE_O_FOR_ZERO.fullmatch(stripped.upper()) else ""
        raise ConfigurationError(
            f"{text[:20]!r} is not a BRIN{hint}.",
            fix="Write two digits, two letters and optionally the two digits of the site, as in 99AA or 99AA00.",
        )
    digits, letters, site = match.groups()
    return SchoolId(f"{digits}{letters}{site or '00'}")


def parse_source_key(value: object) -> SourceKey | None:
    """Give the key as it came, or None when it cannot serve as one.

    Nothing is trimmed, folded or composed: two keys that a source tells apart would meet in one row by that.
    """
    if not isinstance(value, str) or not 0 < len(value) <= MAX_KEY_LENGTH:
        return None
    is_key = value.isprintable() and value[0] != " " != value[-1] and value != NO_KEY
    return SourceKey(value) if is_key else None


def new_run_id(now: datetime) -> RunId:
    """Make a RunId from an aware instant and six random hexadecimal digits."""
    return RunId(f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}")
