"""`connector sync`: bring the portal up to date with the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from jobs.cli import exits, render, reports, session
from schemas.ids import SchoolId
from schemas.modules import Module
from schemas.runs import RunStatus

FED_BY_FILES = "fed by files: tidied only; new data comes with `connector import edexml`"
"""What a sync says of a school nobody can be asked about: closed modules and what is over still leave the portal."""

if TYPE_CHECKING:
    from jobs.cli.reports import Outcome
    from jobs.engines.worker import Stopping
    from jobs.parts import Show
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
        from jobs.engines.crew import hired
        from jobs.sync import SyncOptions

        work = _Sync(SyncOptions(frozenset(module or ()), full, dry_run))
        chosen = wiring.schools(school or ())
        with hired(wiring, chosen, work) as crew, render.progress(is_wanted=not (json or quiet)) as show:
            outcomes = crew.outcomes(stopping, show)
        names = {one: wiring.plan(one).name for one in chosen}
    return reports.finish(outcomes, names, is_json=json, is_quiet=quiet)


class _Sync(NamedTuple):
    """The sync of a school, as this process or a worker does it."""

    options: SyncOptions

    def do(self, wiring: Wiring, school: SchoolId, stopping: Stopping, show: Show) -> Outcome:
        from jobs.sync import sync_school
        from jobs.wiring import NO_DOCUMENT

        outcomes: list[Outcome] = []
        is_file_fed = wiring.is_fed_by_files(school)
        with reports.judged(school, outcomes, stopping):
            path = NO_DOCUMENT if is_file_fed else None
            outcome = reports.of_report(sync_school(wiring.parts(school, on_progress=show, path=path), self.options))
            if is_file_fed:
                outcome = outcome._replace(remark=FED_BY_FILES)
            outcomes.append(outcome)
        return outcomes[0]

    def unbegun(self, school: SchoolId, stopping: Stopping) -> Outcome:
        code = stopping.exit_code if stopping.is_asked() else exits.BUG  # else every worker died
        return reports.Outcome(school, code, status="not started")

    def lost(self, school: SchoolId, code: int) -> Outcome:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return reports.Outcome(
            school,
            exits.BUG,
            status=RunStatus.FAILED.value,
            error=f"The process at work on it {how}.",
            fix="Nothing is half written; the next sync goes on. If memory was short, lower `parallel_schools`.",
        )
