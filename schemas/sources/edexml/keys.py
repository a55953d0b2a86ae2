"""How an EDEXML document's keys, days and texts are read.

A key is taken as it stands; one with a space at either end is none, wherever it stands. EDEXML promises that a key
never changes, except one that begins with `#`: a dummy, good within its document only. A dummy is never passed on.
Its record gets a surrogate where the document holds something that stays: an ECK iD for people, the name for a
location, the name within the school year for a group (a group lives one school year). Otherwise the record is
rejected without a key, which makes the enumeration incomplete: nothing of that stream can go missing by this document.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import date

from schemas.ids import SourceKey, parse_source_key
from schemas.sources.edexml.records import EdexmlRecord
from schemas.streams import Rejection

UNREADABLE_KEY = "unreadable_key"
UNSTABLE_KEY = "unstable_key"

_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9:.]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
_MAX_KEY = 256
_SURROGATE = re.compile(r"(?:eckid|location|group|pair):[0-9a-f]{64}", re.ASCII)


def clean(text: str | None) -> str | None:
    """Give the text in NFC with its runs of white space made one space; None when nothing is left."""
    collapsed = " ".join(text.split()) if text else ""
    return unicodedata.normalize("NFC", collapsed) or None


def parse_day(text: str) -> date:
    """Give the calendar day as written, whatever zone or time follows. Raises ValueError without the text."""
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError("not a day")
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        raise ValueError("not a day") from None


def is_dummy(key: str | None) -> bool:
    """Tell whether the key is one, and good within its own document only."""
    return key is not None and key.startswith("#") and lasting_key(key) is not None


def lasting_key(written: str | None) -> SourceKey | None:
    """Give a key as written, None when it cannot be one; what looks like a surrogate of ours would meet one."""
    return None if written is None or _SURROGATE.fullmatch(written) else parse_source_key(written)


def surrogate(kind: str, *parts: str) -> SourceKey:
    """Give a key made of what stays the same: `kind:` and the SHA-256 of the parts, each ended by a NUL."""
    ended = "".join(f"{part}\0" for part in parts)
    return SourceKey(f"{kind}:{hashlib.sha256(ended.encode()).hexdigest()}")


def joined_key(first: SourceKey, second: SourceKey) -> SourceKey:
    """Give a relation's key: `first|second`, with `%` and `|` in them as %25 and %7C; hashed if too long."""
    text = "|".join(part.replace("%", "%25").replace("|", "%7C") for part in (first, second))
    return SourceKey(text) if len(text) <= _MAX_KEY else surrogate("pair", first, second)


def person_key(record: EdexmlRecord) -> SourceKey | Rejection:
    """Give a person's key, the surrogate of a dummy-keyed person's ECK iD, or why there is none.

    An ECK iD is opaque, so one that is not written as a key would be is not made to look like another's.
    """
    if is_dummy(record.key):
        eckid = parse_source_key(record.eckid)
        if eckid is None:
            return Rejection(None, UNSTABLE_KEY, "@key")
        return SourceKey(f"eckid:{hashlib.sha256(eckid.encode()).hexdigest()}")
    return lasting_key(record.key) or Rejection(None, UNREADABLE_KEY, "@key")


def named_key(record: EdexmlRecord, kind: str, *parts: str) -> SourceKey | Rejection:
    """Give a thing's key, a dummy-keyed thing's surrogate from kind, parts and name, or why there is none."""
    if is_dummy(record.key):
        naam = record.fields.get("naam")
        return surrogate(kind, *parts, naam) if naam else Rejection(None, UNSTABLE_KEY, "@key")
    return lasting_key(record.key) or Rejection(None, UNREADABLE_KEY, "@key")
