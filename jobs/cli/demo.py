"""The command `connector demo`: a simulated school arrives, changes, takes a correction and closes a module."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli import exits, render

if TYPE_CHECKING:
    from jobs.cli.demo_simulator import SimulatedSis
    from jobs.wiring import Wiring
    from schemas.ids import SchoolId
    from schemas.runs import RunReport

MARKER = ".connector-demo"
OWN_FILES = ("config.toml", "portal.db", "portal.db-wal", "portal.db-shm", "simulator.log", ".gitignore", MARKER)
SMALL, LARGE = "99AA00", "99BB00"
NAMES = {SMALL: "De Regenboog", LARGE: "Het Kompas"}
PUPILS = 60
CHOICES = {
    "group_list.name": "true",
    "group_list.birth_date": "day_and_month",
    "subjects": "rekenen, taal",
    "note_categories": "conversation, educational_needs",
}
"""What Het Kompas chooses to show within its modules, as a person would type it."""
STORIES = {
    "family_moves": "a family moves",
    "address_turns_secret": "an address turns secret",
    "absence_added": "an absence is added",
    "plan_becomes_final": "a support plan becomes final",
    "note_loses_flag": "a note loses its flag for parents",
    "pupil_leaves": "a pupil left a while ago",
    "record_breaks": "a note gets a date that does not exist",
}


def demo(
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where the demo lives; begun anew each time.")
    ] = Path("demo"),
    is_kept: Annotated[
        bool, typer.Option("--keep-running", help="Keep the simulated SIS running at the end, until Ctrl-C.")
    ] = False,
) -> int:
    """See a simulated school arrive in a portal database, in under a minute. Touches nothing outside its folder."""
    from connector.telemetry import logs
    from jobs.cli import demo_simulator
    from jobs.parts import clock
    from mappings.values import local_day

    logs.configure("error")
    _begin_anew(folder)
    schools = {SMALL: PUPILS, LARGE: PUPILS}
    with _stopping_on_sigterm(), demo_simulator.running(folder, local_day(clock()), schools) as sis:
        with _wired(folder, sis) as wiring:
            _show(wiring, sis, folder)
        _next_steps(folder, is_kept=is_kept)
        if is_kept:
            _wait(sis)
    return exits.WELL


def _show(wiring: Wiring, sis: SimulatedSis, folder: Path) -> None:
    from jobs.cli import demo_corrections

    small, large = wiring.schools((SMALL, LARGE))
    _title(f"A simulated SIS runs at {sis.base_url}; {folder}/portal.db is empty")
    _open_phases(wiring)
    _choose(wiring, large)
    _title("First sync: both schools, over HTTP")
    for school in (small, large):
        _first_sync(wiring, school)
    render.out("", f"Asked for at {SMALL}: {', '.join(sorted(sis.streams_asked_for(SMALL)))}.")
    render.out("Not one request there for plans, reports, results or notes: those modules are not open.")
    _title(f"Meanwhile, in the SIS of {LARGE}")
    for name, words in STORIES.items():
        sis.tell(LARGE, name)
        render.out(f"  - {words}")
    _title("Second sync: only what changed")
    for school in (small, large):
        _second_sync(wiring, school)
    _through_a_guardians_eyes(wiring, sis, large)
    _title(f"A guardian of {LARGE} corrects what the school has")
    demo_corrections.scene(wiring, sis, large, lambda: _sync(wiring, large, is_quiet=True))
    _close_notes(wiring, large)


def _begin_anew(folder: Path) -> None:
    """Empty the demo's own folder; a folder that is not ours is left alone."""
    from connector.own_files import make_folder, write_file
    from schemas.errors import ConfigurationError

    if folder.exists() and not (folder / MARKER).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} exists and was not made by the demo; nothing was touched.",
            fix="Choose another place: connector demo --folder DIR.",
        )
    make_folder(folder)
    for name in OWN_FILES:
        (folder / name).unlink(missing_ok=True)
    write_file(folder / MARKER, "Made by `connector demo`; the next demo deletes what it wrote here.\n")
    write_file(folder / ".gitignore", "*\n")


@contextmanager
def _wired(folder: Path, sis: SimulatedSis) -> Iterator[Wiring]:
    """Write the configuration, make the database, give the live objects. The environment has no say here."""
    from connector import settings
    from connector.own_files import write_file
    from connector.portal import migrate
    from jobs.cli.demo_simulator import CLIENT_SECRET
    from jobs.wiring import open_wiring

    lines = ["# Written by `connector demo`.", "[portal]"]
    lines += [f"database_url = {_quoted(f'sqlite:///{folder.resolve()}/portal.db')}", "", "[sources.main]"]
    lines += ['dialect = "reference"', f"base_url = {_quoted(sis.base_url)}", 'client_id = "connector"']
    lines += [
        f"client_secret = {_quoted(CLIENT_SECRET)}  # of a simulated school; a real one lives in a file of its own"
    ]
    for school, name in NAMES.items():
        lines += ["", f'[schools."{school}"]', f"name = {_quoted(name)}", 'source = "main"']
    file = folder / "config.toml"
    write_file(file, "\n".join(lines) + "\n")
    loaded = settings.load(file, {})
    migrate.upgrade(loaded.portal.database_url.get_secret_value())
    with open_wiring(loaded) as wiring:
        yield wiring


def _open_phases(wiring: Wiring) -> None:
    from connector.bookkeeping.register import Decision
    from jobs import activate
    from jobs.parts import clock

    now = clock().replace(microsecond=0)
    decision = Decision(decided_by="the head", agreed_with="the MR", parent_text="Welcome in the parent portal.")
    small, large = wiring.schools((SMALL, LARGE))
    with wiring.database.session() as session, session.write() as connection:
        for school, phases in ((small, (1, 2, 3)), (large, (1, 2, 3, 4, 5))):
            opened: list[str] = []
            for phase in phases:
                steps = activate.open_modules(
                    connection, school, activate.Choice(phase=phase), now, decision=decision, now=now, by="demo"
                )
                opened += [step.module.value for step in steps]
            render.out(f"  {school} {NAMES[school]}: phases 1–{phases[-1]} are open: {', '.join(opened)}")


def _choose(wiring: Wiring, school: SchoolId) -> None:
    """Choose what a school shows within its modules; whatever it does not choose has its default."""
    from jobs import choose
    from jobs.cli.setting_words import parse_value
    from jobs.parts import clock

    wanted = {name: parse_value(name, typed) for name, typed in CHOICES.items()}
    with wiring.database.session() as session, session.write() as connection:
        choose.set_values(connection, school, wanted, now=clock(), by="demo")
    chosen = "; ".join(f"{name} {typed}" for name, typed in CHOICES.items())
    render.out(f"  {school} {NAMES[school]} shows within them: {chosen}")


def _first_sync(wiring: Wiring, school: SchoolId) -> None:
    from jobs.cli import demo_tables

    report = _sync(wiring, school)
    with wiring.database.session() as session, session.read() as connection:
        lines = demo_tables.module_table(connection, report, _opened(connection, school))
    render.out("", f"{school} {NAMES[school]}", *lines)


def _second_sync(wiring: Wiring, school: SchoolId) -> None:
    from jobs.cli import demo_tables

    report = _sync(wiring, school)
    render.out("", f"{school} {NAMES[school]}", *demo_tables.change_table(report))
    if report.quarantined:
        render.out(
            "",
            f"{report.quarantined} record could not be used and is in quarantine; its old row stays as it was.",
            "`connector sync` would end with exit code 1 here: all is done, and something new needs a person.",
        )


def _through_a_guardians_eyes(wiring: Wiring, sis: SimulatedSis, school: SchoolId) -> None:
    from jobs.cli import demo_tables

    roles = sis.roles(school)
    with wiring.database.session() as session, session.read() as connection:
        _title("Through a guardian's eyes: the portal's whole query")
        me = roles["guardian_plain"]
        count, lines = demo_tables.own_absences(connection, school, me)
        render.out("  SELECT … FROM portal_absences WHERE school_id = :school AND guardian_id = :me")
        render.out("", f"With :me = {me} it gives {count} rows; the newest (times in UTC):", *lines)
        other = roles["guardian_without_authority"]
        count, _ = demo_tables.own_absences(connection, school, other)
        render.out("", f"The same query for {other}, a parent without authority: {count} rows.")
        render.out("", f"What is new to {me} since the first sync: portal_changes")
        render.out("", *demo_tables.own_news(connection, school, me))
        count = demo_tables.own_classmates(connection, school, me)
        render.out("", f"Classmates in portal_group_list for {me}, whose guardians allow their names: {count}.")


def _close_notes(wiring: Wiring, school: SchoolId) -> None:
    from jobs import activate
    from jobs.cli.demo_tables import rows_in, rows_seen
    from jobs.parts import clock
    from schemas.modules import Module
    from schemas.streams import Stream

    _title(f"{school} closes notities")
    with wiring.database.session() as session:

        def counts(when: str) -> None:
            with session.read() as connection:
                table, view = rows_in(connection, school, Stream.NOTES), rows_seen(connection, school, "portal_notes")
            render.out(f"  {when:<18} notes {table:>3} rows    portal_notes {view:>3} rows (one per guardian)")

        counts("before")
        now = clock().replace(microsecond=0)
        with session.write() as connection:
            chosen = activate.Choice((Module.NOTITIES,))
            activate.close_modules(connection, school, chosen, now, now=now, by="demo")
        counts("closed")
        _sync(wiring, school, is_quiet=True)
        counts("after the sync")


def _sync(wiring: Wiring, school: SchoolId, *, is_quiet: bool = False) -> RunReport:
    from jobs.sync import SyncOptions, sync_school

    with render.progress(is_wanted=not is_quiet) as show:
        return sync_school(wiring.parts(school, on_progress=show), SyncOptions())


def _opened(connection: Any, school: SchoolId) -> frozenset[Any]:
    from jobs import activate
    from jobs.parts import clock

    views = activate.look(connection, school, clock())
    return frozenset(view.module for view in views if view.state is activate.State.OPEN)


def _next_steps(folder: Path, *, is_kept: bool) -> None:
    config = f"{_program()} --config {folder}/config.toml"
    _title("Try next")
    render.out(
        f"  {config} status",
        f"  {config} modules list",
        f"  {config} modules history --school {LARGE}",
        f"  {config} runs list",
        f"  {config} runs show RUN              # a run from that list: its story and its sums",
    )
    if is_kept:
        render.out(f"  {config} sync --full", f"  {config} modules open --module notities --school {LARGE}")
    else:
        render.out(
            f"  {config} modules open --module hulpplan --school {SMALL}",
            "",
            "The simulated SIS is stopped, so a sync would end with exit code 3 (source unreachable).",
            "With --keep-running it stays, and `sync` works too.",
        )


def _wait(sis: SimulatedSis) -> None:
    render.out("", f"The simulated SIS keeps running at {sis.base_url}. Ctrl-C stops it.")
    try:
        sis.process.wait()
    except KeyboardInterrupt:
        render.out("", "Stopped.")


def _program() -> str:
    """Give the words with which this very program was started, or can be started again."""
    given = Path(sys.argv[0])
    if given.name != "connector" or (shutil.which("connector") or "") == str(given.absolute()):
        return "connector"
    return os.path.relpath(given)


@contextmanager
def _stopping_on_sigterm() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, so that the simulator is stopped too."""

    def _stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _title(text: str) -> None:
    render.out("", text, "=" * len(text))
