"""What a run does beside pulling: withdraw, expire, remove, reveal. Each is one short transaction."""

from __future__ import annotations

import structlog
from sqlalchemy import Connection

from connector.bookkeeping import (
    checkpoints,
    hidings,
    invitations,
    ledger,
    leftovers,
    pending,
    quarantine,
    register,
    stopped,
    withheld_keys,
)
from connector.bookkeeping.checkpoints import Checkpoint
from connector.portal import documents, removal
from jobs.run_state import RunState
from jobs.standstill import unjudged
from jobs.stream_apply import derive, note_rows_gone
from jobs.supply import supplied
from mappings.gates import LEFT, NO_ENROLLED_CHILD
from schemas.modules import ESSENTIAL, STREAMS_OF, Module
from schemas.runs import RunStatus, Sums
from schemas.streams import Stream, children_of

_log = structlog.get_logger("connector")
UNJUDGED = "unjudged"
"""Why a key is hidden whose record could not be judged for too long."""


def withdraw_closed(run: RunState, closed: frozenset[Stream]) -> None:
    """What no open module needs leaves the portal, with everything we remembered of it."""
    concealed = [module for module in Module if module in run.revealed and module not in run.policy.modules]
    if not closed and not concealed:
        return
    school = run.parts.school.id
    with run.session.write() as connection:
        run.fence(connection)
        gone = removal.delete_streams(connection, school, closed, derive)
        checkpoints.forget(connection, school, closed)
        quarantine.forget(connection, school, closed)
        pending.forget(connection, school, set(closed))
        stopped.forget(connection, school, closed)
        withheld_keys.forget(connection, school, closed)
        register.conceal(connection, school, concealed)
        for stream, rows in gone.items():
            note_rows_gone(run, connection, stream, Sums(withdrawn=rows))
        run.checkpoints = checkpoints.read(connection, school)
    run.revealed -= frozenset(concealed)
    run.stops = {stream: stop for stream, stop in run.stops.items() if stream not in closed}
    _log.info("streams_withdrawn", streams=len(closed), withdrawn=sum(gone.values()))


def withdraw_ended(run: RunState) -> None:
    """Rows whose time is over leave the portal; the views stopped showing them at that moment."""
    if not run.leftovers.ended:
        return
    school, now = run.parts.school.id, run.parts.clock()
    with run.session.write() as connection:
        run.fence(connection)
        removal.forget_doomed(connection)
        for stream in leftovers.ENDING:
            over = leftovers.ended(stream, school, now)
            removal.doom(connection, school, stream, over)
            if children_of(stream):
                pending.hide(connection, school, stream, over, LEFT, now)
        for stream, rows in removal.delete_doomed(connection, school, derive).items():
            note_rows_gone(run, connection, stream, Sums(withdrawn=rows))
        pending.forget_gone(connection, school)


def has_unjudged(run: RunState) -> bool:
    """Tell whether rows are still in the portal that could not be judged for as long as they may stay so."""
    over = unjudged(run)
    if not over:
        return False
    with run.session.read() as connection:
        queries = (stopped.unjudged_keys(run.parts.school.id, stream, stop) for stream, stop in over.items())
        return any(connection.execute(query.limit(1)).first() is not None for query in queries)


def withdraw_unjudged(run: RunState) -> None:
    """Withhold what nobody could judge for too long. That is our decision, so nothing holds it.

    It does not wait for the source, which may be away just then.
    """
    if run.is_dry or not has_unjudged(run):
        return
    school, now = run.parts.school.id, run.parts.clock()
    run.staging.prepare()
    with run.session.write() as connection:
        run.fence(connection)
        removal.forget_doomed(connection)
        key = invitations.keep_key(connection, school)
        for stream, stop in unjudged(run).items():
            over = stopped.unjudged_keys(school, stream, stop)
            stopped.keep_digests(connection, school, stream, over, key, now)
            removal.doom(connection, school, stream, over)
            if children_of(stream):
                pending.hide(connection, school, stream, over, UNJUDGED, now)
        gone = removal.delete_doomed(connection, school, derive)
        for stream, rows in gone.items():
            note_rows_gone(run, connection, stream, Sums(withdrawn=rows))
        pending.forget_gone(connection, school)
    _log.warning("rows_unjudged", withdrawn=sum(gone.values()))


def expire_held(run: RunState) -> None:
    """Held keys nobody approved in time are dropped; their streams are looked at anew and may be held again."""
    if not run.leftovers.expired:
        return
    school, now = run.parts.school.id, run.parts.clock()
    with run.session.write() as connection:
        run.fence(connection)
        checkpoints.demand_full(connection, school, pending.expire(connection, school, now), "held_expired")
        run.checkpoints = checkpoints.read(connection, school)


def remove_due(run: RunState) -> None:
    """Removals last, children first, in one transaction; then guardians none of whose children is left."""
    school = run.parts.school.id
    childless = pending.childless_guardians(school)
    with run.session.read() as connection:
        is_related = run.checkpoints.get(Stream.GUARDIANSHIPS, Checkpoint()).loaded_at is not None
        has_childless = is_related and connection.execute(childless.limit(1)).first() is not None
        has_due = pending.has_due(connection, school)
        if not has_due and not has_childless:
            return
    with run.session.write() as connection:
        run.fence(connection)
        if has_due:
            _remove(run, connection)
        if is_related:
            _withdraw_childless(run, connection)


def _remove(run: RunState, connection: Connection) -> None:
    school, now = run.parts.school.id, run.parts.clock()
    removal.forget_doomed(connection)
    for stream in Stream:
        removal.doom(connection, school, stream, pending.due_ids(school, stream))
    gone = removal.delete_doomed(connection, school, derive)
    pending.forget_removed(connection, school, now)
    for stream, rows in gone.items():
        note_rows_gone(run, connection, stream, Sums(removed=rows))
    _log.info("rows_removed", removed=sum(gone.values()))


def _withdraw_childless(run: RunState, connection: Connection) -> None:
    school, now = run.parts.school.id, run.parts.clock()
    childless = pending.childless_guardians(school)
    removal.forget_doomed(connection)
    removal.doom(connection, school, Stream.GUARDIANS, childless)
    pending.hide(connection, school, Stream.GUARDIANS, childless, NO_ENROLLED_CHILD, now)
    for stream, rows in removal.delete_doomed(connection, school, derive).items():
        note_rows_gone(run, connection, stream, Sums(withdrawn=rows), {NO_ENROLLED_CHILD: rows})
    pending.forget_gone(connection, school)


def finish(run: RunState, problem: str) -> None:
    """Reveal what finished its first load, count what waited too long, forget old hidings, close the run."""
    school, now = run.parts.school.id, run.parts.clock()
    suppliable = frozenset(supplied(run))
    loaded = {stream for stream, checkpoint in run.checkpoints.items() if checkpoint.loaded_at is not None}
    complete = [
        module
        for module in Module
        if module in run.policy.modules
        and module not in run.revealed
        and ESSENTIAL[module] <= suppliable
        and suppliable & frozenset(STREAMS_OF[module]) <= loaded
    ]
    with run.session.write() as connection:
        run.fence(connection)
        register.reveal(connection, school, complete, now)
        hidings.prune(connection, school, now)
        if run.task.document is not None and not problem:
            ledger.note_document(connection, school, *run.task.document, now)
        run.quarantined += quarantine.report_overdue(connection, school, now)
        # What runs that broke off found has not been told to anyone yet.
        run.quarantined += quarantine.unreported(connection, school, run.run_id, ledger.unfinished(school))
        run.refused += documents.unreported(connection, school, run.run_id, ledger.unfinished(school))
        run.held += pending.unreported(connection, school, run.run_id, ledger.unfinished(school))
        status = RunStatus.INCOMPLETE if problem else RunStatus.DONE
        ledger.close_run(connection, run.run_id, status, problem, now)
    for module in complete:
        _log.info("module_revealed", modules=1, reason=module.value)
