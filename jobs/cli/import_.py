"""`connector import …`: feed a school from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import import_watch, render, reports, session

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
            outcomes.append(reports.of_report(import_document(parts, file, is_dry_run=dry_run)))
        names = {one: wiring.plan(one).name}
    return reports.finish(outcomes, names, is_json=json)


app.command()(import_watch.watch)
