"""Where a portal database stands, found out without the machinery that migrates it: every run asks this first."""

from __future__ import annotations

import re
from importlib import resources
from typing import NamedTuple

from sqlalchemy import inspect, text

from connector.portal.database import Database, translated

_FILE = re.compile(r"r([0-9]{4})_[a-z0-9_]+\.py")
_VERSIONS = "alembic_version"


class Revision(NamedTuple):
    """Where a database stands: its revision (None: never migrated) and the newest one."""

    current: str | None
    newest: str

    @property
    def is_current(self) -> bool:
        """Tell whether nothing is left to do."""
        return self.current == self.newest


def current(database: Database) -> Revision:
    """Tell where a database stands, without changing it."""
    with translated(), database.engine.connect() as connection:
        is_migrated = inspect(connection).has_table(_VERSIONS)
        found = connection.execute(text(f"SELECT version_num FROM {_VERSIONS}")).scalar() if is_migrated else None  # noqa: S608  # our own name
    return Revision(found, newest())


def newest() -> str:
    """Give the newest revision that this program has: the names of their files count them."""
    names = (file.name for file in resources.files("schemas.migrations.versions").iterdir())
    return max(match[1] for name in names if (match := _FILE.fullmatch(name)))
