"""How a period of a school's history is cut into windows, and how long reading it will take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from schemas.streams import Period, Stream

QUESTIONS_OF_A_WINDOW = 2
"""What changed, asked by the sync before a window, and again before the window is applied."""
_RECORDS_OF_A_PAGE = 500


class WindowSize(StrEnum):
    """How much is read in one run."""

    MONTH = "month"
    TERM = "term"
    YEAR = "year"


BEGINNINGS: Mapping[WindowSize, tuple[int, ...]] = {
    WindowSize.MONTH: tuple(range(1, 13)),
    WindowSize.TERM: (1, 4, 8),
    WindowSize.YEAR: (8,),
}
"""The months on whose first day a window begins. School years begin in August, terms in August, January and April."""


class Estimate(NamedTuple):
    """What a plan will take. `records` are the source's own counts; `seconds` None: no run tells our speed yet."""

    records: Mapping[Stream, int]
    requests: int
    seconds: float | None


def cut(period: Period, size: WindowSize) -> tuple[Period, ...]:
    """Give the windows of a period, the newest first: what is nearest to today is wanted most."""
    beginnings = [day for day in _beginnings(period, size) if period.from_on < day <= period.until_on]
    starts = [period.from_on, *beginnings]
    ends = [date.fromordinal(day.toordinal() - 1) for day in beginnings]
    return tuple(reversed([Period(*pair) for pair in zip(starts, [*ends, period.until_on], strict=True)]))


def _beginnings(period: Period, size: WindowSize) -> Iterator[date]:
    for year in range(period.from_on.year, period.until_on.year + 1):
        for month in BEGINNINGS[size]:
            yield date(year, month, 1)


def estimate(
    records: Mapping[Stream, int], windows: int, *, records_per_second: float | None, requests_per_second: float | None
) -> Estimate:
    """Give what reading these records in so many windows takes, at the speed of earlier runs and the source's pace."""
    further = sum(math.ceil(count / _RECORDS_OF_A_PAGE) - 1 for count in records.values() if count)
    requests = windows * (len(records) + QUESTIONS_OF_A_WINDOW) + max(0, further)
    if records_per_second is None:
        return Estimate(records, requests, None)
    seconds = sum(records.values()) / records_per_second
    if requests_per_second is not None:
        seconds = max(seconds, requests / requests_per_second)
    return Estimate(records, requests, seconds)
