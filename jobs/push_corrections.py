"""Push: hand over to the school what was taken in, item by item, each once in effect.

An attempt is written down before it is sent. What became of an attempt that had no answer is asked before anything is
sent again; an item that cannot be sent waits longer each time and holds up no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from connector.bookkeeping import corrections
from connector.sources.base import CorrectionSource
from jobs.correction_desk import Desk, field_of, standing_of
from jobs.correction_twins import live_on
from mappings.correction_records import Present
from mappings.correction_values import kept
from mappings.corrections import NOT_ALLOWED, Look, Standing, final_of, key_of, reread
from schemas.correction_fields import FIELDS, Kind, Policy
from schemas.corrections import (
    AWAITING,
    DELIVERED,
    IN_REVIEW,
    SOURCE,
    ChangeRequest,
    Channel,
    Decision,
    Item,
    Motive,
    Need,
    Operation,
    Outcome,
    State,
    Verdict,
    closed,
)
from schemas.errors import (
    CorrectionError,
    CorrectionRefused,
    OutcomeUnknown,
    SourceRefused,
    TransientError,
    WrongSchool,
)
from schemas.ids import SourceKey

_log = structlog.get_logger("connector")
FAILURES_IN_A_ROW = 3
"""After so many the school's system is thought to be away; the rest waits for the next time."""
ASKED_AT_A_TIME = 200
LONGEST_WAIT = timedelta(hours=6)
_FIRST_WAIT = timedelta(minutes=1)
_SHOWN, _MOVED_ON, _SENT = "shown_already", "value_moved", "sent"
NOT_SUPPORTED = "not-supported"


def key(desk: Desk, item: Item) -> str:
    """Give the key of an item at the school."""
    return key_of(desk.school, item.correction, item.number, item.round)


def wait_after(attempts: int) -> timedelta:
    """Give how long an item waits after so many attempts: twice as long each time."""
    return min(LONGEST_WAIT, _FIRST_WAIT * (1 << min(attempts, 20)))


def ready(desk: Desk, connection: Connection) -> list[Item]:
    """Give the items that can go to the school now, each compared and judged once more; the others are moved."""
    now = desk.now
    waiting = [
        item
        for item in corrections.in_states(connection, desk.school, (State.IN_REVIEW,))
        if not _needs(desk, connection, item)
        and item.sending_at is None
        and (item.next_try_at is None or item.next_try_at <= now)
    ]
    return [item for item in waiting if _may_go(desk, connection, item, now)]


def _needs(desk: Desk, connection: Connection, item: Item) -> str:
    """Give what a person must still look at; an opposite wish that is gone is no conflict any more."""
    if Need.CONFLICT not in item.needed or corrections.rivals(connection, desk.school, item):
        return item.needs
    rest = " ".join(need.value for need in item.needed if need is not Need.CONFLICT)
    return rest if corrections.note(connection, desk.school, item, is_unsent=True, needs=rest) else item.needs


def _may_go(desk: Desk, connection: Connection, item: Item, now: datetime) -> bool:
    present = desk.present(connection, item)
    standing = standing_of(connection, desk.school, item.requester, item.stream, item.record_id)
    if standing is Standing.NONE or present is None:
        refused = closed(Outcome.REFUSED)
        corrections.move(connection, desk.school, item, refused, now=now, reason=NOT_ALLOWED)
        live_on(connection, desk.school, item, now)
        return False
    look = desk.look(connection, item, present)
    if look is Look.THERE:
        elsewhere = closed(Outcome.CLOSED_ELSEWHERE)
        corrections.move(connection, desk.school, item, elsewhere, now=now, reason=_SHOWN)
    elif look is Look.STALE:
        corrections.move(connection, desk.school, item, IN_REVIEW, now=now, reason=_MOVED_ON, needs=Need.STALE.value)
    elif item.is_secret and item.base_digest is None and desk.has_looked_up(item):
        digest = desk.digest(connection, item, present.value)
        return corrections.note(connection, desk.school, item, base_digest=digest)
    return look is Look.GO


def push(desk: Desk, source: CorrectionSource) -> int:
    """Put every item that is ready into the school's system; give how many arrived. Raises StopRequested."""
    with desk.write() as connection:
        items = ready(desk, connection)
    arrived = failed = 0
    for item in items:
        if failed >= FAILURES_IN_A_ROW:
            break
        is_there = _push_one(desk, source, item)
        arrived, failed = arrived + is_there, 0 if is_there else failed + 1
    return arrived


def _push_one(desk: Desk, source: CorrectionSource, item: Item) -> bool:
    with desk.write() as connection:
        request = request_of(desk, connection, item)
        now = desk.now
        sending = item._replace(sending_at=now, attempts=item.attempts + 1)
        if not corrections.note(
            connection, desk.school, item, is_unsent=True, sending_at=now, attempts=sending.attempts
        ):
            return False
    try:
        decision = source.submit(desk.school, request)
    except CorrectionRefused as refusal:
        outcome = Outcome.UNDELIVERABLE if refusal.code == NOT_SUPPORTED else Outcome.REFUSED
        with desk.write() as connection:
            reason = f"source_refused:{refusal.code}"
            corrections.move(
                connection,
                desk.school,
                sending,
                closed(outcome),
                now=desk.now,
                by=SOURCE,
                reason=reason,
                sending_at=None,
            )
        _log.warning("correction_refused", reason=refusal.code)
        return True
    except OutcomeUnknown as error:
        _later(desk, sending, error, is_unknown=True)
        return False
    except WrongSchool as error:
        _later(desk, sending, error, is_unknown=True)
        raise
    except (TransientError, SourceRefused) as error:
        _later(desk, sending, error, is_unknown=False)
        return False
    with desk.write() as connection:
        take_decision(desk, connection, sending, decision)
    return True


def _later(desk: Desk, item: Item, error: Exception, *, is_unknown: bool) -> None:
    """Try again later; an attempt without an answer stays written down until the school's system was asked."""
    columns: dict[str, Any] = {} if is_unknown else {"sending_at": None}
    next_try = desk.now + wait_after(item.attempts)
    with desk.write() as connection:
        kind = type(error).__name__
        corrections.note(connection, desk.school, item, error=kind, next_try_at=next_try, **columns)
    _log.warning("correction_not_delivered", error_type=type(error).__name__, attempt=item.attempts)


def request_of(desk: Desk, connection: Connection, item: Item) -> ChangeRequest:
    """Give an item as it travels to the school."""
    field = field_of(item)
    present = desk.present(connection, item) or Present(None)
    against = corrections.rivals(connection, desk.school, item)
    is_decided = item.decided_by is not None
    return ChangeRequest(
        key(desk, item),
        item.correction,
        SourceKey(item.requester),
        field.stream,
        desk.source_key(item),
        field.name,
        Operation(item.operation),
        None if item.base_text is None else reread(item.base_text),
        None if item.wanted_text is None else reread(item.wanted_text),
        is_old_known=not (item.is_secret or present.is_hidden),
        motive=Motive(item.motive),
        effective_on=item.effective_on,
        submitted_at=item.submitted_at,
        is_preapproved=is_decided or (item.policy == Policy.AUTOMATIC.value and not present.is_hidden),
        is_for_all_at_address=FIELDS[field].kind is Kind.ADDRESS and item.motive == Motive.ERROR.value,
        rivals=tuple(key(desk, one) for one in against),
    )


def take_decision(desk: Desk, connection: Connection, item: Item, decision: Decision) -> None:
    """Move an item to where the school's system says it is, step by step; a decision heard twice changes nothing."""
    now = desk.now
    if item.state == State.IN_REVIEW.value:
        sent: dict[str, Any] = {"channel": Channel.SOURCE.value, "delivered_at": now, "sending_at": None, "error": None}
        if not corrections.move(connection, desk.school, item, DELIVERED, now=now, reason=_SENT, **sent):
            return
        item = item._replace(
            state=State.DELIVERED.value, channel=Channel.SOURCE.value, delivered_at=now, sending_at=None
        )
    if decision.verdict is Verdict.ACCEPTED and item.state == State.DELIVERED.value:
        accepted: dict[str, Any] = {"decided_at": decision.decided_at or now, "decided_by": SOURCE.name}
        if decision.is_edited:
            accepted |= final_columns(desk, connection, item, decision.final)
        corrections.move(connection, desk.school, item, AWAITING, now=now, by=SOURCE, reason="accepted", **accepted)
    elif decision.verdict in {Verdict.REFUSED, Verdict.WITHDRAWN}:
        outcome = Outcome.REFUSED if decision.verdict is Verdict.REFUSED else Outcome.WITHDRAWN
        decided: dict[str, Any] = {"decided_at": decision.decided_at or now, "decided_by": SOURCE.name}
        reason = decision.reason or "other"
        corrections.move(connection, desk.school, item, closed(outcome), now=now, by=SOURCE, reason=reason, **decided)


def final_columns(desk: Desk, connection: Connection, item: Item, value: Any) -> dict[str, Any]:
    """Give the columns that keep what the school accepted instead; of a secret only its keyed hash."""
    if item.is_secret:
        return {"wanted_digest": desk.digest(connection, item, value)}
    try:
        return {"final_text": final_of(field_of(item), value)}
    except CorrectionError:
        return {"final_text": kept(value)}  # a value of a form of its own is still what the school will show


def reconcile(desk: Desk, source: CorrectionSource) -> None:
    """Ask what became of every attempt without an answer; what did not arrive is free to be sent again.

    Raises TransientError, SourceRefused or StopRequested; nothing is concluded from a question without an answer.
    """
    with desk.session.read() as connection:
        items = [
            item
            for item in corrections.in_states(connection, desk.school, (State.IN_REVIEW,))
            if item.sending_at is not None
        ]
    for some in portions(items):
        told = source.decisions(desk.school, [key(desk, item) for item in some])
        with desk.write() as connection:
            for item in some:
                decision = told.get(key(desk, item))
                if decision is None:
                    corrections.note(connection, desk.school, item, sending_at=None)
                else:
                    take_decision(desk, connection, item, decision)


def portions(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Give the items in portions that one question may hold."""
    for at in range(0, len(items), ASKED_AT_A_TIME):
        yield items[at : at + ASKED_AT_A_TIME]
