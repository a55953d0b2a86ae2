"""A worker: a process that works on one school after another, as the process that started it hands them out.

Between the two is one pipe: a school goes in; its progress, the lines it logs and what came of it come out. While the
worker is at a school, anything more that comes in, and the end of the pipe, means: stop after the page at hand. So
neither a signal nor the death of whoever hands out leaves a worker behind.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import redirect_stderr, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import structlog

from connector.settings_shape import Settings
from jobs.parts import Show
from jobs.wiring import Wiring, open_wiring
from schemas.ids import SchoolId

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_log = structlog.get_logger("connector")
_INTERRUPTED, _TERMINATED, _BUG = 128 + signal.SIGINT, 128 + signal.SIGTERM, os.EX_SOFTWARE

_Done_co = TypeVar("_Done_co", covariant=True)


class Stopping(Protocol):
    """Whether a person or the system wants this process to stop, and which exit code it then ends with."""

    def is_asked(self) -> bool:
        """Tell whether to stop."""
        ...

    @property
    def exit_code(self) -> int:
        """Give the code."""
        ...


class Work(Protocol[_Done_co]):
    """What is done with each school, and what is said of one that had no turn or whose worker died."""

    def do(self, wiring: Wiring, school: SchoolId, stopping: Stopping, show: Show) -> _Done_co:
        """Do it; raises nothing."""
        ...

    def unbegun(self, school: SchoolId, stopping: Stopping) -> _Done_co:
        """Say that the school had no turn."""
        ...

    def lost(self, school: SchoolId, code: int) -> _Done_co:
        """Say that its worker died; a negative code is the signal that ended it."""
        ...


class Line(NamedTuple):
    """What a worker writes to stderr. One process prints for all, so that lines stay whole and bars step aside."""

    text: str

    def print(self) -> None:
        """Print it; a stream that is gone ends no run."""
        if sys.stderr is not None:
            with suppress(OSError, ValueError):
                sys.stderr.write(self.text)
                sys.stderr.flush()


class _Stderr(io.StringIO):
    """The stderr of a worker."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told

    def write(self, text: str) -> int:
        """Pass it on."""
        self._told.say(Line(text))
        return len(text)


class Told:
    """What a worker is told: schools one after another, and while it is at one, to stop."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._code: int | None = None
        self._lock = threading.Lock()

    def school(self) -> SchoolId | None:
        """Give the next school; None: that was all."""
        word = self._word() if self._code is None else self._code
        return None if isinstance(word, int) else SchoolId(word)

    def is_asked(self) -> bool:
        """Tell whether something came in, were it the end."""
        return self._code is not None or self._pipe.poll()

    @property
    def exit_code(self) -> int:
        """Give the code that came with the wish to stop, if that is why it is stopped."""
        if self._code is None and self._pipe.poll():
            word = self._word()
            self._code = word if isinstance(word, int) else _TERMINATED
        return _INTERRUPTED if self._code is None else self._code

    def say(self, word: Any) -> None:
        """Tell the other side, if it is there. Any thread may."""
        with suppress(OSError), self._lock:
            self._pipe.send(word)

    def _word(self) -> int | str:
        try:
            word: int | str = self._pipe.recv()
        except (EOFError, OSError):
            return _TERMINATED
        return word


def serve(pipe: Connection, others: Sequence[Connection], settings: Settings, work: Work[Any]) -> None:
    """Work as a worker until told that this was all."""
    for other in others:  # of the other side of a pipe there must be one holder, or its death goes unnoticed
        other.close()
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for whoever hands out, who passes them on
        signal.signal(number, signal.SIG_IGN)
    told = Told(pipe)
    try:
        with (
            redirect_stderr(_Stderr(told)),
            open_wiring(settings, should_stop=told.is_asked, is_migrated=False) as wiring,
        ):
            while (school := told.school()) is not None:
                told.say(work.do(wiring, school, told, told.say))
    except Exception:  # noqa: BLE001  its text may hold values, and Python would print it
        _log.exception("unexpected_error")
        sys.exit(_BUG)
