"""What the start of a process brings along: each tick of cron pays for it, in time and in memory."""

from __future__ import annotations

import subprocess
import sys

from tests.acceptance.office import Office

UNNEEDED = (
    "alembic",
    "apscheduler",
    "connector.simulator",
    "connector.sources.edexml",
    "fsspec",
    "http.server",
    "jinja2",
    "lxml",
    "prometheus_client",
    "pygments",
    "rich",
    "uvicorn",
)
OF_THE_OTHER_DATABASE = {
    "sqlite": ("psycopg", "sqlalchemy.dialects.postgresql"),
    "postgresql": ("sqlalchemy.dialects.sqlite",),
}


def test_a_sync_loads_only_what_it_needs(office: Office) -> None:
    """A first sync and a quiet one load no library of another command, dialect or database, nor one to draw with."""
    office.do("db", "upgrade")
    unneeded = (*UNNEEDED, *OF_THE_OTHER_DATABASE[office.engine.dialect.name])
    code = f"""
import sys
from jobs.cli.main import main
code = main(["sync", "--quiet"])
print([code, *(name for name in {unneeded!r} if name in sys.modules)])
"""
    for _ in ("first", "quiet"):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[0]"
