"""The settings as the arithmetic wants them: what each source allows, and when each job is due again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from connector.settings_shape import NEVER, Settings, SourceSettings
from jobs.catalogue import PORTAL_JOBS
from mappings import schedule
from mappings.turns import Place
from schemas.due import PORTAL, Due, JobKey, JobName
from schemas.windows import parse_window


class Timing(NamedTuple):
    """When what is due. `places` is by school."""

    places: Mapping[str, Place]
    interval: timedelta
    jitter: timedelta

    def keys(self) -> Iterator[JobKey]:
        """Give every job there is."""
        yield from (JobKey(PORTAL, job) for job in PORTAL_JOBS)
        for school, place in self.places.items():
            yield JobKey(school, JobName.SYNC)
            if place.nightly is not None:
                yield JobKey(school, JobName.RECONCILE)

    def first(self, key: JobKey, now: datetime) -> datetime:
        """Give when a job is due that was never done, or that a window held back until now."""
        if key.job is JobName.SYNC:
            return schedule.next_turn(key.school_id, now, self.interval)
        return now if key.job is not JobName.RECONCILE else self._night(key, now)

    def held_back(self, key: JobKey, until: datetime) -> datetime:
        """Give when a job is due that a window holds back until an instant: not all schools at that very one."""
        return until if key.job is not JobName.SYNC else self.first(key, until)

    def after(self, key: JobKey, now: datetime, draw: float) -> datetime:
        """Give when a job is due again that ended well."""
        if key.job is JobName.SYNC:
            return schedule.after_turn(key.school_id, now, self.interval, self.jitter, draw)
        return now + PORTAL_JOBS[key.job].every if key.job in PORTAL_JOBS else self._night(key, now)

    def retry(self, failures: int, now: datetime, draw: float) -> datetime:
        """Give when a job is due again that failed."""
        return now + schedule.backoff(failures, self.interval, draw)

    def corrected(self, due: Due, now: datetime) -> datetime | None:
        """Give when a job is due by the settings of today that yesterday's had put elsewhere, or None."""
        if due.due_at <= now or due.failures or due.is_claimed(now):
            return None
        if due.job is JobName.RECONCILE:
            night = self._night(due.key, now)
            return None if night == due.due_at else night
        is_too_far = due.job is JobName.SYNC and due.due_at > now + self.interval * 1.5 + self.jitter
        return self.first(due.key, now) if is_too_far else None

    def _night(self, key: JobKey, now: datetime) -> datetime:
        window = self.places[key.school_id].nightly
        assert window is not None  # noqa: S101  only a source with a nightly window has the job
        return schedule.next_night(key.school_id, window, now)


def timing_of(settings: Settings) -> Timing:
    """Give the timing of the configured schools."""
    places = {name: _place(name, source) for name, source in settings.sources.items()}
    return Timing(
        {school: places[given.source] for school, given in settings.schools.items()},
        timedelta(minutes=settings.serve.interval_minutes),
        timedelta(seconds=settings.serve.jitter_seconds),
    )


def _place(name: str, source: SourceSettings) -> Place:
    is_nightly = source.nightly != NEVER and not source.is_file
    return Place(
        name,
        source.parallel_schools,
        tuple(parse_window(one) for one in source.quiet_hours),
        parse_window(source.nightly) if is_nightly else None,
    )
