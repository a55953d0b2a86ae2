"""Insert or update in one statement, the same on both databases."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Select, Table, func
from sqlalchemy.dialects import postgresql, sqlite


def _insert(connection: Connection, table: Table) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def upsert(
    connection: Connection,
    table: Table,
    values: list[dict[str, Any]],
    keep: Iterable[str] = (),
    add: Collection[str] = (),
) -> None:
    """Insert rows; where the primary key is there already, update every column but the key and those to keep.

    What is to `add` is added to the number that is there.
    """
    if not values:
        return
    statement = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in values[0] if name not in {*keys, *keep}}
    changes |= {name: table.c[name] + statement.excluded[name] for name in add}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), values)


def insert_missing(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless its primary key is there already; tell whether it was inserted."""
    statement = _insert(connection, table).on_conflict_do_nothing()
    return bool(connection.execute(statement, values, execution_options={"preserve_rowcount": True}).rowcount == 1)


def merge_select(
    connection: Connection,
    table: Table,
    columns: list[str],
    source: Select[Any],
    keep: Iterable[str] = (),
    keep_if_null: Iterable[str] = (),
) -> int:
    """Insert the rows of a query; update those whose key is there. Gives the number of rows written."""
    statement = _insert(connection, table).from_select(columns, source)
    keys = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in columns if name not in {*keys, *keep}}
    changes |= {name: func.coalesce(statement.excluded[name], table.c[name]) for name in keep_if_null}
    merged = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    return int(connection.execute(merged, execution_options={"preserve_rowcount": True}).rowcount)
