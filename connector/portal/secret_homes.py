"""Whose home is secret because of whom: the view `secret_homes`, for all who ask it outside the views."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, column, exists, literal, select, table

from schemas.ids import SchoolId
from schemas.streams import Stream

_HOMES = table(
    "secret_homes",
    *(column(name, Text()) for name in ("school_id", "stream", "id", "holder_stream", "holder_id")),
)


def is_secret(stream: Stream, people: Any) -> ColumnElement[bool]:
    """Give the condition that somebody keeps the home of this row of `people` secret."""
    here = (_HOMES.c.school_id == people.c.school_id, _HOMES.c.stream == stream.value, _HOMES.c.id == people.c.id)
    return exists(select(literal(1)).select_from(_HOMES).where(*here))


def holders(connection: Connection, school: SchoolId, pupil: str) -> list[tuple[Stream, str]]:
    """Give who keeps a pupil's address secret, each once and in order: the pupil, or whoever lives there."""
    here = (_HOMES.c.school_id == school, _HOMES.c.stream == Stream.PUPILS.value, _HOMES.c.id == pupil)
    found = connection.execute(select(_HOMES.c.holder_stream, _HOMES.c.holder_id).where(*here).distinct())
    return sorted((Stream(row[0]), row[1]) for row in found)
