"""`connector sync` of several schools: a process each, which a signal, a death or a slow source never leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.office import Office
from tests.acceptance.served import CONNECTOR, count, wait_until

SCHOOLS = ("99AA00", "99BB00")


@contextmanager
def _syncing(office: Office, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start a sync and wait until both schools are at work."""
    office.sis.faults.add("latency", times=None, seconds=0.2)
    process = subprocess.Popen(
        [CONNECTOR, "sync", *options], cwd=office.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: count(office, "runs WHERE status = 'running'") == 2, "two runs")
        yield process
    finally:
        office.sis.faults.clear()
        process.kill()
        process.communicate()


@pytest.fixture
def ready(office: Office) -> Office:
    """An office whose portal has its tables."""
    office.do("db", "upgrade")
    return office


def _workers(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(child) for child in children.split()]


def _statuses(office: Office) -> list[str]:
    return [status for (status,) in office.rows("SELECT status FROM runs ORDER BY school_id, started_at")]


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_each_school_is_a_process_and_both_arrive(ready: Office) -> None:
    """Two runs are at work at a time; what came of both is one report, in the order of the settings."""
    with _syncing(ready, "--json") as process:
        assert len(_workers(process)) == 2
        ready.sis.faults.clear()
        said, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    assert list(json.loads(said)["schools"]) == list(SCHOOLS)
    assert _statuses(ready) == ["done", "done"]
    assert [row for (row,) in ready.rows("SELECT DISTINCT school_id FROM pupils ORDER BY 1")] == list(SCHOOLS)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_both_stop_after_the_page_at_hand(ready: Office, number: signal.Signals, code: int) -> None:
    """One signal to the process that was started is enough; both runs say stopped, and the next sync goes on."""
    with _syncing(ready, "--json") as process:
        workers = _workers(process)
        process.send_signal(number)
        said, complaint = process.communicate(timeout=60)
    assert process.returncode == code, complaint
    assert "Traceback" not in complaint
    assert complaint.count("Stopping after the page at hand") == 1
    assert {one["status"] for one in json.loads(said)["schools"].values()} == {"stopped"}
    assert all(_is_gone(worker) for worker in workers)
    assert _statuses(ready) == ["stopped", "stopped"]
    ready.sis.faults.clear()
    ready.do("sync")


def test_workers_do_not_outlive_the_one_who_started_them(ready: Office) -> None:
    """It is killed at once, as a machine short of memory does: the workers stop after their page and leave nothing."""
    with _syncing(ready) as process:
        workers = _workers(process)
        process.kill()
        wait_until(lambda: all(_is_gone(worker) for worker in workers), "the end of the workers")
    assert _statuses(ready) == ["stopped", "stopped"]
    assert count(ready, "leases WHERE holder IS NOT NULL") == 0
    ready.sis.faults.clear()
    ready.do("sync")


def test_a_worker_that_is_killed_takes_only_its_school_along(ready: Office) -> None:
    """The other school arrives; the exit code and a line say what happened; the next sync takes over at once."""
    with _syncing(ready, "--json") as process:
        os.kill(_workers(process)[0], signal.SIGKILL)
        ready.sis.faults.clear()
        said, complaint = process.communicate(timeout=60)
    assert process.returncode == 70
    assert "killed by signal 9" in complaint
    assert "the next sync goes on" in complaint
    assert sorted(one["status"] for one in json.loads(said)["schools"].values()) == ["done", "failed"]
    began = time.monotonic()
    ready.do("sync")
    assert time.monotonic() - began < 60, "it waited for the lease of a process that is gone"
    assert [row for (row,) in ready.rows("SELECT DISTINCT school_id FROM pupils ORDER BY 1")] == list(SCHOOLS)
