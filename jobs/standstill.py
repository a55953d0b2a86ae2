"""What a run does about a stream that stops: when it is tried again, and what the others may show meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from connector.bookkeeping import stopped
from jobs.run_state import RunState
from mappings.schedule import backoff
from mappings.unreadable import Fault, frozen_by, gravest_fault, is_over
from schemas.errors import StreamRefused
from schemas.stops import PEOPLE, REFUSED, Stop
from schemas.streams import Decides, Mode, Stream

_log = structlog.get_logger("connector")
_LONGEST_WAIT = timedelta(hours=4)


def stop_of(run: RunState, connection: Connection, stream: Stream, mode: Mode, seen: int, size: int) -> Stop | None:
    """Give how the stream stands by what was staged of it: `seen` records, of `size` that there are.

    Call it before a plan is drawn. Only a full pull can tell that the source was mended.
    """
    before = run.stops.get(stream)
    if mode is Mode.KEYS:
        return before
    if before is not None and before.code == REFUSED:
        before = None  # it was handed out
    if mode is Mode.FULL:
        run.tried.add(stream)
    known = stopped.faults(connection, run.parts.school.id, stream) if seen else []
    faults = [Fault(code, path, Decides(decides), records) for code, path, decides, records in known]
    fault = gravest_fault(faults, size, run.parts.school.limits)
    if fault is None:
        return None if mode is Mode.FULL else before
    now = run.parts.clock()
    if before is not None and mode is not Mode.FULL:
        return before
    same = before is not None and before.decides is fault.decides
    since = before.since_at if before is not None and same else now
    tries = before.tries + 1 if before is not None and same else 0
    stop = Stop(fault.code, fault.field_path, fault.decides, fault.records, since, tries, _retry_at(tries, now))
    if not same:
        _log.error("stream_stopped", stream=stream.value, quarantined=fault.records, reason=stop.said(stream))
    return stop


def note_refused(run: RunState, streams: Iterable[Stream], error: StreamRefused) -> None:
    """Set streams aside that the source refuses; `save_refused` writes it down once it has answered anything else."""
    now = run.parts.clock()
    for stream in streams:
        before = run.stops.get(stream)
        is_known = before is not None and before.code == REFUSED
        since, tries = (before.since_at, before.tries + 1) if before is not None and is_known else (now, 0)
        run.stops[stream] = Stop(REFUSED, error.said, Decides.NOTHING, 0, since, tries, _retry_at(tries, now))
        run.tried.add(stream)
        if not is_known:
            _log.error("stream_stopped", stream=stream.value, quarantined=0, reason=str(error))


def save_refused(run: RunState) -> None:
    """Write down which streams were refused in this run."""
    refused = [stream for stream in sorted(run.tried) if stream in run.stops and run.stops[stream].code == REFUSED]
    if not refused or run.is_dry:
        return
    with run.session.write() as connection:
        run.fence(connection)
        for stream in refused:
            stopped.save(connection, run.parts.school.id, stream, run.stops[stream])


def _retry_at(tries: int, now: datetime) -> datetime:
    return now + backoff(tries + 1, _LONGEST_WAIT, 0.0)


def is_frozen(run: RunState, stream: Stream, stop: Stop | None) -> bool:
    """Tell whether a stream, that itself stands so, may only show less."""
    stops = {one: each for one, each in run.stops.items() if one is not stream} | ({stream: stop} if stop else {})
    return bool(run.unreached or frozen_by(stops, run.parts.clock(), run.parts.unreadable_hours))


def rests(run: RunState, stream: Stream) -> bool:
    """Tell whether a stream is not to be pulled in full now: it stopped, or may only show less, and is tried later."""
    now = run.parts.clock()
    frozen = frozen_by(run.stops, now, run.parts.unreadable_hours)
    if stream not in run.stops and not frozen:
        return False
    if stream in run.tried or run.task.is_full:
        return stream in run.tried
    causes = {stream} if stream in run.stops else frozen
    return all(now < run.stops[one].retry_at for one in causes)


def is_refused(run: RunState, stream: Stream) -> bool:
    """Tell whether the source lately refused the stream, so that it is not asked for at all."""
    stop = run.stops.get(stream)
    return stop is not None and stop.code == REFUSED and rests(run, stream)


def unjudged(run: RunState) -> dict[Stream, Stop]:
    """Give the stopped streams of which rows have stayed unjudged for as long as they may."""
    now, hours = run.parts.clock(), run.parts.unreadable_hours
    return {stream: stop for stream, stop in run.stops.items() if is_over(stop, now, hours)}


def problem_of(run: RunState) -> str:
    """Say which streams stopped and who must do what; nothing when none did."""
    needed = [stream for stream in run.policy.streams if stream in run.stops]
    return " ".join(
        f"{(said := run.stops[stream].said(stream))[0].upper()}{said[1:]}. {run.stops[stream].fix(stream)}"
        for stream in needed
    )


def note_unreached(run: RunState, streams: Iterable[Stream]) -> bool:
    """While people or consent cannot be read the other streams may only show less; tell whether it is those."""
    people = PEOPLE.intersection(streams)
    run.unreached |= people
    return bool(people)
