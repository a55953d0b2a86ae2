"""The commands `connector modules settings`, `set` and `unset`: what a school shows within its open modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli import exits, render
from jobs.cli.modules_desk import By, Desk, Json, Schools, desk_of
from jobs.cli.runs import who

if TYPE_CHECKING:
    from jobs.choose import SettingStep

Name = Annotated[str, typer.Argument(metavar="NAME", help="A setting; `connector modules settings` lists them.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would do only.")]
ANY_VALUE = {"ignore_unknown_options": True}
"""For `set`: a value may begin with a dash, so that -1 is told what is allowed."""


def list_settings(school: Schools = None, is_json: Json = False) -> int:
    """Show what each school chose to show, and to whom, within its open modules."""
    from jobs import choose
    from jobs.cli import render_settings

    with desk_of(school) as desk:
        with desk.session.read() as connection:
            views = [view for school_id in desk.schools for view in choose.look(connection, school_id)]
        if is_json:
            render.document([render_settings.setting_data(view) for view in views])
            return exits.WELL
        for place, school_id in enumerate(desk.schools):
            render.out(*([""] if place else []), f"{school_id} {desk.wiring.plan(school_id).name}")
            mine = [view for view in views if view.school == school_id]
            headings = render_settings.SETTING_HEADINGS
            render.table(headings, [render_settings.setting_row(view) for view in mine], left=range(len(headings)))
            render.out(*(f"{view.name}: {view.problem}" for view in mine if view.problem))
    return exits.WELL


def set_(
    name: Name,
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="As in the reference, as JSON, or default to take the default.")
    ],
    school: Schools = None,
    is_dry_run: DryRun = False,
    by: By = None,
) -> int:
    """Choose what a school shows within its open modules. The rows follow with the next sync."""
    from jobs.cli.setting_words import parse_name, parse_value

    _refuse_option(value)
    known = parse_name(name)
    wanted = {known: parse_value(known, value)}
    with desk_of(school) as desk:
        _tell(_change(desk, wanted, by, is_dry_run=is_dry_run), is_dry_run=is_dry_run)
    return exits.WELL


def unset(name: Name, school: Schools = None, is_dry_run: DryRun = False, by: By = None) -> int:
    """Take a setting back to its default."""
    from jobs.choose import DEFAULT

    with desk_of(school) as desk:
        wanted = {_name_here(desk, name): DEFAULT}
        _tell(_change(desk, wanted, by, is_dry_run=is_dry_run), is_dry_run=is_dry_run)
    return exits.WELL


def _change(desk: Desk, values: Mapping[str, Any], by: str | None, *, is_dry_run: bool) -> list[SettingStep]:
    """Do the same at each school, all in one transaction; a dry run only looks."""
    from jobs import choose

    if is_dry_run:
        with desk.session.read() as connection:
            return [step for one in desk.schools for step in choose.foresee(connection, one, values, desk.now)]
    with desk.session.write() as connection:
        return [
            step
            for one in desk.schools
            for step in choose.set_values(connection, one, values, now=desk.now, by=who(by))
        ]


def _tell(steps: list[SettingStep], *, is_dry_run: bool) -> None:
    from jobs.cli.render_settings import setting_line

    render.out(*(setting_line(step) for step in steps))
    if is_dry_run:
        render.out("Nothing was changed (--dry-run).")


def _name_here(desk: Desk, name: str) -> str:
    """Give the setting's name; what is in the register and is no setting can be taken away too."""
    from connector.bookkeeping import register
    from jobs.cli.setting_words import parse_name

    with desk.session.read() as connection:
        if any(name in register.setting_texts(connection, one) for one in desk.schools):
            return name
    return parse_name(name)


def _refuse_option(value: str) -> None:
    from schemas.errors import ConfigurationError

    if value.startswith("--"):
        raise ConfigurationError(f"There is no option {value[:40]!r}.", fix="See `connector modules set --help`.")
