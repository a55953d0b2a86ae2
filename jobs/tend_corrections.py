"""Tend the corrections of one school, after its run: take in, ask, hand over, read back, tidy.

A school without any pays one look.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from connector.bookkeeping import corrections, leases
from connector.portal.database import Session
from connector.sources.base import CorrectionSource
from jobs.correction_desk import Desk, selections_of
from jobs.follow_corrections import follow, read_back, retract, tidy
from jobs.parts import Parts
from jobs.post_corrections import hand_in, post, take_back
from jobs.push_corrections import push, reconcile
from jobs.shield_corrections import shield
from jobs.take_in_corrections import take_in_all
from schemas.corrections import OPEN, Channel, Item, State
from schemas.errors import ConnectorError, LeaseHeld

_log = structlog.get_logger("connector")


def tend(parts: Parts, *, is_changed: bool = True) -> None:
    """Bring every correction of the school one step on. `is_changed`: the last run was not quiet.

    What stands in the way is logged, and the next time goes on from there: the run before it was a run all the same.
    """
    structlog.contextvars.bind_contextvars(school=parts.school.id)
    try:
        with parts.database.session() as session:
            if is_changed:
                _shield(session, parts)
            if _has_work(session, parts) and parts.pause() is None:
                _under_lease(session, parts, is_changed=is_changed)
    except LeaseHeld:
        return
    except ConnectorError as error:
        _log.warning("corrections_postponed", error_type=type(error).__name__, reason=str(error))
    finally:
        structlog.contextvars.unbind_contextvars("school")


def _shield(session: Session, parts: Parts) -> None:
    with session.read() as connection:
        if not corrections.with_address(connection, parts.school.id):
            return
    with session.write() as connection:
        shielded = shield(connection, parts.school.id)
    if shielded:
        session.sweep()


def _has_work(session: Session, parts: Parts) -> bool:
    now, plan = parts.clock(), parts.corrections
    watch_since, purge_before = now - timedelta(days=plan.watch_days), now - timedelta(days=plan.keep_days)
    with session.read() as connection:
        return corrections.has_work(connection, parts.school.id, watch_since, purge_before)


def _under_lease(session: Session, parts: Parts, *, is_changed: bool) -> None:
    lease = leases.acquire(session, parts.school.id, parts.lease_seconds)
    try:
        with session.read() as connection:
            selections = selections_of(connection, parts.school.id)
        _tend(Desk(session, parts, selections, lease), is_changed=is_changed)
    finally:
        leases.release(session, lease, checked=False)
        session.sweep()


def _tend(desk: Desk, *, is_changed: bool) -> None:
    with desk.write() as connection:
        take_in_all(connection, desk.school, desk.selections, desk.now)
    try:
        _with_the_school(desk, is_changed=is_changed)
    finally:  # whatever could not be asked or told, what the portal has by now is looked at
        read_back(desk, (*OPEN, State.CONFIRMED) if is_changed else OPEN)
        tidy(desk)


def _with_the_school(desk: Desk, *, is_changed: bool) -> None:
    with desk.session.read() as connection:
        items = corrections.in_states(connection, desk.school, OPEN)
        before = _awaiting(items)
        if is_changed:
            since = desk.now - timedelta(days=desk.parts.corrections.watch_days)
            items += corrections.watched(connection, desk.school, since)
    desk.look_up(items)
    _hand_over(desk)
    with desk.session.read() as connection:
        fresh = [
            item
            for item in corrections.in_states(connection, desk.school, (State.AWAITING,))
            if (item.correction, item.number) not in before
        ]
    desk.look_up_anew(fresh)


def _hand_over(desk: Desk) -> None:
    source, plan = desk.parts.source, desk.parts.corrections
    if plan.channel is Channel.SOURCE and isinstance(source, CorrectionSource):
        reconcile(desk, source)
        follow(desk, source)
        push(desk, source)
        retract(desk, source)
    elif plan.channel is Channel.MAIL and plan.mail is not None:
        post(desk, plan.mail)
        take_back(desk, plan.mail)
    else:
        hand_in(desk)


def _awaiting(items: list[Item]) -> set[tuple[str, int]]:
    return {(item.correction, item.number) for item in items if item.state == State.AWAITING.value}
