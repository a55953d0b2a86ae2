"""What there is to reckon with in one stream, found out with one look at each place.

Most of what a plan provides for is not there most of the time: no key changed, nothing is held, no child waits. A
statement that would find nothing is not sent. Only the lease's holder adds to what is looked at here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, case, func, literal, select, union_all

from connector.portal.staging import STAGING
from schemas.ids import SchoolId
from schemas.streams import Action, Outcome, Stream
from schemas.tables.bookkeeping import HiddenKeyRow, IdAliasRow, PendingKeyRow, QuarantineRow
from schemas.tables.catalogue import TABLES, table_of

_LISTS = {
    "pending": table_of(PendingKeyRow),
    "hidden": table_of(HiddenKeyRow),
    "quarantined": table_of(QuarantineRow),
    "aliased": table_of(IdAliasRow),
}
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

    @property
    def has_twins(self) -> bool:
        """Tell whether a key came more than once."""
        return self.records - self.unreadable > self.keys


def lot(connection: Connection, stream: Stream) -> Lot:
    """Look at what was staged."""
    staging = STAGING[stream]

    def of(outcome: Outcome) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((staging.c.outcome == outcome.value, 1), else_=0)), 0)

    query = select(
        func.count(),
        func.count(func.distinct(staging.c.source_key)),
        func.count() - func.count(staging.c.source_key),
        *(of(outcome) for outcome in (Outcome.WITHHELD, Outcome.REJECTED, Outcome.DELETED)),
        func.count(staging.c.former_keys),
    ).select_from(staging)
    return Lot._make(connection.execute(query).one())


class Survey(NamedTuple):
    """What was staged, how many rows the portal has of the stream, and of which streams the school keeps a list."""

    lot: Lot
    size: int
    pending: frozenset[Stream]
    hidden: frozenset[Stream]
    quarantined: frozenset[Stream]
    aliased: frozenset[Stream]


def survey(connection: Connection, school: SchoolId, stream: Stream, staged: Lot) -> Survey:
    """Look at what the portal and the books hold."""
    table = TABLES[stream]
    size = connection.execute(select(func.count()).select_from(table).where(table.c.school_id == school)).scalar_one()
    kept = union_all(
        *(select(literal(name), kept.c.stream).where(kept.c.school_id == school) for name, kept in _LISTS.items())
    ).subquery()
    found: dict[str, set[Stream]] = {name: set() for name in _LISTS}
    for name, of in connection.execute(select(kept).distinct()):
        if of in _BY_NAME:
            found[name].add(_BY_NAME[of])
    return Survey(staged, size, *(frozenset(found[name]) for name in _LISTS))


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
    staging = STAGING[stream]
    columns = (staging.c.outcome, staging.c.action, staging.c.hold, staging.c.code)
    records: Counter[tuple[str, str | None, str | None]] = Counter()
    gates: Counter[str] = Counter()
    for outcome, action, hold, code, rows in connection.execute(select(*columns, func.count()).group_by(*columns)):
        records[outcome, action, hold] += rows
        if outcome == Outcome.WITHHELD.value:
            gates[code] += rows
    return Drawn(records, dict(sorted(gates.items())))
