"""What the brake measures in each stream: the record's own day, whose it is, and how many a child gets in a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from schemas.streams import DAY_COLUMNS, Stream


class Measure(NamedTuple):
    """How the rows that a plan adds to one stream are measured.

    `day` is the portal's column with the record's own day; without one, or where it is empty, a record is old.
    `most` is how many new records a child may get in 24 hours; None: the stream is no child's, or may bring any number.
    """

    day: str | None = None
    most: int | None = None
    child: tuple[str, ...] = ("pupil_id",)
    """The columns that say whose it is, the first that is filled."""
    is_by_share: bool = False
    """New records count by share as well: a delay hurts nobody, and a leak cannot be undone."""
    is_of_year: bool = False
    """What begins with a school year is new until that has settled; without a day, the first day of its year counts."""
    end: str | None = None
    """The column that ends a row by an alteration; where a gate takes out what ended, that is a decision."""


MEASURES: Mapping[Stream, Measure] = {
    Stream.LOCATIONS: Measure(),
    Stream.PUPILS: Measure("visible_from", most=0, child=("id",), is_of_year=True),
    Stream.GUARDIANS: Measure(),
    Stream.GUARDIANSHIPS: Measure(),
    Stream.EMERGENCY_CONTACTS: Measure(),
    Stream.ABSENCES: Measure(DAY_COLUMNS[Stream.ABSENCES], most=3),
    Stream.MEDICAL_ITEMS: Measure("from_on", most=1, is_by_share=True),
    Stream.INVOICES: Measure(DAY_COLUMNS[Stream.INVOICES], most=5, child=("pupil_id", "debtor_id")),
    Stream.NEWS_ITEMS: Measure(DAY_COLUMNS[Stream.NEWS_ITEMS]),
    Stream.EMPLOYEES: Measure("visible_from", is_of_year=True),
    Stream.GROUPS: Measure(is_of_year=True),
    Stream.GROUP_MEMBERSHIPS: Measure("begins_at", most=5, is_of_year=True, end="ends_at"),
    Stream.GROUP_EMPLOYEES: Measure("from_on", is_of_year=True),
    Stream.CALENDAR_ITEMS: Measure(DAY_COLUMNS[Stream.CALENDAR_ITEMS]),
    Stream.PRIVACY_PREFERENCES: Measure(),
    Stream.LESSONS: Measure("visible_from", is_of_year=True),
    Stream.SUPPORT_PLANS: Measure(DAY_COLUMNS[Stream.SUPPORT_PLANS], most=1, is_by_share=True),
    Stream.REPORTS: Measure(DAY_COLUMNS[Stream.REPORTS], most=3),
    Stream.METHOD_TEST_RESULTS: Measure(DAY_COLUMNS[Stream.METHOD_TEST_RESULTS], most=10),
    Stream.NOTES: Measure(DAY_COLUMNS[Stream.NOTES], most=1, is_by_share=True),
    Stream.TEST_RESULTS: Measure(DAY_COLUMNS[Stream.TEST_RESULTS], most=10),
}
"""The one table of the brake. A pupil that is new is one too many (0), so over a fifth of the school at once waits."""

PER_CHILD: Mapping[Stream, int] = {stream: one.most for stream, one in MEASURES.items() if one.most}
"""The streams whose number per child a school may set, and the number where it does not."""

PARENTS_OF_A_CHILD = 2
"""So many new guardians are expected with each pupil that is new."""


class Age(StrEnum):
    """Which of the rows that a plan adds: all, or those of before or of these days."""

    ALL = "all"
    OLD = "old"
    NEW = "new"


class Bounds(NamedTuple):
    """Before which day (in the school's zone, and the instant at which it begins) a record is old.

    For what is of a school year another day may hold; groups of `settled_year` and before are old.
    """

    day: date
    at: datetime
    day_of_year: date
    at_of_year: datetime
    settled_year: int
