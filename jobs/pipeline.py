"""One run for one school, from top to bottom: lease, policy, what changed, pull, release, remove, documents, reveal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import structlog

from connector.bookkeeping import leases, ledger, pending, quarantine
from connector.bookkeeping.checkpoints import Checkpoint
from connector.bookkeeping.leases import Lease
from connector.portal.database import Session
from jobs.documents import has_documents_due, tend_documents
from jobs.housekeeping import (
    expire_held,
    finish,
    has_unjudged,
    remove_due,
    withdraw_closed,
    withdraw_ended,
    withdraw_unjudged,
)
from jobs.ledgered import ledgered
from jobs.news import learn_wishes
from jobs.opening import open_state
from jobs.parts import IS_UNWANTED, Parts, Task
from jobs.period_pull import pull_period
from jobs.run_state import RunState
from jobs.standstill import is_refused, note_refused, note_unreached, problem_of, rests, save_refused
from jobs.stream_pull import pull_bundle
from jobs.supply import note_missing, set_aside, supplied
from jobs.switch import refusal
from schemas.errors import (
    ConnectorError,
    CursorExpired,
    StopRequested,
    StreamNotSupplied,
    StreamRefused,
    TransientError,
)
from schemas.ids import SchoolId, SourceKey
from schemas.modules import STREAMS_OF
from schemas.runs import RunReport, RunStatus, StreamReport
from schemas.stops import PEOPLE, REFUSED
from schemas.streams import Changes, Cursor, Pull, Stream, children_of

_log = structlog.get_logger("connector")
MOST_FAILURES = 3
"""So many streams that fail one after another mean that the source is away; the rest is not asked for."""
ONCE_A_NIGHT = timedelta(hours=20)


class Work(NamedTuple):
    """What there is to do. `full` and `changed` are streams to pull; the others are housekeeping."""

    full: frozenset[Stream]
    changed: frozenset[Stream]
    closed: frozenset[Stream]
    has_leftovers: bool

    @property
    def is_nothing(self) -> bool:
        """Tell whether the school is quiet."""
        return not (self.full or self.changed or self.closed or self.has_leftovers)


NO_WORK = Work(frozenset(), frozenset(), frozenset(), has_leftovers=False)
"""Nothing but what comes up during the run itself."""


def run_school(parts: Parts, task: Task) -> RunReport:
    """Do one run under the school's lease; a dry run takes none and writes nothing.

    Raises SchoolPaused, LeaseHeld, ConfigurationError, TransientError, SourceRefused, WrongSchool, StopRequested and
    database errors, after the run was written down as failed or stopped.
    """
    if (pause := parts.pause()) is not None:
        raise refusal(pause)
    unwanted = IS_UNWANTED.set(parts.should_stop)
    try:
        return _run_unpaused(parts, task)
    except StopRequested as error:
        if (pause := parts.pause()) is not None:
            raise refusal(pause) from error
        raise
    finally:
        IS_UNWANTED.reset(unwanted)


def _run_unpaused(parts: Parts, task: Task) -> RunReport:
    with _named_in_logs(parts.school.id), parts.database.session() as session:
        if task.is_dry_run:
            return _go(open_state(session, parts, task, None))
        lease = leases.acquire(session, parts.school.id, parts.lease_seconds)
        if lease.is_takeover:
            _log.warning("lease_taken_over")
        is_checked = False
        try:
            report = _go(open_state(session, parts, task, lease))
            is_checked = report.status in {RunStatus.QUIET, RunStatus.DONE} and _has_looked(parts, task)
            return report
        finally:
            _release(session, lease, is_checked=is_checked)
            session.sweep()


@contextmanager
def _named_in_logs(school: SchoolId) -> Iterator[None]:
    """Put the school on every line of the block, and take it and the run off afterwards."""
    structlog.contextvars.bind_contextvars(school=school)
    try:
        yield
    finally:
        structlog.contextvars.unbind_contextvars("school", "run_id")


def _has_looked(parts: Parts, task: Task) -> bool:
    """Tell whether the run looked at what is new; not so a backfill, or a school fed by files between two documents."""
    is_live = parts.source.capabilities.is_incremental and task.period is None
    return is_live or task.document is not None


def _release(session: Session, lease: Lease, *, is_checked: bool) -> None:
    try:
        leases.release(session, lease, checked=is_checked)
    except ConnectorError as error:
        _log.warning("run_failed", error_type=type(error).__name__, reason="the lease was not given back")


def _go(run: RunState) -> RunReport:
    """Ask what changed; a quiet school ends here. Everything else is a run in the ledger."""
    structlog.contextvars.bind_contextvars(run_id=run.run_id)
    started = time.monotonic()
    try:
        work = _look(run)
    except ConnectorError:
        with ledgered(run):
            withdraw_unjudged(run)
            raise
    if work.is_nothing and run.task.is_whole and run.task.document is None:
        _log.info("run_quiet", seconds=round(time.monotonic() - started, 3))
        problem = problem_of(run)
        return _report(run, RunStatus.INCOMPLETE if problem else RunStatus.QUIET, problem)
    with ledgered(run):
        error_text = _work(run, work)
    status = RunStatus.INCOMPLETE if error_text else RunStatus.DONE
    _log.info("run_finished", status=status.value, seconds=round(time.monotonic() - started, 3))
    return _report(run, status, error_text)


def _report(run: RunState, status: RunStatus, error_text: str = "") -> RunReport:
    lacking = set_aside(run)
    return RunReport(
        run.run_id,
        run.parts.school.id,
        status,
        tuple(run.reports),
        run.quarantined,
        run.held,
        error_text,
        run.is_dry,
        tuple(stream for stream in run.policy.streams if stream in lacking),
        run.stored,
        run.refused,
    )


def _selected(run: RunState) -> tuple[Stream, ...]:
    """Give the streams that open modules need, the task selects and the source can supply."""
    if not run.task.modules:
        return supplied(run)
    wanted = {stream for module in run.task.modules for stream in STREAMS_OF[module]}
    return tuple(stream for stream in supplied(run) if stream in wanted)


def _look(run: RunState) -> Work:
    """Find out what there is to do, with at most one question to the source."""
    leftovers = _has_leftovers(run)
    closed = frozenset((*run.checkpoints, *run.stops)) - frozenset(run.policy.streams)
    streams = _selected(run) if run.task.is_whole else ()
    if not run.parts.source.capabilities.is_incremental:
        streams = streams if run.task.document is not None else ()
        return Work(frozenset(streams), frozenset(), closed, leftovers)
    wanted = [stream for stream in streams if not is_refused(run, stream)]
    full = frozenset(
        stream for stream in wanted if (run.task.is_full or _needs_full(run, stream)) and not rests(run, stream)
    )
    cursors = {
        stream: cursor
        for stream in wanted
        if stream not in full and (cursor := run.checkpoints.get(stream, Checkpoint()).cursor) is not None
    }
    changes = _changes(run, cursors)
    expired = frozenset(stream for stream in changes.expired if not _waits(run, stream))
    # Only asking for it tells whether it is granted again.
    due = frozenset(stream for stream in cursors if stream in run.stops and run.stops[stream].code == REFUSED)
    return Work(full | expired, (changes.changed | due) - changes.expired, closed, leftovers)


def _waits(run: RunState, stream: Stream) -> bool:
    """Tell of a stream whose cursor the source forgot whether it is pulled in full another time.

    While it stopped that is when it is tried again; while disappearances wait for a person, once a night: each full
    pull would find them again.
    """
    if rests(run, stream):
        return True
    with run.session.read() as connection:
        if not pending.holds_removals(connection, run.parts.school.id, stream):
            return False
        last = ledger.last_full_at(connection, run.parts.school.id, stream)
    return last is not None and run.parts.clock() - last < ONCE_A_NIGHT


def _has_leftovers(run: RunState) -> bool:
    left = run.leftovers
    if left.removals or left.expired or left.overdue or left.broken_off or left.ended or has_documents_due(run):
        return True
    if left.stopped and has_unjudged(run):
        return True
    return left.approved and bool(_approved(run))


def _changes(run: RunState, cursors: Mapping[Stream, Cursor]) -> Changes:
    """Ask what changed; where the source has dropped a stream, ask it which, and then about the others."""
    source, school = run.parts.source, run.parts.school.id
    if not cursors:
        return Changes(frozenset(), frozenset())
    try:
        changes = source.changed(school, cursors)
        run.is_answered = True
        return changes
    except StreamRefused:  # perhaps one of these is no longer granted: asked one by one, each answers for itself
        return Changes(frozenset(cursors), frozenset())
    except StreamNotSupplied:
        gone = cursors.keys() - source.describe(school).streams
        if not gone:
            raise
    note_missing(run, [stream for stream in Stream if stream in gone])
    lacking = set_aside(run)
    return _changes(run, {stream: cursor for stream, cursor in cursors.items() if stream not in lacking})


def _needs_full(run: RunState, stream: Stream) -> bool:
    checkpoint = run.checkpoints.get(stream, Checkpoint())
    if checkpoint.loaded_at is None or checkpoint.cursor is None or checkpoint.full_reason is not None:
        return True
    return checkpoint.fingerprint != run.policy.fingerprint(stream)


def _work(run: RunState, work: Work) -> str:
    """Do the run; give the text of what stayed undone (a stream that could not be pulled), or nothing."""
    run.staging.prepare()
    if not run.is_dry:
        withdraw_closed(run, work.closed)
        withdraw_ended(run)
        withdraw_unjudged(run)
        expire_held(run)
    else:
        for stream in Stream:
            run.staging.clear(stream)
    learn_wishes(run, work.full | work.changed)
    _pull_keys(run, run.task.keys or {})
    _pull_keys(run, _approved(run))
    period = run.task.period
    problem = _pull_streams(run, work) if period is None else pull_period(run, period)
    if not run.is_dry:
        _release_waiting(run)
        problem = problem if period is not None else _pull_streams(run, NO_WORK) or problem
        remove_due(run)
        undone = tend_documents(run)
        problem = problem or undone
    problem = " ".join(one for one in (problem_of(run), problem) if one)
    if not run.is_dry:
        finish(run, problem)
    return problem


def _pull_streams(run: RunState, work: Work) -> str:
    """Pull bundle by bundle, parents first; give what stayed undone.

    A bundle may fail for a while, and what hangs on it then waits; or be refused, and the others go on. A source that
    fails `MOST_FAILURES` times on end is away.
    """
    failures, problem = 0, ""
    refusals: list[StreamRefused] = []
    selected = set(_selected(run))
    passed: set[Stream] = {stream for stream in selected if is_refused(run, stream)}
    with run.ahead:
        while pulls := _still_to_pull(run, work, selected - passed):
            run.ahead.expect(pulls)
            streams = pulls[0].streams
            passed.update(streams)
            try:
                reports = _pull_one(run, pulls[0])
            except StreamNotSupplied:
                note_missing(run, streams)
                passed |= set_aside(run)
                continue
            except StreamRefused as error:
                refusals.append(error)
                note_refused(run, streams, error)
                continue
            except TransientError as error:
                failures += 1
                if failures == MOST_FAILURES or not _is_sources_fault(error):
                    raise
                problem = problem or str(error)
                waiting = () if note_unreached(run, streams) else _hanging_on(streams)
                passed.update(waiting)
                _log.warning("stream_skipped", streams=len(streams) + len(waiting), error_type=type(error).__name__)
                continue
            failures, run.is_answered = 0, True
            short = [report.stream.value for report in reports if report.is_incomplete]
            if short:
                problem = f"The source counted other records than it handed out: {', '.join(short)}."
    if refusals and not run.is_answered:
        raise refusals[0]
    save_refused(run)
    return problem


def _hanging_on(streams: Iterable[Stream]) -> tuple[Stream, ...]:
    return tuple(child for stream in streams for child in children_of(stream))


def _still_to_pull(run: RunState, work: Work, left: set[Stream]) -> list[Pull]:
    """Give what is still to be pulled, parents first; a stream that a parent now wants in full is pulled in full."""
    pulls: list[Pull] = []
    # People and consent come first: whether they can be read decides what may be shown of the others.
    for bundle in sorted(run.parts.source.capabilities.bundles, key=PEOPLE.isdisjoint):
        full = {s for s in bundle if s in left and (s in work.full or _is_demanded(run, s))}
        streams = tuple(s for s in bundle if s in full or s in work.changed)
        if streams and left.issuperset(streams):
            pulls.append(Pull(streams, cursor=None if full else run.checkpoints[streams[0]].cursor))
    return pulls


def _is_sources_fault(error: TransientError) -> bool:
    """Tell a source that stumbles over one stream from a database that is away."""
    return type(error) is TransientError


def _is_demanded(run: RunState, stream: Stream) -> bool:
    """Tell whether a parent that came back in this very run wants the stream in full."""
    if rests(run, stream):
        return False
    return run.checkpoints.get(stream, Checkpoint()).full_reason is not None


def _pull_one(run: RunState, pull: Pull) -> list[StreamReport]:
    try:
        return pull_bundle(run, pull)
    except CursorExpired:
        if pull.cursor is None:
            raise
        return pull_bundle(run, Pull(pull.streams))


def _release_waiting(run: RunState) -> None:
    """Fetch the parents that new children wait for, then the children whose parents have arrived."""
    school = run.parts.school.id
    if not run.parts.source.capabilities.fetches_by_key:
        return
    with run.session.read() as connection:
        wanted = quarantine.waiting_parents(connection, school, ledger.unfinished(school))
    _pull_keys(run, wanted)
    with run.session.read() as connection:
        released = quarantine.released(connection, school)
    _pull_keys(run, released)


def _approved(run: RunState) -> Mapping[Stream, tuple[SourceKey, ...]]:
    """Give the additions and alterations that a person approved, of this run or left by one that died."""
    if run.is_dry or not run.parts.source.capabilities.fetches_by_key:
        return {}
    with run.session.read() as connection:
        approved = pending.approved_keys(connection, run.parts.school.id)
    pulled = supplied(run)
    return {stream: tuple(SourceKey(key) for key in keys) for stream, keys in approved.items() if stream in pulled}


def _pull_keys(run: RunState, wanted: Mapping[Stream, tuple[SourceKey, ...]]) -> None:
    for stream, keys in wanted.items():
        if not keys or stream not in supplied(run):
            continue
        try:
            pull_bundle(run, Pull((stream,), keys=keys))
        except StreamNotSupplied:
            note_missing(run, [stream])
