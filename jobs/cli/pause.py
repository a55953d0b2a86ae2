"""`connector pause` and `connector resume`: the kill switch, per school and per source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import exits, render, session
from jobs.cli.runs import who
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId
from schemas.pauses import Scope

if TYPE_CHECKING:
    from jobs.wiring import Wiring

School = Annotated[list[str] | None, typer.Option(metavar="BRIN", help="May be repeated.")]
Source = Annotated[list[str] | None, typer.Option(metavar="NAME", help="Every school of it; may be repeated.")]
By = Annotated[str | None, typer.Option(metavar="NAME", help="Who decides. Default: who is logged in.")]
_MOST_MOVES = 20
_LONGEST = 300


def pause(
    school: School = None,
    source: Source = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for whoever finds it paused.")] = None,
    by: By = None,
    json: Annotated[bool, typer.Option("--json", help="With no school or source: one JSON document.")] = False,
) -> int:
    """Stop all work for a school or a source within seconds; data stays as it is. Without either: show the pauses."""
    with session.opened() as wiring:
        chosen = _chosen(wiring, school, source)
        if not chosen:
            return _show(wiring, is_json=json)
        if not (why := (reason or "").strip()):
            raise ConfigurationError("A pause needs a reason.", fix="Say why: --reason TEXT.")
        from connector.bookkeeping import pauses

        name = who(by)
        with wiring.database.session() as opened, opened.write() as connection:
            for scope, one in chosen:
                pauses.pause(connection, scope, one, name, why[:_LONGEST])
    for scope, one in chosen:
        render.out(f"{scope.value} {one}: paused. What is under way ends at its page; nothing new begins.")
    return exits.WELL


def resume(
    school: School = None,
    source: Source = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, where it needs saying.")] = "",
    by: By = None,
) -> int:
    """Lift a pause; the next sync goes on where the last stopped."""
    with session.opened() as wiring:
        chosen = _chosen(wiring, school, source)
        if not chosen:
            raise ConfigurationError("Nothing was named.", fix="Say what: --school BRIN or --source NAME.")
        from connector.bookkeeping import pauses

        name = who(by)
        with wiring.database.session() as opened, opened.write() as connection:
            lifted = [pauses.resume(connection, *one, name, reason.strip()[:_LONGEST]) for one in chosen]
            left = pauses.read(connection)
    for (scope, one), was_paused in zip(chosen, lifted, strict=True):
        render.out(f"{scope.value} {one}: {'resumed' if was_paused else 'was not paused'}.")
    for still in left:
        if still.scope is Scope.SOURCE and any(
            scope is Scope.SCHOOL and wiring.settings.schools[SchoolId(one)].source == still.name
            for scope, one in chosen
        ):
            render.out(f"note: {still.said()}")
    return exits.WELL


def _chosen(wiring: Wiring, schools: list[str] | None, sources: list[str] | None) -> list[tuple[Scope, str]]:
    """Give what was named, once each; raises ConfigurationError for what is not configured."""
    named = [(Scope.SCHOOL, str(one)) for one in (wiring.schools(schools) if schools else ())]
    for source in sources or ():
        if source not in wiring.settings.sources:
            known = ", ".join(sorted(wiring.settings.sources))
            raise ConfigurationError(f"Source {source!r} is not configured.", fix=f"Configured are: {known}.")
        named.append((Scope.SOURCE, source))
    return list(dict.fromkeys(named))


def _show(wiring: Wiring, *, is_json: bool) -> int:
    from connector.bookkeeping import pauses

    with wiring.database.session() as opened, opened.read() as connection:
        found, moves = pauses.read(connection), pauses.history(connection, _MOST_MOVES)
    if is_json:
        render.document({"paused": [pause._asdict() for pause in found], "moves": moves})
        return exits.WELL
    render.out(*(pause.said() for pause in found) if found else ("Nothing is paused.",))
    if moves:
        keys = ("moved_at", "action", "scope", "name", "moved_by", "reason")
        render.table(
            ("when", "what", "of", "name", "by", "why"), [[move[key] for key in keys] for move in moves], left=range(6)
        )
    return exits.WELL
