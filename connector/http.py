"""The one requests session of a source: limits, credentials, retries and silence about what it carries."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import NamedTuple

import requests
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from connector.http_exchange import OK, UNAUTHORISED, Again, Answer, Ask, Exchange, Limits, kind_of, said
from connector.http_logs import silence_queries
from connector.http_once import failed, taken
from connector.http_place import Place
from connector.http_token import Tokens
from schemas.documents import Fetched, Reason
from schemas.errors import (
    ConnectorError,
    CursorExpired,
    DocumentRejected,
    SourceRefused,
    StopRequested,
    StreamNotSupplied,
    StreamRefused,
    TransientError,
)

Event = Callable[[str, Mapping[str, object]], None]

NOT_FOUND = 404
GONE = 410
LONGEST_WAIT_SECONDS = 60.0
ROOM_FOR_OTHERS = 2
"""Who leaves room is so many times as slow as the pace allows."""
_SLICE_SECONDS = 0.2
_CONNECTIONS = 16
_BACKOFF = wait_random_exponential(multiplier=0.5, max=20)
_JITTER_SHARE = 0.1
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "school-portal-connector",
}


class HttpSettings(NamedTuple):
    """How to reach one source. `requests_per_second` None sets no pace, `ca_bundle` None trusts the usual.

    `leaves_room` halves that pace, and rests after each answer as long as it took: others have at least the other half.
    """

    base_url: str
    client_id: str
    client_secret: SecretStr
    timeout_seconds: float = 30
    connect_timeout_seconds: float = 5
    deadline_seconds: float = 120
    attempts: int = 5
    max_response_bytes: int = 64 * 2**20
    requests_per_second: float | None = None
    ca_bundle: str | None = None
    token_path: str = "/oauth/token"  # noqa: S105  a path
    leaves_room: bool = False


def _never() -> bool:
    return False


def _unheard(_name: str, _fields: Mapping[str, object]) -> None:
    return None


class Http:
    """Asks one source, from any number of threads. Every request but a `put` must be safe to repeat.

    `should_stop` is looked at before every request and while waiting. `on_event` hears "http_answered"
    (method, path, status, seconds, bytes), "http_failed" (method, path, kind, seconds), "http_retry" (method, path,
    status, attempt, wait_seconds) and "http_paced" (wait_seconds), a wait for our own pace.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        should_stop: Callable[[], bool] = _never,
        on_event: Event = _unheard,
    ) -> None:
        silence_queries()
        self._sleep, self._monotonic = sleep, monotonic
        self._should_stop, self._on_event = should_stop, on_event
        self._place = Place(settings.base_url)
        limits = Limits(
            settings.connect_timeout_seconds,
            settings.timeout_seconds,
            settings.deadline_seconds,
            settings.max_response_bytes,
        )
        self._exchange = Exchange(_prepared(session, settings), limits, monotonic)
        self._retrying = Retrying(
            stop=stop_after_attempt(max(1, settings.attempts)),
            wait=_wait,
            sleep=self._pause,
            retry=retry_if_exception_type(Again),
            before_sleep=self._tell_retry,
            reraise=True,
        )
        self._tokens = Tokens(
            self._place.target(settings.token_path),
            settings.client_id,
            settings.client_secret,
            self._answered,
            monotonic,
        )
        self._interval = 1 / settings.requests_per_second if settings.requests_per_second else 0.0
        self._leaves_room = settings.leaves_room
        if self._leaves_room:
            self._interval *= ROOM_FOR_OTHERS
        self._next_slot = 0.0
        self._lock = threading.Lock()

    def get(self, reference: str, params: Mapping[str, str | int] | None = None) -> bytes:
        """Give the JSON at a path, or at an absolute URL of the same origin.

        Raises TransientError, SourceRefused, StreamNotSupplied, CursorExpired or StopRequested; none shows a body
        or query.
        """
        return _accepted(*self._ask("GET", reference, params))

    def fetch(self, reference: str, most_bytes: int) -> Fetched:
        """Give the file at a path. Never are more than `most_bytes` of it held.

        Raises DocumentRejected (not_found, too_large), TransientError, SourceRefused or StopRequested.
        """
        ask, answer = self._ask("GET", reference, most_bytes=most_bytes)
        if answer.status in (NOT_FOUND, GONE):
            raise DocumentRejected(Reason.NOT_FOUND)
        return Fetched(_accepted(ask, answer), answer.content_type)

    def post(self, path: str, payload: Mapping[str, object]) -> bytes:
        """Give the JSON answer to a JSON question that is safe to repeat. Raises as `get`."""
        return _accepted(*self._ask("POST", path, body=json.dumps(payload).encode()))

    def put(self, path: str, payload: Mapping[str, object]) -> bytes:
        """Give the JSON answer to something that is put at a path, sent once: no failure is followed by another try.

        Raises TransientError when it surely was not carried out, OutcomeUnknown when it may have been,
        CorrectionRefused when it never will be, SourceRefused or StopRequested.
        """
        return taken(*self._ask("PUT", path, body=json.dumps(payload).encode(), is_once=True))

    def delete(self, path: str) -> bytes | None:
        """Give the JSON answer to taking away what is at a path, None where there is no such thing. Raises as `get`."""
        ask, answer = self._ask("DELETE", path)
        if answer.status == NOT_FOUND and answer.problem.endswith("unknown-change-request"):
            return None
        return _accepted(ask, answer)

    def _ask(
        self,
        method: str,
        reference: str,
        params: Mapping[str, str | int] | None = None,
        *,
        body: bytes | None = None,
        most_bytes: int | None = None,
        is_once: bool = False,
    ) -> tuple[Ask, Answer]:
        target = self._place.target(reference)
        headers = {} if body is None else {"Content-Type": "application/json"}
        if most_bytes is not None:
            headers["Accept"] = "*/*"
        for attempt in range(2):
            token = self._tokens.current()
            headers["Authorization"] = f"Bearer {token}"
            ask = Ask(method, target, dict(headers), params, body, most_bytes, is_once)
            answer = self._answered_once(ask) if is_once else self._answered(ask)
            if answer.status != UNAUTHORISED or attempt:
                break
            self._tokens.forget(token)
        return ask, answer

    def _answered(self, ask: Ask) -> Answer:
        try:
            answer: Answer = self._retrying(self._attempt, ask)
            return answer
        except Again as again:
            what = again.what
        # Raised out here, so that what the last attempt met does not hang on it.
        raise TransientError(f"{ask.name}: {what}, also after several attempts.", fix="Try again later.")

    def _answered_once(self, ask: Ask) -> Answer:
        try:
            return self._attempt(ask)
        except Again as again:
            failure = failed(ask, again)
        raise failure  # out here, as above

    def _attempt(self, ask: Ask) -> Answer:
        wait = self._until_slot()
        if wait > 0:
            self._on_event("http_paced", {"wait_seconds": wait})
        self._pause(wait)
        began = self._monotonic()
        fields: dict[str, object] = {"method": ask.method, "path": ask.target.path}
        try:
            answer = self._exchange.once(ask)
        except (Again, ConnectorError) as error:
            self._on_event("http_failed", {**fields, "kind": kind_of(error), "seconds": self._monotonic() - began})
            raise
        finally:
            if self._leaves_room:
                self._rest(self._monotonic() - began)
        seconds = self._monotonic() - began
        self._on_event(
            "http_answered", {**fields, "status": answer.status, "seconds": seconds, "bytes": len(answer.body)}
        )
        return answer

    def _until_slot(self) -> float:
        if not (self._interval or self._leaves_room):
            return 0.0
        with self._lock:
            now = self._monotonic()
            slot = max(now, self._next_slot)
            self._next_slot = slot + self._interval
        return slot - now

    def _rest(self, seconds: float) -> None:
        with self._lock:
            self._next_slot = max(self._next_slot, self._monotonic() + seconds)

    def _pause(self, seconds: float) -> None:
        """Sleep in slices, so that a stop is noticed within a fifth of a second."""
        while True:
            if self._should_stop():
                raise StopRequested("Asked to stop; no further request was made.")
            if seconds <= 0:
                return
            self._sleep(min(seconds, _SLICE_SECONDS))
            seconds -= _SLICE_SECONDS

    def _tell_retry(self, state: RetryCallState) -> None:
        ask, again = state.args[0], _met(state)
        fields = {"method": ask.method, "path": ask.target.path, "status": again.status}
        self._on_event("http_retry", {**fields, "attempt": state.attempt_number, "wait_seconds": state.upcoming_sleep})


def _prepared(session: requests.Session | None, settings: HttpSettings) -> requests.Session:
    if session is None:
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
    # The environment could bring a netrc, which replaces our Authorization, and a proxy, which reads it.
    session.trust_env = False
    session.verify = settings.ca_bundle or True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update(_HEADERS)
    return session


def _met(state: RetryCallState) -> Again:
    met = state.outcome.exception() if state.outcome else None
    return met if isinstance(met, Again) else Again("")


def _wait(state: RetryCallState) -> float:
    asked = _met(state).wait_seconds
    backoff = float(_BACKOFF(state))
    # A little later than asked: all clients that were sent away together should not come back together.
    return backoff if asked is None else min(asked, LONGEST_WAIT_SECONDS) + backoff * _JITTER_SHARE


def _accepted(ask: Ask, answer: Answer) -> bytes:
    if answer.status == OK:
        return answer.body
    what = f"{ask.name}: the source refused, {said(answer.status, answer.problem)}."
    if answer.status == NOT_FOUND and answer.problem.endswith("unknown-stream"):
        raise StreamNotSupplied(what, fix="Ask the supplier whether a newer version of the SIS has it.")
    if answer.status == GONE and answer.problem.endswith("cursor-expired"):
        raise CursorExpired(what, fix="The stream is read in full.")
    if answer.status == GONE and answer.problem.endswith("page-expired"):
        raise TransientError(what, fix="Begin the enumeration again.")
    if answer.status == UNAUTHORISED:
        raise SourceRefused(what, fix="A fresh token was refused too: check this client's rights.")
    refused = said(answer.status, answer.problem)
    raise StreamRefused(what, said=refused, fix="Check the school, and what the supplier granted this client.")
