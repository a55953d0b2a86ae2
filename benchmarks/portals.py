"""Databases to measure with: SQLite files, and a PostgreSQL of our own with fsync on."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy.engine import make_url

from connector.bookkeeping import register
from connector.portal import migrate
from connector.portal.database import Database
from schemas.ids import SchoolId
from schemas.modules import Module
from tests import postgres

DURABLE = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "128MB", "max_wal_size": "4GB"}


class Portals(Protocol):
    """Where databases come from."""

    @property
    def version(self) -> str:
        """Give the version of the database."""
        ...

    def ours(self) -> str:
        """Give the URL of a new, migrated portal with every module of the schools open."""
        ...

    def bare(self) -> str:
        """Give the URL of a new, empty database."""
        ...

    def settle(self) -> None:
        """Let the database finish what it does in the background."""
        ...

    def drop(self, url: str) -> None:
        """Forget a database."""
        ...


class SqlitePortals:
    """Files in a folder."""

    def __init__(self, folder: Path, schools: Sequence[str]) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        _prepare(f"sqlite:///{self._template}", schools)

    @property
    def version(self) -> str:
        """Give the version of the library."""
        import sqlite3

        return sqlite3.sqlite_version

    def ours(self) -> str:
        """Copy the template."""
        path = self._folder / f"{uuid.uuid4().hex}.db"
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    def bare(self) -> str:
        """Name a file that is not there yet."""
        return f"sqlite:///{self._folder / uuid.uuid4().hex}.db"

    def settle(self) -> None:
        """Have nothing to wait for."""

    def drop(self, url: str) -> None:
        """Remove the file and what lies beside it."""
        for path in self._folder.glob(f"{Path(url).name}*"):
            path.unlink()


class PostgresqlPortals:
    """Databases of one server."""

    def __init__(self, server_url: str, schools: Sequence[str]) -> None:
        self._server = server_url
        _prepare(postgres.create_database(server_url, "template"), schools)

    @property
    def version(self) -> str:
        """Give the version of the server."""
        return str(self._ask("SHOW server_version"))

    def ours(self) -> str:
        """Copy the template."""
        return postgres.create_database(self._server, f"ours_{uuid.uuid4().hex}", "template")

    def bare(self) -> str:
        """Make an empty one."""
        return postgres.create_database(self._server, f"bare_{uuid.uuid4().hex}")

    def settle(self) -> None:
        """Write a checkpoint now rather than while something is measured."""
        self._ask("CHECKPOINT")

    def drop(self, url: str) -> None:
        """Drop the database."""
        postgres.drop_database(self._server, str(make_url(url).database))

    def _ask(self, question: str) -> object:
        url = make_url(self._server).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(question.encode())
            row = cursor.fetchone() if cursor.description else None
        return None if row is None else row[0]


def _prepare(url: str, schools: Sequence[str]) -> None:
    migrate.upgrade(url)
    database = Database(url)
    now = datetime.now(UTC)
    with database.session() as session, session.write() as connection:
        for school in map(SchoolId, schools):
            register.ensure(connection, school, now, "benchmark")
            for module in Module:
                register.open_module(connection, school, module, now, "benchmark")
    database.dispose()


@contextlib.contextmanager
def portals(folder: Path, schools: Sequence[str]) -> Iterator[dict[str, Portals]]:
    """Give both kinds by name."""
    server = postgres.start(**DURABLE)
    try:
        yield {
            "PostgreSQL": PostgresqlPortals(server.url, schools),
            "SQLite": SqlitePortals(folder, schools),
        }
    finally:
        server.stop()
