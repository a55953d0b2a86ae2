"""The desk: it claims what is due, hands it to the workers, and writes down how it ended.

A tick asks the database what is due. A worker that is ready takes the next job at once, so the ticks need not be
close. Everything here waits for the database's clock, never for ours.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import Connection

from connector.bookkeeping import due as due_times
from connector.bookkeeping.processes import this_process
from connector.portal.database import Session, database_now
from jobs.catalogue import PORTAL_JOBS, SCHOOL_JOBS
from jobs.engines.timing import Timing, timing_of
from jobs.wiring import NO_DOCUMENT, Wiring
from mappings.schedule import BUSY_PAUSE
from mappings.turns import Turns, turns
from schemas.due import PORTAL, Due, JobKey, JobName
from schemas.errors import (
    ConnectorError,
    LeaseHeld,
    LeaseLost,
    PolicyMoved,
    SchoolPaused,
    StopRequested,
    TransientError,
)
from schemas.ids import SchoolId
from schemas.runs import RunStatus

_log = structlog.get_logger("connector")
CLAIM_SECONDS = 120
"""How long a scheduler may be silent before another takes its jobs over."""
RENEW_SECONDS = 30
MOST_WORKERS = 12
"""Below the fifteen connections that the pool of a process gives."""
HOLDER = JobKey(PORTAL, JobName.RETENTION)
"""The row that a scheduler holds while it claims."""
BUSY, STOPPED, FAILED = "busy", RunStatus.STOPPED.value, RunStatus.FAILED.value


class Ended(NamedTuple):
    """How a job ended. `error` is what it raised."""

    due: Due
    result: str
    seconds: float
    error: Exception | None = None

    @property
    def is_failure(self) -> bool:
        """Tell whether it has to be tried again soon."""
        return self.result in {FAILED, RunStatus.INCOMPLETE.value}


class Desk:
    """One scheduler's claims and workers. `tick` may be called by any thread, at any moment."""

    def __init__(
        self,
        wiring: Wiring,
        *,
        should_stop: Callable[[], bool],
        who: str = "",
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._wiring, self._should_stop = wiring, should_stop
        self._who = who or this_process()
        self._draw = draw
        self._timing: Timing = timing_of(wiring.settings)
        sources = {place.name: place.parallel for place in self._timing.places.values()}
        self._size = min(sum(sources.values()) + 1, MOST_WORKERS)
        self._pool = ThreadPoolExecutor(self._size, thread_name_prefix="job")
        self._turn = threading.Lock()
        self._books = threading.Lock()
        self._at_work: set[JobKey] = set()
        self._ended: list[Ended] = []
        self._renewed_at = time.monotonic()
        self._is_away = False

    def prepare(self) -> None:
        """Write down what is not known yet, free what dead processes held, and follow the settings of today."""
        with self._wiring.database.session() as session, session.write() as connection:
            now = database_now(connection)
            known = due_times.known(connection)
            keys = list(self._timing.keys())
            new = {key: self._timing.first(key, now) for key in keys if key not in known}
            due_times.add(connection, new)
            due_times.release_dead(connection)
            for key in keys:
                if key in known and (moment := self._timing.corrected(known[key], now)) is not None:
                    due_times.move(connection, known[key], moment)

    def tick(self) -> None:
        """Write down what ended and begin what is due; never raises."""
        with self._turn:
            try:
                with self._wiring.database.session() as session:
                    self._write_down(session)
                    self._renew(session)
                    if not self._should_stop():
                        self._begin_due(session)
            except TransientError as error:
                self._database_is(away=True, error=error)
            except Exception:  # noqa: BLE001  the next tick must come
                _log.exception("unexpected_error")
            else:
                self._database_is(away=False)

    def close(self, seconds: float) -> int:
        """Wait so long for the jobs under way, give back the claims, and give how many jobs are still under way."""
        until = time.monotonic() + seconds
        while self._left() and time.monotonic() < until:
            time.sleep(0.05)
        left = self._left()
        self._pool.shutdown(wait=left == 0, cancel_futures=True)
        if self._turn.acquire(timeout=max(until - time.monotonic(), 1)):
            try:
                with self._wiring.database.session() as session:
                    self._write_down(session)
                    with session.write() as connection:
                        due_times.release(connection, self._who)
            except ConnectorError:
                _log.warning("database_away")
            finally:
                self._turn.release()
        return left

    def _left(self) -> int:
        with self._books:
            return len(self._at_work) - len(self._ended)

    def _begin_due(self, session: Session) -> None:
        with session.read() as connection:
            now = database_now(connection)
            rows = due_times.active(connection, now)
            moved = self._hastened(due_times.moved(connection, now), now)
        if not (moved or self._decided(rows, now).is_something):
            return
        with session.write() as connection:
            due_times.hold(connection, HOLDER)
            now = database_now(connection)
            due_times.hasten(connection, moved, now)
            begun = self._claimed(connection, now)
        with self._books:
            self._at_work.update(due.key for due in begun)
        for due in begun:
            self._pool.submit(Context().run, self._do, due)

    def _hastened(self, schools: Sequence[str], now: datetime) -> list[str]:
        """Give the schools among these whose sync may begin now; the others have their windows' end."""
        probes = [Due(school, JobName.SYNC, now) for school in schools]
        return [due.school_id for due in self._decided(probes, now, free=len(probes), is_alone=True).begin]

    def _decided(self, rows: Sequence[Due], now: datetime, free: int | None = None, *, is_alone: bool = False) -> Turns:
        places = self._timing.places
        if is_alone:
            places = {school: place._replace(parallel=len(rows)) for school, place in places.items()}
        with self._books:
            free = self._size - len(self._at_work) if free is None else free
        return turns(
            rows,
            now,
            places=places,
            free=free,
            is_paused=lambda school: self._wiring.pause(SchoolId(school)) is not None,
            back=self._timing.held_back,
        )

    def _claimed(self, connection: Connection, now: datetime) -> list[Due]:
        decided = self._decided(due_times.active(connection, now), now)
        for due, moment in decided.put_off.items():
            due_times.move(connection, due, moment)
        until = now + timedelta(seconds=CLAIM_SECONDS)
        return [due for due in decided.begin if due_times.claim(connection, due, self._who, until, now)]

    def _renew(self, session: Session) -> None:
        if not self._at_work or time.monotonic() - self._renewed_at < RENEW_SECONDS:
            return
        with session.write() as connection:
            until = database_now(connection) + timedelta(seconds=CLAIM_SECONDS)
            due_times.renew(connection, self._who, until)
        self._renewed_at = time.monotonic()

    def _do(self, due: Due) -> None:
        """Do one job in a worker, and take the next one that is due."""
        about = {"job": due.job.value, **({"school": due.school_id} if due.school_id else {})}
        structlog.contextvars.bind_contextvars(**about)
        _log.info("job_started")
        began = time.monotonic()
        result, error = FAILED, None
        try:
            result = self._work(due)
        except (StopRequested, SchoolPaused):
            result = STOPPED
        except (LeaseHeld, LeaseLost, PolicyMoved):
            result = BUSY
        except Exception as raised:  # noqa: BLE001  other jobs must have their turn
            error = raised
        ended = Ended(due, result, round(time.monotonic() - began, 3), error)
        structlog.contextvars.bind_contextvars(**about)  # the run has taken its own away
        _tell(ended)
        with self._books:
            self._ended.append(ended)
        structlog.contextvars.clear_contextvars()
        self.tick()

    def _work(self, due: Due) -> str:
        if due.job in PORTAL_JOBS:
            keep = self._wiring.settings.serve.keep_runs_days
            PORTAL_JOBS[due.job].work(self._wiring.database, keep, self._should_stop)
            return RunStatus.DONE.value
        school = SchoolId(due.school_id)
        path = NO_DOCUMENT if self._wiring.is_fed_by_files(school) else None
        parts = self._wiring.parts(school, path=path, should_stop=self._should_stop)
        return SCHOOL_JOBS[due.job](parts).value

    def _write_down(self, session: Session) -> None:
        """Write down what ended; what cannot be written waits for the next tick."""
        with self._books:
            ended = list(self._ended)
        if not ended:
            return
        with session.write() as connection:
            now = database_now(connection)
            for one in ended:
                failures = one.due.failures + 1 if one.is_failure else 0
                due_times.finish(
                    connection,
                    one.due.key,
                    self._who,
                    due_at=self._again(one, failures, now),
                    result=one.result,
                    failures=failures,
                    now=now,
                )
        with self._books:
            self._ended = [one for one in self._ended if one not in ended]
            self._at_work.difference_update(one.due.key for one in ended)

    def _again(self, ended: Ended, failures: int, now: datetime) -> datetime | None:
        if ended.result == STOPPED:
            return None
        if ended.result == BUSY:
            return now + BUSY_PAUSE
        if ended.is_failure:
            return self._timing.retry(failures, now, self._draw())
        return self._timing.after(ended.due.key, now, self._draw())

    def _database_is(self, *, away: bool, error: Exception | None = None) -> None:
        if away and not self._is_away:
            _log.warning("database_away", error_type=type(error).__name__)
        elif self._is_away and not away:
            _log.info("database_back")
        self._is_away = away


def _tell(ended: Ended) -> None:
    if ended.error is None and ended.is_failure:
        _log.warning("job_failed", status=ended.result, seconds=ended.seconds)
    elif ended.error is None:
        _log.info("job_finished", status=ended.result, seconds=ended.seconds)
    elif isinstance(ended.error, ConnectorError):
        fields = {"error_type": type(ended.error).__name__, "reason": str(ended.error)}
        _log.warning("job_failed", attempt=ended.due.failures + 1, seconds=ended.seconds, **fields)
    else:
        _log.error("job_failed", attempt=ended.due.failures + 1, seconds=ended.seconds, exc_info=ended.error)
