"""The jobs of `connector serve`, by hand: what each does, when, under which lock, and what follows a failure.

The activation watch has no row: every tick asks whether a module opened or closed, and makes that school's sync due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

import structlog

from connector.bookkeeping import ledger
from connector.portal.database import Database, database_now
from jobs.parts import Parts
from jobs.sync import SyncOptions, sync_school
from schemas.due import JobName
from schemas.runs import RunStatus

_log = structlog.get_logger("connector")
RUNS_AT_A_TIME = 500


class Lock(StrEnum):
    """What keeps a job from being done twice at once, beside its claim in the due times."""

    LEASE = "the school's lease"
    CLAIM = "its claim alone; repeating it does no harm"


class Again(StrEnum):
    """When a job is due by itself."""

    INTERVAL = "every serve.interval_minutes, at the school's own place"
    NIGHTLY = "in the source's nightly window, at the school's own place"


class SchoolJob(NamedTuple):
    """A job of each school. `work` gives the status of its run."""

    work: Callable[[Parts], RunStatus]
    again: Again
    lock: Lock = Lock.LEASE
    is_retried: bool = True


class PortalJob(NamedTuple):
    """A job of the whole portal. `work` is given the database, how many days the ledger keeps, and when to stop."""

    work: Callable[[Database, int, Callable[[], bool]], None]
    every: timedelta
    lock: Lock = Lock.CLAIM
    is_retried: bool = True


def sync(parts: Parts) -> RunStatus:
    """Pull what changed."""
    return sync_school(parts, SyncOptions()).status


def reconcile(parts: Parts) -> RunStatus:
    """Pull everything, so that what the source forgot to tell is found."""
    return sync_school(parts, SyncOptions(is_full=True)).status


def retain(database: Database, keep_days: int, should_stop: Callable[[], bool]) -> None:
    """Delete old runs from the ledger, a few hundred in a transaction."""
    total, found = 0, RUNS_AT_A_TIME
    with database.session() as session:
        while found == RUNS_AT_A_TIME and not should_stop():
            with session.write() as connection:
                before = database_now(connection) - timedelta(days=keep_days)
                found = ledger.forget(connection, before, RUNS_AT_A_TIME)
            total += found
    if total:
        _log.info("runs_forgotten", runs=total)


def close_abandoned(database: Database, _keep_days: int, _should_stop: Callable[[], bool]) -> None:
    """Close runs whose process is gone."""
    with database.session() as session, session.write() as connection:
        closed = ledger.close_abandoned(connection, database_now(connection))
    if closed:
        _log.warning("runs_abandoned", runs=closed)


SCHOOL_JOBS: Mapping[JobName, SchoolJob] = {
    JobName.SYNC: SchoolJob(sync, Again.INTERVAL),
    JobName.RECONCILE: SchoolJob(reconcile, Again.NIGHTLY),
}
PORTAL_JOBS: Mapping[JobName, PortalJob] = {
    JobName.RETENTION: PortalJob(retain, timedelta(days=1)),
    JobName.ABANDONED: PortalJob(close_abandoned, timedelta(minutes=5)),
}
