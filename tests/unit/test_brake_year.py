"""The brake through a school year: nothing ordinary waits at a school of 40, 120 or 500, and every bad day does."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import pytest

from mappings.brake import KEPT_BACK, PASSES, Limits, PlanCounts, Recent, Verdict, bounds, judge
from mappings.values import SCHOOL_ZONE
from schemas.brake import MEASURES, PER_CHILD, Age
from schemas.streams import Action, Stream

FIRST, LAST = date(2026, 8, 1), date(2027, 7, 31)
SIZES = (40, 120, 500)
CLASS = 20
SHARED = -1
"""The child of what is nobody's in particular."""


class Record(NamedTuple):
    """A record that comes: whose it is, its own day, and whether a gate kept it back before."""

    child: int
    on: date | None
    was_kept_back: bool = False


class School:
    """A school in the middle of its life, which remembers what came by when. Written without the code it judges."""

    def __init__(self, pupils: int, *, rows_each: int = 6) -> None:
        self.pupils = pupils
        self.sizes = dict.fromkeys(Stream, rows_each * pupils)
        self.sizes[Stream.PUPILS] = pupils
        self.log: list[tuple[datetime, Stream, int, bool]] = []
        """When, of which stream and child, and whether it counted by share."""

    def gets(self, stream: Stream, records: list[Record], now: datetime) -> Verdict:
        """Judge what comes at this moment, and take it in when it passes."""
        measure, limits = MEASURES[stream], Limits()
        aged = [(one, self._is_old(stream, one, now)) for one in records]
        self.log = [line for line in self.log if line[0] > now - timedelta(hours=24)]
        recent = [line for line in self.log if line[1] is stream]
        by_share = sum(is_old or measure.is_by_share for _, is_old in aged)
        coming = Counter(one.child for one, is_old in aged if not is_old)
        came = Counter(child for _, _, child, is_old in recent if not is_old)
        most = measure.most
        above = set() if most is None else {child for child in coming | came if coming[child] + came[child] > most}
        counts = PlanCounts(
            self.sizes[stream],
            0,
            len(records),
            0,
            is_past_first_load=True,
            by_share=by_share,
            is_by_share=measure.is_by_share,
            crowded=sum(coming[child] > 0 for child in above),
            crowded_before=sum(coming[child] == 0 for child in above),
            pupils=self.pupils,
        )
        let_in = sum(is_old or measure.is_by_share for *_, is_old in recent)
        start = self.sizes[stream] - len(recent) if recent else None
        verdict = judge(counts, Recent(0, let_in, start), limits)
        if verdict == PASSES:
            self.log += [(now, stream, one.child, is_old) for one, is_old in aged]
            self.sizes[stream] += len(records)
        return verdict

    def _is_old(self, stream: Stream, one: Record, now: datetime) -> bool:
        measure, today = MEASURES[stream], now.astimezone(SCHOOL_ZONE).date()
        if one.was_kept_back or one.on is None or (measure.day is None and not measure.is_of_year):
            return True
        is_being_filled = date(today.year, 8, 1) <= today < date(today.year, 10, 1)
        if measure.is_of_year and is_being_filled and one.on >= date(today.year, 8, 1):
            return False
        return (today - one.on).days > 14


Day = Iterator[tuple[Stream, list[Record]]]


def _each(pupils: int, on: date | None, times: int = 1, share: float = 1.0) -> list[Record]:
    return [Record(child, on) for child in range(int(pupils * share)) for _ in range(times)]


def _some(rng: random.Random, pupils: int, number: float, on: date | None) -> list[Record]:
    return [Record(child, on) for child in rng.sample(range(pupils), min(pupils, int(number)))]


def _daily(rng: random.Random, pupils: int, on: date) -> Day:
    """Who is sick or late, and what a few children get."""
    yield Stream.ABSENCES, _some(rng, pupils, 1 + pupils * rng.uniform(0, 0.08), on)
    yield Stream.ABSENCES, _some(rng, pupils, pupils * 0.02, on)
    yield Stream.NOTES, _some(rng, pupils, 1 + pupils * 0.01, on)
    if on.weekday() == 1:
        yield Stream.MEDICAL_ITEMS, _some(rng, pupils, 1, on)
        yield Stream.SUPPORT_PLANS, _some(rng, pupils, 1, on)
        yield Stream.PRIVACY_PREFERENCES, _some(rng, pupils, 1 + pupils * 0.05, None)
        yield Stream.NEWS_ITEMS, [Record(SHARED, on)] * 4
        yield Stream.PUPILS, [Record(pupils + on.toordinal(), on)]


def _classes(rng: random.Random, pupils: int, on: date) -> Day:
    """Tests of whole classes, entered within a week of being taken."""
    number = on.toordinal() % max(1, pupils // CLASS)
    children = range(number * CLASS, min(pupils, (number + 1) * CLASS))
    yield Stream.METHOD_TEST_RESULTS, [Record(child, on - timedelta(days=rng.randint(0, 7))) for child in children]
    if on.month in {1, 2, 6}:
        yield Stream.TEST_RESULTS, [Record(child, on - timedelta(days=rng.randint(0, 7))) for child in children] * 3


def _special(rng: random.Random, pupils: int, on: date) -> Day:
    """What a school year brings on its own days."""
    begin, special = FIRST, (on.month, on.day)
    if special in {(8, 24), (9, 21)}:  # the new year's records, and what came late of them
        yield Stream.GROUPS, [Record(SHARED, begin)] * (pupils // CLASS)
        yield Stream.GROUP_MEMBERSHIPS, _each(pupils, begin, 2)
        yield Stream.LESSONS, [Record(SHARED, begin)] * 700
        yield Stream.CALENDAR_ITEMS, [Record(SHARED, on + timedelta(days=day)) for day in range(200)]
        yield Stream.EMPLOYEES, [Record(SHARED, begin)] * 10
        yield Stream.PUPILS, [Record(1000 + child, begin) for child in range(pupils // 8)]
    if special == (5, 20):  # the coming year is planned
        yield Stream.GROUP_MEMBERSHIPS, _each(pupils, date(2027, 8, 1))
    if special in {(2, 12), (7, 2)}:  # report day
        yield Stream.REPORTS, _each(pupils, on)
    if special in {(10, 1), (3, 1)}:
        yield Stream.INVOICES, _each(pupils, on, 2)
    if special in {(11, 17), (1, 26)}:  # the flu, and a morning of late buses
        yield Stream.ABSENCES, _some(rng, pupils, pupils * 0.3, on)
        yield Stream.ABSENCES, _some(rng, pupils, pupils * 0.4, on)
    if special == (12, 18):  # everybody leaves early, and half of them twice
        yield Stream.ABSENCES, _each(pupils, on)
        yield Stream.ABSENCES, _each(pupils, on, share=0.5)


def _moment(on: date, hour: int) -> datetime:
    return datetime.combine(on, time(hour), SCHOOL_ZONE).astimezone(UTC)


@pytest.mark.parametrize("pupils", SIZES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_day_of_an_ordinary_school_year_is_held(pupils: int, seed: int) -> None:
    """Sick children, class tests, test rounds, report days, invoices, a new year: not one plan waits for a person."""
    school, rng, plans = School(pupils), random.Random(seed), 0
    for number in range((LAST - FIRST).days + 1):
        on = FIRST + timedelta(days=number)
        if on.weekday() > 4:
            continue
        for hour, part in ((9, _daily), (13, _classes), (16, _special)):
            for stream, records in part(rng, pupils, on):
                plans += bool(records)
                assert school.gets(stream, records, _moment(on, hour)) == PASSES, (on, stream, len(records))
    assert plans > 1000


NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)
TODAY = NOON.date()
LONG_AGO = date(2026, 3, 1)
Bad = Callable[[int], list[Record]]
BAD_DAYS: dict[str, tuple[Stream, Bad, str]] = {
    "500 notes of a migration, dated today": (Stream.NOTES, lambda n: _each(n, TODAY, 500 // n + 1), "many_appeared"),
    "old notes behind a flag that is flipped": (
        Stream.NOTES,
        lambda n: [Record(child, LONG_AGO, was_kept_back=True) for child in range(n)],
        "many_appeared",
    ),
    "staff items of next week flagged for parents": (
        Stream.CALENDAR_ITEMS,
        lambda n: [Record(SHARED, TODAY + timedelta(days=7), was_kept_back=True)] * n,
        "many_appeared",
    ),
    "old reports": (Stream.REPORTS, lambda n: _each(n, LONG_AGO), "many_appeared"),
    "reports of 15 days ago": (Stream.REPORTS, lambda n: _each(n, TODAY - timedelta(days=15)), "many_appeared"),
    "places that began in August": (Stream.GROUP_MEMBERSHIPS, lambda n: _each(n, FIRST), "many_appeared"),
    "relations, which have no day": (Stream.GUARDIANSHIPS, lambda n: _each(n, None), "many_appeared"),
    "medical items of today": (Stream.MEDICAL_ITEMS, lambda n: _each(n, TODAY), "many_appeared"),
    "four absences for a quarter": (Stream.ABSENCES, lambda n: _each(n, TODAY, 4, 0.25), "many_per_child"),
    "eleven results for a quarter": (Stream.TEST_RESULTS, lambda n: _each(n, TODAY, 11, 0.25), "many_per_child"),
    "six invoices for a quarter": (Stream.INVOICES, lambda n: _each(n, TODAY, 6, 0.25), "many_per_child"),
    "four reports for a quarter": (Stream.REPORTS, lambda n: _each(n, TODAY, 4, 0.25), "many_per_child"),
    "the pupils of another school, enrolled today": (
        Stream.PUPILS,
        lambda n: [Record(10_000 + child, TODAY) for child in range(n // 4)],
        "many_per_child",
    ),
}


@pytest.mark.parametrize("pupils", SIZES)
@pytest.mark.parametrize("name", BAD_DAYS)
def test_every_bad_day_is_held(pupils: int, name: str) -> None:
    """What shows old secrets, or floods a fifth of the children, waits for a person at every size of school."""
    stream, coming, reason = BAD_DAYS[name]
    verdict = School(pupils, rows_each=4).gets(stream, coming(pupils), NOON)
    assert Action.ADD in verdict.held
    assert reason in verdict.reason.split(", ")


@pytest.mark.parametrize("pupils", SIZES)
@pytest.mark.parametrize("stream", [one for one in PER_CHILD if not MEASURES[one].is_by_share])
def test_exactly_n_a_child_passes_and_one_more_for_a_fifth_and_one_is_held(pupils: int, stream: Stream) -> None:
    """Everybody may get n; n and one more may a fifth of the pupils, and not one child more."""
    most, fifth = PER_CHILD[stream], pupils // 5
    assert School(pupils).gets(stream, _each(pupils, TODAY, most), NOON) == PASSES
    few = [Record(child, TODAY) for child in range(fifth) for _ in range(most + 1)]
    assert School(pupils).gets(stream, few, NOON) == PASSES
    one_more = [*few, *(Record(fifth, TODAY) for _ in range(most + 1))]
    assert School(pupils).gets(stream, one_more, NOON) == Verdict(frozenset({Action.ADD}), "many_per_child", Age.NEW)


@pytest.mark.parametrize("pupils", SIZES)
def test_what_drips_in_is_summed_over_24_hours_and_no_longer(pupils: int) -> None:
    """Two absences for everybody, and two more within the day: held; the same a day later passes."""
    school = School(pupils)
    twice = _each(pupils, TODAY, 2)
    assert school.gets(Stream.ABSENCES, twice, NOON) == PASSES
    assert school.gets(Stream.ABSENCES, twice, NOON + timedelta(hours=23)).reason == "many_per_child"
    assert school.gets(Stream.ABSENCES, [Record(SHARED, TODAY)], NOON + timedelta(hours=23)) == PASSES
    assert school.gets(Stream.ABSENCES, twice, NOON + timedelta(hours=24)) == PASSES


def test_held_is_only_what_a_measure_counted() -> None:
    """Old ones by share leave the new ones, new ones by child leave the old; both, and what counts by both, all."""
    old, new = _each(40, LONG_AGO), _each(40, TODAY, 4)
    few = old[:2]
    assert School(40).gets(Stream.REPORTS, [*old, *new[:4]], NOON).age is Age.OLD
    assert School(40).gets(Stream.REPORTS, [*few, *new], NOON).age is Age.NEW
    both = School(40).gets(Stream.REPORTS, [*old, *new], NOON)
    assert (both.age, both.reason) == (Age.ALL, "many_appeared, many_per_child")
    assert School(40, rows_each=1).gets(Stream.NOTES, _each(40, TODAY), NOON).age is Age.ALL


def test_a_school_of_five_is_asked_by_three_children() -> None:
    """Two children are over a fifth of the smallest school and still no flood."""
    school = School(5)
    assert school.gets(Stream.ABSENCES, _each(2, TODAY, 4), NOON) == PASSES
    assert school.gets(Stream.ABSENCES, _each(3, TODAY, 4), NOON).reason == "many_per_child"


def _ending(endings: int, in_force: int, size: int, removals: int = 0) -> PlanCounts:
    return PlanCounts(size, removals, 0, 0, is_past_first_load=True, endings=endings, in_force=in_force)


def test_what_ends_counts_as_what_goes() -> None:
    """Above a tenth of what is in force, however long the history: held as alterations; with removals both are."""
    assert judge(_ending(3, 30, 300), Recent(), Limits()) == PASSES
    assert judge(_ending(4, 30, 300), Recent(), Limits()) == Verdict(frozenset({Action.ALTER}), "many_ended")
    assert judge(_ending(30, 30, 300), Recent(), Limits()).reason == "many_ended"
    both = judge(_ending(6, 90, 100, removals=6), Recent(), Limits())
    assert both == Verdict(frozenset({Action.REMOVE, Action.ALTER}), "many_disappeared, many_ended")
    assert judge(_ending(2, 2, 50), Recent(), Limits()).reason == "would_empty_stream"


def test_what_ends_bit_by_bit_is_summed() -> None:
    """What went or ended in 24 hours counts against what was in force when they began."""
    assert judge(_ending(2, 28, 300), Recent(removals=2, size_at_start=300), Limits()).reason == "many_ended"
    assert judge(_ending(1, 28, 300), Recent(removals=2, size_at_start=300), Limits()) == PASSES


@pytest.mark.parametrize(
    ("on", "day", "of_year", "settled"),
    [
        (date(2026, 7, 31), date(2026, 7, 17), date(2026, 7, 17), 2025),
        (date(2026, 8, 1), date(2026, 7, 18), date(2026, 7, 18), 2025),
        (date(2026, 8, 16), date(2026, 8, 2), date(2026, 8, 1), 2025),
        (date(2026, 9, 30), date(2026, 9, 16), date(2026, 8, 1), 2025),
        (date(2026, 10, 1), date(2026, 9, 17), date(2026, 9, 17), 2026),
        (date(2027, 1, 5), date(2026, 12, 22), date(2026, 12, 22), 2026),
    ],
)
def test_a_record_is_old_after_fourteen_days_and_a_year_on_1_october(
    on: date, day: date, of_year: date, settled: int
) -> None:
    """Days are the school's; from 1 August until October what began with the year is new, and before and after not."""
    found = bounds(_moment(on, 0), 14)
    assert (found.day, found.day_of_year, found.settled_year) == (day, of_year, settled)
    assert (found.at, found.at_of_year) == (_moment(day, 0), _moment(of_year, 0))


def test_a_draft_that_is_finished_was_not_kept_back() -> None:
    """The gates of a draft, and those of time, are not among those behind which a record is old."""
    drafts = {"not_final", "not_published", "not_sent", "not_enrolled"}
    times = {"left", "expired"}
    ties = {"parent_withheld", "no_enrolled_child", "parent_held"}
    assert KEPT_BACK.isdisjoint(drafts | times | ties)
    assert {"not_visible_to_parents", "not_for_parents", "category_not_selected", "subject_not_selected"} <= KEPT_BACK
