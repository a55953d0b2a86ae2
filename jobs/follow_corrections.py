"""Follow: what the school decided, whether its system shows the value, and what has been waiting too long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from connector.bookkeeping import corrections
from connector.sources.base import CorrectionSource
from jobs.correction_desk import Desk, standing_of
from jobs.correction_twins import forget, live_on
from jobs.push_corrections import key, portions, take_decision
from mappings.corrections import NOT_ALLOWED, Standing
from mappings.values import start_of_day
from schemas.corrections import (
    CONFIRMED,
    IN_REVIEW,
    OPEN,
    Channel,
    Item,
    Need,
    Outcome,
    State,
    Verdict,
    closed,
)

_log = structlog.get_logger("connector")
SEEN, GONE_AGAIN, TOO_LONG, LOST, SHOWN = "seen", "gone_again", "too_long", "lost_by_source", "shown_already"
_WITH_SCHOOL = (State.DELIVERED, State.AWAITING)


def follow(desk: Desk, source: CorrectionSource) -> None:
    """Ask what became of everything that lies in the school's system. Raises TransientError or SourceRefused."""
    with desk.session.read() as connection:
        with_school = corrections.in_states(connection, desk.school, _WITH_SCHOOL)
    items = [item for item in with_school if item.channel == Channel.SOURCE.value]
    for some in portions(items):
        told = source.decisions(desk.school, [key(desk, item) for item in some])
        with desk.write() as connection:
            for item in some:
                decision = told.get(key(desk, item))
                if decision is not None and decision.verdict is not Verdict.PENDING:
                    take_decision(desk, connection, item, decision)
                elif decision is None and item.state == State.DELIVERED.value:
                    _lost(desk, connection, item)


def _lost(desk: Desk, connection: Connection, item: Item) -> None:
    """The school's system has it no more: a person decides whether it is to be sent again."""
    columns: dict[str, Any] = {"needs": Need.LOST.value, "delivered_at": None, "channel": None}
    corrections.move(connection, desk.school, item, IN_REVIEW, now=desk.now, reason=LOST, **columns)


def retract(desk: Desk, source: CorrectionSource) -> None:
    """Take back at the school what is off. One that was accepted meanwhile stays off here, and is logged."""
    with desk.session.read() as connection:
        items = [one for one in corrections.to_retract(connection, desk.school) if one.channel != Channel.MAIL.value]
    for item in items:
        answer = source.retract(desk.school, key(desk, item))
        with desk.write() as connection:
            corrections.clear_retraction(connection, desk.school, item)
        if answer is not None and answer.verdict is Verdict.ACCEPTED:
            _log.warning("correction_accepted_too_late")


def read_back(desk: Desk, states: Sequence[State] = OPEN) -> None:
    """Confirm what the school shows, close what it shows without us, and notice a value that went away again."""
    since = desk.now - timedelta(days=desk.parts.corrections.watch_days)
    with desk.write() as connection:
        for item in corrections.in_states(connection, desk.school, [one for one in states if one in OPEN]):
            if item.state != State.SUBMITTED.value and item.sending_at is None:
                _read_one(desk, connection, item)
        if State.CONFIRMED in states:
            for item in corrections.watched(connection, desk.school, since):
                _watch(desk, connection, item)


def _read_one(desk: Desk, connection: Connection, item: Item) -> None:
    present = desk.present(connection, item)
    if present is None or not desk.shows(connection, item, present):
        return
    now = desk.now
    if item.state == State.IN_REVIEW.value:
        elsewhere = closed(Outcome.CLOSED_ELSEWHERE)
        corrections.move(connection, desk.school, item, elsewhere, now=now, reason=SHOWN)
        return
    corrections.move(connection, desk.school, item, CONFIRMED, now=now, reason=SEEN, confirmed_at=now)
    _log.info("correction_confirmed")


def _watch(desk: Desk, connection: Connection, item: Item) -> None:
    """A confirmed value that is there no more has drifted, unless a newer wish replaced it.

    What was confirmed by the school's own record is judged by that alone: the portal's row may still be the old one.
    """
    present = desk.present(connection, item)
    if present is None or desk.shows(connection, item, present) or desk.is_blind(item):
        return
    if _is_replaced(desk, connection, item):
        return
    corrections.move(connection, desk.school, item, closed(Outcome.DRIFTED), now=desk.now, reason=GONE_AGAIN)
    _log.warning("correction_drifted")


def _is_replaced(desk: Desk, connection: Connection, item: Item) -> bool:
    same = corrections.of_field(connection, desk.school, item)
    return any(one.submitted_at > item.submitted_at and one.decided_at is not None for one in same)


def tidy(desk: Desk) -> None:
    """Close what has waited too long or may not be asked any more; purge what ended long ago, evidence first."""
    plan, now = desk.parts.corrections, desk.now
    with desk.write() as connection:
        for item in corrections.in_states(connection, desk.school, OPEN):
            _tidy_one(desk, connection, item, now)
        forget(connection, desk.school)
        corrections.purge_evidence(connection, desk.school, now - timedelta(days=plan.evidence_days))
        purged = corrections.purge(connection, desk.school, now - timedelta(days=plan.keep_days))
    if purged:
        _log.info("corrections_purged", removed=purged)


def _tidy_one(desk: Desk, connection: Connection, item: Item, now: datetime) -> None:
    if item.state == State.SUBMITTED.value:
        return
    due, begun = item.is_to_be_taken_back, item.submitted_at
    if item.effective_on is not None:  # until that day nobody can expect the school to show it
        begun = max(begun, start_of_day(item.effective_on))
    if begun < now - timedelta(days=desk.parts.corrections.expire_days):
        expired = closed(Outcome.STALE if Need.STALE in item.needed else Outcome.EXPIRED)
        corrections.move(connection, desk.school, item, expired, now=now, reason=TOO_LONG, is_retraction_due=due)
        return
    standing = standing_of(connection, desk.school, item.requester, item.stream, item.record_id)
    if standing is Standing.NONE and item.state != State.AWAITING.value:
        refused = closed(Outcome.REFUSED)
        corrections.move(connection, desk.school, item, refused, now=now, reason=NOT_ALLOWED, is_retraction_due=due)
        live_on(connection, desk.school, item, now)
