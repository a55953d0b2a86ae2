"""How a run's report looks: rows per module for a person, plain data for a machine, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from jobs.cli import exits, gate_words, render
from schemas.errors import ConnectorError, SchoolPaused, StopRequested
from schemas.ids import SchoolId
from schemas.modules import STREAMS_OF
from schemas.runs import RunReport, RunStatus, StreamReport, Sums

if TYPE_CHECKING:
    from jobs.engines.worker import Stopping

HEADINGS = ("module", "fetched", "shown", "withheld", "quarantined", "removed", "held")
_STATUS_CODES = {
    RunStatus.INCOMPLETE: exits.SOURCE,
    RunStatus.FAILED: exits.SOURCE,
    RunStatus.STOPPED: exits.INTERRUPTED,
}


class Outcome(NamedTuple):
    """How one school fared: a report, or an error, or the reason it was skipped."""

    school: SchoolId
    code: int
    report: RunReport | None = None
    status: str = ""
    error: str = ""
    fix: str = ""
    remark: str = ""


@contextmanager
def judged(school: SchoolId, outcomes: list[Outcome], stopping: Stopping | None = None) -> Iterator[None]:
    """Turn what is raised for one school into its outcome, so that the next school has its turn."""
    try:
        yield
    except SchoolPaused as error:
        outcomes.append(Outcome(school, exits.LEASE, status="paused", remark=str(error)))
    except StopRequested as error:
        code = exits.INTERRUPTED if stopping is None else stopping.exit_code
        outcomes.append(Outcome(school, code, status=RunStatus.STOPPED.value, error=error.message, fix=error.fix))
    except ConnectorError as error:
        code = exits.of_error(error)
        fix = error.fix or ("This is a bug of ours. Please report it." if code == exits.BUG else "")
        outcomes.append(Outcome(school, code, status=RunStatus.FAILED.value, error=error.message, fix=fix))
    except Exception as error:  # noqa: BLE001  the other schools must have their turn
        text = render.unexpected_text(error)
        fix = "This is a bug of ours. Please report the line above."
        outcomes.append(Outcome(school, exits.BUG, status=RunStatus.FAILED.value, error=text, fix=fix))


def of_report(report: RunReport) -> Outcome:
    """Give the outcome of a run that gave a report."""
    code = exits.PERSON if report.attention else exits.WELL
    code = exits.gravest([code, _STATUS_CODES.get(report.status, exits.WELL)])
    return Outcome(report.school, code, report, report.status.value, report.error)


def finish(outcomes: Sequence[Outcome], names: Mapping[SchoolId, str], *, is_json: bool, is_quiet: bool = False) -> int:
    """Print what became of every school and give the gravest exit code."""
    code = exits.gravest(outcome.code for outcome in outcomes)
    if is_json:
        schools = {outcome.school: as_data(outcome) for outcome in outcomes}
        render.document({"exit_code": code, "schools": schools})
    elif not is_quiet:
        for outcome in outcomes:
            _show(outcome, names.get(outcome.school, ""))
    for outcome in outcomes:
        if outcome.error:
            render.err(f"error: {outcome.school}: {outcome.error}")
        if outcome.error and outcome.fix:
            render.err(f"fix: {outcome.fix}")
    return code


def as_data(outcome: Outcome) -> dict[str, Any]:
    """Give an outcome as plain data."""
    report = outcome.report
    data: dict[str, Any] = {
        "status": outcome.status,
        "exit_code": outcome.code,
        "remark": outcome.remark or None,
        "error": outcome.error or None,
        "fix": outcome.fix or None,
    }
    if report is not None:
        data |= {
            "run_id": report.run_id,
            "is_dry_run": report.is_dry_run,
            "attention": report.attention,
            "quarantined": report.quarantined,
            "held": report.held,
            "not_supplied": [stream.value for stream in report.not_supplied],
            "documents": {"stored": report.stored, "refused": report.refused},
            "streams": streams_data(report.streams),
        }
    return data


def streams_data(streams: Iterable[StreamReport]) -> dict[str, Any]:
    """Give the sums and gates of each stream as plain data; pulls of the same stream are added up."""
    data: dict[str, Any] = {}
    for stream in added_up(streams):
        data[stream.stream.value] = {
            "mode": stream.mode.value,
            **stream.sums._asdict(),
            "gates": dict(sorted(stream.gates.items())),
            "hold_reason": stream.hold_reason or None,
            "is_incomplete": stream.is_incomplete,
        }
    return data


def added_up(streams: Iterable[StreamReport]) -> list[StreamReport]:
    """Give one report per stream, in the order of their first pull."""
    found: dict[str, StreamReport] = {}
    for one in streams:
        before = found.get(one.stream.value)
        if before is None:
            found[one.stream.value] = one
            continue
        sums = Sums(*(a + b for a, b in zip(before.sums, one.sums, strict=True)))
        found[one.stream.value] = before._replace(
            sums=sums._replace(size_before=before.sums.size_before),
            gates=dict(Counter(before.gates) + Counter(one.gates)),
            hold_reason=before.hold_reason or one.hold_reason,
            is_incomplete=before.is_incomplete or one.is_incomplete,
        )
    return list(found.values())


def module_rows(streams: Sequence[StreamReport]) -> list[tuple[Any, ...]]:
    """Give one row per module that a run touched."""
    rows = []
    for module, names in STREAMS_OF.items():
        mine = [stream for stream in streams if stream.stream in names]
        if mine:
            rows.append((module.value, *_cells(mine)))
    return rows


def _cells(streams: Iterable[StreamReport]) -> tuple[Any, ...]:
    total: Counter[str] = Counter()
    gates: Counter[str] = Counter()
    for stream in streams:
        total.update(stream.sums._asdict())
        gates.update(stream.gates)
    shown = total["added"] + total["altered"] + total["unchanged"]
    withheld = f"{total['withheld']} ({gate_words.said(gates)})" if gates else str(total["withheld"])
    return (
        total["fetched"],
        shown,
        withheld,
        total["quarantined"],
        total["removed"] + total["withdrawn"],
        total["held"],
    )


def _show(outcome: Outcome, name: str) -> None:
    report = outcome.report
    heading = f"{outcome.school} {name}".strip()
    if report is None:
        render.out(f"{heading}: {outcome.status}" + (f"; {outcome.remark}" if outcome.remark else ""))
        return
    dry = ", dry run: nothing was written" if report.is_dry_run else ""
    run = "" if report.is_dry_run or report.status is RunStatus.QUIET else f", run {report.run_id}"
    words = "nothing changed" if report.status is RunStatus.QUIET else report.status.value
    remark = f"; {outcome.remark}" if outcome.remark else ""
    render.out(f"{heading}: {words}{run}{dry}{remark}")
    if rows := module_rows(report.streams):
        render.table(HEADINGS, rows)
    if report.not_supplied:
        render.out(f"note: the source does not supply {', '.join(report.not_supplied)}; what we have of it stays.")
    if report.stored:
        render.out(f"documents stored: {report.stored}")
    for line in advice(report):
        render.out(line)
    render.out("")


def advice(report: RunReport) -> list[str]:
    """Say what to do next, when something new needs a person."""
    lines = []
    if report.held and report.is_dry_run:
        lines.append(f"next: a sync would hold {report.held} keys until a person approves them.")
    elif report.held:
        lines.append(
            f"next: {report.held} keys are held; see `connector runs show {report.run_id}`, "
            f"then `connector runs approve {report.run_id}`."
        )
    if report.quarantined:
        lines.append(
            f"next: {report.quarantined} new in quarantine; see `connector quarantine list --school {report.school}`."
        )
    if report.refused:
        lines.append(
            f"next: {report.refused} documents cannot be had; see `connector documents --school {report.school}`."
        )
    return lines
