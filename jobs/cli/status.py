"""`connector status`: how fresh each school is, and what waits for a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli import exits, render, session
from schemas.documents import State

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jobs.wiring import Wiring
    from schemas.ids import SchoolId
    from schemas.modules import Module
    from schemas.streams import Stream


def status(
    school: Annotated[list[str] | None, typer.Option(metavar="BRIN", help="May be repeated. Default: all.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Show per school how old its data is, its last run, its modules and what waits."""
    with session.opened() as wiring:
        from jobs.parts import clock

        now = clock()
        with wiring.database.session() as opened, opened.read() as connection:
            found = {one: _state(wiring, connection, one, now) for one in wiring.schools(school or ())}
    if json:
        render.document({"now": now, "schools": found})
        return exits.WELL
    for one, state in found.items():
        render.out(f"{one} {state['name']}", *_lines(state, now), "")
    return exits.WELL


def _state(wiring: Wiring, connection: Connection, school: SchoolId, now: datetime) -> dict[str, Any]:
    from connector.bookkeeping import ledger, pending, quarantine, register
    from connector.portal import documents
    from schemas.modules import ESSENTIAL, STREAMS_OF, Module

    entries, _version = register.read(connection, school)
    is_open = {
        entry.module.value: entry.revealed_at is not None
        for entry in entries
        if entry.opens_at is not None and entry.opens_at <= now and (entry.closes_at is None or entry.closes_at > now)
    }
    seen = next((row for row in ledger.schools(connection) if row["school_id"] == school), None)
    last = next(iter(ledger.runs(connection, school, 1)), None)
    lacking = _not_supplied(wiring, connection, school, [Module(name) for name in is_open])
    return {
        "name": wiring.plan(school).name,
        "source": wiring.plan(school).source,
        "checked_at": None if seen is None else seen["checked_at"],
        "document_at": None if seen is None else seen["document_at"],
        "is_running": seen is not None and seen["holder"] is not None and seen["expires_at"] > now,
        "last_run": last,
        "open_modules": list(is_open),
        "loading_modules": [
            name for name, is_shown in is_open.items() if not is_shown and not ESSENTIAL[Module(name)] & lacking
        ],
        "not_supplied": {
            name: missing
            for name in is_open
            if (missing := [stream.value for stream in STREAMS_OF[Module(name)] if stream in lacking])
        },
        "held": pending.held_total(connection, school),
        "quarantined": quarantine.totals(connection, school),
        "documents": documents.totals(connection, school),
    }


def _not_supplied(
    wiring: Wiring, connection: Connection, school: SchoolId, modules: Iterable[Module]
) -> frozenset[Stream]:
    """Give the streams of these modules that the source cannot supply, by its kind or by what it last said."""
    from connector.bookkeeping import checkpoints
    from jobs.wiring import NO_DOCUMENT
    from schemas.modules import STREAMS_OF

    capable = wiring.source(school, NO_DOCUMENT if wiring.is_fed_by_files(school) else None).capabilities.streams
    known = checkpoints.read(connection, school)
    refused = {stream for stream, one in known.items() if one.full_reason == checkpoints.NOT_SUPPLIED}
    needed = {stream for module in modules for stream in STREAMS_OF[module]}
    return frozenset(needed - (capable - refused))


def _lines(state: dict[str, Any], now: datetime) -> list[str]:
    last = state["last_run"]
    checked = state["checked_at"]
    data = "never checked" if checked is None else f"{render.age(checked, now)} old ({render.moment(checked)})"
    run = "none" if last is None else f"{last['status']} {render.moment(last['started_at'])} ({last['run_id']})"
    lines = [f"  data: {data}", f"  last run: {run}{', one is running now' if state['is_running'] else ''}"]
    if last is not None and last["error"]:
        lines.append(f"  error: {last['error']}")
    lines.append(f"  open modules: {', '.join(state['open_modules']) or 'none'}")
    if state["loading_modules"]:
        lines.append(f"  first load not complete: {', '.join(state['loading_modules'])}")
    if state["not_supplied"]:
        missing = (f"{', '.join(streams)} ({module})" for module, streams in state["not_supplied"].items())
        lines.append(f"  not supplied by the source: {', '.join(missing)}")
    if state["document_at"] is not None:
        lines.append(f"  newest document: {render.moment(state['document_at'])}")
    lines.append(f"  held keys: {state['held']}, in quarantine: {state['quarantined']}")
    if counts := state["documents"]:
        lines.append(f"  documents: {', '.join(f'{counts[one]} {one}' for one in State if one in counts)}")
    return lines
