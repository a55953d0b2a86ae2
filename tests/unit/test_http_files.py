"""The HTTP door and files: a size of their own, any kind of content, and the limits of every other question."""

from __future__ import annotations

import gzip
import logging
import traceback
import tracemalloc
from typing import Any

import pytest
import responses

from connector.http import Http
from schemas.documents import Fetched, Reason
from schemas.errors import ConnectorError, DocumentRejected, SourceRefused, TransientError
from tests.unit.http_bench import BASE, CANARY, SETTINGS, Clock, door, give_token, paths, problem

FILE = f"{BASE}/v1/documents/d1"
PATH = "/v1/documents/d1"
PDF = "application/pdf"
MEBIBYTE = 2**20


@pytest.fixture
def web() -> Any:
    """The web as `responses` plays it; every call is remembered."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_file_comes_back_whole_with_its_type(web: Any, clock: Clock) -> None:
    """Bytes that are no JSON arrive unchanged, the type without parameters; the question takes any type."""
    give_token(web)
    web.add("GET", FILE, body=b"%PDF-1.7\n\x00\xff", content_type="Application/PDF; name=x")
    assert door(clock).fetch(PATH, 100) == Fetched(b"%PDF-1.7\n\x00\xff", PDF)
    assert web.calls[1].request.headers["Accept"] == "*/*"
    assert web.calls[1].request.headers["Authorization"] == "Bearer token-1"


@pytest.mark.parametrize("status", [404, 410])
def test_a_file_that_is_not_there_is_no_refusal_of_the_source(web: Any, clock: Clock, status: int) -> None:
    """404 and 410 are about this one file."""
    give_token(web)
    web.add("GET", FILE, status=status, **problem("not-found"))
    with pytest.raises(DocumentRejected) as caught:
        door(clock).fetch(PATH, 100)
    assert caught.value.reason == Reason.NOT_FOUND


def test_a_file_has_a_size_of_its_own(web: Any, clock: Clock) -> None:
    """The very size passes and one byte more does not; the door's own limit holds too."""
    give_token(web)
    web.add("GET", FILE, body=b"x" * 1000, content_type=PDF)
    assert len(door(clock).fetch(PATH, 1000).content) == 1000
    small = SETTINGS._replace(max_response_bytes=999)
    for settings, most in ((SETTINGS, 999), (small, 1000)):
        with pytest.raises(DocumentRejected) as caught:
            door(clock, settings).fetch(PATH, most)
        assert caught.value.reason == Reason.TOO_LARGE


def test_a_file_that_says_it_is_too_large_is_not_read(web: Any, clock: Clock) -> None:
    """A Content-Length above the size is enough: nothing of the body is taken."""
    give_token(web)
    headers = {"Content-Length": str(200 * MEBIBYTE)}
    web.add("GET", FILE, body=b"", content_type=PDF, headers=headers, auto_calculate_content_length=False)
    with pytest.raises(DocumentRejected) as caught:
        door(clock).fetch(PATH, 1000)
    assert caught.value.reason == Reason.TOO_LARGE
    assert paths(web).count(PATH) == 1


def test_a_bomb_is_never_held(web: Any, clock: Clock) -> None:
    """A small gzip body of 64 MiB is given up when it passes the size; a file within it is held once, not twice."""
    give_token(web)
    packed = {"content_type": PDF, "headers": {"Content-Encoding": "gzip"}}
    web.add("GET", FILE, body=gzip.compress(b" " * 64 * MEBIBYTE), **packed)
    web.add("GET", FILE, body=gzip.compress(b"x" * 8 * MEBIBYTE), **packed)
    http = door(clock)
    tracemalloc.start()
    try:
        with pytest.raises(DocumentRejected):
            http.fetch(PATH, 8 * MEBIBYTE)
        assert len(http.fetch(PATH, 8 * MEBIBYTE).content) == 8 * MEBIBYTE
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 14 * MEBIBYTE


def test_a_file_has_a_deadline(web: Any, clock: Clock) -> None:
    """A file that keeps dripping is given up after the deadline, not asked for again."""
    give_token(web)
    web.add("GET", FILE, body=b"%PDF" * 100_000, content_type=PDF)

    def slow() -> float:
        clock.now += 50
        return clock.now

    with pytest.raises(TransientError, match="longer than 120 seconds"):
        Http(SETTINGS, sleep=clock.sleep, monotonic=slow).fetch(PATH, MEBIBYTE)
    assert paths(web).count(PATH) == 1


def test_a_file_cut_short_or_a_busy_source_is_asked_again(web: Any, clock: Clock) -> None:
    """A file below its Content-Length, a 503 and a refused token are tried again as for any other question."""
    give_token(web)
    give_token(web, "token-2")
    cut = {"headers": {"Content-Length": "100"}, "auto_calculate_content_length": False}
    web.add("GET", FILE, body=b"%PDF", content_type=PDF, **cut)
    web.add("GET", FILE, status=503, **problem("unavailable"))
    web.add("GET", FILE, status=401, **problem("token-expired"))
    web.add("GET", FILE, body=b"%PDF", content_type=PDF)
    assert door(clock).fetch(PATH, 1000).content == b"%PDF"


FAILURES: dict[str, dict[str, Any]] = {
    "denied": {"status": 403, **problem("not-granted")},
    "redirect": {"status": 302, "headers": {"Location": f"{BASE}/?{CANARY}"}},
    "missing": {"status": 404, **problem("not-found")},
    "busy": {"status": 503, **problem("unavailable")},
    "too large": {"body": CANARY * 1000, "content_type": PDF},
    "not packed": {"body": CANARY, "content_type": PDF, "headers": {"Content-Encoding": "gzip"}},
    "huge problem": {"status": 400, "body": CANARY * 10_000, "content_type": "application/problem+json"},
}


@pytest.mark.parametrize("failure", FAILURES)
def test_no_error_about_a_file_tells_what_was_carried(
    web: Any, clock: Clock, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With a canary in body and headers, no message, traceback, cause or debug log holds it."""
    caplog.set_level(logging.DEBUG)
    give_token(web)
    web.add("GET", FILE, **FAILURES[failure])
    with pytest.raises((DocumentRejected, SourceRefused, TransientError)) as caught:
        door(clock).fetch(PATH, 1000)
    error: BaseException | None = caught.value
    assert isinstance(error, ConnectorError)
    assert CANARY not in "".join(traceback.format_exception(error)) + str(error) + caplog.text
    while error is not None:
        assert CANARY not in repr(error)
        error = error.__context__
