"""Locations, groups and news as rows of the portal."""

from __future__ import annotations

from mappings.gates import Context, group_gate, news_item_gate
from mappings.portal.people import Row
from mappings.values import address_values, day_after, list_text, phone_number, start_of_day
from schemas.canonical.school import Group, GroupEmployee, GroupMembership, Location, NewsItem
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
    """Give the row."""
    del context
    begins = None if membership.from_on is None else start_of_day(membership.from_on)
    ends = None if membership.until_on is None else start_of_day(day_after(membership.until_on))
    return (*membership[1:], begins, ends)


def group_employee_row(work: GroupEmployee, context: Context) -> Row | str:
    """Give the row; the employee is left out while the module medewerkers is closed."""
    employee = work.employee_key if Stream.EMPLOYEES in context.streams else None
    return (work.group_key, employee, work.role, list_text(work.weekdays), work.from_on, work.until_on)
