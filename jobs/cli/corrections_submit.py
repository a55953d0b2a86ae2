"""`connector corrections submit`: put a correction in from a file, as the portal does with its tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import exits, render
from jobs.cli.corrections_desk import School
from jobs.cli.modules_desk import By, desk_of
from jobs.cli.runs import who
from schemas.corrections import Outcome
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from jobs.submit_correction import Submitted
    from schemas.corrections import Item


def submit(
    school: School,
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="One JSON document; - reads stdin.")],
    evidence: Annotated[
        list[Path] | None,
        typer.Option("--evidence", metavar="FILE", help="A PDF, JPEG or PNG that goes along; may be repeated."),
    ] = None,
    by: By = None,
) -> int:
    """Put in what a guardian asks, and say per item what becomes of it; the same file again adds nothing."""
    from jobs.cli.evidence_files import read_all
    from jobs.submit_correction import submit as put_in
    from schemas.submissions import read_submission

    name = who(by)
    given = read_submission(_content(file), "stdin" if str(file) == "-" else str(file))
    documents = read_all(evidence or ())
    with desk_of([school]) as desk:
        (one,) = desk.schools
        with desk.session.write() as connection:
            done = put_in(connection, one, given, by=name, now=desk.now, evidence=documents)
    return _told(done)


def _content(file: Path) -> bytes:
    from jobs.cli.evidence_files import read_file
    from schemas.submissions import MOST_BYTES

    if str(file) != "-":
        return read_file(file, MOST_BYTES, "--file")
    content = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ConfigurationError(f"stdin is larger than {MOST_BYTES} bytes.", fix="A correction is a small document.")
    return content


def _told(done: Submitted) -> int:
    if done.is_different:
        raise ConfigurationError(
            f"Correction {done.correction} is there already, and asks for something else.",
            fix="Give a new correction an id of its own, or none.",
        )
    there = "" if done.is_new else " was there already; nothing was added"
    render.out(f"Correction {done.correction}{there}{':' if done.items else '.'}")
    for item in done.items:
        render.out(*render.wrapped(f"  item {item.number}: {item.stream}.{item.field}: {_became(item)}"))
        if item.error and item.outcome == Outcome.REFUSED.value:
            render.out(*render.wrapped(f"    {item.error}"))
    is_refused = any(item.outcome == Outcome.REFUSED.value for item in done.items)
    return exits.PERSON if is_refused else exits.WELL


def _became(item: Item) -> str:
    why = f" ({item.reason})" if item.reason else ""
    waits = f", waits for a person: {', '.join(item.needs.split())}" if item.needs else ""
    return f"{item.place}{why}{waits}"
