"""The ledger around a run: that it began, and how it ended early."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from connector.bookkeeping import ledger
from connector.telemetry.logs import error_fields
from jobs.run_state import RunState
from schemas.errors import ConnectorError, StopRequested
from schemas.runs import RunStatus

_log = structlog.get_logger("connector")


@contextmanager
def ledgered(run: RunState) -> Iterator[None]:
    """Write down that the run began and, when it breaks off, why."""
    parts = run.parts
    if not run.is_dry:
        with run.session.write() as connection:
            run.fence(connection)
            ledger.open_run(
                connection,
                run.run_id,
                parts.school.id,
                source=parts.school.source,
                trigger=run.task.trigger,
                now=parts.clock(),
            )
        _log.info("run_started", trigger=run.task.trigger.value)
    try:
        yield
    except StopRequested as error:
        pause = parts.pause()
        _close(run, RunStatus.STOPPED, str(error) if pause is None else f"{pause.said()}.")
        raise
    except ConnectorError as error:
        _close(run, RunStatus.FAILED, str(error))
        _log.error("run_failed", error_type=type(error).__name__, reason=str(error))
        raise
    except BaseException as error:
        _close(run, RunStatus.FAILED, f"unexpected {type(error).__name__}")
        if isinstance(error, Exception):
            _log.error("unexpected_error", **error_fields(error))
        raise


def _close(run: RunState, status: RunStatus, error: str) -> None:
    """Write down how a run ended early, if the database still listens."""
    if run.is_dry:
        return
    try:
        with run.session.write() as connection:
            ledger.close_run(connection, run.run_id, status, error, run.parts.clock())
    except ConnectorError as failure:
        _log.warning("run_failed", error_type=type(failure).__name__, reason="the end of the run was not written down")
