"""`connector serve`: keep every school up to date by the clock, until asked to stop."""

from __future__ import annotations

import os
import sys

from jobs.cli import exits, metrics, session


def serve() -> int:
    """Keep every school up to date by the clock, until SIGTERM or Ctrl-C."""
    with session.Stopping() as stopping, session.opened(stopping) as wiring:
        from connector.telemetry.health import Heartbeat
        from jobs.engines.scheduler import serve as keep_serving

        heartbeat = Heartbeat()
        with metrics.beside(wiring.settings, heartbeat):
            left = keep_serving(wiring, should_stop=stopping.is_asked, beat=heartbeat.beat)
        if left:
            _leave()
    return exits.WELL


def _leave() -> None:
    """End now, although a request is still awaited: a run is safe to end at any statement, and the next goes on."""
    sys.stderr.flush()
    os._exit(exits.WELL)
