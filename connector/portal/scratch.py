"""A portal of its own in memory, and what of a school is carried into it. Nothing of it ever reaches a disk.

It is SQLite whatever the portal is: tables, views and mapping are the same text, and tests hold both databases equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Table, event, insert, select, text

from connector.portal import migrate
from connector.portal.database import Database, Session
from schemas.ids import SchoolId
from schemas.streams import Stream
from schemas.tables.bookkeeping import CheckpointRow, HiddenKeyRow, IdAliasRow, PendingKeyRow, SchoolStateRow
from schemas.tables.catalogue import METADATA, TABLES, table_of
from schemas.tables.people import GroupListEntryRow, GuardianAccessRow
from schemas.tables.register import EmbargoRow, ModuleRow, PhaseRow, RevealRow, SettingRow

_REGISTER = (PhaseRow, ModuleRow, EmbargoRow, SettingRow, RevealRow, SchoolStateRow, IdAliasRow)
_BY_STREAM = frozenset({table_of(CheckpointRow), table_of(HiddenKeyRow), table_of(PendingKeyRow)})
_DERIVED = frozenset({table_of(GuardianAccessRow), table_of(GroupListEntryRow)})
_AT_ONCE = 500


@contextmanager
def scratch_portal() -> Iterator[Database]:
    """Give an empty portal in memory, with every table, view and trigger; it is gone when the block is left."""
    database = Database("sqlite:///:memory:")

    @event.listens_for(database.engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # Staged records too stay in memory: a run otherwise lets SQLite put them into a temporary file.
        connection.execute("PRAGMA temp_store=MEMORY")

    try:
        with database.engine.begin() as connection:
            METADATA.create_all(connection)
            migrate.create_views(connection)
            migrate.create_triggers(connection)
        yield database
    finally:
        database.dispose()


@contextmanager
def snapshot(session: Session) -> Iterator[Connection]:
    """Read the portal as it is at one moment; where the database can refuse writes, it does."""
    with session.read() as connection:
        if session.dialect == "postgresql":
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield connection


def carry_register(origin: Connection, target: Connection, school: SchoolId) -> None:
    """Carry the register, the settings and the ids of a school over."""
    _carry(origin, target, school, [table_of(model) for model in _REGISTER], frozenset())


def carry_streams(origin: Connection, target: Connection, school: SchoolId, streams: frozenset[Stream]) -> None:
    """Carry the rows of these streams over, with what is derived from them and what a run remembers of them."""
    tables = {*(TABLES[stream] for stream in streams), *_BY_STREAM, *(_DERIVED if streams else ())}
    _carry(origin, target, school, tables, streams)


def _carry(
    origin: Connection, target: Connection, school: SchoolId, tables: Iterable[Table], streams: frozenset[Stream]
) -> None:
    wanted = set(tables)
    for table in METADATA.sorted_tables:
        if table not in wanted:
            continue
        query = select(table).where(table.c.school_id == school)
        if table in _BY_STREAM:
            query = query.where(table.c.stream.in_([stream.value for stream in streams]))
        found = origin.execute(query.execution_options(yield_per=_AT_ONCE))
        for part in found.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in part])
