"""`connector serve`: a clock that ticks, a desk that works, and an orderly end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from jobs.engines.desk import Desk
from jobs.wiring import Wiring

_log = structlog.get_logger("connector")
_LOOK_SECONDS = 0.1


def _nobody_listens() -> None:
    return None


def serve(
    wiring: Wiring,
    *,
    should_stop: Callable[[], bool],
    beat: Callable[[], None] = _nobody_listens,
) -> int:
    """Do what is due until asked to stop; gives how many jobs did not finish their page within serve.stop_seconds.

    When it gives another number than 0, threads are left and the process has to end by force; that is safe at any
    statement. `beat` is called after every tick. Raises DatabaseUnavailable when it
    cannot even begin.
    """
    given = wiring.settings.serve
    desk = Desk(wiring, should_stop=should_stop)
    desk.prepare()
    clock = _clock(desk, given.tick_seconds, beat)
    clock.start()
    _log.info("serve_started", schools=len(wiring.settings.schools))
    while not should_stop():
        time.sleep(_LOOK_SECONDS)
    _log.info("serve_stopping")
    clock.shutdown(wait=False)
    left = desk.close(given.stop_seconds)
    _log.info("serve_stopped", jobs=left)
    return left


def _clock(desk: Desk, seconds: int, beat: Callable[[], None]) -> BackgroundScheduler:
    """Give a clock that ticks at once and then every so many seconds; a tick that is late or long is one tick."""
    # It says when a tick is left out because the one before still waits for the database; database_away says that.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def tick() -> None:
        desk.tick()
        beat()

    clock = BackgroundScheduler(
        jobstores={"default": MemoryJobStore()}, executors={"default": ThreadPoolExecutor(1)}, timezone="UTC"
    )
    trigger = IntervalTrigger(seconds=seconds, timezone="UTC")
    clock.add_job(tick, trigger, id="tick", misfire_grace_time=None, coalesce=True, max_instances=1)
    clock.add_job(tick, id="first", misfire_grace_time=None, coalesce=True, max_instances=1)
    return clock
