"""`connector worklist`: what each school can put right in its SIS, by key."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.cli import exits, render, session


def worklist(
    school: Annotated[list[str] | None, typer.Option(metavar="BRIN", help="May be repeated. Default: all.")] = None,
    names: Annotated[bool, typer.Option("--names", help="Show names beside the keys.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Show what each school can put right in its SIS, and how: mail, authority, groups, doubles, leavers."""
    from datetime import timedelta

    from jobs.cli import render_worklist
    from jobs.worklist import look

    with session.opened() as wiring:
        now, chosen = wiring.now(), wiring.schools(school or ())
        plans = {one: wiring.plan(one) for one in chosen}
        with wiring.database.session() as opened, opened.read() as connection:
            overdue_after = timedelta(days=wiring.settings.corrections.overdue_days)
            found = look(connection, chosen, now, overdue_after, with_names=names)
    if json:
        render.document(render_worklist.data(plans, found, now))
        return exits.WELL
    for one, work in found.items():
        render_worklist.show(plans[one], work)
    return exits.WELL
