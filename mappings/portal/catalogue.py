"""The table of row makers, one per stream. Written by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mappings.gates import Context
from mappings.portal import care, people, school
from mappings.portal.people import Row
from schemas.streams import Stream

ROW_MAKERS: Mapping[Stream, Callable[[Any, Context], Row | str]] = {
    Stream.LOCATIONS: school.location_row,
    Stream.PUPILS: people.pupil_row,
    Stream.GUARDIANS: people.guardian_row,
    Stream.GUARDIANSHIPS: people.guardianship_row,
    Stream.ABSENCES: care.absence_row,
    Stream.NEWS_ITEMS: school.news_item_row,
    Stream.EMPLOYEES: people.employee_row,
    Stream.GROUPS: school.group_row,
    Stream.GROUP_MEMBERSHIPS: school.group_membership_row,
    Stream.GROUP_EMPLOYEES: school.group_employee_row,
    Stream.SUPPORT_PLANS: care.support_plan_row,
    Stream.NOTES: care.note_row,
}
"""Canonical record and context in, row (in the order of DATA_COLUMNS) or gate name out."""
