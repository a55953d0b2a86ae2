"""Corrections in their tables: every change is one conditional update of named columns and one line of history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, func, insert, or_, select, update
from sqlmodel.sql.sqltypes import UTCDateTime

from connector.portal.bound import SCHOOL
from connector.portal.upsert import insert_missing
from schemas.corrections import (
    ALLOWED_MOVES,
    CONNECTOR,
    OPEN,
    Actor,
    Item,
    Moved,
    Outcome,
    Place,
    State,
)
from schemas.errors import CorrectionError
from schemas.ids import SchoolId
from schemas.streams import Stream
from schemas.tables.catalogue import table_of
from schemas.tables.corrections import (
    CorrectionEvidenceRow,
    CorrectionItemRow,
    CorrectionMoveRow,
    CorrectionRow,
)

_HEADS, _ITEMS = table_of(CorrectionRow), table_of(CorrectionItemRow)
_EVIDENCE, _MOVES = table_of(CorrectionEvidenceRow), table_of(CorrectionMoveRow)
_OF_HEAD = {"correction": _ITEMS.c.correction_id, "requester": _HEADS.c.requester_id}
_COLUMNS = tuple(
    (_OF_HEAD[name] if name in _OF_HEAD else _HEADS.c[name] if name in _HEADS.c else _ITEMS.c[name]).label(name)
    for name in Item._fields
)
_SECRETS = ("base_value", "new_value", "base_text", "new_text", "final_text")
ADDRESS = "address"
PURGED_AT_A_TIME = 200


def _query(school: SchoolId, *conditions: ColumnElement[bool]) -> Select[Any]:
    on = and_(_HEADS.c.school_id == _ITEMS.c.school_id, _HEADS.c.id == _ITEMS.c.correction_id)
    query = select(*_COLUMNS).join_from(_ITEMS, _HEADS, on).where(_ITEMS.c.school_id == school, *conditions)
    return query.order_by(_HEADS.c.submitted_at, _ITEMS.c.correction_id, _ITEMS.c.number)


def _items(connection: Connection, school: SchoolId, *conditions: ColumnElement[bool]) -> list[Item]:
    return [Item(*row) for row in connection.execute(_query(school, *conditions))]


def in_states(connection: Connection, school: SchoolId, states: Iterable[State] = OPEN) -> list[Item]:
    """Give the items in these states, oldest first."""
    return _items(connection, school, _ITEMS.c.state.in_([state.value for state in states]))


def of_correction(connection: Connection, school: SchoolId, correction: str) -> list[Item]:
    """Give the items of one correction."""
    return _items(connection, school, _ITEMS.c.correction_id == correction)


def everything(connection: Connection, school: SchoolId) -> list[Item]:
    """Give every item that is kept."""
    return _items(connection, school)


def watched(connection: Connection, school: SchoolId, since: datetime) -> list[Item]:
    """Give the items confirmed since: their value may still drift away."""
    return _items(connection, school, _ITEMS.c.state == State.CONFIRMED.value, _ITEMS.c.confirmed_at >= since)


def with_address(connection: Connection, school: SchoolId) -> list[Item]:
    """Give the taken-in items that hold an address in the clear that was not secret when it was asked for."""
    holds = or_(*(_ITEMS.c[name].is_not(None) for name in _SECRETS))
    taken_in = _ITEMS.c.state != State.SUBMITTED.value
    of_person = _ITEMS.c.stream.in_([Stream.PUPILS.value, Stream.GUARDIANS.value])
    return _items(connection, school, _ITEMS.c.field == ADDRESS, of_person, ~_ITEMS.c.is_secret, taken_in, holds)


def at_school_or_confirmed(connection: Connection, school: SchoolId, since: datetime) -> list[Item]:
    """Give the items whose value the school may show any moment, and those confirmed since, with one look.

    One whose delivery was begun and never answered may be there as well.
    """
    looked_at = (State.IN_REVIEW, State.DELIVERED, State.AWAITING, State.CONFIRMED)
    is_begun = or_(_ITEMS.c.state != State.IN_REVIEW.value, _ITEMS.c.sending_at.is_not(None))
    is_recent = or_(_ITEMS.c.state != State.CONFIRMED.value, _ITEMS.c.confirmed_at >= since)
    # Written as a list of states, so that SQLite looks into the index for each instead of at the school's every item.
    return _items(connection, school, _ITEMS.c.state.in_([one.value for one in looked_at]), is_begun, is_recent)


def merged_secrets(connection: Connection, school: SchoolId) -> list[Item]:
    """Give the merged items whose secret is still kept."""
    is_merged = _ITEMS.c.outcome == Outcome.MERGED.value
    return _items(connection, school, is_merged, _ITEMS.c.is_secret, _ITEMS.c.new_text.is_not(None))


def blank(connection: Connection, school: SchoolId, item: Item) -> None:
    """Keep no value of an item."""
    nothing: dict[str, Any] = dict.fromkeys(_SECRETS)
    note(connection, school, item, **nothing)


def to_withdraw(connection: Connection, school: SchoolId) -> list[Item]:
    """Give the open, taken-in items of which who asked has changed their mind."""
    open_states = [state.value for state in OPEN if state is not State.SUBMITTED]
    return _items(connection, school, _ITEMS.c.state.in_(open_states), _ITEMS.c.withdraw_asked_at.is_not(None))


def to_retract(connection: Connection, school: SchoolId) -> list[Item]:
    """Give the closed items of which the school still has to hear that they are off."""
    return _items(connection, school, _ITEMS.c.is_retraction_due)


def rivals(connection: Connection, school: SchoolId, item: Item) -> list[Item]:
    """Give the other open, taken-in items for the same field of the same person."""
    open_states = {state.value for state in OPEN if state is not State.SUBMITTED}
    return [one for one in of_field(connection, school, item) if one.state in open_states]


def of_field(connection: Connection, school: SchoolId, item: Item) -> list[Item]:
    """Give every other item for the same field of the same person."""
    return _items(
        connection,
        school,
        _ITEMS.c.stream == item.stream,
        _ITEMS.c.record_id == item.record_id,
        _ITEMS.c.field == item.field,
        or_(_ITEMS.c.correction_id != item.correction, _ITEMS.c.number != item.number),
    )


def has_work(connection: Connection, school: SchoolId, watch_since: datetime, purge_before: datetime) -> bool:
    """Tell whether anything is open, watched, to be taken back or old enough to be purged."""
    bound = {"school": school, "watch_since": watch_since, "purge_before": purge_before}
    return connection.execute(_WORK, bound).first() is not None


def _this(school: SchoolId, item: Item) -> tuple[ColumnElement[bool], ...]:
    return (
        _ITEMS.c.school_id == school,
        _ITEMS.c.correction_id == item.correction,
        _ITEMS.c.number == item.number,
        _ITEMS.c.state == item.state,
        _ITEMS.c.outcome.is_(None) if item.outcome is None else _ITEMS.c.outcome == item.outcome,
        _ITEMS.c.round == item.round,
    )


def move(
    connection: Connection,
    school: SchoolId,
    item: Item,
    to: Place,
    *,
    now: datetime,
    by: Actor = CONNECTOR,
    reason: str = "",
    **columns: Any,
) -> bool:
    """Move an item if it is still where it was thought to be; False when somebody else moved it first.

    `columns` are set in the same update. Raises CorrectionError for a move that there is not.
    """
    if to not in ALLOWED_MOVES.get(item.place, ()):
        raise CorrectionError(
            f"A correction that is {item.place} cannot become {to}.",
            fix="See what it is with `connector corrections show`.",
        )
    values = {"state": to.state.value, "outcome": None if to.outcome is None else to.outcome.value, **columns}
    values.setdefault("reason", reason or None)
    if to.state is State.CLOSED:
        values["closed_at"] = now
    if columns.get("is_secret", item.is_secret) and _is_end(to):
        values |= dict.fromkeys(_SECRETS)
    done = connection.execute(update(_ITEMS).where(*_this(school, item)).values(**values))
    if done.rowcount != 1:
        return False
    _write_down(connection, school, item, to, now, by, reason)
    return True


def _is_end(place: Place) -> bool:
    """Tell whether a value is needed no more: it arrived, or its item cannot be taken up again."""
    return place.state is State.CONFIRMED or (place.state is State.CLOSED and place not in ALLOWED_MOVES)


def begin(connection: Connection, school: SchoolId, item: Item, now: datetime, by: Actor) -> None:
    """Write down that a life began."""
    _write_down(connection, school, item, item.place, now, by, "")


def _write_down(
    connection: Connection, school: SchoolId, item: Item, to: Place, now: datetime, by: Actor, reason: str
) -> None:
    line = {
        "school_id": school,
        "correction_id": item.correction,
        "number": item.number,
        "moved_at": now,
        "from_place": str(item.place),
        "to_place": str(to),
        "actor": by.name,
        "role": by.role.value,
        "reason": reason,
    }
    connection.execute(insert(_MOVES), [line])


def note(
    connection: Connection,
    school: SchoolId,
    item: Item,
    *,
    is_unsent: bool = False,
    **columns: Any,
) -> bool:
    """Set columns of an item that stays where it is; `is_unsent`: only while no attempt is under way."""
    here = [*_this(school, item), *([_ITEMS.c.sending_at.is_(None)] if is_unsent else [])]
    return connection.execute(update(_ITEMS).where(*here).values(**columns)).rowcount == 1


def clear_retraction(connection: Connection, school: SchoolId, item: Item) -> None:
    """The school knows that this one is off."""
    note(connection, school, item, is_retraction_due=False)


def submit(connection: Connection, head: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> bool:
    """Put a submission in; False when one of that id is there already."""
    if not insert_missing(connection, _HEADS, dict(head)):
        return False
    for item in items:
        insert_missing(connection, _ITEMS, dict(item))
    return True


def add_item(connection: Connection, school: SchoolId, like: Item, stream: str, record_id: str) -> None:
    """Ask the same of another person, in the same correction."""
    last = select(func.max(_ITEMS.c.number)).where(
        _ITEMS.c.school_id == school, _ITEMS.c.correction_id == like.correction
    )
    asked = {name: getattr(like, name) for name in ("field", "operation", "base_value", "base_seen_at", "new_value")}
    key = {"school_id": school, "correction_id": like.correction}
    number = connection.execute(last).scalar_one() + 1
    connection.execute(insert(_ITEMS), [{**key, "number": number, "stream": stream, "record_id": record_id, **asked}])


def add_evidence(connection: Connection, values: Mapping[str, Any]) -> None:
    """Keep a document that came along."""
    insert_missing(connection, _EVIDENCE, dict(values))


def evidence(connection: Connection, school: SchoolId, correction: str) -> list[Mapping[str, Any]]:
    """Give name, content type and content of the documents that came along."""
    query = select(_EVIDENCE.c.number, _EVIDENCE.c.file_name, _EVIDENCE.c.content_type, _EVIDENCE.c.content)
    here = (_EVIDENCE.c.school_id == school, _EVIDENCE.c.correction_id == correction)
    return [dict(row) for row in connection.execute(query.where(*here).order_by(_EVIDENCE.c.number)).mappings()]


def history(connection: Connection, school: SchoolId, correction: str) -> Mapping[int, list[Moved]]:
    """Give every move of every item of a correction, oldest first."""
    query = select(_MOVES.c.number, *(_MOVES.c[name] for name in Moved._fields))
    here = (_MOVES.c.school_id == school, _MOVES.c.correction_id == correction)
    found: dict[int, list[Moved]] = {}
    for number, *line in connection.execute(query.where(*here).order_by(_MOVES.c.id)):
        found.setdefault(number, []).append(Moved(*line))
    return found


def known(connection: Connection, school: SchoolId, beginning: str) -> list[str]:
    """Give the corrections whose id begins like this."""
    query = select(_HEADS.c.id).where(
        _HEADS.c.school_id == school, func.substr(_HEADS.c.id, 1, len(beginning)) == beginning
    )
    return list(connection.execute(query.order_by(_HEADS.c.id).limit(5)).scalars())


def ids(connection: Connection, school: SchoolId) -> list[str]:
    """Give the ids of every correction of a school."""
    return list(connection.execute(select(_HEADS.c.id).where(_HEADS.c.school_id == school)).scalars())


def _ended_before(moment: datetime) -> ColumnElement[bool]:
    return or_(
        and_(_ITEMS.c.state == State.CLOSED.value, _ITEMS.c.closed_at < moment),
        and_(_ITEMS.c.state == State.CONFIRMED.value, _ITEMS.c.confirmed_at < moment),
    )


_WATCH_SINCE: Any = bindparam("watch_since", type_=UTCDateTime())
_PURGE_BEFORE: Any = bindparam("purge_before", type_=UTCDateTime())
_IS_WORK = or_(
    _ITEMS.c.state.in_([state.value for state in OPEN]),
    _ITEMS.c.is_retraction_due,
    and_(_ITEMS.c.state == State.CONFIRMED.value, _ITEMS.c.confirmed_at >= _WATCH_SINCE),
    _ended_before(_PURGE_BEFORE),
)
_WORK = select(_ITEMS.c.number).where(_ITEMS.c.school_id == SCHOOL, _IS_WORK).limit(1)


def _ended(school: SchoolId, before: datetime) -> Select[Any]:
    """Give the corrections all of whose items ended before."""
    alive = select(_ITEMS.c.correction_id).where(_ITEMS.c.school_id == school, ~_ended_before(before))
    return select(_HEADS.c.id).where(_HEADS.c.school_id == school, _HEADS.c.id.not_in(alive))


def purge_evidence(connection: Connection, school: SchoolId, before: datetime) -> int:
    """Delete the evidence of corrections that ended before."""
    gone = _EVIDENCE.c.correction_id.in_(_ended(school, before))
    return connection.execute(delete(_EVIDENCE).where(_EVIDENCE.c.school_id == school, gone)).rowcount


def purge(connection: Connection, school: SchoolId, before: datetime) -> int:
    """Delete corrections that ended before, evidence first, with their history; give their number."""
    found: Collection[str] = list(connection.execute(_ended(school, before).limit(PURGED_AT_A_TIME)).scalars())
    if found:
        for table in (_EVIDENCE, _MOVES, _ITEMS):
            connection.execute(delete(table).where(table.c.school_id == school, table.c.correction_id.in_(found)))
        connection.execute(delete(_HEADS).where(_HEADS.c.school_id == school, _HEADS.c.id.in_(found)))
    return len(found)
