"""`connector serve` for real: fresh schools, two by mistake, signals in mid-run, and the source away."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from tests import postgres
from tests.acceptance.office import Office
from tests.acceptance.served import CONNECTOR, count, hasten, logged, serving, settle, stopped, wait_until

DONE = "runs WHERE status = 'done'"


@pytest.fixture
def ready(office: Office) -> Office:
    """Two schools, a tick of a second, no night, and little patience."""
    path = office.folder / "config.toml"
    path.write_text(path.read_text().replace("[sources.main]", '[sources.main]\nnightly = "never"\nattempts = 2'))
    settle(office)
    return office


def questions(office: Office) -> int:
    """How often the SIS was asked what changed."""
    return sum(request.path.endswith("/changes") for request in office.sis.requests)


def begin(office: Office) -> None:
    """Wait for the first syncs, and the quiet ones that follow because modules opened in the first."""
    hasten(office)
    wait_until(lambda: count(office, DONE) == 2, "two runs")
    wait_until(lambda: count(office, "due_times WHERE job = 'sync' AND last_result = 'quiet'") == 2, "the books")


def forget_results(office: Office) -> None:
    """Empty the column that the next wait looks at."""
    with office.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE due_times SET last_result = NULL WHERE job = 'sync'")


def test_it_keeps_schools_fresh_and_leaves_in_order(ready: Office) -> None:
    """Due syncs are done, each once, quiet ones too; SIGTERM ends it with 0, no claim is left, no name is logged."""
    with serving(ready) as process:
        begin(ready)
        before = questions(ready)
        forget_results(ready)
        hasten(ready)
        wait_until(
            lambda: count(ready, "due_times WHERE job = 'sync' AND last_result = 'quiet'") == 2, "two quiet syncs"
        )
        assert questions(ready) == before + 2
        assert stopped(process) == 0
    assert count(ready, "due_times WHERE claimed_by IS NOT NULL") == 0
    log = logged(ready)
    events = [json.loads(line)["event"] for line in log.splitlines() if line.startswith("{")]
    assert events[0] == "serve_started"
    assert events[-2:] == ["serve_stopping", "serve_stopped"]
    for (name,) in ready.rows("SELECT call_name FROM pupils WHERE call_name IS NOT NULL"):
        assert name not in log


def test_a_module_that_opens_makes_its_school_due_at_once(ready: Office) -> None:
    """With an hour between syncs, what a person opens now is in the portal within seconds."""
    with serving(ready) as process:
        begin(ready)
        assert count(ready, "notes") == 0
        ready.do("modules", "open", "--module", "notities", "--school", "99AA00")
        began = time.monotonic()
        wait_until(lambda: count(ready, "notes WHERE school_id = '99AA00'") > 0, "the notes")
        assert time.monotonic() - began < 30
        assert stopped(process) == 0
    assert count(ready, "notes WHERE school_id = '99BB00'") == 0


def test_at_night_everything_is_read_again(ready: Office) -> None:
    """In the nightly window each school has one full pull, and its next is due about a day later."""
    path = ready.folder / "config.toml"
    path.write_text(path.read_text().replace('nightly = "never"', 'nightly = "00:00-23:59"'))
    with serving(ready) as process:
        begin(ready)
        runs = count(ready, "runs")
        with ready.engine.begin() as connection:
            past = "datetime('now', '-1 second')" if connection.dialect.name == "sqlite" else "now() - interval '1 s'"
            connection.exec_driver_sql(f"UPDATE due_times SET due_at = {past} WHERE job = 'reconcile'")
        wait_until(lambda: count(ready, "due_times WHERE job = 'reconcile' AND last_result = 'done'") == 2, "the night")
        assert count(ready, "runs") == runs + 2
        (modes,) = {tuple(sorted(set(row))) for row in ready.rows("SELECT mode FROM run_streams")}
        assert modes == ("full",)
        later = "datetime('now', '+2 minutes')" if "sqlite" in str(ready.engine.url) else "now() + interval '2 minutes'"
        assert count(ready, f"due_times WHERE job = 'reconcile' AND due_at > {later}") == 2
        assert stopped(process) == 0


def test_two_by_mistake_do_every_job_once(ready: Office) -> None:
    """Two processes on one database: each time a school is due it is asked one question, by one of them."""
    with serving(ready) as one, serving(ready) as other:
        begin(ready)
        for _ in range(4):
            before = questions(ready)
            forget_results(ready)
            hasten(ready)
            wait_until(
                lambda: count(ready, "due_times WHERE job = 'sync' AND last_result = 'quiet'") == 2, "quiet syncs"
            )
            assert questions(ready) == before + 2
        assert (stopped(one), stopped(other)) == (0, 0)
    assert count(ready, "runs") == 2


def test_sigterm_in_mid_run_ends_after_the_page_and_the_job_stays_due(ready: Office) -> None:
    """Exit code 0 soon, the run written down as stopped; the next process goes on at once and completes it."""
    ready.sis.faults.add("latency", times=None, seconds=0.3)
    with serving(ready) as process:
        hasten(ready)
        wait_until(lambda: count(ready, "runs WHERE status = 'running'") > 0, "a run")
        assert stopped(process, 10) == 0
    assert count(ready, "runs WHERE status = 'stopped'") > 0
    assert count(ready, "due_times WHERE claimed_by IS NOT NULL") == 0
    ready.sis.faults.clear()
    with serving(ready):
        wait_until(lambda: count(ready, DONE) == 2, "the rest of the work")


def test_sigkill_in_mid_run_loses_nothing(ready: Office) -> None:
    """The next process takes the dead one's claims at its start, and the portal is as if nothing had happened."""
    ready.sis.faults.add("latency", times=None, seconds=0.3)
    with serving(ready) as process:
        hasten(ready)
        wait_until(lambda: count(ready, "runs WHERE status = 'running'") > 0, "a run")
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    ready.sis.faults.clear()
    with serving(ready) as process:
        wait_until(lambda: count(ready, DONE) == 2, "the rest of the work")
        assert stopped(process) == 0
    assert count(ready, "runs WHERE status = 'running'") == 0
    assert count(ready, "pupils") > 0
    assert ready.type("sync")[0] == 0


def test_a_source_that_is_away_is_asked_ever_less_and_found_again(ready: Office) -> None:
    """Failures are counted and put off by a minute and more; the other rows stay; when it is back all is well."""
    with serving(ready) as process:
        begin(ready)
        rows = count(ready, "pupils")
        ready.sis.faults.add("reset", times=None)
        hasten(ready)
        wait_until(lambda: count(ready, "due_times WHERE failures = 1") == 2, "two failures")
        now = "datetime('now')" if "sqlite" in str(ready.engine.url) else "now()"
        assert count(ready, f"due_times WHERE job = 'sync' AND due_at <= {now}") == 0
        ready.sis.faults.clear()
        hasten(ready)
        wait_until(lambda: count(ready, "due_times WHERE job = 'sync' AND failures = 0") == 2, "recovery")
        assert stopped(process) == 0
    assert count(ready, "pupils") == rows


def test_a_school_paused_in_mid_run_stops_within_seconds_and_goes_on_later(ready: Office) -> None:
    """Its run ends at the page, its rows stay, the other school is served; resumed, the work is completed."""
    ready.sis.faults.add("latency", times=None, seconds=1.0)
    with serving(ready) as process:
        hasten(ready)
        wait_until(lambda: count(ready, "runs WHERE school_id = '99AA00' AND status = 'running'") == 1, "a run")
        ready.do("pause", "--school", "99AA00", "--reason", "wrong data", "--by", "ops")
        began = time.monotonic()
        wait_until(lambda: count(ready, "runs WHERE school_id = '99AA00' AND status = 'stopped'") == 1, "the pause")
        assert time.monotonic() - began < 10
        (error,) = ready.rows("SELECT error FROM runs WHERE school_id = '99AA00'")[0]
        assert "paused" in error
        assert "by ops: wrong data" in error
        wait_until(lambda: count(ready, "runs WHERE school_id = '99BB00' AND status = 'done'") == 1, "the other")
        before = sum("99AA00" in request.path for request in ready.sis.requests)
        time.sleep(2.5)
        assert sum("99AA00" in request.path for request in ready.sis.requests) == before
        ready.do("resume", "--school", "99AA00", "--by", "ops")
        wait_until(lambda: count(ready, "runs WHERE school_id = '99AA00' AND status = 'done'") == 1, "the rest")
        assert stopped(process) == 0


def test_a_source_paused_stops_every_school_of_it_for_every_command(ready: Office) -> None:
    """`sync` ends with 4, says who and why, and asks the SIS nothing; --quiet says nothing; the history is kept."""
    ready.do("pause", "--source", "main", "--reason", "supplier asks for rest", "--by", "ops")
    asked = len(ready.sis.requests)
    code, said, _ = ready.type("sync")
    assert code == 4
    assert "source main is paused since" in said
    assert "by ops: supplier asks for rest" in said
    assert ready.type("sync", "--quiet") == (4, "", "")
    told = json.loads(ready.type("sync", "--json")[1])
    assert {one["status"] for one in told["schools"].values()} == {"paused"}
    assert len(ready.sis.requests) == asked
    assert "supplier asks for rest" in ready.do("pause")
    assert "note: source main" in ready.do("resume", "--school", "99AA00")
    ready.do("resume", "--source", "main", "--by", "anna")
    assert ready.do("pause").startswith("Nothing is paused.")
    moves = json.loads(ready.do("pause", "--json"))["moves"]
    assert [(move["action"], move["moved_by"]) for move in moves] == [("resume", "anna"), ("pause", "ops")]
    assert ready.type("sync")[0] in {0, 1}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("pause", "--school", "99AA00"), "--reason"),
        (("pause", "--school", "11ZZ00", "--reason", "x"), "11ZZ00"),
        (("pause", "--source", "nowhere", "--reason", "x"), "nowhere"),
        (("resume",), "--school BRIN or --source NAME"),
    ],
)
def test_a_pause_that_cannot_be_is_refused(ready: Office, words: tuple[str, ...], complaint: str) -> None:
    """What, which and what to do; nothing is written."""
    assert complaint in ready.refused(*words)
    assert count(ready, "pauses") == count(ready, "pause_moves") == 0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('nightly = "25:00-26:00"', "nightly"),
        ('quiet_hours = ["00:00-12:00", "12:00-00:00"]', "whole day"),
        ('nightly = "01:00-02:00"\nquiet_hours = ["00:00-03:00"]', "never run"),
        ("parallel_schools = 0", "parallel_schools"),
    ],
)
def test_hours_that_cannot_be_are_refused_at_the_start(office: Office, line: str, complaint: str) -> None:
    """A window that is none, or leaves nothing: exit code 2 before anything begins."""
    path = office.folder / "config.toml"
    path.write_text(path.read_text().replace("[sources.main]", f"[sources.main]\n{line}"))
    ended = subprocess.run(
        [CONNECTOR, "serve"], cwd=office.folder, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert "fix: " in ended.stderr


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    """A PostgreSQL of one's own, to be taken away."""
    server = postgres.start()
    yield server
    server.stop()


def test_the_database_away_is_said_once_and_waited_for(ready: Office, own_server: postgres.Server) -> None:
    """Ten seconds without PostgreSQL: one line that it is away, one that it is back, the work goes on, exit code 0."""
    url = postgres.create_database(own_server.url, "portal_away")
    path = ready.folder / "config.toml"
    path.write_text(re.sub(r"database_url = .*", f"database_url = {json.dumps(url)}", path.read_text()))
    ready.do("db", "upgrade")
    ready.engine.dispose()
    ready.engine = create_engine(url)
    with serving(ready) as process:
        begin(ready)
        own_server.kill()
        time.sleep(10)
        assert process.poll() is None
        own_server.restart()
        ready.engine.dispose()
        forget_results(ready)
        hasten(ready)
        wait_until(lambda: count(ready, "due_times WHERE job = 'sync' AND last_result = 'quiet'") == 2, "the books")
        assert stopped(process) == 0
    events = [json.loads(line)["event"] for line in logged(ready).splitlines() if line.startswith("{")]
    assert events.count("database_away") == events.count("database_back") == 1
    assert "unexpected_error" not in events
