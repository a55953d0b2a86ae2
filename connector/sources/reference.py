"""The reference dialect: JSON pages over HTTP, as docs/reference/sis-openapi.yaml has it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, urljoin

from pydantic import TypeAdapter, ValidationError

from connector.http import Http
from schemas.corrections import ChangeRequest, Decision, Verdict
from schemas.documents import Fetched, Reason
from schemas.errors import (
    CorrectionRefused,
    DocumentRejected,
    OutcomeUnknown,
    StreamRefused,
    TransientError,
    WrongSchool,
)
from schemas.ids import SchoolId, SourceKey
from schemas.sources.reference.corrections import ANSWER, STANDINGS, WireStanding, change_request
from schemas.sources.reference.pages import CHANGES, SCHOOL, Records, WireEnvelope, read_envelope
from schemas.streams import (
    DAY_COLUMNS,
    Capabilities,
    Changes,
    Cursor,
    Description,
    Mode,
    Page,
    Period,
    Pull,
    Rejection,
    Scope,
    Stream,
)

MOST_KEYS = 200
MOST_KEY_CHARACTERS = 4000
MOST_PAGES = 100_000
_CHANGE_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_CHANGE_REQUESTS = "change_requests"

_Answer = TypeVar("_Answer")

_CAPABILITIES = Capabilities(
    bundles=tuple((stream,) for stream in Stream),
    is_incremental=True,
    says_what_changed=True,
    fetches_by_key=True,
    dated=frozenset(DAY_COLUMNS),
)


class ReferenceSource:
    """A SIS that speaks the reference contract. Safe to use from several threads."""

    def __init__(self, http: Http) -> None:
        self._http = http

    @property
    def dialect(self) -> str:
        """Give "reference"."""
        return "reference"

    @property
    def capabilities(self) -> Capabilities:
        """Every stream on its own; incremental, says what changed, fetches by key."""
        return _CAPABILITIES

    def describe(self, school: SchoolId) -> Description:
        """Give name and streams of the school; no person is asked for."""
        answer = _read(SCHOOL, self._http.get(_path(school)), "the school")
        _must_be(school, answer.school)
        return Description(school, answer.name, _known(answer.streams))

    def changed(self, school: SchoolId, cursors: Mapping[Stream, Cursor]) -> Changes:
        """Ask in one request which of these streams changed; without cursors nothing is asked."""
        if not cursors:
            return Changes(frozenset(), frozenset())
        question = {"cursors": {stream.value: cursor for stream, cursor in cursors.items()}}
        answer = _read(CHANGES, self._http.post(_path(school, "changes"), question), "what changed")
        _must_be(school, answer.school)
        asked = frozenset(cursors)
        return Changes(_known(answer.changed) & asked, _known(answer.expired) & asked)

    def pages(self, school: SchoolId, pull: Pull) -> Iterator[Page]:
        """Give the answer page by page; each stream ends with a page that is its last.

        Raises TransientError, SourceRefused, StreamNotSupplied, WrongSchool, CursorExpired or StopRequested.
        """
        for stream in pull.streams:
            if pull.mode is Mode.KEYS:
                yield from self._by_key(school, stream, pull.keys)
            elif pull.period is not None:
                for page in self._walk(school, stream, Mode.PERIOD, {"period": str(pull.period)}):
                    yield page._replace(scope=Scope(period=pull.period))
            else:
                params = None if pull.cursor is None else {"cursor": pull.cursor}
                yield from self._walk(school, stream, pull.mode, params)

    def count(self, school: SchoolId, stream: Stream, period: Period) -> int:
        """Give the number of records in a period: what its first page says, without the rest."""
        params = {"period": str(period), "page_size": "1"}
        wire, _ = self._page(school, stream, Mode.PERIOD, _path(school, stream.value), params)
        return wire.count or 0

    def document(self, school: SchoolId, key: SourceKey, most_bytes: int) -> Fetched:
        """Give a file whole.

        Raises DocumentRejected (not_found, too_large), TransientError, SourceRefused or StopRequested.
        """
        if set(key) <= {"."}:
            raise DocumentRejected(Reason.NOT_FOUND)  # in a path these are steps, however they are written
        return self._http.fetch(_path(school, "documents", quote(key, safe="")), most_bytes)

    def submit(self, school: SchoolId, request: ChangeRequest) -> Decision:
        """Put one change request before the school, in one attempt; one that is there is answered as it stands.

        Raises OutcomeUnknown when it may have arrived, TransientError when it surely did not, CorrectionRefused when
        the source will never take it, WrongSchool, SourceRefused or StopRequested.
        """
        if not _CHANGE_KEY.fullmatch(request.key):
            raise CorrectionRefused("A change request has a key that the source cannot take.", code="unusable-key")
        body = self._http.put(_path(school, _CHANGE_REQUESTS, request.key), change_request(request))
        try:
            return _decided(school, request.key, body)
        except TransientError:
            pass
        raise OutcomeUnknown(
            "A change request was answered, but not as the contract says.", fix="Ask what became of it."
        )

    def decisions(self, school: SchoolId, keys: Sequence[str]) -> Mapping[str, Decision]:
        """Give what became of these change requests; one that the source does not have is left out."""
        found: dict[str, Decision] = {}
        askable = [SourceKey(key) for key in dict.fromkeys(keys) if _CHANGE_KEY.fullmatch(key)]
        for chunk in _chunks(askable):
            body = self._http.get(_path(school, _CHANGE_REQUESTS), {"ids": ",".join(chunk)})
            answer = _read(STANDINGS, body, "change requests")
            _must_be(school, answer.school)
            found |= {one.id: _decision(one) for one in answer.change_requests if one.id in chunk}
        return found

    def retract(self, school: SchoolId, key: str) -> Decision | None:
        """Take a change request back unless it was decided; give it as it now stands, None where it is not known."""
        body = self._http.delete(_path(school, _CHANGE_REQUESTS, key)) if _CHANGE_KEY.fullmatch(key) else None
        return None if body is None else _decided(school, key, body)

    def _by_key(self, school: SchoolId, stream: Stream, keys: Sequence[SourceKey]) -> Iterator[Page]:
        askable = dict.fromkeys(key for key in keys if "," not in key)
        odd = [Rejection(key, "unaskable_key") for key in dict.fromkeys(keys) if key not in askable]
        held = Page(stream, odd, is_last=False) if odd else None
        for chunk in _chunks(list(askable)):
            for page in self._walk(school, stream, Mode.KEYS, {"ids": ",".join(chunk)}):
                if held is not None:
                    yield held
                held = page._replace(is_last=False)
        if held is not None:
            yield held._replace(is_last=True)

    def _walk(self, school: SchoolId, stream: Stream, mode: Mode, params: Mapping[str, str] | None) -> Iterator[Page]:
        path = _path(school, stream.value)
        wire, records = self._page(school, stream, mode, path, params)
        seen: set[str] = set()
        while wire.next is not None:
            yield _page(stream, mode, wire, records)
            reference = _resolved(path, wire.next)
            if reference in seen or len(seen) >= MOST_PAGES:
                raise TransientError(f"The pages of {stream} do not end.", fix="Begin the enumeration again.")
            seen.add(reference)
            wire, records = self._page(school, stream, mode, reference, None)
        if mode in {Mode.FULL, Mode.CHANGES} and wire.cursor is None:
            raise TransientError(f"The last page of {stream} has no cursor.", fix="Begin the enumeration again.")
        yield _page(stream, mode, wire, records)

    def _page(
        self, school: SchoolId, stream: Stream, mode: Mode, reference: str, params: Mapping[str, str] | None
    ) -> tuple[WireEnvelope, Records]:
        body = self._http.get(reference, params)
        wire = read_envelope(stream, body)
        _must_be(school, wire.school)
        if wire.stream != stream.value or wire.mode != mode.value:
            raise StreamRefused(
                f"The source was asked for {stream} in mode {mode} and answered something else.",
                said="answered something else",
                fix="Ask the supplier which version of the contract this address serves.",
            )
        return wire, Records(stream, body)


def _decided(school: SchoolId, key: str, body: bytes) -> Decision:
    answer = _read(ANSWER, body, "a change request")
    _must_be(school, answer.school)
    if answer.change_request.id != key:
        raise TransientError("The source answered about another change request.", fix="Try again later.")
    return _decision(answer.change_request)


def _decision(wire: WireStanding) -> Decision:
    verdict = Verdict(wire.status)
    return Decision(wire.id, verdict, wire.decided_at, wire.reason, wire.is_edited, wire.final)


def _page(stream: Stream, mode: Mode, wire: WireEnvelope, records: Records) -> Page:
    is_last = wire.next is None
    return Page(
        stream,
        records,
        is_last=is_last,
        expected=wire.count if mode in {Mode.FULL, Mode.PERIOD} else None,
        cursor=Cursor(wire.cursor) if is_last and wire.cursor is not None else None,
    )


def _resolved(path: str, reference: str) -> str:
    try:
        return urljoin(path, reference)
    except ValueError:
        return reference  # no URL at all; the door refuses it


def _path(school: SchoolId, *rest: str) -> str:
    return "/".join(("/v1/schools", school, *rest))


def _chunks(keys: Sequence[SourceKey]) -> Iterator[list[SourceKey]]:
    """Give the keys in portions whose URL any server accepts."""
    chunk: list[SourceKey] = []
    size = 0
    for key in keys:
        length = len(quote(key, safe="")) + len("%2C")
        if chunk and (len(chunk) >= MOST_KEYS or size + length > MOST_KEY_CHARACTERS):
            yield chunk
            chunk, size = [], 0
        chunk.append(key)
        size += length
    if chunk:
        yield chunk


def _known(names: Sequence[str]) -> frozenset[Stream]:
    return frozenset(stream for stream in Stream if stream.value in names)


def _must_be(school: SchoolId, answered: str) -> None:
    if answered != school:
        raise WrongSchool(
            f"The source was asked for school {school} and answered with another.",
            fix="Check which credentials and address belong to this school.",
        )


def _read(adapter: TypeAdapter[_Answer], body: bytes, about: str) -> _Answer:
    try:
        return adapter.validate_json(body)
    except ValidationError:
        pass
    raise TransientError(f"The answer about {about} is not what the contract says.", fix="Try again later.")
