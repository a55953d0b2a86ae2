"""When each job is due: claimed by compare-and-set, in times of the database's clock, by any number of schedulers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, union, update

from connector.bookkeeping.processes import is_dead
from connector.portal.upsert import insert_missing
from schemas.due import Due, JobKey, JobName
from schemas.tables.bookkeeping import DueTimeRow
from schemas.tables.catalogue import table_of
from schemas.tables.register import ModuleRow, RegisterVersionRow

_DUE, _MODULES, _VERSIONS = table_of(DueTimeRow), table_of(ModuleRow), table_of(RegisterVersionRow)
_COLUMNS = [_DUE.c[name] for name in Due._fields]
_JOBS = [job.value for job in JobName]
FREE: Mapping[str, Any] = {"claimed_by": None, "claimed_until": None}


def active(connection: Connection, now: datetime) -> list[Due]:
    """Give what is due and what is claimed, the longest due first."""
    query = select(*_COLUMNS).where(or_(_DUE.c.due_at <= now, _DUE.c.claimed_until > now), _DUE.c.job.in_(_JOBS))
    return [_due(row) for row in connection.execute(query.order_by(_DUE.c.due_at, _DUE.c.school_id)).all()]


def known(connection: Connection) -> dict[JobKey, Due]:
    """Give every row."""
    rows = connection.execute(select(*_COLUMNS).where(_DUE.c.job.in_(_JOBS))).all()
    return {due.key: due for due in map(_due, rows)}


def moved(connection: Connection, now: datetime) -> list[str]:
    """Give the schools that wait for their sync while a module opened or closed since the last one began.

    So do those whose register was written since: an opening "now" is dated to the second, a setting not at all.
    """
    since = [
        and_(moment <= now, moment > _DUE.c.last_started_at) for moment in (_MODULES.c.opens_at, _MODULES.c.closes_at)
    ]
    waits = (_DUE.c.job == JobName.SYNC.value, _DUE.c.due_at > now, _DUE.c.last_started_at.is_not(None), _is_free(now))
    dated = select(_DUE.c.school_id).join(_MODULES, _MODULES.c.school_id == _DUE.c.school_id).where(*waits, or_(*since))
    is_newer = _VERSIONS.c.version > func.coalesce(_DUE.c.register_version, 0)
    written = (
        select(_DUE.c.school_id).join(_VERSIONS, _VERSIONS.c.school_id == _DUE.c.school_id).where(*waits, is_newer)
    )
    return sorted(set(connection.execute(union(dated, written)).scalars()))


def hold(connection: Connection, key: JobKey) -> None:
    """Let only one scheduler at a time claim, until the transaction ends; SQLite has one writer anyhow."""
    connection.execute(select(_DUE.c.job).where(*_at(key)).with_for_update())


def add(connection: Connection, times: Mapping[JobKey, datetime]) -> None:
    """Add rows that are not there yet."""
    for key, due_at in times.items():
        values = {"school_id": key.school_id, "job": key.job.value, "due_at": due_at, "failures": 0}
        insert_missing(connection, _DUE, values)


def move(connection: Connection, due: Due, due_at: datetime) -> None:
    """Make a job due at another moment, unless somebody was first."""
    connection.execute(update(_DUE).values(due_at=due_at).where(*_at(due.key), _DUE.c.due_at <= due.due_at))


def hasten(connection: Connection, schools: Sequence[str], now: datetime) -> None:
    """Make the syncs of some schools due now."""
    for school in schools:
        here = _at(JobKey(school, JobName.SYNC))
        connection.execute(update(_DUE).values(due_at=now).where(*here, _DUE.c.due_at > now))


def claim(connection: Connection, due: Due, who: str, until: datetime, now: datetime) -> bool:
    """Take a job that is free and still due; tells whether it is ours. Who did it meanwhile has moved it on."""
    version = select(_VERSIONS.c.version).where(_VERSIONS.c.school_id == due.school_id).scalar_subquery()
    values = {"claimed_by": who, "claimed_until": until, "last_started_at": now, "register_version": version}
    taken = update(_DUE).values(**values).where(*_at(due.key), _DUE.c.due_at <= now, _is_free(now))
    return connection.execute(taken).rowcount == 1


def renew(connection: Connection, who: str, until: datetime) -> None:
    """Go on holding every claim of a scheduler."""
    connection.execute(update(_DUE).values(claimed_until=until).where(_DUE.c.claimed_by == who))


def finish(
    connection: Connection, key: JobKey, who: str, *, due_at: datetime | None, result: str, failures: int, now: datetime
) -> bool:
    """Write down how a job ended, and when it is due again (None: as it was). Does nothing when it was taken over."""
    values: dict[str, Any] = {**FREE, "last_finished_at": now, "last_result": result, "failures": failures}
    if due_at is not None:
        values["due_at"] = due_at
    done = update(_DUE).values(**values).where(*_at(key), _DUE.c.claimed_by == who)
    return connection.execute(done).rowcount == 1


def release(connection: Connection, who: str) -> None:
    """Give back every claim of a scheduler; the jobs stay due."""
    connection.execute(update(_DUE).values(**FREE).where(_DUE.c.claimed_by == who))


def release_dead(connection: Connection) -> None:
    """Give back what processes of this machine had claimed that are gone."""
    holders = connection.execute(select(_DUE.c.claimed_by).where(_DUE.c.claimed_by.is_not(None)).distinct()).scalars()
    for holder in list(holders):
        if is_dead(holder):
            release(connection, holder)


def _at(key: JobKey) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _DUE.c.school_id == key.school_id, _DUE.c.job == key.job.value


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(_DUE.c.claimed_until.is_(None), _DUE.c.claimed_until <= now)


def _due(row: Any) -> Due:
    return Due(row[0], JobName(row[1]), *row[2:])
