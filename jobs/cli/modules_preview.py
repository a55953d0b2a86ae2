"""`connector modules preview`: what parents would see, before it is opened. Nothing of it is stored."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import exits, render, session
from jobs.cli.modules_desk import Json

if TYPE_CHECKING:
    from jobs.activate import ModuleView
    from jobs.wiring import Wiring
    from schemas.ids import SchoolId
    from schemas.modules import Module


def preview(
    school: Annotated[str, typer.Option("--school", metavar="BRIN", help="The school.")],
    module: Annotated[list[str], typer.Option("--module", metavar="NAME", help="A module; may be repeated.")],
    guardian: Annotated[
        str | None, typer.Option("--as", metavar="GUARDIAN", help="Show what this guardian would see, by id or key.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write a page to print.")] = None,
    is_json: Json = False,
) -> int:
    """Show what parents would see of modules before they are opened; nothing is stored."""
    from jobs.cli import render_preview
    from jobs.cli.files import whole_file
    from jobs.cli.key_words import typed_key
    from jobs.cli.modules_words import parse_modules
    from jobs.preview import preview as look_ahead

    with session.Stopping() as stopping, session.opened(stopping, is_quiet=True) as wiring:
        (one,) = wiring.schools([school])
        modules = parse_modules(module)
        _require_live(wiring, one)
        states = _states(wiring, one, modules)
        with whole_file(html, "--html") if html is not None else nullcontext() as write:
            with render.progress(is_wanted=not is_json) as show:
                key = None if guardian is None else typed_key(guardian, "--as")
                found = look_ahead(wiring.parts(one, on_progress=show), modules, key)
            if write is not None:
                write(render_preview.html(found, wiring.plan(one).name, states))
    if is_json:
        render.document(render_preview.data(found, states))
    else:
        render_preview.show(found, states)
        render.out(*([] if html is None else ["", f"Written to {html}."]))
    return exits.WELL


def _require_live(wiring: Wiring, school: SchoolId) -> None:
    from schemas.errors import ConfigurationError

    if wiring.is_fed_by_files(school):
        raise ConfigurationError(
            f"School {school} is fed by files; there is nobody to ask for what is not imported.",
            fix="Open the module with an embargo (connector modules embargo), import, and look at the views.",
        )


def _states(wiring: Wiring, school: SchoolId, modules: tuple[Module, ...]) -> list[ModuleView]:
    """Give how the modules stand now."""
    from jobs import activate

    with wiring.database.session() as opened, opened.read() as connection:
        return [view for view in activate.look(connection, school, wiring.now()) if view.module in modules]
