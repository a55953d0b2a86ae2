"""Bring a portal database to the newest revision, with its views and triggers."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from connector.portal import sqlite
from connector.portal.database import Database, translated
from connector.portal.revision import newest
from schemas.errors import ConfigurationError
from schemas.tables.triggers import trigger_statements
from schemas.views.catalogue import INNER_VIEWS, NOW, VIEWS


def upgrade(url: str, revision: str = "head", *, group: str | None = None) -> None:
    """Migrate to a revision and make the views and triggers anew. Safe to repeat; all or nothing.

    Raises ConfigurationError when the database is at a revision that this program does not know.
    """
    database = Database(url, group=group)
    try:
        with translated(), database.engine.connect() as connection:
            if database.dialect == "sqlite":
                sqlite.prepare_to_migrate(connection)
            with connection.begin():
                _migrate(connection, revision)
    finally:
        database.dispose()


def create_views(connection: Connection) -> None:
    """Create every view from its text in `schemas/views`."""
    now = NOW[connection.dialect.name]
    for name in (*INNER_VIEWS, *VIEWS):
        body = resources.files("schemas.views").joinpath(f"{name}.sql").read_text("utf-8")
        connection.execute(text(f"CREATE VIEW {name} AS {body.replace('{now}', now).replace(':', chr(92) + ':')}"))


def drop_views(connection: Connection) -> None:
    """Drop every view, newest first."""
    for name in reversed((*INNER_VIEWS, *VIEWS)):
        connection.execute(text(f"DROP VIEW IF EXISTS {name}"))


def create_triggers(connection: Connection) -> None:
    """(Re)create the register's triggers."""
    for statement in trigger_statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


def _migrate(connection: Connection, revision: str) -> None:
    config = _config()
    _refuse_unknown(connection, ScriptDirectory.from_config(config))
    drop_views(connection)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    if MigrationContext.configure(connection).get_current_revision() == newest():
        create_views(connection)
        create_triggers(connection)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"foreign keys broken after migration in {sorted({row[0] for row in broken})}")


def _refuse_unknown(connection: Connection, scripts: ScriptDirectory) -> None:
    here = MigrationContext.configure(connection).get_current_revision()
    if here is not None and here not in {script.revision for script in scripts.walk_revisions()}:
        raise ConfigurationError(
            f"The portal database is at revision {here[:40]!r}, which this program does not know.",
            fix="It was migrated by a newer version of this program; install that one.",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(str(resources.files("schemas.migrations")))))
    config.set_main_option("path_separator", "os")
    return config
