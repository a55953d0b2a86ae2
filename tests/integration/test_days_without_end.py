"""A vendor that writes "never" as the first or last day it knows: nothing hides by it, and nothing shows by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from schemas.runs import RunReport, RunStatus
from schemas.streams import Stream
from tests.integration.bench import fresh_portal, gates, quarantined, seen
from tests.rig import Rig

FIRST_DAY, LAST_DAY = "0001-01-01", "9999-12-31"
FIRST_MOMENT, LAST_MOMENT = "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-05:00"
NEVER: Mapping[str, str] = {
    **dict.fromkeys(("from_on", "enrolled_from", "employed_from", "given_on"), FIRST_DAY),
    **dict.fromkeys(("until_on", "enrolled_until", "employed_until", "due_on"), LAST_DAY),
    "publish_from": FIRST_MOMENT,
    **dict.fromkeys(("publish_until", "ends_at"), LAST_MOMENT),
}
"""What such a vendor writes where there is no begin or no end."""


def _without_nulls(record: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            found[name] = _without_nulls(value)
        else:
            found[name] = NEVER[name] if value is None and name in NEVER else value
    return found


def _rewrite(rig: Rig) -> int:
    """Let the vendor write every missing begin and end its own way; give the number of records."""
    rewritten = 0
    for stream in Stream:
        for record in rig.world.records(rig.school, stream.value).values():
            told = _without_nulls(record)
            if told != record:
                rig.world.put(rig.school, stream.value, told)
                rewritten += 1
    return rewritten


def _altered(report: RunReport) -> int:
    return sum(one.sums.altered + one.sums.added + one.sums.withdrawn for one in report.streams)


@pytest.fixture
def school(make_rig: Callable[..., Rig]) -> Rig:
    """A school of 90 pupils with every module open."""
    rig = make_rig(pupils=90)
    rig.open()
    return rig


def test_no_end_is_no_end_however_it_is_written(school: Rig) -> None:
    """All 90 written with 9999-12-31 and 0001-01-01: an increment, a full pull and a first load show the same rows."""
    school.sync()
    before, pupils = school.portal(), seen(school, "portal_pupils")
    assert len(pupils) > 70
    assert _rewrite(school) > 400
    report = school.sync()
    assert (report.attention, _altered(report)) == (0, 0)
    assert school.portal() == before
    full = school.sync(full=True)
    assert (full.status, full.attention, _altered(full)) == (RunStatus.DONE, 0, 0)
    assert fresh_portal(school) == before
    assert seen(school, "portal_pupils") == pupils
    assert quarantined(school) == {}


HIDDEN: tuple[tuple[str, str, str, str, str], ...] = (
    ("pupils", "pupil_plain", "enrolled_from", LAST_DAY, "portal_pupils"),
    ("pupils", "pupil_plain", "enrolled_until", FIRST_DAY, "portal_pupils"),
    ("news_items", "news_published", "publish_from", LAST_MOMENT, "portal_news_items"),
    ("news_items", "news_published", "publish_from", "9999-01-01T00:00:00+14:00", "portal_news_items"),
    ("news_items", "news_published", "publish_until", FIRST_MOMENT, "portal_news_items"),
    ("reports", "report_published", "publish_from", LAST_MOMENT, "portal_reports"),
    ("lessons", "lesson_current", "from_on", LAST_DAY, "portal_lessons"),
    ("lessons", "lesson_current", "until_on", FIRST_DAY, "portal_lessons"),
)


@pytest.mark.parametrize(("stream", "role", "field", "value", "view"), HIDDEN)
@pytest.mark.parametrize("full", [False, True])
def test_a_begin_in_9999_and_an_end_in_year_1_hide(
    rig: Rig, stream: str, role: str, field: str, value: str, view: str, full: bool
) -> None:
    """The other way round they are what they say: it has not begun, or it is over; nothing is unreadable by that."""
    rig.open()
    rig.sync()
    key = rig.role(role)
    assert key in seen(rig, view)
    rig.world.patch(rig.school, stream, key, **{field: value})
    rig.sync(full=full)
    assert key not in seen(rig, view)
    assert quarantined(rig) == {}
    assert rig.sync().status is RunStatus.QUIET


@pytest.mark.parametrize(
    ("fields", "is_barred"),
    [
        ({"until_on": FIRST_DAY}, True),
        ({"from_on": LAST_DAY}, True),
        ({"until_on": LAST_DAY, "from_on": FIRST_DAY}, False),
        ({"restriction": {"from_on": FIRST_DAY, "until_on": LAST_DAY}}, True),
        ({"restriction": {"from_on": LAST_DAY, "until_on": None}}, True),
        ({"restriction": {"from_on": "2020-01-01", "until_on": FIRST_DAY}}, True),
        ({"restriction": {"from_on": FIRST_DAY, "until_on": FIRST_DAY}}, True),
        ({"restriction": {"from_on": FIRST_DAY, "until_on": "2020-01-01"}}, False),
    ],
)
def test_a_relation_and_its_restriction_by_their_days(rig: Rig, fields: dict[str, Any], is_barred: bool) -> None:
    """Over or not begun is no access; a restriction that only such a day would lift bars; one that ended does not."""
    rig.sync()
    pupil = rig.role("pupil_plain")
    ties = rig.world.records(rig.school, "guardianships")
    key, guardian = next((key, tie["guardian_id"]) for key, tie in ties.items() if tie["pupil_id"] == pupil)
    mine = {"p": pupil, "g": guardian}
    sees = "SELECT 1 FROM portal_pupils WHERE id = :p AND guardian_id = :g"
    assert rig.rows(sees, **mine)
    rig.world.patch(rig.school, "guardianships", key, **fields)
    rig.sync()
    assert (rig.rows(sees, **mine) == []) is is_barred
    assert quarantined(rig) == {}


def test_a_child_of_year_1_keeps_its_row_and_is_named(rig: Rig) -> None:
    """A birth day of year 1 or 9999 is unreadable: the pupil stays as it was, and quarantine says which field."""
    rig.sync()
    key, before = rig.role("pupil_plain"), rig.portal()
    for day in (FIRST_DAY, LAST_DAY):
        rig.world.patch(rig.school, "pupils", key, birth_on=day)
        rig.sync()
        assert rig.portal() == before
        assert quarantined(rig) == {("pupils", key): "unreadable_field"}


def test_a_pupil_of_before_its_first_day_is_gone_by_gate(rig: Rig) -> None:
    """An enrolment that ended in year 1 is withheld as one that left, a decision and no failure."""
    rig.sync()
    rig.world.patch(rig.school, "pupils", rig.role("pupil_plain"), enrolled_until=FIRST_DAY)
    report = rig.sync()
    assert gates(report, Stream.PUPILS) == {"left": 1}
