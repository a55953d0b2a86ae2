"""The school itself in the reference dialect: buildings, groups, lessons, news, the year planner."""

from __future__ import annotations

from typing import Literal

from schemas.sources.reference.parts import Address, Phone, Weekday, Wire
from schemas.sources.scalars import Begin, BeginsAt, End, EndsAt, Flag, Instant, Key, SchoolYear, Text, Time, YearGroup


class Location(Wire):
    """A school building."""

    id: Key
    name: Text
    address: Address | None
    phone: Phone | None


class NewsItem(Wire):
    """A news item, published or not."""

    id: Key
    title: Text
    body: Text
    published: Flag
    publish_from: BeginsAt | None
    publish_until: EndsAt | None
    group_id: Key | None


class Group(Wire):
    """A group of last, this or next school year."""

    id: Key
    name: Text
    school_year: SchoolYear
    year_groups: tuple[YearGroup, ...]
    kind: Literal["class", "composite", "placeholder"]


class GroupMembership(Wire):
    """A pupil's place in a group."""

    id: Key
    pupil_id: Key
    group_id: Key
    school_year: SchoolYear
    year_group: YearGroup
    from_on: Begin
    until_on: End | None


class GroupEmployee(Wire):
    """Who stands before which group."""

    id: Key
    group_id: Key
    employee_id: Key
    role: Literal["teacher", "coach", "assistant", "intern", "other"]
    weekdays: tuple[Weekday, ...]
    from_on: Begin | None
    until_on: End | None


class CalendarItem(Wire):
    """An item of the year planner, for parents or for staff."""

    id: Key
    title: Text
    description: Text | None
    kind: Literal["holiday", "study_day", "activity", "parent_meeting", "other"]
    audience: Literal["parents", "staff"]
    group_id: Key | None
    is_all_day: Flag
    starts_at: Instant
    ends_at: EndsAt | None


class Lesson(Wire):
    """A weekly lesson of a group."""

    id: Key
    group_id: Key
    weekday: Weekday
    starts: Time
    ends: Time
    subject: Text
    employee_id: Key | None
    room: Text | None
    from_on: Begin | None
    until_on: End | None
