"""Streams that stopped, and the rows that were withheld because they could not be judged any more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, func, or_, select

from connector.bookkeeping import invitations
from connector.portal.bound import SCHOOL
from connector.portal.staging import STAGING
from connector.portal.upsert import upsert
from schemas.ids import SchoolId
from schemas.stops import Stop
from schemas.streams import Decides, Outcome, Stream
from schemas.tables.bookkeeping import QuarantineRow, StoppedStreamRow, UnjudgedRow
from schemas.tables.catalogue import DATA_COLUMNS, TABLES, table_of

_STOPPED, _UNJUDGED, _QUARANTINE = table_of(StoppedStreamRow), table_of(UnjudgedRow), table_of(QuarantineRow)
_STREAMS = {stream.value: stream for stream in Stream}
_READ = select(_STOPPED.c.stream, *(_STOPPED.c[name] for name in Stop._fields)).where(_STOPPED.c.school_id == SCHOOL)
KEPT_FOR = timedelta(days=14)
"""How long a row that was withheld unjudged may come back as it was without a person's approval."""


def read(connection: Connection, school: SchoolId) -> dict[Stream, Stop]:
    """Give the streams of a school that stopped."""
    rows = connection.execute(_READ, {"school": school})
    found = {_STREAMS[row[0]]: Stop(*row[1:]) for row in rows if row[0] in _STREAMS}
    return {stream: stop._replace(decides=Decides(stop.decides)) for stream, stop in found.items()}


def of_schools(connection: Connection, schools: Sequence[SchoolId]) -> dict[str, dict[Stream, Stop]]:
    """Give the streams that stopped, by school."""
    rows = connection.execute(select(_STOPPED).where(_STOPPED.c.school_id.in_(schools))).mappings()
    found: dict[str, dict[Stream, Stop]] = {}
    for row in rows:
        if row["stream"] in _STREAMS:
            stop = Stop(*(row[name] for name in Stop._fields))
            stop = stop._replace(decides=Decides(stop.decides))
            found.setdefault(row["school_id"], {})[_STREAMS[row["stream"]]] = stop
    return found


def save(connection: Connection, school: SchoolId, stream: Stream, stop: Stop) -> None:
    """Write down how a stream stands that stopped."""
    values = {"school_id": school, "stream": stream.value, **stop._asdict(), "decides": stop.decides.value}
    upsert(connection, _STOPPED, [values])


def forget(connection: Connection, school: SchoolId, streams: Iterable[Stream]) -> None:
    """These streams go on, or are closed."""
    names = [stream.value for stream in streams]
    connection.execute(delete(_STOPPED).where(_STOPPED.c.school_id == school, _STOPPED.c.stream.in_(names)))


def faults(connection: Connection, school: SchoolId, stream: Stream) -> list[tuple[str, str, str, int]]:
    """Count what cannot be read, staged or in quarantine, by code, field and what that decides.

    A record of which two versions were staged counts once for each fault.
    """
    staging = STAGING[stream]
    columns = (staging.c.code, staging.c.field_path, staging.c.decides)
    is_unread = staging.c.outcome.in_([Outcome.REJECTED.value, Outcome.SHOWN.value]) & staging.c.decides.is_not(None)
    keys = func.count(func.distinct(staging.c.source_key)) + func.count() - func.count(staging.c.source_key)
    found = {
        (code, path or ""): [decides, records]
        for code, path, decides, records in connection.execute(
            select(*columns, keys).where(is_unread).group_by(*columns)
        )
    }
    named = select(staging.c.source_key).where(staging.c.source_key.is_not(None))
    known = select(_QUARANTINE.c.code, _QUARANTINE.c.field_path, func.count()).where(
        _QUARANTINE.c.school_id == school,
        _QUARANTINE.c.stream == stream.value,
        _QUARANTINE.c.discarded_at.is_(None),
        _QUARANTINE.c.key.not_in(named),
    )
    for code, path, records in connection.execute(known.group_by(_QUARANTINE.c.code, _QUARANTINE.c.field_path)):
        if (code, path) in found:
            found[code, path][1] += records
    return [(code, path, decides, records) for (code, path), (decides, records) in found.items()]


def unjudged_keys(school: SchoolId, stream: Stream, stop: Stop) -> Select[Any]:
    """Give the query of the ids of rows whose newest record cannot be judged by the field that stopped the stream."""
    table, mine = TABLES[stream], (_QUARANTINE.c.school_id == school, _QUARANTINE.c.stream == stream.value)
    unread = select(_QUARANTINE.c.key).where(
        *mine, _QUARANTINE.c.code == stop.code, _QUARANTINE.c.field_path == stop.what
    )
    return select(table.c.id).where(table.c.school_id == school, table.c.id.in_(unread))


def keep_digests(
    connection: Connection, school: SchoolId, stream: Stream, ids: Select[Any], key: bytes, now: datetime
) -> None:
    """Before these rows are withheld unjudged: remember how each was, as a keyed digest."""
    table = TABLES[stream]
    columns = [table.c[name] for name in DATA_COLUMNS[stream]]
    rows = connection.execute(select(table.c.id, *columns).where(table.c.school_id == school, table.c.id.in_(ids)))
    base = {"school_id": school, "stream": stream.value, "withheld_at": now}
    kept = [{**base, "id": row[0], "digest": _digest(key, row[1:])} for row in rows]
    if kept:
        upsert(connection, _UNJUDGED, kept)


def returning(connection: Connection, school: SchoolId, stream: Stream, now: datetime) -> frozenset[str]:
    """Give the ids of the staged rows that come back as they were when they were withheld unjudged."""
    mine = (
        _UNJUDGED.c.school_id == school,
        _UNJUDGED.c.stream == stream.value,
        _UNJUDGED.c.withheld_at > now - KEPT_FOR,
    )
    kept = {row[0]: row[1] for row in connection.execute(select(_UNJUDGED.c.id, _UNJUDGED.c.digest).where(*mine))}
    if not kept:
        return frozenset()
    staging, key = STAGING[stream], invitations.key_of(connection, school)
    columns = [staging.c[name] for name in DATA_COLUMNS[stream]]
    ids = select(_UNJUDGED.c.id).where(*mine)
    rows = connection.execute(
        select(staging.c.id, *columns).where(staging.c.outcome == Outcome.SHOWN.value, staging.c.id.in_(ids))
    )
    return frozenset(row[0] for row in rows if kept.get(row[0]) == _digest(key, row[1:]))


def forget_digests(connection: Connection, school: SchoolId, stream: Stream, now: datetime) -> None:
    """Forget the digests of rows that are in the portal again, and those that are too old to count."""
    table = TABLES[stream]
    here = select(table.c.id).where(table.c.school_id == school)
    is_done = or_(_UNJUDGED.c.id.in_(here), _UNJUDGED.c.withheld_at <= now - KEPT_FOR)
    mine = (_UNJUDGED.c.school_id == school, _UNJUDGED.c.stream == stream.value)
    connection.execute(delete(_UNJUDGED).where(*mine, is_done))


def _digest(key: bytes, values: Iterable[Any]) -> str:
    # A truth is 0 and 1 in SQLite and false and true elsewhere: as written, both are the same text.
    text = json.dumps([int(one) if type(one) is bool else one for one in values], default=str, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), key=key[:64], digest_size=32).hexdigest()
