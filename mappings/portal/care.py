"""Absences, notes and support plans as rows of the portal."""

from __future__ import annotations

from mappings.gates import Context, note_gate, support_plan_gate
from mappings.portal.people import Row
from schemas.canonical.care import Absence, Note, SupportPlan
from schemas.streams import Stream


def absence_row(absence: Absence, context: Context) -> Row | str:
    """Give the row."""
    del context
    return absence[1:]


def note_row(note: Note, context: Context) -> Row | str:
    """Give the row, or the gate."""
    gate = note_gate(note)
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
    gate = support_plan_gate(plan)
    if isinstance(gate, str):
        return gate
    author = plan.employee_key if Stream.EMPLOYEES in context.streams else None
    texts = (plan.goals, plan.approach, plan.evaluation)
    return (plan.pupil_key, plan.subject, plan.from_on, plan.until_on, *texts, author)
