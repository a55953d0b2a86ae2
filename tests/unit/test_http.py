"""The one HTTP door: what it asks, when it asks again, what it refuses, and what it never says."""

from __future__ import annotations

import gzip
import json
import logging
import ssl
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
import urllib3

from connector.http import Http
from connector.http_logs import LIBRARY_LOGGERS
from schemas.errors import (
    ConfigurationError,
    ConnectorError,
    CursorExpired,
    SourceRefused,
    StopRequested,
    StreamNotSupplied,
    StreamRefused,
    TransientError,
)
from tests.unit.http_bench import (
    BASE,
    CANARY,
    PAGE,
    SETTINGS,
    Clock,
    door,
    give_token,
    paths,
    problem,
    token_of,
)


@pytest.fixture
def web() -> Any:
    """The web as `responses` plays it; every call is remembered."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_question_carries_a_token_and_comes_back_whole(web: Any, clock: Clock) -> None:
    """A token is fetched with Basic authentication, sent as bearer, and kept for the next question."""
    give_token(web)
    web.add("GET", PAGE, json={"a": 1})
    http = door(clock)
    assert http.get("/v1/page", {"ids": "a,b"}) == b'{"a": 1}'
    http.get("/v1/page")
    assert paths(web) == ["/oauth/token", "/v1/page?ids=a%2Cb", "/v1/page"]
    assert web.calls[0].request.body == b"grant_type=client_credentials"
    assert web.calls[0].request.headers["Authorization"].startswith("Basic ")
    assert web.calls[1].request.headers["Authorization"] == "Bearer token-1"


def test_a_question_may_carry_json(web: Any, clock: Clock) -> None:
    """Post sends its payload as JSON with the token."""
    give_token(web)
    web.add("POST", f"{BASE}/v1/changes", json={})
    assert door(clock).post("/v1/changes", {"cursors": {"notes": "x"}}) == b"{}"
    sent = web.calls[1].request
    assert (json.loads(sent.body), sent.headers["Content-Type"]) == (
        {"cursors": {"notes": "x"}},
        "application/json",
    )


def test_a_token_is_renewed_before_it_expires(web: Any, clock: Clock) -> None:
    """A token of 300 seconds serves for 270 of them; then another is fetched before asking."""
    give_token(web)
    give_token(web, "token-2")
    web.add("GET", PAGE, json={})
    http = door(clock)
    for at in (0.0, 269.0, 2.0):
        clock.now += at
        http.get("/v1/page")
    bearers = [call.request.headers["Authorization"] for call in web.calls if call.request.method == "GET"]
    assert bearers == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_refused_token_is_renewed_once(web: Any, clock: Clock) -> None:
    """After a 401 the question is asked once more with a fresh token; a second 401 is a refusal."""
    give_token(web)
    give_token(web, "token-2")
    web.add("GET", PAGE, status=401, **problem("token-expired"))
    web.add("GET", PAGE, json={})
    http = door(clock)
    assert http.get("/v1/page") == b"{}"
    web.add("GET", f"{BASE}/v1/other", status=401, **problem("unauthorised"))
    with pytest.raises(SourceRefused, match=r"GET /v1/other.*401 \(urn:sis:unauthorised\).*fresh token"):
        http.get("/v1/other")
    assert paths(web).count("/v1/other") == 2


def test_many_threads_share_one_token(web: Any, clock: Clock) -> None:
    """Threads that start together without a token fetch one token among them."""
    give_token(web)
    web.add("GET", PAGE, json={})
    http = door(clock)
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        http.get("/v1/page")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths(web).count("/oauth/token") == 1
    assert paths(web).count("/v1/page") == 8


@pytest.mark.parametrize(
    "token",
    [
        {},
        {"access_token": "a b", "token_type": "Bearer", "expires_in": 3},
        {"access_token": "a\r\nX-Evil: 1", "token_type": "Bearer", "expires_in": 3},
        {"access_token": "a", "token_type": "mac", "expires_in": 3},
        {"access_token": "a", "token_type": "Bearer", "expires_in": 0},
    ],
)
def test_a_strange_token_is_not_used(web: Any, clock: Clock, token: Mapping[str, object]) -> None:
    """An answer that is no bearer token is never sent in a header."""
    web.add("POST", f"{BASE}/oauth/token", json=token)
    with pytest.raises(TransientError, match="no bearer token"):
        door(clock).get("/v1/page")


def test_wrong_credentials_say_what_to_check(web: Any, clock: Clock) -> None:
    """A refused token request names the settings to look at, and is not repeated."""
    web.add("POST", f"{BASE}/oauth/token", status=401, **problem("unauthorised"))
    with pytest.raises(SourceRefused, match="Check client_id and the client secret") as caught:
        door(clock).get("/v1/page")
    assert len(web.calls) == 1
    assert "geheim-wachtwoord" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again(web: Any, clock: Clock, status: int) -> None:
    """A source that is busy or broken for a moment is asked again, after a pause."""
    give_token(web)
    web.add("GET", PAGE, status=status, **problem("unavailable"))
    web.add("GET", PAGE, json={})
    assert door(clock).get("/v1/page") == b"{}"
    assert clock.slept > 0


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError(CANARY),
        requests.Timeout(CANARY),
        requests.exceptions.ChunkedEncodingError(CANARY),
        requests.exceptions.ContentDecodingError(CANARY),
        requests.exceptions.SSLError("EOF occurred"),
    ],
)
def test_a_broken_connection_is_tried_again(web: Any, clock: Clock, failure: Exception) -> None:
    """What breaks between two machines is tried as often as set, and is then a TransientError."""
    give_token(web)
    web.add("GET", PAGE, body=failure)
    with pytest.raises(TransientError, match=r"GET /v1/page: .*also after several attempts"):
        door(clock).get("/v1/page")
    assert paths(web).count("/v1/page") == SETTINGS.attempts


def test_the_source_says_how_long_to_wait(web: Any, clock: Clock) -> None:
    """Retry-After in seconds is waited for, with a little more, so that clients do not return together."""
    give_token(web)
    web.add("GET", PAGE, status=429, headers={"Retry-After": "7"}, **problem("rate-limited"))
    web.add("GET", PAGE, json={})
    door(clock).get("/v1/page")
    assert 7 <= clock.slept <= 9


@pytest.mark.parametrize(
    ("after", "date", "least", "most"),
    [
        ("Tue, 24 Nov 2026 10:00:09 GMT", "Tue, 24 Nov 2026 10:00:00 GMT", 9, 11),
        ("Tue, 24 Nov 2026 09:00:00 GMT", "Tue, 24 Nov 2026 10:00:00 GMT", 0, 2),
        ("Tue, 24 Nov 2099 10:00:00 GMT", None, 60, 62),
        ("3600", None, 60, 62),
        ("tomorrow", None, 0, 1),
    ],
)
def test_a_moment_to_return_is_read_by_the_sources_clock(
    web: Any, clock: Clock, after: str, date: str | None, least: float, most: float
) -> None:
    """An HTTP date counts from the source's own Date; the past, a far future and nonsense stay harmless."""
    give_token(web)
    headers = {"Retry-After": after, **({"Date": date} if date else {})}
    web.add("GET", PAGE, status=503, headers=headers, **problem("unavailable"))
    web.add("GET", PAGE, json={})
    door(clock).get("/v1/page")
    assert least <= clock.slept <= most


def test_pauses_grow(web: Any, clock: Clock) -> None:
    """Each pause is heard as an event with method, path, status and attempt, and nothing else."""
    give_token(web)
    web.add("GET", PAGE, status=500, **problem("server-error"))
    heard: list[tuple[str, Mapping[str, object]]] = []
    http = door(clock, on_event=lambda name, fields: heard.append((name, fields)))
    with pytest.raises(TransientError, match=r"status 500 \(urn:sis:server-error\)"):
        http.get("/v1/page", {"cursor": CANARY})
    retries = [fields for name, fields in heard if name == "http_retry"]
    assert [fields["attempt"] for fields in retries] == [1, 2]
    assert retries[0].keys() == {"method", "path", "status", "attempt", "wait_seconds"}
    assert CANARY not in repr(heard)


def test_every_failed_attempt_is_heard_with_its_kind(web: Any, clock: Clock) -> None:
    """A server's error and a connection that breaks are told apart, and the last attempt counts as well."""
    give_token(web)
    web.add("GET", PAGE, status=500, **problem("server-error"))
    web.add("GET", PAGE, body=requests.ConnectionError(CANARY))
    heard: list[tuple[str, Mapping[str, object]]] = []
    http = door(clock, on_event=lambda name, fields: heard.append((name, fields)))
    with pytest.raises(TransientError):
        http.get("/v1/page")
    assert [fields["kind"] for name, fields in heard if name == "http_failed"] == ["status", "connection", "connection"]
    assert CANARY not in repr(heard)


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (400, "invalid-request", StreamRefused),
        (403, "not-granted", StreamRefused),
        (404, "unknown-stream", StreamNotSupplied),
        (410, "cursor-expired", CursorExpired),
        (410, "page-expired", TransientError),
        (410, "gone-for-good", StreamRefused),
        (418, "teapot", StreamRefused),
        (405, "method-not-allowed", StreamRefused),
    ],
)
def test_a_refusal_is_final(web: Any, clock: Clock, status: int, kind: str, error: type[ConnectorError]) -> None:
    """Each refusal has its type, names method, path, status and problem type, and is not repeated."""
    give_token(web)
    web.add("GET", PAGE, status=status, **problem(kind))
    with pytest.raises(error, match=rf"GET /v1/page: .*{status} \(urn:sis:{kind}\)") as caught:
        door(clock).get("/v1/page", {"cursor": CANARY})
    assert type(caught.value) is error
    assert paths(web)[1:] == [f"/v1/page?cursor={CANARY}"]


@pytest.mark.parametrize("kind", [f"urn:sis:{CANARY}", "urn:" + "a" * 81, f"https://{CANARY}", None, 7])
def test_a_strange_problem_type_is_not_repeated_to_anyone(web: Any, clock: Clock, kind: object) -> None:
    """A problem type is said only when it is a short plain URN."""
    give_token(web)
    web.add("GET", PAGE, status=403, json={"type": kind})
    with pytest.raises(SourceRefused) as caught:
        door(clock).get("/v1/page")
    assert "status 403." in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused(web: Any, clock: Clock, status: int) -> None:
    """No redirect is followed, not even on the same host: it would carry our token or body along."""
    give_token(web)
    web.add("GET", PAGE, status=status, headers={"Location": f"https://elders.test/{CANARY}"})
    with pytest.raises(SourceRefused, match=f"redirects \\(status {status}\\)"):
        door(clock).get("/v1/page")
    assert len(web.calls) == 2


@pytest.mark.parametrize(
    "reference",
    [
        "https://elders.test/v1/page",
        "http://sis.test/v1/page",
        "https://sis.test:8443/v1/page",
        "https://sis.test@elders.test/v1/page",
        "https://x@sis.test/v1/page",
        r"https://elders.test\@sis.test/v1/page",
        "//elders.test/v1/page",
        r"\\elders.test\v1",
        "ftp://sis.test/v1/page",
        "javascript:alert(1)",
        "/v1/page\r\nX-Evil: 1",
        "https://[::1/v1/page",
        "https://",
    ],
)
def test_only_the_own_origin_is_asked(web: Any, clock: Clock, reference: str) -> None:
    """A reference to another scheme, host, port or user, or one two parsers may read differently, is refused."""
    with pytest.raises(SourceRefused, match="pointed to another place") as caught:
        door(clock).get(reference)
    assert len(web.calls) == 0
    assert "elders" not in str(caught.value)


@pytest.mark.parametrize(
    ("base", "reference", "asked"),
    [
        ("https://sis.test", "/v1/page?page=2", "https://sis.test/v1/page?page=2"),
        ("https://sis.test", "HTTPS://SIS.test:443/v1/page?page=2#x", "https://sis.test/v1/page?page=2"),
        ("https://sis.test/", "v1/page", "https://sis.test/v1/page"),
        ("https://sis.test/api", "/v1/page", "https://sis.test/api/v1/page"),
        ("https://sis.test/api/", "/api/v1/page", "https://sis.test/api/v1/page"),
        ("https://sis.test/api", "https://sis.test/api/v1/page", "https://sis.test/api/v1/page"),
        ("https://sis.test", "@elders.test/v1", "https://sis.test/@elders.test/v1"),
    ],
)
def test_references_stay_below_the_base(web: Any, clock: Clock, base: str, reference: str, asked: str) -> None:
    """Relative and absolute references of the own origin are asked below the base URL."""
    settings = SETTINGS._replace(base_url=base)
    prefix = base.removeprefix("https://sis.test").rstrip("/")
    web.add("POST", f"https://sis.test{prefix}/oauth/token", json=token_of("t"))
    web.add("GET", asked.partition("?")[0], json={})
    door(clock, settings).get(reference)
    assert web.calls[1].request.url == asked


@pytest.mark.parametrize("base", ["sis.test", "ftp://sis.test", "https://u:p@sis.test", "https://", "https://a?b=1"])
def test_a_base_url_must_be_an_address(base: str) -> None:
    """A base URL without scheme or host, or with a user or query, is a configuration error."""
    with pytest.raises(ConfigurationError, match="base_url"):
        Http(SETTINGS._replace(base_url=base))


@pytest.mark.parametrize(
    ("content_type", "says"), [("text/html; charset=utf-8", "HTML"), ("text/plain", "no JSON"), ("", "no JSON")]
)
def test_a_page_in_html_is_no_answer(web: Any, clock: Clock, content_type: str, says: str) -> None:
    """A maintenance page with status 200 is a TransientError that says so, never an empty school."""
    give_token(web)
    web.add("GET", PAGE, body=f"<h1>{CANARY}</h1>", content_type=content_type)
    with pytest.raises(TransientError, match=f"status 200 is {says}"):
        door(clock).get("/v1/page")


@pytest.mark.parametrize("body", [b"", b"   ", b'{"records": [{"id": "a"', b'{"a'])
def test_a_body_that_stops_is_asked_again(web: Any, clock: Clock, body: bytes) -> None:
    """An empty body and one without its last bracket are taken for a broken connection, not for an answer."""
    give_token(web)
    web.add("GET", PAGE, body=body, content_type="application/json")
    web.add("GET", PAGE, json={})
    assert door(clock).get("/v1/page") == b"{}"


def test_a_body_below_its_length_is_asked_again(web: Any, clock: Clock) -> None:
    """A body shorter than its Content-Length is asked for again, also when it happens to end in a bracket."""
    give_token(web)
    headers = {"Content-Length": "100"}
    web.add(
        "GET", PAGE, body=b"{}", content_type="application/json", headers=headers, auto_calculate_content_length=False
    )
    with pytest.raises(TransientError, match="cut short"):
        door(clock).get("/v1/page")
    assert paths(web).count("/v1/page") == 3


def test_an_answer_has_a_largest_size(web: Any, clock: Clock) -> None:
    """A small gzip body that unpacks to more than the limit is refused while it unpacks."""
    give_token(web)
    bomb = gzip.compress(b"[" + b" " * 30_000_000 + b"]")
    web.add("GET", PAGE, body=bomb, content_type="application/json", headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceRefused, match="larger than 1000000 bytes"):
        door(clock, SETTINGS._replace(max_response_bytes=1_000_000)).get("/v1/page")


def test_gzip_is_unpacked(web: Any, clock: Clock) -> None:
    """A packed answer arrives unpacked; a damaged one is asked for again."""
    give_token(web)
    packed = gzip.compress(json.dumps({"a": "b" * 100_000}).encode())
    shape: dict[str, Any] = {"content_type": "application/json", "headers": {"Content-Encoding": "gzip"}}
    web.add("GET", PAGE, body=b"\x1f\x8b" + b"x" * 50, **shape)
    web.add("GET", PAGE, body=packed, **shape)
    assert len(door(clock).get("/v1/page")) == 100_009


def test_an_answer_has_a_deadline(web: Any, clock: Clock) -> None:
    """An answer that keeps dripping is given up after the deadline, however short each wait is."""
    give_token(web)
    web.add("GET", PAGE, body=b"[" + b" " * 300_000 + b"]", content_type="application/json")

    def slow() -> float:
        clock.now += 50
        return clock.now

    http = Http(SETTINGS, sleep=clock.sleep, monotonic=slow)
    with pytest.raises(TransientError, match="longer than 120 seconds"):
        http.get("/v1/page")


def test_a_stop_cuts_a_pause_short(web: Any, clock: Clock) -> None:
    """While waiting for a Retry-After of 60 seconds a stop is obeyed within a fifth of a second."""
    give_token(web)
    web.add("GET", PAGE, status=429, headers={"Retry-After": "60"}, **problem("rate-limited"))
    http = door(clock, should_stop=lambda: clock.slept > 3)
    with pytest.raises(StopRequested):
        http.get("/v1/page")
    assert 3 < clock.slept < 3.5
    with pytest.raises(StopRequested):
        http.get("/v1/page")
    assert paths(web).count("/v1/page") == 1


def test_a_pace_is_kept(web: Any, clock: Clock) -> None:
    """With two requests per second, five requests (a token among them) take two seconds."""
    give_token(web)
    web.add("GET", PAGE, json={})
    http = door(clock, SETTINGS._replace(requests_per_second=2))
    for _ in range(4):
        http.get("/v1/page")
    assert clock.slept == pytest.approx(2.0)


def test_who_leaves_room_takes_half_the_pace(web: Any, clock: Clock) -> None:
    """With two requests per second allowed, five requests that leave room take four seconds."""
    give_token(web)
    web.add("GET", PAGE, json={})
    http = door(clock, SETTINGS._replace(requests_per_second=2, leaves_room=True))
    for _ in range(4):
        http.get("/v1/page")
    assert clock.slept == pytest.approx(4.0)


def test_who_leaves_room_rests_as_long_as_the_source_worked(web: Any, clock: Clock) -> None:
    """Without a pace, after an answer that took three seconds the next request waits for three."""
    give_token(web)

    def slow(_request: Any) -> tuple[int, dict[str, str], str]:
        clock.now += 3
        return 200, {"Content-Type": "application/json"}, "{}"

    web.add_callback("GET", PAGE, slow, content_type="application/json")
    http = door(clock, SETTINGS._replace(leaves_room=True))
    for _ in range(3):
        http.get("/v1/page")
    assert clock.slept == pytest.approx(6.0)


def test_many_threads_share_one_pace(web: Any, clock: Clock) -> None:
    """Eight threads that ask at one moment get eight different slots, half a second apart."""
    give_token(web)
    web.add("GET", PAGE, json={})
    slept: list[float] = []
    http = Http(SETTINGS._replace(requests_per_second=2), sleep=slept.append, monotonic=clock)
    http.get("/v1/page")
    slept.clear()
    threads = [threading.Thread(target=http.get, args=("/v1/page",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(slept) == pytest.approx(sum(0.5 * slot for slot in range(2, 10)))


def test_the_environment_is_not_asked(web: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a netrc nor proxy variables touch a request; certificates come from the settings."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine sis.test login evil password evil\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", "http://elders.test:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/elsewhere.pem")
    give_token(web)
    web.add("GET", PAGE, json={})
    session = requests.Session()
    door(clock, SETTINGS._replace(ca_bundle="/own.pem"), session=session).get("/v1/page")
    assert web.calls[1].request.headers["Authorization"] == "Bearer token-1"
    assert web.calls[1].request.req_kwargs["verify"] == "/own.pem"
    assert not web.calls[1].request.req_kwargs["proxies"]
    door(clock, session=session)
    assert session.verify is True


def test_no_cookie_is_kept(web: Any, clock: Clock) -> None:
    """A cookie that the source sets is not sent back."""
    give_token(web)
    web.add("GET", PAGE, json={}, headers={"Set-Cookie": "a=b"})
    http = door(clock)
    http.get("/v1/page")
    http.get("/v1/page")
    assert "Cookie" not in web.calls[2].request.headers


def test_a_certificate_that_cannot_be_trusted_is_not_tried_again(web: Any, clock: Clock) -> None:
    """A wrong certificate is a refusal with its remedy, at the first attempt."""
    wrong = requests.exceptions.SSLError(ssl.SSLCertVerificationError(f"[SSL: CERTIFICATE_VERIFY_FAILED] {CANARY}"))
    web.add("POST", f"{BASE}/oauth/token", body=wrong)
    with pytest.raises(SourceRefused, match="ca_bundle") as caught:
        door(clock).get("/v1/page")
    assert len(web.calls) == 1
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_what_others_raise_passes_through(clock: Clock) -> None:
    """An error that is none of the network's reaches the caller unchanged, without a second attempt."""

    class Crash(Exception):
        pass

    calls: list[int] = []

    class Crashing(requests.adapters.BaseAdapter):
        def send(self, *args: Any, **kwargs: Any) -> requests.Response:
            calls.append(1)
            raise Crash

        def close(self) -> None:
            pass

    session = requests.Session()
    session.mount("https://", Crashing())
    with pytest.raises(Crash):
        door(clock, session=session).get("/v1/page")
    assert calls == [1]


def failing(**shape: Any) -> Callable[[Any], None]:
    return lambda web: web.add("GET", PAGE, **shape)


FAILURES = {
    "refused": failing(status=403, **problem("not-granted")),
    "cursor": failing(status=410, **problem("cursor-expired")),
    "busy": failing(status=503, **problem("unavailable")),
    "token": failing(status=401, **problem("unauthorised")),
    "html": failing(body=CANARY, content_type="text/html"),
    "redirect": failing(status=302, headers={"Location": f"{BASE}/?{CANARY}"}),
    "empty": failing(body=b"", content_type="application/json"),
    "cut": failing(body=f'{{"a":"{CANARY}', content_type="application/json"),
    "too large": failing(body=CANARY * 100, content_type="application/json"),
    "not packed": failing(body=CANARY, content_type="application/json", headers={"Content-Encoding": "gzip"}),
    "connection": failing(body=requests.ConnectionError(f"https://sis.test/v1/page?cursor={CANARY}")),
    "timeout": failing(body=requests.Timeout(f"/v1/page?cursor={CANARY}")),
    "invalid": failing(body=requests.exceptions.InvalidURL(f"/v1/page?cursor={CANARY}")),
    "raw": failing(body=urllib3.exceptions.ProtocolError(CANARY)),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_no_error_tells_what_was_carried(
    web: Any, clock: Clock, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With a canary in query, body and headers, no message, traceback, cause or debug log holds it."""
    caplog.set_level(logging.DEBUG)
    give_token(web)
    FAILURES[failure](web)
    with pytest.raises(ConnectorError) as caught:
        door(clock, SETTINGS._replace(max_response_bytes=1000)).get("/v1/page", {"cursor": CANARY})
    error: BaseException | None = caught.value
    text = "".join(traceback.format_exception(caught.value)) + str(caught.value) + caplog.text
    assert CANARY not in text
    assert "geheim" not in text
    assert caught.value.__cause__ is None
    while error is not None:
        assert CANARY not in repr(error)
        error = error.__context__


def test_a_strange_path_is_not_said(web: Any, clock: Clock) -> None:
    """A path that holds more than plain letters, as a hostile next may, is not repeated in a message."""
    give_token(web)
    web.add("GET", f"{BASE}/v1/page;{CANARY}", status=403, **problem("not-granted"))
    with pytest.raises(SourceRefused, match=r"GET \(a path\)"):
        door(clock).get(f"/v1/page;{CANARY}")


def test_every_library_that_logs_a_request_is_filtered() -> None:
    """All loggers of requests and urllib3 that exist after a request are named in the filter."""
    Http(SETTINGS)
    spoken = {"urllib3.contrib", "urllib3.util", "urllib3.http2", "urllib3.http2.connection"}
    known = {
        name
        for name in logging.root.manager.loggerDict
        if name.partition(".")[0] in ("urllib3", "requests") and name not in spoken
    }
    assert known <= set(LIBRARY_LOGGERS)


def test_library_logs_lose_their_queries(caplog: pytest.LogCaptureFixture) -> None:
    """What urllib3 says at DEBUG keeps method, path and status, and loses query, error text and traceback."""
    Http(SETTINGS)
    Http(SETTINGS)
    logger = logging.getLogger("urllib3.connectionpool")
    with caplog.at_level(logging.DEBUG, logger="urllib3"):
        logger.debug('%s://%s:%s "%s %s" %s', "https", "sis.test", 443, "GET", f"/v1/page?cursor={CANARY}", 200)
        try:
            raise ValueError(CANARY)
        except ValueError as error:
            logger.warning("Failed to parse headers (url=%s): %s", f"https://a/?{CANARY}", error, exc_info=True)
    assert CANARY not in caplog.text
    assert 'https://sis.test:443 "GET /v1/page" 200' in caplog.text
    assert "ValueError" in caplog.text
    assert len([one for one in logger.filters if type(one).__name__ == "_WithoutQueries"]) == 1
