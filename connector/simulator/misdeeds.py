"""Carries the faults out: instead of an answer, to a page before it is sent, or to an answer's bytes."""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from connector.simulator.draft import Record
from connector.simulator.faults import DOCUMENT_KINDS, Fault, Question
from connector.simulator.pages import Page, Wanted
from connector.simulator.replies import JSON, Answer, Headers, problem
from connector.simulator.shelf import as_json
from connector.simulator.world import World

HTML = b"<!DOCTYPE html><html><body><h1>Onderhoud</h1><p>We zijn zo terug.</p></body></html>"
MEGABYTE = 2**20
# Fields in which a doubled record may say something else, and still be a record.
TELLING = (
    "call_name",
    "text",
    "goals",
    "body",
    "name",
    "title",
    "last_name",
    "test_name",
    "test",
    "description",
    "subject",
    "internal_remark",
)
GZIP = 31  # zlib's window bits for the gzip format


def instead(fault: Fault, question: Question) -> Answer | None:
    """Return what comes instead of any answer, or None when the request is answered first."""
    retry: Headers = () if fault.retry_after is None else (("Retry-After", str(fault.retry_after)),)
    match fault.kind:
        case "rate_limit_storm":
            return problem(429, "rate-limited", "Too many requests.", retry)
        case "server_error":
            return problem(500, "server-error", "Something broke.")
        case "unavailable":
            return problem(503, "unavailable", "Closed for a moment.", retry)
        case "reset":
            return Answer(0, action="reset")
        case "html_200":
            return Answer(200, (("Content-Type", "text/html; charset=utf-8"),), HTML)
        case "empty_body":
            return Answer(200, JSON)
        case "redirect":
            return Answer(302, (("Location", fault.location),))
        case "expired_token":
            challenge = (("WWW-Authenticate", 'Bearer error="invalid_token"'),)
            return problem(401, "token-expired", "The token has expired; ask for a new one.", challenge)
        case "gzip_bomb":
            return Answer(200, (*JSON, ("Content-Encoding", "gzip")), _bomb(fault.megabytes))
        case "cursor_expired" if question.stream is not None:
            return problem(410, "cursor-expired", "This cursor is too old; start anew.")
        case "page_expired":
            return problem(410, "page-expired", "This page is too old; start anew.")
        case "document_gone":
            return problem(404, "unknown-document", "No such document.")
    return None


def says_expired(fault: Fault | None, stream: str) -> bool:
    """Whether a changes call must call this stream's cursor expired."""
    return fault is not None and fault.kind == "cursor_expired" and fault.stream in (None, stream)


def school_served(world: World, asked: str, fault: Fault | None) -> str:
    """Return the school whose data is served: the one asked for, unless the fault mixes them up."""
    if fault is None or fault.kind != "other_school":
        return asked
    return fault.other or next((code for code in world.schools if code != asked), asked)


def wanted(request: Wanted, fault: Fault | None) -> Wanted:
    """Return the request as the server understands it."""
    match None if fault is None else fault.kind:
        case "shifting_page":
            return replace(request, skip=1)
        case "capped_page" if fault is not None:
            return replace(request, keep=fault.keep)
    return request


def tamper(page: Page, fault: Fault | None) -> Page:
    """Return the page as it leaves the server."""
    change = None if fault is None else TAMPERINGS.get(fault.kind)
    return page if fault is None or change is None else change(page, fault)


def spoil(answer: Answer, fault: Fault) -> Answer:
    """Return the answer with its bytes damaged on the way."""
    match fault.kind:
        case "half_page":
            half = answer.body[: len(answer.body) // 2]
            return replace(answer, body=half, action="cut", full_length=None if fault.undeclared else len(answer.body))
        case "wrong_json":
            return replace(answer, body=answer.body[:-1] + b",]", headers=JSON)
        case "slow_drip":
            return replace(answer, action="drip", chunk=fault.chunk, pause_seconds=fault.seconds)
    return _spoil_document(answer, fault) if fault.kind in DOCUMENT_KINDS and answer.status == 200 else answer


def _spoil_document(answer: Answer, fault: Fault) -> Answer:
    match fault.kind:
        case "document_html":
            return replace(answer, headers=(("Content-Type", fault.content_type),), body=HTML)
        case "document_altered":
            return replace(answer, body=answer.body.replace(b"/Helvetica", b"/Courier  "))
        case "document_huge":
            block = answer.body.ljust(MEGABYTE, b"%")
            length = None if fault.undeclared else MEGABYTE * fault.megabytes
            return replace(answer, body=block, action="flood", times=fault.megabytes, full_length=length)
    return answer


def _wrong_types(page: Page, fault: Fault) -> Page:
    def wrong(record: Record) -> Record:
        names = [fault.field] if fault.field else [name for name in record if name != "id"]
        return {**record, **{name: _wrong(record.get(name)) for name in names}}

    return _with_first(page, lambda record: [wrong(record)])


def _missing_key(page: Page, _fault: Fault) -> Page:
    return _with_first(page, lambda record: [{name: record[name] for name in record if name != "id"}])


def _duplicate_ids(page: Page, fault: Fault) -> Page:
    def twice(record: Record) -> list[Record]:
        text = fault.field or _telling(record)
        return [record, {**record, text: f"{record[text]} (2)"} if fault.different else record]

    return _with_first(page, twice)


def _miscount(page: Page, fault: Fault) -> Page:
    return page if page.count is None else replace(page, count=max(0, page.count + fault.by))


def _wrong_size(page: Page, fault: Fault) -> Page:
    records = [json.loads(record) for record in page.records]
    announcing = next((record for record in records if isinstance(record.get("document"), dict)), None)
    if announcing is None:
        return page
    announcing["document"]["size"] += fault.by
    return replace(page, records=[as_json(record) for record in records])


def _foreign_next(page: Page, fault: Fault) -> Page:
    return replace(page, next=fault.location, cursor=None)


TAMPERINGS: Mapping[str, Callable[[Page, Fault], Page]] = {
    "wrong_types": _wrong_types,
    "missing_key": _missing_key,
    "duplicate_ids": _duplicate_ids,
    "miscount": _miscount,
    "foreign_next": _foreign_next,
    "wrong_size": _wrong_size,
}


def _with_first(page: Page, change: Callable[[Record], list[Record]]) -> Page:
    if not page.records:
        return page
    changed = [as_json(record) for record in change(json.loads(page.records[0]))]
    return replace(page, records=[*changed, *page.records[1:]])


def _wrong(value: Any) -> Any:
    match value:
        case bool():
            return "yes"
        case str():
            return 7
        case int():
            return "seven"
        case list():
            return {}
        case _:
            return [value]


def _telling(record: Record) -> str:
    for name in TELLING:
        if isinstance(record.get(name), str):
            return name
    return "changed_at"


@lru_cache(maxsize=2)
def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, GZIP)
    blank = b" " * MEGABYTE
    return b"".join([*(packer.compress(blank) for _ in range(megabytes)), packer.flush()])
