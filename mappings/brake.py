"""The brake: judges a plan's counts before anything is written. Whatever shows less by rule is never held."""

from __future__ import annotations

from typing import NamedTuple

from schemas.streams import Action


class Limits(NamedTuple):
    """Above `share` of a stream and at least `rows` rows, a change of this kind waits for a person."""

    share: float = 0.10
    rows: int = 3


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


class Recent(NamedTuple):
    """What was let through in the last 24 hours, and the stream's size when they began (None: no run then).

    `additions` leaves out what was no surprise: a first load, a person's decision, an approval.
    """

    removals: int = 0
    additions: int = 0
    size_at_start: int | None = None


class Verdict(NamedTuple):
    """What is held and why; empty when the plan passes."""

    held: frozenset[Action]
    reason: str


PASSES = Verdict(frozenset(), "")


def judge(counts: PlanCounts, recent: Recent, limits: Limits) -> Verdict:
    """Give the verdict on one stream's plan."""
    # Empty at the start: its first load fell within these hours, and nothing is no measure.
    size = recent.size_at_start or counts.size
    going = _is_above(counts.removals, recent.removals, size, limits)
    coming = (
        counts.is_past_first_load
        and not counts.is_by_decision
        and _is_above(counts.additions, recent.additions, size, limits)
    )
    if going and coming:
        return Verdict(frozenset({Action.REMOVE, Action.ADD, Action.ALTER}), "keys_reissued")
    held: dict[Action, str] = {}
    if going:
        held[Action.REMOVE] = "many_disappeared"
    elif counts.removals and counts.removals >= counts.size and not counts.additions:
        held[Action.REMOVE] = "would_empty_stream"
    if coming:
        held[Action.ADD] = "many_appeared"
    if counts.identities >= limits.rows and counts.identities > limits.share * counts.size:
        held[Action.ALTER] = "identities_changed"
    return Verdict(frozenset(held), ", ".join(held.values()))


def _is_above(wanted: int, let_through: int, size: int, limits: Limits) -> bool:
    total = wanted + let_through
    return wanted > 0 and total >= limits.rows and total > limits.share * size
