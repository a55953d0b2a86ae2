"""One period of the streams whose records lie on a day: what a backfill does instead of the usual pull.

Nothing of it moves a checkpoint or is told as news. So it may take nothing that the next sync would tell: before any of
it is applied, the source must say that nothing changed since the checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial

from connector.bookkeeping.checkpoints import Checkpoint
from connector.portal import period_rows
from jobs.fetch_ahead import FetchAhead
from jobs.run_state import RunState
from jobs.stream_pull import pull_bundle
from jobs.supply import supplied
from mappings.values import day_after, start_of_day
from schemas.errors import NewsFirst
from schemas.ids import SourceKey
from schemas.modules import STREAMS_OF
from schemas.runs import StreamReport
from schemas.streams import DAY_COLUMNS, Page, Period, Pull, Stream


def pull_period(run: RunState, period: Period) -> str:
    """Read a period of every stream that has days; give the text of what stayed undone, or nothing.

    A row in the period that the source does not name there is asked for by key: it is gone, or lies elsewhere now.
    Raises NewsFirst, and what the source raises; nothing half is applied.
    """
    streams = dated_streams(run)
    if not streams:
        return ""
    run.ahead = FetchAhead(partial(_pages, run))
    reports = pull_bundle(run, Pull(streams, period=period))
    short = [report.stream.value for report in reports if report.is_incomplete]
    if run.parts.source.capabilities.fetches_by_key:
        for report in reports:
            if not report.is_incomplete:
                _ask_for_the_unnamed(run, report, period)
    return f"The source counted other records than it handed out: {', '.join(short)}." if short else ""


def dated_streams(run: RunState) -> tuple[Stream, ...]:
    """Give what is asked for: streams with days, of the modules chosen, that have had their first load."""
    chosen = {stream for module in run.task.modules or run.policy.modules for stream in STREAMS_OF[module]}
    dated = chosen & run.parts.source.capabilities.dated
    loaded = {stream for stream, known in run.checkpoints.items() if known.loaded_at is not None}
    return tuple(stream for stream in supplied(run) if stream in dated & loaded)


def _pages(run: RunState, pull: Pull) -> Iterator[Page]:
    """Give the pages; the very last only once it is sure that none of them holds what a sync has still to tell."""
    held: Page | None = None
    for page in run.parts.source.pages(run.parts.school.id, pull):
        if held is not None:
            yield held
        held = page
    if not run.is_dry:
        _refuse_news(run, pull.streams)
    if held is not None:
        yield held


def _refuse_news(run: RunState, streams: tuple[Stream, ...]) -> None:
    known = {stream: run.checkpoints.get(stream, Checkpoint()).cursor for stream in streams}
    cursors = {stream: cursor for stream, cursor in known.items() if cursor is not None}
    if not cursors:
        return
    changes = run.parts.source.changed(run.parts.school.id, cursors)
    if changes.changed or changes.expired:
        raise NewsFirst(
            f"School {run.parts.school.id}: records changed while a period of them was read.",
            fix="Nothing of the period was written; after the next sync it is read again.",
        )


def _ask_for_the_unnamed(run: RunState, report: StreamReport, period: Period) -> None:
    stream, column = report.stream, DAY_COLUMNS[report.stream]
    with run.session.read() as connection:
        first, after = _bounds(period, is_day=period_rows.is_day(stream, column))
        unnamed = period_rows.unnamed(connection, run.parts.school.id, stream, column, first, after)
    if unnamed:
        pull_bundle(run, Pull((stream,), keys=tuple(SourceKey(key) for key in unnamed)))


def _bounds(period: Period, *, is_day: bool) -> tuple[date | datetime, date | datetime]:
    after = day_after(period.until_on)
    return (period.from_on, after) if is_day else (start_of_day(period.from_on), start_of_day(after))
