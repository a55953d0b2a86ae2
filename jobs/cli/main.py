"""`connector`: every command, and the one place where an exception becomes a message and an exit code."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import Abort, TyperException

from jobs.cli import exits, render, session
from schemas.errors import ConnectorError

_SIMULATE = "simulate"
_COMMANDS = (
    "check.check",
    "sync.sync",
    "backfill.backfill",
    "serve.serve",
    "pause.pause",
    "pause.resume",
    "modules.app",
    "invitations.app",
    "corrections.app",
    "sheet.sheet",
    "runs.app",
    "quarantine.app",
    "documents.documents",
    "status.status",
    "explain.explain",
    "worklist.worklist",
    "metrics.metrics",
    "db.app",
    "import_.app",
    "simulate.simulate",
    "demo.demo",
)
"""Every command by its module and function, every group by its module."""
_OF_ITS_OWN: Mapping[str, Any] = {
    _SIMULATE: {
        "add_help_option": False,
        "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
    }
}


def app(asked: str | None = None) -> typer.Typer:
    """Give the app with only the command or group of this name; with every one when there is no such, or for None.

    To load and build all fifty takes a while, and 3 MB that a sync has no use for.
    """
    known = {_name(command): command for command in _COMMANDS}
    made = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help="Keeps a parent portal's database equal to a school's student information system.",
        epilog="Exit codes: 0 all well, 1 something new needs a person, 2 usage or configuration, "
        "3 source or database unreachable or refusing, 4 another run is busy, 70 our bug.",
    )
    made.callback()(_given)
    for name in [asked] if asked in known else known:
        module, _, attribute = known[name].partition(".")
        found = getattr(import_module(f"jobs.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            made.add_typer(found, name=name)
        else:
            made.command(name, **_OF_ITS_OWN.get(name, {}))(found)
    return made


def _name(command: str) -> str:
    module, _, attribute = command.partition(".")
    return module.strip("_") if attribute == "app" else attribute


def _given(
    config: Annotated[
        Path | None, typer.Option(help="The configuration; else CONNECTOR_CONFIG, else ./config.toml.")
    ] = None,
) -> None:
    session.CONFIG_PATH.set(config)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; no exception's text but our own is ever printed."""
    # A run makes many short-lived values and next to no cycles; looking for some all the time costs a third of it.
    gc.set_threshold(*_RARELY)
    # What is left at the end of the process goes with it: to look through it once more costs a fifth of a start.
    atexit.register(gc.freeze)
    render.prepare()
    try:
        given = _config_first(sys.argv[1:] if arguments is None else arguments)
        answer = app(_asked(given))(args=given, **_MODE)
    except TyperException as error:
        return _usage(error)
    except Abort:
        return exits.INTERRUPTED
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else exits.WELL
    except ConnectorError as error:
        render.error(error)
        return exits.of_error(error)
    except Exception as error:  # noqa: BLE001  the last place that can keep a driver's text off the screen
        render.unexpected(error)
        return exits.BUG
    return answer if isinstance(answer, int) else exits.WELL


_RARELY = (50_000, 20, 100)
_MODE: dict[str, Any] = {"standalone_mode": False, "prog_name": "connector"}


def _config_first(arguments: Sequence[str]) -> list[str]:
    """Let `--config FILE` stand anywhere: it belongs to no command. The simulator's options are its own."""
    given = list(arguments)
    end = given.index("--") if "--" in given else len(given)
    if _SIMULATE in given[:3]:
        return given
    for at, word in enumerate(given[:end]):
        if word == "--config" and at + 1 < end:
            return [*given[at : at + 2], *given[:at], *given[at + 2 :]]
        if word.startswith("--config="):
            return [word, *given[:at], *given[at + 1 :]]
    return given


def _asked(given: Sequence[str]) -> str | None:
    words = given[2:] if given[:1] == ["--config"] else [word for word in given[:2] if not word.startswith("--config=")]
    return words[0] if words else None


def _usage(error: TyperException) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        render.err(error.format_message())
        return exits.USAGE
    context = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split())  # a list of choices comes in lines of its own
    render.err(f"error: {message}", f"fix: See `{context.command_path if context else 'connector'} --help`.")
    return exits.USAGE


if __name__ == "__main__":
    sys.exit(main())
