"""A period is cut into windows that hold each day once, and an estimate that errs on neither side by much."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.backfill import WindowSize, cut, estimate
from schemas.streams import Period, Stream

DAYS = st.dates(date(2000, 1, 1), date(2030, 12, 31))


@given(first=DAYS, length=st.integers(0, 3000), size=st.sampled_from(WindowSize))
def test_windows_hold_every_day_once(first: date, length: int, size: WindowSize) -> None:
    """Oldest to newest they follow each other without a gap, from the first day to the last."""
    period = Period(first, first + timedelta(days=length))
    windows = tuple(reversed(cut(period, size)))
    assert (windows[0].from_on, windows[-1].until_on) == period
    assert all(window.from_on <= window.until_on for window in windows)
    assert [window.from_on for window in windows[1:]] == [
        window.until_on + timedelta(days=1) for window in windows[:-1]
    ]


@pytest.mark.parametrize(
    ("size", "starts"),
    [
        (WindowSize.MONTH, ["2026-02-01", "2026-01-01", "2025-12-01", "2025-11-20"]),
        (WindowSize.TERM, ["2026-01-01", "2025-11-20"]),
        (WindowSize.YEAR, ["2025-11-20"]),
    ],
)
def test_windows_begin_with_months_terms_and_school_years(size: WindowSize, starts: list[str]) -> None:
    """The newest comes first; the outer ones are cut by the period itself."""
    windows = cut(Period(date(2025, 11, 20), date(2026, 2, 28)), size)
    assert [str(window.from_on) for window in windows] == starts


def test_a_school_year_begins_in_august_and_has_three_terms() -> None:
    """A year of a school is one window by year, three by term, twelve by month."""
    year = Period(date(2025, 8, 1), date(2026, 7, 31))
    assert [len(cut(year, size)) for size in (WindowSize.YEAR, WindowSize.TERM, WindowSize.MONTH)] == [1, 3, 12]


def test_an_estimate_goes_by_the_slower_of_our_speed_and_the_sources_pace() -> None:
    """Without an earlier run there is no time; else the records at our speed, or the requests at the allowed pace."""
    records = {Stream.NOTES: 1200, Stream.REPORTS: 0}
    assert estimate(records, 3, records_per_second=None, requests_per_second=1) == (records, 14, None)
    assert estimate(records, 3, records_per_second=600, requests_per_second=None).seconds == 2
    assert estimate(records, 3, records_per_second=600, requests_per_second=1).seconds == 14
