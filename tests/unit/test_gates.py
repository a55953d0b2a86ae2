"""The gates: what is stored, and from when until when it may be seen."""

from datetime import UTC, date, datetime, timedelta

import pytest

from mappings import gates
from mappings.gates import OPEN_WINDOW, Window
from schemas.canonical.people import Pupil
from schemas.streams import Stream
from tests import builders, dossier_builders
from tests.builders import NOW

BEGAN = datetime(2022, 7, 31, 22, tzinfo=UTC)
"""The default pupil's first day, 1 August 2022, begins here."""


@pytest.mark.parametrize("status", ["registered", "guest", "", "ENROLLED", "aangemeld"])
def test_who_is_not_enrolled_is_withheld(status: str) -> None:
    """Registered and guest pupils are withheld, and so is a status that we do not know."""
    assert gates.pupil_gate(builders.pupil(status=status), builders.context()) == gates.NOT_ENROLLED


def test_an_enrolled_pupil_is_visible_from_the_first_day() -> None:
    """The window opens at midnight of the first day and stays open; without a first day it is open both ways."""
    enrolled = builders.pupil()
    assert gates.pupil_gate(enrolled, builders.context()) == Window(BEGAN, None)
    assert gates.pupil_gate(enrolled._replace(enrolled_from=None), builders.context()) == OPEN_WINDOW


def test_a_future_pupil_is_stored_and_seen_later() -> None:
    """A day in the future becomes `visible_from`; a future pupil without a day is withheld."""
    future = builders.pupil(status="future", enrolled_from=date(2027, 1, 4))
    starts = datetime(2027, 1, 3, 23, tzinfo=UTC)
    assert gates.pupil_gate(future, builders.context()) == Window(starts, None)
    assert gates.pupil_gate(future._replace(enrolled_from=None), builders.context()) == gates.NOT_ENROLLED


@pytest.mark.parametrize("status", ["enrolled", "left"])
def test_a_leaver_is_seen_until_the_grace_is_over(status: str) -> None:
    """The last school day is inclusive, then the grace; at its end the pupil is withheld, not a moment before."""
    leaver = builders.pupil(status=status, enrolled_until=date(2026, 11, 9))
    ends = datetime(2026, 11, 23, 23, tzinfo=UTC)  # 24 November: the day after the 14th day of grace
    just_before = builders.context(now=ends - timedelta(microseconds=1))
    assert gates.pupil_gate(leaver, just_before) == Window(BEGAN, ends)
    assert gates.pupil_gate(leaver, builders.context(now=ends)) == gates.LEFT


def test_without_grace_the_last_school_day_is_the_last_day() -> None:
    """With no grace the window ends at midnight after the last school day."""
    leaver = builders.pupil(status="left", enrolled_until=date(2026, 11, 24))
    ends = datetime(2026, 11, 24, 23, tzinfo=UTC)
    assert gates.pupil_gate(leaver, builders.context(leaver_grace_days=0)) == Window(BEGAN, ends)


def test_a_leaver_without_a_last_day_is_withheld() -> None:
    """Who left on an unknown day left."""
    assert gates.pupil_gate(builders.pupil(status="left"), builders.context()) == gates.LEFT


@pytest.mark.parametrize(
    "pupil",
    [
        builders.pupil(enrolled_from=date.min),
        builders.pupil(enrolled_until=date.max),
        builders.pupil(status="left", enrolled_until=date.max),
    ],
)
def test_a_pupil_enrolled_since_ever_or_forever_is_visible(pupil: Pupil) -> None:
    """The calendar's first and last day, a source's "never", break nothing."""
    window = gates.pupil_gate(pupil, builders.context())
    assert isinstance(window, Window)
    assert window.visible_from is None or window.visible_from < NOW
    assert window.visible_until is None or window.visible_until > NOW


def test_an_employee_is_seen_during_employment() -> None:
    """From the first until and with the last day; after it withheld; without days open."""
    employed = builders.employee(employed_from=date(2026, 11, 1), employed_until=date(2026, 11, 24))
    window = Window(datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 24, 23, tzinfo=UTC))
    assert gates.employee_gate(employed, builders.context()) == window
    after = builders.context(now=datetime(2026, 11, 24, 23, tzinfo=UTC))
    assert gates.employee_gate(employed, after) == gates.LEFT
    always = builders.employee(employed_from=None)
    assert gates.employee_gate(always, builders.context()) == OPEN_WINDOW


def test_news_is_stored_only_when_published() -> None:
    """An unpublished item is withheld, whatever its window says."""
    item = builders.news_item(is_published=False, publish_from=NOW)
    assert gates.news_item_gate(item, builders.context()) == gates.NOT_PUBLISHED


def test_news_carries_its_window_until_it_is_over() -> None:
    """Future and current items are stored with their window; at its end an item is withheld."""
    later = NOW + timedelta(hours=1)
    coming = builders.news_item(publish_from=later, publish_until=later + timedelta(hours=1))
    assert gates.news_item_gate(coming, builders.context()) == Window(later, later + timedelta(hours=1))
    assert gates.news_item_gate(builders.news_item(), builders.context()) == OPEN_WINDOW
    over = builders.news_item(publish_until=NOW)
    assert gates.news_item_gate(over, builders.context()) == gates.EXPIRED


def test_one_groups_news_waits_for_groups() -> None:
    """An item for one group is stored only while an open module pulls groups; one for all always is."""
    without = builders.context(streams=builders.ALL_STREAMS - {Stream.GROUPS})
    item = builders.news_item(group_key="g1")
    assert gates.news_item_gate(item, without) == gates.GROUP_NOT_OPEN
    assert gates.news_item_gate(item, builders.context()) == OPEN_WINDOW
    assert gates.news_item_gate(builders.news_item(), without) == OPEN_WINDOW


def test_a_note_needs_its_flag() -> None:
    """A note is stored with the flag and withheld without it."""
    assert gates.note_gate(builders.note(), builders.context()) == OPEN_WINDOW
    assert (
        gates.note_gate(builders.note(is_visible_to_parents=False), builders.context()) == gates.NOT_VISIBLE_TO_PARENTS
    )


@pytest.mark.parametrize("status", ["concept", "review", "withdrawn", "", "Final"])
def test_only_a_final_plan_is_stored(status: str) -> None:
    """A plan in any other status, known or not, is withheld."""
    assert gates.support_plan_gate(builders.support_plan(status=status), builders.context()) == gates.NOT_FINAL
    assert gates.support_plan_gate(builders.support_plan(), builders.context()) == OPEN_WINDOW


@pytest.mark.parametrize(("kind", "name"), [("placeholder", "4a"), ("class", "aangemeld"), ("class", " Aangemeld ")])
def test_the_pseudo_group_of_registered_children_is_withheld(kind: str, name: str) -> None:
    """By its kind, or by the name ParnasSys gives it; classes and composites are stored."""
    assert gates.group_gate(builders.group(kind=kind, name=name)) == gates.PLACEHOLDER
    assert gates.group_gate(builders.group()) == gates.group_gate(builders.group(kind="composite")) == OPEN_WINDOW


@pytest.mark.parametrize("audience", ["staff", "", "Parents", "everyone"])
def test_only_what_is_for_parents_is_planned_for_them(audience: str) -> None:
    """An item for staff, or for an audience we do not know, is withheld; one for parents is stored."""
    assert gates.calendar_item_gate(builders.calendar_item(audience=audience), builders.context()) == (
        gates.NOT_FOR_PARENTS
    )
    assert gates.calendar_item_gate(builders.calendar_item(), builders.context()) == OPEN_WINDOW


def test_one_groups_calendar_waits_for_groups() -> None:
    """As with news: an item for one group is stored only while an open module pulls groups."""
    without = builders.context(streams=builders.ALL_STREAMS - {Stream.GROUPS})
    item = builders.calendar_item(group_key="g1")
    assert gates.calendar_item_gate(item, without) == gates.GROUP_NOT_OPEN
    assert gates.calendar_item_gate(item, builders.context()) == OPEN_WINDOW
    assert gates.calendar_item_gate(builders.calendar_item(), without) == OPEN_WINDOW
    for_staff = builders.calendar_item(group_key="g1", audience="staff")
    assert gates.calendar_item_gate(for_staff, without) == gates.NOT_FOR_PARENTS


def test_a_lesson_is_seen_between_its_days() -> None:
    """From the first until and with the last day; after it withheld; without days open."""
    lesson = builders.lesson(from_on=date(2026, 11, 1), until_on=date(2026, 11, 24))
    window = Window(datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 24, 23, tzinfo=UTC))
    assert gates.lesson_gate(lesson, builders.context()) == window
    assert gates.lesson_gate(lesson, builders.context(now=datetime(2026, 11, 24, 23, tzinfo=UTC))) == gates.EXPIRED
    assert gates.lesson_gate(builders.lesson(from_on=None), builders.context()) == OPEN_WINDOW


def test_an_invoice_needs_to_be_sent_to_somebody() -> None:
    """A concept and one without debtor are withheld; sent, partly paid, paid and cancelled are stored."""
    assert gates.invoice_gate(dossier_builders.invoice(status="concept")) == gates.NOT_SENT
    assert gates.invoice_gate(dossier_builders.invoice(debtor_key=None)) == gates.NO_DEBTOR
    assert gates.invoice_gate(dossier_builders.invoice(status="concept", debtor_key=None)) == gates.NOT_SENT
    for status in ("sent", "partly_paid", "paid", "cancelled"):
        assert gates.invoice_gate(dossier_builders.invoice(status=status)) == OPEN_WINDOW


@pytest.mark.parametrize("status", ["draft", "", "Concept", "SENT"])
def test_an_invoice_in_a_status_nobody_knows_is_not_sent(status: str) -> None:
    """Only the four statuses of a sent invoice store it."""
    assert gates.invoice_gate(dossier_builders.invoice(status=status)) == gates.NOT_SENT


def test_only_answers_about_the_group_list_are_stored() -> None:
    """Consent to photos on a website is of no use to the portal; each category of the list is, allowed or refused."""
    for category in ("photo_website", "photo_social_media", "photo_newsletter", "", "group_list"):
        preference = builders.privacy_preference(category=category)
        assert gates.privacy_preference_gate(preference) == gates.CATEGORY_NOT_USED
    for category in ("name", "photo", "birth_date", "address", "phone", "parents_names"):
        for is_allowed in (True, False):
            preference = builders.privacy_preference(category=f"group_list_{category}", is_allowed=is_allowed)
            assert gates.privacy_preference_gate(preference) == OPEN_WINDOW


def test_a_report_is_stored_once_published_and_seen_from_its_date() -> None:
    """Unpublished is withheld, whatever its date says; a date to come is stored as `visible_from`."""
    later = NOW + timedelta(days=3)
    report = dossier_builders.report(publish_from=later)
    assert gates.report_gate(report, builders.context()) == Window(later, None)
    assert gates.report_gate(report._replace(is_published=False), builders.context()) == gates.NOT_PUBLISHED
    assert gates.report_gate(dossier_builders.report(), builders.context()) == OPEN_WINDOW


@pytest.mark.parametrize("status", ["in_progress", "cancelled", "", "Final"])
def test_only_a_final_result_is_stored(status: str) -> None:
    """A test in any other status, known or not, is withheld; a final one is seen from its date."""
    assert gates.test_result_gate(dossier_builders.lvs_result(status=status), builders.context()) == gates.NOT_FINAL
    later = NOW + timedelta(days=3)
    result = dossier_builders.lvs_result(publish_from=later)
    assert gates.test_result_gate(result, builders.context()) == Window(later, None)
    assert gates.test_result_gate(dossier_builders.lvs_result(), builders.context()) == OPEN_WINDOW


def test_a_method_test_is_seen_from_its_date() -> None:
    """A date to come is stored as `visible_from`; without one the result is seen at once."""
    later = NOW + timedelta(days=3)
    result = dossier_builders.method_test_result(publish_from=later)
    assert gates.method_test_result_gate(result, builders.context()) == Window(later, None)
    assert gates.method_test_result_gate(result._replace(publish_from=None), builders.context()) == OPEN_WINDOW
