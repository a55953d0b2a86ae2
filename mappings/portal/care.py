"""Absences, medical items, notes, support plans and reports as rows of the portal."""

from __future__ import annotations

from mappings.gates import Context, absence_gate, note_gate, report_gate, support_plan_gate
from mappings.portal.people import Row
from mappings.values import phone_number
from schemas.canonical.care import Absence, Document, MedicalItem, Note, Report, SupportPlan
from schemas.streams import Stream


def absence_row(absence: Absence, context: Context) -> Row | str:
    """Give the row, or the gate."""
    gate = absence_gate(absence, context)
    return gate if isinstance(gate, str) else absence[1:]


def note_row(note: Note, context: Context) -> Row | str:
    """Give the row, or the gate."""
    gate = note_gate(note, context)
    if isinstance(gate, str):
        return gate
    author = note.employee_key if Stream.EMPLOYEES in context.streams else None
    return (
        note.pupil_key,
        note.category,
        note.noted_on,
        note.title,
        note.text,
        author,
        note.is_reply_allowed,
    )


def support_plan_row(plan: SupportPlan, context: Context) -> Row | str:
    """Give the row, or the gate."""
    gate = support_plan_gate(plan, context)
    if isinstance(gate, str):
        return gate
    author = plan.employee_key if Stream.EMPLOYEES in context.streams else None
    texts = (plan.goals, plan.approach, plan.evaluation)
    return (plan.pupil_key, plan.subject, plan.from_on, plan.until_on, *texts, author, *_document(plan.document))


def _document(document: Document | None) -> Row:
    return (None,) * len(Document._fields) if document is None else tuple(document)


def medical_item_row(item: MedicalItem, context: Context) -> Row | str:
    """Give the row, without a phone that is confidential."""
    del context
    phone = item.phone
    number = None if phone is None or phone.is_confidential else phone_number(phone.number) or None
    return (*item[1:-1], number)


def report_row(report: Report, context: Context) -> Row | str:
    """Give the row, or the gate."""
    window = report_gate(report, context)
    if isinstance(window, str):
        return window
    facts = (report.title, report.period, report.school_year, report.year_group, report.reported_on)
    return (report.pupil_key, *facts, *_document(report.document), window.visible_from)
