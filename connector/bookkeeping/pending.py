"""Keys that must still be removed or that the brake holds, and keys of parents that are hidden."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Select,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)

from connector.portal.bound import NOW, SCHOOL
from connector.portal.plan import HELD, MISSING, NEEDS_CHILD
from connector.portal.staging import ALONG, APPROVED, DOOMED, FROZEN, KEPT, NEW, STAGING
from connector.portal.survey import Drawn, Survey
from schemas.ids import RunId, SchoolId
from schemas.streams import Action, Outcome, Stream, children_of
from schemas.tables.bookkeeping import HiddenKeyRow, IdAliasRow, PendingKeyRow
from schemas.tables.catalogue import TABLES, table_of

_PENDING, _HIDDEN, _ALIASES = table_of(PendingKeyRow), table_of(HiddenKeyRow), table_of(IdAliasRow)
REMOVED = "removed"


class HeldKeys(NamedTuple):
    """What one run held of one stream and still waits."""

    stream: Stream
    action: Action
    keys: int
    reason: str
    expires_at: datetime


class Noted(NamedTuple):
    """What a plan does to one stream, and what was known of it before."""

    survey: Survey
    drawn: Drawn
    is_complete: bool
    has_gone: bool
    """Rows have just been withdrawn, of this stream or with it."""


def note_plan(
    connection: Connection,
    school: SchoolId,
    stream: Stream,
    run_id: RunId,
    noted: Noted,
    *,
    reason: str,
    now: datetime,
    days: int,
) -> None:
    """Drop what was seen again or has just been withdrawn, and write down what is to be removed and what is held."""
    if noted.has_gone and noted.survey.pending:
        forget_gone(connection, school)
    if stream in noted.survey.pending:
        _drop_seen(connection, school, stream)
        if noted.is_complete:
            _drop_unnamed_additions(connection, school, stream)
    due, held = noted.drawn.count(action=Action.REMOVE, holds=(None, APPROVED)), noted.drawn.count(holds=(NEW, ALONG))
    if not due and not held:
        return
    staging = STAGING[stream]
    columns = ["school_id", "stream", "id", "action", "run_id", "is_held", "reason", "created_at", "expires_at"]
    stamp = literal(now, _PENDING.c.created_at.type)
    base = (literal(school), literal(stream.value), staging.c.id, staging.c.action, literal(run_id))
    here = and_(_PENDING.c.school_id == school, _PENDING.c.stream == stream.value)
    unknown = not_(exists(select(literal(1)).where(here, _PENDING.c.id == staging.c.id)))
    if due:
        nothing = [literal(None, _PENDING.c[name].type) for name in ("reason", "expires_at")]
        is_free = or_(staging.c.hold.is_(None), staging.c.hold == APPROVED)
        rows = select(*base, false(), nothing[0], stamp, nothing[1])
        rows = rows.where(staging.c.action == Action.REMOVE.value, is_free)
        connection.execute(insert(_PENDING).from_select(columns, rows.where(unknown)))
    if held:
        expiry = literal(now + timedelta(days=days), _PENDING.c.expires_at.type)
        why = case((staging.c.hold == ALONG, ALONG), else_=reason)
        rows = select(*base, true(), why, stamp, expiry).where(staging.c.hold.in_([NEW, ALONG]))
        connection.execute(insert(_PENDING).from_select(columns, rows.where(unknown)))


def _drop_seen(connection: Connection, school: SchoolId, stream: Stream) -> None:
    staging = STAGING[stream]
    seen = exists(
        select(literal(1)).where(
            staging.c.id == _PENDING.c.id,
            or_(
                and_(
                    staging.c.outcome != MISSING,
                    or_(staging.c.hold.is_(None), staging.c.hold.not_in([KEPT, FROZEN])),
                ),
                and_(staging.c.outcome == MISSING, _PENDING.c.action != Action.REMOVE.value),
            ),
        )
    )
    connection.execute(delete(_PENDING).where(_PENDING.c.school_id == school, _PENDING.c.stream == stream.value, seen))


def _drop_unnamed_additions(connection: Connection, school: SchoolId, stream: Stream) -> None:
    """A held addition that a complete enumeration does not name any more has gone by itself."""
    staging = STAGING[stream]
    named = exists(select(literal(1)).where(staging.c.id == _PENDING.c.id))
    is_addition = _PENDING.c.action.in_([Action.ADD.value, Action.ALTER.value])
    connection.execute(
        delete(_PENDING).where(
            _PENDING.c.school_id == school, _PENDING.c.stream == stream.value, is_addition, not_(named)
        )
    )


def holds_removals(connection: Connection, school: SchoolId, stream: Stream) -> bool:
    """Tell whether disappearances of a stream wait for a person."""
    waiting = and_(
        _PENDING.c.school_id == school,
        _PENDING.c.stream == stream.value,
        _PENDING.c.action == Action.REMOVE.value,
        _PENDING.c.is_held == true(),
    )
    return connection.execute(select(exists(select(literal(1)).where(waiting)))).scalar_one() is True


def due_ids(school: SchoolId, stream: Stream) -> Select[Any]:
    """Give the query of ids whose removal is due."""
    return select(_PENDING.c.id).where(is_due(school), _PENDING.c.stream == stream.value)


def has_due(connection: Connection, school: SchoolId) -> bool:
    """Tell whether any removal is due, of this run or left by one that died."""
    return connection.execute(select(exists(select(literal(1)).where(is_due(school))))).scalar_one() is True


def is_due(school: SchoolId) -> ColumnElement[bool]:
    """Tell of a key whether its removal is due."""
    return and_(_PENDING.c.school_id == school, _PENDING.c.action == Action.REMOVE.value, _PENDING.c.is_held == false())


def forget_removed(connection: Connection, school: SchoolId, now: datetime) -> None:
    """After the doomed rows went: remember removed parents, forget the pending keys that are done."""
    for stream in Stream:
        if children_of(stream):
            hide(connection, school, stream, select(DOOMED.c.id).where(DOOMED.c.stream == stream.value), REMOVED, now)
    forget_gone(connection, school)
    connection.execute(delete(_PENDING).where(is_due(school)))


def forget_gone(connection: Connection, school: SchoolId) -> None:
    """Nothing is left to decide about a row that went, whatever took it along."""
    gone = exists(select(literal(1)).where(DOOMED.c.stream == _PENDING.c.stream, DOOMED.c.id == _PENDING.c.id))
    connection.execute(delete(_PENDING).where(_PENDING.c.school_id == school, gone))


def hide(
    connection: Connection, school: SchoolId, stream: Stream, ids: Select[Any], reason: str | None, now: datetime
) -> None:
    """Remember keys of a parent stream that the portal does not show; `reason` is text or a column of the query."""
    connection.execute(_hiding(stream, ids, reason), {"school": school, "now": now})


def _hiding(stream: Stream, ids: Select[Any], reason: str | None) -> Insert:
    wanted = ids.subquery()
    text = wanted.c.reason if reason is None else literal(reason)
    fresh = select(SCHOOL, literal(stream.value), wanted.c.id, text, NOW)
    known = exists(
        select(literal(1)).where(
            _HIDDEN.c.school_id == SCHOOL, _HIDDEN.c.stream == stream.value, _HIDDEN.c.id == wanted.c.id
        )
    )
    return insert(_HIDDEN).from_select(["school_id", "stream", "id", "reason", "since_at"], fresh.where(not_(known)))


def note_hidden(
    connection: Connection, school: SchoolId, stream: Stream, noted: Noted, now: datetime
) -> tuple[Stream, ...]:
    """Keep the hidden keys of a parent stream in step with the plan; give the streams that a parent's return asks for.

    A relation that brought a guardian back waits in quarantine; what else names that guardian stayed out with it.
    """
    if not children_of(stream):
        return ()
    values, drawn = {"school": school, "now": now}, noted.drawn
    returned = _reveal(connection, school, stream) if stream in noted.survey.hidden else ()
    if drawn.count(Outcome.WITHHELD.value) or drawn.count(Outcome.REJECTED.value):
        connection.execute(_hiding_withheld(stream), values)
    if drawn.count(action=Action.ADD, holds=(NEW, KEPT)):
        connection.execute(_hiding_held(stream), values)
    return returned


def _is_hidden(stream: Stream) -> ColumnElement[bool]:
    """Tell of a staged parent whether it is not to be seen, also because that could not be read."""
    staging = STAGING[stream]
    return or_(staging.c.outcome == Outcome.WITHHELD.value, staging.c.is_hiding == true())


@cache
def _hiding_withheld(stream: Stream) -> Insert:
    staging = STAGING[stream]
    withheld = select(staging.c.id, staging.c.code.label("reason")).where(_is_hidden(stream), staging.c.id.is_not(None))
    return _hiding(stream, withheld.distinct(), None)


@cache
def _hiding_held(stream: Stream) -> Insert:
    staging = STAGING[stream]
    is_held = and_(staging.c.action == Action.ADD.value, staging.c.hold.in_([NEW, KEPT]))
    return _hiding(stream, select(staging.c.id, literal(HELD).label("reason")).where(is_held), None)


def _reveal(connection: Connection, school: SchoolId, stream: Stream) -> tuple[Stream, ...]:
    """Forget the hidden keys that are shown now, or hidden for another reason; give the streams that ask for more."""
    staging = STAGING[stream]
    here = and_(_HIDDEN.c.school_id == school, _HIDDEN.c.stream == stream.value)
    free = or_(staging.c.hold.is_(None), staging.c.hold == APPROVED)
    shown = exists(
        select(literal(1)).where(staging.c.id == _HIDDEN.c.id, staging.c.outcome == Outcome.SHOWN.value, free)
    )
    has_child = connection.execute(delete(_HIDDEN).where(here, shown, _HIDDEN.c.reason == NEEDS_CHILD)).rowcount > 0
    came_back = connection.execute(delete(_HIDDEN).where(here, shown)).rowcount > 0
    moved = exists(select(literal(1)).where(staging.c.id == _HIDDEN.c.id, _is_hidden(stream)))
    connection.execute(delete(_HIDDEN).where(here, moved))
    if came_back or not has_child:
        return children_of(stream) if came_back else ()
    return tuple(child for child in children_of(stream) if child is not Stream.GUARDIANSHIPS)


def approve(connection: Connection, school: SchoolId, run_id: str, by: str, now: datetime) -> int:
    """Release what this run held and still stands; give the number of keys. Nothing else can join."""
    waiting = and_(
        _PENDING.c.school_id == school,
        _PENDING.c.run_id == run_id,
        _PENDING.c.is_held == true(),
        _PENDING.c.expires_at > now,
    )
    result = connection.execute(update(_PENDING).values(is_held=False, approved_at=now, approved_by=by).where(waiting))
    return int(result.rowcount)


def is_approved(school: SchoolId) -> ColumnElement[bool]:
    """Tell of a key whether a person approved it and a source must still hand it out."""
    return and_(
        _PENDING.c.school_id == school,
        _PENDING.c.approved_at.is_not(None),
        _PENDING.c.action != Action.REMOVE.value,
    )


def approved_keys(connection: Connection, school: SchoolId) -> Mapping[Stream, tuple[str, ...]]:
    """Give the approved additions and alterations that a source must still hand out, by every key they have there."""
    approved = is_approved(school)
    same = and_(
        _ALIASES.c.school_id == _PENDING.c.school_id,
        _ALIASES.c.stream == _PENDING.c.stream,
        _ALIASES.c.id == _PENDING.c.id,
    )
    own = select(_PENDING.c.stream, _PENDING.c.id).where(approved)
    known_as = select(_PENDING.c.stream, _ALIASES.c.source_key).join(_ALIASES, same).where(approved)
    rows = sorted(tuple(row) for row in connection.execute(own.union(known_as)))
    return {
        stream: tuple(row[1] for row in rows if row[0] == stream.value)
        for stream in Stream
        if any(row[0] == stream.value for row in rows)
    }


def held_by_run(connection: Connection, run_id: str) -> list[HeldKeys]:
    """Give what one run held and still waits for a person."""
    columns = (_PENDING.c.stream, _PENDING.c.action, _PENDING.c.reason, _PENDING.c.expires_at)
    rows = connection.execute(
        select(*columns, func.count())
        .where(_PENDING.c.run_id == run_id, _PENDING.c.is_held == true())
        .group_by(*columns)
    ).all()
    return [HeldKeys(Stream(row[0]), Action(row[1]), row[4], row[2] or "", row[3]) for row in rows]


def unreported(connection: Connection, school: SchoolId, run_id: RunId, runs: Select[tuple[str]]) -> int:
    """Count the keys that these runs held, this one aside, and that still wait."""
    count = select(func.count()).where(
        _PENDING.c.school_id == school,
        _PENDING.c.run_id.in_(runs),
        _PENDING.c.run_id != run_id,
        _PENDING.c.is_held == true(),
    )
    return connection.execute(count).scalar_one()


def expire(connection: Connection, school: SchoolId, now: datetime) -> set[Stream]:
    """Drop held keys whose time is over; give their streams, which must be looked at anew."""
    over = is_expired(school, now)
    streams = {Stream(name) for name in connection.execute(select(_PENDING.c.stream).where(over).distinct()).scalars()}
    if streams:
        connection.execute(delete(_PENDING).where(over))
    return streams


def is_expired(school: SchoolId, now: datetime) -> ColumnElement[bool]:
    """Tell of a held key whether it ran out."""
    return and_(_PENDING.c.school_id == school, _PENDING.c.is_held == true(), _PENDING.c.expires_at <= now)


def forget(connection: Connection, school: SchoolId, streams: set[Stream]) -> None:
    """Forget the pending and hidden keys of closed streams."""
    names = [stream.value for stream in streams]
    for table in (_PENDING, _HIDDEN):
        connection.execute(delete(table).where(table.c.school_id == school, table.c.stream.in_(names)))


def childless_guardians(school: SchoolId) -> Select[Any]:
    """Give the query of guardians none of whose children is in the portal."""
    guardians, relations = TABLES[Stream.GUARDIANS], TABLES[Stream.GUARDIANSHIPS]
    related = exists(
        select(literal(1)).where(relations.c.school_id == school, relations.c.guardian_id == guardians.c.id)
    )
    return select(guardians.c.id).where(guardians.c.school_id == school, not_(related))
