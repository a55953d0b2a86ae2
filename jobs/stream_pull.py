"""One pull: stage the pages of one bundle of streams, then plan, brake and apply each, parents first."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import structlog
from sqlalchemy import Connection

from connector.bookkeeping import invitations, ledger, stopped, withheld_keys
from connector.bookkeeping.checkpoints import Checkpoint
from connector.portal import aliases, judged, plan, survey
from connector.portal.staging import ALONG, NEW, STAGING, settle_duplicates
from connector.portal.survey import Drawn, Survey
from jobs.fetch_ahead import HeldUp, named_in_logs
from jobs.parts import Progress
from jobs.run_state import RunState
from jobs.staged_rows import page_rows
from jobs.standstill import is_frozen, stop_of
from jobs.stream_apply import Settled, Staged, Tally, apply_stream
from mappings.activation import is_settings_change
from mappings.brake import PASSES, PlanCounts, Recent, Verdict, bounds, judge
from mappings.gates import Context
from mappings.unreadable import is_over, staying
from schemas.brake import MEASURES, Age
from schemas.errors import StopRequested
from schemas.runs import StreamReport, Sums
from schemas.stops import UNREADABLE_KEY, Stop
from schemas.streams import TIES, Action, Mode, Outcome, Pull, Stream

_log = structlog.get_logger("connector")
RETRIES_OF_A_SHORT_ENUMERATION = 1
_HOUSED = frozenset({Stream.PUPILS, Stream.GUARDIANS})
_ENUMERATIONS = frozenset({Mode.FULL, Mode.PERIOD})


def pull_bundle(run: RunState, pull: Pull) -> list[StreamReport]:
    """Stage, plan, brake and apply these streams. Raises what the source raises; nothing half is applied."""
    with named_in_logs(pull):
        for attempt in range(RETRIES_OF_A_SHORT_ENUMERATION + 1):
            try:
                tallies = _stage(run, pull)
            except HeldUp:  # the source forgot the enumeration meanwhile; now it is this stream's turn
                tallies = _stage(run, pull)
            with run.session.read() as connection:
                staged = [_weigh(run, connection, stream, pull.mode, tallies[stream]) for stream in pull.streams]
            if not any(stream.is_short for stream in staged):
                break
            _log.warning("enumeration_incomplete", streams=len(staged), attempt=attempt + 1)
        reports = [_settle(run, stream) for stream in staged]
        run.reports += reports
        return reports


def _stage(run: RunState, pull: Pull) -> Mapping[Stream, Tally]:
    """Put every page into the staging tables."""
    parts = run.parts
    selections, begins = run.policy.selections, run.policy.history_from
    key = _home_key(run) if _HOUSED.intersection(pull.streams) else b""
    context = Context(parts.clock(), frozenset(run.policy.streams), selections, begins, key)
    tallies = {stream: Tally(is_first=not run.is_loaded(stream)) for stream in pull.streams}
    for stream in pull.streams:
        run.staging.clear(stream)
    for page in run.ahead.pages(pull, run.wait):
        tally = tallies[page.stream]
        # Most of what was loaded before is as it was; what differs is found out when the plan is drawn.
        action = Action.ADD if tally.is_first else Action.KEEP
        run.staging.add(page.stream, page_rows(page, parts.readers[page.stream], context, action))
        tally.count(page)
        parts.on_progress(Progress(parts.school.id, page.stream, tally.fetched, page.expected, is_done=page.is_last))
        if parts.should_stop():
            raise StopRequested(f"School {parts.school.id}: stopped on request after a page of {page.stream.value}.")
        run.keep_lease()
    return tallies


def _home_key(run: RunState) -> bytes:
    """Give the key by which homes are compared; made at the school's first pull, for this once in a dry run."""
    school = run.parts.school.id
    with run.session.read() as connection:
        key = invitations.kept_key(connection, school)
    if key is not None:
        return key
    if run.is_dry:
        return secrets.token_bytes(32)
    with run.session.write() as connection:
        run.fence(connection)
        return invitations.keep_key(connection, school)


def _weigh(run: RunState, connection: Connection, stream: Stream, mode: Mode, tally: Tally) -> Staged:
    """Judge whether an enumeration can be trusted to be complete."""
    if not tally.is_first:  # else there is no row yet that what was staged would be compared with
        run.session.learn(STAGING[stream], tally.fetched, ("id", "outcome", "action", *TIES[stream]))
    lot = survey.lot(connection, stream)
    counted = tally.first_expected is None or (tally.first_expected == tally.last_expected == lot.keys + lot.unreadable)
    is_short = mode in _ENUMERATIONS and not (tally.is_ended and counted)
    is_complete = mode is Mode.FULL and not is_short and lot.unreadable == 0
    return Staged(stream, mode, tally, lot, is_short, is_complete)


def _settle(run: RunState, staged: Staged) -> StreamReport:
    """Plan, brake and, unless it is a dry run, apply one staged stream."""
    parts, stream = run.parts, staged.stream
    checkpoint = run.checkpoints.get(stream, Checkpoint())
    now = parts.clock()
    with run.session.read() as connection:
        found, new_aliases = _survey(run, connection, staged)
        question, stop = _question(run, connection, staged, found)
        plan.draw(connection, question)
        drawn = survey.drawn(connection, stream)
        time = judged.Time(now, checkpoint.loaded_at, bounds(now, parts.school.limits.days))
        wishes = _wishes(run, connection, staged, checkpoint, question, drawn, time)
        verdict = _brake(run, connection, staged, checkpoint, wishes)
        if verdict.held:
            is_whole = verdict.reason == "keys_reissued"
            judged.hold(connection, question, verdict.held, verdict.age, time, is_whole=is_whole)
            drawn = survey.drawn(connection, stream)
        report = _report(staged, drawn, wishes, verdict)
    _log.info("stream_planned", stream=stream.value, mode=staged.mode.value, **report.sums._asdict())
    if report.sums.held:
        _log.warning("stream_held", stream=stream.value, held=report.sums.held, reason=report.hold_reason)
    settled = Settled(found, drawn, report, new_aliases, stop, question.is_frozen, question.returning)
    if not run.is_dry:
        report = apply_stream(run, staged, settled)
    _note_stop(run, staged, stop)
    return report


def _question(
    run: RunState, connection: Connection, staged: Staged, found: Survey
) -> tuple[plan.Question, Stop | None]:
    """Put together what is planned, and judge whether the source stopped sending the stream as it should."""
    parts, stream, lot = run.parts, staged.stream, staged.lot
    size = max(found.size, lot.keys + lot.unreadable) if staged.mode is Mode.FULL else found.size
    stop = stop_of(run, connection, stream, staged.mode, lot.unread, size)
    now, hours = parts.clock(), parts.unreadable_hours  # after the stop, which may be of this very moment
    is_unseen_over = stop is not None and stop.code == UNREADABLE_KEY and is_over(stop, now, hours)
    returning: frozenset[str] = frozenset()
    if stream in found.unjudged:
        returning = stopped.returning(connection, parts.school.id, stream, now)
    return plan.Question(
        parts.school.id,
        stream,
        staged.tally.scope,
        staged.tally.is_first,
        staged.is_complete,
        is_wanted=staged.mode is Mode.KEYS,
        counts_staged_parents=run.is_dry,
        survey=found,
        staying=staying(stop, now, hours),
        is_frozen=is_frozen(run, stream, stop),
        withdraws_unseen=is_unseen_over and staged.mode is Mode.FULL and not staged.is_short,
        returning=returning,
    ), stop


def _note_stop(run: RunState, staged: Staged, stop: Stop | None) -> None:
    """Remember in the run how the stream stands; what a backfill found concerns its own period only."""
    if run.task.period is not None or staged.mode is Mode.KEYS:
        return
    if stop is None:
        if run.stops.pop(staged.stream, None) is not None:
            _log.info("stream_resumed", stream=staged.stream.value)
    else:
        run.stops[staged.stream] = stop


def _survey(run: RunState, connection: Connection, staged: Staged) -> tuple[Survey, list[aliases.Alias]]:
    """Look at what there is to reckon with, once keys mean what they mean and no key is there twice."""
    school, stream, lot = run.parts.school.id, staged.stream, staged.lot
    found = survey.survey(connection, school, stream, lot)
    run.staging.resolve_keys(connection, stream, found.aliased)
    new: list[aliases.Alias] = []
    if lot.naming_former_keys or lot.deleted:
        new = aliases.settle_former_keys(connection, school, stream)
    if lot.has_twins or new or stream in found.aliased:
        settle_duplicates(connection, stream, is_snapshot=staged.mode in _ENUMERATIONS)
        found = found._replace(lot=survey.lot(connection, stream))
    return found, new


def _wishes(
    run: RunState,
    connection: Connection,
    staged: Staged,
    checkpoint: Checkpoint,
    question: plan.Question,
    drawn: Drawn,
    time: judged.Time,
) -> judged.Wishes:
    """Count what the brake judges, once it is known what of it is old."""
    school, stream = run.parts.school, staged.stream
    is_judged = run.is_past_first_load(stream) and not _is_by_decision(run, staged, checkpoint)
    if is_judged and judged.mark_old(connection, question, drawn, time):
        withheld_keys.mark_old(connection, school.id, stream)
    most = school.limits.per_child.get(stream, MEASURES[stream].most)
    return judged.wishes(connection, question, drawn, time, most=most, is_judged=is_judged)


def _brake(
    run: RunState, connection: Connection, staged: Staged, checkpoint: Checkpoint, wishes: judged.Wishes
) -> Verdict:
    if not any(wishes[1:]):
        return PASSES
    counts = PlanCounts(
        wishes.size,
        wishes.removals,
        wishes.additions,
        wishes.identities,
        is_past_first_load=run.is_past_first_load(staged.stream),
        is_by_decision=_is_by_decision(run, staged, checkpoint),
        by_share=wishes.by_share,
        is_by_share=MEASURES[staged.stream].is_by_share,
        endings=wishes.endings,
        in_force=wishes.in_force,
        crowded=wishes.crowded,
        crowded_before=wishes.crowded_before,
        pupils=wishes.pupils,
    )
    gone, came, size = ledger.recent(connection, run.parts.school.id, staged.stream, run.parts.clock())
    return judge(counts, Recent(gone, came, size), run.parts.school.limits)


def _is_by_decision(run: RunState, staged: Staged, checkpoint: Checkpoint) -> bool:
    """Tell whether a person asked for this: for a period, or by a change of what decides the stream's rows."""
    fingerprint = run.policy.fingerprint(staged.stream)
    return staged.mode is Mode.PERIOD or (
        staged.mode is Mode.FULL and is_settings_change(checkpoint.fingerprint, fingerprint)
    )


def _report(staged: Staged, drawn: Drawn, wishes: judged.Wishes, verdict: Verdict) -> StreamReport:
    """Count what was staged; raises BooksDoNotBalance when a record is not accounted for."""
    shown = Outcome.SHOWN.value
    is_let_in = Action.ADD not in verdict.held or verdict.age is Age.NEW
    sums = Sums(
        fetched=staged.tally.fetched,
        added=drawn.count(shown, Action.ADD),
        altered=drawn.count(shown, Action.ALTER),
        unchanged=drawn.count(shown, Action.KEEP),
        withheld=drawn.count(Outcome.WITHHELD.value),
        quarantined=drawn.count(Outcome.REJECTED.value),
        tombstones=drawn.count(Outcome.DELETED.value),
        duplicates=drawn.count(Outcome.DUPLICATE.value),
        missing=drawn.count(plan.MISSING),
        held=drawn.count(holds=(NEW, ALONG)),
        disappeared=(0 if Action.REMOVE in verdict.held else wishes.removals)
        + (0 if Action.ALTER in verdict.held else wishes.endings),
        appeared=wishes.by_share if is_let_in else 0,
        size_before=wishes.size,
    )
    sums.check(staged.stream)
    reason = verdict.reason or (ALONG if sums.held else "")
    return StreamReport(staged.stream, staged.mode, sums, drawn.gates, reason, staged.is_short)
