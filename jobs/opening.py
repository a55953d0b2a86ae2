"""What a run finds when it begins: what feeds the school, its register, where its streams stand, and what was left."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from connector.bookkeeping import checkpoints, leases, ledger, leftovers, register, stopped
from connector.bookkeeping.checkpoints import Checkpoint
from connector.bookkeeping.leases import Lease
from connector.bookkeeping.leftovers import Leftovers
from connector.bookkeeping.register import ModuleEntry
from connector.portal.database import Session
from connector.portal.staging import Staging
from jobs.fetch_ahead import FetchAhead
from jobs.parts import Parts, Task
from jobs.run_state import RunState
from mappings.activation import ModuleState, decide
from schemas.ids import new_run_id
from schemas.modules import ALWAYS_ON, Module
from schemas.selections import Selections
from schemas.stops import Stop
from schemas.streams import Stream

SYSTEM = "connector"
"""Who changed the register when nobody did: the default plan of a new school."""


class _Found(NamedTuple):
    """The books of one school at one moment."""

    name: str | None
    entries: list[ModuleEntry]
    version: int
    checkpoints: dict[Stream, Checkpoint]
    selections: Selections
    leftovers: Leftovers
    stops: dict[Stream, Stop]


def open_state(session: Session, parts: Parts, task: Task, lease: Lease | None) -> RunState:
    """Read the books in one transaction; a new school gets its default plan first, unless it is a dry run."""
    school, now = parts.school, parts.clock()
    with session.read() as connection:
        found = _read(connection, parts, now)
    if lease is not None and (found.name != school.name or len(found.entries) < len(Module)):
        with session.write() as connection:
            leases.renew(connection, lease)
            ledger.claim(connection, school.id, name=school.name, source=school.source, dialect=parts.source.dialect)
            register.ensure(connection, school.id, now, SYSTEM)
        with session.read() as connection:
            found = _read(connection, parts, now)
    # What is always on is pulled whatever the register says: everything else hangs on it.
    states = [ModuleState(module, now, None) for module in sorted(ALWAYS_ON)]
    states += [
        ModuleState(entry.module, entry.opens_at, entry.closes_at)
        for entry in found.entries
        if entry.module not in ALWAYS_ON
    ]
    return RunState(
        session=session,
        parts=parts,
        task=task,
        run_id=new_run_id(now),
        started_at=now,
        lease=lease,
        policy=decide(states, now, found.selections),
        version=found.version,
        revealed=frozenset(entry.module for entry in found.entries if entry.revealed_at is not None),
        checkpoints=found.checkpoints,
        leftovers=found.leftovers,
        stops=found.stops,
        staging=Staging(session, school.id),
        ahead=FetchAhead(partial(parts.source.pages, school.id), parts.parallel_requests),
    )


def _read(connection: Connection, parts: Parts, now: datetime) -> _Found:
    school = parts.school.id
    name = ledger.name_at(connection, school, source=parts.school.source, dialect=parts.source.dialect)
    entries, version = register.read(connection, school)
    left = leftovers.read(connection, school, now)
    return _Found(
        name,
        entries,
        version,
        checkpoints.read(connection, school),
        register.selections(connection, school),
        left,
        stopped.read(connection, school) if left.stopped else {},
    )
