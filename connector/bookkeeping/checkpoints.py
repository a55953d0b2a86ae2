"""Where each stream stands: cursor, fingerprint, first load, and why it must be pulled in full."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from connector.portal.bound import SCHOOL
from connector.portal.upsert import upsert
from schemas.ids import SchoolId
from schemas.streams import Cursor, Stream
from schemas.tables.bookkeeping import CheckpointRow
from schemas.tables.catalogue import table_of

_CHECKPOINTS = table_of(CheckpointRow)
NOT_SUPPLIED = "not_supplied"
"""The reason to pull a stream in full, once the source has it: `updated_at` is when it last said that it has not."""

STOPPED = "stopped"
"""The reason to pull a stream in full that many records of could not be read: what came meanwhile is to be seen."""


class Checkpoint(NamedTuple):
    """One stream's state. `loaded_at` is the end of its first load, `updated_at` when it was last applied."""

    cursor: Cursor | None = None
    fingerprint: str | None = None
    loaded_at: datetime | None = None
    full_reason: str | None = None
    updated_at: datetime | None = None


_STREAMS = {stream.value: stream for stream in Stream}
_FIELDS = (_CHECKPOINTS.c[name] for name in Checkpoint._fields)
_READ = select(_CHECKPOINTS.c.stream, *_FIELDS).where(_CHECKPOINTS.c.school_id == SCHOOL)


def read(connection: Connection, school: SchoolId) -> dict[Stream, Checkpoint]:
    """Give the checkpoints of a school, also of streams that are not pulled any more."""
    rows = connection.execute(_READ, {"school": school})
    return {_STREAMS[row[0]]: Checkpoint(*row[1:]) for row in rows if row[0] in _STREAMS}


def save(
    connection: Connection,
    school: SchoolId,
    stream: Stream,
    checkpoint: Checkpoint,
    now: datetime,
    *,
    is_demand_met: bool = True,
) -> Checkpoint:
    """Move a checkpoint; gives it as it is written.

    Unless it is met, what was demanded meanwhile stands: a person may ask for a replay beside a run.
    """
    moved = checkpoint._replace(updated_at=now)
    keep = () if is_demand_met else ("full_reason",)
    upsert(connection, _CHECKPOINTS, [{"school_id": school, "stream": stream.value, **moved._asdict()}], keep=keep)
    return moved


def demand_full(connection: Connection, school: SchoolId, streams: Iterable[Stream], reason: str) -> None:
    """Have these streams pulled in full by the next run, or by this one if their turn is still to come."""
    names = [stream.value for stream in streams]
    connection.execute(
        update(_CHECKPOINTS)
        .values(full_reason=reason)
        .where(_CHECKPOINTS.c.school_id == school, _CHECKPOINTS.c.stream.in_(names))
    )


def forget(connection: Connection, school: SchoolId, streams: Iterable[Stream]) -> None:
    """Forget where closed streams stood."""
    names = [stream.value for stream in streams]
    connection.execute(delete(_CHECKPOINTS).where(_CHECKPOINTS.c.school_id == school, _CHECKPOINTS.c.stream.in_(names)))
