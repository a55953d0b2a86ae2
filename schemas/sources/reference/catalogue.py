"""The reference dialect on the wire: docs/reference/sis-openapi.yaml as pydantic models, one per stream.

Only what the portal may ever use has a field. Dropped at the door, so that no object holds it: `changed_at`,
ECK iDs, official names, `birth_date_uncertain`, internal remarks, private mail and mobile numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.sources.reference import care, finance, people, results, school
from schemas.sources.reference.parts import Wire
from schemas.streams import Stream

WIRE: Mapping[Stream, type[Wire]] = {
    Stream.LOCATIONS: school.Location,
    Stream.PUPILS: people.Pupil,
    Stream.GUARDIANS: people.Guardian,
    Stream.GUARDIANSHIPS: people.Guardianship,
    Stream.EMERGENCY_CONTACTS: people.EmergencyContact,
    Stream.ABSENCES: care.Absence,
    Stream.MEDICAL_ITEMS: care.MedicalItem,
    Stream.INVOICES: finance.Invoice,
    Stream.NEWS_ITEMS: school.NewsItem,
    Stream.EMPLOYEES: people.Employee,
    Stream.GROUPS: school.Group,
    Stream.GROUP_MEMBERSHIPS: school.GroupMembership,
    Stream.GROUP_EMPLOYEES: school.GroupEmployee,
    Stream.CALENDAR_ITEMS: school.CalendarItem,
    Stream.PRIVACY_PREFERENCES: people.PrivacyPreference,
    Stream.LESSONS: school.Lesson,
    Stream.SUPPORT_PLANS: care.SupportPlan,
    Stream.REPORTS: care.Report,
    Stream.METHOD_TEST_RESULTS: results.MethodTestResult,
    Stream.NOTES: care.Note,
    Stream.TEST_RESULTS: results.TestResult,
}
"""The wire model of each stream's records."""

_GROUP_LIST = tuple(f"group_list_{what}" for what in "name photo birth_date address phone parents_names".split())
_TIE = frozenset({"pupil_id", "group_id", "from_on", "until_on"})

VISIBILITY_FIELDS: Mapping[Stream, frozenset[str]] = {
    Stream.LOCATIONS: frozenset(),
    Stream.PUPILS: frozenset({"status", "enrolled_from", "enrolled_until"}),
    Stream.GUARDIANS: frozenset(),
    Stream.GUARDIANSHIPS: frozenset(
        "pupil_id guardian_id authority restriction information_agreement from_on until_on".split()
    ),
    Stream.EMERGENCY_CONTACTS: frozenset({"pupil_id"}),
    Stream.ABSENCES: frozenset({"pupil_id"}),
    Stream.MEDICAL_ITEMS: frozenset({"pupil_id"}),
    Stream.INVOICES: frozenset({"debtor_id", "status"}),
    Stream.NEWS_ITEMS: frozenset({"published", "publish_from", "publish_until", "group_id"}),
    Stream.EMPLOYEES: frozenset({"employed_from", "employed_until"}),
    Stream.GROUPS: frozenset({"kind"}),
    Stream.GROUP_MEMBERSHIPS: _TIE,
    Stream.GROUP_EMPLOYEES: _TIE,
    Stream.CALENDAR_ITEMS: frozenset({"audience", "group_id"}),
    Stream.PRIVACY_PREFERENCES: frozenset({"pupil_id", "category", "is_allowed"}),
    Stream.LESSONS: _TIE,
    Stream.SUPPORT_PLANS: frozenset({"status", "pupil_id"}),
    Stream.REPORTS: frozenset({"pupil_id", "published", "publish_from", "reported_on"}),
    Stream.METHOD_TEST_RESULTS: frozenset({"pupil_id", "subject", "publish_from"}),
    Stream.NOTES: frozenset({"visible_to_parents", "pupil_id", "category"}),
    Stream.TEST_RESULTS: frozenset("pupil_id status publish_from test year_group taken_on".split()),
}
"""The fields that decide whether and to whom a record is shown: unreadable, they hide it."""

PLAINLY_SHOWN: Mapping[Stream, Mapping[str, tuple[object, ...]]] = {
    Stream.PUPILS: {"status": ("enrolled",), "enrolled_until": (None,)},
    Stream.GUARDIANSHIPS: {"authority": ("full",), "restriction": (None,), "until_on": (None,)},
    Stream.INVOICES: {"status": ("sent", "partly_paid", "paid", "cancelled")},
    Stream.NEWS_ITEMS: {"published": (True,), "publish_until": (None,)},
    Stream.EMPLOYEES: {"employed_until": (None,)},
    Stream.GROUPS: {"kind": ("class", "composite")},
    Stream.GROUP_MEMBERSHIPS: {"until_on": (None,)},
    Stream.GROUP_EMPLOYEES: {"until_on": (None,)},
    Stream.CALENDAR_ITEMS: {"audience": ("parents",)},
    Stream.PRIVACY_PREFERENCES: {"is_allowed": (True,), "category": _GROUP_LIST},
    Stream.LESSONS: {"until_on": (None,)},
    Stream.SUPPORT_PLANS: {"status": ("final",)},
    Stream.REPORTS: {"published": (True,)},
    Stream.NOTES: {"visible_to_parents": (True,)},
    Stream.TEST_RESULTS: {"status": ("final",)},
}
"""A record with a bad field keeps its old row only while these say plainly that it may be seen: a note that
loses its flag and gets a bad date in one change must go. Nor does it while `publish_from` had not come yet."""

NEEDED_TO_BE_SHOWN: Mapping[Stream, frozenset[str]] = {Stream.INVOICES: frozenset({"debtor_id"})}
"""Fields without which a record is for nobody: one that lost them and breaks in the same change must go too."""

SELECTING_FIELDS: Mapping[Stream, frozenset[str]] = {
    Stream.METHOD_TEST_RESULTS: frozenset({"subject"}),
    Stream.NOTES: frozenset({"category"}),
    Stream.TEST_RESULTS: frozenset({"test", "year_group"}),
}
"""Fields by whose value a school chooses what it shows: no value in their place would do for every school."""
