"""What a database says of itself: tables, columns, keys, checks, indexes, views, triggers; and rows to fill it with."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Date, Integer, LargeBinary, Table, insert, inspect, select, text
from sqlmodel.sql.sqltypes import UTCDateTime

from schemas.tables.catalogue import METADATA

Dump = dict[str, Any]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ALLOWED = {
    "level": ("full", "limited"),
    "action": ("add", "remove"),
    "decides": ("part", "whether"),
    "state": ("stored", "refused"),
    "motive": ("moving", "error"),
    "correction_items.state": ("closed", "submitted"),
    "correction_evidence.content_type": ("application/pdf", "image/png"),
    "outcome": ("noop", "merged"),
    "from_place": ("submitted", "delivered"),
    "to_place": ("in_review", "awaiting"),
}
"""Columns with a CHECK, and what they may hold; of one table, where another has its own of that name."""

_POSTGRESQL = {
    "columns": """
        SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": """
        SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "triggers": """
        SELECT tgname || ' on ' || tgrelid::regclass, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal""",
    "functions": """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
}


def dump(connection: Connection) -> Dump:
    """Give everything but alembic's own table, in the database's own words, so that two databases can be compared."""
    found = _of_sqlite(connection) if connection.dialect.name == "sqlite" else _of_postgresql(connection)
    return {
        kind: {name: what for name, what in named.items() if "alembic" not in name} for kind, named in found.items()
    }


def _of_postgresql(connection: Connection) -> Dump:
    return {
        kind: {str(row[0]): tuple(row[1:]) for row in connection.execute(text(query.replace(":", "\\:")))}
        for kind, query in _POSTGRESQL.items()
    }


def _of_sqlite(connection: Connection) -> Dump:
    """SQLite keeps the statement that made a thing; of a table the order of what it names does not matter."""
    found: Dump = {"table": {}, "index": {}, "view": {}, "trigger": {}}
    for kind, name, statement in connection.execute(text("SELECT type, name, sql FROM sqlite_master")):
        if kind == "table":
            found[kind][name] = sorted(_parts(_plain(statement or "")))
        else:
            found[kind][name] = _plain(statement or "")
    return found


def _parts(statement: str) -> list[str]:
    """Split a CREATE TABLE at its own commas: an added column stands behind the keys, on no line of its own."""
    parts, depth = [""], 0
    for letter in statement.partition("(")[2].rpartition(")")[0]:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _plain(statement: str) -> str:
    return re.sub(r"\s+", " ", statement.replace('"', "")).strip()


def tables(connection: Connection) -> dict[Table, list[Column[Any]]]:
    """Give our tables that exist here, parents first, each with the columns it has here."""
    inspector = inspect(connection)
    here = set(inspector.get_table_names())
    found = {}
    for table in METADATA.sorted_tables:
        if table.name in here:
            names = {column["name"] for column in inspector.get_columns(table.name)}
            found[table] = [column for column in table.columns if column.name in names]
    return found


def fill(connection: Connection, count: int = 3) -> None:
    """Put rows into every empty table: every column filled in one, every nullable one null in another."""
    for table, columns in tables(connection).items():
        if connection.execute(select(*columns).limit(1)).first() is not None:
            continue  # the register's triggers were here first
        connection.execute(insert(table), [_row(columns, number) for number in range(count)])


def rows(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Give every row of our tables by column, so that one that was added since and is null makes no difference."""
    return {
        table.name: sorted(
            (tuple((name, value) for name, value in row.items() if value is not None) for row in _read(connection, of)),
            key=repr,
        )
        for table, of in tables(connection).items()
    }


def _read(connection: Connection, columns: list[Column[Any]]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(*columns)).mappings()]


def _row(columns: list[Column[Any]], number: int) -> dict[str, Any]:
    return {column.name: _value(column, number) for column in columns}


def _value(column: Column[Any], number: int) -> Any:
    if column.nullable and number == 1:
        return None
    if (allowed := ALLOWED.get(f"{column.table.name}.{column.name}") or ALLOWED.get(column.name)) is not None:
        return allowed[number % 2]
    match column.type:
        case Boolean():
            return number % 2 == 0
        case Integer():
            return 2020 + number
        case Date():
            return date(2020, 2, 29) + timedelta(days=number)
        case UTCDateTime():
            return NOON + timedelta(days=number, microseconds=number, hours=column.name.endswith("_until"))
        case LargeBinary():
            return bytes([number, 0, 255])
    is_key = column.primary_key or bool(column.foreign_keys)
    return f"key {number}" if is_key else f"{column.name} é🙂 {number}"
