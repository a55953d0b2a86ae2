"""The command line as a whole: usage, `--config` anywhere, quick help, and no foreign text on the screen."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from jobs.cli import main as cli
from jobs.cli import session
from schemas.errors import DatabaseRefused

CANARY = "Canary-van-der-Berg"
HEAVY = ("alembic", "lxml", "psycopg", "pydantic", "requests", "sqlalchemy", "sqlmodel", "structlog", "uvicorn")
COMMANDS = ("check", "sync", "status", "simulate", "demo", "modules", "runs", "quarantine", "documents", "db", "import")


@pytest.fixture(autouse=True)
def _own_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONNECTOR_CONFIG", raising=False)
    token = session.CONFIG_PATH.set(None)
    yield
    session.CONFIG_PATH.reset(token)
    structlog.reset_defaults()


def test_the_commands_import_nothing_heavy() -> None:
    """Help and usage errors come at once: libraries are imported inside the commands (speed: see benchmarks)."""
    code = f"import sys, jobs.cli.main as cli; cli.app(); print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_process_does_not_look_through_itself_when_it_ends() -> None:
    """Nothing is collected at the end: what lives then is set aside first."""
    code = """
import atexit, gc, sys
atexit.register(lambda: print(gc.get_freeze_count() > 0))  # the first to be registered is the last to be called
from jobs.cli.main import main
sys.exit(main(["sync", "--nonsense"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (2, "True")


def test_help_names_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A newcomer finds everything from `connector --help`."""
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in out
    assert "70 our bug" in " ".join(out.split())


@pytest.mark.parametrize("name", sorted({*COMMANDS, "worklist", "explain"} - {"simulate"}))
def test_a_command_built_alone_is_that_of_the_whole(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what is asked for is built; its help, with `--config` before it or not, is that of the whole app."""
    with contextlib.suppress(SystemExit):
        cli.app()(args=[name, "--help"], prog_name="connector")
    whole = capsys.readouterr().out
    for before in ([], ["--config", "x.toml"], ["--config=x.toml"]):
        assert cli.main([*before, name, "--help"]) == 0
        assert capsys.readouterr().out == whole


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["runs"],
        ["nonsense"],
        ["sync", "--nonsense"],
        ["sync", "--module", "nonsense"],
        ["runs", "show"],
        ["runs", "list", "--limit", "0"],
        ["runs", "list", "--limit", "many"],
        ["quarantine", "list", "--stream", "nonsense"],
        ["quarantine", "discard", "--school", "99AA00"],
        ["import", "nonsense", "file"],
        ["import", "edexml", "file"],
        ["--config"],
        ["simulate", "--nonsense"],
        ["simulate", "--school", "nonsense"],
    ],
)
def test_wrong_usage_is_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What was typed wrong is said on stderr, without a traceback; the exit code is 2."""
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err
    assert "Traceback" not in err


def test_a_choice_that_is_missing_is_named_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What went wrong, and what to do: two lines, also where typer writes one for each choice."""
    assert cli.main(["corrections", "reject", "x", "--school", "99AA00"]) == 2
    error, fix = capsys.readouterr().err.splitlines()
    assert "--reason" in error
    assert "record_is_right" in error
    assert fix == "fix: See `connector corrections reject --help`."


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["sync"],
        ["status"],
        ["runs", "list"],
        ["quarantine", "list"],
        ["documents"],
        ["db", "upgrade"],
        ["db", "check"],
    ],
)
def test_without_a_configuration_every_command_says_how_to_get_one(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same message and fix everywhere, exit 2."""
    assert cli.main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: There is no configuration file config.toml.")
    assert "fix: Make one with `cp config.example.toml config.toml`" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config", "x.toml", "status"],
        ["status", "--config", "x.toml"],
        ["status", "--config=x.toml", "--json"],
        ["runs", "list", "--config", "x.toml", "--json"],
    ],
)
def test_the_configuration_can_be_named_anywhere(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`--config` belongs to no command, so it may stand before or behind it."""
    assert cli.main(arguments) == 2
    assert "There is no configuration file x.toml." in capsys.readouterr().err


def test_an_unexpected_error_is_seventy_and_keeps_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our bug: type and our line, never the text, which may be a driver's with a whole row in it."""

    def broken(**_given: object) -> None:
        raise RuntimeError(CANARY) from ValueError(CANARY)

    monkeypatch.setattr(session, "opened", broken)
    assert cli.main(["status"]) == 70
    out, err = capsys.readouterr()
    assert "unexpected RuntimeError at jobs/cli/status.py:" in err
    assert CANARY not in out + err


def test_an_error_of_ours_that_is_a_bug_is_seventy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its message is ours and is shown."""

    def broken(**_given: object) -> None:
        raise DatabaseRefused("The database refused a statement (SQLSTATE 42601, table None, constraint None).")

    monkeypatch.setattr(session, "opened", broken)
    assert cli.main(["status"]) == 70
    assert "SQLSTATE 42601" in capsys.readouterr().err


@pytest.mark.parametrize("raised", [KeyboardInterrupt, EOFError])
def test_an_interrupt_is_no_traceback(
    raised: type[BaseException], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C in a command that does not listen for it ends with 130."""

    def interrupted(**_given: object) -> None:
        raise raised

    monkeypatch.setattr(session, "opened", interrupted)
    assert cli.main(["status"]) == 130
    assert "Traceback" not in capsys.readouterr().err
