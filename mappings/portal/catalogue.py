"""The table of row makers, one per stream. Written by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mappings.gates import Context
from mappings.portal import care, finance, people, results, school
from mappings.portal.people import Row
from schemas.streams import Stream

ROW_MAKERS: Mapping[Stream, Callable[[Any, Context], Row | str]] = {
    Stream.LOCATIONS: school.location_row,
    Stream.PUPILS: people.pupil_row,
    Stream.GUARDIANS: people.guardian_row,
    Stream.GUARDIANSHIPS: people.guardianship_row,
    Stream.EMERGENCY_CONTACTS: people.emergency_contact_row,
    Stream.ABSENCES: care.absence_row,
    Stream.MEDICAL_ITEMS: care.medical_item_row,
    Stream.INVOICES: finance.invoice_row,
    Stream.NEWS_ITEMS: school.news_item_row,
    Stream.EMPLOYEES: people.employee_row,
    Stream.GROUPS: school.group_row,
    Stream.GROUP_MEMBERSHIPS: school.group_membership_row,
    Stream.GROUP_EMPLOYEES: school.group_employee_row,
    Stream.CALENDAR_ITEMS: school.calendar_item_row,
    Stream.PRIVACY_PREFERENCES: people.privacy_preference_row,
    Stream.LESSONS: school.lesson_row,
    Stream.SUPPORT_PLANS: care.support_plan_row,
    Stream.REPORTS: care.report_row,
    Stream.METHOD_TEST_RESULTS: results.method_test_result_row,
    Stream.NOTES: care.note_row,
    Stream.TEST_RESULTS: results.test_result_row,
}
"""Canonical record and context in, row (in the order of DATA_COLUMNS) or gate name out."""
