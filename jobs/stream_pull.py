"""One pull: stage the pages of one bundle of streams, then plan, brake and apply each, parents first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, select

from connector.bookkeeping import checkpoints, ledger, pending, quarantine
from connector.bookkeeping.checkpoints import Checkpoint
from connector.portal import access_rows, aliases, group_list_rows, judged, plan, removal, store, survey
from connector.portal.staging import STAGING, settle_duplicates
from connector.portal.survey import Drawn, Lot, Survey
from jobs.fetch_ahead import HeldUp, named_in_logs
from jobs.news import news_of
from jobs.parts import Progress
from jobs.run_state import RunState
from jobs.staged_rows import page_rows
from mappings.access import PupilFacts, Relation, derive_access
from mappings.activation import is_settings_change
from mappings.brake import PASSES, PlanCounts, Recent, Verdict, judge
from mappings.gates import Context
from mappings.group_list import Listed, Parent, derive_entry
from schemas.errors import StopRequested
from schemas.runs import StreamReport, Sums
from schemas.streams import (
    TIES,
    WHOLE_SCHOOL,
    Action,
    Cursor,
    Mode,
    Outcome,
    Page,
    Pull,
    Scope,
    Stream,
    naming,
)
from schemas.tables.catalogue import TABLES

_log = structlog.get_logger("connector")
RETRIES_OF_A_SHORT_ENUMERATION = 1
_ENUMERATIONS = frozenset({Mode.FULL, Mode.PERIOD})


def _access(pupil: tuple[Any, ...], relations: Any) -> list[tuple[Any, ...]]:
    return [tuple(window) for window in derive_access(PupilFacts(*pupil), [Relation(*row) for row in relations])]


def _entry(pupil: tuple[Any, ...], preferences: Any, parents: Any) -> tuple[Any, ...] | None:
    return derive_entry(Listed(*pupil), preferences, [Parent(*row) for row in parents])


derive = removal.Derive(_access, _entry)
"""Brings the pure derivations to the rows of the store."""


@dataclass
class Tally:
    """What the pages of one stream told."""

    fetched: int = 0
    first_expected: int | None = None
    last_expected: int | None = None
    cursor: Cursor | None = None
    is_ended: bool = False
    is_first: bool = False
    """The stream never came in whole: what is shown is staged to be added, else to be kept."""
    scope: Scope = WHOLE_SCHOOL

    def count(self, page: Page) -> None:
        """Take in one page."""
        self.fetched += len(page.items)
        if self.first_expected is None:
            self.first_expected = page.expected
        self.last_expected = page.expected
        self.scope = page.scope
        if page.is_last:
            self.is_ended, self.cursor = True, page.cursor


class Staged(NamedTuple):
    """One stream, staged to the end, and what may be concluded from it."""

    stream: Stream
    mode: Mode
    tally: Tally
    lot: Lot
    is_short: bool
    """The keys seen are not as many as the source counted: nothing can be missing, no checkpoint moves."""
    is_complete: bool


class Settled(NamedTuple):
    """One stream, planned and judged."""

    survey: Survey
    drawn: Drawn
    report: StreamReport
    new_aliases: list[aliases.Alias]


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
    context = Context(parts.clock(), frozenset(run.policy.streams), run.policy.selections, run.policy.history_from)
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
        question = plan.Question(
            parts.school.id,
            stream,
            staged.tally.scope,
            staged.tally.is_first,
            staged.is_complete,
            is_wanted=staged.mode is Mode.KEYS,
            counts_staged_parents=run.is_dry,
            survey=found,
        )
        plan.draw(connection, question)
        drawn = survey.drawn(connection, stream)
        wishes = judged.wishes(connection, question, drawn, checkpoint.loaded_at, now)
        verdict = _brake(run, connection, staged, checkpoint, wishes)
        if verdict.held:
            is_whole = verdict.reason == "keys_reissued"
            judged.hold(connection, question, verdict.held, is_whole=is_whole, loaded_at=checkpoint.loaded_at, now=now)
            drawn = survey.drawn(connection, stream)
        report = _report(run, staged, drawn, wishes, verdict)
    _log.info("stream_planned", stream=stream.value, mode=staged.mode.value, **report.sums._asdict())
    if report.sums.held:
        _log.warning("stream_held", stream=stream.value, held=report.sums.held, reason=report.hold_reason)
    return report if run.is_dry else _apply(run, staged, Settled(found, drawn, report, new_aliases))


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
    )
    gone, came, size = ledger.recent(connection, run.parts.school.id, staged.stream, run.parts.clock())
    return judge(counts, Recent(gone, came, size), run.parts.school.limits)


def _is_by_decision(run: RunState, staged: Staged, checkpoint: Checkpoint) -> bool:
    """Tell whether a person asked for this: for a period, or by a change of what decides the stream's rows."""
    fingerprint = run.policy.fingerprint(staged.stream)
    return staged.mode is Mode.PERIOD or (
        staged.mode is Mode.FULL and is_settings_change(checkpoint.fingerprint, fingerprint)
    )


def _report(run: RunState, staged: Staged, drawn: Drawn, wishes: judged.Wishes, verdict: Verdict) -> StreamReport:
    """Count what was staged; raises BooksDoNotBalance when a record is not accounted for."""
    checkpoint = run.checkpoints.get(staged.stream, Checkpoint())
    shown = Outcome.SHOWN.value
    is_judged = run.is_past_first_load(staged.stream) and not _is_by_decision(run, staged, checkpoint)
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
        held=drawn.count(holds=(plan.NEW, plan.ALONG)),
        disappeared=0 if Action.REMOVE in verdict.held else wishes.removals,
        appeared=wishes.additions if is_judged and Action.ADD not in verdict.held else 0,
        size_before=wishes.size,
    )
    sums.check(staged.stream)
    reason = verdict.reason or (plan.ALONG if sums.held else "")
    return StreamReport(staged.stream, staged.mode, sums, drawn.gates, reason, staged.is_short)


def _apply(run: RunState, staged: Staged, settled: Settled) -> StreamReport:
    """One short transaction: rows, withholdings, access, quarantine, held keys, checkpoint and sums."""
    parts, stream, school, drawn = run.parts, staged.stream, run.parts.school.id, settled.drawn
    with run.session.write() as connection:
        run.fence(connection)
        now = parts.clock()
        gone = _withdraw(run, connection, stream) if drawn.count(action=Action.WITHDRAW) else {}
        access_rows.touch_staged(connection, school, stream)
        group_list_rows.touch_staged(connection, school, stream)
        store.write_rows(connection, school, stream, drawn, news_of(run, connection, stream, drawn), now)
        store.blank_held_secrets(connection, school, stream, drawn)
        if stream in access_rows.DECIDING:
            access_rows.derive_touched(connection, school, derive.access)
        if stream in group_list_rows.DECIDING:
            group_list_rows.derive_touched(connection, school, derive.entry)
        has_merged = aliases.save(connection, school, stream, settled.new_aliases, now)
        known = settled.survey
        if has_merged:  # that hid the key of the record that was taken in
            known = known._replace(hidden=known.hidden | {stream})
        noted = pending.Noted(known, drawn, staged.is_complete, has_gone=bool(gone))
        reason, days = settled.report.hold_reason, parts.hold_days
        pending.note_plan(connection, school, stream, run.run_id, noted, reason=reason, now=now, days=days)
        returned = pending.note_hidden(connection, school, stream, noted, now)
        new_items = quarantine.note_plan(connection, school, stream, run.run_id, noted, now)
        known_checkpoints = run.checkpoints | _move_checkpoint(run, connection, staged)
        if returned or has_merged:
            reason = "parent_returned" if returned else "parent_merged"
            checkpoints.demand_full(connection, school, naming(stream) if has_merged else returned, reason)
            known_checkpoints = checkpoints.read(connection, school)
        report = settled.report._replace(sums=settled.report.sums._replace(withdrawn=gone.pop(stream, 0)))
        ledger.add_sums(connection, run.run_id, school, report, now)
        _note_gone(run, connection, gone)
    if report.sums.added > report.sums.size_before:
        with run.session.read():
            run.session.learn(TABLES[stream], report.sums.added, ("school_id", "id", *TIES[stream]))
    run.checkpoints = known_checkpoints
    run.quarantined += new_items
    run.held += report.sums.held
    reason = "" if _moves(run, staged) else "short"
    _log.info("stream_applied", stream=stream.value, withdrawn=report.sums.withdrawn, reason=reason)
    return report


def _withdraw(run: RunState, connection: Connection, stream: Stream) -> dict[Stream, int]:
    """Take out at once what a gate hides, with what hangs on it."""
    staging = STAGING[stream]
    removal.forget_doomed(connection)
    hidden = select(staging.c.id).where(staging.c.action == Action.WITHDRAW.value)
    removal.doom(connection, run.parts.school.id, stream, hidden)
    return dict(removal.delete_doomed(connection, run.parts.school.id, derive))


def _note_gone(run: RunState, connection: Connection, gone: Mapping[Stream, int]) -> None:
    for stream, rows in gone.items():
        note_rows_gone(run, connection, stream, Sums(withdrawn=rows))


def note_rows_gone(
    run: RunState, connection: Connection, stream: Stream, sums: Sums, gates: Mapping[str, int] | None = None
) -> None:
    """Count rows that left the portal beside a pull of their own stream."""
    report = StreamReport(stream, Mode.CHANGES, sums, gates or {})
    ledger.add_sums(connection, run.run_id, run.parts.school.id, report, run.parts.clock())
    run.reports.append(report)


def _moves(run: RunState, staged: Staged) -> bool:
    """Tell whether the checkpoint moves: not for records asked for by key, nor when the enumeration came up short."""
    return run.task.period is None and staged.mode is not Mode.KEYS and not staged.is_short


def _move_checkpoint(run: RunState, connection: Connection, staged: Staged) -> dict[Stream, Checkpoint]:
    """Write down where the stream stands now, and give it; a backfill changes nothing of it."""
    if run.task.period is not None:
        return {}
    before, now, is_full = run.checkpoints.get(staged.stream, Checkpoint()), run.parts.clock(), staged.mode is Mode.FULL
    # Even a stream that never came in whole must be known, so that closing its module takes its rows out.
    after = before
    if _moves(run, staged):
        after = Checkpoint(
            staged.tally.cursor,
            run.policy.fingerprint(staged.stream) if is_full else before.fingerprint,
            (before.loaded_at or now) if is_full else before.loaded_at,
            None if is_full else before.full_reason,
        )
    school, is_met = run.parts.school.id, is_full and after is not before
    return {staged.stream: checkpoints.save(connection, school, staged.stream, after, now, is_demand_met=is_met)}
