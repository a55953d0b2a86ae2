"""The brake: what waits for a person, and what never does."""

import pytest

from mappings.brake import PASSES, Limits, PlanCounts, Recent, judge
from schemas.streams import Action

LIMITS = Limits()
NO_RUN = Recent()


def plan(
    *,
    size: int = 100,
    removals: int = 0,
    additions: int = 0,
    identities: int = 0,
    is_past_first_load: bool = True,
    is_by_decision: bool = False,
) -> PlanCounts:
    """Give a plan on a stream of a hundred rows that is past its first load; what it adds is old."""
    return PlanCounts(size, removals, additions, identities, is_past_first_load, is_by_decision, by_share=additions)


@pytest.mark.parametrize(
    ("size", "removals", "is_held"),
    [
        (100, 10, False),
        (100, 11, True),
        (1000, 100, False),
        (1000, 101, True),
        (10, 2, False),  # a fifth, but only two rows
        (10, 3, True),
        (30, 3, False),  # three rows, but exactly a tenth
        (29, 3, True),
        (60, 25, True),
    ],
)
def test_above_a_tenth_and_three_rows_disappearances_wait(size: int, removals: int, is_held: bool) -> None:
    """Held are more than 10 % and at least 3 rows; exactly 10 %, or two rows, pass."""
    verdict = judge(plan(size=size, removals=removals), NO_RUN, LIMITS)
    assert verdict.held == ({Action.REMOVE} if is_held else set())
    assert verdict.reason == ("many_disappeared" if is_held else "")


@pytest.mark.parametrize("tens", [*range(3, 30), 100, 333, 700, 1729])
def test_exactly_a_tenth_passes_at_every_size(tens: int) -> None:
    """No size makes exactly 10 % more than 10 %, and one row more always is."""
    assert judge(plan(size=10 * tens, removals=tens), NO_RUN, LIMITS) == PASSES
    assert judge(plan(size=10 * tens, removals=tens + 1), NO_RUN, LIMITS) != PASSES


@pytest.mark.parametrize(
    ("size", "additions", "is_held"), [(100, 10, False), (100, 11, True), (10, 2, False), (500, 500, True)]
)
def test_the_same_bound_holds_for_what_becomes_visible(size: int, additions: int, is_held: bool) -> None:
    """Past the first load, more than 10 % and at least 3 newly visible rows wait."""
    verdict = judge(plan(size=size, additions=additions), NO_RUN, LIMITS)
    assert verdict.held == ({Action.ADD} if is_held else set())
    assert verdict.reason == ("many_appeared" if is_held else "")


def test_a_first_load_may_bring_everything() -> None:
    """Before the first load is over additions never wait."""
    assert judge(plan(size=0, additions=500, is_past_first_load=False), NO_RUN, LIMITS) == PASSES


def test_what_a_persons_decision_shows_never_waits() -> None:
    """Rows that appear because a setting changed pass, whatever appeared before; disappearances still wait."""
    busy = Recent(additions=50, size_at_start=100)
    assert judge(plan(additions=90, is_by_decision=True), busy, LIMITS) == PASSES
    both = judge(plan(removals=25, additions=90, is_by_decision=True), NO_RUN, LIMITS)
    assert both.held == {Action.REMOVE}


@pytest.mark.parametrize("kind", ["removals", "additions"])
def test_nine_percent_again_and_again_waits(kind: str) -> None:
    """What was let through in 24 hours counts, against the size at their start: the second 9 % is held."""
    let_through = 0
    for run in range(5):
        size = 100 - let_through if kind == "removals" else 100 + let_through
        wanted = size * 9 // 100
        recent = (
            Recent(removals=let_through, size_at_start=100)
            if kind == "removals"
            else Recent(additions=let_through, size_at_start=100)
        )
        counts = plan(size=size, removals=wanted) if kind == "removals" else plan(size=size, additions=wanted)
        verdict = judge(counts, recent, LIMITS)
        assert bool(verdict.held) is (run > 0)
        if not verdict.held:
            let_through += wanted
    assert let_through == 9


def test_one_row_at_a_time_waits_too() -> None:
    """Rows going one by one pass until a tenth of the stream went within the window."""
    gone = 0
    while judge(plan(size=100 - gone, removals=1), Recent(removals=gone, size_at_start=100), LIMITS) == PASSES:
        gone += 1
    assert gone == 10


def test_after_the_window_the_count_begins_again() -> None:
    """The same 9 % pass when nothing was let through in the last 24 hours."""
    assert judge(plan(size=91, removals=8), NO_RUN, LIMITS) == PASSES


def test_a_plan_that_removes_nothing_is_never_held_for_what_went_before() -> None:
    """However much went in 24 hours, a run that wants nothing more has nothing to hold."""
    assert judge(plan(size=50), Recent(50, 50, 100), LIMITS) == PASSES


def test_within_a_day_of_the_first_load_the_brake_measures_by_what_is_there() -> None:
    """A stream that was empty when the 24 hours began is judged by its size now, not against nothing."""
    after_first_load = Recent(size_at_start=0)
    assert judge(plan(size=1000, removals=3), after_first_load, LIMITS) == PASSES
    assert judge(plan(size=1000, additions=3), after_first_load, LIMITS) == PASSES
    assert judge(plan(size=1000, removals=101), after_first_load, LIMITS).held == {Action.REMOVE}
    assert judge(plan(size=1000, additions=101), after_first_load, LIMITS).held == {Action.ADD}


@pytest.mark.parametrize("size", [1, 2])
def test_the_last_rows_of_a_small_stream_wait(size: int) -> None:
    """A plan that would empty a stream is held, also below three rows."""
    verdict = judge(plan(size=size, removals=size), NO_RUN, LIMITS)
    assert verdict.held == {Action.REMOVE}
    assert verdict.reason == "would_empty_stream"


def test_a_stream_of_six_emptied_waits() -> None:
    """All six rows of a stream gone is held."""
    assert judge(plan(size=6, removals=6), NO_RUN, LIMITS).held == {Action.REMOVE}


def test_a_stream_emptied_row_by_row_keeps_its_last() -> None:
    """Two rows going one after the other: the first passes, the last is held."""
    assert judge(plan(size=2, removals=1), NO_RUN, LIMITS) == PASSES
    verdict = judge(plan(size=1, removals=1), Recent(removals=1, size_at_start=2), LIMITS)
    assert verdict.held == {Action.REMOVE}


def test_keys_issued_again_are_held_whole() -> None:
    """Removing and adding above the bound in one plan holds removals, additions and alterations."""
    verdict = judge(plan(size=60, removals=60, additions=60), NO_RUN, LIMITS)
    assert verdict.held == {Action.REMOVE, Action.ADD, Action.ALTER}
    assert verdict.reason == "keys_reissued"


def test_many_going_and_few_coming_holds_what_goes_only() -> None:
    """25 of 60 gone beside one new row: the new row and the alterations are applied."""
    verdict = judge(plan(size=60, removals=25, additions=1), NO_RUN, LIMITS)
    assert verdict.held == {Action.REMOVE}


@pytest.mark.parametrize(
    ("size", "identities", "is_held"), [(100, 10, False), (100, 11, True), (10, 2, False), (10, 3, True)]
)
def test_many_changed_identities_wait(size: int, identities: int, is_held: bool) -> None:
    """Birth dates or keys that change above the bound are held as alterations."""
    verdict = judge(plan(size=size, identities=identities), NO_RUN, LIMITS)
    assert verdict.held == ({Action.ALTER} if is_held else set())
    assert verdict.reason == ("identities_changed" if is_held else "")


def test_every_reason_is_named() -> None:
    """A plan held for two reasons names both."""
    verdict = judge(plan(removals=20, identities=20), NO_RUN, LIMITS)
    assert verdict.held == {Action.REMOVE, Action.ALTER}
    assert verdict.reason == "many_disappeared, identities_changed"


def test_a_quiet_plan_passes() -> None:
    """No counts, no hold, also on an empty stream."""
    assert judge(plan(), NO_RUN, LIMITS) == PASSES
    assert judge(plan(size=0), NO_RUN, LIMITS) == PASSES


def test_other_limits_are_kept() -> None:
    """Share and rows are what they are set to."""
    assert judge(plan(removals=11), NO_RUN, Limits(share=0.5, rows=3)) == PASSES
    assert judge(plan(size=10, removals=2), NO_RUN, Limits(share=0.1, rows=2)) != PASSES
