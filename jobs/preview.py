"""Preview: what parents would see if a module were open, without opening or storing anything.

The run is the real one (`jobs.pipeline`), against a portal of its own in memory in which the module is open. What the
portal has of other modules is carried over, so that only what opening would need is asked of the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from connector.bookkeeping import checkpoints, register
from connector.bookkeeping.checkpoints import Checkpoint
from connector.portal import audience, scratch
from connector.portal.audience import OwnRows, People, Seen, Unseen
from connector.portal.database import Database, database_now
from connector.sources.base import Source
from jobs.parts import DocumentPlan, Parts, Task
from jobs.pipeline import run_school
from mappings.activation import ModuleState
from schemas.errors import ConfigurationError, TransientError
from schemas.ids import SchoolId, SourceKey
from schemas.modules import ALWAYS_ON, ESSENTIAL, STREAMS_OF, Module
from schemas.runs import RunReport, RunStatus, Trigger
from schemas.streams import (
    LOOSE_REFERENCES,
    PARENTS,
    TIES,
    Capabilities,
    Changes,
    Cursor,
    Description,
    Page,
    Pull,
    Stream,
    children_of,
)

WHO = "preview"
_PEOPLE = frozenset({Stream.PUPILS, Stream.GUARDIANS, Stream.GUARDIANSHIPS})


class Own(NamedTuple):
    """What one guardian would see, and what that guardian may see of which pupil: pupil, level, reason."""

    guardian: str
    access: tuple[tuple[str, str, str], ...]
    views: tuple[OwnRows, ...]


class Preview(NamedTuple):
    """What opening modules would show. `also` are modules that show more once these are open."""

    school: SchoolId
    modules: tuple[Module, ...]
    taken_at: datetime
    seen: tuple[Seen, ...]
    unseen: tuple[Unseen, ...]
    people: People
    also: tuple[Module, ...]
    not_supplied: tuple[Stream, ...]
    fetched: Mapping[Stream, int]
    own: Own | None


class _RecordsOnly:
    """A source without its documents: a preview counts reports, it does not fetch their files."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def dialect(self) -> str:
        return self._source.dialect

    @property
    def capabilities(self) -> Capabilities:
        return self._source.capabilities

    def describe(self, school: SchoolId) -> Description:
        return self._source.describe(school)

    def changed(self, school: SchoolId, cursors: Mapping[Stream, Cursor]) -> Changes:
        return self._source.changed(school, cursors)

    def pages(self, school: SchoolId, pull: Pull) -> Iterator[Page]:
        return self._source.pages(school, pull)


def preview(parts: Parts, modules: tuple[Module, ...], guardian: SourceKey | None = None) -> Preview:
    """Give what parents would see if these modules were open together. The portal is only read; nothing is kept.

    Raises ConfigurationError for a module the source cannot supply or a guardian nobody knows, and what a run raises.
    """
    _require_supply(parts, modules)
    with scratch.scratch_portal() as database:
        also = _furnish(parts, database, modules)
        task = Task(Trigger.PREVIEW, frozenset({Module.PERSONALIA, *modules, *also}))
        alone = parts._replace(database=database, source=_RecordsOnly(parts.source), documents=DocumentPlan())
        report = run_school(alone, task)
        if report.status not in {RunStatus.DONE, RunStatus.QUIET}:
            raise TransientError(report.error or "The source did not hand out everything.", fix="Try again later.")
        return _look(alone, modules, also, report, guardian)


def _require_supply(parts: Parts, modules: tuple[Module, ...]) -> None:
    """Ask the source once what it has, before anything else of it is asked."""
    school = parts.school.id
    supply = parts.source.capabilities.streams & parts.source.describe(school).streams
    for module in modules:
        lacking = [stream.value for stream in STREAMS_OF[module] if stream in ESSENTIAL[module] - supply]
        if lacking:
            raise ConfigurationError(
                f"The source of school {school} cannot supply {module.value}: it has no {', '.join(lacking)}.",
                fix="Ask the supplier to grant it; `connector check` shows what it can supply.",
            )


def _furnish(parts: Parts, database: Database, modules: tuple[Module, ...]) -> tuple[Module, ...]:
    """Carry over what the run needs, and open the modules there; give the modules that will show more."""
    school, now = parts.school.id, parts.clock()
    with (
        parts.database.session() as real,
        scratch.snapshot(real) as origin,
        database.session() as own,
        own.write() as target,
    ):
        scratch.carry_register(origin, target, school)
        register.ensure(target, school, now, WHO)
        loaded = checkpoints.read(origin, school)
        open_now = {entry.module for entry in register.read(target, school)[0] if _is_open(entry, now)} | set(ALWAYS_ON)
        for module in modules:
            if module not in open_now:
                register.open_module(target, school, module, now, WHO)
            register.lift_embargoes(target, school, module, now, WHO)
        scratch.carry_streams(origin, target, school, _present(loaded, open_now, _streams(modules)))
    others = open_now - set(modules)
    fresh = frozenset(_streams(modules)) - {stream for one in others for stream in STREAMS_OF[one]}
    return tuple(one for one in Module if one in others and _waits_for(one, fresh))


def _streams(modules: tuple[Module, ...]) -> tuple[Stream, ...]:
    """Give the modules' own streams, each once, in dependency order."""
    needed = {stream for module in modules for stream in STREAMS_OF[module]}
    return tuple(stream for stream in Stream if stream in needed)


def _is_open(entry: register.ModuleEntry, now: datetime) -> bool:
    return ModuleState(entry.module, entry.opens_at, entry.closes_at).is_open(now)


def _waits_for(module: Module, fresh: frozenset[Stream]) -> bool:
    """Tell whether records of a module are tied to what only now comes: news of one group, once groups are there."""
    for stream in STREAMS_OF[module]:
        loose = LOOSE_REFERENCES.get(stream, {})
        if any(loose[column] in fresh for column in loose if column in TIES[stream]):
            return True
    return False


def _present(loaded: Mapping[Stream, Checkpoint], open_now: set[Module], own: tuple[Stream, ...]) -> frozenset[Stream]:
    """Give the streams to carry over: loaded, open, and neither the modules' own nor hanging on those."""
    anew = {stream for one in own for stream in (one, *children_of(one))}
    needed = {stream for one in open_now for stream in STREAMS_OF[one]}
    kept = {s for s in needed - anew if s in loaded and loaded[s].loaded_at is not None}
    if not kept >= _PEOPLE:
        return frozenset()
    return frozenset(stream for stream in kept if all(parent.stream in kept for parent in PARENTS[stream]))


def _look(
    alone: Parts, modules: tuple[Module, ...], also: tuple[Module, ...], report: RunReport, guardian: SourceKey | None
) -> Preview:
    school = alone.school.id
    views = list(dict.fromkeys(view for one in (*modules, *also) for view in audience.views_of(one)))
    with alone.database.session() as session, session.read() as connection:
        # The clock the views read, so that what comes later is told from what nobody may see.
        now = database_now(connection)
        unseen = [*_withheld(report, _streams(modules))]
        for stream in _streams(modules):
            unseen += audience.unseen(connection, school, stream, now)
        return Preview(
            school=school,
            modules=modules,
            taken_at=now,
            seen=tuple(audience.seen(connection, school, view) for view in views),
            unseen=tuple(sorted(unseen, key=lambda one: list(Stream).index(one.stream))),
            people=audience.people(connection, school, views, now),
            also=also,
            not_supplied=tuple(one for one in report.not_supplied if one in _streams(modules)),
            fetched=_fetched(report),
            own=None if guardian is None else _own(connection, school, views, guardian, now),
        )


def _own(connection: Connection, school: SchoolId, views: list[str], guardian: SourceKey, now: datetime) -> Own:
    found = audience.guardian_of(connection, school, guardian)
    if found is None:
        raise ConfigurationError(
            f"School {school} has no guardian with the key that --as names.",
            fix="Take the guardian's id in the portal or key in the SIS; `connector invitations export` lists them.",
        )
    rows = tuple(audience.own_rows(connection, school, view, found) for view in views)
    return Own(found, tuple(audience.own_access(connection, school, found, now)), rows)


def _withheld(report: RunReport, streams: tuple[Stream, ...]) -> Iterator[Unseen]:
    """Give what gates withheld and the brake would hold of the modules' own streams."""
    for stream in streams:
        gates: dict[str, int] = {}
        for one in report.streams:
            if one.stream is stream:
                for gate, records in one.gates.items():
                    gates[gate] = gates.get(gate, 0) + records
                if one.sums.held:
                    gates["held"] = gates.get("held", 0) + one.sums.held
        yield from (Unseen(stream, gate, records) for gate, records in sorted(gates.items()))


def _fetched(report: RunReport) -> dict[Stream, int]:
    found: dict[Stream, int] = {}
    for one in report.streams:
        found[one.stream] = found.get(one.stream, 0) + one.sums.fetched
    return found
