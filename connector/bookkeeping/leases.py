"""Who may run now: one lease per school, with an epoch that only grows and times from the database's clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from connector.bookkeeping.processes import is_dead as _is_dead
from connector.bookkeeping.processes import this_process as _holder
from connector.portal.database import Session, database_now
from schemas.errors import LeaseHeld, LeaseLost
from schemas.ids import SchoolId
from schemas.tables.bookkeeping import LeaseRow
from schemas.tables.catalogue import table_of

_LEASES = table_of(LeaseRow)


class Lease(NamedTuple):
    """A lease that was taken. `is_takeover` says that the holder before did not release it."""

    school: SchoolId
    epoch: int
    holder: str
    seconds: int
    is_takeover: bool


def acquire(session: Session, school: SchoolId, seconds: int) -> Lease:
    """Take the lease in one short transaction, or raise LeaseHeld."""
    holder = _holder()
    with session.write() as connection:
        now = database_now(connection)
        row = connection.execute(select(_LEASES).where(_LEASES.c.school_id == school)).mappings().first()
        if row is None:
            values = {"school_id": school, "epoch": 1, "holder": holder, "acquired_at": now}
            connection.execute(insert(_LEASES).values(**values, expires_at=now + timedelta(seconds=seconds)))
            return Lease(school, 1, holder, seconds, is_takeover=False)
        before = row["holder"]
        if before is not None and row["expires_at"] > now and not _is_dead(before):
            raise _held(school, row["expires_at"])
        taken = connection.execute(
            update(_LEASES)
            .values(epoch=row["epoch"] + 1, holder=holder, acquired_at=now, expires_at=now + timedelta(seconds=seconds))
            .where(_LEASES.c.school_id == school, _LEASES.c.epoch == row["epoch"])
        )
        if taken.rowcount != 1:
            raise _held(school, row["expires_at"])
        return Lease(school, row["epoch"] + 1, holder, seconds, is_takeover=before is not None)


def renew(connection: Connection, lease: Lease) -> None:
    """Begin a write: renew the lease where the epoch is still ours, or raise LeaseLost."""
    expires_at = database_now(connection) + timedelta(seconds=lease.seconds)
    renewed = connection.execute(
        update(_LEASES)
        .values(expires_at=expires_at)
        .where(_LEASES.c.school_id == lease.school, _LEASES.c.epoch == lease.epoch, _LEASES.c.holder == lease.holder)
    )
    if renewed.rowcount != 1:
        raise LeaseLost(
            f"School {lease.school}: another run took over while this one was busy.",
            fix="Nothing of this step was written; the other run does the work.",
        )


def release(session: Session, lease: Lease, *, checked: bool) -> None:
    """Give the lease back, if it is still ours; `checked` says that the run ended well."""
    with session.write() as connection:
        now = database_now(connection)
        values: dict[str, datetime | None] = {"holder": None, "expires_at": None}
        if checked:
            values["checked_at"] = now
        connection.execute(
            update(_LEASES)
            .values(**values)
            .where(
                _LEASES.c.school_id == lease.school, _LEASES.c.epoch == lease.epoch, _LEASES.c.holder == lease.holder
            )
        )


def _held(school: SchoolId, expires_at: datetime) -> LeaseHeld:
    return LeaseHeld(
        f"School {school}: another run is busy.",
        fix=f"Wait for it to end; a run that died gives way at {expires_at:%Y-%m-%dT%H:%M:%SZ}.",
    )
