"""May this record be stored, and from when until when may it be seen. A gate's name says why it is withheld."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from mappings.group_list import Category
from mappings.values import day_after, start_of_day
from schemas.canonical.care import Absence, Note, Report, SupportPlan
from schemas.canonical.finance import Invoice
from schemas.canonical.people import Employee, PrivacyPreference, Pupil
from schemas.canonical.results import MethodTestResult, TestResult
from schemas.canonical.school import CalendarItem, Group, Lesson, NewsItem
from schemas.selections import DEFAULT_SELECTIONS, Audience, Selections, TestChoice
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
NOT_SENT = "not_sent"
NO_DEBTOR = "no_debtor"
NOT_FOR_PARENTS = "not_for_parents"
CATEGORY_NOT_USED = "category_not_used"
AUDIENCE_NOT_SELECTED = "audience_not_selected"
CATEGORY_NOT_SELECTED = "category_not_selected"
SUBJECT_NOT_SELECTED = "subject_not_selected"
TEST_NOT_SELECTED = "test_not_selected"
BEFORE_FROM_DATE = "before_from_date"
BEYOND_HISTORY = "beyond_history"

PLACEHOLDER_NAMES = frozenset({"aangemeld"})
"""ParnasSys keeps pre-registered children in a pseudo-group of this name; it is never a class."""


class Window(NamedTuple):
    """From when until when a row may be seen, judged by the views when they are read. None is open."""

    visible_from: datetime | None
    visible_until: datetime | None


class Context(NamedTuple):
    """What the mappings need to know beside the record. `streams` are those that open modules pull.

    `home_key` is the school's key for hashes of homes; without one none are made.
    """

    now: datetime
    streams: frozenset[Stream]
    selections: Selections = DEFAULT_SELECTIONS
    history_from: date | None = None
    home_key: bytes = b""


OPEN_WINDOW = Window(None, None)
_SENT = frozenset({"sent", "partly_paid", "paid", "cancelled"})
_PLACED = frozenset({"future", "enrolled", "left"})
_ASKED = frozenset(category.value for category in Category)


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
    gate = _group_gate(item.group_key, context.selections.news_audience, context)
    if gate is not None:
        return gate
    return _within(Window(item.publish_from, item.publish_until), context.now, EXPIRED)


def calendar_item_gate(item: CalendarItem, context: Context) -> Window | str:
    """An item is stored when it is for parents; one group's item waits for a module that shows groups."""
    if item.audience != "parents":
        return NOT_FOR_PARENTS
    gate = _group_gate(item.group_key, context.selections.calendar_audience, context)
    return gate or _over_gate(item.starts_at, item.ends_at, context) or OPEN_WINDOW


def _group_gate(group_key: str | None, audience: Audience, context: Context) -> str | None:
    if group_key is None:
        return None
    if Stream.GROUPS not in context.streams:
        return GROUP_NOT_OPEN
    return None if audience is Audience.SCHOOL_AND_GROUPS else AUDIENCE_NOT_SELECTED


def _past_gate(day: date | None, context: Context) -> str | None:
    """Tell whether a day lies before the oldest school year that parents see."""
    is_past = day is not None and context.history_from is not None and day < context.history_from
    return BEYOND_HISTORY if is_past else None


def _over_gate(starts_at: datetime, ends_at: datetime | None, context: Context) -> str | None:
    """Tell whether something was over when the oldest school year that parents see began; its end is exclusive."""
    if context.history_from is None:
        return None
    begins, last = start_of_day(context.history_from), max(starts_at, ends_at or starts_at)
    return BEYOND_HISTORY if starts_at < begins and last <= begins else None


def absence_gate(absence: Absence, context: Context) -> Window | str:
    """An absence is stored as far back as the school shows history."""
    return _over_gate(absence.starts_at, absence.ends_at, context) or OPEN_WINDOW


def note_gate(note: Note, context: Context) -> Window | str:
    """A note is stored only when the school flagged it as visible to parents, in a category it selected."""
    if not note.is_visible_to_parents:
        return NOT_VISIBLE_TO_PARENTS
    selected = context.selections.note_categories
    if selected is not None and note.category not in selected:
        return CATEGORY_NOT_SELECTED
    return _past_gate(note.noted_on, context) or OPEN_WINDOW


def support_plan_gate(plan: SupportPlan, context: Context) -> Window | str:
    """A plan is stored only in status final, never as a concept."""
    if plan.status != "final":
        return NOT_FINAL
    return _past_gate(plan.until_on, context) or OPEN_WINDOW


def report_gate(report: Report, context: Context) -> Window | str:
    """A report is stored once published, from the school's first day of reports on; shown from its own date."""
    if not report.is_published:
        return NOT_PUBLISHED
    first = context.selections.reports_from
    if first is not None and report.reported_on < first:
        return BEFORE_FROM_DATE
    return _past_gate(report.reported_on, context) or Window(report.publish_from, None)


def method_test_result_gate(result: MethodTestResult, context: Context) -> Window | str:
    """A method test is stored when its subject is selected, and shown from its date."""
    selected = context.selections.subjects
    if selected is not None and result.subject not in selected:
        return SUBJECT_NOT_SELECTED
    return _past_gate(result.taken_on, context) or Window(result.publish_from, None)


def test_choice(result: TestResult, selections: Selections) -> TestChoice | None:
    """Give the school's choice that this test in this year group falls under; None when it chose others."""
    if selections.tests is None:
        return TestChoice(test=result.test)
    chosen = (choice for choice in selections.tests if choice.test == result.test)
    return next((one for one in chosen if not one.year_groups or result.year_group in one.year_groups), None)


def test_result_gate(result: TestResult, context: Context) -> Window | str:
    """A test is stored when final and selected for the pupil's year group; shown from its date."""
    if result.status != "final":
        return NOT_FINAL
    choice = test_choice(result, context.selections)
    if choice is None:
        return TEST_NOT_SELECTED
    if choice.from_on is not None and result.taken_on < choice.from_on:
        return BEFORE_FROM_DATE
    return _past_gate(result.taken_on, context) or Window(result.publish_from, None)


def invoice_gate(invoice: Invoice) -> Window | str:
    """An invoice is stored once it was sent to a debtor."""
    if invoice.status not in _SENT:
        return NOT_SENT
    return OPEN_WINDOW if invoice.debtor_key is not None else NO_DEBTOR


def lesson_gate(lesson: Lesson, context: Context) -> Window | str:
    """Give the window of days in which the lesson is on the timetable."""
    starts = None if lesson.from_on is None else start_of_day(lesson.from_on)
    ends = None if lesson.until_on is None else start_of_day(day_after(lesson.until_on))
    return _within(Window(starts, ends), context.now, EXPIRED)


def privacy_preference_gate(preference: PrivacyPreference) -> Window | str:
    """Only what the group list asks for is stored."""
    return OPEN_WINDOW if preference.category in _ASKED else CATEGORY_NOT_USED


def group_gate(group: Group) -> Window | str:
    """The pseudo-group of pre-registered children is no group."""
    if group.kind == "placeholder" or group.name.strip().lower() in PLACEHOLDER_NAMES:
        return PLACEHOLDER
    return OPEN_WINDOW
