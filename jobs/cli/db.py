"""`connector db …`: bring the portal database to the newest revision, and see where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from jobs.cli import exits, render, session

if TYPE_CHECKING:
    from connector.portal.database import Database

app = typer.Typer(no_args_is_help=True, help="The portal database: migrate it, see where it stands.")


@app.command()
def upgrade() -> int:
    """Migrate to the newest revision, with views and triggers; safe to repeat, all or nothing."""
    from connector.portal import migrate, revision

    with _database() as database:
        before = _before(database)
        migrate.upgrade(database.url.render_as_string(hide_password=False), group=database.group)
        after = revision.current(database)
    render.out(f"The portal database is at revision {after.newest} (before: {before or 'no tables'}).")
    return exits.WELL


@app.command()
def current() -> int:
    """Print the revision the database is at, and the newest one. Creates no file."""
    from connector.portal import revision

    with _database() as database:
        if not _exists(database):
            render.out("There is no portal database yet; `connector db upgrade` makes it.")
            return exits.WELL
        found = revision.current(database)
    render.out(f"current: {found.current or 'none'}, newest: {found.newest}")
    return exits.WELL


@app.command()
def check() -> int:
    """Say whether the database is migrated and its views can be read; exit code 2 when not."""
    from jobs.wiring import check_views, require_migrated

    with _database() as database:
        require_migrated(database)
        views = check_views(database)
    render.out(f"The portal database is migrated; its {views} views can be read.")
    return exits.WELL


@contextmanager
def _database() -> Iterator[Database]:
    settings = session.load_settings()
    from jobs.wiring import open_database

    database = open_database(settings)
    try:
        yield database
    finally:
        database.dispose()


def _exists(database: Database) -> bool:
    from jobs.wiring import sqlite_file

    path = sqlite_file(database)
    return path is None or path.exists()


def _before(database: Database) -> str | None:
    from connector.portal import revision

    return revision.current(database).current if _exists(database) else None
