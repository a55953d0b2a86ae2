"""The commands `connector modules …`: what each school opens to parents, and from when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import exits, modules_contact, modules_preview, modules_settings, render
from jobs.cli.modules_desk import By, Desk, Json, Schools, desk_of
from jobs.cli.runs import who

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from connector.bookkeeping.register import Decision
    from jobs.activate import Choice, Step
    from schemas.ids import SchoolId

app = typer.Typer(no_args_is_help=True, help="What each school opens to parents, and from when.")

Modules = Annotated[list[str] | None, typer.Option("--module", metavar="NAME", help="A module; may be repeated.")]
Phase = Annotated[int | None, typer.Option("--phase", metavar="N", help="All modules of this phase.")]


def _choice(modules: list[str] | None, phase: int | None = None, *, is_all: bool = False) -> Choice:
    """Read which modules are meant; exactly one way of saying it."""
    from jobs.activate import Choice
    from jobs.cli.modules_words import parse_modules
    from schemas.errors import ConfigurationError
    from schemas.modules import Module

    if (bool(modules), phase is not None, is_all).count(True) != 1:
        raise ConfigurationError(
            "Say which modules are meant, in one way.",
            fix="Write --module NAME (may be repeated); open and close also take --phase N, embargo takes --all.",
        )
    return Choice(tuple(Module) if is_all else parse_modules(modules or ()), phase)


def _change(desk: Desk, work: Callable[[Connection, SchoolId], list[Step]]) -> list[Step]:
    """Do the same at each school, all in one transaction."""
    with desk.session.write() as connection:
        return [step for school in desk.schools for step in work(connection, school)]


@app.command("list")
def list_modules(school: Schools = None, is_json: Json = False) -> int:
    """Show what each school has opened, planned and closed."""
    from jobs import activate
    from jobs.cli import render_modules

    with desk_of(school) as desk:
        with desk.session.read() as connection:
            views = [view for school_id in desk.schools for view in activate.look(connection, school_id, desk.now)]
        if is_json:
            render.document([render_modules.module_data(view) for view in views])
        else:
            for place, school_id in enumerate(desk.schools):
                render.out(*([""] if place else []), f"{school_id} {desk.wiring.plan(school_id).name}")
                rows = [render_modules.module_row(view, desk.now) for view in views if view.school == school_id]
                render.table(render_modules.MODULE_HEADINGS, rows, left=range(len(render_modules.MODULE_HEADINGS)))
    return exits.WELL


@app.command("open")
def open_(
    module: Modules = None,
    phase: Phase = None,
    school: Schools = None,
    from_: Annotated[
        str, typer.Option("--from", metavar="DATE|now", help="The first day; it begins at 00:00 local time.")
    ] = "now",
    decided_by: Annotated[str | None, typer.Option("--decided-by", metavar="WHO", help="Who decided it.")] = None,
    agreed_with: Annotated[
        str | None, typer.Option("--agreed-with", metavar="WHO", help="With whom it was agreed (the MR, parents).")
    ] = None,
    evening: Annotated[
        str | None, typer.Option("--evening", metavar="DATE", help="The day of the information evening.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="What parents are told.")] = None,
    by: By = None,
) -> int:
    """Open modules to parents, at once or from a day on."""
    from connector.bookkeeping.register import Decision
    from jobs import activate
    from jobs.cli import modules_words as words
    from jobs.cli.render_modules import step_line

    with desk_of(school) as desk:
        choice = _choice(module, phase)
        opens_at = words.parse_from(from_, "--from", desk.now)
        evening_on = None if evening is None else words.parse_day(evening, "--evening")
        decision: Decision = Decision(None, decided_by, agreed_with, evening_on, text)
        steps = _change(
            desk,
            lambda connection, one: activate.open_modules(
                connection, one, choice, opens_at, decision=decision, now=desk.now, by=who(by)
            ),
        )
    when = f" from {words.local(opens_at)}" if opens_at > desk.now else ""
    render.out(*(step_line(step, when) for step in steps))
    if any(step.is_change for step in steps):
        render.out("The records come with the first sync from then on, and show when that first load is complete.")
    return exits.WELL


@app.command()
def close(
    module: Modules = None,
    phase: Phase = None,
    school: Schools = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="The first day on which parents see it no more.")
    ] = None,
    by: By = None,
) -> int:
    """Close modules: the views hide them at once, the rows go with the next sync."""
    from jobs import activate
    from jobs.cli import modules_words as words
    from jobs.cli.render_modules import step_line
    from mappings.values import local_day, start_of_day
    from schemas.errors import ConfigurationError

    with desk_of(school) as desk:
        choice, closes_at = _choice(module, phase), desk.now
        if on is not None and (day := words.parse_day(on, "--on")) != local_day(desk.now):
            if day < local_day(desk.now):
                raise ConfigurationError(f"--on: {day} is over.", fix="Leave --on out to close at once.")
            closes_at = start_of_day(day)
        steps = _change(
            desk,
            lambda connection, one: activate.close_modules(
                connection, one, choice, closes_at, now=desk.now, by=who(by)
            ),
        )
    is_later = closes_at > desk.now
    render.out(*(step_line(step, f" on {words.local(closes_at)}" if is_later else "") for step in steps))
    if any(step.is_change for step in steps):
        render.out(
            "Parents see it until then; the rows go with the first sync after."
            if is_later
            else "Parents see it no more from this moment; the rows go with the next sync."
        )
    return exits.WELL


@app.command()
def embargo(
    module: Modules = None,
    is_all: Annotated[bool, typer.Option("--all", help="Every module: the whole portal of the school.")] = False,
    school: Schools = None,
    from_: Annotated[str, typer.Option("--from", metavar="DATETIME|now", help="When it begins, local time.")] = "now",
    until: Annotated[str | None, typer.Option("--until", metavar="DATETIME", help="When it ends, local time.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")] = None,
    is_lifted: Annotated[bool, typer.Option("--lift", help="End the embargoes in force and to come.")] = False,
    by: By = None,
) -> int:
    """Hide open modules for a while, or lift that. Rows stay; the views follow by themselves."""
    from jobs import activate
    from jobs.cli import modules_words as words
    from jobs.cli.render_modules import step_line
    from schemas.errors import ConfigurationError

    with desk_of(school) as desk:
        choice, name = _choice(module, is_all=is_all or (is_lifted and not module)), who(by)
        if is_lifted:
            if until is not None or reason is not None or from_ != "now":
                raise ConfigurationError("--lift takes no window.", fix="Leave --from, --until and --reason out.")
            steps = _change(
                desk,
                lambda connection, one: activate.lift_embargoes(connection, one, choice, now=desk.now, by=name),
            )
            lifted = [step_line(step) for step in steps if step.is_change or module]
            render.out(*(lifted or ["There was no embargo to lift."]))
            return exits.WELL
        if until is None:
            raise ConfigurationError("--until is missing.", fix="Say when it ends, as in --until 2027-02-05T17:00.")
        window = activate.Embargo(
            words.parse_instant(from_, "--from", desk.now), words.parse_instant(until, "--until", desk.now), reason
        )
        if window.ends_at <= max(window.starts_at, desk.now):
            raise ConfigurationError("--until must lie after --from and after now.", fix="Take a later moment.")
        steps = _change(
            desk,
            lambda connection, one: activate.add_embargo(connection, one, choice, window, now=desk.now, by=name),
        )
    begins = "" if window.starts_at <= desk.now else f" from {words.local(window.starts_at)}"
    render.out(*(step_line(step, f"{begins} until {words.local(window.ends_at)}") for step in steps))
    return exits.WELL


app.command("settings")(modules_settings.list_settings)
app.command("set", context_settings=modules_settings.ANY_VALUE)(modules_settings.set_)
app.command()(modules_settings.unset)
app.command()(modules_preview.preview)
app.command()(modules_contact.contact)


@app.command()
def plan(school: Schools = None) -> int:
    """Print what is in force as a plan file that `apply` accepts."""
    from jobs import activate, choose
    from jobs.cli.modules_plan import Plan, plan_text

    with desk_of(school) as desk:
        with desk.session.read() as connection:
            phases = activate.present_plan(connection, desk.schools, desk.now)
            contacts = activate.present_contacts(connection, desk.schools)
            settings = choose.present_settings(connection, desk.schools)
            present = Plan(tuple(phases), tuple(settings), tuple(contacts))
        render.out(plan_text(present).rstrip("\n"))
    return exits.WELL


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan in TOML; `connector modules plan` prints one.")],
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the differences only.")] = False,
    by: By = None,
) -> int:
    """Make the register say what a plan file says: all of it, or nothing."""
    from jobs import activate, choose
    from jobs.cli.modules_plan import read_plan
    from jobs.cli.render_modules import difference_line
    from jobs.cli.render_settings import setting_line
    from schemas.errors import ConfigurationError

    with desk_of(None) as desk:
        wanted = read_plan(file, desk.schools)
        with desk.session.read() as connection:
            opened = activate.differences(connection, wanted.phases, desk.now)
            named = activate.contact_differences(connection, wanted.contacts)
            chosen = choose.differences(connection, wanted.settings, desk.now)
        render.out(*map(difference_line, [*opened, *named]), *map(setting_line, chosen))
        number = len(opened) + len(named) + len(chosen)
        if not number:
            render.out("The register says this already; nothing changes.")
            return exits.WELL
        if is_dry_run:
            render.out(f"{number} differences; nothing was changed (--dry-run).")
            return exits.WELL
        with desk.session.write() as connection:
            # Settings first: what they pull is told of the modules that were open when it was shown.
            has_chosen = choose.apply(connection, wanted.settings, now=desk.now, by=who(by)) == chosen
            has_opened = activate.apply(connection, wanted.phases, now=desk.now, by=who(by)) == opened
            has_named = activate.apply_contacts(connection, wanted.contacts, who(by)) == named
            if not (has_chosen and has_opened and has_named):
                raise ConfigurationError(
                    "Someone changed the register at the same moment; nothing was applied.",
                    fix="Look at the differences again: connector modules apply FILE --dry-run.",
                )
        render.out(f"{number} differences applied.")
    return exits.WELL


@app.command()
def history(
    school: Schools = None,
    module: Annotated[str | None, typer.Option("--module", metavar="NAME", help="Only this module.")] = None,
    is_json: Json = False,
) -> int:
    """Show every change of the register, oldest first: when, what, by whom."""
    from connector.bookkeeping import register
    from jobs.cli import render_modules
    from jobs.cli.modules_words import parse_module

    with desk_of(school) as desk:
        wanted = None if module is None else parse_module(module)
        with desk.session.read() as connection:
            rows = [row for one in desk.schools for row in register.history(connection, one, wanted)]
    if is_json:
        render.document([render_modules.history_data(row) for row in rows])
    elif rows:
        headings = render_modules.HISTORY_HEADINGS
        render.table(headings, render_modules.history_rows(rows), left=range(len(headings)))
    else:
        render.out("Nothing was changed so far.")
    return exits.WELL
