"""How corrections look: a list without values, items with their three values and their life, or plain data.

What guardians wrote is shown inert: whatever could steer a terminal is written as its code. Of a secret or medical
item nothing of a value is given unless `is_open` says that somebody asked for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from jobs.cli import render
from jobs.review_corrections import Docket, Seen, waits_since
from schemas.corrections import Item, Need
from schemas.ids import SchoolId

NEEDS = {
    Need.STALE: "the value at school is not what the parent saw",
    Need.CONFLICT: "another parent asks for something else",
    Need.SECRET: "the portal may not hold the present value",
    Need.EVIDENCE: "proof is wanted: look at the documents",
    Need.TWO_PERSONS: "two persons must accept it",
    Need.LOST: "the school's system has it no more: send it again with `retry`",
}
"""What a person must look at, by why an item waits for one."""

_HEADINGS = ("ref", "item", "person", "field", "state", "a person must look at", "age", "channel")
_HIDDEN = "(hidden: --sensitive)"
_NOT_HELD = "(the portal may not hold it)"
_NOT_KEPT = "(not kept any more)"
_EMPTY = "(empty)"
_LONGEST_WORD = 60


def inert(text: str) -> str:
    """Write every character that a terminal could obey, or that hides, as its code."""
    return "".join(mark if mark.isprintable() else f"\\u{ord(mark):04x}" for mark in text)


def show_list(found: Sequence[Seen], now: datetime, notes: Sequence[str]) -> None:
    """Print one line an item, without any value, and what is not in the list."""
    if found:
        rows = [_row(seen, now) for seen in found]
        render.table(_HEADINGS, rows, left=(0, 2, 3, 4, 5, 7))
    else:
        render.out("No corrections.")
    render.out(*notes)


def _row(seen: Seen, now: datetime) -> tuple[Any, ...]:
    item = seen.item
    return (
        inert(seen.reference),
        item.number,
        _short(seen.name or item.record_id),
        _short(f"{item.stream}.{item.field}"),
        str(item.place),
        _looks(seen),
        render.age(item.submitted_at, now),
        item.channel or "",
    )


def _looks(seen: Seen) -> str:
    if not seen.needs_person:
        return ""
    return ", ".join(seen.item.needs.split()) or ("retry" if seen.item.outcome else "yes")


def _short(text: str) -> str:
    plain = inert(text)
    return plain if len(plain) <= _LONGEST_WORD else f"{plain[: _LONGEST_WORD - 1]}…"


def list_data(school: SchoolId, found: Sequence[Seen], hidden: int, now: datetime) -> dict[str, Any]:
    """Give the list as plain data, without any value."""
    return {"school": school, "now": now, "hidden_sensitive": hidden, "items": [_head(seen) for seen in found]}


def _head(seen: Seen) -> dict[str, Any]:
    item = seen.item
    return {
        "correction": item.correction,
        "reference": seen.reference,
        "number": item.number,
        "stream": item.stream,
        "record": item.record_id,
        "name": seen.name,
        "field": item.field,
        "requester": item.requester,
        "requester_name": seen.requester,
        "state": item.state,
        "outcome": item.outcome,
        "reason": item.reason,
        "needs_person": seen.needs_person,
        "needs": item.needs.split(),
        "is_sensitive": seen.is_sensitive,
        "is_secret": item.is_secret,
        "submitted_at": item.submitted_at,
        "waits_since": waits_since(item),
        "channel": item.channel,
    }


def show_overdue(school: SchoolId, found: Sequence[Seen], now: datetime) -> None:
    """Print what has waited too long, the longest first."""
    rows = [
        (school, *_row(seen, now)[:6], render.age(waits_since(seen.item), now), seen.item.channel or "")
        for seen in found
    ]
    render.table(("school", *_HEADINGS[:6], "waits", "channel"), rows, left=(0, 1, 3, 4, 5, 6, 8))


def show_whole(dockets: Sequence[Docket], *, is_open: bool) -> None:
    """Print a correction: who asked, each item's values, and its life line by line."""
    _print_head(dockets[0], is_open=is_open)
    for docket in dockets:
        render.out("")
        _print_item(docket, is_open=is_open)
        render.out("  life:")
        for move in docket.moves:
            by = f"{inert(move.actor)} ({move.role})"
            why = f": {inert(move.reason)}" if move.reason else ""
            step = move.to_place if move.from_place == move.to_place else f"{move.from_place} -> {move.to_place}"
            render.out(f"    {render.moment(move.moved_at)}  {step}  by {by}{why}")
        if not docket.moves:
            render.out("    not taken in yet: the next sync does it")


def show_review(dockets: Sequence[Docket], notes: Sequence[str], *, is_open: bool) -> None:
    """Print what waits for a person, correction by correction."""
    before = None
    for docket in dockets:
        if docket.seen.item.correction != before:
            _print_head(docket, is_open=is_open)
        before = docket.seen.item.correction
        _print_item(docket, is_open=is_open)
        for need in docket.seen.item.needed:
            render.out(f"  look: {NEEDS[need]}")
        render.out("")
    if not dockets:
        render.out("Nothing waits for a person.")
    render.out(*notes)


def _print_head(docket: Docket, *, is_open: bool) -> None:
    seen = docket.seen
    item = seen.item
    asked_by = f"{inert(seen.requester)} ({inert(item.requester)})" if seen.requester else inert(item.requester)
    from_on = f", from {item.effective_on.isoformat()}" if item.effective_on else ""
    render.out(
        f"Correction {inert(item.correction)}",
        f"asked by {asked_by} on {render.moment(item.submitted_at)}, because of: {item.motive}{from_on}",
    )
    if docket.is_evidence_sensitive and not is_open:
        render.out(*([f"documents: {len(docket.evidence)} {_HIDDEN}"] if docket.evidence else []))
        return
    for one in docket.evidence:
        name, kind = _short(str(one["file_name"])), _short(str(one["content_type"]))
        render.out(f"document {one['number']}: {name} ({kind}, {len(one['content'])} bytes)")


def _print_item(docket: Docket, *, is_open: bool) -> None:
    item, seen = docket.seen.item, docket.seen
    who = f"{inert(seen.name)} ({inert(item.record_id)})" if seen.name else inert(item.record_id)
    marks = "".join(
        f", {word}" for word, is_so in (("secret", item.is_secret), ("medical", seen.is_sensitive)) if is_so
    )
    render.out(f"item {item.number}: {_short(f'{item.stream}.{item.field}')} of {who}: {item.place}{marks}")
    for name, text in values(docket, is_open=is_open).items():
        render.out(*render.wrapped(f"  {name:<18} {text}"))
    for rival in docket.rivals:
        wish = _said(rival.item.new_text) if _may_show(docket, is_open=is_open) else _HIDDEN
        who_else = inert(rival.requester or rival.item.requester)
        render.out(*render.wrapped(f"  against it         {inert(rival.reference)} item {rival.item.number}: {wish}"))
        render.out(f"                     asked by {who_else}")
    for what, words in (
        ("reason", item.reason),
        ("to the parent", item.note_parent),
        ("accepted first by", item.first_accepted_by),
        ("what is wrong", item.error),
    ):
        if words:
            render.out(*render.wrapped(f"  {what:<18} {inert(words)}"))


def _may_show(docket: Docket, *, is_open: bool) -> bool:
    hides = docket.seen.is_sensitive or docket.seen.item.is_secret
    is_hidden_now = docket.present is not None and docket.present.is_hidden
    return is_open or not (hides or is_hidden_now)


def values(docket: Docket, *, is_open: bool) -> dict[str, str]:
    """Give the values side by side, as a person reads them: what was seen, what is, what was asked, what was taken."""
    item = docket.seen.item
    if not _may_show(docket, is_open=is_open):
        shown = dict.fromkeys(("the parent saw", "at school now", "asked"), _HIDDEN)
        return shown | ({"accepted": _HIDDEN} if item.final_text is not None else {})
    is_purged = item.is_secret and item.new_value is None and item.new_text is None
    base, asked = _said(item.base_text or item.base_value), _said(item.new_text or item.new_value)
    now = "(the person is not in the portal)" if docket.present is None else _read(docket.present.value)
    if docket.present is not None and docket.present.is_hidden:
        now = _NOT_HELD
    told = {
        "the parent saw": _NOT_KEPT if is_purged else base,
        "at school now": now,
        "asked": _NOT_KEPT if is_purged else asked,
    }
    return told | ({} if item.final_text is None else {"accepted": _said(item.final_text)})


def _said(text: str | None) -> str:
    if text is None:
        return _EMPTY
    try:
        return _read(json.loads(text))
    except (ValueError, RecursionError):
        return inert(text)


def _read(value: Any) -> str:
    if value is None or value == []:
        return _EMPTY
    if isinstance(value, list):
        return " | ".join(_read(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{inert(str(name))} {_read(one)}" for name, one in value.items() if one not in (None, []))
    return inert(str(value))


def docket_data(docket: Docket, *, is_open: bool, with_life: bool) -> dict[str, Any]:
    """Give one item as plain data, with its values as JSON where they may be shown."""
    item, may_show = docket.seen.item, _may_show(docket, is_open=is_open)
    present = docket.present
    shown = _values_data(item, None if present is None or present.is_hidden else present.value) if may_show else None
    told: dict[str, Any] = {
        **_head(docket.seen),
        "motive": item.motive,
        "effective_on": item.effective_on,
        "values": shown,
        "is_present_hidden": present is None or present.is_hidden,
        "note_parent": item.note_parent,
        "error": item.error,
        "first_accepted_by": item.first_accepted_by,
        "against": [
            {**_head(rival), "asked": _plain(rival.item.new_text) if may_show else None} for rival in docket.rivals
        ],
        "evidence": [
            {name: one[name] for name in ("number", "file_name", "content_type")} | {"bytes": len(one["content"])}
            for one in (docket.evidence if is_open or not docket.is_evidence_sensitive else ())
        ],
    }
    return told | ({"life": [move._asdict() for move in docket.moves]} if with_life else {})


def _values_data(item: Item, present: Any) -> dict[str, Any]:
    return {
        "base": _plain(item.base_text or item.base_value),
        "now": present,
        "asked": _plain(item.new_text or item.new_value),
        "accepted": _plain(item.final_text),
    }


def _plain(text: str | None) -> Any:
    """Give the value of a JSON text; what is none stays text."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def notes(hidden: int, ended: int = 0) -> Iterator[str]:
    """Say what is not shown."""
    if hidden:
        yield f"{hidden} medical {'item' if hidden == 1 else 'items'}: --sensitive"
    if ended:
        yield f"{ended} that ended: --state confirmed --state closed"
