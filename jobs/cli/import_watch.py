"""`connector import watch`: import what others put into a folder, once or for as long as we run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli import exits, render, reports, session
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from jobs.import_folder import Desk, Taken
    from jobs.wiring import Wiring
    from schemas.ids import SchoolId
    from schemas.runs import RunReport

_STEP_SECONDS = 0.2


def watch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder into which files are put.")],
    school: Annotated[
        list[str] | None, typer.Option(metavar="BRIN", help="May be repeated. Default: every school fed by files.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Import what is there and end.")] = False,
    every: Annotated[int, typer.Option(min=1, metavar="SECONDS", help="How often to look.")] = 30,
    settle: Annotated[
        int, typer.Option(min=0, metavar="SECONDS", help="How long a file must have stayed as it is.")
    ] = 10,
    json: Annotated[bool, typer.Option("--json", help="With --once: one JSON document on stdout.")] = False,
) -> int:
    """Import every EDEXML file of a folder once, and move it to done or failed with the reason beside it."""
    if json and not once:
        raise ConfigurationError("--json is for --once: a watch has no end.", fix="Add --once, or read the logs.")
    with session.Stopping() as stopping, session.opened(stopping) as wiring:
        desk = _desk(wiring, folder, _schools(wiring, school or ()), settle, stopping)
        desk.inbox.prepare()
        with desk.inbox.alone():
            if once:
                return _once(desk, stopping, is_json=json)
            return _go_on(desk, every, stopping)


def _schools(wiring: Wiring, selection: Sequence[str]) -> dict[SchoolId, str | None]:
    """Give the schools whose files are taken, each with its Flemish number."""
    chosen = [one for one in wiring.schools(selection) if selection or wiring.is_fed_by_files(one)]
    for one in chosen:
        if not wiring.is_fed_by_files(one):
            raise ConfigurationError(
                f"School {one} is not fed by files.", fix="Use `connector sync`; a school has one source."
            )
    if not chosen:
        raise ConfigurationError(
            "No school is fed by files.", fix='Add a source of dialect = "edexml", and a school with that source.'
        )
    return {one: wiring.plan(one).institution for one in chosen}


def _desk(
    wiring: Wiring, folder: Path, schools: dict[SchoolId, str | None], settle: int, stopping: session.Stopping
) -> Desk:
    from connector.inbox import Inbox
    from jobs.import_document import import_document
    from jobs.import_folder import Desk

    def take(one: SchoolId, path: Path) -> RunReport:
        return import_document(wiring.parts(one, path=path), path)

    return Desk(Inbox(folder), wiring.database, schools, take, reports.advice, settle, should_stop=stopping.is_asked)


def _look_once(desk: Desk, stopping: session.Stopping) -> Iterator[Taken]:
    """Take what is there; wait once for what may still be being written, and leave it when it is."""
    from connector.inbox import Sightings
    from jobs.import_folder import Fate, Taken, take_all, unsettled

    sightings = Sightings()
    yield from take_all(desk, sightings)
    if unsettled(desk, sightings):
        _wait(desk.settle_seconds + _STEP_SECONDS, stopping)
        yield from take_all(desk, sightings)
    if not stopping.is_asked():
        yield from (Taken(name, Fate.LEFT) for name in unsettled(desk, sightings))


def _go_on(desk: Desk, every: int, stopping: session.Stopping) -> int:
    """Look again and again until somebody asks to stop; that is how a watch ends well."""
    from connector.inbox import Sightings
    from jobs.import_folder import Fate, take_all

    sightings, left = Sightings(), dict[str, str]()
    while not stopping.is_asked():
        left_before, left = left, {}
        for taken in take_all(desk, sightings):
            text = _text(taken)
            if taken.fate is Fate.LEFT:
                left[taken.name] = text
            if left_before.get(taken.name) != text:  # what has to wait is not told at every look
                _show(taken)
        _wait(every, stopping)
    return exits.WELL if stopping.exit_code == exits.TERMINATED else stopping.exit_code


def _wait(seconds: float, stopping: session.Stopping) -> None:
    until = time.monotonic() + seconds
    while not stopping.is_asked() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _STEP_SECONDS))


def _once(desk: Desk, stopping: session.Stopping, *, is_json: bool) -> int:
    """Print what becomes of every file and give the gravest exit code."""
    found: dict[str, Taken] = {}
    for taken in _look_once(desk, stopping):
        found[taken.name] = taken
        if not is_json:
            _show(taken)
    code = stopping.exit_code if stopping.is_asked() else exits.gravest(_code(taken) for taken in found.values())
    if is_json:
        render.document({"exit_code": code, "files": [_as_data(taken) for taken in found.values()]})
    return code


def _code(taken: Taken) -> int:
    if taken.error is not None:
        return exits.of_error(taken.error)
    return exits.WELL if taken.report is None else reports.of_report(taken.report).code


def _show(taken: Taken) -> None:
    from jobs.import_folder import Fate, told

    render.out(_text(taken))
    if taken.report is not None:
        render.out(*reports.advice(taken.report))
    if taken.error is not None and taken.fate is Fate.REFUSED:
        what, fix = told(taken.error)
        render.err(f"error: {what}", f"fix: {fix}")


def _text(taken: Taken) -> str:
    from jobs.import_folder import told

    whose = f" for {taken.school}" if taken.school else ""
    run = f", run {taken.report.run_id}" if taken.report else ""
    where = f" ({taken.moved_to})" if taken.moved_to else ""
    why = ""
    if taken.moved_to is None:
        why = ": it is still being written" if taken.error is None else f": {told(taken.error)[0]}"
    return f"{taken.name}: {taken.fate.value}{whose}{run}{where}{why}"


def _as_data(taken: Taken) -> dict[str, Any]:
    from jobs.import_folder import told

    what, fix = (None, None) if taken.error is None else told(taken.error)
    return {
        "name": taken.name,
        "status": taken.fate.value,
        "exit_code": _code(taken),
        "school": taken.school,
        "moved_to": taken.moved_to,
        "error": what,
        "fix": fix,
        "run": None if taken.report is None else reports.as_data(reports.of_report(taken.report)),
    }
