"""What only SQLite does: pragmas, its form of values, bulk inserts."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Date, Engine, Table, event
from sqlalchemy.engine import URL
from sqlmodel.sql.sqltypes import UTCDateTime

from connector.own_files import make_file

BUSY_TIMEOUT_MS = 30_000
SWEEP_TIMEOUT_MS = 500


def file_of(url: URL) -> Path | None:
    """Give the file of a SQLite database; None for one in memory."""
    name = url.database or ""
    if name.startswith("file:"):
        return None if url.query.get("mode") == "memory" else Path(name.removeprefix("file:"))
    return None if name in {"", ":memory:"} else Path(name)


def listen(engine: Engine, group: str | None = None) -> None:
    """Make every connection start its own transactions, check foreign keys, and wait rather than fail.

    A file that is not there is made before SQLite would: by the umask. Its -wal and -shm get the mode it has.
    """
    path = file_of(engine.url)
    is_made = engine.url.query.get("mode") not in {"ro", "rw"}

    @event.listens_for(engine, "do_connect")
    def _connecting(*_given: object) -> None:
        if path is not None and is_made and not path.exists():
            # What cannot be made, SQLite refuses to open as well, and says so as an error of a database.
            with suppress(OSError):
                os.close(make_file(path, group))

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        # secure_delete: what leaves the portal is overwritten, not left in a free page of the file.
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON", "temp_store=FILE", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        connection.exec_driver_sql(connection.info.pop("begin", "BEGIN"))


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of Python values with one statement."""
    converters = [
        (position, convert)
        for position, name in enumerate(columns)
        if (convert := _converter(table.columns[name])) is not None
    ]
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608  # names from our own tables
    driver: Any = connection.connection.driver_connection
    driver.executemany(statement, _converted(rows, converters) if converters else rows)


def _converted(rows: Iterable[Sequence[Any]], converters: Sequence[tuple[int, Any]]) -> Iterator[Sequence[Any]]:
    for row in rows:
        values = list(row)
        for position, convert in converters:
            if values[position] is not None:
                values[position] = convert(values[position])
        yield values


def _converter(column: Column[Any]) -> Callable[[Any], str] | None:
    if isinstance(column.type, Date):
        return date.isoformat
    return _instant if isinstance(column.type, UTCDateTime) else None


def _instant(value: datetime) -> str:
    """Write an aware instant as SQLModel's UTCDateTime does: UTC, microseconds, no offset."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def prepare_to_migrate(connection: Connection) -> None:
    """Let readers and a writer work side by side (WAL), and rebuild tables without touching their children."""
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA journal_mode=WAL")
    driver.execute("PRAGMA foreign_keys=OFF")
    connection.info["begin"] = "BEGIN IMMEDIATE"


def sweep(connection: Connection) -> None:
    """Empty the write-ahead log, which holds pages as they were before something was deleted or blanked.

    Gives up soon when a reader still looks at an old page: the next run sweeps again. Never raises.
    """
    driver: Any = connection.connection.driver_connection
    with suppress(sqlite3.Error):
        driver.execute(f"PRAGMA busy_timeout={SWEEP_TIMEOUT_MS}")
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
