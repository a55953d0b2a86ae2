"""The ground the other tests stand on."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url

from tests import network, postgres


def _dsn(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.mark.parametrize("attempt", ["first", "second"])
def test_each_test_has_an_empty_database_of_its_own(empty_database_url: str, attempt: str) -> None:
    """What one test leaves in a database the next one does not meet."""
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text("CREATE TABLE left_behind (id integer)"))
    engine.dispose()


@pytest.mark.parametrize("attempt", ["first", "second"])
def test_each_test_has_a_migrated_database_of_its_own(database_url: str, attempt: str) -> None:
    """The migrated database has its tables, and what one test leaves in it the next one does not meet."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        tables = inspect(connection).get_table_names()
        assert "alembic_version" in tables
        assert "left_behind" not in tables
        connection.execute(text("CREATE TABLE left_behind (id integer)"))
    engine.dispose()


def test_the_network_is_refused_and_remembered() -> None:
    """A test cannot reach another machine, by name or by address, and cannot hide that it tried."""
    with pytest.raises(network.NetworkRefused):
        socket.getaddrinfo("example.org", 443)
    with socket.socket() as probe, pytest.raises(network.NetworkRefused):
        probe.connect(("192.0.2.1", 443))
    assert network.refused == ["example.org", "192.0.2.1"]
    network.refused.clear()


def test_loopback_is_allowed() -> None:
    """A test can talk to a server of its own on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_postgresql_keeps_committed_rows_over_a_crash() -> None:
    """A server killed like in a crash comes back on the same port with what was committed."""
    server = postgres.start()
    try:
        with psycopg.connect(_dsn(server.url)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(_dsn(server.url), connect_timeout=2)
        server.restart()
        with psycopg.connect(_dsn(server.url)) as connection:
            assert connection.execute("SELECT id FROM kept").fetchall() == [(1,)]
    finally:
        server.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process die with its parent")
def test_postgresql_dies_with_the_process_that_started_it() -> None:
    """A killed test run leaves no server behind."""
    program = "import time; from tests import postgres; print(postgres.start().url, flush=True); time.sleep(60)"
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        psycopg.connect(_dsn(url)).close()
        os.kill(run.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            psycopg.connect(_dsn(url), connect_timeout=2).close()
        except psycopg.OperationalError:
            return
        time.sleep(0.05)
    pytest.fail("the server outlived the process that started it")
