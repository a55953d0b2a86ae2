"""Who may see which pupil, from when until when."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mappings.access import Access, PupilFacts, Relation, derive_access
from tests.unit.access_oracle import Days, Tie, is_adult, is_barred, level_on

ZONE = ZoneInfo("Europe/Amsterdam")
FIRST_DAY = date(2026, 2, 24)
"""Forty days from here hold a 1 March without a 29 February before it, and the change of the clock."""

CALENDAR = [FIRST_DAY + timedelta(days=offset) for offset in range(40)]
FOREVER = Days(None, None)
ANYONE = PupilFacts(None, None, None)


def midnight(day: date) -> datetime:
    """Give the instant at which a day begins in the Netherlands."""
    return datetime.combine(day, time.min, ZONE).astimezone(UTC)


def relation(
    authority: str = "full", restriction: Days | None = None, information: Days | None = None, lasts: Days = FOREVER
) -> Relation:
    """Give a relation, of full authority and without end by itself."""
    return Relation(
        authority=authority,
        is_restricted=restriction is not None,
        restricted_from=restriction.first if restriction else None,
        restricted_until=restriction.last if restriction else None,
        is_informed=information is not None,
        informed_from=information.first if information else None,
        informed_until=information.last if information else None,
        from_on=lasts.first,
        until_on=lasts.last,
    )


def at(windows: Sequence[Access], instant: datetime) -> Access:
    """Give the one window that holds an instant, as the views find it."""
    [found] = [
        window
        for window in windows
        if (window.access_from is None or window.access_from <= instant)
        and (window.access_until is None or window.access_until > instant)
    ]
    return found


def is_whole(windows: Sequence[Access]) -> bool:
    """Tell whether the windows cover all time, in order, without overlap, gap, empty or needless window."""
    return (
        windows[0].access_from is None
        and windows[-1].access_until is None
        and all(
            one.access_until == next_one.access_from is not None
            and (one.access_from is None or one.access_until is None or one.access_from < one.access_until)
            and (one.level, one.reason) != (next_one.level, next_one.reason)
            for one, next_one in pairwise(windows)
        )
    )


some_day = st.sampled_from(CALENDAR)
some_days = st.builds(Days, st.none() | some_day, st.none() | some_day)
some_birthday = st.none() | some_day.map(lambda day: day.replace(year=2008)) | st.just(date(2008, 2, 29))
some_tie = st.builds(
    Tie,
    st.sampled_from(["full", "none", "unknown", "joint"]),
    some_days,
    st.none() | some_days,
    st.none() | some_days,
)


@given(some_birthday, some_days, st.lists(some_tie, max_size=3))
@example(date(2008, 2, 29), FOREVER, [Tie("full", FOREVER, None, None)])
@settings(max_examples=300, deadline=None)
def test_access_is_what_a_day_by_day_reading_gives(birth_on: date | None, enrolled: Days, ties: list[Tie]) -> None:
    """At the beginning, middle and end of every day the level is the oracle's; a bar and an 18th birthday always win.

    The windows are disjoint, ordered and cover all time, and do not depend on the order of the relations.
    """
    facts = PupilFacts(
        birth_on,
        None if enrolled.first is None else midnight(enrolled.first),
        None if enrolled.last is None else midnight(enrolled.last + timedelta(days=1)),
    )
    relations = [relation(tie.authority, tie.restriction, tie.information, tie.lasts) for tie in ties]
    windows = derive_access(facts, relations)

    assert is_whole(windows)
    assert windows == derive_access(facts, relations[::-1])
    for day in [CALENDAR[0] - timedelta(days=1), *CALENDAR, CALENDAR[-1] + timedelta(days=1)]:
        begin, end = midnight(day), midnight(day + timedelta(days=1))
        expected = level_on(day, birth_on, enrolled, ties)
        for instant in (begin, begin + timedelta(hours=12), end - timedelta(microseconds=1)):
            found = at(windows, instant).level
            assert found == expected
            if is_adult(birth_on, day) or any(is_barred(tie, day) for tie in ties):
                assert found == "none"


@pytest.mark.parametrize("authority", ["unknown", "", "joint", "FULL"])
def test_unknown_authority_is_none(authority: str) -> None:
    """Only plain full authority opens anything: all else, without an agreement, is none for all time."""
    assert derive_access(ANYONE, [relation(authority)]) == (Access("none", None, None, "authority_unknown"),)


def test_full_authority_is_full_for_all_time() -> None:
    """Without any end recorded there is one window without ends."""
    assert derive_access(ANYONE, [relation()]) == (Access("full", None, None, "authority"),)


def test_no_relation_is_no_access() -> None:
    """Who has no relation sees nothing."""
    assert [window.level for window in derive_access(ANYONE, [])] == ["none"]


def test_an_agreement_limits_and_ends() -> None:
    """A guardian without authority sees the little of the agreement during its days, both included."""
    agreed = Days(date(2026, 3, 2), date(2026, 3, 6))
    begin, end = midnight(date(2026, 3, 2)), midnight(date(2026, 3, 7))
    assert derive_access(ANYONE, [relation("none", information=agreed)]) == (
        Access("none", None, begin, "no_authority"),
        Access("limited", begin, end, "information_agreement"),
        Access("none", end, None, "no_authority"),
    )


def test_a_restriction_bars_full_authority_during_its_days() -> None:
    """Full authority, an agreement and a second relation do not help while a restriction lasts."""
    barred = Days(date(2026, 3, 28), date(2026, 3, 29))
    begin, end = midnight(date(2026, 3, 28)), midnight(date(2026, 3, 30))
    windows = derive_access(ANYONE, [relation(restriction=barred, information=FOREVER), relation()])
    assert windows == (
        Access("full", None, begin, "authority"),
        Access("none", begin, end, "restricted"),
        Access("full", end, None, "authority"),
    )


def test_a_restriction_without_days_bars_always() -> None:
    """A restriction of which no day is known bars for all time."""
    assert derive_access(ANYONE, [relation(restriction=FOREVER)]) == (Access("none", None, None, "restricted"),)


def test_a_restriction_that_ends_before_it_begins_bars_always() -> None:
    """Days that contradict each other never open a door: the bar stays until someone mends them."""
    backwards = Days(date(2026, 9, 1), date(2026, 8, 1))
    assert {window.level for window in derive_access(ANYONE, [relation(restriction=backwards)])} == {"none"}


def test_a_restriction_on_a_relation_that_ended_still_bars() -> None:
    """The bar holds although the relation it was written on is over and another one is not."""
    ended = relation(restriction=FOREVER, lasts=Days(None, date(2020, 1, 1)))
    assert {window.level for window in derive_access(ANYONE, [ended, relation()])} == {"none"}


def test_two_relations_that_contradict_give_the_least() -> None:
    """The same pair recorded with and without authority has none, whichever comes first."""
    for relations in permutations([relation(), relation("none"), relation("unknown")]):
        windows = derive_access(ANYONE, relations)
        assert [window.level for window in windows] == ["none"]


def test_the_reason_does_not_depend_on_the_order_of_relations() -> None:
    """Two relations of one level give the same rows in either order, so that a quiet run alters nothing."""
    pair = [relation("none"), relation("unknown")]
    assert derive_access(ANYONE, pair) == derive_access(ANYONE, pair[::-1])


@pytest.mark.parametrize(
    ("birth_on", "adult_on"),
    [
        (date(2008, 7, 15), date(2026, 7, 15)),
        (date(2008, 2, 29), date(2026, 3, 1)),
        (date(2008, 3, 29), date(2026, 3, 29)),
    ],
)
def test_on_the_eighteenth_birthday_access_ends(birth_on: date, adult_on: date) -> None:
    """At midnight in Amsterdam; who was born on 29 February turns 18 on 1 March."""
    windows = derive_access(PupilFacts(birth_on, None, None), [relation()])
    assert windows == (
        Access("full", None, midnight(adult_on), "authority"),
        Access("none", midnight(adult_on), None, "adult"),
    )


def test_access_lasts_as_long_as_the_pupil_is_shown() -> None:
    """Nothing before the first and after the last moment at which the pupil may be seen."""
    begin, end = midnight(date(2026, 3, 2)), midnight(date(2026, 3, 7))
    assert derive_access(PupilFacts(None, begin, end), [relation()]) == (
        Access("none", None, begin, "not_yet_enrolled"),
        Access("full", begin, end, "authority"),
        Access("none", end, None, "left"),
    )


def test_a_relation_that_ended_gives_nothing_after_its_last_day() -> None:
    """The last day belongs to the relation, the next does not."""
    end = midnight(date(2026, 3, 7))
    assert derive_access(ANYONE, [relation(lasts=Days(None, date(2026, 3, 6)))]) == (
        Access("full", None, end, "authority"),
        Access("none", end, None, "ended"),
    )


@pytest.mark.parametrize("birth_on", [date.min, date(9981, 12, 31), date(9988, 2, 29), date.max])
def test_an_impossible_birth_date_breaks_nothing(birth_on: date) -> None:
    """One absurd day in one record does not stop the run that derives access for the whole school."""
    windows = derive_access(PupilFacts(birth_on, None, None), [relation(lasts=Days(date.min, date.max))])
    assert is_whole(windows)
    expected = "none" if is_adult(birth_on, date(2026, 3, 1)) else "full"
    assert at(windows, midnight(date(2026, 3, 1))).level == expected
