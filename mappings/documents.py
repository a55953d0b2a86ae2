"""Whether a document may be kept: judged before it is asked for, and again by what came."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from schemas.documents import Announced, Fetched, Reason

PDF = "application/pdf"
_MARKS = {PDF: b"%PDF-"}
_MARK_WITHIN = 1024


class Rules(NamedTuple):
    """What the settings allow: at most so many bytes, of these types."""

    most_bytes: int = 20_000_000
    content_types: frozenset[str] = frozenset({PDF})


class Refusal(NamedTuple):
    """Why a document is not kept. `is_settled` when only another digest can change the answer."""

    reason: Reason
    is_settled: bool


def refuse_unasked(document: Announced, rules: Rules) -> Refusal | None:
    """Refuse by what the row announces; None when it is worth asking for."""
    if document.size > rules.most_bytes:
        return Refusal(Reason.TOO_LARGE, is_settled=True)
    if kind_of(document) not in rules.content_types:
        return Refusal(Reason.WRONG_TYPE, is_settled=True)
    return None


def refuse(document: Announced, came: Fetched) -> Refusal | None:
    """Refuse what came unless it is the very file that was announced, of the type that was announced.

    Bytes that are not the announced ones say nothing about those: then the answer may be another the next time.
    """
    is_same = hashlib.sha256(came.content).hexdigest() == document.sha256
    kind = kind_of(document)
    if came.content_type != kind:
        return Refusal(Reason.WRONG_TYPE, is_settled=is_same)
    if _MARKS.get(kind, b"") not in came.content[:_MARK_WITHIN]:
        return Refusal(Reason.WRONG_CONTENT, is_settled=is_same)
    return None if is_same else Refusal(Reason.WRONG_HASH, is_settled=False)


def unavailable(reason: str) -> Refusal:
    """Give the refusal of a document the source would not hand out."""
    return Refusal(Reason(reason), is_settled=reason == Reason.TOO_LARGE)


def kind_of(document: Announced) -> str:
    """Give the announced type without its parameters."""
    return document.content_type.partition(";")[0].strip().lower()
