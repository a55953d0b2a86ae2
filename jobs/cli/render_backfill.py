"""How a backfill looks: its plan with the estimate, how far it is, and what each window brought."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from jobs.cli import render, reports
from schemas.errors import ConnectorError
from schemas.runs import Sums

if TYPE_CHECKING:
    from connector.bookkeeping.backfills import Plan
    from jobs.backfill import Proposal, Step
    from mappings.backfill import Estimate

_SUMS = ("fetched", "added", "altered", "unchanged", "withheld", "quarantined", "held")


def plan(proposal: Proposal, name: str) -> None:
    """Print the windows that are to be loaded and what they will take."""
    made = proposal.plan
    modules = f", {', '.join(sorted(made.modules))}" if made.modules else ""
    render.out(f"{made.school} {name}: {made.period.from_on} to {made.period.until_on}{modules}")
    rows = [(one.number, one.period.from_on, one.period.until_on) for one in made.left]
    render.table(("window", "from", "to"), rows, left=(1, 2))
    if proposal.estimate is not None:
        render.out("")
        counts = [(stream.value, count) for stream, count in proposal.estimate.records.items()]
        render.table(("stream", "records"), counts)
        render.out(_said(proposal.estimate, len(made.windows)))
    else:
        render.out(f"{len(made.left)} of {len(made.windows)} windows are left.")
    render.out("")


def _said(estimate: Estimate, windows: int) -> str:
    total = sum(estimate.records.values())
    lasting = "" if estimate.seconds is None else f", {duration(estimate.seconds)}"
    return f"about {total} records in {windows} windows, {estimate.requests} requests{lasting}"


def duration(seconds: float) -> str:
    """Give a time still to go, in its largest unit."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{max(1, round(seconds))} s"


@contextlib.contextmanager
def progress(made: Plan, *, is_wanted: bool) -> Iterator[Callable[[Step], None]]:
    """Give the function that shows how far a plan is: one line that moves at a terminal, plain lines elsewhere."""
    windows = len(made.left)
    if not is_wanted:
        yield lambda _step: None
        return
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda step: render.out(_line(step, windows))
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=None))
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=False) as bar:
        task = bar.add_task(f"0/{windows}", total=windows)

        def show(step: Step) -> None:
            bar.update(task, completed=windows - step.windows_left, description=_short(step, windows))

        yield show


def _line(step: Step, windows: int) -> str:
    done = windows - step.windows_left
    period = step.window.period
    fetched = sum(one.sums.fetched for one in step.report.streams)
    added = sum(one.sums.added for one in step.report.streams)
    left = f"; about {duration(step.seconds_left)} left" if step.windows_left else ""
    short = "" if step.is_done else ", not whole: it stays to be done"
    return f"{done} of {windows}: {period.from_on} to {period.until_on}, {fetched} read, {added} new{short}{left}"


def _short(step: Step, windows: int) -> str:
    return f"{windows - step.windows_left}/{windows} -{step.records_left} rec {duration(step.seconds_left)}"


def result(made: Plan, steps: Sequence[Step], *, is_dry_run: bool) -> None:
    """Print what each window brought, and what is left."""
    if steps:
        rows = [(step.window.period.from_on, step.window.period.until_on, *_cells(step)) for step in steps]
        render.out("")
        render.table(("from", "to", *_SUMS), rows, left=(0, 1))
    if is_dry_run:
        render.out("dry run: nothing was written")
        return
    done = sum(1 for step in steps if step.is_done)
    left = len(made.left) - done
    render.out(
        "done" if left == 0 else f"{done} windows done, {left} left: connector backfill --school {made.school} --resume"
    )
    for report in (report for step in steps for report in (*step.synced, step.report)):
        for line in reports.advice(report):
            render.out(line)


def _cells(step: Step) -> tuple[int, ...]:
    total = _added_up(step)
    return tuple(getattr(total, name) for name in _SUMS)


def _added_up(step: Step) -> Sums:
    columns = zip(*(one.sums for one in step.report.streams), strict=True)
    return Sums(*(sum(column) for column in columns)) if step.report.streams else Sums()


def data(
    proposal: Proposal, steps: Sequence[Step], problem: ConnectorError | None, code: int, *, is_dry_run: bool
) -> dict[str, Any]:
    """Give plan, estimate and result as plain data."""
    made, found = proposal.plan, {step.window.number: step for step in steps}
    estimate = proposal.estimate
    return {
        "exit_code": code,
        "school": made.school,
        "plan_id": made.plan_id,
        "from": made.period.from_on,
        "to": made.period.until_on,
        "modules": sorted(made.modules),
        "is_dry_run": is_dry_run,
        "error": None if problem is None else problem.message,
        "fix": (problem.fix or None) if problem is not None else None,
        "estimate": None
        if estimate is None
        else {
            "records": {stream.value: count for stream, count in estimate.records.items()},
            "requests": estimate.requests,
            "seconds": None if estimate.seconds is None else round(estimate.seconds, 1),
        },
        "windows": [
            {
                "number": one.number,
                "from": one.period.from_on,
                "to": one.period.until_on,
                "is_done": found[one.number].is_done and not is_dry_run
                if one.number in found
                else one.done_at is not None,
                **(_sums(found[one.number]) if one.number in found else {"run_id": one.run_id}),
            }
            for one in made.windows
        ],
    }


def _sums(step: Step) -> dict[str, Any]:
    return {"run_id": step.report.run_id, **_added_up(step)._asdict()}
