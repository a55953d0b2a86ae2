"""The jobs of `connector serve`, by hand: what each does.

The activation watch has no row: every tick asks whether a module opened or closed, and makes that school's sync due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
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


Work = Callable[[Parts], RunStatus]
"""A job of a school, under its lease; gives the status of its run."""


class PortalJob(NamedTuple):
    """A job of the whole portal; repeating it does no harm.

    `work` is given the database, how many days the ledger keeps, and when to stop.
    """

    work: Callable[[Database, int, Callable[[], bool]], None]
    every: timedelta


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


SCHOOL_JOBS: Mapping[JobName, Work] = {JobName.SYNC: sync, JobName.RECONCILE: reconcile}
"""When each is due: `jobs.engines.timing`."""
PORTAL_JOBS: Mapping[JobName, PortalJob] = {
    JobName.RETENTION: PortalJob(retain, timedelta(days=1)),
    JobName.ABANDONED: PortalJob(close_abandoned, timedelta(minutes=5)),
}
