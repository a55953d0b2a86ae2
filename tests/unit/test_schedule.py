"""When something is due: places in the interval, back-off, windows by the wall clock, and both DST nights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings import schedule
from mappings.turns import Place, turns
from schemas.due import PORTAL, Due, JobKey, JobName
from schemas.windows import parse_window

QUARTER = timedelta(minutes=15)
NIGHT = parse_window("01:00-05:00")
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001


def utc(*parts: int) -> datetime:
    """An instant."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@given(st.text(min_size=1, max_size=8), moments)
def test_every_school_keeps_its_own_place_in_the_interval(key: str, now: datetime) -> None:
    """Once per interval, never before now, and always the same distance apart."""
    first = schedule.next_turn(key, now, QUARTER)
    assert now <= first < now + QUARTER
    assert schedule.next_turn(key, first + timedelta(microseconds=1), QUARTER) == first + QUARTER


def test_a_thousand_schools_spread_over_the_interval() -> None:
    """No minute of the fifteen has more than twice its share."""
    now = utc(2026, 11, 25, 12)
    minutes = [int((schedule.next_turn(f"{n:04}AA", now, QUARTER) - now).total_seconds() // 60) for n in range(1000)]
    assert max(minutes.count(minute) for minute in range(15)) < 2 * 1000 / 15


@given(st.text(min_size=1, max_size=8), moments, st.floats(0, 0.999))
def test_what_was_late_is_not_made_up_for(key: str, now: datetime, draw: float) -> None:
    """The next time lies half to one and a half intervals ahead, plus the jitter."""
    after = schedule.after_turn(key, now, QUARTER, timedelta(seconds=15), draw)
    assert QUARTER / 2 <= after - now <= QUARTER * 1.5 + timedelta(seconds=15)


def test_failures_are_tried_again_ever_later_and_never_later_than_the_interval() -> None:
    """A minute, two, four, eight, fifteen, and fifteen after any number; an hour's outage costs eight attempts."""
    waits = [schedule.backoff(failures, QUARTER, 0.0) for failures in (1, 2, 3, 4, 5, 6, 1000)]
    assert [wait.total_seconds() / 60 for wait in waits] == [1, 2, 4, 8, 15, 15, 15]
    assert schedule.backoff(1, timedelta(minutes=1), 0.999) < timedelta(seconds=66)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(utc(2026, 3, 28, 12), 3), (utc(2026, 10, 24, 12), 5), (utc(2026, 7, 31, 12), 4)],
)
def test_the_night_of_a_clock_change_has_one_reconcile_within_its_window(day: datetime, hours: int) -> None:
    """29 March has an hour less, 25 October one more, 1 August is like any other: one turn each."""
    opens = schedule.next_night("never", NIGHT, day)
    turns_of_week = [opens]
    for _ in range(6):
        turns_of_week.append(schedule.next_night("never", NIGHT, turns_of_week[-1]))
    assert all(
        timedelta(hours=22) < later - earlier < timedelta(hours=26) for earlier, later in pairwise(turns_of_week)
    )
    assert all(schedule.is_night(NIGHT, one) for one in turns_of_week)
    minutes = sum(schedule.is_night(NIGHT, day + timedelta(minutes=minute)) for minute in range(24 * 60))
    assert minutes == hours * 60


def test_quiet_hours_pass_midnight_and_touch_each_other() -> None:
    """Two windows that touch are one, by the school's wall clock; outside them nothing is held."""
    windows = [parse_window("22:00-00:30"), parse_window("00:30-06:00")]
    assert schedule.quiet_until(windows, utc(2026, 11, 25, 21, 30)) == utc(2026, 11, 26, 5)
    assert schedule.quiet_until(windows, utc(2026, 7, 1, 21, 30)) == utc(2026, 7, 2, 4)
    assert schedule.quiet_until(windows, utc(2026, 11, 25, 12)) is None


def test_turns_share_the_workers_fairly() -> None:
    """The longest due first, so many of a source, never a school twice, none that is paused or not ours."""
    now = utc(2026, 11, 25, 12)
    rows = [Due(f"{n:02}AA00", JobName.SYNC, now - timedelta(minutes=n)) for n in range(6)]
    rows += [
        rows[5]._replace(job=JobName.RECONCILE),
        Due("99ZZ00", JobName.SYNC, now),
        Due(PORTAL, JobName.RETENTION, now),
    ]
    places = {f"{n:02}AA00": Place("main", parallel=3) for n in range(6)}

    def back(_key: JobKey, until: datetime) -> datetime:
        return until

    found = turns(rows, now, places=places, free=10, is_paused=lambda school: school == "04AA00", back=back)
    assert [row.school_id for row in found.begin] == ["05AA00", "03AA00", "02AA00", ""]
    busy = [rows[0]._replace(claimed_by="other", claimed_until=now + timedelta(minutes=1)), *rows[1:6]]
    assert [
        row.school_id for row in turns(busy, now, places=places, free=1, is_paused=lambda _one: False, back=back).begin
    ] == ["05AA00"]


def test_what_falls_in_quiet_hours_is_put_off_until_they_end() -> None:
    """It is not begun, and due at the end of the window."""
    now = utc(2026, 11, 25, 11, 15)
    place = Place("main", quiet=(parse_window("12:00-12:30"),), nightly=NIGHT)
    row = Due("99AA00", JobName.SYNC, now)
    found = turns(
        [row], now, places={"99AA00": place}, free=1, is_paused=lambda _one: False, back=lambda _key, until: until
    )
    assert (found.begin, found.put_off) == ((), {row: utc(2026, 11, 25, 11, 30)})
