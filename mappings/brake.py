"""The brake: judges a plan's counts before anything is written. Whatever shows less by rule is never held."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from mappings import gates
from mappings.values import FIRST_MONTH_OF_A_SCHOOL_YEAR, local_day, school_year_of, start_of_day
from schemas.brake import PER_CHILD, Age, Bounds
from schemas.streams import Action, Stream

MONTH_THE_YEAR_HAS_SETTLED = 10
"""From 1 October on what says to have begun with the school year is no news any more."""
KEPT_BACK = frozenset(
    {
        gates.NOT_VISIBLE_TO_PARENTS,
        gates.NOT_FOR_PARENTS,
        gates.NO_DEBTOR,
        gates.PLACEHOLDER,
        gates.CATEGORY_NOT_USED,
        gates.CATEGORY_NOT_SELECTED,
        gates.SUBJECT_NOT_SELECTED,
        gates.TEST_NOT_SELECTED,
        gates.GROUP_NOT_OPEN,
        gates.AUDIENCE_NOT_SELECTED,
        gates.BEFORE_FROM_DATE,
        gates.BEYOND_HISTORY,
    }
)
"""The gates behind which a record that shows after all is old, whatever its day.

Not those of a draft (not final, not published, not sent, not enrolled yet): that these are passed, by a whole school on
the day of its reports, is what they are for. Nor those of time: what is over was seen. There its own day decides.
"""


class Limits(NamedTuple):
    """Above which change a person is asked.

    By share: above `share` of a stream and at least `rows` rows. By child: above the stream's number in `per_child`
    for more than `pupils_share` of the pupils, and at least `rows` of them. A record is old after `days`.
    """

    share: float = 0.10
    rows: int = 3
    days: int = 14
    pupils_share: float = 0.20
    per_child: Mapping[Stream, int] = PER_CHILD


class PlanCounts(NamedTuple):
    """What a plan wants, without keys that are held already, approved, or go and come with a parent.

    `size` is the stream's rows in the portal now; `identities` the altered rows whose identity column changed.
    """

    size: int
    removals: int
    additions: int
    identities: int
    is_past_first_load: bool
    is_by_decision: bool = False
    by_share: int = 0
    """Of the additions those that count by share: old ones, of some streams all."""
    is_by_share: bool = False
    """All additions of this stream count by share."""
    endings: int = 0
    """Altered rows that are in force and would not be any more."""
    in_force: int = 0
    crowded: int = 0
    """Children to whom this plan brings new records, and who would have more of them in 24 hours than they may."""
    crowded_before: int = 0
    """Children who have more already, and get nothing by this plan."""
    pupils: int = 0


class Recent(NamedTuple):
    """What was let through in the last 24 hours, and the stream's size when they began (None: no run then).

    `removals` counts what ended too. `additions` counts by share, and leaves out what was no surprise: a first load, a
    person's decision, an approval.
    """

    removals: int = 0
    additions: int = 0
    size_at_start: int | None = None


class Verdict(NamedTuple):
    """What is held and why; empty when the plan passes. Of the additions `age` is held."""

    held: frozenset[Action]
    reason: str
    age: Age = Age.ALL


PASSES = Verdict(frozenset(), "")


def judge(counts: PlanCounts, recent: Recent, limits: Limits) -> Verdict:
    """Give the verdict on one stream's plan."""
    # Empty at the start: its first load fell within these hours, and nothing is no measure.
    size = recent.size_at_start or counts.size
    is_judged = counts.is_past_first_load and not counts.is_by_decision
    going = _is_going(counts, recent, size, limits)
    if going and is_judged and _is_above(counts.additions, recent.additions, size, limits):
        return Verdict(frozenset({Action.REMOVE, Action.ADD, Action.ALTER}), "keys_reissued")
    held = _leaving(counts, going=going)
    if counts.identities >= limits.rows and counts.identities > limits.share * counts.size:
        held.append((Action.ALTER, "identities_changed"))
    reasons = [reason for _, reason in held]
    actions = {action for action, _ in held}
    age = _age(counts, recent, size, limits) if is_judged else None
    if age is not None:
        actions.add(Action.ADD)
        reasons += ["many_appeared"] if age is not Age.NEW else []
        reasons += ["many_per_child"] if _is_crowded(counts, limits) else []
    return Verdict(frozenset(actions), ", ".join(reasons), age or Age.ALL)


def _is_going(counts: PlanCounts, recent: Recent, size: int, limits: Limits) -> bool:
    """Tell whether too much disappears; what ends is measured by what is in force too, beside years of history."""
    gone = counts.removals + counts.endings
    in_force = counts.in_force + recent.removals
    return _is_above(gone, recent.removals, size, limits) or _is_above(
        counts.endings, recent.removals, in_force, limits
    )


def _leaving(counts: PlanCounts, *, going: bool) -> list[tuple[Action, str]]:
    held = []
    if going:
        held += [(Action.REMOVE, "many_disappeared")] if counts.removals else []
        held += [(Action.ALTER, "many_ended")] if counts.endings else []
    elif counts.removals and counts.removals >= counts.size and not counts.additions:
        held.append((Action.REMOVE, "would_empty_stream"))
    elif counts.endings and counts.endings >= counts.in_force and not counts.additions:
        held.append((Action.ALTER, "would_empty_stream"))
    return held


def _age(counts: PlanCounts, recent: Recent, size: int, limits: Limits) -> Age | None:
    """Give which additions are held, if any."""
    many = _is_above(counts.by_share, recent.additions, size, limits)
    crowded = _is_crowded(counts, limits)
    if not many:
        return Age.NEW if crowded else None
    return Age.ALL if crowded or counts.is_by_share else Age.OLD


def _is_crowded(counts: PlanCounts, limits: Limits) -> bool:
    children = counts.crowded + counts.crowded_before
    return counts.crowded > 0 and children >= limits.rows and children > limits.pupils_share * counts.pupils


def _is_above(wanted: int, let_through: int, size: int, limits: Limits) -> bool:
    total = wanted + let_through
    return wanted > 0 and total >= limits.rows and total > limits.share * size


def bounds(now: datetime, days: int) -> Bounds:
    """Give before which day a record is old. Schools fill a new year until October: what begins with it is new."""
    today = local_day(now)
    day = today - timedelta(days=days)
    begins = date(school_year_of(today), FIRST_MONTH_OF_A_SCHOOL_YEAR, 1)
    is_filled = FIRST_MONTH_OF_A_SCHOOL_YEAR <= today.month < MONTH_THE_YEAR_HAS_SETTLED
    of_year = min(day, begins) if is_filled else day
    # A year is old once its first day is.
    settled = school_year_of(of_year - timedelta(days=1))
    return Bounds(day, start_of_day(day), of_year, start_of_day(of_year), settled)
