"""What becomes of a correction: taken in or not, what a person must look at, whether the school shows what was asked.

Three values are compared again and again: the base (what the guardian saw), the present one and the new one.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from mappings.correction_records import Present
from mappings.correction_values import LONGEST_TEXT, exact, kept, loose, normal, parse
from schemas.correction_fields import FIELDS, FieldName, FieldSpec, Policy
from schemas.corrections import IN_REVIEW, Need, Operation, Outcome, Place, closed
from schemas.errors import CorrectionError

OFF, UNKNOWN_FIELD, NOT_ALLOWED, MALFORMED = "field_off", "unknown_field", "not_allowed", "malformed"
EQUAL, SAME_REQUEST, NEWER_REQUEST = "equal", "same_request", "newer_request"


class Standing(StrEnum):
    """What a guardian is to a person whose data should change."""

    SELF = "self"
    CHILD = "child"
    NONE = "none"


class Asked(NamedTuple):
    """One item as it was submitted. Texts are JSON or None."""

    field: FieldName | None
    operation: str
    base_text: str | None
    new_text: str | None


class Rival(NamedTuple):
    """An open item for the same field of the same person."""

    correction: str
    number: int
    requester: str
    new_text: str | None


class Facts(NamedTuple):
    """What is known at submission. `present` None: the portal has no such person."""

    requester: str
    standing: Standing
    policy: Policy
    present: Present | None
    rivals: Sequence[Rival] = ()


class Taken(NamedTuple):
    """What becomes of an item at submission. `older` are the guardian's own items that it replaces."""

    place: Place
    reason: str = ""
    policy: Policy | None = None
    needs: tuple[Need, ...] = ()
    is_secret: bool = False
    base: str | None = None
    new: str | None = None
    older: tuple[Rival, ...] = ()
    against: tuple[Rival, ...] = ()
    message: str = ""


def take_in(asked: Asked, facts: Facts) -> Taken:
    """Judge one item at submission. Nothing of it can be lost: what is not taken is closed with a reason."""
    field = asked.field
    if field is None:
        return _refused(UNKNOWN_FIELD)
    if facts.policy is Policy.OFF:
        return _refused(OFF)
    if facts.standing is Standing.NONE or facts.present is None:
        return _refused(NOT_ALLOWED)
    try:
        new = parse(field, FIELDS[field].kind, asked.new_text)
        base = _base(field, asked.base_text)
        _must_fit(field, asked.operation, base, new, is_hidden=facts.present.is_hidden)
    except CorrectionError as error:
        return _refused(MALFORMED, str(error))
    return _compared(field, facts, facts.present, base, new)


def _base(field: FieldName, text: str | None) -> Any:
    """Give what the guardian saw. The school's own value may have a form that no new one may have."""
    try:
        return parse(field, FIELDS[field].kind, text)
    except CorrectionError:
        pass
    try:
        return json.loads(text[:LONGEST_TEXT]) if text is not None else None
    except (ValueError, RecursionError):
        raise CorrectionError(f"{field}: the base value is no JSON.", fix="Write what was seen, or null.") from None


def _must_fit(field: FieldName, operation: str, base: Any, new: Any, *, is_hidden: bool) -> None:
    """Refuse an operation that contradicts which of old and new is empty."""
    if operation not in set(Operation):
        allowed = ", ".join(Operation)
        raise CorrectionError(f"{field}: there is no such operation.", fix=f"It is one of {allowed}.")
    is_empty = new is None
    if is_empty != (operation == Operation.REMOVE):
        raise CorrectionError(f"{field}: {operation} does not fit the new value.", fix="Only remove has an empty one.")
    if operation == Operation.ADD and base is not None and not is_hidden:
        raise CorrectionError(f"{field}: add does not fit a base value.", fix="Write change, with the value seen.")


def _compared(field: FieldName, facts: Facts, present: Present, base: Any, new: Any) -> Taken:
    is_secret = present.is_hidden
    if not is_secret and exact(new) == exact(present.value):
        return Taken(closed(Outcome.NOOP), EQUAL)
    same = tuple(one for one in facts.rivals if one.new_text is not None and _is_same(one.new_text, new))
    older = tuple(one for one in facts.rivals if one.requester == facts.requester and one not in same)
    against = tuple(one for one in facts.rivals if one.requester != facts.requester and one not in same)
    policy = effective_policy(FIELDS[field], facts.policy, facts.standing)
    needs = [
        need
        for need, is_so in (
            (Need.STALE, not is_secret and exact(base) != exact(present.value)),
            (Need.CONFLICT, bool(against)),
            (Need.SECRET, is_secret),
            (Need.EVIDENCE, policy is Policy.EVIDENCE),
            (Need.TWO_PERSONS, policy is Policy.TWO_PERSONS),
        )
        if is_so
    ]
    base_text = None if is_secret else kept(base)
    place, reason = (closed(Outcome.MERGED), SAME_REQUEST) if same else (IN_REVIEW, "")
    return Taken(place, reason, policy, tuple(needs), is_secret, base_text, kept(new), older, () if same else against)


def _is_same(text: str, value: Any) -> bool:
    return exact(json.loads(text)) == exact(value)


def asks_the_same(one: str | None, other: str | None) -> bool:
    """Tell whether two kept texts ask for the same value."""
    return one is not None and other is not None and _is_same(one, json.loads(other))


def _refused(reason: str, message: str = "") -> Taken:
    return Taken(closed(Outcome.REFUSED), reason, message=message)


def effective_policy(spec: FieldSpec, policy: Policy, standing: Standing) -> Policy:
    """Give the policy that holds: automatic is only for a guardian's own phone or mail, else it is a request."""
    is_own_contact = spec.may_be_automatic and standing is Standing.SELF
    return Policy.REQUEST if policy is Policy.AUTOMATIC and not is_own_contact else policy


class Look(StrEnum):
    """What a comparison says before a delivery or a decision."""

    GO = "go"
    STALE = "stale"
    THERE = "there"


def compare(base_text: str | None, present_value: Any, new_text: str) -> Look:
    """Compare base, present and new once more."""
    if shows(new_text, present_value):
        return Look.THERE
    return Look.GO if base_text is not None and _is_same(base_text, present_value) else Look.STALE


def compare_digests(base_digest: str | None, present_digest: str, wanted_digest: str) -> Look:
    """Compare what may not be kept, by its keyed hashes; without a base there is nothing that moved."""
    if hmac.compare_digest(present_digest, wanted_digest):
        return Look.THERE
    return Look.GO if base_digest is None or hmac.compare_digest(base_digest, present_digest) else Look.STALE


def shows(wanted_text: str, present_value: Any) -> bool:
    """Tell whether the school's present value is what was wanted, as a person would read it.

    Of a single text every letter counts: its case may be the very thing that was corrected.
    """
    wanted = json.loads(wanted_text)
    if wanted is None or present_value is None or isinstance(wanted, str):
        return bool(wanted == present_value)
    return loose(wanted) == loose(present_value)


def key_of(school: str, correction: str, number: int, round_: int) -> str:
    """Give the key of an item at the school: the same for every attempt, another once it begins anew."""
    return sha256(f"{school}\0{correction}\0{number}\0{round_}".encode()).hexdigest()[:40]


def digest_of(key: bytes, field: FieldName, value: Any) -> str:
    """Give the keyed hash of a value that may not be kept."""
    return hmac.digest(key, f"correction\0{field}\0{loose(value)}".encode(), "sha256").hex()


def reread(text: str) -> Any:
    """Give the value of a text that was kept."""
    return json.loads(text)


def final_of(field: FieldName, value: Any) -> str:
    """Write what the school accepted instead; raises CorrectionError when it has the wrong form."""
    return kept(normal(field, FIELDS[field].kind, value))
