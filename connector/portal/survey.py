"""What there is to reckon with in one stream, found out with one look at each place.

Most of what a plan provides for is not there most of the time: no key changed, nothing is held, no child waits. A
statement that would find nothing is not sent. Only the lease's holder adds to what is looked at here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Select, case, func, literal, select, union

from connector.portal.bound import SCHOOL
from connector.portal.staging import STAGING
from schemas.ids import SchoolId
from schemas.streams import Action, Outcome, Stream
from schemas.tables.bookkeeping import HiddenKeyRow, IdAliasRow, PendingKeyRow, QuarantineRow, UnjudgedRow
from schemas.tables.catalogue import TABLES, table_of

_LISTS = {
    "pending": table_of(PendingKeyRow),
    "hidden": table_of(HiddenKeyRow),
    "quarantined": table_of(QuarantineRow),
    "aliased": table_of(IdAliasRow),
    "unjudged": table_of(UnjudgedRow),
}
_SIZE = "size"
_BY_NAME = {stream.value: stream for stream in Stream}


class Lot(NamedTuple):
    """The records staged of one stream. `keys` are the different ones; a record without a key is `unreadable`."""

    records: int
    keys: int
    unreadable: int
    withheld: int
    rejected: int
    deleted: int
    naming_former_keys: int
    unread: int
    """Records of which something could not be read, shown or not."""

    @property
    def has_twins(self) -> bool:
        """Tell whether a key came more than once."""
        return self.records - self.unreadable > self.keys


def lot(connection: Connection, stream: Stream) -> Lot:
    """Look at what was staged."""
    return Lot._make(connection.execute(_lot(stream)).one())


@cache
def _lot(stream: Stream) -> Select[*tuple[int, ...]]:
    staging = STAGING[stream]

    def having(outcome: Outcome) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((staging.c.outcome == outcome.value, 1), else_=0)), 0)

    return select(
        func.count(),
        func.count(func.distinct(staging.c.source_key)),
        func.count() - func.count(staging.c.source_key),
        *(having(outcome) for outcome in (Outcome.WITHHELD, Outcome.REJECTED, Outcome.DELETED)),
        func.count(staging.c.former_keys),
        func.count(staging.c.decides),
    ).select_from(staging)


class Survey(NamedTuple):
    """What was staged, how many rows the portal has of the stream, and of which streams the school keeps a list."""

    lot: Lot
    size: int
    pending: frozenset[Stream]
    hidden: frozenset[Stream]
    quarantined: frozenset[Stream]
    aliased: frozenset[Stream]
    unjudged: frozenset[Stream]


def survey(connection: Connection, school: SchoolId, stream: Stream, staged: Lot) -> Survey:
    """Look at what the portal and the books hold."""
    size, found = 0, {name: set[Stream]() for name in _LISTS}
    for name, listed, rows in connection.execute(_held(stream), {"school": school}):
        if name == _SIZE:
            size = rows
        elif listed in _BY_NAME:
            found[name].add(_BY_NAME[listed])
    return Survey(staged, size, *(frozenset(found[name]) for name in _LISTS))


@cache
def _held(stream: Stream) -> CompoundSelect[Any]:
    """Give the query of the stream's rows in the portal, and of which streams each list names."""
    table = TABLES[stream]
    size = select(literal(_SIZE), literal(stream.value), func.count()).where(table.c.school_id == SCHOOL)
    lists = (
        select(literal(name), kept.c.stream, literal(0)).where(kept.c.school_id == SCHOOL)
        for name, kept in _LISTS.items()
    )
    return union(size, *lists)


class Drawn(NamedTuple):
    """A plan in numbers: staged rows by outcome, action and hold, and what is withheld by gate."""

    records: Mapping[tuple[str, str | None, str | None], int]
    gates: Mapping[str, int]

    def count(
        self, outcome: str | None = None, action: Action | None = None, holds: tuple[str | None, ...] | None = None
    ) -> int:
        """Count the rows of an outcome, an action or some holds; what is not given does not matter."""
        return sum(
            records
            for (found, does, held), records in self.records.items()
            if (outcome is None or found == outcome)
            and (action is None or does == action.value)
            and (holds is None or held in holds)
        )


def drawn(connection: Connection, stream: Stream) -> Drawn:
    """Count the staged rows."""
    records: Counter[tuple[str, str | None, str | None]] = Counter()
    gates: Counter[str] = Counter()
    for outcome, action, hold, code, rows in connection.execute(_drawn(stream)):
        records[outcome, action, hold] += rows
        if outcome == Outcome.WITHHELD.value:
            gates[code] += rows
    return Drawn(records, dict(sorted(gates.items())))


@cache
def _drawn(stream: Stream) -> Select[Any]:
    staging = STAGING[stream]
    columns = (staging.c.outcome, staging.c.action, staging.c.hold, staging.c.code)
    return select(*columns, func.count()).group_by(*columns)
