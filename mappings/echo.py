"""Whether what differs in a row is only what a guardian asked for: then it is nobody's news."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from mappings.correction_records import Present, of_rows
from mappings.correction_values import kept
from mappings.corrections import digest_of, final_of, shows
from schemas.correction_fields import ADDRESS_PARTS, FIELDS, FieldName, FieldSpec, Kind, named
from schemas.corrections import Decision, Item, Motive, Verdict
from schemas.errors import CorrectionError
from schemas.streams import Stream

Row = Mapping[str, Any]
HOLDING = frozenset(spec.held_in for spec in FIELDS.values())
"""The streams whose rows hold what may be asked for."""
PERSONS = frozenset(field.stream for field in FIELDS)
"""Those whose row is the person; in the others a person has a list of rows."""

_HOME = frozenset({*ADDRESS_PARTS, "address_id", "is_address_confidential", "home_digest", "home_suffix_digest"})
_NAME_PARTS = frozenset({"first_names", "initials", "call_name", "name_prefix", "last_name"})
_WHOLE_NAMES = frozenset({"display_name", "sort_name"})
_NOTHING: frozenset[str] = frozenset()


class Wish(NamedTuple):
    """What one correction asked for: any of `texts`, or what has this keyed hash where the value is not kept.

    `confirmed_at` is None as long as it lies at the school, since `sent_at`. `is_for_all`: for all who live there.
    """

    field: FieldName
    texts: tuple[str, ...]
    digest: str | None
    sent_at: datetime
    confirmed_at: datetime | None
    is_for_all: bool = False


Wishes = Mapping[Stream, Mapping[str, Sequence[Wish]]]
"""The wishes of one school, by the stream whose rows hold them and the person."""


def wish_of(item: Item, decision: Decision | None) -> Wish | None:
    """Give what an item at the school, or lately confirmed, asked for, or what the school accepted instead.

    None for a field that there is not, and for what the school has refused.
    """
    field = named(item.stream, item.field)
    if field is None or (decision is not None and decision.verdict in {Verdict.REFUSED, Verdict.WITHDRAWN}):
        return None
    final = _final_text(field, decision.final) if decision is not None and decision.is_edited else item.final_text
    texts = tuple(text for text in (item.new_text, final) if text is not None)
    sent_at = item.delivered_at or item.sending_at or item.decided_at or item.submitted_at
    is_for_all = FIELDS[field].kind is Kind.ADDRESS and item.motive == Motive.ERROR.value
    digest = item.wanted_digest if item.is_secret else None
    return Wish(field, texts, digest, sent_at, item.confirmed_at, is_for_all)


def _final_text(field: FieldName, value: Any) -> str:
    try:
        return final_of(field, value)
    except CorrectionError:  # a form of its own is still what the school will show
        return kept(value)


def is_echo(old: Row, new: Row, wishes: Iterable[Wish], key: bytes) -> bool:
    """Tell whether all that differs in the row of a person was asked for. `old` has its `changed_at` with it."""
    differs = _differing(old, new)
    asked = _NOTHING.union(*(_brought(old, new, wish, key) for wish in wishes))
    if differs & asked & _NAME_PARTS:
        asked |= _WHOLE_NAMES
    return bool(differs) and differs <= asked


def entry_echoes(
    before: Mapping[str, Row], after: Mapping[str, Row], written: Collection[str], wishes: Iterable[Wish]
) -> frozenset[str]:
    """Give the written entries of a pupil's list that are no news: the list becomes the one that was asked for.

    `before` and `after` are all rows of the pupil by id. Whatever else of an entry differs is news all the same. A
    list that was confirmed has been seen here whole, so what comes after that was not asked for.
    """
    found: set[str] = set()
    for wish in wishes:
        spec = FIELDS[wish.field]
        whole = {one: row for one, row in after.items() if spec.medical_kind in {None, row.get("kind")}}
        if wish.confirmed_at is None and _is_asked(wish, of_rows(wish.field, list(whole.values())), b""):
            found.update(one for one in written if one in whole and _is_as_asked(before.get(one), whole[one], spec))
    return frozenset(found)


def _brought(old: Row, new: Row, wish: Wish, key: bytes) -> frozenset[str]:
    """Give the columns that may differ because this wish came true with the new row."""
    was, becomes = of_rows(wish.field, [old]), of_rows(wish.field, [new])
    if was.is_hidden and becomes.is_hidden:
        # Which address it is cannot be seen here; only that the row has not been altered since we asked.
        is_first = wish.confirmed_at is None or old["changed_at"] <= wish.sent_at
        return _HOME if wish.digest is not None and is_first else _NOTHING
    if becomes.is_hidden or not _is_asked(wish, becomes, key):
        return _NOTHING
    if wish.confirmed_at is not None and (old["changed_at"] > wish.confirmed_at or _is_asked(wish, was, key)):
        return _NOTHING
    return _HOME if FIELDS[wish.field].kind is Kind.ADDRESS else frozenset(FIELDS[wish.field].columns)


def _is_asked(wish: Wish, present: Present, key: bytes) -> bool:
    if any(shows(text, present.value) for text in wish.texts):
        return True
    return wish.digest is not None and digest_of(key, wish.field, present.value) == wish.digest


def _is_as_asked(old: Row | None, new: Row, spec: FieldSpec) -> bool:
    """Tell whether nothing differs in an entry but what can be asked for, and its place in the list."""
    free = {*spec.columns, "contact_order"}
    if old is None:
        return all(value is None for name, value in new.items() if name not in {*free, "pupil_id", "kind"})
    return _differing(old, new) <= free


def _differing(old: Row, new: Row) -> frozenset[str]:
    return frozenset(name for name, value in new.items() if value != old[name])
