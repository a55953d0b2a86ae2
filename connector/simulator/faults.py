"""Misbehaviour on request: what may go wrong between a client and a SIS, one named fault at a time.

kind                what the client meets (fields that shape it)
latency             the right answer, `seconds` late; joins with one other fault
rate_limit_storm    429 with Retry-After `retry_after` (None leaves the header out)
server_error        500 problem
unavailable         503 problem, Retry-After when `retry_after` is given
reset               the connection is reset before a byte of the answer
half_page           the body stops halfway: below its Content-Length, or with `undeclared` without any length
html_200            a maintenance page in HTML with status 200
wrong_json          application/json that does not parse
empty_body          200 with no body
gzip_bomb           a small body that unpacks to `megabytes` of white space
slow_drip           the body in pieces of `chunk` bytes, `seconds` apart
redirect            302 to `location`
expired_token       401 token-expired, and the presented token is worthless from now on
cursor_expired      410 on a cursor; a changes call says that every asked stream (or `stream`) has expired
page_expired        410 on a page token
other_school        the answer of another school (`other`, or the next one) to the question about this one
wrong_types         one record has a wrong type in `field`, or in every field but id
missing_key         one record has no id
duplicate_ids       one record comes twice; with `different` the second says something else
shifting_page       a record is lost between this page and the next
capped_page         a full enumeration silently ends after `keep` records, with next null and the true count
miscount            count is off by `by`
foreign_next        next points to `location`
wrong_size          the first document that a page announces has a size that is off by `by`
document_gone       404 unknown-document
document_html       an HTML page with status 200, which says that it is `content_type`
document_altered    another file than the one announced, of the same size and still a PDF
document_huge       a PDF of `megabytes`, sent in pieces; with `undeclared` its length is not told
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any, Final

PAGE_KINDS: Final = frozenset(
    {
        "page_expired",
        "wrong_types",
        "missing_key",
        "duplicate_ids",
        "shifting_page",
        "capped_page",
        "miscount",
        "foreign_next",
        "wrong_size",
    }
)
DOCUMENT_KINDS: Final = frozenset({"document_gone", "document_html", "document_altered", "document_huge"})
KINDS: Final = (
    PAGE_KINDS
    | DOCUMENT_KINDS
    | {
        "latency",
        "rate_limit_storm",
        "server_error",
        "unavailable",
        "reset",
        "half_page",
        "html_200",
        "wrong_json",
        "empty_body",
        "gzip_bomb",
        "slow_drip",
        "redirect",
        "expired_token",
        "cursor_expired",
        "other_school",
    }
)
ELSEWHERE: Final = "https://elders.example.nl/v1/stolen"


@dataclass(frozen=True)
class Question:
    """What a fault is matched against; stream, school and document are None where the request names none."""

    method: str
    path: str
    query: str
    school: str | None = None
    stream: str | None = None
    document: str | None = None


@dataclass
class Fault:
    """One kind of misbehaviour, for `times` matching requests (None: for ever) after letting `after` pass.

    `processed` lets the request be carried out first, so that only its answer is lost; latency, half_page, wrong_json
    and slow_drip always do. `method` is that of the requests it meets.

    A fault meets requests under /v1/ only, unless `path` (a pattern as of fnmatch) says otherwise; kinds that
    alter a page meet page requests only, those of documents meet document requests only. `query` must occur in
    the query, for example "page=". Raises ValueError for an unknown kind.
    """

    kind: str
    times: int | None = 1
    stream: str | None = None
    path: str | None = None
    school: str | None = None
    query: str | None = None
    after: int = 0
    seconds: float = 0.5
    retry_after: int | str | None = 1
    undeclared: bool = False
    megabytes: int = 200
    chunk: int = 16
    location: str = ELSEWHERE
    other: str | None = None
    field: str | None = None
    different: bool = False
    keep: int = 1
    by: int = 1
    method: str | None = None
    processed: bool = False
    content_type: str = "text/html; charset=utf-8"

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist."""
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault kind {self.kind!r}; known are {', '.join(sorted(KINDS))}")

    def meets(self, question: Question) -> bool:
        """Whether this fault is about such a request."""
        return (
            fnmatchcase(question.path, self.path or "/v1/*")
            and self.method in (None, question.method)
            and self._meets_stream(question)
            and (self.school is None or question.school == self.school)
            and (self.query is None or self.query in question.query)
        )

    def _meets_stream(self, question: Question) -> bool:
        if self.kind in DOCUMENT_KINDS:
            return question.document is not None
        if self.kind == "cursor_expired":
            if question.path.endswith("/changes"):
                return True
            if "cursor=" not in question.query:
                return False
        if self.kind == "page_expired" and "page=" not in question.query:
            return False
        if self.stream is not None:
            return question.stream == self.stream
        return question.stream is not None or self.kind not in PAGE_KINDS

    @classmethod
    def from_fields(cls, given: dict[str, Any]) -> "Fault":
        """Make a fault from JSON; raises ValueError for an unknown or missing field."""
        unknown = given.keys() - {one.name for one in fields(cls)}
        if unknown or "kind" not in given:
            raise ValueError(f"a fault needs `kind` and knows no {', '.join(sorted(unknown)) or 'other field'}")
        return cls(**given)


@dataclass
class Faults:
    """The faults that wait, in order; one request takes at most one, and any latency besides."""

    waiting: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault | str, **shape: Any) -> Fault:
        """Let a fault wait for its request; a kind with fields will do. Returns it."""
        added = Fault(fault, **shape) if isinstance(fault, str) else fault
        with self.lock:
            self.waiting.append(added)
        return added

    def clear(self) -> None:
        """Behave well from now on."""
        with self.lock:
            self.waiting.clear()

    def take(self, question: Question) -> list[Fault]:
        """Return the faults for this request, using them up."""
        taken: list[Fault] = []
        with self.lock:
            for fault in [one for one in self.waiting if one.meets(question)]:
                if fault.after > 0:
                    fault.after -= 1
                elif fault.kind == "latency" or all(one.kind == "latency" for one in taken):
                    taken.append(fault)
            for fault in taken:
                self._use(fault)
        return taken

    def _use(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.waiting = _without(self.waiting, fault)


def _without(faults: Iterable[Fault], gone: Fault) -> list[Fault]:
    return [one for one in faults if one is not gone]
