"""`connector explain`: why a parent sees something of a pupil, or does not. Keys and reasons, never values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import exits, render, session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.explain import Wanted
    from jobs.wiring import Wiring
    from schemas.explanations import Told
    from schemas.ids import SchoolId
    from schemas.streams import Stream


def explain(
    school: Annotated[str, typer.Option("--school", metavar="BRIN", help="The school.")],
    pupil: Annotated[str, typer.Option("--pupil", metavar="KEY", help="The pupil, by id or key in the SIS.")],
    guardian: Annotated[
        str | None, typer.Option("--guardian", metavar="KEY", help="Only what this guardian sees, and why not more.")
    ] = None,
    module: Annotated[
        list[str] | None, typer.Option("--module", metavar="NAME", help="Only this module; may be repeated.")
    ] = None,
    is_asking: Annotated[
        bool, typer.Option("--ask", help="Also ask the SIS, to name what a gate keeps out. Stores nothing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Tell for one pupil why the portal shows or hides each thing, and to which guardian."""
    from jobs.cli import render_explain
    from jobs.cli.key_words import typed_key
    from jobs.cli.modules_words import parse_modules
    from jobs.explain import Wanted, explain
    from jobs.wiring import NO_DOCUMENT

    with session.Stopping() as stopping, session.opened(stopping, is_quiet=True) as wiring:
        (one,) = wiring.schools([school])
        named = None if guardian is None else typed_key(guardian, "--guardian")
        wanted = Wanted(typed_key(pupil, "--pupil"), named, parse_modules(module or ()))
        told = _ask(wiring, one, wanted) if is_asking else None
        dialect = wiring.source(one, NO_DOCUMENT if wiring.is_fed_by_files(one) else None).dialect
        with wiring.database.session() as opened, opened.read() as connection:
            found = explain(connection, wiring.plan(one), dialect, wanted, told)
    if json:
        render.document(render_explain.data(found))
    else:
        render_explain.show(found)
    return exits.WELL


def _ask(wiring: Wiring, school: SchoolId, wanted: Wanted) -> Mapping[Stream, tuple[Told, ...]]:
    """Ask the source for the pupil's records; no transaction is open meanwhile."""
    from jobs import ask_pupil
    from jobs.explain import keys_of
    from schemas.errors import ConfigurationError

    if wiring.is_fed_by_files(school):
        raise ConfigurationError(
            f"School {school} is fed by files; there is nobody to ask.",
            fix="Leave --ask out: the portal and the books are explained without it.",
        )
    parts = wiring.parts(school)
    with wiring.database.session() as opened, opened.read() as connection:
        keys = keys_of(connection, school, wanted.pupil)
        policy, streams = ask_pupil.plan(connection, parts, wanted.modules)
    return ask_pupil.ask(parts, policy, streams, keys)
