"""`connector import …`: feed a school from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import exits, import_watch, render, reports, session
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from jobs.cli.reports import Outcome

app = typer.Typer(no_args_is_help=True, help="Feed a school from a file.")


@app.callback()
def _formats() -> None:
    """One command per file format."""


@app.command()
def edexml(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An EDEXML document.", show_default=False)],
    school: Annotated[str, typer.Option(metavar="BRIN", help="The school the document must be of.")],
    school_year: Annotated[
        int | None, typer.Option(metavar="YEAR", help="Take a school year that is not due now, by its first year.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Stop after the plan; write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Import an EDEXML document as the whole state of one school."""
    outcomes: list[Outcome] = []
    with session.Stopping() as stopping, session.opened(stopping) as wiring:
        from jobs.import_document import import_document

        (one,) = wiring.schools([school])
        with render.progress(is_wanted=not json) as show, reports.judged(one, outcomes, stopping):
            parts = wiring.parts(one, on_progress=show, path=file)
            outcomes.append(
                reports.of_report(import_document(parts, file, school_year=school_year, is_dry_run=dry_run))
            )
        names = {one: wiring.plan(one).name}
    return reports.finish(outcomes, names, is_json=json)


@app.command("lift-date")
def lift_date(
    school: Annotated[str, typer.Option(metavar="BRIN", help="The school whose newest document had a wrong date.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the history.")],
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides. Default: who is logged in.")] = None,
) -> int:
    """Let the next document be older than the newest one, whose date was wrong."""
    with session.opened() as wiring:
        from jobs import import_document
        from jobs.cli.runs import who

        (one,) = wiring.schools([school])
        name, why = who(by), reason.strip()[:300]
        if not why:
            raise ConfigurationError("Lifting a date needs a reason.", fix="Say why: --reason TEXT.")
        made_at = import_document.lift_date(wiring.database, one, by=name, reason=why, now=wiring.now())
    render.out(f"{one}: the next document may be older than {render.moment(made_at)}; import the right one now.")
    return exits.WELL


app.command()(import_watch.watch)
