"""What waits for the next run of a school, whatever the source says: one look, in one statement."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, exists, literal, or_, select

from connector.bookkeeping import ledger, pending, quarantine
from connector.portal import documents
from connector.portal.bound import NOW, SCHOOL, SINCE
from schemas.ids import SchoolId
from schemas.streams import Stream
from schemas.tables.bookkeeping import StoppedStreamRow
from schemas.tables.catalogue import TABLES, table_of


class Leftovers(NamedTuple):
    """Tells of each kind whether there is any."""

    removals: bool
    """Removals that are due."""
    expired: bool
    """Held keys that nobody approved in time."""
    overdue: bool
    """Children that have waited too long for a parent and were not reported yet."""
    broken_off: bool
    """Runs that did not reach their end."""
    approved: bool
    """Additions and alterations that a person approved, and the source must hand out again."""
    ended: bool
    """Rows whose time is over."""
    files: bool
    """Files in a store that no row names any more."""
    unasked: bool
    """Documents to ask for."""
    stopped: bool
    """Streams that stopped."""


ENDING = tuple(stream for stream in Stream if "visible_until" in TABLES[stream].c)
"""The streams whose rows may have an end."""


def ended(stream: Stream, school: SchoolId, now: datetime) -> Select[tuple[str]]:
    """Give the query of ids of the rows of this stream whose time is over."""
    table = TABLES[stream]
    return select(table.c.id).where(table.c.school_id == school, table.c.visible_until <= now)


def _any(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(literal(1)).where(condition))


_LEFTOVERS = select(
    _any(pending.is_due(SCHOOL)),
    _any(pending.is_expired(SCHOOL, NOW)),
    _any(quarantine.is_overdue(SCHOOL, SINCE)),
    ledger.unfinished(SCHOOL).exists(),
    _any(pending.is_approved(SCHOOL)),
    or_(*(ended(stream, SCHOOL, NOW).exists() for stream in ENDING)),
    _any(documents.is_leaving(SCHOOL)),
    _any(documents.is_due(SCHOOL, NOW)),
    _any(table_of(StoppedStreamRow).c.school_id == SCHOOL),
)


def read(connection: Connection, school: SchoolId, now: datetime) -> Leftovers:
    """Look once for everything."""
    bound = {"school": school, "now": now, "since": now - quarantine.WAITS_BEFORE_REPORT}
    return Leftovers(*map(bool, connection.execute(_LEFTOVERS, bound).one()))
