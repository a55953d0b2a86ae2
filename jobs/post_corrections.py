"""Post: send the school a letter with what was taken in, where its system takes no change requests.

All items of a correction that are ready travel in one letter. A letter whose fate is not known is sent again under the
same Message-ID and reference, and says so: whatever the school does with it twice has one effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy import Connection

from connector.bookkeeping import corrections
from connector.portal import persons
from jobs.correction_desk import Desk, field_of
from jobs.parts import MailPlan
from jobs.push_corrections import FAILURES_IN_A_ROW, key, ready, request_of, wait_after
from mappings.reviews import letter, message_name, withdrawal
from schemas.corrections import DELIVERED, Channel, Item, Motive, Outcome, State, closed
from schemas.errors import ConfigurationError, CorrectionRefused, OutcomeUnknown, TransientError
from schemas.reviews import Review, ReviewLine
from schemas.streams import Stream

_log = structlog.get_logger("connector")
MAILED, BY_HAND = "mailed", "by_hand"


def post(desk: Desk, mail: MailPlan) -> int:
    """Send every letter that is due; give how many were taken. Raises StopRequested."""
    with desk.write() as connection:
        due = _due(desk, connection)
    taken = failed = 0
    for items in due:
        if failed >= FAILURES_IN_A_ROW:
            break
        try:
            is_taken = _post_one(desk, mail, items)
        except ConfigurationError as error:
            _log.error("corrections_postponed", error_type=type(error).__name__, reason=str(error))
            break
        taken, failed = taken + is_taken, 0 if is_taken else failed + 1
    return taken


def _due(desk: Desk, connection: Connection) -> list[list[Item]]:
    """Give the letters: those without an answer once more as they were, then what became ready, by correction."""
    now = desk.now
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in corrections.in_states(connection, desk.school, (State.IN_REVIEW,)):
        if item.sending_at is not None and (item.next_try_at is None or item.next_try_at <= now):
            groups.setdefault((item.correction, item.sending_at.isoformat()), []).append(item)
    for item in ready(desk, connection):
        groups.setdefault((item.correction, ""), []).append(item)
    return list(groups.values())


def _post_one(desk: Desk, mail: MailPlan, items: Sequence[Item]) -> bool:
    is_repeat = items[0].sending_at is not None
    with desk.write() as connection:
        sending = items if is_repeat else _claimed(desk, connection, items)
        if not sending:
            return True
        text = letter(_review(desk, connection, mail, sending, is_repeat=is_repeat))
    message_id = mail.mailer.message_id(_name(desk, sending))
    try:
        mail.mailer.send(text, mail.to, message_id=message_id, now=desk.now)
    except CorrectionRefused as refusal:
        _settle(desk, sending, refusal.code)
        return True
    except OutcomeUnknown as error:
        _wait(desk, sending, error, is_unknown=True)
        return False
    except (TransientError, ConfigurationError) as error:
        _wait(desk, sending, error, is_unknown=is_repeat)
        if isinstance(error, ConfigurationError):
            raise
        return False
    _settle(desk, sending, None)
    return True


def _claimed(desk: Desk, connection: Connection, items: Sequence[Item]) -> list[Item]:
    """Write down that these are being sent now, before they are."""
    now = desk.now
    found = []
    for item in items:
        sending = item._replace(sending_at=now, attempts=item.attempts + 1)
        columns: dict[str, Any] = {"sending_at": now, "attempts": sending.attempts}
        if corrections.note(connection, desk.school, item, is_unsent=True, **columns):
            found.append(sending)
    return found


def _settle(desk: Desk, items: Iterable[Item], refused: str | None) -> None:
    with desk.write() as connection:
        for item in items:
            now = desk.now
            columns: dict[str, Any] = {"channel": Channel.MAIL.value, "sending_at": None, "error": refused}
            if refused is None:
                corrections.move(
                    connection, desk.school, item, DELIVERED, now=now, reason=MAILED, delivered_at=now, **columns
                )
            else:
                to = closed(Outcome.UNDELIVERABLE)
                corrections.move(connection, desk.school, item, to, now=now, reason=refused, **columns)
    if refused is not None:
        _log.warning("correction_refused", reason=refused)


def _wait(desk: Desk, items: Sequence[Item], error: Exception, *, is_unknown: bool) -> None:
    with desk.write() as connection:
        for item in items:
            columns: dict[str, Any] = {
                "error": type(error).__name__,
                "next_try_at": desk.now + wait_after(item.attempts),
            }
            columns |= {} if is_unknown else {"sending_at": None}
            corrections.note(connection, desk.school, item, **columns)
    _log.warning("correction_not_delivered", error_type=type(error).__name__, attempt=items[0].attempts)


def _name(desk: Desk, items: Sequence[Item], *, is_withdrawal: bool = False) -> str:
    """Give the letter's name: the same at every attempt, another for other items of the same correction."""
    which = sha256(" ".join(sorted(key(desk, item) for item in items)).encode()).hexdigest()[:12]
    return message_name(desk.school, f"{items[0].correction}.{which}", is_withdrawal=is_withdrawal)


def _review(desk: Desk, connection: Connection, mail: MailPlan, items: Sequence[Item], *, is_repeat: bool) -> Review:
    first = items[0]
    who = persons.names(connection, desk.school, Stream.GUARDIANS, [first.requester])
    return Review(
        desk.school,
        desk.parts.school.name,
        first.correction,
        who.get(first.requester, first.requester),
        Motive(first.motive),
        first.effective_on,
        first.submitted_at,
        tuple(_line(desk, connection, item) for item in items),
        is_repeat,
        mail.language,
    )


def _line(desk: Desk, connection: Connection, item: Item) -> ReviewLine:
    request, field = request_of(desk, connection, item), field_of(item)
    called = persons.names(connection, desk.school, field.stream, [item.record_id])
    return ReviewLine(
        item.number,
        request.key,
        request.record,
        called.get(item.record_id, item.record_id),
        field,
        request.operation,
        request.old,
        request.new,
        request.is_old_known,
        None,
        request.is_for_all_at_address,
        tuple(sorted({one.correction for one in corrections.rivals(connection, desk.school, item)})),
    )


def take_back(desk: Desk, mail: MailPlan) -> None:
    """Tell the school by letter what is off. Raises TransientError; a refused letter is not tried again."""
    with desk.session.read() as connection:
        due = corrections.to_retract(connection, desk.school)
    items = [one for one in due if one.channel in {Channel.MAIL.value, None}]  # None: it may have been taken
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.correction, []).append(item)
    for correction, some in groups.items():
        numbers = ", ".join(str(item.number) for item in some)
        text = withdrawal(f"{correction} ({numbers})", mail.language)
        message_id = mail.mailer.message_id(_name(desk, some, is_withdrawal=True))
        try:
            mail.mailer.send(text, mail.to, message_id=message_id, now=desk.now)
        except CorrectionRefused as refusal:
            _log.warning("correction_refused", reason=refusal.code)
        except OutcomeUnknown:
            continue
        with desk.write() as connection:
            for item in some:
                corrections.clear_retraction(connection, desk.school, item)


def hand_in(desk: Desk) -> None:
    """Where a school works from our commands alone, what is ready lies before it at once."""
    with desk.write() as connection:
        for item in ready(desk, connection):
            now = desk.now
            columns: dict[str, Any] = {"channel": Channel.MANUAL.value, "delivered_at": now}
            corrections.move(connection, desk.school, item, DELIVERED, now=now, reason=BY_HAND, **columns)
