"""What concerns one pupil in the reference dialect."""

from __future__ import annotations

from mappings.sources.reference.parts import document_of, phone_of, soft
from schemas.canonical import care
from schemas.sources.reference import care as wire


def absence(record: wire.Absence) -> care.Absence:
    """Read an absence."""
    return care.Absence(
        key=record.id,
        pupil_key=record.pupil_id,
        kind=record.kind,
        reason=record.reason,
        is_authorised=record.is_authorised,
        starts_at=record.starts_at,
        ends_at=record.ends_at,
        reported_by=record.reported_by,
    )


def support_plan(record: wire.SupportPlan) -> care.SupportPlan:
    """Read a support plan."""
    return care.SupportPlan(
        key=record.id,
        pupil_key=record.pupil_id,
        subject=record.subject,
        status=record.status,
        from_on=record.from_on,
        until_on=record.until_on,
        goals=record.goals,
        approach=record.approach,
        evaluation=record.evaluation,
        employee_key=record.employee_id,
        document=document_of(record.document),
    )


def note(record: wire.Note) -> care.Note:
    """Read a note."""
    return care.Note(
        key=record.id,
        pupil_key=record.pupil_id,
        category=record.category,
        noted_on=record.noted_on,
        title=record.title,
        text=record.text,
        employee_key=record.employee_id,
        is_visible_to_parents=record.visible_to_parents,
        is_reply_allowed=record.reply_allowed,
    )


def medical_item(record: wire.MedicalItem) -> care.MedicalItem:
    """Read one thing about a pupil's health."""
    return care.MedicalItem(
        key=record.id,
        pupil_key=record.pupil_id,
        kind=record.kind,
        name=record.name,
        details=record.details,
        instructions=record.instructions,
        from_on=record.from_on,
        until_on=record.until_on,
        time_from=record.time_from,
        time_until=record.time_until,
        phone=None if record.phone is None else phone_of(record.phone),
    )


def report(record: wire.Report) -> care.Report:
    """Read a school report."""
    return care.Report(
        key=record.id,
        pupil_key=record.pupil_id,
        title=record.title,
        period=record.period,
        school_year=record.school_year,
        year_group=soft(record.year_group or ""),
        reported_on=record.reported_on,
        is_published=record.published,
        publish_from=record.publish_from,
        document=document_of(record.document),
    )
