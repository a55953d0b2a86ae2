"""What concerns one pupil's days, health and learning: absences, medical items, notes, plans, reports."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from schemas.canonical.people import Phone


class Document(NamedTuple):
    """A file that belongs to a record, as the source announces it. `sha256` is lowercase hex, `size` in bytes."""

    key: str
    file_name: str
    content_type: str
    size: int
    sha256: str


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
    document: Document | None


class MedicalItem(NamedTuple):
    """Medication, an allergy, a vaccination, a care provider or a rest time. Times are `HH:MM`.

    There is no field for the school's internal remark: it is dropped.
    """

    key: str
    pupil_key: str
    kind: str
    name: str
    details: str | None
    instructions: str | None
    from_on: date | None
    until_on: date | None
    time_from: str | None
    time_until: str | None
    phone: Phone | None


class Report(NamedTuple):
    """A school report (rapport) of one pupil over one period; `school_year` is its start year."""

    key: str
    pupil_key: str
    title: str
    period: str
    school_year: int
    year_group: str | None
    reported_on: date
    is_published: bool
    publish_from: datetime | None
    document: Document | None
