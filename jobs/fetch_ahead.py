"""Fetch-ahead: a few threads read what comes next from the source while the run stages and applies what came.

The run's own thread reads records, maps, stages and applies, stream by stream, as ever; only waiting for the source is
shared. The pages that wait are bounded, `PAGES_AHEAD` for each request at a time. All pulls share that room: a long
one may fill what short ones leave, since its pages can only be asked for one after another.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar, copy_context
from types import TracebackType

import structlog

from schemas.errors import TransientError
from schemas.streams import Page, Pull

PAGES_AHEAD = 2
"""How many pages may wait to be taken, for each request at a time."""
TURN_AHEAD = 2
"""How many pages of the pull that is being taken may wait, whatever waits of others."""
_SLICE_SECONDS = 0.2

Wait = Callable[[], None]


class HeldUp(Exception):
    """What was fetched ahead broke off while it waited for its turn; asked for again, it comes directly."""


class _Flight:
    """One pull on its way: the pages that wait to be taken, then its end or its error."""

    def __init__(self, pull: Pull) -> None:
        self.pull = pull
        self.pages: deque[Page] = deque()
        self.error: BaseException | None = None
        self.is_started = self.is_over = self.is_given_up = False
        self.has_turn = self.was_held_up = False


_FLIGHT: ContextVar[_Flight | None] = ContextVar("flight", default=None)


def is_given_up() -> bool:
    """Tell whether the request that this thread is about to make is for nobody any more."""
    flight = _FLIGHT.get()
    return flight is not None and flight.is_given_up


def named_in_logs(pull: Pull) -> AbstractContextManager[None]:
    """Put the stream, or the streams, of a pull on every line of the block."""
    names = [stream.value for stream in pull.streams]
    return structlog.contextvars.bound_contextvars(**({"stream": names[0]} if len(names) == 1 else {"streams": names}))


class FetchAhead:
    """Hands out the pages of one pull after another, fetched by at most so many requests at a time.

    With one request at a time there is no thread. Used by one thread; leaving its block ends every other.
    """

    def __init__(self, fetch: Callable[[Pull], Iterator[Page]], requests: int = 1) -> None:
        self._fetch = fetch
        self._requests = requests
        self._slots = threading.Semaphore(requests)
        self._moved = threading.Condition()
        self._current: _Flight | None = None
        self._coming: list[_Flight] = []
        self._threads: list[threading.Thread] = []
        self._busy = 0

    def __enter__(self) -> FetchAhead:
        """Begin; nothing is fetched until something is expected."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Give up what is in flight and wait for the requests under way."""
        self.expect(())
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def expect(self, pulls: Sequence[Pull]) -> None:
        """Fetch these next, in this order; what is in flight and not among them is given up."""
        if self._requests == 1:
            return
        with self._moved:
            known = {flight.pull: flight for flight in self._coming}
            self._coming = [known.pop(pull) if pull in known else _Flight(pull) for pull in pulls]
            for unwanted in (*known.values(), self._current):
                if unwanted is not None:
                    unwanted.is_given_up = True
            self._current = None
            while self._busy < self._requests and (flight := self._next()) is not None:
                self._start(flight)
            self._moved.notify_all()

    def pages(self, pull: Pull, wait: Wait) -> Iterator[Page]:
        """Give the pages of a pull, fetched ahead or not; its error comes where it would have come.

        `wait` is called now and then while there is none, and may raise. Raises HeldUp and what the source raises.
        """
        if self._requests == 1:
            return self._fetch(pull)
        flight = self._take(pull)
        return self._fetched_here(pull, wait) if flight is None else self._received(flight, wait)

    def _take(self, pull: Pull) -> _Flight | None:
        """Give the flight whose turn has come; what no thread has begun is left to the caller."""
        with self._moved:
            flight = next((flight for flight in self._coming if flight.pull == pull), None)
            if flight is None:
                return None
            self._coming.remove(flight)
            if not flight.is_started:
                return None
            self._current, flight.has_turn = flight, True
            return flight

    def _received(self, flight: _Flight, wait: Wait) -> Iterator[Page]:
        while True:
            with self._moved:
                self._moved.wait_for(lambda: flight.pages or flight.is_over, _SLICE_SECONDS)
                page = flight.pages.popleft() if flight.pages else None
                is_over = flight.is_over
                self._moved.notify_all()
            if page is not None:
                yield page
            elif is_over:
                break
            else:
                wait()
        if flight.was_held_up and isinstance(flight.error, TransientError):
            raise HeldUp
        if flight.error is not None:
            raise flight.error

    def _fetched_here(self, pull: Pull, wait: Wait) -> Iterator[Page]:
        """Fetch in the caller's thread, as one of the requests that are allowed."""
        pages = self._fetch(pull)
        while True:
            while not self._slots.acquire(timeout=_SLICE_SECONDS):
                wait()
            try:
                page = next(pages, None)
            finally:
                self._slots.release()
            if page is None:
                return
            yield page

    def _next(self) -> _Flight | None:
        """Give what is to be begun next. Called with the lock held, as is `_start`."""
        flight = next((flight for flight in self._coming if not flight.is_started), None)
        if flight is not None:
            flight.is_started = True
        return flight

    def _start(self, flight: _Flight) -> None:
        # The thread logs under the same school and run.
        thread = threading.Thread(target=copy_context().run, args=(self._work, flight), name="fetch-ahead")
        self._threads.append(thread)
        self._busy += 1
        thread.start()

    def _work(self, flight: _Flight | None) -> None:
        while flight is not None:
            _FLIGHT.set(flight)
            try:
                with named_in_logs(flight.pull):
                    self._fly(flight)
            except BaseException as error:  # noqa: BLE001  # it belongs to the thread whose turn it will be
                flight.error = error
            with self._moved:
                flight.is_over = True
                flight = self._next()
                if flight is None:
                    self._busy -= 1
                self._moved.notify_all()

    def _fly(self, flight: _Flight) -> None:
        pages = self._fetch(flight.pull)
        while (page := self._fetched(flight, pages)) is not None:
            with self._moved:
                while not (self._has_room(flight) or flight.is_given_up):
                    flight.was_held_up |= not flight.has_turn
                    self._moved.wait()
                flight.pages.append(page)
                self._moved.notify_all()

    def _has_room(self, flight: _Flight) -> bool:
        """Tell whether one more page may wait. Called with the lock held."""
        if flight.has_turn and len(flight.pages) < TURN_AHEAD:
            return True
        waiting = len(self._current.pages) if self._current is not None else 0
        return waiting + sum(len(one.pages) for one in self._coming) < self._requests * PAGES_AHEAD

    def _fetched(self, flight: _Flight, pages: Iterator[Page]) -> Page | None:
        with self._slots:
            return None if flight.is_given_up else next(pages, None)
