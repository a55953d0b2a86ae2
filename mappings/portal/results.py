"""Test results as rows of the portal. Lists are JSON text in the source's order."""

from __future__ import annotations

from mappings.gates import Context, method_test_result_gate, test_choice, test_result_gate
from mappings.portal.people import Row
from mappings.values import records_text
from schemas.canonical.results import MethodTestResult, TestResult


def method_test_result_row(result: MethodTestResult, context: Context) -> Row | str:
    """Give the row, or the gate."""
    window = method_test_result_gate(result, context)
    if isinstance(window, str):
        return window
    when = (result.taken_on, result.school_year, result.year_group)
    scores = (records_text(result.parts), result.score, result.max_score, result.norm, result.grade)
    return (result.pupil_key, result.method, result.test, result.subject, *when, *scores, window.visible_from)


def test_result_row(result: TestResult, context: Context) -> Row | str:
    """Give the row, or the gate; without its levels where the school shows scores only."""
    window = test_result_gate(result, context)
    if isinstance(window, str):
        return window
    choice = test_choice(result, context.selections)
    levels = (result.functioning_level, records_text(result.levels))
    if choice is None or not choice.shows_level:
        levels = (None, records_text(()))
    when = (result.taken_on, result.school_year, result.year_group, result.moment)
    scores = (result.raw_score, result.scale_score, result.scale)
    names = (result.test, result.test_name, result.subject)
    return (result.pupil_key, *names, *when, *scores, *levels, window.visible_from)
