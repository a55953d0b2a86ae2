"""`connector sync`: bring the portal up to date with the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import render, reports, session
from jobs.cli.side_by_side import side_by_side
from schemas.ids import SchoolId
from schemas.modules import Module

FED_BY_FILES = "fed by files: tidied only; new data comes with `connector import edexml`"
"""What a sync says of a school nobody can be asked about: closed modules and what is over still leave the portal."""

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
    with session.Stopping() as stopping, session.opened(stopping, is_quiet=quiet) as wiring:
        from jobs.sync import SyncOptions

        options = SyncOptions(frozenset(module or ()), full, dry_run)
        chosen = wiring.schools(school or ())
        with render.progress(is_wanted=not (json or quiet)) as show:
            outcomes = side_by_side(wiring, chosen, lambda one: _sync(wiring, one, options, stopping, show))
        names = {one: wiring.plan(one).name for one in chosen}
    return reports.finish(outcomes, names, is_json=json, is_quiet=quiet)


def _sync(
    wiring: Wiring, school: SchoolId, options: SyncOptions, stopping: session.Stopping, show: render.Show
) -> Outcome:
    from jobs.sync import sync_school
    from jobs.wiring import NO_DOCUMENT

    if stopping.is_asked():
        return reports.Outcome(school, stopping.exit_code, status="not started")
    outcomes: list[Outcome] = []
    is_file_fed = wiring.is_fed_by_files(school)
    with reports.judged(school, outcomes, stopping):
        path = NO_DOCUMENT if is_file_fed else None
        outcome = reports.of_report(sync_school(wiring.parts(school, on_progress=show, path=path), options))
        if is_file_fed:
            outcome = outcome._replace(remark=FED_BY_FILES)
        outcomes.append(outcome)
    return outcomes[0]
