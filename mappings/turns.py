"""Whose turn it is: from what is due and what is busy, which jobs begin now and which are put off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from mappings import schedule
from schemas.due import Due, JobKey, JobName
from schemas.windows import Window


class Place(NamedTuple):
    """What a source allows: how many of its schools at a time, never in the quiet hours, full pulls at night."""

    name: str
    parallel: int = 2
    quiet: tuple[Window, ...] = ()
    nightly: Window | None = None


class Turns(NamedTuple):
    """What begins now, and what is due at another moment instead."""

    begin: tuple[Due, ...]
    put_off: Mapping[Due, datetime]

    @property
    def is_something(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self.begin or self.put_off)


def turns(
    rows: Sequence[Due],
    now: datetime,
    *,
    places: Mapping[str, Place],
    free: int,
    is_paused: Callable[[str], bool],
    back: Callable[[JobKey, datetime], datetime],
) -> Turns:
    """Share the free workers out among the rows, first come first served.

    A school that is busy, paused or not ours is passed over; its time stays. `back` gives when a job that a window
    holds back until an instant is due. Jobs of no school ('') need a worker only.
    """
    busy = {row.school_id for row in rows if row.is_claimed(now)}
    at_work = Counter(places[school].name for school in busy if school in places)
    begin: list[Due] = []
    put_off: dict[Due, datetime] = {}
    for row in sorted(rows, key=lambda one: (one.due_at, one.key)):
        if row.is_claimed(now) or row.due_at > now:
            continue
        if not row.school_id:
            if len(begin) < free:
                begin.append(row)
            continue
        place = places.get(row.school_id)
        if place is None or row.school_id in busy or not _is_wanted(row, place) or is_paused(row.school_id):
            continue
        if (until := _held_until(row, place, now)) is not None:
            put_off[row] = back(row.key, until)
        elif len(begin) < free and at_work[place.name] < place.parallel:
            begin.append(row)
            busy.add(row.school_id)
            at_work[place.name] += 1
    return Turns(tuple(begin), put_off)


def _is_wanted(row: Due, place: Place) -> bool:
    return row.job is not JobName.RECONCILE or place.nightly is not None


def _held_until(row: Due, place: Place, now: datetime) -> datetime | None:
    """Give until when windows hold this row back, or None when it may begin."""
    until = schedule.quiet_until(place.quiet, now)
    if (
        row.job is JobName.RECONCILE
        and place.nightly is not None
        and not schedule.is_night(place.nightly, until or now)
    ):
        return schedule.next_night(row.school_id, place.nightly, until or now)
    return until
