"""Logs: few, constant events with fields from a list. Private by default: what is not on the list is dropped.

A line never holds an argument of a call, an object, a record's value or a driver's text: of an exception it keeps
the type, our own message and the places it passed; of other libraries' records only who spoke and from where.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from connector.telemetry.plain_structlog import EventDict, structlog
from schemas.errors import ConnectorError

NAME = "connector"


class Event(NamedTuple):
    """One thing we say: its usual level, and what it means."""

    level: str
    meaning: str


EVENTS: Mapping[str, Event] = {
    "run_started": Event("info", "A run took the lease of its school and began."),
    "run_finished": Event("info", "A run ended well; its sums are in the ledger."),
    "run_failed": Event("error", "A run was broken off; what was applied before stays."),
    "run_quiet": Event("info", "The source said that nothing changed; nothing was written."),
    "lease_taken_over": Event("warning", "The run before this one died without giving its lease back."),
    "stream_planned": Event("info", "A stream was compared with the portal; nothing was written yet."),
    "stream_held": Event("warning", "The brake holds a part of a plan until a person approves it."),
    "stream_stopped": Event("error", "The source refuses a stream, or many of its records lack the same field."),
    "stream_resumed": Event("info", "A stream that had stopped can be read again."),
    "rows_unjudged": Event("warning", "Rows that nobody could judge for too long were withheld."),
    "stream_applied": Event("info", "A stream's plan was written in one transaction."),
    "rows_removed": Event("info", "Rows that are gone at the source left the portal."),
    "document_taken": Event("info", "A file of a watched folder was imported, refused or left for later."),
    "module_revealed": Event("info", "The first load of a module is complete; parents see it from now on."),
    "streams_withdrawn": Event("info", "The rows of closed modules were deleted."),
    "enumeration_incomplete": Event("warning", "A full pull could not be proven complete; nothing counts as missing."),
    "backfill_after_news": Event("info", "Records changed while a window was read; it is read again after a sync."),
    "stream_skipped": Event("warning", "A stream could not be pulled; it and what hangs on it wait for the next run."),
    "stream_not_supplied": Event("warning", "The source does not know a stream; the run goes on without it."),
    "documents_fetched": Event("info", "Files that shown rows name were asked for, and stored or refused."),
    "source_retry": Event("warning", "A request to the source is tried again after a while."),
    "source_answered": Event("debug", "A request to the source was answered, well or with a no."),
    "source_failed": Event("debug", "One attempt of a request got no answer that can be used."),
    "source_paced": Event("debug", "A request waited for the pace we keep to at this source."),
    "source_rate_limited": Event("info", "The source asked us to slow down."),
    "serve_started": Event("info", "The scheduler keeps time from now on."),
    "serve_stopping": Event("info", "The scheduler was asked to stop: nothing begins, runs finish the page at hand."),
    "serve_stopped": Event("info", "The scheduler has stopped; jobs that were cut off stay due."),
    "job_started": Event("info", "The scheduler claimed a job that was due and began it."),
    "job_finished": Event("info", "A job of the scheduler ended; its status says how."),
    "job_failed": Event("warning", "A job of the scheduler failed; it is due again after a wait that grows."),
    "database_away": Event("warning", "The scheduler cannot reach the database; it keeps trying. Said once."),
    "database_back": Event("info", "The scheduler reaches the database again."),
    "runs_abandoned": Event("warning", "Runs whose process was gone were closed as failed."),
    "runs_forgotten": Event("info", "Runs older than the ledger keeps were deleted."),
    "correction_taken_in": Event("info", "A correction was taken in, or refused at once; its status says which."),
    "correction_refused": Event("warning", "The school's system does not take a correction; its reason is final."),
    "correction_not_delivered": Event("warning", "A correction did not reach the school's system; it is tried again."),
    "correction_confirmed": Event("info", "The school's system shows what a correction asked for."),
    "correction_drifted": Event("warning", "A value that was confirmed is there no more."),
    "correction_accepted_too_late": Event("warning", "The school accepted a correction that was called off meanwhile."),
    "corrections_postponed": Event(
        "warning", "A school's corrections were not tended to the end; the next run goes on."
    ),
    "corrections_purged": Event("info", "Corrections that ended long ago were deleted."),
    "library_said": Event("warning", "A library below us logged something; its text is kept out, its place is not."),
    "unexpected_error": Event("error", "Something went wrong that we did not foresee. Please report it."),
}
"""Every event, with its usual level and meaning."""

FIELDS: Mapping[str, str] = {
    "run_id": "the run",
    "school": "BRIN and site",
    "source": "the source's name in the settings",
    "stream": "the stream's name",
    "streams": "names of streams, or their number",
    "modules": "names of modules",
    "mode": "full, changes or keys",
    "trigger": "what started the run",
    "status": "how a run ended, what became of a file, or an HTTP status",
    "reason": "a code of ours: why the brake holds, why a stream is pulled in full",
    "fetched": "records read",
    "added": "rows that are new",
    "altered": "rows that differ",
    "unchanged": "rows that are equal",
    "withheld": "records a gate keeps back",
    "quarantined": "records that could not be used",
    "tombstones": "records the source says are gone",
    "duplicates": "records that came twice",
    "missing": "rows a complete enumeration does not name",
    "removed": "rows deleted because they are gone",
    "withdrawn": "rows deleted by rule",
    "held": "keys that wait for a person; of a correction, why it waits for one, counted",
    "stored": "documents that were stored",
    "refused": "documents that cannot be had, where that is new",
    "disappeared": "rows the brake let go, which count for 24 hours",
    "appeared": "rows the brake let in, which count for 24 hours",
    "size_before": "rows of the stream before the run",
    "seconds": "duration",
    "kind": "what went wrong with a request",
    "job": "the scheduler's job: sync, reconcile, retention or abandoned",
    "schools": "number of schools",
    "runs": "number of runs",
    "jobs": "number of jobs of the scheduler",
    "attempt": "number of the attempt that failed",
    "wait_seconds": "pause before the next attempt",
    "error_type": "name of the exception's type",
    "error": "our own message, which holds no values",
    "frames": "file:line the exception passed, innermost last",
    "library": "the logger that spoke",
    "place": "file:line it spoke from",
}
"""Every field that may be on a line, besides event, level, timestamp and dropped_fields."""

ALLOWED_FIELDS = frozenset({*FIELDS, "event", "level", "timestamp", "dropped_fields"})

QUIET_LIBRARIES = ("urllib3", "requests", "sqlalchemy", "alembic", "psycopg", "uvicorn", "asyncio", "tenacity")
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_ROOT = Path(__file__).resolve().parents[2]
_MOST_FRAMES = 40
_MOST_CHARACTERS = 500


def configure(level: str = "info", form: str = "auto", stream: TextIO | None = None) -> None:
    """Say where logs go and in which form: `auto` is JSON lines unless the stream (stderr) is a terminal.

    Safe to call again. Takes over the standard library's logging, so that no library writes for itself.
    """
    target = _Stream(stream)
    is_console = form == "console" or (form == "auto" and target.is_terminal())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            describe_exception,
            allow_listed,
            structlog.dev.ConsoleRenderer(colors=target.is_terminal()) if is_console else as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        context_class=dict,
        logger_factory=lambda *_names: target,
        cache_logger_on_first_use=False,
    )
    _take_over_stdlib(_LEVELS[level])


Listener = Callable[[Mapping[str, Any]], None]


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Let a listener hear every event, also below the level that is written, until the block is left.

    It is called in the thread that speaks and must neither block nor raise. While nobody listens, an event below
    the level costs nothing.
    """
    before = structlog.get_config()
    level = structlog.get_logger(NAME).get_effective_level()

    def hear(_logger: Any, method: str, line: EventDict) -> EventDict:
        listener(line)
        if _LEVELS.get(method, logging.ERROR) < level:
            raise structlog.DropEvent
        return line

    first, *others = before["processors"]
    structlog.configure(
        **{
            **before,
            "processors": [first, hear, *others],
            "wrapper_class": structlog.make_filtering_bound_logger(logging.DEBUG),
        }
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def describe_exception(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Replace an exception by its type, our own message and the places it passed. Never its values or its cause."""
    given = line.pop("exc_info", None)
    line.pop("stack_info", None)
    found = _exception(given)
    if found is not None:
        line.update(error_fields(found))
    return line


def error_fields(error: BaseException) -> dict[str, Any]:
    """Give what may be said of an exception: `error_type`, `frames` and, when it is one of ours, `error`."""
    steps = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    fields: dict[str, Any] = {
        "error_type": type(error).__name__,
        "frames": [f"{_short(step.filename)}:{step.lineno}" for step in steps],
    }
    if isinstance(error, ConnectorError):
        fields["error"] = error.message
    return fields


def allow_listed(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Keep the fields of the list, as plain values; say how many others were dropped."""
    kept = {name: _plain(value) for name, value in line.items() if name in ALLOWED_FIELDS}
    event = line.get("event")
    kept["event"] = event if isinstance(event, str) and _PLAIN_NAME.fullmatch(event) else "unnamed_event"
    if dropped := len(line.keys() - ALLOWED_FIELDS):
        kept["dropped_fields"] = dropped
    return kept


def as_json(_logger: Any, _method: str, line: EventDict) -> str:
    """Give one line of JSON, the event and its time first."""
    first = {name: line.pop(name) for name in ("timestamp", "level", "event") if name in line}
    return json.dumps({**first, **line}, ensure_ascii=True)


def _plain(value: object) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)[:_MOST_CHARACTERS]
    if isinstance(value, list | tuple | set | frozenset):
        parts = [_plain(part) for part in value]
        return sorted(parts, key=str) if isinstance(value, set | frozenset) else parts
    return type(value).__name__


def _exception(given: object) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if len(given) > 1 and isinstance(given[1], BaseException) else None
    return sys.exc_info()[1] if given else None


def _short(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(_ROOT) and "site-packages" not in path.parts:
        return path.relative_to(_ROOT).as_posix()
    return "/".join(path.parts[-2:])


class _Stream:
    """Writes lines to stderr as it is at that moment, so that a progress display can step aside."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def is_terminal(self) -> bool:
        """Tell whether a person is looking."""
        stream = self._stream or sys.stderr
        return stream is not None and stream.isatty()

    def msg(self, message: str) -> None:
        """Write one line; a stream that is gone ends no run."""
        stream = self._stream or sys.stderr
        if stream is None:
            return
        try:
            stream.write(f"{message}\n")
            stream.flush()
        except (OSError, ValueError):
            return

    log = debug = info = warning = error = critical = fatal = failure = exception = msg


class _Library(logging.Handler):
    """Says that a library spoke, from where and about which type of error; its text may hold values."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: MutableMapping[str, Any] = {
            "library": record.name,
            "place": f"{_short(record.pathname)}:{record.lineno}",
        }
        if record.exc_info and record.exc_info[0] is not None:
            fields["error_type"] = record.exc_info[0].__name__
        logger = structlog.get_logger(NAME)
        say = logger.error if record.levelno >= logging.ERROR else logger.warning
        say("library_said", **fields)


def _take_over_stdlib(level: int) -> None:
    # Python's own report about a failing handler prints the arguments of the call.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers[:] = [_Library()]
    root.setLevel(max(level, logging.WARNING))
    for name in list(logging.Logger.manager.loggerDict):
        logger = logging.getLogger(name)
        if name.split(".")[0] in QUIET_LIBRARIES:
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(logging.NOTSET)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
