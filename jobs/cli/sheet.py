"""`connector sheet`: the short instruction sheet for parents, from the register."""

from __future__ import annotations

from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli import exits, render
from jobs.cli.modules_desk import desk_of


class Format(StrEnum):
    """How the sheet is written."""

    HTML = "html"
    MARKDOWN = "markdown"


def sheet(
    school: Annotated[str, typer.Option("--school", metavar="BRIN", help="The school.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it here, not on stdout.")] = None,
    form: Annotated[Format, typer.Option("--format", help="A page to print, or text for a newsletter.")] = Format.HTML,
) -> int:
    """Write the instruction sheet for parents, in Dutch: what is open, what is coming, whom to ask."""
    from connector.bookkeeping import register
    from connector.own_files import PUBLIC
    from jobs import activate
    from jobs.cli import sheet_words
    from jobs.cli.files import whole_file

    with desk_of([school]) as desk, whole_file(out, "--out", PUBLIC) if out else nullcontext() as write:
        (one,) = desk.schools
        with desk.session.read() as connection:
            views = activate.look(connection, one, desk.now)
            decisions = activate.decisions(connection, one)
            contact = register.contact(connection, one)
        said = sheet_words.sheet_of(desk.wiring.plan(one).name, views, decisions, contact, desk.now)
        text = (sheet_words.as_html if form is Format.HTML else sheet_words.as_markdown)(said)
        if write is None:
            render.out(text.rstrip("\n"))
        else:
            write(text)
            render.out(f"Written to {out}.")
    if contact is None:
        render.err(
            f"warning: {one} has no contact person; the sheet says: ask the school.",
            f"fix: connector modules contact --school {one} --name … --mail …",
        )
    return exits.WELL
