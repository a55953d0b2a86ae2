"""The door to the portal database: one pinned connection for a run, transactions with a name, errors of our own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from connector.portal import postgresql, sqlite
from connector.portal.clock import clock
from connector.portal.row_logs import silence_rows
from schemas.errors import ConfigurationError, DatabaseRefused, DatabaseUnavailable

STATEMENTS_KEPT = 5000
"""Compiled statements an engine remembers. A run has about forty for each stream; the usual 500 would not hold them."""

WORTH_LEARNING = 100
"""Fewer new rows than this are no reason to look at a table anew."""

_CLOCK = select(clock())
_AWAY_STATES = ("08", "53", "57", "55P03", "25P03", "40")
_AWAY_WORDS = ("locked", "busy", "disk i/o", "disk is full", "unable to open", "readonly", "read-only")


class Session:
    """A pinned connection. Every statement runs inside `read` or `write`; both translate the driver's errors."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.dialect = connection.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read the portal and write temporary tables; takes no write lock on the portal."""
        with translated(), self.connection.begin():
            yield self.connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Write the portal in one transaction, which waits for other writers rather than fail."""
        if self.dialect == "sqlite":
            self.connection.info["begin"] = "BEGIN IMMEDIATE"
        with translated(), self.connection.begin():
            yield self.connection

    def now(self) -> datetime:
        """Give the database's own clock, as an aware instant."""
        return database_now(self.connection)

    def sweep(self) -> None:
        """Leave no bytes of what was deleted or blanked beside the portal's file. Call it between transactions."""
        if self.dialect == "sqlite" and not self.connection.closed and not self.connection.invalidated:
            sqlite.sweep(self.connection)

    def learn(self, table: Table, rows: int, columns: Sequence[str]) -> None:
        """Tell the database's planner, in a transaction, that so many rows of a table are new. Waits for nobody.

        `columns` are those that statements look rows up by.
        """
        if self.dialect == "postgresql" and rows >= WORTH_LEARNING:
            postgresql.learn(self.connection, table, columns)

    def empty(self, table: Table, *, is_large: bool) -> None:
        """Delete every row of a temporary table; of a large one on PostgreSQL so that no dead ones stay behind."""
        word = "TRUNCATE" if is_large and self.dialect == "postgresql" else "DELETE FROM"
        self.connection.exec_driver_sql(f"{word} {table.name}")


class Database:
    """The portal database behind a URL: `sqlite:///file` or `postgresql+psycopg://…`.

    A SQLite file that it makes is for us only, or for `group` as well. An impatient one connects anew each time, and
    knows within about two seconds that nobody answers.
    """

    def __init__(self, url: str, *, is_impatient: bool = False, group: str | None = None) -> None:
        self.url, self.group = parse_url(url), group
        self.dialect = self.url.get_backend_name()
        self.engine: Engine = (make_impatient_engine if is_impatient else make_engine)(self.url, group)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Pin one connection, to be used by one thread."""
        with translated():
            connection = self.engine.connect()
        try:
            yield Session(connection)
        finally:
            with translated():
                connection.close()

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


class DatabaseClock:
    """The clock that views and leases go by: asked of the database at first use, then carried on by a steady one.

    A run that judged what is open by its machine's clock and by this one would withdraw rows that are being shown.
    """

    def __init__(self, database: Database, steady: Callable[[], float] = time.monotonic) -> None:
        self._database, self._steady = database, steady
        self._origin: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        """Give this moment, as an aware instant. Raises what a question to the database raises, at first use."""
        if self._origin is None:
            with self._database.session() as session, session.read() as connection:
                self._origin = database_now(connection), self._steady()
        began, at = self._origin
        return began + timedelta(seconds=self._steady() - at)


def parse_url(url: str) -> URL:
    """Read a database URL; raises ConfigurationError that never repeats it, since it may hold a password."""
    fix = "Write sqlite:///portal.db or postgresql+psycopg://user@host/database."
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError("portal.database_url is not a database URL.", fix=fix) from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ConfigurationError(
            f"portal.database_url names {parsed.get_backend_name()!r}, which is not supported.", fix=fix
        )
    if parsed.get_backend_name() == "sqlite" and not parsed.database:
        raise ConfigurationError("portal.database_url names no SQLite file.", fix=fix)
    return parsed


def make_engine(url: URL, group: str | None = None) -> Engine:
    """Make the engine of runs; raises ConfigurationError for a driver that is not there.

    A run takes the connection that came back last: it has the temporary tables of the run before.
    """
    return _engine(url, group, postgresql.CONNECT_ARGS, query_cache_size=STATEMENTS_KEPT)


def make_impatient_engine(url: URL, group: str | None = None) -> Engine:
    """Make an engine for who asks how things are: it keeps no connection that may have died meanwhile."""
    return _engine(url, group, postgresql.IMPATIENT_ARGS, poolclass=NullPool)


def _engine(url: URL, group: str | None, postgresql_args: Mapping[str, Any], **options: Any) -> Engine:
    """Make an engine; `hide_parameters` keeps rows out of the driver's messages, the filter those that were read."""
    silence_rows()
    try:
        dialect: Any = url.get_dialect()
        if issubclass(options.get("poolclass") or dialect.get_pool_class(url), QueuePool):
            options["pool_use_lifo"] = True
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url, hide_parameters=True, **options)
            sqlite.listen(engine, group)
            return engine
        return create_engine(
            url, hide_parameters=True, connect_args=dict(postgresql_args), pool_pre_ping=False, **options
        )
    except (SQLAlchemyError, ImportError):
        raise ConfigurationError(
            "portal.database_url names a driver that is not installed.",
            fix="Use sqlite:///… or postgresql+psycopg://….",
        ) from None


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of Python values, each in the order of `columns`, the fast way of this database."""
    fast = sqlite.insert_rows if connection.dialect.name == "sqlite" else postgresql.insert_rows
    fast(connection, table, columns, rows)


def database_now(connection: Connection) -> datetime:
    """Give the database's own clock, as an aware instant."""
    now: datetime = connection.execute(_CLOCK).scalar_one()
    return now


@contextmanager
def translated() -> Iterator[None]:
    """Re-raise the driver's errors as ours, with SQLSTATE, table and constraint only."""
    try:
        yield
    except DBAPIError as error:
        ours = _translate(error)
    except SQLAlchemyError as error:
        ours = DatabaseRefused(f"The database layer failed ({type(error).__name__}).")
    except Exception as error:
        if not _is_driver_error(error):
            raise
        ours = _from_driver(error)
    else:
        return
    raise ours from None


def _is_driver_error(error: Exception) -> bool:
    return type(error).__module__.split(".")[0] in {"psycopg", "sqlite3", "psycopg_binary"}


def _translate(error: DBAPIError) -> DatabaseRefused | DatabaseUnavailable:
    if error.connection_invalidated:
        return _away("the connection was lost")
    return _from_driver(error.orig if error.orig is not None else error)


def _from_driver(error: BaseException) -> DatabaseRefused | DatabaseUnavailable:
    state = getattr(error, "sqlstate", None)
    if type(error).__module__.startswith("psycopg"):
        if state is None or str(state).startswith(_AWAY_STATES):
            return _away(f"SQLSTATE {state or 'none'}")
        diag = getattr(error, "diag", None)
        table, constraint = getattr(diag, "table_name", None), getattr(diag, "constraint_name", None)
        return DatabaseRefused(
            f"The database refused a statement (SQLSTATE {state}, table {table}, constraint {constraint})."
        )
    words = str(error).lower()
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    if any(word in words for word in _AWAY_WORDS):
        return _away(name)
    return DatabaseRefused(f"The database refused a statement ({name}).")


def _away(why: str) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"The portal database is not available ({why}).",
        fix="Check that it runs, has disk space and can be written; the next run goes on where this one stopped.",
    )
