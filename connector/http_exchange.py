"""One request and its answer, read within limits. Nothing of a body or query gets into an error."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import requests
from urllib3.exceptions import HTTPError, NewConnectionError

from connector.http_place import Target
from schemas.documents import Reason
from schemas.errors import ConnectorError, DocumentRejected, SourceRefused, TransientError

AGAIN = frozenset({429, 500, 502, 503, 504})
REDIRECTS = range(300, 400)
OK = 200
CREATED = 201
UNAUTHORISED = 401
_CHUNK = 64 * 1024
_PROBLEM_BYTES = 64 * 1024
_JSON = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.ASCII)
_PROBLEM_CODE = re.compile(r"[a-z][a-z-]{0,39}")
_PROBLEM_TYPE = re.compile(r"urn:[a-z0-9:-]{1,80}")


class Ask(NamedTuple):
    """One request. `headers` may hold credentials and are never shown.

    It asks for JSON within the door's own limit, or, where `most_bytes` is set, for a file of at most that size.
    `is_once`: it is not safe to repeat, and what cannot be read of its answer says nothing of what was done.
    """

    method: str
    target: Target
    headers: Mapping[str, str]
    params: Mapping[str, str | int] | None = None
    body: bytes | None = None
    most_bytes: int | None = None
    is_once: bool = False

    @property
    def name(self) -> str:
        """Give method and path, all that a message may say of a request."""
        return f"{self.method} {self.target.path}"


class Answer(NamedTuple):
    """An answer that need not be asked for again; `body` is empty unless the status is 200 (or 201, asked once)."""

    status: int
    body: bytes = b""
    problem: str = ""
    content_type: str = ""
    code: str = ""


class Limits(NamedTuple):
    """How long and how much: `connect` and `read` are seconds of one wait, `deadline` of a whole answer."""

    connect: float
    read: float
    deadline: float
    size: int


class Again(Exception):
    """The exchange may be tried again, after `wait_seconds` where the source said so. `kind` is one of KINDS.

    `is_unsent`: no byte of the request can have reached the source.
    """

    def __init__(
        self,
        what: str,
        status: int = 0,
        wait_seconds: float | None = None,
        *,
        kind: str = "status",
        is_unsent: bool = False,
    ) -> None:
        super().__init__(what)
        self.is_unsent = is_unsent
        self.what, self.status, self.wait_seconds, self.kind = what, status, wait_seconds, kind


class _TooMuch(Exception):
    """More arrives than may be held."""


class Exchange:
    """Sends one request through the session and reads the answer."""

    def __init__(
        self,
        session: requests.Session,
        limits: Limits,
        monotonic: Callable[[], float],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._session, self._limits, self._monotonic, self._clock = session, limits, monotonic, clock

    def once(self, ask: Ask) -> Answer:
        """Ask once. Raises Again, TransientError (too slow, no JSON), SourceRefused or DocumentRejected (too large).

        What is wrong with the answer to a request that `is_once` is raised as Again.
        """
        until = self._monotonic() + self._limits.deadline
        try:
            return self._answer(ask, until)
        except (requests.RequestException, HTTPError) as error:
            failure = _failure(ask, error)
        except ConnectorError as error:
            if not ask.is_once:
                raise
            failure = Again("the answer cannot be used", kind=kind_of(error))
        # Raised out here, so that no library's error, whose text holds the URL, hangs on ours as its context.
        raise failure

    def _answer(self, ask: Ask, until: float) -> Answer:
        response = self._session.request(
            ask.method,
            ask.target.url,
            params=ask.params,
            data=ask.body,
            headers=dict(ask.headers),
            timeout=(self._limits.connect, self._limits.read),
            allow_redirects=False,
            stream=True,
        )
        try:
            return self._judged(ask, response, until)
        finally:
            response.close()

    def _judged(self, ask: Ask, response: requests.Response, until: float) -> Answer:
        status = response.status_code
        if status == OK or (ask.is_once and status == CREATED):
            content_type = _content_type(response)
            if ask.most_bytes is not None:
                most = min(ask.most_bytes, self._limits.size)
                return Answer(status, self._file(ask, response, until, most), content_type=content_type)
            return Answer(status, self._body(ask, response, until), content_type=content_type)
        problem, code = self._problem(ask, response, until)
        if status in AGAIN:
            raise Again(said(status, problem), status, self._retry_after(response))
        if status in REDIRECTS:
            raise SourceRefused(
                f"{ask.name}: the source redirects (status {status}), and redirects are not followed.",
                fix="Set base_url to the address where the source answers itself.",
            )
        return Answer(status, b"", problem, code=code)

    def _body(self, ask: Ask, response: requests.Response, until: float) -> bytes:
        content_type = _content_type(response)
        if not _JSON.fullmatch(content_type):
            kind = "HTML" if content_type in ("text/html", "application/xhtml+xml") else "no JSON"
            raise TransientError(
                f"{ask.name}: the answer with status {response.status_code} is {kind}.",
                fix="This is often a maintenance or login page; try again later.",
            )
        try:
            body = b"".join(self._pieces(ask, response, until, self._limits.size))
        except _TooMuch:
            raise SourceRefused(
                f"{ask.name}: the answer is larger than {self._limits.size} bytes.",
                fix="Raise max_response_bytes if this source really sends so much at once.",
            ) from None
        # Without a declared length a cut connection looks like an end; a whole answer ends with its bracket.
        if not body[-64:].rstrip().endswith((b"}", b"]")):
            raise Again("the answer is empty or cut short", OK, kind="cut_short")
        return body

    def _file(self, ask: Ask, response: requests.Response, until: float, most: int) -> bytes:
        """Give the bytes of a file; one that says of itself that it is too large is not read at all."""
        length = response.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit() and int(length[:20]) > most:
            raise DocumentRejected(Reason.TOO_LARGE)
        with io.BytesIO() as held:  # unlike a list that is joined in the end, it holds everything once
            try:
                for piece in self._pieces(ask, response, until, most):
                    held.write(piece)
            except _TooMuch:
                raise DocumentRejected(Reason.TOO_LARGE) from None
            return held.getvalue()

    def _pieces(self, ask: Ask, response: requests.Response, until: float, most: int) -> Iterator[bytes]:
        """Give what has arrived, piece by piece: `iter_content` would wait until a whole chunk is there."""
        size = 0
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            size += len(piece)
            if size > most:
                raise _TooMuch
            if self._monotonic() > until:
                raise TransientError(
                    f"{ask.name}: the answer took longer than {self._limits.deadline:g} seconds.",
                    fix="Try again later.",
                )
            yield piece

    def _problem(self, ask: Ask, response: requests.Response, until: float) -> tuple[str, str]:
        """Give the problem type if it is a plain URN, and its code if that is a plain word; the rest stays unread."""
        if not _JSON.fullmatch(_content_type(response)):
            return "", ""
        try:
            found = json.loads(b"".join(self._pieces(ask, response, until, _PROBLEM_BYTES)))
        except (_TooMuch, TransientError, HTTPError, ValueError, RecursionError):
            found = None
        return _plain(found, "type", _PROBLEM_TYPE), _plain(found, "code", _PROBLEM_CODE)

    def _retry_after(self, response: requests.Response) -> float | None:
        """Give the seconds the source asks us to wait, by its own clock where it tells one."""
        text = response.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        moment = _http_date(text)
        if moment is None:
            return None
        now = _http_date(response.headers.get("Date", ""))
        return max(0.0, moment.timestamp() - (self._clock() if now is None else now.timestamp()))


def said(status: int, problem: str) -> str:
    """Give a status and a problem type as words."""
    return f"status {status} ({problem})" if problem else f"status {status}"


def _plain(found: object, name: str, form: re.Pattern[str]) -> str:
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def _content_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


_FAILURES: tuple[tuple[type[Exception], str, str], ...] = (
    (requests.exceptions.ContentDecodingError, "the answer could not be unpacked", "cut_short"),
    (requests.exceptions.ChunkedEncodingError, "the answer was cut short", "cut_short"),
    (requests.Timeout, "the source did not answer in time", "timeout"),
    (requests.ConnectionError, "the source could not be reached, or broke the connection", "connection"),
    (HTTPError, "the answer was cut short, came too slowly or could not be unpacked", "cut_short"),
)

KINDS = ("status", "timeout", "connection", "cut_short", "refused", "unusable", "file")
"""What can go wrong with a request. status: 429 or a server's error; refused: any other no, also a certificate;
unusable: no JSON, or too slow as a whole; file: a document that cannot be had."""


def kind_of(error: Exception) -> str:
    """Give the kind of a request that failed."""
    if isinstance(error, Again):
        return error.kind
    if isinstance(error, DocumentRejected):
        return "file"
    return "unusable" if isinstance(error, TransientError) else "refused"


def _is_unsent(error: Exception) -> bool:
    """Tell whether there was no connection on which the request could have gone out."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)


def _failure(ask: Ask, error: Exception) -> Exception:
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return SourceRefused(
            f"{ask.name}: the certificate of the source cannot be trusted.",
            fix="Set ca_bundle to the certificate authority of the source, or let the supplier mend it.",
        )
    for type_, what, kind in _FAILURES:
        if isinstance(error, type_):
            return Again(what, kind=kind, is_unsent=_is_unsent(error))
    return SourceRefused(f"{ask.name}: this request cannot be made ({type(error).__name__}).", fix="Check base_url.")
