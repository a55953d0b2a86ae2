"""Who may run now: one lease per school, with an epoch that only grows and times from the database's clock."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Integer, bindparam, insert, select, update

from connector.bookkeeping.processes import is_dead as _is_dead
from connector.bookkeeping.processes import this_process as _holder
from connector.portal.bound import SCHOOL
from connector.portal.clock import clock
from connector.portal.database import Session
from schemas.errors import LeaseHeld, LeaseLost
from schemas.ids import SchoolId
from schemas.tables.bookkeeping import LeaseRow
from schemas.tables.catalogue import table_of

_LEASES = table_of(LeaseRow)

_SECONDS = bindparam("seconds", type_=Integer())
_OURS = (
    _LEASES.c.school_id == SCHOOL,
    _LEASES.c.epoch == bindparam("our_epoch"),
    _LEASES.c.holder == bindparam("our_name"),
)
_FOUND = select(_LEASES.c.epoch, _LEASES.c.holder, _LEASES.c.expires_at, clock().label("now"))
_FIND = _FOUND.where(_LEASES.c.school_id == SCHOOL)
_MAKE = insert(_LEASES).values(
    school_id=SCHOOL, epoch=1, holder=bindparam("our_name"), acquired_at=clock(), expires_at=clock(_SECONDS)
)
_TAKE = (
    update(_LEASES)
    .values(epoch=_LEASES.c.epoch + 1, holder=bindparam("our_name"), acquired_at=clock(), expires_at=clock(_SECONDS))
    .where(_LEASES.c.school_id == SCHOOL, _LEASES.c.epoch == bindparam("found_epoch"))
)
_RENEW = update(_LEASES).values(expires_at=clock(_SECONDS)).where(*_OURS)
_RELEASE = update(_LEASES).values(holder=None, expires_at=None).where(*_OURS)
_RELEASE_CHECKED = _RELEASE.values(checked_at=clock())


class Lease(NamedTuple):
    """A lease that was taken. `is_takeover` says that the holder before did not release it."""

    school: SchoolId
    epoch: int
    holder: str
    seconds: int
    is_takeover: bool


def acquire(session: Session, school: SchoolId, seconds: int) -> Lease:
    """Take the lease in one short transaction, or raise LeaseHeld."""
    name = _holder()
    ours = {"school": school, "seconds": seconds, "our_name": name}
    with session.write() as connection:
        row = connection.execute(_FIND, {"school": school}).first()
        if row is None:
            connection.execute(_MAKE, ours)
            return Lease(school, 1, name, seconds, is_takeover=False)
        if row.holder is not None and row.expires_at > row.now and not _is_dead(row.holder):
            raise _held(school, row.expires_at)
        if connection.execute(_TAKE, {**ours, "found_epoch": row.epoch}).rowcount != 1:
            raise _held(school, None)
        return Lease(school, row.epoch + 1, name, seconds, is_takeover=row.holder is not None)


def renew(connection: Connection, lease: Lease) -> None:
    """Begin a write: renew the lease where the epoch is still ours, or raise LeaseLost."""
    if connection.execute(_RENEW, {**_ours(lease), "seconds": lease.seconds}).rowcount != 1:
        raise LeaseLost(
            f"School {lease.school}: another run took over while this one was busy.",
            fix="Nothing of this step was written; the other run does the work.",
        )


def release(session: Session, lease: Lease, *, checked: bool) -> None:
    """Give the lease back, if it is still ours; `checked` says that the run ended well."""
    with session.write() as connection:
        connection.execute(_RELEASE_CHECKED if checked else _RELEASE, _ours(lease))


def _ours(lease: Lease) -> dict[str, str | int]:
    return {"school": lease.school, "our_epoch": lease.epoch, "our_name": lease.holder}


def _held(school: SchoolId, expires_at: datetime | None) -> LeaseHeld:
    fix = "Wait for it to end"
    if expires_at is not None:
        fix += f"; a run that died gives way at {expires_at:%Y-%m-%dT%H:%M:%SZ}"
    return LeaseHeld(f"School {school}: another run is busy.", fix=f"{fix}.")
