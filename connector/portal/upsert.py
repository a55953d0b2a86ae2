"""Insert or update in one statement, the same on both databases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Select, Table, func

_COUNTED = {"preserve_rowcount": True}


def _insert(dialect: str, table: Table) -> Any:
    # The dialect in use is loaded already; the other, with its drivers, would only cost the start of a process.
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


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
    if values:
        names, kept, added = tuple(values[0]), frozenset(keep), frozenset(add)
        connection.execute(_upsert(connection.dialect.name, table, names, kept, added), values)


@cache
def _upsert(dialect: str, table: Table, names: tuple[str, ...], keep: frozenset[str], add: frozenset[str]) -> Any:
    statement = _insert(dialect, table)
    keys = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in names if name not in {*keys, *keep}}
    changes |= {name: table.c[name] + statement.excluded[name] for name in sorted(add)}
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


def insert_missing(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless its primary key is there already; tell whether it was inserted."""
    statement = _insert_missing(connection.dialect.name, table)
    return bool(connection.execute(statement, values, execution_options=_COUNTED).rowcount == 1)


@cache
def _insert_missing(dialect: str, table: Table) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing()


def merge_select(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    source: Select[Any],
    values: Mapping[str, Any],
    keep: Collection[str] = (),
    keep_if_null: Collection[str] = (),
) -> int:
    """Insert the rows of a query; update those whose key is there. Gives the number of rows written.

    The query is one that is built once, and executed with the values.
    """
    dialect, kept, kept_if_null = connection.dialect.name, tuple(keep), tuple(keep_if_null)
    statement = _merge_select(dialect, table, tuple(columns), source, kept, kept_if_null)
    return int(connection.execute(statement, values, execution_options=_COUNTED).rowcount)


@cache
def _merge_select(
    dialect: str,
    table: Table,
    columns: tuple[str, ...],
    source: Select[Any],
    keep: tuple[str, ...],
    keep_if_null: tuple[str, ...],
) -> Any:
    statement = _insert(dialect, table).from_select(columns, source)
    keys = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in columns if name not in {*keys, *keep}}
    changes |= {name: func.coalesce(statement.excluded[name], table.c[name]) for name in keep_if_null}
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)
