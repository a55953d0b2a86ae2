"""The school itself in the reference dialect."""

from __future__ import annotations

from mappings.sources.reference.parts import address_of, public_number, soft
from schemas.canonical import school
from schemas.sources.reference import school as wire


def location(record: wire.Location) -> school.Location:
    """Read a building."""
    return school.Location(
        key=record.id,
        name=record.name,
        address=address_of(record.address),
        phone=public_number(record.phone),
    )


def news_item(record: wire.NewsItem) -> school.NewsItem:
    """Read a news item."""
    return school.NewsItem(
        key=record.id,
        title=record.title,
        body=record.body,
        is_published=record.published,
        publish_from=record.publish_from,
        publish_until=record.publish_until,
        group_key=record.group_id,
    )


def group(record: wire.Group) -> school.Group:
    """Read a group."""
    return school.Group(
        key=record.id,
        name=record.name,
        school_year=record.school_year,
        year_groups=tuple(code.strip() for code in record.year_groups),
        kind=record.kind,
    )


def group_membership(record: wire.GroupMembership) -> school.GroupMembership:
    """Read a pupil's place in a group."""
    return school.GroupMembership(
        key=record.id,
        pupil_key=record.pupil_id,
        group_key=record.group_id,
        school_year=record.school_year,
        year_group=soft(record.year_group),
        from_on=record.from_on,
        until_on=record.until_on,
    )


def group_employee(record: wire.GroupEmployee) -> school.GroupEmployee:
    """Read an employee's work in a group."""
    return school.GroupEmployee(
        key=record.id,
        group_key=record.group_id,
        employee_key=record.employee_id,
        role=record.role,
        weekdays=record.weekdays,
        from_on=record.from_on,
        until_on=record.until_on,
    )


def calendar_item(record: wire.CalendarItem) -> school.CalendarItem:
    """Read an item of the year planner."""
    return school.CalendarItem(
        key=record.id,
        title=record.title,
        description=record.description,
        kind=record.kind,
        audience=record.audience,
        group_key=record.group_id,
        is_all_day=record.is_all_day,
        starts_at=record.starts_at,
        ends_at=record.ends_at,
    )


def lesson(record: wire.Lesson) -> school.Lesson:
    """Read a weekly lesson."""
    return school.Lesson(
        key=record.id,
        group_key=record.group_id,
        weekday=record.weekday,
        starts=record.starts,
        ends=record.ends,
        subject=record.subject,
        employee_key=record.employee_id,
        room=record.room,
        from_on=record.from_on,
        until_on=record.until_on,
    )
