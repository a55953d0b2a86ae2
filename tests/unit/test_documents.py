"""Whether a document may be kept: by what is announced, and by what came."""

from __future__ import annotations

import hashlib

import pytest

from mappings.documents import Refusal, Rules, refuse, refuse_unasked, unavailable
from schemas.documents import Announced, Fetched, Reason

PDF = "application/pdf"
BODY = b"%PDF-1.7 rapport"


def announced(body: bytes = BODY, content_type: str = PDF, size: int | None = None) -> Announced:
    return Announced("doc-1", hashlib.sha256(body).hexdigest(), content_type, len(body) if size is None else size)


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        (announced(), None),
        (announced(content_type="Application/PDF; version=1"), None),
        (announced(size=1000), None),
        (announced(size=1001), Refusal(Reason.TOO_LARGE, is_settled=True)),
        (announced(content_type="text/html"), Refusal(Reason.WRONG_TYPE, is_settled=True)),
        (announced(content_type=""), Refusal(Reason.WRONG_TYPE, is_settled=True)),
    ],
)
def test_what_is_announced_can_be_enough_to_refuse(document: Announced, refusal: Refusal | None) -> None:
    """A size above the bound and a type that is not allowed need no request; the very bound passes."""
    assert refuse_unasked(document, Rules(most_bytes=1000)) == refusal


@pytest.mark.parametrize(
    ("came", "reason"),
    [
        (Fetched(BODY, PDF), None),
        (Fetched(BODY, "application/octet-stream"), Reason.WRONG_TYPE),
        (Fetched(b"<html>", "text/html"), Reason.WRONG_TYPE),
        (Fetched(b"<html>", PDF), Reason.WRONG_CONTENT),
        (Fetched(b"", PDF), Reason.WRONG_CONTENT),
        (Fetched(BODY + b" ander", PDF), Reason.WRONG_HASH),
        (Fetched(BODY[:-1], PDF), Reason.WRONG_HASH),
    ],
)
def test_only_the_announced_file_is_kept(came: Fetched, reason: Reason | None) -> None:
    """Another type, no PDF inside, and other bytes are each refused; only the very bytes settle anything."""
    refusal = refuse(announced(), came)
    assert refusal == (None if reason is None else Refusal(reason, is_settled=came.content == BODY))


def test_a_pdf_may_begin_a_little_later() -> None:
    """Readers find the mark in the first kilobyte (as Acrobat does); later it is no PDF."""
    for before, is_kept in ((0, True), (1000, True), (1024, False)):
        body = b" " * before + BODY
        assert (refuse(announced(body), Fetched(body, PDF)) is None) is is_kept


def test_other_types_are_judged_by_their_digest() -> None:
    """A type that is no PDF has no mark to look for."""
    document = announced(b"GIF89a", "image/gif")
    assert refuse_unasked(document, Rules(content_types=frozenset({"image/gif"}))) is None
    assert refuse(document, Fetched(b"GIF89a", "image/gif")) is None


def test_only_too_large_is_settled_without_the_bytes() -> None:
    """What the source would not hand out may be there tomorrow; what is too large stays so until it changes."""
    assert [unavailable(reason).is_settled for reason in (Reason.NOT_FOUND, Reason.DENIED)] == [False, False]
    assert unavailable(Reason.TOO_LARGE).is_settled
