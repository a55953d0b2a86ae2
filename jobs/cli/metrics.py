"""`connector metrics`, and the same endpoints beside the scheduler: how things are, for ops."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import exits, render, session
from schemas.errors import ConfigurationError, ConnectorError

if TYPE_CHECKING:
    from connector.bookkeeping.figures import Figures
    from connector.portal.database import Database
    from connector.settings import Settings
    from connector.telemetry.health import Heartbeat
    from connector.telemetry.metrics import Watched

_STEP_SECONDS = 0.2
_ADVICE = "Add --once or --listen 127.0.0.1:9188, or set listen in the section [metrics]."


def metrics(
    once: Annotated[bool, typer.Option("--once", help="Print the metrics and end.")] = False,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where to serve. Default: listen of [metrics].")
    ] = None,
) -> int:
    """Serve /metrics, /healthz and /readyz until SIGTERM or Ctrl-C, or print the metrics once."""
    if once and listen is not None:
        raise ConfigurationError("--once and --listen exclude each other.", fix="Choose one of the two.")
    settings = session.load_settings()
    if once:
        return _print_once(settings)
    where = settings.metrics.listen if listen is None else listen
    if listen is None and not where:
        raise ConfigurationError("Nothing says where to serve the metrics.", fix=_ADVICE)
    return _serve(settings, where)


@contextmanager
def beside(settings: Settings, heartbeat: Heartbeat) -> Iterator[str | None]:
    """Serve the endpoints, where `[metrics] listen` asks for it, while the block runs runs; give the address.

    Counts what the log tells meanwhile. Call it after the logs are configured; the block beats the heartbeat more
    often than every minute. Raises ConfigurationError when the address cannot be had.
    """
    if not settings.metrics.listen:
        yield None
        return
    with endpoints(settings, settings.metrics.listen, heartbeat) as address:
        yield address


@contextmanager
def endpoints(settings: Settings, listen: str, heartbeat: Heartbeat) -> Iterator[str]:
    """Serve the endpoints at an address while the block runs; give it with the port that was taken."""
    from connector.telemetry.health import Answers, serving
    from connector.telemetry.logs import heard_by
    from connector.telemetry.metrics import Telemetry

    with _asked_impatiently(settings) as database:
        telemetry = Telemetry(_watched(settings), lambda: _figures(database, settings))
        answers = Answers(telemetry.text, lambda: _unready(database), heartbeat)
        with heard_by(telemetry.hear), serving(listen, answers) as address:
            yield address


def _serve(settings: Settings, listen: str) -> int:
    from connector.telemetry.health import Heartbeat

    heartbeat = Heartbeat()
    with session.Stopping() as stopping, endpoints(settings, listen, heartbeat) as address:
        render.out(f"Serving http://{address}/metrics, /healthz and /readyz until Ctrl-C or SIGTERM.")
        while not stopping.is_asked():
            heartbeat.beat()
            time.sleep(_STEP_SECONDS)
    return exits.WELL


def _print_once(settings: Settings) -> int:
    """Print what can be told, then say what is wrong with the database."""
    from connector.telemetry.metrics import Telemetry

    with _asked_impatiently(settings) as database:
        text = Telemetry(_watched(settings), lambda: _figures(database, settings)).text().decode()
        render.out(text.rstrip("\n"))
        _require_ready(database)
    return exits.WELL


@contextmanager
def _asked_impatiently(settings: Settings) -> Iterator[Database]:
    """Give the database with an engine of its own: runs and their long transactions are never waited for."""
    from jobs.wiring import open_database

    database = open_database(settings, is_impatient=True)
    try:
        yield database
    finally:
        database.dispose()


def _watched(settings: Settings) -> Watched:
    from connector.telemetry.metrics import Watched

    source_of = {str(school): given.source for school, given in settings.schools.items()}
    return Watched(source_of, frozenset(name for name, source in settings.sources.items() if source.is_file))


def _figures(database: Database, settings: Settings) -> Figures:
    from datetime import timedelta

    from connector.bookkeeping import figures

    _require_ready(database)
    with database.session() as pinned, pinned.read() as connection:
        return figures.read(connection, timedelta(days=settings.corrections.overdue_days))


def _unready(database: Database) -> str:
    try:
        _require_ready(database)
    except ConnectorError as error:
        return error.message
    return ""


def _require_ready(database: Database) -> None:
    from jobs.wiring import require_migrated

    require_migrated(database)
