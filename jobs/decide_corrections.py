"""What a person does with a correction: accept, refuse, withdraw, try again. Each is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from connector.bookkeeping import corrections, invitations
from jobs.correction_desk import field_of, portal_value, standing_of
from jobs.correction_twins import live_on
from mappings.correction_values import exact, kept
from mappings.corrections import NOT_ALLOWED, Standing, digest_of, final_of, reread, shows
from schemas.corrections import (
    ALLOWED_MOVES,
    AWAITING,
    CONFIRMED,
    IN_REVIEW,
    OPEN,
    Actor,
    Channel,
    Item,
    Need,
    Outcome,
    State,
    closed,
)
from schemas.errors import CorrectionError
from schemas.ids import SchoolId

ACCEPTED, FIRST_OF_TWO, OTHER_CHOSEN, AGAIN, MOVED = (
    "accepted",
    "accepted_by_first",
    "other_chosen",
    "again",
    "value_moved",
)


class Decided(NamedTuple):
    """What became of an item, in words of ours; `is_done` False: not what was asked for."""

    item: Item
    result: str
    is_done: bool = True


class Office(NamedTuple):
    """Who decides for which school, by which channel, and when."""

    school: SchoolId
    channel: Channel
    by: Actor
    now: datetime


def accept(
    connection: Connection, office: Office, item: Item, *, final: Any = None, is_edited: bool = False
) -> Decided:
    """Accept an item, as it was asked or as `final`.

    One that waits for two persons waits for the second; opposite wishes are refused with it. Raises CorrectionError
    when it is not a person's to accept here, or when the value at school has moved: that is to be looked at anew.
    """
    school, now, by = office.school, office.now, office.by
    if item.state not in {State.IN_REVIEW.value, State.DELIVERED.value}:
        raise CorrectionError(f"It is {item.place}.", fix="Only what is in review or delivered can be accepted.")
    if item.state == State.DELIVERED.value and item.channel == Channel.SOURCE.value:
        raise CorrectionError("It lies in the school's own system.", fix="Accept it there; the next sync follows.")
    if item.sending_at is not None:
        raise CorrectionError("It is on its way to the school's system.", fix="Try again after the next sync.")
    standing = standing_of(connection, school, item.requester, item.stream, item.record_id)
    present = portal_value(connection, school, field_of(item), item.record_id)
    if standing is Standing.NONE or present is None:
        corrections.move(connection, school, item, closed(Outcome.REFUSED), now=now, reason=NOT_ALLOWED)
        live_on(connection, school, item, now)
        return Decided(item, "refused: who asked may not ask this any more", is_done=False)
    if item.state == State.DELIVERED.value and _has_moved(item, present.value):
        needs = {"needs": Need.STALE.value, "delivered_at": None}
        corrections.move(connection, school, item, IN_REVIEW, now=now, by=by, reason=MOVED, **needs)
        words = "not accepted: the value at school has changed meanwhile; look at it and accept it again"
        return Decided(item, words, is_done=False)
    if Need.TWO_PERSONS in item.needed and (item.first_accepted_by is None or _is_same_person(item, by)):
        return _accept_first(connection, office, item)
    columns: dict[str, Any] = {"needs": "", "decided_by": by.name, "decided_at": now, "next_try_at": None}
    columns |= {"base_text": None if item.is_secret else kept(present.value), "base_digest": None}
    if is_edited:
        columns |= _final(connection, office, item, final)
    is_by_hand = office.channel is not Channel.SOURCE
    if is_by_hand:
        columns |= {"channel": item.channel or office.channel.value}
    to = AWAITING if is_by_hand else IN_REVIEW
    _must(corrections.move(connection, school, item, to, now=now, by=by, reason=ACCEPTED, **columns))
    _refuse_rivals(connection, office, item)
    return Decided(item, "accepted" if is_by_hand else "accepted; it goes to the school's system with the next sync")


def _is_same_person(item: Item, by: Actor) -> bool:
    return (item.first_accepted_by or "").casefold().split() == by.name.casefold().split()


def _has_moved(item: Item, present: Any) -> bool:
    if item.is_secret or item.base_text is None or item.wanted_text is None:
        return False
    return exact(present) != exact(reread(item.base_text)) and not shows(item.wanted_text, present)


def _accept_first(connection: Connection, office: Office, item: Item) -> Decided:
    if item.first_accepted_by is not None:
        raise CorrectionError("A second person must accept it too.", fix="Let somebody else accept it, or refuse it.")
    first = {"first_accepted_by": office.by.name}
    _must(
        corrections.move(
            connection, office.school, item, IN_REVIEW, now=office.now, by=office.by, reason=FIRST_OF_TWO, **first
        )
    )
    return Decided(item, "accepted by the first of two persons")


def _final(connection: Connection, office: Office, item: Item, final: Any) -> dict[str, Any]:
    text = final_of(field_of(item), final)
    if not item.is_secret:
        return {"final_text": text}
    key = invitations.keep_key(connection, office.school)
    return {"final_text": text, "wanted_digest": digest_of(key, field_of(item), final)}


def _refuse_rivals(connection: Connection, office: Office, item: Item) -> None:
    """Opposite wishes are decided together: with one accepted the others are refused."""
    for rival in corrections.rivals(connection, office.school, item):
        _close(connection, office, rival, Outcome.REFUSED, OTHER_CHOSEN, None)


def refuse(connection: Connection, office: Office, item: Item, reason: str, note: str | None) -> Decided:
    """Refuse an item with one of the fixed reasons, and words for the parent. Raises CorrectionError."""
    _close(connection, office, item, Outcome.REFUSED, reason, note)
    return Decided(item, "refused")


def withdraw(connection: Connection, office: Office, item: Item) -> Decided:
    """Withdraw an item on behalf of who asked for it. Raises CorrectionError."""
    _close(connection, office, item, Outcome.WITHDRAWN, "withdrawn", None)
    live_on(connection, office.school, item, office.now)
    return Decided(item, "withdrawn")


def _close(connection: Connection, office: Office, item: Item, outcome: Outcome, reason: str, note: str | None) -> None:
    decided: dict[str, Any] = {"decided_by": office.by.name, "decided_at": office.now, "note_parent": note}
    decided |= {"is_retraction_due": item.is_to_be_taken_back}
    _must(
        corrections.move(
            connection, office.school, item, closed(outcome), now=office.now, by=office.by, reason=reason, **decided
        )
    )


def retry(connection: Connection, office: Office, item: Item) -> Decided:
    """Take up again what could not be delivered, expired, went stale or drifted, or what the source lost.

    What the school shows now becomes the base: a person has just looked. Raises CorrectionError.
    """
    is_lost = item.state == State.IN_REVIEW.value and item.needed == (Need.LOST,)
    if not is_lost and (item.state in {one.value for one in OPEN} or item.place == CONFIRMED):
        raise CorrectionError(f"It is {item.place}.", fix="There is nothing to try again.")
    if item.place == closed(Outcome.MERGED) or IN_REVIEW not in ALLOWED_MOVES.get(item.place, ()):
        raise CorrectionError(f"It is {item.place}, for good.", fix="Who asked can submit a new correction.")
    if item.is_retraction_due:
        raise CorrectionError("The school has not heard yet that it was off.", fix="Try again after the next sync.")
    if item.new_text is None:
        raise CorrectionError("What was asked is not kept any more.", fix="Who asked can submit a new correction.")
    present = portal_value(connection, office.school, field_of(item), item.record_id)
    if present is None:
        raise CorrectionError("The person is not in the portal any more.", fix="Nothing can be changed for them here.")
    anew: dict[str, Any] = dict.fromkeys(
        "channel sending_at next_try_at error delivered_at confirmed_at closed_at decided_by decided_at "
        "final_text first_accepted_by note_parent".split()
    )
    anew |= {"round": item.round + (not is_lost), "attempts": 0, "needs": "", "is_retraction_due": False}
    anew |= {"base_text": None if item.is_secret else kept(present.value), "base_digest": None}
    _must(
        corrections.move(connection, office.school, item, IN_REVIEW, now=office.now, by=office.by, reason=AGAIN, **anew)
    )
    return Decided(item, "taken up again")


def _must(is_moved: bool) -> None:
    if not is_moved:
        raise CorrectionError("Somebody else moved it at the same moment.", fix="Look again and decide anew.")


def choose(items: Sequence[Item], number: int | None, correction: str) -> Sequence[Item]:
    """Give the item of this number, or all that may still move. Raises CorrectionError."""
    if number is None:
        return [item for item in items if item.state != State.CONFIRMED.value and item.place in ALLOWED_MOVES]
    found = [item for item in items if item.number == number]
    if not found:
        raise CorrectionError(
            f"Correction {correction} has no item {number}.",
            fix=f"It has {', '.join(str(item.number) for item in items)}.",
        )
    return found
