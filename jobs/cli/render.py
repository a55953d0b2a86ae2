"""The only place that prints: plain lines and tables for a person, one JSON document for a machine."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from zoneinfo import ZoneInfo

from schemas.errors import ConnectorError

if TYPE_CHECKING:
    from jobs.parts import Progress, Show

ZONE = ZoneInfo("Europe/Amsterdam")
_GAP = "  "
_ROOMS = ("connector", "mappings", "schemas", "jobs")
_ROOT = Path(__file__).resolve().parents[2]


def prepare() -> None:
    """Let no character a terminal cannot show end a command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def out(*lines: str) -> None:
    """Print lines on stdout."""
    _print(sys.stdout, lines)


def err(*lines: str) -> None:
    """Print lines on stderr."""
    _print(sys.stderr, lines)


def document(content: Any) -> None:
    """Print one JSON document on stdout."""
    _print(sys.stdout, [json.dumps(content, default=as_json, indent=2, ensure_ascii=True)])


def table(
    headings: Sequence[str], rows: Sequence[Sequence[Any]], *, left: Collection[int] = (0,), inset: int = 0
) -> None:
    """Print a table on stdout; columns in `left` are text, the others numbers. Too narrow: a block per row."""
    room = _width()
    lines = table_lines(headings, rows, left=left, width=None if room is None else room - inset)
    out(*(f"{' ' * inset}{line}" for line in lines))


def table_lines(
    headings: Sequence[str], rows: Sequence[Sequence[Any]], *, left: Collection[int] = (0,), width: int | None = None
) -> list[str]:
    """Give the lines of a table, or a block of lines per row where it is wider than `width`."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(heading), *(len(row[at]) for row in cells), 0) for at, heading in enumerate(headings)]
    if width is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        return _blocks(headings, cells)
    lines = [list(headings), ["-" * wide for wide in widths], *cells]
    return [
        _GAP.join(
            text.ljust(wide) if at in left else text.rjust(wide)
            for at, (text, wide) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def wrapped(line: str) -> list[str]:
    """Give a line in as many as the terminal needs, the further ones set in; words are never cut."""
    room = _width()
    if room is None or len(line) <= room:
        return [line]
    inset = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, room, subsequent_indent=inset, break_long_words=False, break_on_hyphens=False)


def _width() -> int | None:
    """Give the columns of the terminal, or None when stdout is no terminal."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size((80, 24)).columns


def moment(value: datetime | None) -> str:
    """Give an instant in the school's time, to the minute."""
    return "never" if value is None else f"{value.astimezone(ZONE):%Y-%m-%d %H:%M}"


def age(value: datetime | None, now: datetime) -> str:
    """Give how long ago an instant was, in its largest unit."""
    if value is None:
        return "never"
    seconds = max(0, int((now - value).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def error(what: ConnectorError, *, about: str = "") -> None:
    """Print what went wrong and what to do."""
    err(f"error: {about}{what.message}")
    if what.fix:
        err(f"fix: {what.fix}")


def unexpected(what: BaseException, *, about: str = "") -> None:
    """Print an exception nobody foresaw: its type and our own line, never its text, which may hold values."""
    err(f"error: {about}{unexpected_text(what)}", "fix: This is a bug of ours. Please report the line above.")


def unexpected_text(what: BaseException) -> str:
    """Give the type of an exception and the last line of ours that it passed."""
    place, step = "", what.__traceback__
    while step is not None:
        path = Path(step.tb_frame.f_code.co_filename)
        if path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in _ROOMS:
            place = f" at {path.relative_to(_ROOT).as_posix()}:{step.tb_lineno}"
        step = step.tb_next
    return f"unexpected {type(what).__name__}{place}"


@contextlib.contextmanager
def progress(*, is_wanted: bool = True) -> Iterator[Show]:
    """Give the function that shows how far a stream is: bars on stderr at a terminal, nothing anywhere else."""
    if not is_wanted or sys.stderr is None or not sys.stderr.isatty():
        yield lambda _progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TextColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.completed}", markup=False),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[tuple[str, str], TaskID] = {}

        def show(now: Progress) -> None:
            key = (now.school, now.stream.value)
            if key not in tasks:
                tasks[key] = bars.add_task(f"{now.school} {now.stream.value}", total=now.expected)
            total = now.fetched if now.is_done else now.expected
            bars.update(tasks[key], completed=now.fetched, total=max(total, 1) if total is not None else None)

        yield show


def _blocks(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines: list[str] = []
    for row in rows:
        lines.append(row[0])
        lines += [
            f"  {name}: {text}" for name, text in zip(headings[1:], row[1:], strict=True) if text not in {"", "0"}
        ]
    return lines


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _clean(moment(value) if isinstance(value, datetime) else str(value))


def _clean(text: str) -> str:
    """Keep a name or key from steering the terminal."""
    return "".join(mark if mark.isprintable() else "?" for mark in text)


def _print(stream: TextIO | None, lines: Sequence[str]) -> None:
    if stream is None:
        return
    try:
        for text in lines:
            for line in text.split("\n"):
                print(_clean(line), file=stream)
        stream.flush()
    except BrokenPipeError:
        # Whoever read has gone. Python would complain once more when it closes the stream.
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def as_json(value: Any) -> Any:
    """Give what JSON has no form for as text: instants in UTC, our words, anything else as it says itself."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)
