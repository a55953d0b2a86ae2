"""The ids of a temporary table, a stretch at a time: what is read and written for each bounds the memory of a run."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, Table, select

AT_A_TIME = 500


def stretches(connection: Connection, table: Table) -> Iterator[ColumnElement[bool]]:
    """Give, for each stretch of the ids in order, the condition that a row of the table is in it."""
    last = ""
    while True:
        following = select(table.c.id).where(table.c.id > last).order_by(table.c.id).limit(AT_A_TIME)
        ids = connection.execute(following).scalars().all()
        if ids:
            last = ids[-1]
            yield table.c.id.between(ids[0], last)
        if len(ids) < AT_A_TIME:
            return
