"""What only PostgreSQL does: session limits and binary COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, Date, Integer, Table
from sqlmodel.sql.sqltypes import UTCDateTime

LOCK_TIMEOUT_MS = 15_000
IDLE_IN_TRANSACTION_MS = 60_000
QUICK_LOOK = 10
"""Our statistics target: of what a run brings 3,000 rows are sampled, not the usual 30,000."""

CONNECT_ARGS = {
    "connect_timeout": 10,
    "application_name": "school-portal-connector",
    "options": (
        f"-c lock_timeout={LOCK_TIMEOUT_MS} -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
        f" -c default_statistics_target={QUICK_LOOK} -c timezone=UTC"
    ),
}
IMPATIENT_MS = 2_000
IMPATIENT_ARGS = {
    **CONNECT_ARGS,
    "connect_timeout": IMPATIENT_MS // 1000,
    "tcp_user_timeout": IMPATIENT_MS,
    "options": f"-c lock_timeout={IMPATIENT_MS} -c statement_timeout={IMPATIENT_MS} -c timezone=UTC",
}
"""For who asks whether the database is there: an answer that comes late is no."""


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of Python values with one binary COPY."""
    types = [_type_name(table.columns[name]) for name in columns]
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def learn(connection: Connection, table: Table, columns: Sequence[str]) -> None:
    """Have the planner take a quick look at a table; autovacuum comes too late for a run.

    Of a school that statistics have not seen it expects no row, and joins its rows pair by pair. Waits for nobody.
    """
    connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {table.name} ({', '.join(columns)})")


def _type_name(column: Column[Any]) -> str:
    if isinstance(column.type, Boolean):
        return "bool"
    if isinstance(column.type, Integer):
        return "int8" if isinstance(column.type, BigInteger) else "int4"
    if isinstance(column.type, Date):
        return "date"
    return "timestamptz" if isinstance(column.type, UTCDateTime) else "text"
