"""A window: a part of every day by the school's wall clock, as in "01:00-05:00"; it may pass midnight."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import time
from typing import NamedTuple

DAY_MINUTES = 24 * 60
_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


class Window(NamedTuple):
    """From `opens` until `closes`; the next day's when that is not later."""

    opens: time
    closes: time

    @property
    def minutes(self) -> frozenset[int]:
        """The minutes of the day that lie within."""
        first, after = _minute(self.opens), _minute(self.closes)
        return frozenset(minute % DAY_MINUTES for minute in range(first, after + DAY_MINUTES * (after <= first)))


def parse_window(text: str) -> Window:
    """Read "01:00-05:00"; raises ValueError for another form and for a window that ends where it begins."""
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise ValueError("not a window")
    hour, minute, to_hour, to_minute = (int(part) for part in found.groups())
    window = Window(time(hour, minute), time(to_hour, to_minute))
    if window.opens == window.closes:
        raise ValueError("ends where it begins")
    return window


def covered(windows: Iterable[Window]) -> frozenset[int]:
    """Give the minutes of the day that lie in any of the windows."""
    return frozenset[int]().union(*(window.minutes for window in windows))


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute
