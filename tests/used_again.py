"""PostgreSQL databases that are used again: to empty one takes a tenth of the time that making one does.

Rows are exchanged and nothing else: what a test does to the schema shows, and its database is thrown away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection, sql
from sqlalchemy.engine import make_url

from tests import postgres

MOST_TESTS = 40
"""How many tests one database serves: deleted rows stay in its files until they are swept."""
_SECONDS = 30
_SCHEMA_STATE = """
    SELECT (SELECT string_agg(version_num, ',') FROM alembic_version), md5(string_agg(part, ',' ORDER BY part))
    FROM (
        SELECT c.oid || ' ' || c.xmin FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT a.attrelid || ' ' || a.attnum || ' ' || a.xmin FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL SELECT oid || ' ' || xmin FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT oid || ' ' || xmin FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL
        SELECT t.oid || ' ' || t.xmin FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT r.oid || ' ' || r.xmin FROM pg_rewrite r
        JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = 'public'::regnamespace
    ) AS parts (part)
"""


class UsedAgain:
    """A migrated database that tests use one after another; each finds it empty."""

    def __init__(self, server_url: str, name: str, template: str) -> None:
        self._server, self._name, self._template = server_url, name, template
        self._url: str | None = None
        self._uses = 0
        self._schema: Any = None

    def url(self) -> str:
        """Give it, made anew where the last one was thrown away."""
        if self._url is None:
            self._url = postgres.create_database(self._server, self._name, self._template)
            self._uses = 0
            with alone(self._url) as connection:
                self._schema = connection.execute(_SCHEMA_STATE).fetchone()
        self._uses += 1
        return self._url

    def clean(self) -> None:
        """Empty it after a test, or throw it away."""
        if self._url is None:
            return
        with alone(self._url) as connection:
            is_fit = self._uses < MOST_TESTS and connection.execute(_SCHEMA_STATE).fetchone() == self._schema
            if is_fit and _may_exchange_rows(connection):
                _delete_rows(connection)
                return
        self.drop()

    def drop(self) -> None:
        """Throw it away."""
        self._url = None
        postgres.drop_database(self._server, self._name)


class Rows:
    """The rows of a database at a moment, kept in a schema of their own beside it."""

    def __init__(self, url: str) -> None:
        self._url = url
        with alone(url) as connection:
            self._tables = _filled(connection)
            self._sequences = _sequences(connection)
            connection.execute("CREATE SCHEMA moment")
            for table in self._tables:
                copy = sql.SQL("CREATE TABLE moment.{0} AS TABLE public.{0}")
                connection.execute(copy.format(sql.Identifier(table)))

    def set_back(self) -> None:
        """Make the rows what they were; ends whatever is still connected."""
        with alone(self._url) as connection:
            if not _may_exchange_rows(connection):
                raise RuntimeError("the role of TEST_DATABASE_URL must be a superuser")
            _delete_rows(connection)
            for table in self._tables:
                copy = sql.SQL("INSERT INTO public.{0} OVERRIDING SYSTEM VALUE SELECT * FROM moment.{0}")
                connection.execute(copy.format(sql.Identifier(table)))
            for name, value in self._sequences.items():
                connection.execute("SELECT setval(%s::regclass, %s, true)", (name, value))

    def forget(self) -> None:
        """Remove what was kept."""
        with alone(self._url) as connection:
            connection.execute("DROP SCHEMA moment CASCADE")


@contextmanager
def alone(url: str) -> Iterator[Connection[Any]]:
    """Connect to a database and end every other connection to it; all that is done inside is one transaction."""
    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(conninfo) as connection:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        others += " AND backend_type = 'client backend'"
        until = time.monotonic() + _SECONDS
        while connection.execute(f"SELECT pg_terminate_backend(pid) {others}").fetchall():
            connection.rollback()  # what a transaction sees of other backends it sees once
            if time.monotonic() > until:
                raise RuntimeError("a connection to the database does not end")
            time.sleep(0.002)  # a backend that was told to end takes a moment
        yield connection


def _may_exchange_rows(connection: Connection[Any]) -> bool:
    """Leave out triggers and foreign keys for this session, if the role may."""
    (is_superuser,) = connection.execute("SELECT usesuper FROM pg_user WHERE usename = current_user").fetchone() or (
        False,
    )
    if is_superuser:
        connection.execute("SET session_replication_role = replica")
    return bool(is_superuser)


def _delete_rows(connection: Connection[Any]) -> None:
    for table in _filled(connection):
        connection.execute(sql.SQL("DELETE FROM public.{}").format(sql.Identifier(table)))
    for name in _sequences(connection):
        connection.execute("SELECT setval(%s::regclass, 1, false)", (name,))


def _filled(connection: Connection[Any]) -> list[str]:
    """Give the tables that hold rows, but for the one that names the revision."""
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    names = [name for (name,) in tables if name != "alembic_version"]
    asked = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM public.{})").format(sql.Literal(name), sql.Identifier(name))
        for name in names
    ]
    return _names(connection.execute(sql.SQL(" UNION ALL ").join(asked)).fetchall())


def _sequences(connection: Connection[Any]) -> dict[str, int]:
    """Give the sequences that were drawn from, with their last value."""
    query = "SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
    return dict(connection.execute(f"{query} AND schemaname = 'public'").fetchall())


def _names(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    return [str(name) for (name,) in rows]
