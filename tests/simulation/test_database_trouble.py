"""The database is shared, full, or goes away in mid-run."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator

import pytest

from connector.portal.migrate import upgrade
from schemas.errors import DatabaseUnavailable
from schemas.runs import RunStatus
from tests import postgres
from tests.rig import Rig


def test_a_portal_that_writes_beside_a_large_sync_never_finds_the_file_locked(sqlite_url: str) -> None:
    """While a school of 1,000 pupils arrives, the portal inserts into a table of its own with SQLite's default wait."""
    rig = Rig(sqlite_url, pupils=1000)
    rig.open()
    portal = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    portal.execute("CREATE TABLE logins (at TEXT)")
    stop, written = threading.Event(), [0]
    failures: list[sqlite3.Error] = []

    def write() -> None:
        while not stop.is_set():
            try:
                portal.execute("INSERT INTO logins VALUES (datetime('now'))")
                written[0] += 1
            except sqlite3.Error as error:
                failures.append(error)
            stop.wait(0.002)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert rig.sync().status is RunStatus.DONE
    finally:
        stop.set()
        thread.join()
        portal.close()
        rig.dispose()
    assert failures == []
    assert written[0] > 10


def test_a_full_disk_ends_the_run_and_loses_nothing(sqlite_url: str) -> None:
    """When the file cannot grow the run says so; with room again the next run completes the portal."""
    rig = Rig(sqlite_url, pupils=60)
    rig.open()
    with rig.database.session() as session, session.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    full = [True]

    def limit(connection: sqlite3.Connection, *_rest: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + 3 if full[0] else 1_000_000}")

    from sqlalchemy import event

    event.listen(rig.database.engine, "connect", limit)
    rig.database.engine.dispose()
    with pytest.raises(DatabaseUnavailable, match="disk space"):
        rig.sync()
    full[0] = False
    rig.database.engine.dispose()
    assert rig.sync().status is RunStatus.DONE
    assert rig.sync().status is RunStatus.QUIET
    rig.dispose()


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    """A PostgreSQL of one's own, to be restarted."""
    server = postgres.start()
    yield server
    server.stop()


def test_postgresql_restarted_in_mid_run(own_server: postgres.Server) -> None:
    """The run that loses its database fails with our own error; the next one completes the portal."""
    url = postgres.create_database(own_server.url, "portal_restarted")
    upgrade(url)
    calls = [0]

    def restart_at_the_eighth_request(_call: int) -> None:
        calls[0] += 1
        if calls[0] == 8:
            own_server.restart()

    rig = Rig(url, before_call=restart_at_the_eighth_request)
    rig.open()
    with pytest.raises(DatabaseUnavailable):
        rig.sync()
    rig.database.engine.dispose()
    assert rig.sync().status is RunStatus.DONE
    assert rig.sync().status is RunStatus.QUIET
    rig.dispose()
