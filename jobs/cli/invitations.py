"""The commands `connector invitations …`: who may have an account in the portal."""

from __future__ import annotations

from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli import exits, render
from jobs.cli.modules_desk import By, desk_of
from jobs.cli.runs import who

app = typer.Typer(no_args_is_help=True, help="Who may have an account in the portal.")

School = Annotated[str, typer.Option("--school", metavar="BRIN", help="The school.")]


class Format(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSON = "json"


@app.command()
def export(
    school: School,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it here, not on stdout.")] = None,
    form: Annotated[Format, typer.Option("--format", help="For a spreadsheet or for a program.")] = Format.CSV,
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Do not count this as the last export.")] = False,
) -> int:
    """Write which guardians may have an account, which may not and why, and what changed since the last export."""
    from jobs import invite
    from jobs.cli import render_invitations as words
    from jobs.cli.files import whole_file

    with desk_of([school]) as desk, whole_file(out, "--out") if out else nullcontext() as write:
        (one,) = desk.schools
        session = desk.session
        with session.read() if is_dry_run else session.write() as connection:
            found = (invite.look if is_dry_run else invite.take)(connection, one, desk.now)
            text = words.csv_text(found) if form is Format.CSV else words.json_text(found)
            # Inside the transaction: an export that was not written is not remembered as the last one.
            if write is not None:
                write(f"{words.BYTE_ORDER_MARK if form is Format.CSV else ''}{text}")
            else:
                render.out(text.replace("\r\n", "\n").rstrip("\n"))
    (render.err if out is None else render.out)(*words.summary(found), *([] if out is None else [f"Written to {out}."]))
    return exits.WELL


@app.command()
def bounced(
    guardian: Annotated[str, typer.Argument(metavar="GUARDIAN", help="The guardian's key, never an address.")],
    school: School,
    is_cleared: Annotated[bool, typer.Option("--clear", help="Take it back.")] = False,
    by: By = None,
) -> int:
    """Note that mail to a guardian came back: no invitation until the SIS has another address."""
    from jobs import invite
    from jobs.cli.key_words import typed_key

    guardian = typed_key(guardian, "GUARDIAN")
    with desk_of([school]) as desk:
        (one,) = desk.schools
        with desk.session.write() as connection:
            if is_cleared:
                had = invite.forget_bounce(connection, one, guardian)
                said = "may be invited again" if had else "had no mail that came back"
            else:
                invite.note_bounce(connection, one, guardian, now=desk.now, by=who(by))
                said = "is not invited until the SIS has another address"
    render.out(f"{one}  the guardian {said}.")
    return exits.WELL
