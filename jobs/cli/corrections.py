"""The commands `connector corrections …` that look: what guardians asked, what waits for a person, what is late."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import corrections_desk, corrections_export, corrections_submit, exits, render
from jobs.cli.corrections_desk import Reference, School
from jobs.cli.modules_desk import desk_of
from schemas.corrections import OPEN, State

if TYPE_CHECKING:
    from jobs.review_corrections import Docket

app = typer.Typer(no_args_is_help=True, help="What guardians ask to be corrected, and what becomes of it.")
app.command()(corrections_desk.accept)
app.command()(corrections_desk.reject)
app.command()(corrections_desk.withdraw)
app.command()(corrections_desk.retry)
app.command()(corrections_submit.submit)
app.command()(corrections_export.export)

Sensitive = Annotated[bool, typer.Option("--sensitive", help="Show medical items and secret values too.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.command("list")
def list_(
    school: School,
    state: Annotated[list[State] | None, typer.Option(help="Only these; may be repeated. Default: what waits.")] = None,
    needs_person: Annotated[bool, typer.Option("--needs-person", help="Only what a person must look at.")] = False,
    sensitive: Sensitive = False,
    json: Json = False,
) -> int:
    """List what guardians asked, item by item, without any value; medical items are only counted."""
    from jobs import review_corrections as review
    from jobs.cli import render_corrections as words

    with desk_of([school]) as desk:
        (one,) = desk.schools
        with desk.session.read() as connection:
            everything = review.look(connection, one)
    wanted = {each.value for each in state or OPEN}
    found = [
        seen
        for seen in everything
        if (seen.needs_person if needs_person and not state else seen.item.state in wanted)
        and (seen.needs_person or not needs_person)
    ]
    shown = [seen for seen in found if sensitive or not seen.is_sensitive]
    hidden = len(found) - len(shown)
    if json:
        render.document(words.list_data(one, shown, hidden, desk.now))
        return exits.WELL
    ended = 0 if state or needs_person else sum(seen.item.state not in wanted for seen in everything)
    words.show_list(shown, desk.now, list(words.notes(hidden, ended)))
    return exits.WELL


@app.command()
def show(reference: Reference, school: School, sensitive: Sensitive = False, json: Json = False) -> int:
    """Show a correction whole: who asked, each item's values side by side, and its life line by line."""
    from jobs import review_corrections as review
    from jobs.cli import render_corrections as words

    with desk_of([school]) as desk:
        (one,) = desk.schools
        with desk.session.read() as connection:
            correction = review.find(connection, one, reference)
            dockets = review.lay_out(connection, one, correction)
    if json:
        items = [words.docket_data(docket, is_open=sensitive, with_life=True) for docket in dockets]
        render.document({"school": one, "now": desk.now, "correction": correction, "items": items})
        return exits.WELL
    if dockets:
        words.show_whole(dockets, is_open=sensitive)
    return exits.WELL


@app.command()
def review(
    school: School,
    reference: Annotated[str | None, typer.Argument(metavar="[REFERENCE]", help="Only this correction.")] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", metavar="DIR", help="Write the documents that came along here.")
    ] = None,
    sensitive: Sensitive = False,
    json: Json = False,
) -> int:
    """Lay out what waits for a person: what the parent saw, what the school has now, what is asked."""
    from jobs import review_corrections as reviewing
    from jobs.cli import render_corrections as words
    from jobs.cli.evidence_files import write_all

    with desk_of([school]) as desk:
        (one,) = desk.schools
        with desk.session.read() as connection:
            correction = None if reference is None else reviewing.find(connection, one, reference)
            found = [
                docket
                for docket in reviewing.waiting(connection, one)
                if correction in {None, docket.seen.item.correction}
            ]
    shown = [docket for docket in found if sensitive or not docket.seen.is_sensitive]
    written = [] if evidence is None else write_all(evidence, _documents(shown, is_open=sensitive))
    hidden = len(found) - len(shown)
    if json:
        items = [words.docket_data(docket, is_open=sensitive, with_life=False) for docket in shown]
        data = {"school": one, "now": desk.now, "hidden_sensitive": hidden, "items": items}
        render.document(data | ({} if evidence is None else {"written": [str(path) for path in written]}))
        return exits.WELL
    words.show_review(shown, list(words.notes(hidden)), is_open=sensitive)
    render.out(*(f"Written to {path}." for path in written))
    return exits.WELL


def _documents(shown: list[Docket], *, is_open: bool) -> dict[str, Docket]:
    """Give one docket for each correction whose documents may be written."""
    return {docket.seen.item.correction: docket for docket in shown if is_open or not docket.is_evidence_sensitive}


@app.command()
def overdue(
    school: Annotated[
        list[str] | None, typer.Option("--school", metavar="BRIN", help="May be repeated. Default: all.")
    ] = None,
    json: Json = False,
) -> int:
    """List what has waited longer than `overdue_days` for what comes next, the longest first."""
    from jobs import review_corrections as review
    from jobs.cli import render_corrections as words

    with desk_of(school) as desk, desk.session.read() as connection:
        found = {}
        for one in desk.schools:
            days = desk.wiring.corrections(one).overdue_days
            found[one] = review.overdue(connection, one, desk.now, days)
    code = exits.PERSON if any(found.values()) else exits.WELL
    if json:
        schools = {one: words.list_data(one, late, 0, desk.now)["items"] for one, late in found.items()}
        render.document({"now": desk.now, "exit_code": code, "schools": schools})
        return code
    for one, late in found.items():
        if late:
            words.show_overdue(one, late, desk.now)
    if code == exits.WELL:
        render.out("Nothing is overdue.")
    return code
