"""Sync: keep one school's portal equal to its source."""

from __future__ import annotations

from typing import NamedTuple

from jobs.parts import Parts, Task
from jobs.pipeline import run_school
from schemas.modules import Module
from schemas.runs import RunReport, Trigger


class SyncOptions(NamedTuple):
    """What of a sync can be chosen. No modules means all that are open."""

    modules: frozenset[Module] = frozenset()
    is_full: bool = False
    is_dry_run: bool = False


def sync_school(parts: Parts, options: SyncOptions) -> RunReport:
    """Do one run; raises as `jobs.pipeline.run_school`."""
    return run_school(parts, Task(Trigger.SYNC, options.modules, options.is_full, options.is_dry_run))
