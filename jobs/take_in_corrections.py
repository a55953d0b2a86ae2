"""Take in what guardians submitted: validate, normalise, judge who asks, compare; nothing is asked of the school."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from connector.bookkeeping import corrections, invitations
from connector.portal import persons
from jobs.correction_desk import portal_value, standing_of
from jobs.correction_twins import forget, live_on
from mappings.corrections import (
    NEWER_REQUEST,
    Asked,
    Facts,
    Rival,
    Standing,
    Taken,
    digest_of,
    reread,
    take_in,
)
from schemas.correction_fields import FieldName, Policy, named
from schemas.corrections import (
    Actor,
    Item,
    Motive,
    Need,
    Outcome,
    Role,
    State,
    closed,
)
from schemas.ids import SchoolId
from schemas.selections import Selections, policy_of

WITHDRAWN = "withdrawn"
_log = structlog.get_logger("connector")


def take_in_all(connection: Connection, school: SchoolId, selections: Selections, now: datetime) -> list[Item]:
    """Take in every submitted item, in one transaction with what it does to others; give them as they were."""
    for item in corrections.in_states(connection, school, (State.SUBMITTED,)):
        if _claim(connection, school, item):
            _spread(connection, school, item)
    submitted = [
        item
        for item in corrections.in_states(connection, school, (State.SUBMITTED,))
        if _claim(connection, school, item)
    ]
    for item in submitted:
        _take_one(connection, school, selections, item, now)
    _withdraw(connection, school, now)
    forget(connection, school)
    return submitted


def _withdraw(connection: Connection, school: SchoolId, now: datetime) -> None:
    """Close what who asked has changed their mind about, at the school too."""
    for item in corrections.to_withdraw(connection, school):
        by = Actor(item.requester, Role.GUARDIAN)
        due = item.is_to_be_taken_back
        withdrawn = closed(Outcome.WITHDRAWN)
        corrections.move(connection, school, item, withdrawn, now=now, by=by, reason=WITHDRAWN, is_retraction_due=due)
        live_on(connection, school, item, now)


def _claim(connection: Connection, school: SchoolId, item: Item) -> bool:
    """Keep an item from whoever takes in at the same moment, until the transaction ends; False: it was taken in."""
    return corrections.note(connection, school, item, error=None)


def _spread(connection: Connection, school: SchoolId, item: Item) -> None:
    """What is wrong with an address is wrong for all who share it: add the guardian and the own children there."""
    if item.motive != Motive.ERROR.value or item.field != "address":
        return
    there = persons.at_same_address(connection, school, item.stream, item.record_id)
    asked = {
        (one.stream, one.record_id)
        for one in corrections.of_correction(connection, school, item.correction)
        if one.field == item.field
    }
    for stream, record_id in there:
        if (stream, record_id) in asked:
            continue
        standing = standing_of(connection, school, item.requester, stream, record_id)
        if standing is not Standing.NONE:
            corrections.add_item(connection, school, item, stream, record_id)


def _take_one(connection: Connection, school: SchoolId, selections: Selections, item: Item, now: datetime) -> None:
    corrections.begin(connection, school, item, item.submitted_at, Actor(item.requester, Role.GUARDIAN))
    field = named(item.stream, item.field)
    others = corrections.rivals(connection, school, item) if field is not None else []
    taken = judge(connection, school, selections, item, field, others)
    if taken.older:
        _supersede(connection, school, taken, others, now)
        others = corrections.rivals(connection, school, item)  # a wish merged into the older one may live on now
        taken = judge(connection, school, selections, item, field, others)
    digest = None
    if taken.is_secret and field is not None and taken.new is not None:
        digest = digest_of(invitations.keep_key(connection, school), field, reread(taken.new))
    corrections.move(
        connection,
        school,
        item,
        taken.place,
        now=now,
        reason=taken.reason,
        policy=None if taken.policy is None else taken.policy.value,
        needs=" ".join(need.value for need in taken.needs),
        is_secret=taken.is_secret,
        base_text=taken.base,
        new_text=taken.new,
        wanted_digest=digest,
        error=taken.message or None,
    )
    _hold_against(connection, school, taken, others)
    _log.info("correction_taken_in", status=str(taken.place), reason=taken.reason, held=len(taken.needs))


def judge(
    connection: Connection,
    school: SchoolId,
    selections: Selections,
    item: Item,
    field: FieldName | None,
    others: Sequence[Item],
) -> Taken:
    """Judge one item by what the portal holds now."""
    asked = Asked(field, item.operation, item.base_value, item.new_value)
    if field is None:
        return take_in(asked, Facts(item.requester, Standing.NONE, Policy.OFF, None))
    standing = standing_of(connection, school, item.requester, item.stream, item.record_id)
    present = None if standing is Standing.NONE else portal_value(connection, school, field, item.record_id)
    known = tuple(Rival(one.correction, one.number, one.requester, one.new_text) for one in others)
    return take_in(asked, Facts(item.requester, standing, policy_of(selections, field), present, known))


def _supersede(connection: Connection, school: SchoolId, taken: Taken, others: Sequence[Item], now: datetime) -> None:
    """A newer wish of the same guardian replaces the older, at the school too."""
    by_place = {(one.correction, one.number): one for one in others}
    for rival in taken.older:
        older = by_place[rival.correction, rival.number]
        corrections.move(
            connection,
            school,
            older,
            closed(Outcome.SUPERSEDED),
            now=now,
            reason=NEWER_REQUEST,
            is_retraction_due=older.is_to_be_taken_back,
        )
        live_on(connection, school, older, now)


def _hold_against(connection: Connection, school: SchoolId, taken: Taken, others: Sequence[Item]) -> None:
    """Opposite wishes wait for each other."""
    by_place = {(one.correction, one.number): one for one in others}
    for rival in taken.against:
        other = by_place[rival.correction, rival.number]
        if other.state == State.IN_REVIEW.value and Need.CONFLICT not in other.needed:
            needs = " ".join((*other.needs.split(), Need.CONFLICT.value))
            corrections.note(connection, school, other, is_unsent=True, needs=needs, first_accepted_by=None)
