"""The reference source against the simulated SIS: in process for every question, over HTTP for every fault."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr

from connector.http import Http, HttpSettings
from connector.simulator.answers import Simulator
from connector.simulator.server import running
from connector.sources import reference
from connector.sources.base import Source
from connector.sources.reference import ReferenceSource
from schemas.errors import (
    CursorExpired,
    SourceRefused,
    StopRequested,
    StreamNotSupplied,
    TransientError,
    WrongSchool,
)
from schemas.ids import SchoolId, SourceKey
from schemas.streams import (
    DAY_COLUMNS,
    WHOLE_SCHOOL,
    Cursor,
    Mode,
    Page,
    Period,
    Pull,
    Rejection,
    Scope,
    Stream,
    Tombstone,
)
from tests.simulator_adapter import simulated_session
from tests.unit.simulator.asking import SCHOOL, simulator_of

HERE = SchoolId(SCHOOL)
NOTES = Stream.NOTES
SETTINGS = HttpSettings("http://sis.test", "connector", SecretStr("demo-secret"), attempts=3)


def source_of(simulator: Simulator, **more: Any) -> ReferenceSource:
    """Give a source that reaches this simulator in process and never really sleeps."""
    before_call = more.pop("before_call", None)
    session = simulated_session(simulator, before_call)
    return ReferenceSource(Http(SETTINGS, session=session, sleep=lambda _seconds: None, **more))


def pages(source: Source, stream: Stream = NOTES, **pull: Any) -> list[Page]:
    return list(source.pages(HERE, Pull((stream,), **pull)))


def keys(found: Sequence[Page]) -> list[str]:
    return [getattr(item, "id", None) or item.key for page in found for item in page.items]


def whole(found: Sequence[Page]) -> list[Page]:
    """Give pages with their records read, so that they can be compared."""
    return [page._replace(items=list(page.items)) for page in found]


def cursor_of(source: Source, stream: Stream = NOTES) -> Cursor:
    cursor = pages(source, stream)[-1].cursor
    assert cursor is not None
    return cursor


def asked(simulator: Simulator) -> list[str]:
    return [request.path.rpartition("/")[2] for request in simulator.requests if request.path != "/oauth/token"]


@pytest.fixture
def simulator() -> Simulator:
    return simulator_of(30, page_cap=20)


def test_it_is_a_source(simulator: Simulator) -> None:
    """It names its dialect and sends every stream on its own, parents first, with all that an increment needs."""
    source: Source = source_of(simulator)
    assert source.dialect == "reference"
    assert source.capabilities.bundles == tuple((stream,) for stream in Stream)
    assert source.capabilities[1:] == (True, True, True, frozenset(DAY_COLUMNS))


@pytest.mark.parametrize("stream", Stream)
def test_an_enumeration_gives_every_record_once(simulator: Simulator, stream: Stream) -> None:
    """Over as many pages as it takes, each record comes once, with the source's count and a cursor at the end."""
    found = pages(source_of(simulator), stream)
    records = simulator.world.records(SCHOOL, stream.value)
    assert keys(found) == list(records)
    assert [page.is_last for page in found] == [False] * (len(found) - 1) + [True]
    assert {page.expected for page in found} == {len(records)}
    assert [page.cursor is None for page in found] == [True] * (len(found) - 1) + [False]
    assert len(found) == max(1, -(-len(records) // 20))


def test_changes_come_since_a_cursor(simulator: Simulator) -> None:
    """With a cursor come the records changed since then and tombstones; nothing is counted."""
    source = source_of(simulator)
    cursor = cursor_of(source)
    first, second = list(simulator.world.records(SCHOOL, "notes"))[:2]
    simulator.world.patch(SCHOOL, "notes", second, title="nieuw")
    simulator.world.remove(SCHOOL, "notes", first)
    (page,) = pages(source, cursor=cursor)
    assert [item.title for item in page.items[:1]] == ["nieuw"]
    assert page.items[1:] == [Tombstone(SourceKey(first))]
    assert (page.is_last, page.expected) == (True, None)
    assert list(pages(source, cursor=page.cursor)[0].items) == []


def test_changes_come_in_pages(simulator: Simulator) -> None:
    """More changes than fit on a page are followed to the end; only the last page has a cursor."""
    source = source_of(simulator)
    cursor = cursor_of(source)
    for key in simulator.world.records(SCHOOL, "notes"):
        simulator.world.patch(SCHOOL, "notes", key, title="nieuw")
    found = pages(source, cursor=cursor)
    assert len(found) > 1
    assert [page.cursor is None for page in found] == [True] * (len(found) - 1) + [False]
    assert keys(found) == list(simulator.world.records(SCHOOL, "notes"))


def test_keys_are_fetched_in_portions(simulator: Simulator) -> None:
    """450 keys are three questions and one answer whose last page says so; unknown keys are tombstones."""
    source = source_of(simulator)
    known = list(simulator.world.records(SCHOOL, "absences"))
    wanted = tuple(SourceKey(key) for key in [*known, *(f"gone-{n}" for n in range(450 - len(known)))])
    simulator.requests.clear()
    found = pages(source, Stream.ABSENCES, keys=wanted + wanted[:3])
    assert keys(found) == list(wanted)
    assert asked(simulator) == ["absences"] * 3
    assert [page.is_last for page in found] == [False, False, True]
    assert [(page.cursor, page.expected) for page in found] == [(None, None)] * 3
    assert len([item for page in found for item in page.items if isinstance(item, Tombstone)]) == 450 - len(known)


def test_long_keys_make_no_long_urls(simulator: Simulator) -> None:
    """Keys of 256 characters, in any script, are asked in URLs that any server takes."""
    source = source_of(simulator)
    pages(source, keys=tuple(SourceKey(f"{n:0256d}") for n in range(200)))
    pages(source, keys=tuple(SourceKey(f"{n}{chr(0x1F98A) * 250}") for n in range(5)))
    assert max(len(request.query) for request in simulator.requests) < 5000


@pytest.mark.parametrize("others", [(), ("not-000001",)])
def test_a_key_that_cannot_be_asked_is_said(simulator: Simulator, others: tuple[str, ...]) -> None:
    """A key with a comma would be read as two, so it is answered with a rejection and never sent."""
    found = pages(source_of(simulator), keys=(SourceKey("a,b"), *map(SourceKey, others)))
    items = [item for page in found for item in page.items]
    assert items[0] == Rejection(SourceKey("a,b"), "unaskable_key")
    assert [page.is_last for page in found] == [False] * (len(found) - 1) + [True]
    assert len(items) == 1 + len(others)
    assert len(asked(simulator)) == len(others)


def test_one_question_tells_what_changed(simulator: Simulator) -> None:
    """Of the streams asked, those with changes and those with a lost cursor are named; no other is mentioned."""
    source = source_of(simulator)
    cursors = {stream: cursor_of(source, stream) for stream in (Stream.NOTES, Stream.GROUPS, Stream.PUPILS)}
    simulator.world.remove(SCHOOL, "notes", "not-000001")
    simulator.world.remove(SCHOOL, "absences", "abs-000001")
    simulator.world.expire_cursors(SCHOOL, "groups")
    simulator.requests.clear()
    assert source.changed(HERE, cursors) == (frozenset({Stream.NOTES}), frozenset({Stream.GROUPS}))
    assert asked(simulator) == ["changes"]
    assert simulator.requests[0].streams == ("groups", "notes", "pupils")
    assert source.changed(HERE, {}) == (frozenset(), frozenset())
    assert len(simulator.requests) == 1


def test_a_school_is_described_without_a_person() -> None:
    """Describe names the school and the granted streams, in one request that is about no stream."""
    simulator = simulator_of(5, grants={"connector": {SCHOOL: ["notes", "pupils"]}})
    said = source_of(simulator).describe(HERE)
    assert said == (HERE, "De Regenboog", frozenset({Stream.NOTES, Stream.PUPILS}))
    assert asked(simulator) == [SCHOOL]


def test_what_is_not_granted_is_refused() -> None:
    """A stream or school that the client may not read is a refusal with its problem type."""
    source = source_of(simulator_of(5, grants={"connector": {SCHOOL: ["pupils"]}}))
    with pytest.raises(SourceRefused, match=r"GET /v1/schools/99AA00/notes: .*403 \(urn:sis:not-granted\)"):
        pages(source)
    with pytest.raises(SourceRefused, match="unknown-school"):
        source.describe(SchoolId("99ZZ00"))


def test_a_stream_the_source_does_not_know_is_no_empty_one(simulator: Simulator) -> None:
    """It is told apart from every other refusal, in each question; the description does not list it."""
    source = source_of(simulator)
    cursor = cursor_of(source)
    simulator.lacks = frozenset({"notes"})
    for pull in ({}, {"cursor": cursor}, {"keys": (SourceKey("n1"),)}):
        with pytest.raises(StreamNotSupplied):
            pages(source, **pull)
    with pytest.raises(StreamNotSupplied):
        source.changed(HERE, {NOTES: cursor})
    assert source.describe(HERE).streams == frozenset(Stream) - {NOTES}


def test_a_token_that_runs_out_goes_unnoticed(simulator: Simulator) -> None:
    """A token that expires in the middle of an enumeration is replaced, and no record is lost or doubled."""
    source = source_of(simulator, before_call=lambda number: simulator.expire_tokens() if number == 3 else None)
    assert keys(pages(source)) == list(simulator.world.records(SCHOOL, "notes"))


def test_what_a_test_raises_at_a_call_passes_through(simulator: Simulator) -> None:
    """The n-th request can be made to fail with any error, which the source passes on unchanged."""

    class Crash(Exception):
        pass

    def crash(number: int) -> None:
        if number == 3:
            raise Crash

    source = source_of(simulator, before_call=crash)
    with pytest.raises(Crash):
        pages(source)
    assert keys(pages(source)) == list(simulator.world.records(SCHOOL, "notes"))


def test_a_stop_ends_between_two_pages(simulator: Simulator) -> None:
    """After a stop no further page is asked for; the pages before it were given."""
    stop: list[bool] = []
    source = source_of(simulator, should_stop=lambda: bool(stop))
    found = source.pages(HERE, Pull((NOTES,)))
    assert not next(found).is_last
    stop.append(True)
    with pytest.raises(StopRequested):
        next(found)


QUESTIONS: dict[str, Callable[[ReferenceSource, Cursor], object]] = {
    "describe": lambda source, _cursor: source.describe(HERE),
    "changed": lambda source, cursor: source.changed(HERE, {NOTES: cursor}),
    "full": lambda source, _cursor: pages(source),
    "keys": lambda source, _cursor: pages(source, keys=(SourceKey("not-000001"),)),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_another_schools_answer_is_a_hard_stop(simulator: Simulator, question: str) -> None:
    """Whatever is asked, an answer about another school gives WrongSchool and not one record."""
    source = source_of(simulator)
    cursor = cursor_of(source)
    simulator.faults.add("other_school", times=None)
    with pytest.raises(WrongSchool, match="asked for school 99AA00"):
        QUESTIONS[question](source, cursor)


class Scripted:
    """An Http that gives prepared bodies; the last one for ever."""

    def __init__(self, *bodies: dict[str, object]) -> None:
        self.bodies = [json.dumps(body).encode() for body in bodies]

    def get(self, _reference: str, _params: object = None) -> bytes:
        return self.bodies.pop(0) if len(self.bodies) > 1 else self.bodies[0]


def scripted(*bodies: dict[str, object]) -> ReferenceSource:
    http: Any = Scripted(*bodies)
    return ReferenceSource(http)


WHOLE: dict[str, object] = {
    "school": SCHOOL,
    "stream": "notes",
    "mode": "full",
    "count": 0,
    "records": [],
    "next": None,
    "cursor": "c",
}


@pytest.mark.parametrize("wrong", [{"stream": "pupils"}, {"mode": "changes"}, {"mode": "keys"}, {"mode": "else"}])
def test_another_answer_than_asked_is_refused(wrong: dict[str, object]) -> None:
    """A page of another stream or mode is not taken for the one that was asked."""
    with pytest.raises(SourceRefused, match="answered something else"):
        pages(scripted({**WHOLE, **wrong}))


@pytest.mark.parametrize("pull", [{}, {"cursor": Cursor("a")}])
def test_a_last_page_without_cursor_is_not_the_end(pull: dict[str, Any]) -> None:
    """An enumeration or increment that ends without a cursor did not end well."""
    mode = Pull((NOTES,), **pull).mode
    with pytest.raises(TransientError, match="no cursor"):
        pages(scripted({**WHOLE, "mode": mode.value, "cursor": None}), **pull)


@pytest.mark.parametrize("names", [["a"], ["a", "b", "a"], ["/v1/schools/99AA00/notes?page=2", "?page=2"]])
def test_pages_that_go_round_are_left(names: list[str]) -> None:
    """A next page that was read before ends the enumeration with an error, however it is spelled."""
    with pytest.raises(TransientError, match="do not end"):
        pages(scripted(*({**WHOLE, "next": name, "cursor": None} for name in names)))


def test_pages_without_end_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """More pages than any school has end the enumeration with an error."""
    monkeypatch.setattr(reference, "MOST_PAGES", 5)
    with pytest.raises(TransientError, match="do not end"):
        pages(scripted(*({**WHOLE, "next": str(number), "cursor": None} for number in range(20))))


def test_a_school_answer_that_is_none_may_pass() -> None:
    """An answer to describe that is not the contract's is a TransientError that shows nothing of it."""
    with pytest.raises(TransientError, match="about the school is not what the contract says"):
        scripted({"school": 7}).describe(HERE)


# Every fault over real HTTP: what the source makes of one, and of one that does not stop.
PASSING = "latency rate_limit_storm server_error unavailable reset half_page empty_body expired_token".split()
STAYING = {
    "rate_limit_storm": TransientError,
    "server_error": TransientError,
    "unavailable": TransientError,
    "reset": TransientError,
    "half_page": TransientError,
    "html_200": TransientError,
    "wrong_json": TransientError,
    "empty_body": TransientError,
    "gzip_bomb": SourceRefused,
    "slow_drip": TransientError,
    "redirect": SourceRefused,
    "expired_token": SourceRefused,
    "cursor_expired": CursorExpired,
    "page_expired": TransientError,
    "other_school": WrongSchool,
    "foreign_next": SourceRefused,
}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Simulator, str]]:
    simulator = simulator_of(30, page_cap=20)
    with running(simulator) as url:
        yield simulator, url


@pytest.fixture
def live(served: tuple[Simulator, str]) -> Iterator[tuple[Simulator, ReferenceSource]]:
    simulator, url = served
    settings = SETTINGS._replace(base_url=url, deadline_seconds=1, max_response_bytes=2**20)
    yield simulator, ReferenceSource(Http(settings, sleep=lambda _seconds: None))
    simulator.faults.clear()


def test_over_http_it_is_the_same(live: tuple[Simulator, ReferenceSource]) -> None:
    """Over a real connection every stream comes as it does in process."""
    simulator, source = live
    for stream in Stream:
        assert whole(pages(source, stream)) == whole(pages(source_of(simulator), stream))


@pytest.mark.parametrize("undeclared", [False, True])
@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_fault_is_got_over(live: tuple[Simulator, ReferenceSource], kind: str, undeclared: bool) -> None:
    """A fault that passes costs no record and no error, on the first page and on the second."""
    simulator, source = live
    for after in (0, 1):
        simulator.faults.add(kind, after=after, seconds=0.05, undeclared=undeclared, stream="notes")
        assert keys(pages(source)) == list(simulator.world.records(SCHOOL, "notes"))
        assert simulator.faults.waiting == []


@pytest.mark.parametrize("undeclared", [False, True])
@pytest.mark.parametrize("kind", STAYING)
def test_a_fault_that_stays_is_an_error_of_its_kind(
    live: tuple[Simulator, ReferenceSource], kind: str, undeclared: bool
) -> None:
    """A fault that does not pass ends the enumeration with the error that says what to do next."""
    simulator, source = live
    pull: dict[str, Any] = {"cursor": cursor_of(source)} if kind == "cursor_expired" else {}
    simulator.faults.add(kind, times=None, stream="notes", megabytes=5, seconds=0.2, undeclared=undeclared)
    began = time.monotonic()
    with pytest.raises(STAYING[kind]) as caught:
        pages(source, **pull)
    assert caught.type is STAYING[kind]
    assert time.monotonic() - began < 5
    assert "page=" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "shape"),
    [("wrong_types", {}), ("wrong_types", {"field": "noted_on"}), ("missing_key", {})],
)
def test_one_bad_record_costs_one_record(
    live: tuple[Simulator, ReferenceSource], kind: str, shape: dict[str, Any]
) -> None:
    """A record with a wrong type or without a key is a rejection in its place; all others arrive."""
    simulator, source = live
    simulator.faults.add(kind, stream="notes", **shape)
    items = [item for page in pages(source) for item in page.items]
    rejected = [item for item in items if isinstance(item, Rejection)]
    assert len(rejected) == 1
    assert items[0] is rejected[0]
    assert len(items) == len(simulator.world.records(SCHOOL, "notes"))
    assert (rejected[0].key is None) == (kind == "missing_key")


@pytest.mark.parametrize(
    ("kind", "shape", "off"),
    [
        ("capped_page", {"keep": 3}, True),
        ("shifting_page", {}, True),
        ("miscount", {}, True),
        ("duplicate_ids", {}, False),
    ],
)
def test_a_wrong_enumeration_can_be_seen(
    live: tuple[Simulator, ReferenceSource], kind: str, shape: dict[str, Any], off: bool
) -> None:
    """A capped, shifted or miscounted enumeration shows in the counts; a doubled record in its key."""
    simulator, source = live
    simulator.faults.add(kind, times=None, stream="notes", **shape)
    found = pages(source)
    seen = keys(found)
    assert (len(set(seen)) != found[-1].expected) is off
    assert (len(seen) != len(set(seen))) is (kind == "duplicate_ids")


def test_a_lost_cursor_is_told_in_the_quiet_question_too(live: tuple[Simulator, ReferenceSource]) -> None:
    """A changes call names the streams whose cursor is lost."""
    simulator, source = live
    cursors = {NOTES: cursor_of(source)}
    simulator.faults.add("cursor_expired")
    assert source.changed(HERE, cursors) == (frozenset(), frozenset({NOTES}))


def test_a_wrong_size_of_a_document_arrives_as_it_was_said(live: tuple[Simulator, ReferenceSource]) -> None:
    """What a record announces of its document is passed on, right or wrong: the bytes decide."""
    simulator, source = live

    def sizes() -> list[int]:
        return [item.document.size for page in pages(source, Stream.REPORTS) for item in page.items if item.document]

    good = sizes()
    simulator.faults.add("wrong_size", by=7)
    assert sizes() == [good[0] + 7, *good[1:]]


def test_every_fault_is_tried() -> None:
    """No kind of misbehaviour that a page or question may meet is left out here."""
    from connector.simulator.faults import DOCUMENT_KINDS, KINDS

    seen = {"wrong_types", "missing_key", "capped_page", "shifting_page", "miscount", "duplicate_ids", "wrong_size"}
    assert {*PASSING, *STAYING, *seen} == KINDS - DOCUMENT_KINDS


def test_modes_are_asked_as_the_pull_says() -> None:
    """A pull's mode is the mode that the contract's pages carry."""
    assert [mode.value for mode in Mode] == ["full", "changes", "keys", "period"]


def test_a_period_names_its_scope_and_its_count_and_gives_no_cursor() -> None:
    """Pages of a period say of which days they speak and how many records lie there; nothing to go on from."""
    simulator = simulator_of(60, page_cap=5)
    source, period = source_of(simulator), Period(date(2025, 8, 1), date(2026, 11, 24))
    found = pages(source, Stream.ABSENCES, period=period)
    assert len(found) > 1
    assert {(page.scope, page.expected, page.cursor) for page in found} == {
        (Scope(period=period), len(keys(found)), None)
    }
    assert [page.is_last for page in found] == [False] * (len(found) - 1) + [True]
    assert 0 < len(keys(found)) < len(keys(pages(source, Stream.ABSENCES)))
    assert {page.scope for page in pages(source, Stream.ABSENCES)} == {WHOLE_SCHOOL}


def test_the_records_of_a_period_are_counted_in_one_request() -> None:
    """Every dated stream says how much lies in a period; one small page is asked for and no more."""
    simulator = simulator_of(60)
    source, period = source_of(simulator), Period(date(2025, 8, 1), date(2026, 7, 31))
    for stream in source.capabilities.dated:
        expected = len(keys(pages(source, stream, period=period)))
        before = len(simulator.requests)
        assert source.count(HERE, stream, period) == expected
        assert [request.query for request in simulator.requests[before:]] == [
            "period=2025-08-01%2F2026-07-31&page_size=1"
        ]
