"""Sync: keep one school's portal equal to its source."""

from __future__ import annotations

import time
from typing import NamedTuple

from connector.bookkeeping import backfills
from jobs.parts import Parts, Task
from jobs.pipeline import run_school
from jobs.tend_corrections import tend
from schemas.errors import LeaseHeld
from schemas.modules import Module
from schemas.runs import RunReport, RunStatus, Trigger

_POLL_SECONDS = 0.2
"""Shorter than a backfill pauses between two windows, so that a sync that waits comes before the next one."""


class SyncOptions(NamedTuple):
    """What of a sync can be chosen. No modules means all that are open."""

    modules: frozenset[Module] = frozenset()
    is_full: bool = False
    is_dry_run: bool = False


def sync_school(parts: Parts, options: SyncOptions) -> RunReport:
    """Do one run, then tend the corrections; raises as `jobs.pipeline.run_school`.

    A window of a backfill is waited for, no other run.
    """
    task = Task(Trigger.SYNC, options.modules, options.is_full, options.is_dry_run)
    until = time.monotonic() + parts.lease_seconds
    while True:
        try:
            report = run_school(parts, task)
        except LeaseHeld:
            if time.monotonic() > until or parts.should_stop() or not _is_backfill(parts):
                raise
            time.sleep(_POLL_SECONDS)
            continue
        if not options.is_dry_run:
            tend(parts, is_changed=report.status is not RunStatus.QUIET)
        return report


def _is_backfill(parts: Parts) -> bool:
    with parts.database.session() as session, session.read() as connection:
        return backfills.is_backfilled_now(connection, parts.school.id)
