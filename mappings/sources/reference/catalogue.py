"""The reference dialect's wire records as canonical ones. Pure; one function per stream, found in READERS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mappings.sources.reference import care, finance, people, results, school
from schemas.sources.reference.parts import Wire
from schemas.streams import Stream

READERS: Mapping[Stream, Callable[[Any], Any]] = {
    Stream.LOCATIONS: school.location,
    Stream.PUPILS: people.pupil,
    Stream.GUARDIANS: people.guardian,
    Stream.GUARDIANSHIPS: people.guardianship,
    Stream.EMERGENCY_CONTACTS: people.emergency_contact,
    Stream.ABSENCES: care.absence,
    Stream.MEDICAL_ITEMS: care.medical_item,
    Stream.INVOICES: finance.invoice,
    Stream.NEWS_ITEMS: school.news_item,
    Stream.EMPLOYEES: people.employee,
    Stream.GROUPS: school.group,
    Stream.GROUP_MEMBERSHIPS: school.group_membership,
    Stream.GROUP_EMPLOYEES: school.group_employee,
    Stream.CALENDAR_ITEMS: school.calendar_item,
    Stream.PRIVACY_PREFERENCES: people.privacy_preference,
    Stream.LESSONS: school.lesson,
    Stream.SUPPORT_PLANS: care.support_plan,
    Stream.REPORTS: care.report,
    Stream.METHOD_TEST_RESULTS: results.method_test_result,
    Stream.NOTES: care.note,
    Stream.TEST_RESULTS: results.test_result,
}
"""The function for each stream, to be picked once per stream."""


def to_canonical(stream: Stream, record: Wire) -> Any:
    """Give the canonical record of one wire record of this stream."""
    return READERS[stream](record)
