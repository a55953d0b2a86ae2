"""Fetch-ahead: what is fetched early comes out in order, within bounds, and leaves nothing behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import structlog

from jobs.fetch_ahead import PAGES_AHEAD, TURN_AHEAD, FetchAhead, HeldUp, is_given_up
from schemas.errors import CursorExpired, SourceRefused, StopRequested, TransientError
from schemas.streams import Cursor, Page, Pull, Stream

PUPILS, NOTES, GROUPS = Pull((Stream.PUPILS,)), Pull((Stream.NOTES,)), Pull((Stream.GROUPS,))
PATIENCE = 10


def eventually(is_so: Callable[[], bool]) -> bool:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE
    while not is_so() and time.monotonic() < until:
        time.sleep(0.002)
    return is_so()


def endure() -> None:
    """Wait without a word."""


class Shop:
    """A source of three pages a pull that remembers what it handed out, to whom, and how many asked at a time."""

    def __init__(self, pages: int = 3) -> None:
        self.pages = pages
        self.lengths: dict[Pull, int] = {}
        self.given: list[tuple[Pull, int]] = []
        self.errors: dict[tuple[Pull, int], Exception] = {}
        self.closed: dict[Pull, threading.Event] = {}
        self.busy = self.most_busy = 0
        self.askers: dict[Pull, str] = {}
        self._lock = threading.Lock()

    def fetch(self, pull: Pull) -> Iterator[Page]:
        """Give numbered pages: the number is what a page expects."""
        self.askers[pull] = threading.current_thread().name
        pages = self.lengths.get(pull, self.pages)
        for number in range(pages):
            with self._lock:
                self.busy += 1
                self.most_busy = max(self.most_busy, self.busy)
            if pull in self.closed:
                self.closed[pull].wait(PATIENCE)
            time.sleep(0.001)
            with self._lock:
                self.busy -= 1
                self.given.append((pull, number))
            if (pull, number) in self.errors:
                raise self.errors[pull, number]
            yield Page(pull.streams[0], [], is_last=number == pages - 1, expected=number)

    def shut(self, pull: Pull) -> threading.Event:
        """Hold back a pull's pages until the event is set."""
        self.closed[pull] = threading.Event()
        return self.closed[pull]

    def count(self, pull: Pull) -> int:
        """Tell how many pages of a pull were fetched."""
        return sum(1 for given, _ in self.given if given == pull)


def numbers(ahead: FetchAhead, pull: Pull) -> list[int | None]:
    return [page.expected for page in ahead.pages(pull, endure)]


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Give a shop, and see to it that no thread outlives the test."""
    before = threading.active_count()
    yield Shop()
    assert eventually(lambda: threading.active_count() == before), threading.enumerate()


@pytest.mark.parametrize("requests", [1, 2, 8])
def test_the_pages_of_each_pull_come_whole_and_in_order(shop: Shop, requests: int) -> None:
    """Whatever is fetched first, each pull gives its own pages from the first to the last."""
    pulls = [PUPILS, NOTES, GROUPS]
    with FetchAhead(shop.fetch, requests) as ahead:
        for place, pull in enumerate(pulls):
            ahead.expect(pulls[place:])
            assert numbers(ahead, pull) == [0, 1, 2]
    assert len(shop.given) == 9


def test_one_request_at_a_time_makes_no_thread_and_fetches_nothing_early(shop: Shop) -> None:
    """With 1 the pages come from the caller's own thread, each when it is asked for."""
    with FetchAhead(shop.fetch, 1) as ahead:
        ahead.expect([PUPILS, NOTES])
        pages = ahead.pages(PUPILS, endure)
        next(pages)
        assert shop.given == [(PUPILS, 0)]
        assert shop.askers == {PUPILS: threading.current_thread().name}


def test_what_comes_next_is_fetched_while_the_first_is_worked_on(shop: Shop) -> None:
    """Nobody has taken a page yet, and the pages of every expected pull are there."""
    with FetchAhead(shop.fetch, 4) as ahead:
        ahead.expect([PUPILS, NOTES, GROUPS])
        assert eventually(lambda: len(shop.given) == 9)
        assert numbers(ahead, PUPILS) == [0, 1, 2]


def test_no_more_pages_wait_than_are_allowed(shop: Shop) -> None:
    """Pulls whose turn has not come stop with their share waiting and one page each in hand, and go on later."""
    shop.pages = 50
    room, in_hand = 2 * PAGES_AHEAD, 2
    with FetchAhead(shop.fetch, 2) as ahead:
        ahead.expect([PUPILS, NOTES])
        assert eventually(lambda: len(shop.given) == room + in_hand)
        time.sleep(0.05)  # time for a thread to go too far
        assert len(shop.given) == room + in_hand
        assert numbers(ahead, PUPILS) == list(range(50))
        assert eventually(lambda: shop.count(NOTES) == room + 1)
        time.sleep(0.05)  # time for a thread to go too far
        assert shop.count(NOTES) == room + 1
        ahead.expect([NOTES])
        assert numbers(ahead, NOTES) == list(range(50))


def test_a_long_pull_fills_the_room_that_short_ones_leave(shop: Shop) -> None:
    """Its pages can only be asked for one after another, so it begins while nothing else needs the room."""
    shop.lengths = {PUPILS: 1, NOTES: 50, GROUPS: 1}
    with FetchAhead(shop.fetch, 2) as ahead:
        ahead.expect([PUPILS, NOTES, GROUPS])
        assert eventually(lambda: len(shop.given) == 2 * PAGES_AHEAD + 1)
        time.sleep(0.05)  # time for a thread to go too far
        assert (shop.count(PUPILS), shop.count(GROUPS), shop.count(NOTES)) == (1, 1, 2 * PAGES_AHEAD - 1)


def test_the_pull_whose_turn_it_is_goes_on_though_others_fill_the_room(shop: Shop) -> None:
    """A few pages of its own may always wait: what is fetched early never slows what is needed now."""
    shop.lengths = {PUPILS: 50, NOTES: 50}
    is_open = shop.shut(PUPILS)
    with FetchAhead(shop.fetch, 2) as ahead:
        ahead.expect([PUPILS, NOTES])
        pages = ahead.pages(PUPILS, endure)
        assert eventually(lambda: shop.count(NOTES) == 2 * PAGES_AHEAD + 1)
        is_open.set()
        assert next(pages).expected == 0
        assert eventually(lambda: shop.count(PUPILS) == 1 + TURN_AHEAD + 1)
        assert [page.expected for page in pages] == list(range(1, 50))
        assert shop.count(NOTES) == 2 * PAGES_AHEAD + 1


@pytest.mark.parametrize("requests", [2, 3])
def test_no_more_requests_are_under_way_than_are_allowed(shop: Shop, requests: int) -> None:
    """The caller's own requests count: for keys that nobody expected, beside pulls in flight."""
    shop.pages = 20
    pulls = [Pull((stream,)) for stream in Stream]
    with FetchAhead(shop.fetch, requests) as ahead:
        for place, pull in enumerate(pulls):
            ahead.expect(pulls[place:])
            assert len(numbers(ahead, pull)) == 20
            assert len(numbers(ahead, pull._replace(cursor=Cursor("other")))) == 20
    assert shop.most_busy == requests


@pytest.mark.parametrize("error", [TransientError("away"), SourceRefused("no"), CursorExpired("old")])
@pytest.mark.parametrize("requests", [1, 4])
def test_an_error_comes_where_it_would_have_come(shop: Shop, requests: int, error: Exception) -> None:
    """The pull before it is given whole, then the failed one gives the pages before the error, then the error."""
    shop.errors[NOTES, 2] = error
    with FetchAhead(shop.fetch, requests) as ahead:
        ahead.expect([PUPILS, NOTES, GROUPS])
        assert requests == 1 or eventually(lambda: len(shop.given) == 9)
        assert numbers(ahead, PUPILS) == [0, 1, 2]
        ahead.expect([NOTES, GROUPS])
        pages = ahead.pages(NOTES, endure)
        assert [next(pages).expected, next(pages).expected] == [0, 1]
        with pytest.raises(type(error)) as caught:
            next(pages)
        assert caught.value is error
        ahead.expect([GROUPS])
        assert numbers(ahead, GROUPS) == [0, 1, 2]


def test_what_broke_off_while_it_waited_for_its_turn_is_asked_for_again(shop: Shop) -> None:
    """A source forgets an enumeration that stood still; now that its turn is here the pull comes directly."""
    shop.pages = 10
    shop.lengths = {PUPILS: 1}
    shop.errors[NOTES, 2 * PAGES_AHEAD] = TransientError("page-expired")
    with FetchAhead(shop.fetch, 2) as ahead:
        ahead.expect([PUPILS, NOTES])
        assert eventually(lambda: shop.count(NOTES) == 2 * PAGES_AHEAD)
        numbers(ahead, PUPILS)
        ahead.expect([NOTES])
        with pytest.raises(HeldUp):
            numbers(ahead, NOTES)
        shop.errors.clear()
        assert numbers(ahead, NOTES) == list(range(10))


def test_a_refusal_is_final_however_long_it_waited(shop: Shop) -> None:
    """Only what may be tried again is tried again."""
    shop.pages = 10
    shop.lengths = {PUPILS: 1}
    shop.errors[NOTES, 2 * PAGES_AHEAD] = SourceRefused("no")
    with FetchAhead(shop.fetch, 2) as ahead:
        ahead.expect([PUPILS, NOTES])
        assert eventually(lambda: shop.count(NOTES) == 2 * PAGES_AHEAD)
        ahead.expect([NOTES])
        with pytest.raises(SourceRefused):
            numbers(ahead, NOTES)


def test_what_is_not_expected_any_more_is_given_up(shop: Shop) -> None:
    """A pull whose parent failed makes no further request, and its thread takes up what comes after."""
    shop.pages = 50
    shop.shut(PUPILS)
    with FetchAhead(shop.fetch, 2) as ahead:
        ahead.expect([PUPILS, NOTES, GROUPS])
        assert eventually(lambda: shop.count(NOTES) == 2 * PAGES_AHEAD + 1)
        assert shop.count(GROUPS) == 0
        ahead.expect([PUPILS, GROUPS])
        assert eventually(lambda: shop.count(GROUPS) == 2 * PAGES_AHEAD + 1)
        assert shop.count(NOTES) == 2 * PAGES_AHEAD + 1
        shop.closed[PUPILS].set()


def test_a_pull_in_another_mode_gets_nothing_of_what_was_fetched(shop: Shop) -> None:
    """A parent came back and wants the stream in full: the changes fetched ahead are dropped, unread."""
    changes, full = NOTES._replace(cursor=Cursor("c-1")), NOTES
    shop.errors[changes, 1] = AssertionError("of the pull that was given up")
    with FetchAhead(shop.fetch, 2) as ahead:
        ahead.expect([PUPILS, changes])
        numbers(ahead, PUPILS)
        assert eventually(lambda: shop.count(changes) == 2)
        ahead.expect([full])
        assert numbers(ahead, full) == [0, 1, 2]
        assert shop.count(full) == 3


def test_a_pull_that_no_thread_has_begun_is_fetched_by_the_caller(shop: Shop) -> None:
    """All threads stand before later pulls, which wait for their turn: the one that is due does not wait for them."""
    shop.pages = 50
    late = Pull((Stream.LOCATIONS,))
    with FetchAhead(shop.fetch, 2) as ahead:
        ahead.expect([NOTES, GROUPS])
        assert eventually(lambda: len(shop.given) == 2 * PAGES_AHEAD + 2)
        ahead.expect([late, NOTES, GROUPS])
        assert numbers(ahead, late) == list(range(50))
        assert shop.askers[late] == threading.current_thread().name
        ahead.expect([NOTES, GROUPS])
        assert numbers(ahead, NOTES) == list(range(50))


def test_the_caller_is_asked_now_and_then_while_it_waits(shop: Shop) -> None:
    """Who waits keeps the lease and hears a wish to stop, and what that raises is raised."""
    gate = shop.shut(PUPILS)
    asked: list[float] = []

    def wait() -> None:
        asked.append(time.monotonic())
        if len(asked) == 3:
            gate.set()
            raise StopRequested("stop")

    with FetchAhead(shop.fetch, 2) as ahead:
        ahead.expect([PUPILS])
        with pytest.raises(StopRequested):
            next(ahead.pages(PUPILS, wait))
    assert len(asked) == 3
    assert asked[2] - asked[0] > 0.3


def test_the_caller_is_asked_also_while_others_make_the_requests(shop: Shop) -> None:
    """Waiting for leave to ask is waiting for the source too."""
    gates = [shop.shut(NOTES), shop.shut(GROUPS)]
    asked: list[float] = []

    def wait() -> None:
        asked.append(time.monotonic())
        for gate in gates:
            gate.set()

    with FetchAhead(shop.fetch, 2) as ahead:
        ahead.expect([NOTES, GROUPS])
        assert eventually(lambda: shop.busy == 2)
        assert len(list(ahead.pages(PUPILS, wait))) == 3
    assert asked


@pytest.mark.parametrize("is_stuck", [False, True])
def test_leaving_the_block_ends_every_thread(shop: Shop, is_stuck: bool) -> None:
    """Also when a stream fails while others stand with full hands, or wait for an answer that is still to come."""
    shop.pages = 50
    gate = shop.shut(GROUPS)
    threading.Timer(0.1 if is_stuck else 0, gate.set).start()
    with suppress(SourceRefused), FetchAhead(shop.fetch, 3) as ahead:
        ahead.expect([PUPILS, NOTES, GROUPS])
        next(ahead.pages(PUPILS, endure))
        raise SourceRefused("no")
    given = len(shop.given)
    time.sleep(0.02)
    assert len(shop.given) == given


def test_a_block_can_be_entered_again(shop: Shop) -> None:
    """One run pulls twice: what was asked for at first, and what that demanded."""
    ahead = FetchAhead(shop.fetch, 2)
    for pull in (PUPILS, NOTES):
        with ahead:
            ahead.expect([pull])
            assert numbers(ahead, pull) == [0, 1, 2]


def test_a_request_knows_when_nobody_wants_its_answer() -> None:
    """The source's door asks before it tries again, so that a run that fails does not wait for retries."""
    heard: list[bool] = []
    begun, go_on = threading.Event(), threading.Event()

    def fetch(pull: Pull) -> Iterator[Page]:
        heard.append(is_given_up())
        begun.set()
        go_on.wait(PATIENCE)
        heard.append(is_given_up())
        yield Page(pull.streams[0], [], is_last=True)

    with FetchAhead(fetch, 2) as ahead:
        ahead.expect([PUPILS])
        begun.wait(PATIENCE)
        ahead.expect([])
        assert not is_given_up()
        go_on.set()
    assert heard == [False, True]


def test_the_threads_log_under_the_same_school(shop: Shop) -> None:
    """What is bound to the run's log lines is bound in its threads too."""
    bound: list[object] = []

    def fetch(pull: Pull) -> Iterator[Page]:
        bound.append(structlog.contextvars.get_contextvars().get("school"))
        yield from shop.fetch(pull)

    with structlog.contextvars.bound_contextvars(school="99AA00"), FetchAhead(fetch, 2) as ahead:
        ahead.expect([PUPILS])
        numbers(ahead, PUPILS)
    assert bound == ["99AA00"]
