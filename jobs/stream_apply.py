"""One stream, planned and judged: written in one transaction, with everything the books keep about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, select

from connector.bookkeeping import checkpoints, invitations, ledger, pending, quarantine, stopped, withheld_keys
from connector.bookkeeping.checkpoints import STOPPED, Checkpoint
from connector.portal import access_rows, aliases, group_list_rows, removal, standstill, store
from connector.portal.staging import ALONG, FROZEN, KEPT, NEW, STAGING
from connector.portal.survey import Drawn, Lot, Survey
from jobs.news import news_of
from jobs.run_state import RunState
from mappings.access import PupilFacts, Relation, derive_access
from mappings.brake import KEPT_BACK
from mappings.group_list import Listed, Parent, derive_entry
from mappings.lessening import lessened
from mappings.unreadable import is_over
from schemas.runs import StreamReport, Sums
from schemas.stops import Stop
from schemas.streams import (
    TIES,
    WHOLE_SCHOOL,
    Action,
    Cursor,
    Decides,
    Mode,
    Outcome,
    Page,
    Scope,
    Stream,
    naming,
)
from schemas.tables.catalogue import TABLES

_log = structlog.get_logger("connector")


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
    stop: Stop | None
    is_frozen: bool
    returning: frozenset[str]


def apply_stream(run: RunState, staged: Staged, settled: Settled) -> StreamReport:
    """One short transaction: rows, withholdings, access, quarantine, held keys, checkpoint and sums."""
    parts, stream, school, drawn = run.parts, staged.stream, run.parts.school.id, settled.drawn
    with run.session.write() as connection:
        run.fence(connection)
        now = parts.clock()
        gone = _withdraw(run, connection, stream, settled.stop) if drawn.count(action=Action.WITHDRAW) else {}
        _write(run, connection, stream, settled, now)
        has_merged = aliases.save(connection, school, stream, settled.new_aliases, now)
        known = settled.survey
        if has_merged:  # that hid the key of the record that was taken in
            known = known._replace(hidden=known.hidden | {stream})
        noted = pending.Noted(known, drawn, staged.is_complete, has_gone=bool(gone))
        reason, days = settled.report.hold_reason, parts.hold_days
        pending.note_plan(connection, school, stream, run.run_id, noted, reason=reason, now=now, days=days)
        withheld_keys.note_plan(
            connection,
            school,
            stream,
            drawn,
            KEPT_BACK,
            is_complete=staged.is_complete and staged.tally.scope == WHOLE_SCHOOL,
            now=now,
        )
        returned = pending.note_hidden(connection, school, stream, noted, now)
        new_items = quarantine.note_plan(connection, school, stream, run.run_id, noted, now)
        known_checkpoints = run.checkpoints | _move_checkpoint(run, connection, staged, settled)
        _save_stop(run, connection, staged, settled.stop)
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
    reason = _standing_still(run, staged, settled)
    _log.info("stream_applied", stream=stream.value, withdrawn=report.sums.withdrawn, reason=reason)
    return report


def _write(run: RunState, connection: Connection, stream: Stream, settled: Settled, now: datetime) -> None:
    """Write the rows, then what is derived from them."""
    school, drawn = run.parts.school.id, settled.drawn
    access_rows.touch_staged(connection, school, stream)
    group_list_rows.touch_staged(connection, school, stream)
    store.write_rows(connection, school, stream, drawn, _news(run, connection, stream, settled), now)
    store.blank_held_secrets(connection, school, stream, drawn)
    if settled.stop is not None or settled.is_frozen:
        standstill.lessen_rows(connection, stream, school, partial(lessened, stream))
    if settled.returning:
        stopped.forget_digests(connection, school, stream, now)
    if stream in access_rows.DECIDING:
        access_rows.derive_touched(connection, school, derive.access)
    if stream in group_list_rows.DECIDING:
        group_list_rows.derive_touched(connection, school, derive.entry)


def _withdraw(run: RunState, connection: Connection, stream: Stream, stop: Stop | None) -> dict[Stream, int]:
    """Take out at once what a gate hides, with what hangs on it."""
    staging, school, now = STAGING[stream], run.parts.school.id, run.parts.clock()
    removal.forget_doomed(connection)
    hidden = select(staging.c.id).where(staging.c.action == Action.WITHDRAW.value)
    if stop is not None and is_over(stop, now, run.parts.unreadable_hours):
        key = invitations.keep_key(connection, school)
        unjudged = hidden.where(staging.c.outcome != Outcome.WITHHELD.value, staging.c.is_less.is_not(True))
        stopped.keep_digests(connection, school, stream, unjudged, key, now)
    removal.doom(connection, school, stream, hidden)
    return dict(removal.delete_doomed(connection, school, derive))


def _news(run: RunState, connection: Connection, stream: Stream, settled: Settled) -> store.News:
    """Give what is news: not what comes back as it was, nor a part that is blank, or back, because of the source."""
    news = news_of(run, connection, stream, settled.drawn)
    parts = (stop for stop in (settled.stop, run.stops.get(stream)) if stop is not None)
    is_told = news.is_told and all(stop.decides is not Decides.PART for stop in parts)
    return news._replace(is_told=is_told, echoes=news.echoes | settled.returning)


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


def _standing_still(run: RunState, staged: Staged, settled: Settled) -> str:
    """Say why the cursor stays where it is, with nothing where it moves.

    What stopped or may only show less is read again, and so is that of which disappearances wait for a person: the
    source may by then have said what it left out. Increments can be read twice without harm.
    """
    if run.task.period is not None or staged.mode is Mode.KEYS:
        return "asked for apart"
    if staged.is_short:
        return "short"
    if settled.stop is not None:
        return "stopped"
    if settled.is_frozen and settled.drawn.count(holds=(FROZEN,)):
        return "frozen"
    return "held" if settled.drawn.count(action=Action.REMOVE, holds=(NEW, KEPT, ALONG)) else ""


def _move_checkpoint(
    run: RunState, connection: Connection, staged: Staged, settled: Settled
) -> dict[Stream, Checkpoint]:
    """Write down where the stream stands now, and give it; a backfill changes nothing of it."""
    if run.task.period is not None:
        return {}
    before, now, is_full = run.checkpoints.get(staged.stream, Checkpoint()), run.parts.clock(), staged.mode is Mode.FULL
    still = _standing_still(run, staged, settled)
    # Even a stream that never came in whole must be known, so that closing its module takes its rows out.
    after = before
    if still in ("", "held"):
        after = Checkpoint(
            before.cursor if still and before.cursor is not None else staged.tally.cursor,
            run.policy.fingerprint(staged.stream) if is_full else before.fingerprint,
            (before.loaded_at or now) if is_full else before.loaded_at,
            None if is_full else before.full_reason,
        )
    elif still == "stopped":
        after = before._replace(full_reason=STOPPED)
    school, is_met = run.parts.school.id, (is_full and after is not before) or still == "stopped"
    return {staged.stream: checkpoints.save(connection, school, staged.stream, after, now, is_demand_met=is_met)}


def _save_stop(run: RunState, connection: Connection, staged: Staged, stop: Stop | None) -> None:
    if run.task.period is not None or staged.mode is Mode.KEYS or stop == run.stops.get(staged.stream):
        return
    if stop is None:
        stopped.forget(connection, run.parts.school.id, (staged.stream,))
    else:
        stopped.save(connection, run.parts.school.id, staged.stream, stop)
