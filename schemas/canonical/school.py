"""The school itself: locations, groups, lessons, news and the year planner."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from schemas.canonical.people import Address


class Location(NamedTuple):
    """A school building (vestiging)."""

    key: str
    name: str
    address: Address | None
    phone: str | None


class Group(NamedTuple):
    """A group (groep). `kind` is class, composite or placeholder; `school_year` its start year."""

    key: str
    name: str
    school_year: int
    year_groups: tuple[str, ...]
    kind: str


class GroupMembership(NamedTuple):
    """A pupil's place in a group (groepsindeling)."""

    key: str
    pupil_key: str
    group_key: str
    school_year: int
    year_group: str | None
    from_on: date | None
    until_on: date | None


class GroupEmployee(NamedTuple):
    """An employee's work in a group. `role` is teacher, coach, assistant, intern or other."""

    key: str
    group_key: str
    employee_key: str
    role: str
    weekdays: tuple[str, ...]
    from_on: date | None
    until_on: date | None


class NewsItem(NamedTuple):
    """A news item, for the whole school or one group."""

    key: str
    title: str
    body: str
    is_published: bool
    publish_from: datetime | None
    publish_until: datetime | None
    group_key: str | None


class CalendarItem(NamedTuple):
    """An item of the year planner (jaarplanner). `audience` is parents or staff."""

    key: str
    title: str
    description: str | None
    kind: str
    audience: str
    group_key: str | None
    is_all_day: bool
    starts_at: datetime
    ends_at: datetime | None


class Lesson(NamedTuple):
    """One weekly lesson of a group (rooster). Times are local, `HH:MM`."""

    key: str
    group_key: str
    weekday: str
    starts: str
    ends: str
    subject: str
    employee_key: str | None
    room: str | None
    from_on: date | None
    until_on: date | None
