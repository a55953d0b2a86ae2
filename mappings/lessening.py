"""What of a new record shows less than the old row: applied at once, also where the rest of it may not be.

Only what hides counts: an address or number that became secret, a window that closes earlier, a relation that is
restricted, ended or lost its authority, a consent that was refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from mappings.values import list_text
from schemas.streams import Stream

_HOME = ("home_digest", "home_suffix_digest")
"""Without them a home counts as that of everybody in the family, which is the safe side."""
_ADDRESS = ("street", "house_number", "house_number_suffix", "postal_code", "city", "country")
_WINDOWS = (("visible_from", "visible_until"), ("begins_at", "ends_at"))
_RANK = {"full": 2, "unknown": 1, "none": 0}

Row = Mapping[str, Any]


def lessened(stream: Stream, old: Row, new: Row) -> dict[str, Any]:
    """Give the columns of the old row to change, so that it shows no more than the old and the new one do."""
    less: dict[str, Any] = {}
    if "is_address_confidential" in old and new["is_address_confidential"] and not old["is_address_confidential"]:
        blank = dict.fromkeys(name for name in (*_HOME, *_ADDRESS) if name in old)
        less |= {**blank, "is_address_confidential": True}
    if "phones" in old and old["phones"] != new["phones"]:
        less["phones"] = _common_phones(old["phones"], new["phones"])
    if stream is Stream.GUARDIANSHIPS:
        less |= _relation(old, new)
    elif stream is Stream.PRIVACY_PREFERENCES:
        less["is_allowed"] = bool(old["is_allowed"] and new["is_allowed"])
    elif "visible_until" in old or stream is Stream.GROUP_MEMBERSHIPS:
        less |= _window(old, new)
    return {name: value for name, value in less.items() if value != old[name]}


def _common_phones(old: str, new: str | None) -> str:
    numbers = {phone["number"] for phone in json.loads(new or "[]")}
    kept = [phone for phone in json.loads(old) if phone["number"] in numbers]
    return old if len(kept) == len(json.loads(old)) else (_phones(kept) if kept else list_text(()))


def _phones(kept: list[dict[str, str]]) -> str:
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _window(old: Row, new: Row) -> dict[str, Any]:
    return {
        name: edge(old[name], new[name])
        for begin, end in _WINDOWS
        for name, edge in ((begin, _later), (end, _earlier))
        if name in old
    }


def _relation(old: Row, new: Row) -> dict[str, Any]:
    less: dict[str, Any] = {
        "authority": min(old["authority"], new["authority"], key=lambda one: _RANK.get(one, 0)),
        "from_on": _later(old["from_on"], new["from_on"]),
        "until_on": _earlier(old["until_on"], new["until_on"]),
    }
    if new["is_restricted"]:
        less |= _restriction(old, new)
    if old["is_informed"]:
        less["is_informed"] = bool(new["is_informed"])
        less["informed_from"] = _later(old["informed_from"], new["informed_from"]) if new["is_informed"] else None
        less["informed_until"] = _earlier(old["informed_until"], new["informed_until"]) if new["is_informed"] else None
    return less


def _restriction(old: Row, new: Row) -> dict[str, Any]:
    """Give the restriction that covers both: an open end covers all."""
    said = {
        "is_restricted": True,
        "restricted_from": new["restricted_from"],
        "restricted_until": new["restricted_until"],
    }
    if old["is_restricted"]:
        said["restricted_from"] = _widest(old["restricted_from"], new["restricted_from"], is_end=False)
        said["restricted_until"] = _widest(old["restricted_until"], new["restricted_until"], is_end=True)
    return said


def _widest(old: date | None, new: date | None, *, is_end: bool) -> date | None:
    if old is None or new is None:
        return None
    return max(old, new) if is_end else min(old, new)


def _later(old: Any, new: Any) -> date | datetime | None:
    return max((one for one in (old, new) if one is not None), default=None)


def _earlier(old: Any, new: Any) -> date | datetime | None:
    return min((one for one in (old, new) if one is not None), default=None)
