"""What concerns one pupil's days and learning: absences, notes, support plans."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple


class Absence(NamedTuple):
    """An absence or a late arrival. There is no field for the school's internal remark: it is dropped."""

    key: str
    pupil_key: str
    kind: str
    reason: str
    is_authorised: bool
    starts_at: datetime
    ends_at: datetime | None
    reported_by: str


class Note(NamedTuple):
    """A note (notitie) in the pupil's file."""

    key: str
    pupil_key: str
    category: str
    noted_on: date
    title: str
    text: str
    employee_key: str | None
    is_visible_to_parents: bool
    is_reply_allowed: bool


class SupportPlan(NamedTuple):
    """A support plan (hulpplan). `status` is concept, review, final or withdrawn."""

    key: str
    pupil_key: str
    subject: str
    status: str
    from_on: date
    until_on: date | None
    goals: str
    approach: str | None
    evaluation: str | None
    employee_key: str | None
