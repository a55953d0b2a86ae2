"""What a school selects within its open modules: each setting with a record on either side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mappings import gates
from mappings.gates import OPEN_WINDOW, Context, Window
from mappings.portal.catalogue import ROW_MAKERS
from mappings.values import start_of_day
from schemas.selections import DECIDED_BY, Selections
from schemas.streams import Stream
from tests import builders, dossier_builders
from tests.builders import NOW, context


def test_the_subjects_of_method_tests() -> None:
    """With subjects selected only those are stored; with none selected none; with all, all."""
    arithmetic, language = (dossier_builders.method_test_result(subject=name) for name in ("rekenen", "taal"))
    for result, chosen, expected in (
        (arithmetic, ["rekenen"], OPEN_WINDOW),
        (language, ["rekenen"], gates.SUBJECT_NOT_SELECTED),
        (language, [" Taal ", "REKENEN"], OPEN_WINDOW),
        (arithmetic, [], gates.SUBJECT_NOT_SELECTED),
        (arithmetic, None, OPEN_WINDOW),
        (dossier_builders.method_test_result(subject=""), ["rekenen"], gates.SUBJECT_NOT_SELECTED),
    ):
        assert gates.method_test_result_gate(result, context(subjects=chosen)) == expected


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        (None, OPEN_WINDOW),
        ([], gates.TEST_NOT_SELECTED),
        ([{"test": "rekenen_wiskunde"}], OPEN_WINDOW),
        ([{"test": " Rekenen_Wiskunde"}], OPEN_WINDOW),
        ([{"test": "spelling"}], gates.TEST_NOT_SELECTED),
        ([{"test": "rekenen_wiskunde", "year_groups": ["3"]}], OPEN_WINDOW),
        ([{"test": "rekenen_wiskunde", "year_groups": ["4", "5"]}], gates.TEST_NOT_SELECTED),
        ([{"test": "spelling", "year_groups": ["3"]}], gates.TEST_NOT_SELECTED),
        ([{"test": "rekenen_wiskunde", "from_on": "2026-01-28"}], OPEN_WINDOW),
        ([{"test": "rekenen_wiskunde", "from_on": "2026-01-29"}], gates.BEFORE_FROM_DATE),
        (
            [
                {"test": "rekenen_wiskunde", "year_groups": ["4"]},
                {"test": "rekenen_wiskunde", "year_groups": ["3"], "from_on": "2026-02-01"},
            ],
            gates.BEFORE_FROM_DATE,
        ),
    ],
)
def test_the_tests_per_year_group_and_from_which_day(tests: Any, expected: Window | str) -> None:
    """A result of year group 3, taken on 28 January: its own test, its own year group and its own day decide."""
    assert gates.test_result_gate(dossier_builders.lvs_result(), context(tests=tests)) == expected


def test_a_year_group_is_the_pupils_own_and_a_blank_one_is_none_of_those_chosen() -> None:
    """A test made for another level counts in the year group of the pupil; a blank or lettered group as it is."""
    third = context(tests=[{"test": "rekenen_wiskunde", "year_groups": ["3"]}])
    below = dossier_builders.lvs_result(year_group="3", moment="M2")
    above = dossier_builders.lvs_result(year_group="4", moment="M3")
    assert gates.test_result_gate(below, third) == OPEN_WINDOW
    assert gates.test_result_gate(above, third) == gates.TEST_NOT_SELECTED
    assert gates.test_result_gate(dossier_builders.lvs_result(year_group=""), third) == gates.TEST_NOT_SELECTED
    special = context(tests=[{"test": "rekenen_wiskunde", "year_groups": ["s"]}])
    assert gates.test_result_gate(dossier_builders.lvs_result(year_group="S"), special) == OPEN_WINDOW


def test_a_selected_test_must_be_final_too() -> None:
    """Selection opens nothing that another gate keeps shut, and its name is told first."""
    started = dossier_builders.lvs_result(status="in_progress", test="dmt")
    assert gates.test_result_gate(started, context(tests=[{"test": "dmt"}])) == gates.NOT_FINAL
    assert gates.test_result_gate(started, context(tests=[])) == gates.NOT_FINAL


def test_the_categories_of_notes() -> None:
    """Only notes of a selected category are stored, and only those with the flag."""
    talk, seen = builders.note(category="conversation"), builders.note(category="observation")
    for note, chosen, expected in (
        (talk, ["conversation"], OPEN_WINDOW),
        (seen, ["conversation"], gates.CATEGORY_NOT_SELECTED),
        (seen, ["conversation", "observation"], OPEN_WINDOW),
        (talk, [], gates.CATEGORY_NOT_SELECTED),
        (talk, None, OPEN_WINDOW),
        (talk._replace(is_visible_to_parents=False), ["conversation"], gates.NOT_VISIBLE_TO_PARENTS),
    ):
        assert gates.note_gate(note, context(note_categories=chosen)) == expected


def test_the_first_day_of_reports() -> None:
    """A report of that day is stored with its own date, one of the day before is not."""
    report = dossier_builders.report(reported_on=date(2026, 2, 1), publish_from=NOW)
    assert gates.report_gate(report, context(reports_from="2026-02-01")) == Window(NOW, None)
    assert gates.report_gate(report, context(reports_from="2026-02-02")) == gates.BEFORE_FROM_DATE
    assert gates.report_gate(report, context(reports_from=None)) == Window(NOW, None)
    assert gates.report_gate(report._replace(is_published=False), context(reports_from=None)) == gates.NOT_PUBLISHED


@pytest.mark.parametrize(
    ("setting", "gate", "build"),
    [
        ("news_audience", gates.news_item_gate, builders.news_item),
        ("calendar_audience", gates.calendar_item_gate, builders.calendar_item),
    ],
)
def test_the_audience_of_news_and_calendar(
    setting: str, gate: Callable[[Any, Context], Window | str], build: Callable[..., Any]
) -> None:
    """For the whole school only: one group's item is withheld; each setting decides its own stream alone."""

    def chosen(setting: str, audience: str) -> Context:
        return builders.context()._replace(selections=Selections.model_validate({setting: audience}))

    (other,) = {"news_audience", "calendar_audience"} - {setting}
    for audience, expected in (("school", gates.AUDIENCE_NOT_SELECTED), ("school_and_groups", OPEN_WINDOW)):
        assert gate(build(group_key="g1"), chosen(setting, audience)) == expected
        assert gate(build(), chosen(setting, audience)) == OPEN_WINDOW
        assert gate(build(group_key="g1"), chosen(other, audience)) == OPEN_WINDOW


@pytest.mark.parametrize("days", [0, 1, 14, 30, 366])
def test_the_grace_of_leavers(days: int) -> None:
    """So many days after the last school day the pupil is still seen, and the day after no more."""
    left = date(2026, 5, 1)
    leaver = builders.pupil(status="left", enrolled_until=left)
    ends = start_of_day(left + timedelta(days=days + 1))
    window = gates.pupil_gate(leaver, context(now=ends - timedelta(microseconds=1), leaver_grace_days=days))
    assert isinstance(window, Window)
    assert window.visible_until == ends
    assert gates.pupil_gate(leaver, context(now=ends, leaver_grace_days=days)) == gates.LEFT


FIRST = date(2025, 8, 1)
DAY_BEFORE = date(2025, 7, 31)
MIDNIGHT = datetime(2025, 7, 31, 22, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HISTORY: Mapping[Stream, tuple[Any, Any]] = {
    Stream.ABSENCES: (
        builders.absence(starts_at=MIDNIGHT - 9 * SECOND, ends_at=MIDNIGHT),
        builders.absence(starts_at=MIDNIGHT - 9 * SECOND, ends_at=MIDNIGHT + SECOND),
    ),
    Stream.CALENDAR_ITEMS: (
        builders.calendar_item(is_all_day=True, starts_at=MIDNIGHT - timedelta(days=1), ends_at=MIDNIGHT),
        builders.calendar_item(is_all_day=True, starts_at=MIDNIGHT, ends_at=MIDNIGHT + timedelta(days=1)),
    ),
    Stream.NOTES: (builders.note(noted_on=DAY_BEFORE), builders.note(noted_on=FIRST)),
    Stream.SUPPORT_PLANS: (
        builders.support_plan(from_on=date(2024, 9, 1), until_on=DAY_BEFORE),
        builders.support_plan(from_on=date(2024, 9, 1), until_on=FIRST),
    ),
    Stream.REPORTS: (dossier_builders.report(reported_on=DAY_BEFORE), dossier_builders.report(reported_on=FIRST)),
    Stream.METHOD_TEST_RESULTS: (
        dossier_builders.method_test_result(taken_on=DAY_BEFORE),
        dossier_builders.method_test_result(taken_on=FIRST),
    ),
    Stream.TEST_RESULTS: (
        dossier_builders.lvs_result(taken_on=DAY_BEFORE),
        dossier_builders.lvs_result(taken_on=FIRST),
    ),
}


def test_every_stream_with_a_depth_of_history_is_proven() -> None:
    """No stream that the setting decides is left out of the test below."""
    assert set(HISTORY) == {stream for stream, names in DECIDED_BY.items() if "history_years" in names}


@pytest.mark.parametrize("stream", HISTORY)
def test_the_depth_of_history(stream: Stream) -> None:
    """What was over on 31 July is withheld, what reaches 1 August is stored; without a depth both are."""
    before, within = HISTORY[stream]
    deep, all_of_it = context(history_from=FIRST), context()
    assert ROW_MAKERS[stream](before, deep) == gates.BEYOND_HISTORY
    for record, known in ((within, deep), (before, all_of_it), (within, all_of_it)):
        assert isinstance(ROW_MAKERS[stream](record, known), tuple)


def test_what_has_no_end_is_not_over() -> None:
    """A plan without an end counts as going on; an open absence and an open item by the moment they began."""
    deep = context(history_from=FIRST)
    assert gates.support_plan_gate(builders.support_plan(from_on=date(2020, 1, 1)), deep) == OPEN_WINDOW
    for begins, expected in ((MIDNIGHT - SECOND, gates.BEYOND_HISTORY), (MIDNIGHT, OPEN_WINDOW)):
        assert gates.absence_gate(builders.absence(starts_at=begins), deep) == expected
        assert gates.calendar_item_gate(builders.calendar_item(starts_at=begins, ends_at=None), deep) == expected
