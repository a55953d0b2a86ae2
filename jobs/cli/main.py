"""`connector`: every command, and the one place where an exception becomes a message and an exit code."""

from __future__ import annotations

import atexit
import copy
import gc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import Abort, TyperException

from jobs.cli import (
    backfill,
    check,
    corrections,
    db,
    demo,
    documents,
    exits,
    explain,
    import_,
    invitations,
    metrics,
    modules,
    pause,
    quarantine,
    render,
    runs,
    serve,
    session,
    sheet,
    simulate,
    status,
    sync,
    worklist,
)
from schemas.errors import ConnectorError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Keeps a parent portal's database equal to a school's student information system.",
    epilog="Exit codes: 0 all well, 1 something new needs a person, 2 usage or configuration, "
    "3 source or database unreachable or refusing, 4 another run is busy, 70 our bug.",
)
_SIMULATE = "simulate"


@app.callback()
def _given(
    config: Annotated[
        Path | None, typer.Option(help="The configuration; else CONNECTOR_CONFIG, else ./config.toml.")
    ] = None,
) -> None:
    session.CONFIG_PATH.set(config)


app.command()(check.check)
app.command()(sync.sync)
app.command()(backfill.backfill)
app.command()(serve.serve)
app.command()(pause.pause)
app.command()(pause.resume)
app.add_typer(modules.app, name="modules")
app.add_typer(invitations.app, name="invitations")
app.add_typer(corrections.app, name="corrections")
app.command()(sheet.sheet)
app.add_typer(runs.app, name="runs")
app.add_typer(quarantine.app, name="quarantine")
app.command()(documents.documents)
app.command()(status.status)
app.command()(explain.explain)
app.command()(worklist.worklist)
app.command()(metrics.metrics)
app.add_typer(db.app, name="db")
app.add_typer(import_.app, name="import")
app.command(
    _SIMULATE,
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(simulate.simulate)
app.command()(demo.demo)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; no exception's text but our own is ever printed."""
    # A run makes many short-lived values and next to no cycles; looking for some all the time costs a third of it.
    gc.set_threshold(*_RARELY)
    # What is left at the end of the process goes with it: to look through it once more costs a fifth of a start.
    atexit.register(gc.freeze)
    render.prepare()
    try:
        given = _config_first(sys.argv[1:] if arguments is None else arguments)
        answer = _narrowed(given)(args=given, **_MODE)
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


def _narrowed(given: Sequence[str]) -> typer.Typer:
    """Give the app with only the command or group that is asked for, or whole: to build all fifty takes a while."""
    words = given[2:] if given[:1] == ["--config"] else [word for word in given[:2] if not word.startswith("--config=")]
    asked = words[0] if words else ""
    one = copy.copy(app)
    one.registered_commands = [it for it in app.registered_commands if (it.name or _name(it.callback)) == asked]
    one.registered_groups = [it for it in app.registered_groups if it.name == asked]
    return one if one.registered_commands or one.registered_groups else app


def _name(command: Callable[..., Any] | None) -> str:
    return "" if command is None else command.__name__


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
