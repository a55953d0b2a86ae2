"""`connector corrections export`: what one guardian asked, or what was asked about one pupil."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli import exits, render
from jobs.cli.corrections_desk import School
from jobs.cli.key_words import typed_key
from jobs.cli.modules_desk import desk_of
from schemas.errors import ConfigurationError


def export(
    school: School,
    guardian: Annotated[str | None, typer.Option("--guardian", metavar="KEY", help="What this guardian asked.")] = None,
    pupil: Annotated[
        str | None, typer.Option("--pupil", metavar="KEY", help="What anyone asked about this pupil.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it here, not on stdout.")] = None,
) -> int:
    """Write requests with their whole life as JSON, for a parent who wants to inspect them."""
    from jobs.cli.files import whole_file
    from jobs.export_corrections import of_guardian, of_pupil

    if (guardian is None) == (pupil is None):
        raise ConfigurationError("Say whose requests.", fix="Give one of --guardian KEY and --pupil KEY.")
    guardian = None if guardian is None else typed_key(guardian, "--guardian")
    pupil = None if pupil is None else typed_key(pupil, "--pupil")
    with desk_of([school]) as desk, whole_file(out, "--out") if out else nullcontext() as write:
        (one,) = desk.schools
        with desk.session.read() as connection:
            found = (
                of_guardian(connection, one, guardian)
                if guardian is not None
                else of_pupil(connection, one, pupil or "")
            )
        told = {"school": one, "made_at": desk.now, "guardian": guardian, "pupil": pupil, "items": found}
        if write is None:
            render.document(told)
            return exits.WELL
        write(json.dumps(told, default=render.as_json, indent=2, ensure_ascii=True) + "\n")
    render.out(f"{len(found)} items. Written to {out}.")
    return exits.WELL
