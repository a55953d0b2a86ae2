"""How much a school writes down: a little, so that hundreds of tests draw it quickly, or all of a school year."""

from random import Random
from typing import NamedTuple


class Amounts(NamedTuple):
    """Records per pupil of the kind, in the mean; `lessons` are a group's per day, `calendar` a school's per year.

    `absences` and `notes` come on top of the few that every dossier has.
    """

    absences: float
    notes: float
    method_tests: float
    tests: float
    reports: float
    invoices: float
    preferences: float
    lessons: int
    calendar: int


FEW = Amounts(
    absences=0.1,
    notes=0.1,
    method_tests=2,
    tests=1.5,
    reports=0.8,
    invoices=0.6,
    preferences=1.5,
    lessons=1,
    calendar=6,
)
"""Enough to see every kind of record."""

FULL_YEAR = Amounts(
    absences=6,
    notes=6.5,
    method_tests=28,
    tests=12,
    reports=2.5,
    invoices=2,
    preferences=3,
    lessons=4,
    calendar=60,
)
"""A whole school year: about sixty records for each pupil."""


def about(rng: Random, mean: float) -> int:
    """Return a whole number around a mean: half of it at least, one and a half times it at most."""
    return int(mean * (0.5 + rng.random()) + rng.random())
