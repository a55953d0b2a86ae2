"""Dates and instants as the simulated SIS writes them: school years from 1 August, Amsterdam offsets."""

from datetime import UTC, date, datetime, time, timedelta, timezone

FIRST_MONTH = 8


def school_year(day: date) -> int:
    """Return the year in which the school year of `day` began (1 August)."""
    return day.year if day.month >= FIRST_MONTH else day.year - 1


def years_before(day: date, years: int) -> date:
    """Return the same calendar day `years` earlier; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def day(value: date | None) -> str | None:
    """Return YYYY-MM-DD, or None for None."""
    return None if value is None else value.isoformat()


def instant(on: date, hour: int = 8, minute: int = 0, plus_seconds: int = 0) -> str:
    """Return Amsterdam wall-clock time on a day as an ISO instant with its offset."""
    wall = datetime.combine(on, time(hour, minute)) + timedelta(seconds=plus_seconds)
    return wall.replace(tzinfo=_offset(wall)).isoformat()


def as_utc(text: str) -> datetime:
    """Return an instant of the wire as an aware UTC datetime."""
    return datetime.fromisoformat(text).astimezone(UTC)


def day_of(text: object) -> str | None:
    """Return the Amsterdam calendar day of a day or an instant of the wire, or None where it is neither."""
    try:
        if not isinstance(text, str) or "T" not in text:
            return date.fromisoformat(text).isoformat() if isinstance(text, str) else None
        utc = as_utc(text).replace(tzinfo=None)
        summer = utc + timedelta(hours=2)
        is_summer = _offset(summer) == timezone(timedelta(hours=2))
        return (summer if is_summer else utc + timedelta(hours=1)).date().isoformat()
    except (ValueError, OverflowError):
        return None


def _offset(wall: datetime) -> timezone:
    # The European rule written out: a machine without tzdata must give the same world.
    summer = _last_sunday(wall.year, 3) + timedelta(hours=2) <= wall < _last_sunday(wall.year, 10) + timedelta(hours=3)
    return timezone(timedelta(hours=2 if summer else 1))


def _last_sunday(year: int, month: int) -> datetime:
    last = date(year, month, 31)
    return datetime.combine(last - timedelta(days=(last.weekday() + 1) % 7), time())
