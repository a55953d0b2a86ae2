"""A value of a correction as lines of text for a person: what stands there, what goes and what is new.

Every line can be shown in a browser, printed and pasted into a spreadsheet: control characters and those that turn
the direction of text are written out, and no line begins a formula.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mappings.review_words import Words
from mappings.spreadsheet import inert
from schemas.correction_fields import ADDRESS_PARTS, CONTACT_PARTS, FIELDS, MEDICAL_PARTS, Kind
from schemas.reviews import ReviewLine

MOST_SHOWN = 2_000
"""How many characters of one text are shown; the intake refuses such texts, so this is only for the page's sake."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PARTS: Mapping[Kind, tuple[str, ...]] = {
    Kind.ADDRESS: ADDRESS_PARTS,
    Kind.CONTACTS: CONTACT_PARTS,
    Kind.MEDICAL: MEDICAL_PARTS,
}


class Shown(NamedTuple):
    """One entry of a value, as lines. `is_marked`: it is on this side only."""

    lines: tuple[str, ...]
    is_marked: bool


def both_sides(line: ReviewLine, words: Words) -> tuple[list[Shown], list[Shown]]:
    """Give old and new of an item, lists whole and in their own order, with what goes or is new marked.

    An old value that the portal may not hold is one entry that says so; nothing is marked beside it.
    """
    kind = FIELDS[line.field].kind
    old = _entries(kind, line.old, words) if line.is_old_known else []
    new = _entries(kind, line.new, words)
    if not line.is_old_known:
        unknown = Shown((words.said["unknown"],), is_marked=False)
        return [unknown], [Shown(one, is_marked=False) for one in new] or _empty(words)
    return _marked(old, new) or _empty(words), _marked(new, old) or _empty(words)


def _empty(words: Words) -> list[Shown]:
    return [Shown((words.said["empty"],), is_marked=False)]


def _marked(these: list[tuple[str, ...]], those: list[tuple[str, ...]]) -> list[Shown]:
    """Mark what the other side does not have; of two equal ones the other has one, one is marked."""
    left = Counter(those)
    found = []
    for one in these:
        found.append(Shown(one, is_marked=left[one] < 1))
        left[one] -= 1
    return found


def _entries(kind: Kind, value: Any, words: Words) -> list[tuple[str, ...]]:
    """Give each entry of a list as lines; of an address each line by itself, so that only what differs is marked."""
    return [tuple(inert(line) for line in entry) for entry in _read(kind, value, words)]


def _read(kind: Kind, value: Any, words: Words) -> list[tuple[str, ...]]:
    if value is None or value in ("", [], {}):
        return []
    if kind is Kind.ADDRESS and isinstance(value, dict):
        return [(line,) for line in _named(value, _PARTS[kind], words)]
    if isinstance(value, list):
        return [_one(kind, entry, words) for entry in value]
    return [_lines(value, words)]


def _one(kind: Kind, entry: Any, words: Words) -> tuple[str, ...]:
    if kind is Kind.PHONES and isinstance(entry, dict):
        return (_phone(entry, words),)
    if kind in _PARTS and isinstance(entry, dict):
        return tuple(_named(entry, _PARTS[kind], words))
    return _lines(entry, words)


def _named(record: Mapping[str, Any], parts: tuple[str, ...], words: Words) -> Iterator[str]:
    for part in parts:
        value = record.get(part)
        if value in (None, "", []):
            continue
        for one in value if isinstance(value, list) else [value]:
            first, *more = (_phone(one, words),) if isinstance(one, dict) else _lines(one, words)
            yield f"{words.parts[part]}: {first}"
            yield from more


def _phone(one: Mapping[str, Any], words: Words) -> str:
    kind = words.kinds.get(str(one.get("kind")), words.kinds["other"])
    return f"{kind}: {visible(str(one.get('number') or ''), words)}"


def _lines(value: Any, words: Words) -> tuple[str, ...]:
    text = str(value).replace("\r\n", "\n")
    *lines, last = text[:MOST_SHOWN].split("\n")
    shown = [_written_out(line) for line in lines]
    return (*shown, _written_out(last) + _note(text, words))


def visible(text: str, words: Words) -> str:
    """Give a text on one line: what cannot be seen is written out, what is too long is cut with a note."""
    return _written_out(text[:MOST_SHOWN]) + _note(text, words)


def _note(text: str, words: Words) -> str:
    return f"… ({words.said['cut'].format(count=len(text))})" if len(text) > MOST_SHOWN else ""


def _written_out(text: str) -> str:
    return "".join(f"[U+{ord(one):04X}]" if unicodedata.category(one) in _HIDDEN else one for one in text)
