"""Taking rows out of the portal: children first, never by cascade, each counted in its own stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, insert, literal, not_, or_, select

from connector.portal import access_rows, documents, group_list_rows
from connector.portal.access_rows import ACCESS
from connector.portal.staging import DOOMED, TOUCHED_PUPILS
from schemas.ids import SchoolId
from schemas.streams import PARENTS, Stream
from schemas.tables.catalogue import TABLES


class Derive(NamedTuple):
    """The pure derivations that the store is lent: who may see whom, and what the group list may show."""

    access: access_rows.Derive
    entry: group_list_rows.Derive


def doom(connection: Connection, school: SchoolId, stream: Stream, ids: Select[Any]) -> None:
    """Mark the rows of one stream that a query of ids names, where they are in the portal."""
    table = TABLES[stream]
    chosen = select(literal(stream.value), table.c.id).where(table.c.school_id == school, table.c.id.in_(ids))
    already = select(literal(1)).where(DOOMED.c.stream == stream.value, DOOMED.c.id == table.c.id)
    connection.execute(insert(DOOMED).from_select(["stream", "id"], chosen.where(not_(exists(already)))))


def _doomed_streams(connection: Connection) -> set[Stream]:
    return {Stream(name) for name in connection.execute(select(DOOMED.c.stream).distinct()).scalars()}


def forget_doomed(connection: Connection) -> None:
    """Begin a new selection."""
    connection.execute(delete(DOOMED))


def delete_doomed(connection: Connection, school: SchoolId, derive: Derive) -> Mapping[Stream, int]:
    """Delete the marked rows and what hangs on them, children first; give the rows that went per stream.

    Their documents go with them.
    """
    doomed = _doomed_streams(connection)
    if not doomed:
        return {}
    for stream in Stream:
        if any(parent.stream in doomed for parent in PARENTS[stream]):
            _doom_children(connection, school, stream)
            doomed = _doomed_streams(connection)
    _touch_pupils(connection, school)
    group_list_rows.touch_doomed(connection, school, doomed)
    going = or_(_is_doomed(Stream.PUPILS, ACCESS.c.pupil_id), _is_doomed(Stream.GUARDIANS, ACCESS.c.guardian_id))
    connection.execute(delete(ACCESS).where(ACCESS.c.school_id == school, going))
    gone: dict[Stream, int] = {}
    for stream in (stream for stream in reversed(list(Stream)) if stream in doomed):
        table = TABLES[stream]
        result = connection.execute(delete(table).where(table.c.school_id == school, _is_doomed(stream, table.c.id)))
        if result.rowcount:
            gone[stream] = result.rowcount
    access_rows.derive_touched(connection, school, derive.access)
    group_list_rows.derive_touched(connection, school, derive.entry)
    documents.follow(connection, school, gone)
    return gone


def delete_streams(
    connection: Connection, school: SchoolId, streams: Iterable[Stream], derive: Derive
) -> Mapping[Stream, int]:
    """Empty these streams for one school, with what hangs on them."""
    forget_doomed(connection)
    for stream in streams:
        doom(connection, school, stream, select(TABLES[stream].c.id).where(TABLES[stream].c.school_id == school))
    return delete_doomed(connection, school, derive)


def _is_doomed(stream: Stream, key: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists(select(literal(1)).where(DOOMED.c.stream == stream.value, DOOMED.c.id == key))


def _doom_children(connection: Connection, school: SchoolId, stream: Stream) -> None:
    for parent in PARENTS[stream]:
        table = TABLES[stream]
        hanging = select(table.c.id).where(
            table.c.school_id == school, _is_doomed(parent.stream, table.c[parent.column])
        )
        doom(connection, school, stream, hanging)


def _touch_pupils(connection: Connection, school: SchoolId) -> None:
    """Pupils who stay but lose a relation have their access derived anew."""
    relations = TABLES[Stream.GUARDIANSHIPS]
    connection.execute(delete(TOUCHED_PUPILS))
    losing = (
        select(relations.c.pupil_id)
        .where(relations.c.school_id == school, _is_doomed(Stream.GUARDIANSHIPS, relations.c.id))
        .distinct()
    )
    connection.execute(insert(TOUCHED_PUPILS).from_select(["id"], losing))
