"""`connector check`: would a sync work? Configuration, database, mail and each live source, person-free."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli import exits, render, session
from schemas.errors import ConnectorError
from schemas.ids import SchoolId
from schemas.modules import ESSENTIAL, STREAMS_OF
from schemas.streams import Stream

if TYPE_CHECKING:
    from connector.settings import Settings
    from jobs.wiring import Wiring

Finding = dict[str, Any]


def check(
    school: Annotated[list[str] | None, typer.Option(metavar="BRIN", help="May be repeated. Default: all.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Check configuration, database, migrations, document store, mail and each source; no person is asked for."""
    settings = session.load_settings()
    from jobs.wiring import open_wiring, select_schools

    chosen = select_schools(settings, school or ())
    findings: dict[str, Finding] = {"configuration": _well(f"read, schools: {len(settings.schools)}")}
    with (
        session.Stopping() as stopping,
        open_wiring(settings, should_stop=stopping.is_asked, is_migrated=False) as wiring,
    ):
        findings["database"] = _database(wiring)
        if findings["database"]["error"] is None:
            findings["clock"] = _clock(wiring)
        findings["documents"] = _documents(wiring)
        findings["mail"] = _mail(wiring)
        schools = {one: _school(wiring, settings, one) for one in chosen}
    code = exits.gravest(found["exit_code"] for found in (*findings.values(), *schools.values()))
    if json:
        render.document({"exit_code": code, **findings, "schools": schools})
    else:
        _show(findings, schools)
    return code


def _well(said: str) -> Finding:
    return {"exit_code": exits.WELL, "said": said, "error": None, "fix": None}


def _ill(error: Exception) -> Finding:
    if isinstance(error, ConnectorError):
        return {"exit_code": exits.of_error(error), "said": "", "error": error.message, "fix": error.fix}
    fix = "This is a bug of ours. Please report the line above."
    return {"exit_code": exits.BUG, "said": "", "error": render.unexpected_text(error), "fix": fix}


def _database(wiring: Wiring) -> Finding:
    from jobs.wiring import check_views, require_migrated

    try:
        require_migrated(wiring.database)
        views = check_views(wiring.database)
    except Exception as error:  # noqa: BLE001  the sources are still to be looked at
        return _ill(error)
    return _well(f"{wiring.database.dialect}, migrated, {views} views")


def _clock(wiring: Wiring) -> Finding:
    try:
        return _well(session.clock_text(wiring) or "this machine and the database agree")
    except Exception as error:  # noqa: BLE001  the sources are still to be looked at
        return _ill(error)


def _documents(wiring: Wiring) -> Finding:
    try:
        store = wiring.documents().store
        if store is not None:
            store.probe()
    except Exception as error:  # noqa: BLE001  the sources are still to be looked at
        return _ill(error)
    return _well("kept in the database" if store is None else "the store can be written")


def _mail(wiring: Wiring) -> Finding:
    mailer = wiring.mailer()
    if mailer is None:
        return _well("none configured; corrections go by the other ways")
    try:
        mailer.probe()
    except Exception as error:  # noqa: BLE001  the sources are still to be looked at
        return _ill(error)
    return _well("the server answers over its line, and takes the login where there is one")


def _school(wiring: Wiring, settings: Settings, school: SchoolId) -> Finding:
    from jobs.wiring import NO_DOCUMENT

    given = settings.schools[school]
    about = {"name": given.name, "source": given.source, "dialect": settings.sources[given.source].dialect}
    try:
        if wiring.is_fed_by_files(school):
            streams = wiring.source(school, NO_DOCUMENT).capabilities.streams
            found = _well("fed by files; nobody to ask")
        else:
            source = wiring.source(school)
            description = source.describe(school)
            streams = description.streams & source.capabilities.streams
            found = _well(f"answers as {description.name!r}" if description.name else "answers")
    except Exception as error:  # noqa: BLE001  the other schools are still to be looked at
        return {**about, **_ill(error), "modules": {}}
    about["corrections"] = settings.channel(school).value
    return {**about, **found, "modules": _supply(streams)}


def _supply(streams: Collection[Stream]) -> dict[str, str]:
    """Tell per module whether the source can supply it: yes, without which streams, or no."""
    supply = {}
    for module, needed in STREAMS_OF.items():
        lacking = [stream.value for stream in needed if stream not in streams]
        if not lacking:
            supply[module.value] = "yes"
        elif ESSENTIAL[module] <= frozenset(streams):
            supply[module.value] = f"without {', '.join(lacking)}"
        else:
            supply[module.value] = "no" if len(lacking) == len(needed) else f"no, it lacks {', '.join(lacking)}"
    return supply


def _show(findings: dict[str, Finding], schools: dict[SchoolId, Finding]) -> None:
    for name, found in (*findings.items(), *((f"school {school}", found) for school, found in schools.items())):
        render.out(f"{name}: {found['said'] if found['error'] is None else 'FAILED'}")
        if found["error"] is not None:
            render.err(f"error: {name}: {found['error']}", f"fix: {found['fix']}")
    rows = [
        (school, module, supply)
        for school, found in schools.items()
        for module, supply in found.get("modules", {}).items()
    ]
    if rows:
        render.out("")
        render.table(("school", "module", "can be supplied"), rows, left=range(3))
