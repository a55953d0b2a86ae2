"""What is due: a job of a school, or of the whole portal, and when."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

PORTAL = ""
"""The school of a job that belongs to none."""


class JobName(StrEnum):
    """The jobs whose due times are kept."""

    SYNC = "sync"
    RECONCILE = "reconcile"
    RETENTION = "retention"
    ABANDONED = "abandoned"


class JobKey(NamedTuple):
    """Which job of which school."""

    school_id: str
    job: JobName


class Due(NamedTuple):
    """One row of the due times. A claim counts until `claimed_until`; then its process is thought dead."""

    school_id: str
    job: JobName
    due_at: datetime
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    last_started_at: datetime | None = None
    failures: int = 0

    @property
    def key(self) -> JobKey:
        """The job and its school."""
        return JobKey(self.school_id, self.job)

    def is_claimed(self, now: datetime) -> bool:
        """Tell whether some process works on it."""
        return self.claimed_until is not None and self.claimed_until > now
