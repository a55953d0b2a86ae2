"""What a source supplies of what open modules need. One of its kind may know fewer streams than its dialect has.

A stream that the source does not know is set aside, with what hangs on it: nothing of it is pulled, nothing of it
counts as empty or missing, and no quiet run asks for it. Once a day, and by a full pull, it is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import structlog

from connector.bookkeeping import checkpoints
from connector.bookkeeping.checkpoints import NOT_SUPPLIED, Checkpoint
from jobs.run_state import RunState
from schemas.errors import SourceRefused
from schemas.streams import Stream, children_of

_log = structlog.get_logger("connector")
ASKED_AGAIN_AFTER = timedelta(days=1)


def supplied(run: RunState) -> tuple[Stream, ...]:
    """Give the streams that open modules need and the source can supply, in dependency order."""
    capable = run.parts.source.capabilities.streams - set_aside(run)
    return tuple(stream for stream in run.policy.streams if stream in capable)


def set_aside(run: RunState) -> frozenset[Stream]:
    """Give the streams that the source lately said it does not know."""
    return frozenset(stream for stream, known in run.checkpoints.items() if _is_set_aside(run, known))


def _is_set_aside(run: RunState, known: Checkpoint) -> bool:
    if known.full_reason != NOT_SUPPLIED or known.updated_at is None:
        return False
    if known.updated_at >= run.started_at:
        return True
    return not run.task.is_full and run.parts.clock() - known.updated_at < ASKED_AGAIN_AFTER


def note_missing(run: RunState, streams: Iterable[Stream]) -> None:
    """Set streams aside, with what hangs on them. Raises SourceRefused where nothing would be left."""
    unknown = tuple(dict.fromkeys(one for stream in streams for one in (stream, *children_of(stream))))
    if Stream.PUPILS in unknown:
        raise SourceRefused(
            "The source says that it has no pupils to supply.", fix="Check the address, and what the supplier granted."
        )
    now = run.parts.clock()
    before = dict(run.checkpoints)
    for stream in unknown:
        known = before.get(stream, Checkpoint())
        run.checkpoints[stream] = known._replace(full_reason=NOT_SUPPLIED, updated_at=now)
    if not run.is_dry:
        with run.session.write() as connection:
            run.fence(connection)
            for stream in unknown:
                checkpoints.save(connection, run.parts.school.id, stream, run.checkpoints[stream], now)
    for stream in unknown:
        is_known = before.get(stream, Checkpoint()).full_reason == NOT_SUPPLIED
        (_log.info if is_known else _log.warning)("stream_not_supplied", stream=stream.value)
