"""Locations, groups, lessons, news and the year planner as rows of the portal."""

from __future__ import annotations

from mappings.gates import Context, calendar_item_gate, group_gate, lesson_gate, news_item_gate
from mappings.portal.people import Row
from mappings.values import (
    address_values,
    day_after,
    end_of_school_year,
    first_day_of_school_year,
    list_text,
    phone_number,
    start_of_day,
)
from schemas.canonical.school import (
    CalendarItem,
    Group,
    GroupEmployee,
    GroupMembership,
    Lesson,
    Location,
    NewsItem,
)
from schemas.errors import RecordRejected
from schemas.streams import Stream


def location_row(location: Location, context: Context) -> Row | str:
    """Give the row."""
    del context
    phone = phone_number(location.phone or "") or None
    return (location.name, *address_values(location.address), phone)


def news_item_row(item: NewsItem, context: Context) -> Row | str:
    """Give the row, or the gate."""
    window = news_item_gate(item, context)
    return window if isinstance(window, str) else (item.title, item.body, item.group_key, *window)


def group_row(group: Group, context: Context) -> Row | str:
    """Give the row, or the gate."""
    del context
    gate = group_gate(group)
    return gate if isinstance(gate, str) else (group.name, group.school_year, list_text(group.year_groups), group.kind)


def group_membership_row(membership: GroupMembership, context: Context) -> Row | str:
    """Give the row. Where the source does not say when, a place in a group begins with its school year.

    Whatever the source says, it ends with its school year at the latest.
    """
    del context
    begins = start_of_day(membership.from_on or first_day_of_school_year(membership.school_year))
    ends = end_of_school_year(membership.school_year)
    if membership.until_on is not None:
        ends = min(ends, start_of_day(day_after(membership.until_on)))
    return (*membership[1:], begins, ends)


def group_employee_row(work: GroupEmployee, context: Context) -> Row | str:
    """Give the row; the employee is left out while the module medewerkers is closed."""
    employee = work.employee_key if Stream.EMPLOYEES in context.streams else None
    return (work.group_key, employee, work.role, list_text(work.weekdays), work.from_on, work.until_on)


def calendar_item_row(item: CalendarItem, context: Context) -> Row | str:
    """Give the row, or the gate. Raises RecordRejected for an item that ends before it begins."""
    gate = calendar_item_gate(item, context)
    if isinstance(gate, str):
        return gate
    if item.ends_at is not None and item.ends_at < item.starts_at:
        raise RecordRejected("ends_before_start", "ends_at")
    return (item.title, item.description, item.kind, item.group_key, item.is_all_day, item.starts_at, item.ends_at)


def lesson_row(lesson: Lesson, context: Context) -> Row | str:
    """Give the row, or the gate. Raises RecordRejected for a lesson that does not end after it begins."""
    window = lesson_gate(lesson, context)
    if isinstance(window, str):
        return window
    if lesson.ends <= lesson.starts:
        raise RecordRejected("ends_before_start", "ends")
    teacher = lesson.employee_key if Stream.EMPLOYEES in context.streams else None
    times = (lesson.weekday, lesson.starts, lesson.ends)
    return (lesson.group_key, *times, lesson.subject, teacher, lesson.room, *window)
