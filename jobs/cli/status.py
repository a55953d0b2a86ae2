"""`connector status`: how fresh each school is against its target, and what waits for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import exits, render, session

if TYPE_CHECKING:
    from jobs.standing import Feed
    from jobs.wiring import Wiring
    from schemas.ids import SchoolId


def status(
    school: Annotated[list[str] | None, typer.Option(metavar="BRIN", help="May be repeated. Default: all.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Show per school and module how old the data is against its target, the last run, and what waits."""
    from datetime import timedelta

    from jobs import standing
    from jobs.cli import render_status

    with session.opened() as wiring:
        now, clock_text = wiring.now(), session.clock_text(wiring)
        feeds = {one: _feed(wiring, one) for one in wiring.schools(school or ())}
        paused = {one: wiring.pause(one) for one in feeds}
        plans = {one: wiring.plan(one) for one in feeds}
        with wiring.database.session() as opened, opened.read() as connection:
            overdue_after = timedelta(days=wiring.settings.corrections.overdue_days)
            found = standing.look(connection, feeds, now, overdue_after)
    code = exits.PERSON if any(one.attention for one in found.values()) else exits.WELL
    if json:
        schools = {one: render_status.data(plans[one], stands, paused[one]) for one, stands in found.items()}
        render.document({"now": now, "exit_code": code, "schools": schools})
        return code
    if clock_text:
        render.out(*render.wrapped(clock_text), "")
    for one, stands in found.items():
        render_status.show(plans[one], stands, now, paused[one])
    return code


def _feed(wiring: Wiring, school: SchoolId) -> Feed:
    from jobs.standing import Feed
    from jobs.wiring import NO_DOCUMENT

    is_files = wiring.is_fed_by_files(school)
    source = wiring.source(school, NO_DOCUMENT if is_files else None)
    return Feed(source.capabilities.streams, is_files, wiring.target(school))
