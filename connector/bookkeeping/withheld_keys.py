"""Which records a gate kept back, by a keyed hash: when one shows after all, the brake takes it for an old one.

A gate's records are nothing of the portal, so their keys are not kept for it. The secret of the hashes is the school's
own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, not_, or_, select, true, update

from connector.bookkeeping import invitations
from connector.portal.bound import SCHOOL
from connector.portal.staging import APPROVED, STAGING
from connector.portal.survey import Drawn
from schemas.brake import MEASURES
from schemas.ids import SchoolId
from schemas.streams import Action, Outcome, Stream
from schemas.tables.bookkeeping import WithheldKeyRow
from schemas.tables.catalogue import table_of

_WITHHELD = table_of(WithheldKeyRow)
_STREAM: Any = bindparam("stream")
# What has a digest was withdrawn because it could not be read: no gate's matter.
_OURS = (_WITHHELD.c.school_id == SCHOOL, _WITHHELD.c.stream == _STREAM, _WITHHELD.c.row_digest.is_(None))
_KNOWN = select(_WITHHELD.c.key_hash).where(*_OURS)
_HASH_BYTES = 16


def hash_of(secret: bytes, stream: Stream, key: str) -> str:
    """Give the keyed hash of a record's key; equal keys of two streams have two hashes."""
    told = f"{stream.value}\0{key}".encode(errors="surrogatepass")
    return blake2b(told, key=secret, digest_size=_HASH_BYTES, person=b"withheld keys").hexdigest()


def mark_old(connection: Connection, school: SchoolId, stream: Stream) -> None:
    """Mark the staged rows that are to be added and that a gate kept back before: they are old, whatever their day."""
    if not _has_days(stream):
        return
    known = _known(connection, school, stream)
    if not known:
        return
    staging, secret = STAGING[stream], invitations.key_of(connection, school)
    comes = (staging.c.action == Action.ADD.value, staging.c.hold.is_(None), staging.c.is_old.is_not(true()))
    found = [
        {"key": key}
        for key in connection.execute(select(staging.c.id).where(*comes)).scalars()
        if hash_of(secret, stream, key) in known
    ]
    if found:
        mark = update(staging).values(is_old=True).where(staging.c.id == bindparam("key"))
        connection.execute(mark, found)


def note_plan(
    connection: Connection,
    school: SchoolId,
    stream: Stream,
    drawn: Drawn,
    gates: Collection[str],
    *,
    is_complete: bool,
    now: datetime,
) -> None:
    """Remember what these gates keep back, and forget what is shown or gone; what is known already is not written.

    `is_complete`: what the whole school's enumeration does not name is gone.
    """
    if not _has_days(stream):
        return
    keeps = any(gate in gates for gate in drawn.gates)
    frees = drawn.count(action=Action.ADD, holds=(None, APPROVED)) or drawn.count(Outcome.DELETED.value)
    if not (keeps or frees or is_complete):
        return
    known = _known(connection, school, stream)
    if not (keeps or known):
        return
    secret = invitations.keep_key(connection, school)
    wanted = _hashes(connection, secret, stream, _kept_back(stream, gates)) if keeps else set()
    freed = known - wanted if is_complete else _hashes(connection, secret, stream, _freed(stream)) & known
    if is_complete:  # what the brake holds was kept back, and is not shown yet
        freed -= _hashes(connection, secret, stream, _held(stream))
    _write(connection, school, stream, wanted - known, freed - wanted, now)


def _has_days(stream: Stream) -> bool:
    """Tell whether a record of the stream can be anything but old."""
    return MEASURES[stream].day is not None or MEASURES[stream].is_of_year


def _known(connection: Connection, school: SchoolId, stream: Stream) -> set[str]:
    return set(connection.execute(_KNOWN, {"school": school, "stream": stream.value}).scalars())


def _hashes(connection: Connection, secret: bytes, stream: Stream, ids: Select[Any]) -> set[str]:
    return {hash_of(secret, stream, key) for key in connection.execute(ids).scalars()}


def _kept_back(stream: Stream, gates: Collection[str]) -> Select[Any]:
    staging = STAGING[stream]
    by_gate = (staging.c.outcome == Outcome.WITHHELD.value, staging.c.code.in_(sorted(gates)))
    return select(staging.c.id).where(*by_gate, staging.c.id.is_not(None))


def _freed(stream: Stream) -> Select[Any]:
    """Give the keys that are shown from now on, or that the source says are gone."""
    staging = STAGING[stream]
    is_free = or_(staging.c.hold.is_(None), staging.c.hold == APPROVED)
    is_shown = (staging.c.action == Action.ADD.value) & is_free
    return select(staging.c.id).where(or_(is_shown, staging.c.outcome == Outcome.DELETED.value))


def _held(stream: Stream) -> Select[Any]:
    staging = STAGING[stream]
    is_free = or_(staging.c.hold.is_(None), staging.c.hold == APPROVED)
    return select(staging.c.id).where(staging.c.action == Action.ADD.value, not_(is_free))


def _write(
    connection: Connection, school: SchoolId, stream: Stream, fresh: Iterable[str], freed: Iterable[str], now: datetime
) -> None:
    here = {"school_id": school, "stream": stream.value}
    if rows := [{**here, "key_hash": one, "row_digest": None, "noted_at": now} for one in sorted(fresh)]:
        connection.execute(insert(_WITHHELD), rows)
    if gone := [{"school": school, "stream": stream.value, "key": one} for one in sorted(freed)]:
        connection.execute(delete(_WITHHELD).where(*_OURS, _WITHHELD.c.key_hash == bindparam("key")), gone)


def forget(connection: Connection, school: SchoolId, streams: Collection[Stream]) -> None:
    """Forget what was kept back of closed streams."""
    names = [stream.value for stream in streams]
    connection.execute(delete(_WITHHELD).where(_WITHHELD.c.school_id == school, _WITHHELD.c.stream.in_(names)))
