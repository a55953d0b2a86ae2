"""The commands, as a person starts them, seen through SQL, the SIS's own log and exit codes.

The first test and those about signals, pipes and terminals start processes; the others call the same `main`.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import logging
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import create_engine, make_url, text

from connector.simulator.answers import Simulator
from connector.simulator.faults import Fault
from connector.simulator.server import running
from connector.simulator.stories import tell
from connector.simulator.world import World
from jobs.cli.main import main

CONNECTOR = Path(sys.executable).with_name("connector")
DOCUMENT = Path(__file__).parents[1] / "data" / "edexml" / "school.xml"
SECRET = "demo-secret"
CANARY = "Canary-van-der-Berg"
SCHOOL = "99AA00"
SECONDS = 60
CONFIG = """
[portal]
database_url = "{url}"
[sources.main]
dialect = "reference"
base_url = "{base}"
client_id = "connector"
attempts = 1
[schools."99AA00"]
name = "De Regenboog"
source = "main"
"""
FILES = """
[sources.files]
dialect = "edexml"
[schools."99CC01"]
name = "Het Palet"
source = "files"
"""


class Site:
    """A folder with a configuration, the database it names, and the SIS it asks."""

    is_process = False

    def __init__(self, folder: Path, url: str, simulator: Simulator, base: str) -> None:
        self.folder, self.url, self.simulator, self.base = folder, url, simulator, base
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
        self.environ |= {"CONNECTOR_SOURCES__MAIN__CLIENT_SECRET": SECRET, "USER": "tester"}
        self.configure()

    def configure(self, more: str = "", **replaced: str) -> None:
        """Write config.toml; keyword arguments replace the URL or the address."""
        filled = CONFIG.format(**{"url": self.url, "base": self.base, **replaced})
        (self.folder / "config.toml").write_text(filled + more, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and hold it to its exit code; a traceback is always wrong."""
        run = self._as_process if self.is_process else self._in_process
        done = run(arguments, self.environ | environ)
        assert "Traceback" not in done.stdout + done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def _as_process(self, arguments: Sequence[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(CONNECTOR), *arguments],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def _in_process(self, arguments: Sequence[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Do without the second of imports where the process itself is not what a test is about."""
        out, err = io.StringIO(), io.StringIO()
        library = logging.getLogger()
        before = (library.handlers[:], library.level, logging.raiseExceptions)
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            contextlib.chdir(self.folder),
        ):
            for name in [name for name in os.environ if name.startswith("CONNECTOR_")]:
                patch.delenv(name)
            for name, value in environ.items():
                patch.setenv(name, value)
            code = copy_context().run(main, list(arguments))
        structlog.reset_defaults()
        library.handlers[:], level, logging.raiseExceptions = before
        library.setLevel(level)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with --json and read its one document."""
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return subprocess.Popen(
            [str(CONNECTOR), *arguments],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sql(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Ask or change the database, as the portal or an operator would."""
        engine = create_engine(self.url)
        try:
            with engine.begin() as connection:
                result = connection.execute(text(statement), values)
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            engine.dispose()

    def asked(self) -> list[str]:
        """Give the paths the SIS was asked for."""
        return [request.path for request in self.simulator.requests]

    def open_all(self) -> None:
        """Open every module at once."""
        self.run("sync", "--quiet")
        self.sql("UPDATE modules SET opens_at = :at, changed_by = 'test'", at="2026-01-01 00:00:00.000000")


@pytest.fixture
def simulator() -> Simulator:
    """A SIS with two small schools."""
    return Simulator(World(7, datetime.now(UTC).date(), {SCHOOL: 30, "99BB00": 20}))


@pytest.fixture
def base(simulator: Simulator) -> Iterator[str]:
    """Where that SIS is served."""
    with running(simulator) as address:
        yield address


@pytest.fixture
def site(tmp_path: Path, sqlite_url: str, simulator: Simulator, base: str) -> Site:
    """A configured site on SQLite."""
    return Site(tmp_path, sqlite_url, simulator, base)


def test_from_an_empty_database_to_a_school_that_has_nothing_new(
    tmp_path: Path, empty_database_url: str, simulator: Simulator, base: str
) -> None:
    """Upgrade, check, sync, sync: the school arrives once, the second sync is quiet; each command ends with 0."""
    site = Site(tmp_path, empty_database_url, simulator, base)
    site.is_process = True
    assert "db upgrade" in site.run("sync", code=2).stderr
    assert "db upgrade" in site.run("db", "check", code=2).stderr
    site.run("db", "current")
    assert "0" in site.run("db", "upgrade").stdout
    site.run("db", "upgrade")
    assert "views can be read" in site.run("db", "check").stdout

    first = site.json("sync")
    assert first["exit_code"] == 0
    streams = first["schools"][SCHOOL]["streams"]
    assert first["schools"][SCHOOL]["status"] == "done"
    assert site.sql("SELECT count(*) FROM pupils") == [(streams["pupils"]["added"],)]
    assert site.sql("SELECT count(*) FROM portal_pupils")[0][0] > 0
    again = site.json("sync")["schools"][SCHOOL]
    assert (again["status"], again["streams"]) == ("quiet", {})

    site.is_process = False
    (run,) = site.json("runs", "list")["runs"]
    assert run["run_id"] == first["schools"][SCHOOL]["run_id"]
    shown = site.json("runs", "show", run["run_id"])
    assert shown["streams"]["pupils"]["fetched"] == streams["pupils"]["fetched"]
    status = site.json("status")["schools"][SCHOOL]
    assert status["open_modules"] == ["personalia", "absentie", "medisch", "facturen"]
    assert (status["loading_modules"], status["held"], status["quarantined"]) == ([], 0, 0)
    for arguments in (["status"], ["runs", "list"], ["runs", "show", run["run_id"]], ["quarantine", "list"]):
        assert site.run(*arguments).stdout


def test_check_asks_the_live_source_for_no_person(site: Site) -> None:
    """Only a token and the school itself are asked for; what the source can supply is told per module."""
    found = site.json("check")
    assert site.asked() == ["/oauth/token", f"/v1/schools/{SCHOOL}"]
    assert found["exit_code"] == 0
    assert set(found["schools"][SCHOOL]["modules"].values()) == {"yes"}
    assert "can be supplied" in site.run("check").stdout


def test_what_the_source_does_not_supply_is_told(site: Site, simulator: Simulator) -> None:
    """`check` says it before, a sync once while it goes on without, and `status` after."""
    simulator.lacks = frozenset({"emergency_contacts", "medical_items"})
    modules = site.json("check")["schools"][SCHOOL]["modules"]
    assert {name: said for name, said in modules.items() if said != "yes"} == {
        "personalia": "without emergency_contacts",
        "medisch": "no",
    }
    done = site.run("sync")
    assert (
        "note: the source does not supply emergency_contacts, medical_items; what we have of it stays." in done.stdout
    )
    assert done.stderr.count("stream_not_supplied") == 2
    status = site.json("status")["schools"][SCHOOL]
    assert status["not_supplied"] == {"personalia": ["emergency_contacts"], "medisch": ["medical_items"]}
    assert status["loading_modules"] == []
    assert "not supplied by the source: emergency_contacts (personalia)" in site.run("status").stdout
    assert "stream_not_supplied" not in site.run("sync").stderr


def test_check_tells_what_is_wrong_and_goes_on(site: Site, simulator: Simulator) -> None:
    """A database without tables and a source that refuses are both reported; the gravest decides."""
    site.configure(url=f"sqlite:///{site.folder}/none.db")
    found = site.json("check", code=2)
    assert found["database"]["exit_code"] == 2
    assert found["schools"][SCHOOL]["exit_code"] == 0
    assert not (site.folder / "none.db").exists()
    site.configure()
    site.sql("DROP VIEW portal_notes")
    assert "portal_notes" in site.run("check", code=2).stderr
    site.run("db", "upgrade")
    site.run("check")
    site.run("check", code=3, CONNECTOR_SOURCES__MAIN__CLIENT_SECRET=CANARY)


def test_a_dry_run_leaves_the_database_as_it_was(site: Site) -> None:
    """The counts of the plan are shown; the file is equal byte for byte."""
    file = Path(make_url(site.url).database or "")
    before = file.read_bytes()
    found = site.json("sync", "--dry-run")["schools"][SCHOOL]
    assert found["is_dry_run"] is True
    assert found["streams"]["pupils"]["added"] > 0
    assert "nothing was written" in site.run("sync", "--dry-run").stdout
    assert file.read_bytes() == before


def test_a_module_can_be_chosen(site: Site) -> None:
    """`--module` pulls its streams and no others."""
    site.open_all()
    site.simulator.requests.clear()
    streams = site.json("sync", "--module", "nieuws", "--module", "Medewerkers")["schools"][SCHOOL]["streams"]
    assert set(streams) == {"news_items", "employees"}
    assert not [path for path in site.asked() if path.endswith(("/notes", "/pupils"))]


def test_a_broken_record_is_quarantined_once_shown_set_aside_and_taken_when_mended(site: Site) -> None:
    """Exit 1 the first time only; list, show, discard and replay name it by key, never by its contents."""
    site.open_all()
    site.run("sync", "--quiet")
    ((_stream, key),) = tell(site.simulator.world, SCHOOL, "record_breaks")
    assert "connector quarantine list" in site.run("sync", code=1).stdout
    site.run("sync")
    (item,) = site.json("quarantine", "list")["quarantine"]
    assert (item["stream"], item["key"], item["field_path"]) == ("notes", key, "noted_on")
    shown = site.run("quarantine", "show", "--key", key).stdout
    assert key in shown
    assert "31-02-2026" not in shown
    site.json("quarantine", "replay", "--stream", "notes", "--key", key)
    assert "in quarantine: 1 (oldest" in site.run("status", code=1).stdout
    site.run("quarantine", "discard", "--school", SCHOOL, "--stream", "notes", "--key", key)
    assert site.json("quarantine", "list")["quarantine"] == []
    assert site.json("quarantine", "list", "--all")["quarantine"][0]["discarded_by"] == "tester"
    site.run("quarantine", "discard", "--school", SCHOOL, "--stream", "notes", "--key", key, code=2)
    tell(site.simulator.world, SCHOOL, "record_mended")
    site.run("quarantine", "replay")
    assert site.json("quarantine", "list", "--all")["quarantine"] == []
    assert "Nothing is in quarantine." in site.run("quarantine", "replay").stdout
    site.run("quarantine", "show", code=2)


def test_what_the_brake_holds_is_told_and_approved(site: Site) -> None:
    """Many pupils vanish: exit 1, all still there; `runs show` counts them; `runs approve` removes exactly those."""
    site.run("sync")
    before = site.sql("SELECT count(*) FROM pupils")[0][0]
    gone = [row[0] for row in site.sql("SELECT id FROM pupils ORDER BY id")][:12]
    for pupil in gone:
        site.simulator.world.remove(SCHOOL, "pupils", pupil)
    found = site.json("sync", code=1)["schools"][SCHOOL]
    assert found["held"] == 12
    run = found["run_id"]
    assert site.sql("SELECT count(*) FROM pupils") == [(before,)]
    status = site.json("status", code=1)
    assert status["exit_code"] == 1
    assert (status["schools"][SCHOOL]["held"], status["schools"][SCHOOL]["attention"]) == (12, ["held"])
    story = site.run("runs", "show", run).stdout
    assert f"connector runs approve {run}" in story
    (held,) = site.json("runs", "show", run)["held"]
    assert (held["stream"], held["keys"]) == ("pupils", 12)
    site.run("runs", "approve", run, "--by", "Directie")
    left = {row[0] for row in site.sql("SELECT id FROM pupils")}
    assert len(left) == before - 12
    assert not left & set(gone)
    assert "holds nothing" in site.run("runs", "approve", run, code=2).stderr
    site.run("runs", "show", run)


@pytest.mark.parametrize(
    "arguments",
    [
        ["runs", "show", "nothing"],
        ["runs", "approve", "nothing"],
        ["runs", "list", "--school", "99"],
        ["sync", "--school", "99ZZ00"],
        ["sync", "--school", "nonsense"],
        ["status", "--school", "99ZZ"],
        ["check", "--school", "99ZZ"],
        ["import", "edexml", "nowhere.xml", "--school", "99ZZ"],
        ["quarantine", "list", "--school", "x"],
    ],
)
def test_a_thing_that_is_not_there_is_two_with_a_fix(site: Site, arguments: list[str]) -> None:
    """An unknown run or school is said in one message with what to do."""
    err = site.run(*arguments, code=2).stderr
    assert "error: " in err
    assert "fix: " in err


def test_one_school_that_is_refused_leaves_the_other_its_turn(site: Site) -> None:
    """The first school's source answers with another school's data: 3, and the second school is synced."""
    site.configure('[schools."99BB00"]\nname = "Het Kompas"\nsource = "main"\n')
    site.simulator.faults.add(Fault(kind="other_school", path=f"/v1/schools/{SCHOOL}/*", times=None))
    found = site.json("sync", code=3)
    assert found["schools"][SCHOOL]["exit_code"] == 3
    assert found["schools"]["99BB00"]["status"] == "done"
    assert site.sql("SELECT DISTINCT school_id FROM pupils") == [("99BB00",)]
    assert "Wrong" not in site.run("runs", "list").stdout


def test_a_source_that_is_away_or_refuses_us_is_three(site: Site) -> None:
    """Nothing listens, or the secret is wrong: one message, exit 3, and the secret in no output."""
    done = site.run("sync", code=3, CONNECTOR_SOURCES__MAIN__CLIENT_SECRET=CANARY)
    assert CANARY not in done.stdout + done.stderr
    site.configure(base="http://127.0.0.1:9")
    assert f"error: {SCHOOL}: " in site.run("sync", code=3).stderr
    assert site.json("status", code=1)["schools"][SCHOOL]["last_run"]["status"] == "failed"


def test_a_database_that_is_away_is_three_and_keeps_its_password(site: Site, postgresql_server_url: str) -> None:
    """Neither a wrong password nor an unreachable server shows the URL."""
    away = f"postgresql+psycopg://connector:{CANARY}@127.0.0.1:9/nothing"
    site.configure(url=away)
    refused = make_url(postgresql_server_url).set(database="nothing_here").render_as_string(hide_password=False)
    for url in (away, refused):
        site.configure(url=url)
        for arguments in (["sync"], ["status"], ["db", "upgrade"], ["db", "check"], ["check"]):
            done = site.run(*arguments, code=3)
            assert CANARY not in done.stdout + done.stderr


def test_two_syncs_at_once_are_four(site: Site) -> None:
    """While another run holds the lease this one does nothing and says until when."""
    site.run("sync")
    later = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None).isoformat(" ", "microseconds")
    site.sql("UPDATE leases SET holder = 'elsewhere|1|1', expires_at = :later", later=later)
    assert "another run is busy" in site.run("sync", code=4).stderr
    assert site.json("status")["schools"][SCHOOL]["is_running"] is True


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_sync_that_is_asked_to_stop_writes_that_down(site: Site, number: signal.Signals, code: int) -> None:
    """Ctrl-C and SIGTERM end the run after its page: exit 130 or 143, status stopped; the next sync finishes."""
    site.simulator.faults.add(Fault(kind="latency", path="/v1/schools/*", seconds=0.5, times=None))
    process = site.start("sync")
    until = time.monotonic() + SECONDS
    while not any(path.endswith("/pupils") for path in site.asked()) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    _out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert [run["status"] for run in site.json("runs", "list")["runs"]] == ["stopped"]
    site.simulator.faults.clear()
    site.run("sync")


def test_a_second_interrupt_does_not_wait(site: Site) -> None:
    """While an answer takes long, the second Ctrl-C ends the process at once; the next sync takes over."""
    site.simulator.faults.add(Fault(kind="latency", path=f"/v1/schools/{SCHOOL}/*", seconds=20, times=1))
    process = site.start("sync")
    until = time.monotonic() + SECONDS
    while f"/v1/schools/{SCHOOL}/locations" not in site.asked() and time.monotonic() < until:
        time.sleep(0.02)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT
    site.run("sync")


def test_a_school_that_is_fed_by_files(site: Site) -> None:
    """`sync` only tidies it and names `import`; the import counts every stream, also dry; other files are refused."""
    site.configure(FILES)
    document = site.folder / "school.xml"
    document.write_text(DOCUMENT.read_text("utf-8").replace("99AA", "99CC"), encoding="utf-8")
    assert "connector import edexml" in site.run("sync", "--school", "99CC01").stdout
    assert "tidied only" in site.json("sync")["schools"]["99CC01"]["remark"]
    assert site.json("check")["schools"]["99CC01"]["modules"]["notities"] == "no"

    dry = site.json("import", "edexml", "school.xml", "--school", "99CC01", "--dry-run")
    assert site.sql("SELECT count(*) FROM pupils WHERE school_id = '99CC01'") == [(0,)]
    done = site.json("import", "edexml", "school.xml", "--school", "99CC01")
    pupils = done["schools"]["99CC01"]["streams"]["pupils"]
    assert pupils == dry["schools"]["99CC01"]["streams"]["pupils"]
    assert site.sql("SELECT count(*) FROM pupils WHERE school_id = '99CC01'") == [(pupils["added"],)]
    assert "newest document" in site.run("status", "--school", "99CC01").stdout

    shutil.copyfile(DOCUMENT, site.folder / "other.xml")
    site.run("import", "edexml", "other.xml", "--school", "99CC01", code=3)
    (site.folder / "empty.xml").touch()
    site.run("import", "edexml", "empty.xml", "--school", "99CC01", code=2)
    site.run("import", "edexml", "nowhere.xml", "--school", "99CC01", code=2)
    assert "one source" in site.run("import", "edexml", "other.xml", "--school", SCHOOL, code=2).stderr


def test_a_database_of_a_newer_program_is_refused(site: Site) -> None:
    """A revision this program does not know is left alone by every command."""
    site.sql("UPDATE alembic_version SET version_num = 'zzzz'")
    for arguments in (["sync"], ["db", "check"], ["db", "upgrade"]):
        assert "zzzz" in site.run(*arguments, code=2).stderr
    assert "zzzz" in site.run("db", "current").stdout


def test_the_simulator_serves_until_it_is_told_to_stop(site: Site) -> None:
    """`connector simulate` hands its options on, says where it is, and ends with 0."""
    process = site.start("simulate", "--port", "0", "--school", "99DD00=5")
    assert process.stderr is not None
    assert re.match(r"listening on http://127\.0\.0\.1:[0-9]+", process.stderr.readline())
    process.terminate()
    process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert "--school" in site.run("simulate", "--help").stdout


@pytest.mark.parametrize("columns", [40, 200])
def test_a_terminal_of_any_width_shows_everything(site: Site, columns: int) -> None:
    """At a terminal there are no log lines and no cut-off cells: 40 columns get blocks, 200 a table."""
    code, shown = _at_terminal(site, columns, "sync")
    assert code == 0
    assert "run_started" not in shown
    assert "personalia" in shown
    assert ("  fetched: " in shown) == (columns == 40)
    for words in (["runs", "list"], ["status"], ["worklist"]):
        code, shown = _at_terminal(site, columns, *words)
        assert code == 0, shown
        assert max(len(line) for line in shown.splitlines()) <= columns or words == ["runs", "list"]


def test_nobody_reading_is_no_error(site: Site) -> None:
    """A reader that leaves early (`| head`) gets no traceback, and the command its own exit code."""
    command = f"'{CONNECTOR}' sync --json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=site.folder, env=site.environ, capture_output=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_without_a_terminal_the_logs_are_json_with_the_run_on_every_line(site: Site) -> None:
    """Stdout holds the table, stderr one JSON object a line; quiet keeps both empty when all is well."""
    done = site.run("sync")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    run = site.json("runs", "list")["runs"][0]["run_id"]
    assert {line["run_id"] for line in lines if line["event"].startswith(("run_", "stream_"))} == {run}
    assert not [line for line in lines if "dropped_fields" in line]
    quiet = site.run("sync", "--full", "--quiet")
    assert (quiet.stdout, quiet.stderr) == ("", "")


def test_the_configuration_is_found_where_it_is_named(site: Site, tmp_path: Path) -> None:
    """`--config` wins over CONNECTOR_CONFIG, which wins over ./config.toml."""
    (site.folder / "config.toml").rename(site.folder / "mine.toml")
    site.run("status", code=2)
    site.run("runs", "list", CONNECTOR_CONFIG="mine.toml")
    site.run("runs", "list", "--config", "mine.toml", CONNECTOR_CONFIG="nowhere.toml")
    site.run("status", CONNECTOR_CONFIG="nowhere.toml", code=2)


def _at_terminal(site: Site, columns: int, *arguments: str) -> tuple[int, str]:
    """Run a command with a terminal of this width on all three streams; give its exit code and what it showed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environ = {name: value for name, value in site.environ.items() if name not in {"COLUMNS", "LINES"}}
    process = subprocess.Popen(
        [str(CONNECTOR), *arguments],
        cwd=site.folder,
        env=environ | {"TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux says EIO when the other side is closed.
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return process.wait(SECONDS), shown.decode()
