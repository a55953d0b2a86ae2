"""When something is due: pure arithmetic on instants, windows by the school's wall clock, and both DST nights.

A window becomes a stretch of instants, day by day. Its beginning is the first instant with that wall clock, or where
the clock leaps over it, as much later as it leaps. `draw` is a random number of [0, 1) that the caller gives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from mappings.values import SCHOOL_ZONE
from schemas.windows import Window

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
FIRST_BACKOFF = timedelta(minutes=1)
LEAST_CAP = timedelta(minutes=15)
BUSY_PAUSE = timedelta(minutes=1)
_MOST_DOUBLINGS = 20


class Stretch(NamedTuple):
    """The instants from `start` until `end`, which is no part of it."""

    start: datetime
    end: datetime

    def holds(self, now: datetime) -> bool:
        """Tell whether this instant is part of it."""
        return self.start <= now < self.end


def fraction(key: str) -> float:
    """Give a number of [0, 1) that is always the same for the same key and spreads over many."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6]) / 2**48


def next_turn(key: str, earliest: datetime, interval: timedelta) -> datetime:
    """Give the first instant, not before `earliest`, that is this key's own place within the interval."""
    place = EPOCH + interval * fraction(key)
    return place + interval * -((place - earliest) // interval)


def after_turn(key: str, now: datetime, interval: timedelta, jitter: timedelta, draw: float) -> datetime:
    """Give when it is due again: at the key's own place, a whole interval later when it was on time.

    What was late finds its place back within half to one and a half intervals, so nothing is made up for.
    """
    return next_turn(key, now + interval / 2, interval) + jitter * draw


def backoff(failures: int, interval: timedelta, draw: float) -> timedelta:
    """Give the wait after so many failures: a minute, doubled up to the interval (or 15 minutes), up to 10% more."""
    most = max(interval, LEAST_CAP)
    doublings = min(max(failures, 1) - 1, _MOST_DOUBLINGS)
    wait = min(FIRST_BACKOFF * (1 << doublings), most)
    return wait * (1 + draw / 10)


def quiet_until(windows: Sequence[Window], now: datetime) -> datetime | None:
    """Give when the quiet hours that hold now end, or None. Windows that touch are one; the longest reading counts."""
    until = now
    for _ in range(3 * len(windows) + 1):
        ends = [found.end for one in windows for found in _around(one, until, is_longest=True) if found.holds(until)]
        if not ends:
            break
        until = max(ends)
    return None if until == now else until


def next_night(key: str, window: Window, now: datetime) -> datetime:
    """Give the key's own instant, later than now, in the first half of a nightly window."""
    nights = (night.start + (night.end - night.start) / 2 * fraction(key) for night in _around(window, now))
    return min(instant for instant in nights if instant > now)


def is_night(window: Window, now: datetime) -> bool:
    """Tell whether now lies in the nightly window."""
    return any(night.holds(now) for night in _around(window, now))


def _around(window: Window, now: datetime, *, is_longest: bool = False) -> list[Stretch]:
    """Give the stretches of yesterday, today and the two days after."""
    today = now.astimezone(SCHOOL_ZONE).date()
    return [_stretch(window, today + timedelta(days=days), is_longest=is_longest) for days in (-1, 0, 1, 2)]


def _stretch(window: Window, day: date, *, is_longest: bool) -> Stretch:
    last = day if window.closes > window.opens else day + timedelta(days=1)
    ends = [_instant(last, window.closes, fold) for fold in (0, 1)]
    return Stretch(_instant(day, window.opens, 0), max(ends) if is_longest else ends[0])


def _instant(day: date, moment: time, fold: int) -> datetime:
    return datetime.combine(day, moment, SCHOOL_ZONE).replace(fold=fold).astimezone(UTC)
