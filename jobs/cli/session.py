"""What every command begins with: the settings, the logs, and a way to be asked to stop."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from jobs.cli import exits

if TYPE_CHECKING:
    from connector.settings import Settings
    from jobs.wiring import Wiring

CONFIG_PATH: ContextVar[Path | None] = ContextVar("config_path", default=None)
"""What `--config` named."""

Handler = signal.Handlers | int | None


def load_settings(*, is_quiet: bool = False) -> Settings:
    """Read the settings and begin to log as they say; raises ConfigurationError.

    At a terminal the tables tell what the info events tell, so only warnings are logged there; a person who wants
    more says `level = "debug"`.
    """
    from connector import settings as reading
    from connector.telemetry import logs

    settings = reading.load(CONFIG_PATH.get(), os.environ)
    level = settings.logs.level
    is_told_by_tables = settings.logs.format == "auto" and sys.stderr is not None and sys.stderr.isatty()
    if level == "info" and (is_quiet or is_told_by_tables):
        level = "warning"
    logs.configure(level, settings.logs.format)
    return settings


@contextlib.contextmanager
def opened(stopping: Stopping | None = None, *, is_quiet: bool = False) -> Iterator[Wiring]:
    """Give the live objects of the configured database, which must be migrated."""
    settings = load_settings(is_quiet=is_quiet)
    from jobs.wiring import open_wiring

    if stopping is None:
        with open_wiring(settings) as wiring:
            yield wiring
    else:
        with open_wiring(settings, should_stop=stopping.is_asked) as wiring:
            yield wiring


CLOCKS_AGREE_SECONDS = 5
"""Clocks that differ by less are said to agree."""


def clock_text(wiring: Wiring) -> str:
    """Say that this machine's clock differs from the database's, and what follows; nothing where they agree."""
    lead = round(wiring.clock_lead().total_seconds())
    if abs(lead) < CLOCKS_AGREE_SECONDS:
        return ""
    which = "ahead of" if lead > 0 else "behind"
    return (
        f"clocks: this machine is {abs(lead)} s {which} the database. Runs go by the database's clock; set this "
        "machine's by NTP, for cron and the log go by it."
    )


class Stopping:
    """Turns the first Ctrl-C or SIGTERM into a question a run answers when it can; the second ends the process."""

    def __init__(self) -> None:
        self._signal: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Stopping:
        """Listen from now on."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_raised: object) -> None:
        """Let the process be as it was."""
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]  # what signal.signal gave

    def is_asked(self) -> bool:
        """Tell whether a person or the system wants us to stop."""
        return self._signal is not None

    @property
    def exit_code(self) -> int:
        """Give the code of a process that stopped because it was asked to."""
        return exits.TERMINATED if self._signal == signal.SIGTERM else exits.INTERRUPTED

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        if self._signal is None:
            self._signal = number
            with contextlib.suppress(OSError):
                os.write(2, b"\nStopping after the page at hand; once more stops at once.\n")
            return
        # A run is safe to kill at any statement: the next one goes on from there.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
