"""`connector backfill` as a person types it: plan, progress, stop, resume, and a clear no to what cannot be."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from jobs import backfill
from tests.acceptance.office import Office

CONNECTOR = str(Path(sys.executable).with_name("connector"))
SCHOOL = ("--school", "99AA00")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits between windows, in this process."""
    monkeypatch.setattr(backfill, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def loaded(office: Office) -> Office:
    """A school after its first sync, with one module beside those that are always on."""
    office.do("modules", "open", "--module", "notities", *SCHOOL)
    assert office.type("sync", *SCHOOL)[0] in {0, 1}
    return office


def test_a_backfill_shows_its_plan_then_works_window_by_window(loaded: Office) -> None:
    """Windows, records per stream and an estimate come first; then a plain line per window, and what each brought."""
    said = loaded.do("backfill", *SCHOOL, "--from", "2024-08-01", "--to", "2026-07-31", "--window", "year")
    plan, _, work = said.partition("requests")
    assert re.search(r"^ +1 +2025-08-01 +2026-07-31$", plan, re.MULTILINE)
    assert re.search(r"^absences +[0-9]+$", plan, re.MULTILINE)
    assert re.search(r"about [0-9]+ records in 2 windows, [0-9]+ $", plan)
    assert "1 of 2: 2025-08-01 to 2026-07-31" in work
    assert "2 of 2: 2024-08-01 to 2025-07-31" in work
    assert said.endswith("done\n")
    assert loaded.rows("SELECT COUNT(*) FROM backfills WHERE ended_at IS NULL") == [(0,)]


def test_json_holds_plan_estimate_and_what_every_window_brought(loaded: Office) -> None:
    """One document on stdout and nothing else; the windows' sums add up to what the source counted."""
    words = ("--from", "2024-08-01", "--to", "2026-07-31", "--module", "Absentie", "--json")
    told = json.loads(loaded.do("backfill", *SCHOOL, *words))
    assert (told["exit_code"], told["school"], told["modules"]) == (0, "99AA00", ["absentie"])
    assert sum(one["fetched"] for one in told["windows"]) == told["estimate"]["records"]["absences"] > 0
    assert all(one["is_done"] and one["run_id"] for one in told["windows"])
    assert len(told["windows"]) == 6


def test_a_dry_run_keeps_no_plan_and_no_run(loaded: Office) -> None:
    """It reads and tells, and the tables of runs and plans are as before."""
    books = "SELECT (SELECT COUNT(*) FROM runs), (SELECT COUNT(*) FROM backfills)"
    before = loaded.rows(books)
    said = loaded.do("backfill", *SCHOOL, "--from", "2025-08-01", "--dry-run")
    assert "dry run: nothing was written" in said
    assert loaded.rows(books) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--school", "99AA00", "--from", "2026-02-01", "--to", "2026-01-01"), "--from 2026-02-01 is after --to"),
        (("--school", "99AA00", "--from", "1900-01-01", "--to", "2000-01-01"), "more than 25 years"),
        (("--school", "99AA00", "--from", "2026-01-01", "--to", "2999-01-01"), "has yet to come"),
        (("--school", "99AA00", "--from", "gisteren"), "--from"),
        (("--school", "99AA00"), "--from is missing"),
        (("--school", "99ZZ00", "--from", "2026-01-01"), "99ZZ00 is not configured"),
        (("--school", "99AA00", "--from", "2026-01-01", "--module", "rapport"), "is closed"),
        (("--school", "99AA00", "--from", "2026-01-01", "--module", "raport"), "no module 'raport'"),
        (("--school", "99AA00", "--from", "2026-01-01", "--module", "personalia"), "has no history"),
        (("--school", "99AA00", "--resume"), "has no unfinished backfill"),
        (("--school", "99AA00", "--resume", "--from", "2026-01-01"), "--from has no meaning"),
        (("--school", "99BB00", "--from", "2026-01-01"), "nothing whose history can be loaded"),
    ],
)
def test_what_cannot_be_loaded_is_refused(loaded: Office, words: tuple[str, ...], said: str) -> None:
    """Exit code 2, the thing by its name, what to do instead, and no plan is left behind."""
    assert said in loaded.refused("backfill", *words)
    assert loaded.rows("SELECT COUNT(*) FROM backfills") == [(0,)]


def test_a_module_the_source_cannot_supply_is_refused(loaded: Office) -> None:
    """The source is asked what it has before anything is planned."""
    loaded.sis.lacks = frozenset({"notes"})
    complaint = loaded.refused("backfill", *SCHOOL, "--from", "2026-01-01", "--module", "notities")
    assert "does not supply the history of module notities" in complaint


def test_deeper_than_the_school_shows_is_refused_with_what_to_set(loaded: Office) -> None:
    """The command that would be needed first is in the message, and it works."""
    loaded.do("modules", "set", "history_years", "1", *SCHOOL)
    complaint = loaded.refused("backfill", *SCHOOL, "--from", "2020-01-01")
    assert "connector modules set history_years YEARS --school 99AA00" in complaint
    loaded.do("modules", "set", "history_years", "8", *SCHOOL)
    loaded.do("backfill", *SCHOOL, "--from", "2020-01-01", "--window", "year")


def test_a_school_that_is_fed_by_files_is_refused(loaded: Office) -> None:
    """There is nobody to ask; the message says how its records come."""
    config = loaded.folder / "config.toml"
    more = '[sources.files]\ndialect = "edexml"\n[schools."99CC00"]\nname = "Files"\nsource = "files"\n'
    config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
    complaint = loaded.refused("backfill", "--school", "99CC00", "--from", "2026-01-01")
    assert "is fed by files" in complaint
    assert "connector import edexml" in complaint


def test_nothing_of_a_record_is_printed_or_kept_in_the_books(loaded: Office) -> None:
    """A word planted in what a window reads is in no line of output, no log and no table of plans or runs."""
    word = "Kanarievogel"
    for stream, field in (("notes", "text"), ("absences", "internal_remark")):
        for key in loaded.sis.world.records("99AA00", stream):
            loaded.sis.world.patch("99AA00", stream, key, **{field: word})
    key = next(iter(loaded.sis.world.records("99AA00", "absences")))
    loaded.sis.world.patch("99AA00", "absences", key, kind=word)
    code, out, err = loaded.type("backfill", *SCHOOL, "--from", "2022-08-01", "--window", "year")
    assert code in {0, 1}
    assert word not in out + err
    for table in ("backfills", "backfill_windows", "runs", "quarantine"):
        assert word not in repr(loaded.rows(f"SELECT * FROM {table}"))


def _started(office: Office, *words: str) -> subprocess.Popen[bytes]:
    command = [CONNECTOR, "backfill", *SCHOOL, "--from", "2021-08-01", "--window", "month", *words]
    return subprocess.Popen(command, cwd=office.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _wait_for_windows(office: Office, number: int) -> None:
    until = time.monotonic() + 60
    while office.rows("SELECT COUNT(*) FROM backfill_windows WHERE done_at IS NOT NULL")[0][0] < number:
        assert time.monotonic() < until, "no window was done in a minute"
        time.sleep(0.05)


def test_ctrl_c_stops_after_the_page_and_resume_goes_on_while_a_sync_gets_in(loaded: Office) -> None:
    """A real backfill: syncs beside it end well and bring news, Ctrl-C gives 130, and --resume does the rest only."""
    process = _started(loaded)
    try:
        _wait_for_windows(loaded, 1)
        loaded.sis.world.patch("99AA00", "notes", loaded.sis.world.roles("99AA00")["note_visible"], title="Nieuws")
        sync = subprocess.run([CONNECTOR, "sync", *SCHOOL], cwd=loaded.folder, check=False, capture_output=True)
        assert sync.returncode == 0, sync.stderr
        assert loaded.rows("SELECT COUNT(*) FROM notes WHERE title = 'Nieuws'") == [(1,)]
        assert process.poll() is None, "the backfill was over before the sync"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert b"--resume" in out
    assert b"--resume" in err
    done = loaded.rows("SELECT COUNT(*) FROM backfill_windows WHERE done_at IS NOT NULL")[0][0]
    total = loaded.rows("SELECT COUNT(*) FROM backfill_windows")[0][0]
    told = json.loads(loaded.do("backfill", *SCHOOL, "--resume", "--json"))
    assert [one["is_done"] for one in told["windows"]] == [True] * total
    assert sum("fetched" in one for one in told["windows"]) == total - done > 0


@pytest.mark.parametrize("columns", [40, 120])
def test_a_terminal_shows_one_line_that_moves(loaded: Office, columns: int) -> None:
    """On a terminal of any width the counts and the time left are on one line that fits, and the end is told."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    # pytest-xdist tells its workers how wide the person's own terminal is.
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    environment["TERM"] = "xterm"
    command = [CONNECTOR, "backfill", *SCHOOL, "--from", "2025-08-01", "--window", "term"]
    process = subprocess.Popen(command, cwd=loaded.folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    text = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.close(ours)
    assert process.wait(30) == 0, text
    plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", text).decode()
    moving = [line for line in re.split(r"[\r\n]+", plain) if " rec " in line]
    assert moving
    assert all(len(line) <= columns for line in moving), moving
    assert plain.rstrip().endswith("done")
