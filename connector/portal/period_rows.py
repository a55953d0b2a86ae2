"""Rows of the portal by the day or the school year they lie in."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, Date, exists, literal, not_, select

from connector.portal.staging import STAGING
from schemas.ids import SchoolId
from schemas.streams import Stream
from schemas.tables.catalogue import TABLES


def is_day(stream: Stream, column: str) -> bool:
    """Tell whether a column holds days; else it holds instants."""
    return isinstance(TABLES[stream].c[column].type, Date)


def unnamed(
    connection: Connection,
    school: SchoolId,
    stream: Stream,
    column: str,
    first: date | datetime,
    after: date | datetime,
) -> list[str]:
    """Give the ids of rows from `first` until before `after` that no staged record names, in order."""
    portal, staging = TABLES[stream], STAGING[stream]
    named = exists(select(literal(1)).where(staging.c.id == portal.c.id))
    rows = select(portal.c.id).where(
        portal.c.school_id == school, portal.c[column] >= first, portal.c[column] < after, not_(named)
    )
    return list(connection.execute(rows.order_by(portal.c.id)).scalars())


def groups_of_year(connection: Connection, school: SchoolId, school_year: int) -> frozenset[str]:
    """Give the ids of the groups of one school year."""
    groups = TABLES[Stream.GROUPS]
    mine = (groups.c.school_id == school, groups.c.school_year == school_year)
    return frozenset(connection.execute(select(groups.c.id).where(*mine)).scalars())
