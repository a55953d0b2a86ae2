"""`connector metrics`, started as ops start it, seen over HTTP, through exit codes and with PostgreSQL away."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.portal.migrate import upgrade
from connector.telemetry.health import Heartbeat
from jobs.cli import metrics, session
from jobs.sync import SyncOptions, sync_school
from jobs.wiring import open_wiring, select_schools
from tests import postgres
from tests.acceptance.office import Office

CONNECTOR = Path(sys.executable).with_name("connector")
SECONDS = 60
CONFIG = """
[portal]
database_url = {url}
[sources.main]
dialect = "reference"
base_url = "http://127.0.0.1:9"
client_id = "connector"
client_secret = "demo-secret"
[schools."99AA00"]
name = "De Regenboog"
source = "main"
"""
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A function that starts a command beside a configuration; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(url: str, *words: str, **environ: str) -> subprocess.Popen[str]:
        (tmp_path / "config.toml").write_text(CONFIG.format(url=json.dumps(url)), encoding="utf-8")
        ours = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
        process = subprocess.Popen(
            [str(CONNECTOR), *words],
            cwd=tmp_path,
            env={**ours, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    found = re.match(r"Serving (http://\S+)/metrics", process.stdout.readline())
    assert found, process.communicate(timeout=SECONDS)
    return found[1]


def _asked(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{address}{path}", timeout=SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _ended(process: subprocess.Popen[str], code: int) -> tuple[str, str]:
    out, err = process.communicate(timeout=SECONDS)
    assert "Traceback" not in out + err
    assert process.returncode == code, out + err
    return out, err


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_endpoints_are_served_until_somebody_stops_them(
    start: Start, database_url: str, how: signal.Signals
) -> None:
    """The setting says where; all three answer; SIGTERM and Ctrl-C end it with 0."""
    process = start(database_url, "metrics", CONNECTOR_METRICS__LISTEN="127.0.0.1:0")
    address = _address(process)
    status, text = _asked(address, "/metrics")
    assert status == 200
    assert "connector_database_up 1.0" in text
    assert 'connector_seconds_since_last_good_run{fed_by="source",school="99AA00"} +Inf' in text
    assert _asked(address, "/healthz") == (200, "ok\n")
    assert _asked(address, "/readyz") == (200, "ok\n")
    process.send_signal(how)
    _ended(process, 0)


def test_postgresql_that_is_away_is_told_quickly(start: Start) -> None:
    """Gone or frozen: /readyz is 503 with a reason in two seconds or so, the rest answers, and it recovers."""
    server = postgres.start()
    try:
        upgrade(server.url)
        process = start(server.url, "metrics", "--listen", "127.0.0.1:0")
        address = _address(process)
        assert _asked(address, "/readyz") == (200, "ok\n")
        assert server._process is not None
        server._process.send_signal(signal.SIGSTOP)
        _is_away(address)
        server._process.send_signal(signal.SIGCONT)
        assert _asked(address, "/readyz") == (200, "ok\n")
        server.kill()
        _is_away(address)
        server.restart()
        assert _asked(address, "/readyz") == (200, "ok\n")
        assert "connector_database_up 1.0" in _asked(address, "/metrics")[1]
        process.send_signal(signal.SIGTERM)
        _ended(process, 0)
    finally:
        server.stop()


def _is_away(address: str) -> None:
    began = time.monotonic()
    status, reason = _asked(address, "/readyz")
    assert time.monotonic() - began < 4
    assert status == 503
    assert reason.startswith("The portal database is not available")
    assert "127.0.0.1" not in reason
    assert _asked(address, "/healthz") == (200, "ok\n")
    status, text = _asked(address, "/metrics")
    assert status == 200
    assert "connector_database_up 0.0" in text
    assert "connector_process_started_timestamp_seconds" in text


def test_once_prints_what_there_is(start: Start, database_url: str) -> None:
    """The text is for a collector that reads files; with nobody at the address it is there too, with exit code 3."""
    out, _err = _ended(start(database_url, "metrics", "--once"), 0)
    assert "connector_database_up 1.0" in out
    out, err = _ended(start("postgresql+psycopg://portal:geheim@127.0.0.1:9/portal", "metrics", "--once"), 3)
    assert "connector_database_up 0.0" in out
    assert err.startswith("error: The portal database is not available")
    assert "geheim" not in out + err


def test_a_database_that_is_not_migrated_is_not_ready(start: Start, tmp_path: Path) -> None:
    """It says what to do, and no file is made by asking."""
    process = start(f"sqlite:///{tmp_path}/new.db", "metrics", "--listen", "127.0.0.1:0")
    address = _address(process)
    assert _asked(address, "/readyz") == (503, "The portal database does not exist yet.\n")
    assert "connector_database_up 0.0" in _asked(address, "/metrics")[1]
    assert not (tmp_path / "new.db").exists()
    process.send_signal(signal.SIGTERM)
    _ended(process, 0)


def test_a_port_in_use_is_said(start: Start, sqlite_url: str) -> None:
    """Another program has the port: exit 2, which address, what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        out, err = _ended(start(sqlite_url, "metrics", "--listen", f"127.0.0.1:{port}"), 2)
    assert out == ""
    assert err.startswith(f"error: Cannot listen at 127.0.0.1:{port} (Address already in use).\nfix: Another program")


@pytest.mark.parametrize(
    ("words", "listen", "what"),
    [
        ((), "", "Nothing says where to serve"),
        (("--once", "--listen", "127.0.0.1:0"), "", "exclude each other"),
        (("--listen", "9188"), "", "not an address"),
        (("--listen", ""), "127.0.0.1:0", "not an address"),
        (("--listen", "127.0.0.1:70000"), "", "not an address"),
        (("--listen", "192.0.2.1:9188"), "", "Cannot listen at"),
        ((), "9188", "CONNECTOR_METRICS__LISTEN"),
        ((), "127.0.0.1:70000", "not an address"),
    ],
)
def test_a_mistake_is_said_and_nothing_served(
    start: Start, sqlite_url: str, words: tuple[str, ...], listen: str, what: str
) -> None:
    """One message with what to do, exit 2."""
    out, err = _ended(start(sqlite_url, "metrics", *words, CONNECTOR_METRICS__LISTEN=listen), 2)
    assert out == ""
    assert what in err
    assert "\nfix: " in err


def test_a_quiet_sync_pays_nothing_for_metrics(office: Office) -> None:
    """A sync imports no metrics library and no web server, whatever is set: each tick of cron would pay for it."""
    office.do("sync", "--quiet")
    code = """
import sys
from jobs.cli.main import main
code = main(["sync", "--quiet"])
print([code, *(name for name in ("prometheus_client", "http.server") if name in sys.modules)])
"""
    environ = {**os.environ, "CONNECTOR_METRICS__LISTEN": "127.0.0.1:9188"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0]"


def test_a_process_that_runs_serves_the_same_beside_its_work(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the setting asks for it, requests and runs of this process are counted; without it nothing is served."""
    with metrics.beside(session.load_settings(), Heartbeat()) as address:
        assert address is None
    monkeypatch.setenv("CONNECTOR_METRICS__LISTEN", "127.0.0.1:0")
    settings = session.load_settings()
    with metrics.beside(settings, Heartbeat()) as address, open_wiring(settings) as wiring:
        for _ in range(2):
            sync_school(wiring.parts(select_schools(settings)[0]), SyncOptions())
        text = _asked(f"http://{address}", "/metrics")[1]
    assert 'connector_runs_total{school="99AA00",status="done"} 1.0' in text
    assert 'connector_runs_total{school="99AA00",status="quiet"} 1.0' in text
    assert re.search(r'connector_source_request_seconds_count\{source="main"\} [1-9]', text)
    assert 'connector_last_run_status{school="99AA00",status="done"} 1.0' in text
