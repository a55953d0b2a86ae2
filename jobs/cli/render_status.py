"""How the standing of a school looks: lines and a table of its modules, or plain data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from connector.bookkeeping.correction_queue import Queue
from jobs.cli import render
from jobs.parts import SchoolPlan
from jobs.standing import Attention, SchoolStanding
from schemas.documents import State
from schemas.pauses import Pause

_HEADINGS = ("module", "data of", "age", "state")
_STATES = {"not_supplied": "not supplied", "loading": "first load under way", "late": "LATE"}
_TO_DO: dict[Attention, str] = {
    Attention.LATE: "data is older than its target: see the last run, then `connector sync --school {school}`",
    Attention.STOPPED: "the supplier must mend what the source stopped sending; it is tried again by itself",
    Attention.LAST_RUN: "the last run did not end well: `connector runs show {run}`",
    Attention.HELD: "the brake holds keys: `connector runs list`, then `connector runs approve RUN`",
    Attention.QUARANTINE: "records could not be used: `connector quarantine list --school {school}`",
    Attention.CORRECTIONS: "corrections need a person: `connector corrections review --school {school}`",
    Attention.OVERDUE: "corrections wait for too long: `connector corrections overdue --school {school}`",
}


def show(plan: SchoolPlan, stands: SchoolStanding, now: datetime, pause: Pause | None = None) -> None:
    """Print how one school stands; no line of the table is wider than the terminal."""
    render.out(f"{plan.id} {plan.name}")
    if pause is not None:
        render.out(*render.wrapped(f"  {pause.said()}"))
    for line in _lines(plan, stands, now):
        render.out(*render.wrapped(f"  {line}"))
    rows = [
        (
            one.module.value,
            one.data_at,
            "" if one.data_at is None else render.age(one.data_at, now),
            _state(one, stands),
        )
        for one in stands.modules
    ]
    if rows:
        render.table(_HEADINGS, rows, left=(0, 1, 3), inset=2)
    render.out("")


def _state(one: Any, stands: SchoolStanding) -> str:
    said = _STATES.get(one.freshness.value, one.freshness.value)
    return "no target" if stands.target is None and one.data_at is not None else said


def _lines(plan: SchoolPlan, stands: SchoolStanding, now: datetime) -> Iterator[str]:
    books, last = stands.books, stands.books.last_run
    data = "never checked" if stands.data_at is None else f"{render.age(stands.data_at, now)} old"
    when = "" if stands.data_at is None else f" ({render.moment(stands.data_at)})"
    target = "no target" if stands.target is None else f"target {_minutes(stands.target)} min"
    yield f"data: {data}{when}, {target}{', LATE' if stands.is_late else ''}"
    run = "none" if last is None else f"{last['status']} {render.moment(last['started_at'])} ({last['run_id']})"
    ending = ", one is running now" if books.is_running else ", broken off" if stands.is_broken_off else ""
    yield f"last run: {run}{ending}"
    if last is not None and last["error"]:
        yield f"error: {last['error']}"
    yield f"open modules: {', '.join(one.module.value for one in stands.modules) or 'none'}"
    if stands.loading:
        yield f"first load not complete: {', '.join(stands.loading)}"
    if stands.lacking:
        missing = (f"{', '.join(streams)} ({module})" for module, streams in stands.lacking.items())
        yield f"not supplied by the source: {', '.join(missing)}"
    if books.document_at is not None:
        yield f"newest document: {render.moment(books.document_at)}"
    for stream, stop in books.stopped.items():
        yield f"{stop.said(stream)} since {render.moment(stop.since_at)}. {stop.fix(stream)}"
    yield f"held keys: {_backlog(books.held, now)}, in quarantine: {_backlog(books.quarantine, now)}"
    if books.corrections.waiting:
        yield f"corrections: {corrections_text(books.corrections)}"
    if counts := books.documents:
        yield f"documents: {', '.join(f'{counts[one]} {one}' for one in State if one in counts)}"
    for why in stands.attention:
        yield f"do: {_TO_DO[why].format(school=plan.id, run=last['run_id'] if last else '')}"


def corrections_text(queue: Queue) -> str:
    """Say how many corrections wait, for a person, and for too long."""
    return f"{queue.waiting} waiting, {queue.needing_a_person} need a person, {queue.overdue} overdue"


def _backlog(waiting: Any, now: datetime) -> str:
    return (
        f"{waiting.records}"
        if waiting.oldest_at is None
        else (f"{waiting.records} (oldest {render.age(waiting.oldest_at, now)})")
    )


def _minutes(target: timedelta) -> int:
    return int(target.total_seconds()) // 60


def data(plan: SchoolPlan, stands: SchoolStanding, pause: Pause | None = None) -> dict[str, Any]:
    """Give how one school stands as plain data."""
    books = stands.books
    return {
        "name": plan.name,
        "source": plan.source,
        "paused": None if pause is None else pause._asdict(),
        "target_minutes": None if stands.target is None else _minutes(stands.target),
        "data_at": stands.data_at,
        "is_late": stands.is_late,
        "checked_at": books.checked_at,
        "document_at": books.document_at,
        "is_running": books.is_running,
        "last_run": None if books.last_run is None else dict(books.last_run),
        "open_modules": [one.module for one in stands.modules],
        "modules": {
            one.module.value: {"data_at": one.data_at, "state": one.freshness, "is_late": one.is_late}
            for one in stands.modules
        },
        "loading_modules": list(stands.loading),
        "not_supplied": {module.value: list(streams) for module, streams in stands.lacking.items()},
        "stopped": {stream.value: {**stop._asdict()} for stream, stop in books.stopped.items()},
        "held": books.held.records,
        "held_since": books.held.oldest_at,
        "quarantined": books.quarantine.records,
        "quarantined_since": books.quarantine.oldest_at,
        "documents": dict(books.documents),
        "corrections": {
            "states": books.corrections.states,
            "need_person": books.corrections.needing_a_person,
            "overdue": books.corrections.overdue,
        },
        "attention": list(stands.attention),
    }
