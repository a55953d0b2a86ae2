"""`connector serve` as the process it is, looked at through SQL, the SIS' own log and exit codes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from tests.acceptance.office import Office

CONNECTOR = str(Path(sys.executable).with_name("connector"))
LONG_SECONDS = 120


@contextmanager
def serving(office: Office) -> Iterator[subprocess.Popen[bytes]]:
    """Start it and see to its end; it logs JSON on stderr."""
    log = (office.folder / f"serve-{time.monotonic_ns()}.log").open("wb")
    process = subprocess.Popen([CONNECTOR, "serve"], cwd=office.folder, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        log.close()


def stopped(process: subprocess.Popen[bytes], seconds: float = 30) -> int:
    """Ask it to stop and give its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(seconds)


def logged(office: Office) -> str:
    """Everything any of them logged."""
    return "".join(path.read_text() for path in sorted(office.folder.glob("serve-*.log")))


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something to come true."""
    until = time.monotonic() + LONG_SECONDS
    while not is_so():
        assert time.monotonic() < until, f"waited two minutes for {what}"
        time.sleep(0.05)


def settle(office: Office, **serve: int) -> None:
    """Let it look at the due times every second, beside what else is given."""
    given = {"tick_seconds": 1, "interval_minutes": 60, **serve}
    lines = "\n".join(f"{key} = {value}" for key, value in given.items())
    path = office.folder / "config.toml"
    path.write_text(f'{path.read_text()}\n[serve]\n{lines}\n[logs]\nformat = "json"\n')


def hasten(office: Office) -> None:
    """Make every school's sync due now, and nothing else, once its row is there."""
    wait_until(lambda: count(office, "due_times WHERE job = 'sync'") == 2, "due times")
    with office.engine.begin() as connection:
        now = "datetime('now', '-1 second')" if connection.dialect.name == "sqlite" else "now() - interval '1 second'"
        connection.execute(text(f"UPDATE due_times SET due_at = {now} WHERE job = 'sync' AND claimed_by IS NULL"))


def count(office: Office, what: str) -> int:
    """Count rows."""
    return int(office.rows(f"SELECT COUNT(*) FROM {what}")[0][0])
