"""What a day or moment says by its kind: that something begins, that it ends, or when it was.

Many systems cannot leave a date empty and write the first or the last that they know. An end in year 9999 is
therefore no end, and a begin in year 1 no begin. Never the other way round: what begins in 9999 has not begun, what
ended in year 1 is over. When something was, or a child was born, is never such a day.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, date, datetime

FIRST_RECORDED_YEAR = 1900
LAST_RECORDED_YEAR = 2199
"""The years of a recorded day: a birth, a test, a note. Another is a mistake or a system's way to say nothing."""

FIRST_MOMENT = datetime(MINYEAR, 1, 3, tzinfo=UTC)
LAST_MOMENT = datetime(MAXYEAR, 12, 29, tzinfo=UTC)
"""Begins and ends lie between these, so that every zone has them and a day more or less stays in the calendar."""


def is_never_begun(day: date) -> bool:
    """Tell whether a begin says that there is none."""
    return day.year == MINYEAR


def is_never_over(day: date) -> bool:
    """Tell whether an end says that there is none."""
    return day.year == MAXYEAR


def begin_of(day: date) -> date | None:
    """Give a begin; None when it says that there is none."""
    return None if is_never_begun(day) else day


def end_of(day: date) -> date | None:
    """Give an end; None when it says that there is none."""
    return None if is_never_over(day) else day


def known_since(day: date) -> date | None:
    """Give a recorded day that a source need not know: year 1 says that it does not. Raises as `recorded`."""
    return None if is_never_begun(day) else recorded(day)


def recorded(day: date) -> date:
    """Give a recorded day. Raises ValueError, without the day, when nobody can have recorded it."""
    if not FIRST_RECORDED_YEAR <= day.year <= LAST_RECORDED_YEAR:
        raise ValueError("not a recorded day")
    return day


def within_the_calendar(year: int, moment: datetime | None) -> datetime:
    """Give the moment of a begin or end that was written in this year; None is one that is in no calendar in UTC."""
    if moment is None:
        return FIRST_MOMENT if year == MINYEAR else LAST_MOMENT
    return min(max(moment, FIRST_MOMENT), LAST_MOMENT)
