"""What concerns one pupil in the reference dialect: absences, health, plans, reports, notes."""

from __future__ import annotations

from typing import Literal

from schemas.sources.reference.parts import Document, Phone, Wire
from schemas.sources.scalars import (
    Begin,
    BeginsAt,
    Day,
    End,
    EndsAt,
    Flag,
    Instant,
    Key,
    SchoolYear,
    Text,
    Time,
    YearGroup,
)


class Absence(Wire):
    """An absence or a late arrival."""

    id: Key
    pupil_id: Key
    kind: Literal["absent", "late"]
    reason: Literal["illness", "medical_visit", "leave", "late", "unauthorised", "other"]
    is_authorised: Flag
    starts_at: Instant
    ends_at: EndsAt | None
    reported_by: Literal["guardian", "school"]


class SupportPlan(Wire):
    """A support plan in any status."""

    id: Key
    pupil_id: Key
    subject: Text
    status: Literal["concept", "review", "final", "withdrawn"]
    from_on: Day
    until_on: End | None
    goals: Text
    approach: Text | None
    evaluation: Text | None
    employee_id: Key | None
    document: Document | None


class Note(Wire):
    """A note in a pupil's file, for parents or not."""

    id: Key
    pupil_id: Key
    category: Literal["conversation", "educational_needs", "observation", "home_visit", "day_report"]
    noted_on: Day
    title: Text
    text: Text
    employee_id: Key | None
    visible_to_parents: Flag
    reply_allowed: Flag


class MedicalItem(Wire):
    """One thing about a pupil's health; sensitive."""

    id: Key
    pupil_id: Key
    kind: Literal["medication", "allergy", "vaccination", "care_provider", "rest_time", "other"]
    name: Text
    details: Text | None
    instructions: Text | None
    from_on: Begin | None
    until_on: End | None
    time_from: Time | None
    time_until: Time | None
    phone: Phone | None


class Report(Wire):
    """A school report, published or not."""

    id: Key
    pupil_id: Key
    title: Text
    period: Text
    school_year: SchoolYear
    year_group: YearGroup | None
    reported_on: Day
    published: Flag
    publish_from: BeginsAt | None
    document: Document | None
