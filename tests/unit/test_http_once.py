"""What may be sent once only: every failure says whether it may have been carried out, and none shows what was sent."""

from __future__ import annotations

import json
import traceback
from typing import Any

import pytest
import requests
import responses
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from schemas.errors import (
    ConnectorError,
    CorrectionRefused,
    OutcomeUnknown,
    SourceRefused,
    StopRequested,
    TransientError,
)
from tests.unit.http_bench import BASE, CANARY, SETTINGS, Clock, door, give_token, paths, problem

PATH = "/v1/change_requests/a"
URL = f"{BASE}{PATH}"
SENT = {"new": CANARY}


@pytest.fixture
def web() -> Any:
    """The web as `responses` plays it; every call is remembered."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        give_token(mock)
        give_token(mock, "token-2")
        yield mock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refused_connection() -> requests.ConnectionError:
    """The error of a port on which nobody listens, as requests wraps it."""
    reason = NewConnectionError(HTTPSConnection("sis.test"), "Connection refused")
    return requests.ConnectionError(MaxRetryError(None, URL, reason))  # type: ignore[arg-type]


def failure(web: Any, clock: Clock, **more: Any) -> ConnectorError:
    """Give what a put raises; it was sent once at most, and neither error nor trace shows what was sent."""
    with pytest.raises(ConnectorError) as caught:
        door(clock, **more).put(PATH, SENT)
    assert paths(web).count(PATH) <= 1
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    return caught.value


@pytest.mark.parametrize("status", [200, 201])
def test_what_is_put_is_answered(web: Any, clock: Clock, status: int) -> None:
    """A put carries JSON and a token; its answer comes back whole, be it new or there already."""
    web.add("PUT", URL, json={"a": 1}, status=status)
    assert door(clock).put(PATH, SENT) == b'{"a": 1}'
    sent = web.calls[1].request
    assert (json.loads(sent.body), sent.headers["Content-Type"]) == (SENT, "application/json")
    assert sent.headers["Authorization"] == "Bearer token-1"


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout(CANARY),
        requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, CANARY))),
        requests.exceptions.ChunkedEncodingError(CANARY),
        requests.exceptions.SSLError(CANARY),
    ],
)
def test_a_silence_after_sending_leaves_the_outcome_unknown(web: Any, clock: Clock, error: Exception) -> None:
    """A read timeout, a reset or a cut connection may all come after the work was done: it is not sent again."""
    web.add("PUT", URL, body=error)
    assert type(failure(web, clock)) is OutcomeUnknown
    assert clock.slept == 0


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500, **problem("server-error")},
        {"status": 502},
        {"status": 503, **problem("unavailable")},
        {"status": 504},
        {"status": 408},
        {"status": 303, "headers": {"Location": f"https://elders.test/{CANARY}"}},
        {"status": 200, "body": b"", "content_type": "application/json"},
        {"status": 201, "body": b'{"a', "content_type": "application/json"},
        {"status": 200, "body": f"<h1>{CANARY}</h1>", "content_type": "text/html"},
        {"status": 201, "body": b"[" + b" " * 2000 + b"]", "content_type": "application/json"},
    ],
)
def test_an_answer_that_tells_nothing_leaves_the_outcome_unknown(
    web: Any, clock: Clock, answer: dict[str, Any]
) -> None:
    """A server's error, a redirect, a page in HTML, an empty, cut or too large answer: perhaps it was carried out."""
    web.add("PUT", URL, **answer)
    assert type(failure(web, clock, settings=SETTINGS._replace(max_response_bytes=1000))) is OutcomeUnknown


@pytest.mark.parametrize("error", [requests.ConnectTimeout(CANARY), refused_connection()])
def test_without_a_connection_nothing_was_sent(web: Any, clock: Clock, error: Exception) -> None:
    """Where no connection was made it was surely not carried out, and may be sent again later."""
    web.add("PUT", URL, body=error)
    assert type(failure(web, clock)) is TransientError


@pytest.mark.parametrize(("status", "headers"), [(429, {}), (429, {"Retry-After": "7"}), (503, {"Retry-After": "7"})])
def test_who_is_told_to_come_back_was_not_served(web: Any, clock: Clock, status: int, headers: dict[str, str]) -> None:
    """Too many requests, and closed until a moment: nothing was done."""
    web.add("PUT", URL, status=status, headers=headers)
    assert type(failure(web, clock)) is TransientError


def test_without_a_token_nothing_was_sent(clock: Clock) -> None:
    """A token that cannot be fetched is no unknown outcome: the request itself never left."""
    with responses.RequestsMock() as web:
        web.add("POST", f"{BASE}/oauth/token", status=500)
        assert type(failure(web, clock)) is TransientError


def test_a_stop_comes_before_sending(web: Any, clock: Clock) -> None:
    """Asked to stop, nothing is sent."""
    with pytest.raises(StopRequested):
        door(clock, should_stop=lambda: True).put(PATH, SENT)
    assert PATH not in paths(web)


def test_a_refused_token_is_renewed_once(web: Any, clock: Clock) -> None:
    """A 401 was not carried out: it is sent once more with a fresh token; a second 401 is a refusal."""
    web.add("PUT", URL, status=401, **problem("token-expired"))
    web.add("PUT", URL, json={}, status=201)
    http = door(clock)
    assert http.put(PATH, SENT) == b"{}"
    web.replace("PUT", URL, status=401, **problem("unauthorised"))
    with pytest.raises(SourceRefused, match="fresh token"):
        door(clock).put(PATH, SENT)


def test_the_second_try_of_a_refused_token_may_be_lost(web: Any, clock: Clock) -> None:
    """What happens to the request with the fresh token counts like any other."""
    web.add("PUT", URL, status=401, **problem("token-expired"))
    web.add("PUT", URL, body=requests.ReadTimeout())
    with pytest.raises(OutcomeUnknown):
        door(clock).put(PATH, SENT)
    assert paths(web).count(PATH) == 2


@pytest.mark.parametrize(
    ("status", "kind", "code", "says"),
    [
        (409, "id-taken", None, "id-taken"),
        (422, "not-accepted", "unknown-record", "unknown-record"),
        (422, "not-accepted", f"{CANARY} is no word", "not-accepted"),
        (422, "not-accepted", None, "not-accepted"),
        (404, "change-requests-not-supported", None, "not-supported"),
        (400, "invalid-request", None, "invalid-request"),
        (413, "too-large", None, "too-large"),
    ],
)
def test_what_is_refused_for_good_says_why(
    web: Any, clock: Clock, status: int, kind: str, code: str | None, says: str
) -> None:
    """A final refusal has the source's short word, and never anything that is no plain word."""
    body = {"type": f"urn:sis:{kind}", "detail": CANARY, "code": code}
    web.add("PUT", URL, status=status, json=body, content_type="application/problem+json")
    error = failure(web, clock)
    assert isinstance(error, CorrectionRefused)
    assert error.code == says


@pytest.mark.parametrize(("status", "kind"), [(403, "not-granted"), (404, "unknown-school"), (405, "not-allowed")])
def test_another_refusal_is_about_us(web: Any, clock: Clock, status: int, kind: str) -> None:
    """Rights and addresses are no matter of one request: SourceRefused."""
    web.add("PUT", URL, status=status, **problem(kind))
    assert type(failure(web, clock)) is SourceRefused


def test_taking_away_is_tried_again(web: Any, clock: Clock) -> None:
    """A delete is safe to repeat; one that is not known is None, another 404 a refusal."""
    web.add("DELETE", URL, status=500)
    web.add("DELETE", URL, json={"a": 1})
    assert door(clock).delete(PATH) == b'{"a": 1}'
    web.add("DELETE", f"{BASE}/v1/b", status=404, **problem("unknown-change-request"))
    assert door(clock).delete("/v1/b") is None
    web.add("DELETE", f"{BASE}/v1/c", status=404, **problem("unknown-school"))
    with pytest.raises(SourceRefused):
        door(clock).delete("/v1/c")
