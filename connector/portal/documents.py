"""The documents of a school: one for each file that a row of the portal names, and none besides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Insert,
    Select,
    Update,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from connector.portal.bound import SCHOOL
from schemas.documents import Announced, State
from schemas.ids import RunId, SchoolId
from schemas.streams import Stream
from schemas.tables.catalogue import TABLES, table_of
from schemas.tables.documents import DocumentRow

STREAMS = tuple(stream for stream in Stream if "document_id" in TABLES[stream].c)
"""The streams whose rows may name a file."""

_DOCUMENTS = table_of(DocumentRow)
_KEY = (_DOCUMENTS.c.id, _DOCUMENTS.c.sha256)


class Due(NamedTuple):
    """A document to ask for. `reason` is why it was refused before, `location` where its file may lie already."""

    announced: Announced
    reason: str | None
    location: str | None


class Leaving(NamedTuple):
    """A document no row names any more. `is_shared` when another's file is the same one."""

    id: str
    sha256: str
    location: str
    is_shared: bool


def follow(connection: Connection, school: SchoolId, streams: Iterable[Stream]) -> None:
    """Bring the documents in step with the rows of the portal, after rows of these streams were written or deleted.

    What no row names goes at once; where its file lies in a store it stays as `leaving` until that is deleted.
    What a row names and is not there yet is wanted.
    """
    if not set(streams) & set(STREAMS):
        return
    for statement in _following():
        connection.execute(statement, {"school": school})


@cache
def _following() -> tuple[Delete | Update | Insert, ...]:
    c, here = _DOCUMENTS.c, _DOCUMENTS.c.school_id == SCHOOL
    is_named, is_leaving = or_(*(_is_named_by(stream) for stream in STREAMS)), c.state == State.LEAVING.value
    anew = {"state": State.WANTED.value, "reason": None, "asked_at": None, "ask_again_at": None}
    return (
        delete(_DOCUMENTS).where(here, not_(is_named), c.location.is_(None)),
        update(_DOCUMENTS).values(state=State.LEAVING.value).where(here, not_(is_leaving), not_(is_named)),
        update(_DOCUMENTS).values(**anew).where(here, is_leaving, is_named),
        *(_want(stream) for stream in STREAMS),
    )


def _is_named_by(stream: Stream) -> ColumnElement[bool]:
    c, key = TABLES[stream].c, _DOCUMENTS.c
    row = (c.school_id == key.school_id, c.document_id == key.id, c.document_sha256 == key.sha256)
    return exists(select(literal(1)).where(*row))


def _want(stream: Stream) -> Insert:
    """Add what rows of this stream name and is not there yet."""
    c, key = TABLES[stream].c, _DOCUMENTS.c
    same = (key.school_id == SCHOOL, key.id == c.document_id, key.sha256 == c.document_sha256)
    facts = (func.min(c.document_type), func.min(c.document_size))
    new = select(SCHOOL, c.document_id, c.document_sha256, *facts, literal(State.WANTED.value))
    new = new.where(c.school_id == SCHOOL, c.document_id.is_not(None), not_(exists(select(literal(1)).where(*same))))
    columns = ["school_id", "id", "sha256", "content_type", "size", "state"]
    return insert(_DOCUMENTS).from_select(columns, new.group_by(c.document_id, c.document_sha256))


def due(connection: Connection, school: SchoolId, now: datetime, *, is_full: bool = False, limit: int) -> list[Due]:
    """Give documents to ask for that were not asked for at `now` already, those longest ago first.

    `is_full` asks again for everything that was refused.
    """
    c = _DOCUMENTS.c
    unasked = or_(c.asked_at.is_(None), c.asked_at != now)
    query = select(*_KEY, c.content_type, c.size, c.reason, c.location).where(is_due(school, now, is_full=is_full))
    query = query.where(unasked).order_by(c.asked_at.is_not(None), c.asked_at, *_KEY).limit(limit)
    return [Due(Announced(*row[:4]), row[4], row[5]) for row in connection.execute(query)]


def is_due(school: SchoolId, now: datetime, *, is_full: bool = False) -> ColumnElement[bool]:
    """Tell of a document whether it is to be asked for."""
    c = _DOCUMENTS.c
    refused = c.state == State.REFUSED.value
    return and_(
        c.school_id == school,
        c.state.in_([State.WANTED.value, State.REFUSED.value]),
        or_(c.state == State.WANTED.value, refused if is_full else and_(refused, c.ask_again_at <= now)),
    )


def note_asked(
    connection: Connection, school: SchoolId, document: Announced, now: datetime, again_at: datetime
) -> None:
    """Write down that the source gave no answer: the document goes to the end of the row."""
    here = _one(school, document)
    connection.execute(update(_DOCUMENTS).values(asked_at=now).where(here))
    is_refused = _DOCUMENTS.c.state == State.REFUSED.value
    connection.execute(update(_DOCUMENTS).values(ask_again_at=again_at).where(here, is_refused))


def reserve(connection: Connection, school: SchoolId, document: Announced, location: str | None) -> str | None:
    """Write down where a file is about to be written, so that it is found whatever happens next.

    Gives the place that was noted before, unless another document's file is there.
    """
    c = _DOCUMENTS.c
    noted = connection.execute(select(c.location).where(_one(school, document))).scalar()
    connection.execute(update(_DOCUMENTS).values(location=location).where(_one(school, document)))
    is_shared = select(c.id).where(c.school_id == school, c.location == noted).limit(1)
    return None if noted is None or connection.execute(is_shared).first() is not None else str(noted)


def store(
    connection: Connection, school: SchoolId, document: Announced, content: bytes, run_id: RunId, now: datetime
) -> None:
    """Keep a document: its bytes, unless a place in a store is noted where they lie; and its true size."""
    c = _DOCUMENTS.c
    settled = {"state": State.STORED.value, "reason": None, "ask_again_at": None, "asked_at": now, "run_id": run_id}
    here = _one(school, document)
    connection.execute(update(_DOCUMENTS).values(**settled, size=len(content)).where(here))
    connection.execute(update(_DOCUMENTS).values(content=content).where(here, c.location.is_(None)))


def refuse(
    connection: Connection,
    school: SchoolId,
    document: Announced,
    reason: str,
    run_id: RunId,
    now: datetime,
    again_at: datetime | None,
) -> bool:
    """Write down why a document cannot be had, and when to ask again; tell whether that is new."""
    c, here = _DOCUMENTS.c, _one(school, document)
    values = {"state": State.REFUSED.value, "reason": reason, "asked_at": now, "ask_again_at": again_at}
    is_new = or_(c.reason.is_(None), c.reason != reason)
    fresh = connection.execute(update(_DOCUMENTS).values(**values, run_id=run_id).where(here, is_new))
    if fresh.rowcount == 1:
        return True
    connection.execute(update(_DOCUMENTS).values(**values).where(here))
    return False


def _one(school: SchoolId, document: Announced) -> ColumnElement[bool]:
    c = _DOCUMENTS.c
    return and_(c.school_id == school, c.id == document.id, c.sha256 == document.sha256)


def has_leaving(connection: Connection, school: SchoolId) -> bool:
    """Tell whether files in a store are still to be deleted."""
    return connection.execute(select(_DOCUMENTS.c.id).where(is_leaving(school)).limit(1)).first() is not None


def leaving(connection: Connection, school: SchoolId, limit: int) -> list[Leaving]:
    """Give documents whose files are to be deleted."""
    c = _DOCUMENTS.c
    rows = connection.execute(select(*_KEY, c.location).where(is_leaving(school)).order_by(*_KEY).limit(limit)).all()
    others = select(c.location).where(
        c.school_id == school, c.state != State.LEAVING.value, c.location.in_([row[2] for row in rows])
    )
    shared = set(connection.execute(others).scalars())
    return [Leaving(*row, is_shared=row[2] in shared) for row in rows]


def is_leaving(school: SchoolId) -> ColumnElement[bool]:
    """Tell of a document whether its file is to be deleted."""
    return and_(_DOCUMENTS.c.school_id == school, _DOCUMENTS.c.state == State.LEAVING.value)


def forget(connection: Connection, school: SchoolId, gone: Sequence[Leaving]) -> None:
    """Forget documents whose files are deleted."""
    for one in gone:
        c = _DOCUMENTS.c
        here = and_(is_leaving(school), c.id == one.id, c.sha256 == one.sha256)
        connection.execute(delete(_DOCUMENTS).where(here))


def unreported(connection: Connection, school: SchoolId, run_id: RunId, runs: Select[tuple[str]]) -> int:
    """Count the documents that these runs, this one aside, refused for a reason that was new."""
    c = _DOCUMENTS.c
    count = select(func.count()).where(
        c.school_id == school, c.state == State.REFUSED.value, c.run_id.in_(runs), c.run_id != run_id
    )
    return connection.execute(count).scalar_one()


def totals(connection: Connection, school: SchoolId) -> Mapping[str, int]:
    """Count the documents by state."""
    c = _DOCUMENTS.c
    rows = connection.execute(select(c.state, func.count()).where(c.school_id == school).group_by(c.state))
    return {row[0]: row[1] for row in rows}


def refused(
    connection: Connection, school: SchoolId | None = None, run_id: str | None = None
) -> list[Mapping[str, Any]]:
    """Give the documents that cannot be had, by key and never by name: of a school, of a run, or all."""
    c = _DOCUMENTS.c
    query = select(c.school_id, *_KEY, c.content_type, c.size, c.reason, c.asked_at, c.ask_again_at, c.run_id)
    query = query.where(c.state == State.REFUSED.value).order_by(c.school_id, c.reason, *_KEY)
    if school is not None:
        query = query.where(c.school_id == school)
    if run_id is not None:
        query = query.where(c.run_id == run_id)
    return [dict(row) for row in connection.execute(query).mappings()]
