"""`connector sync`: bring the portal up to date with the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import exits, render, reports, session
from schemas.ids import SchoolId
from schemas.modules import Module

if TYPE_CHECKING:
    from jobs.cli.reports import Outcome
    from jobs.sync import SyncOptions
    from jobs.wiring import Wiring


def sync(
    school: Annotated[list[str] | None, typer.Option(help="BRIN; may be repeated. Default: all schools.")] = None,
    module: Annotated[
        list[Module] | None, typer.Option(case_sensitive=False, help="May be repeated. Default: all that are open.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Pull everything, not only what changed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Stop after the plan; write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> int:
    """Bring the portal up to date with the sources of the schools."""
    outcomes: list[Outcome] = []
    with session.Stopping() as stopping, session.opened(stopping, is_quiet=quiet) as wiring:
        from jobs.sync import SyncOptions

        options = SyncOptions(frozenset(module or ()), full, dry_run)
        chosen = wiring.schools(school or ())
        with render.progress(is_wanted=not (json or quiet)) as show:
            for one in chosen:
                if stopping.is_asked():
                    outcomes.append(reports.Outcome(one, stopping.exit_code, status="not started"))
                elif wiring.is_fed_by_files(one):
                    outcomes.append(_skipped(one, is_chosen=bool(school)))
                else:
                    _sync(wiring, one, options, outcomes, stopping, show)
        names = {one: wiring.plan(one).name for one in chosen}
    return reports.finish(outcomes, names, is_json=json, is_quiet=quiet)


def _sync(
    wiring: Wiring,
    school: SchoolId,
    options: SyncOptions,
    outcomes: list[Outcome],
    stopping: session.Stopping,
    show: render.Show,
) -> None:
    from jobs.sync import sync_school

    with reports.judged(school, outcomes, stopping):
        report = sync_school(wiring.parts(school, on_progress=show), options)
        outcomes.append(reports.of_report(report))


def _skipped(school: SchoolId, *, is_chosen: bool) -> Outcome:
    fix = f"Use `connector import edexml FILE --school {school}`."
    if is_chosen:
        return reports.Outcome(school, exits.USAGE, status="skipped", error="This school is fed by files.", fix=fix)
    return reports.Outcome(school, exits.WELL, status="skipped: fed by files; use `connector import edexml`")
