"""`connector backfill`: load a period of a school's history, window by window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli import exits, render, render_backfill, reports, session
from jobs.cli.modules_words import parse_day, parse_modules
from mappings.backfill import WindowSize
from schemas.errors import ConfigurationError, ConnectorError, StopRequested

if TYPE_CHECKING:
    from jobs.backfill import Order, Proposal, Step
    from jobs.parts import Parts
    from jobs.wiring import Wiring
    from schemas.ids import SchoolId


def backfill(
    school: Annotated[str, typer.Option(metavar="BRIN", help="The school.", show_default=False)],
    module: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="May be repeated. Default: all open ones with a history.")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day, as YYYY-MM-DD.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day. Default: today.")] = None,
    window: Annotated[
        WindowSize | None, typer.Option(case_sensitive=False, help="How much at a time. Default: term.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the school's unfinished plan.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count everything; write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Load a period of a school's history, window by window, on what others leave of the source."""
    given = {"--from": from_, "--to": to, "--module": module, "--window": window}
    with session.Stopping() as stopping, session.opened(stopping) as wiring:
        from jobs import backfill as job

        (one,) = wiring.schools([school])
        parts = _parts(wiring, one)
        if resume:
            for name, value in given.items():
                if value is not None:
                    raise ConfigurationError(
                        f"--resume goes on with the plan as it is; {name} has no meaning.",
                        fix=f"Leave {name} out, or leave --resume out to begin a new plan.",
                    )
            proposal = job.Proposal(job.to_resume(parts), None)
        else:
            order = _order(parts, from_, to, window, module or ())
            proposal = job.propose(parts, order, wiring.patient_pace(one))
        if not json:
            render_backfill.plan(proposal, wiring.plan(one).name)
        if not (resume or dry_run) and job.keep(parts, proposal.plan) and not json:
            render.out("note: the school's plan that was unfinished is dropped; this one takes its place.")
        steps, problem, code = _work(parts, proposal, stopping, is_dry_run=dry_run, is_json=json)
    return _finish(proposal, steps, problem, code, is_dry_run=dry_run, is_json=json)


def _parts(wiring: Wiring, school: SchoolId) -> Parts:
    if wiring.is_fed_by_files(school):
        raise ConfigurationError(
            f"School {school} is fed by files; there is nobody to ask for its history.",
            fix="Everything a file holds comes in with `connector import edexml FILE`.",
        )
    return wiring.patient_parts(school)


def _order(parts: Parts, from_: str | None, to: str | None, window: WindowSize | None, modules: Any) -> Order:
    from jobs.backfill import Order
    from mappings.values import local_day
    from schemas.streams import Period

    if from_ is None:
        raise ConfigurationError("--from is missing.", fix="Give the first day, or --resume to go on with a plan.")
    last = local_day(parts.clock()) if to is None else parse_day(to, "--to")
    period = Period(parse_day(from_, "--from"), last)
    return Order(period, window or WindowSize.TERM, frozenset(parse_modules(modules)))


def _work(
    parts: Parts, proposal: Proposal, stopping: session.Stopping, *, is_dry_run: bool, is_json: bool
) -> tuple[list[Step], ConnectorError | None, int]:
    """Work the plan; what was done before an error or a wish to stop is told all the same."""
    from jobs import backfill as job

    steps: list[Step] = []
    try:
        with render_backfill.progress(proposal.plan, is_wanted=not is_json) as show:

            def note(step: Step) -> None:
                steps.append(step)
                show(step)

            job.work(parts, proposal.plan, note, is_dry_run=is_dry_run)
    except StopRequested as error:
        again = "" if is_dry_run else f"Go on with `connector backfill --school {parts.school.id} --resume`."
        return steps, StopRequested(error.message, fix=again), stopping.exit_code
    except ConnectorError as error:
        return steps, error, exits.of_error(error)
    codes = [reports.of_report(report).code for step in steps for report in (*step.synced, step.report)]
    codes += [exits.SOURCE for step in steps if not step.is_done]
    return steps, None, exits.gravest(codes)


def _finish(
    proposal: Proposal, steps: list[Step], problem: ConnectorError | None, code: int, *, is_dry_run: bool, is_json: bool
) -> int:
    if is_json:
        render.document(render_backfill.data(proposal, steps, problem, code, is_dry_run=is_dry_run))
    else:
        render_backfill.result(proposal.plan, steps, is_dry_run=is_dry_run)
    if problem is not None:
        render.error(problem, about=f"{proposal.plan.school}: ")
    return code
