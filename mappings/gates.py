"""May this record be stored, and from when until when may it be seen. A gate's name says why it is withheld."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from mappings.values import day_after, start_of_day
from schemas.canonical.care import Note, SupportPlan
from schemas.canonical.people import Employee, Pupil
from schemas.canonical.school import Group, NewsItem
from schemas.selections import DEFAULT_SELECTIONS, Selections
from schemas.streams import Stream

NOT_ENROLLED = "not_enrolled"
LEFT = "left"
NOT_VISIBLE_TO_PARENTS = "not_visible_to_parents"
NOT_FINAL = "not_final"
NOT_PUBLISHED = "not_published"
EXPIRED = "expired"
GROUP_NOT_OPEN = "group_not_open"
PLACEHOLDER = "placeholder"
PARENT_WITHHELD = "parent_withheld"
NO_ENROLLED_CHILD = "no_enrolled_child"

PLACEHOLDER_NAMES = frozenset({"aangemeld"})
"""ParnasSys keeps pre-registered children in a pseudo-group of this name; it is never a class."""


class Window(NamedTuple):
    """From when until when a row may be seen, judged by the views when they are read. None is open."""

    visible_from: datetime | None
    visible_until: datetime | None


class Context(NamedTuple):
    """What the mappings need to know beside the record. `streams` are those that open modules pull."""

    now: datetime
    streams: frozenset[Stream]
    selections: Selections = DEFAULT_SELECTIONS
    history_from: date | None = None


OPEN_WINDOW = Window(None, None)
_PLACED = frozenset({"future", "enrolled", "left"})


def _within(window: Window, now: datetime, past: str) -> Window | str:
    if window.visible_until is not None and window.visible_until <= now:
        return past
    return window


def pupil_gate(pupil: Pupil, context: Context) -> Window | str:
    """Give the window of enrolment with its grace, or the gate that withholds the pupil."""
    if pupil.status not in _PLACED:
        return NOT_ENROLLED
    if pupil.status == "future" and pupil.enrolled_from is None:
        return NOT_ENROLLED
    if pupil.status == "left" and pupil.enrolled_until is None:
        return LEFT
    starts = None if pupil.enrolled_from is None else start_of_day(pupil.enrolled_from)
    ends = None
    if pupil.enrolled_until is not None:
        ends = start_of_day(day_after(pupil.enrolled_until, 1 + context.selections.leaver_grace_days))
    return _within(Window(starts, ends), context.now, LEFT)


def employee_gate(employee: Employee, context: Context) -> Window | str:
    """Give the window of employment, or the gate."""
    starts = None if employee.employed_from is None else start_of_day(employee.employed_from)
    ends = None if employee.employed_until is None else start_of_day(day_after(employee.employed_until))
    return _within(Window(starts, ends), context.now, LEFT)


def news_item_gate(item: NewsItem, context: Context) -> Window | str:
    """Give the window of publication, or the gate; one group's item waits for a module that shows groups."""
    if not item.is_published:
        return NOT_PUBLISHED
    if item.group_key is not None and Stream.GROUPS not in context.streams:
        return GROUP_NOT_OPEN
    return _within(Window(item.publish_from, item.publish_until), context.now, EXPIRED)


def note_gate(note: Note) -> Window | str:
    """A note is stored only when the school flagged it as visible to parents."""
    return OPEN_WINDOW if note.is_visible_to_parents else NOT_VISIBLE_TO_PARENTS


def support_plan_gate(plan: SupportPlan) -> Window | str:
    """A plan is stored only in status final, never as a concept."""
    return OPEN_WINDOW if plan.status == "final" else NOT_FINAL


def group_gate(group: Group) -> Window | str:
    """The pseudo-group of pre-registered children is no group."""
    if group.kind == "placeholder" or group.name.strip().lower() in PLACEHOLDER_NAMES:
        return PLACEHOLDER
    return OPEN_WINDOW
