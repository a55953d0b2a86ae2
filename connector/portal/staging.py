"""Staging: every fetched record by key with its outcome, in temporary tables of the run's own connection.

Temporary tables leave the portal's file unlocked, vanish with the process, and keep memory bounded by the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    select,
    update,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from connector.portal.database import Session, insert_rows
from schemas.ids import SchoolId
from schemas.streams import LOOSE_REFERENCES, PARENTS, Outcome, Stream
from schemas.tables.bookkeeping import IdAliasRow
from schemas.tables.catalogue import DATA_COLUMNS, TABLES, table_of

CONTROL_COLUMNS = (
    *("seq", "source_key", "id", "former_keys", "outcome"),
    *("code", "field_path", "is_hiding", "decides", "is_less", "action"),
)
"""`decides` is set where something could not be read. `is_less` is null unless what can be read of a rejected record is
known: true where that forbids to show it."""
CONFLICTING = "conflicting_duplicate"
KEPT, NEW, APPROVED, ALONG = "kept", "new", "approved", "goes_along"
"""What the column `hold` says of a row that the brake concerns: held before, held now, approved, held with another."""
FROZEN = "frozen"
"""The hold of what shows more or other than before while the school may only show less."""
WORTH_TRUNCATING = 1000
"""PostgreSQL throws a table away with its file once so many rows were staged in it; to delete fewer costs less."""
_METADATA = MetaData()
_ALIASES = table_of(IdAliasRow)


def _staging_table(stream: Stream) -> Table:
    columns: list[Column[Any]] = [
        Column("seq", Integer),
        Column("source_key", Text),
        Column("id", Text),
        Column("former_keys", Text),
        Column("outcome", Text),
        Column("code", Text),
        Column("field_path", Text),
        Column("is_hiding", Boolean),
        Column("decides", Text),
        Column("is_less", Boolean),
        Column("missing_stream", Text),
        Column("missing_key", Text),
        Column("action", Text),
        Column("hold", Text),
        Column("is_old", Boolean),
    ]
    portal = TABLES[stream]
    columns += [Column(name, portal.columns[name].type) for name in DATA_COLUMNS[stream]]
    return Table(f"staging_{stream.value}", _METADATA, *columns, prefixes=["TEMPORARY"])


STAGING: Mapping[Stream, Table] = {stream: _staging_table(stream) for stream in Stream}
_INDEXES = {stream: Index(f"ix_staging_{stream.value}", table.c.id) for stream, table in STAGING.items()}

TOUCHED_PUPILS = Table("touched_pupils", _METADATA, Column("id", Text, primary_key=True), prefixes=["TEMPORARY"])
TOUCHED_ENTRIES = Table("touched_entries", _METADATA, Column("id", Text, primary_key=True), prefixes=["TEMPORARY"])
TOUCHED_HOMES = Table("touched_homes", _METADATA, Column("id", Text, primary_key=True), prefixes=["TEMPORARY"])
DOOMED = Table(
    "doomed",
    _METADATA,
    Column("stream", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    prefixes=["TEMPORARY"],
)


class Staging:
    """The staging tables of one run."""

    def __init__(self, session: Session, school: SchoolId) -> None:
        self.session = session
        self.school = school
        self._seq = 0
        # Temporary tables live as long as the driver's connection, which the next run may get from the pool.
        self._made: set[Table] = session.connection.info.setdefault("staging", set())
        self._filled: Counter[Table] = session.connection.info.setdefault("staged", Counter())

    def prepare(self) -> None:
        """Make the tables every run with work needs; a quiet run makes none."""
        tables = (TOUCHED_PUPILS, TOUCHED_ENTRIES, TOUCHED_HOMES, DOOMED)
        needed = [table for table in tables if table not in self._made]
        with self.session.read() as connection:
            for table in needed:
                connection.execute(CreateTable(table))
        self._made.update(needed)

    def clear(self, stream: Stream) -> None:
        """Make the stream's staging table, empty."""
        table = STAGING[stream]
        with self.session.read() as connection:
            if table in self._made:
                self._empty(table)
            else:
                connection.execute(CreateTable(table))
                connection.execute(CreateIndex(_INDEXES[stream]))
        self._made.add(table)

    def add(self, stream: Stream, rows: Sequence[tuple[Any, ...]]) -> None:
        """Stage one page. A row is CONTROL_COLUMNS without `seq`, then the stream's DATA_COLUMNS."""
        numbered = ((number, *row) for number, row in enumerate(rows, self._seq))
        self._seq += len(rows)
        self._filled[STAGING[stream]] += len(rows)
        with self.session.read() as connection:
            insert_rows(connection, STAGING[stream], (*CONTROL_COLUMNS, *DATA_COLUMNS[stream]), numbered)

    def _empty(self, table: Table) -> None:
        """Empty a table that a run has used before."""
        is_large = self._filled[table] > WORTH_TRUNCATING
        self.session.empty(table, is_large=is_large)
        if is_large:
            self._filled[table] = 0

    def resolve_keys(self, connection: Connection, stream: Stream, aliased: Collection[Stream]) -> None:
        """Replace source keys that mean another id, once the last page is staged; such keys are in `aliased`."""
        _resolve_aliases(connection, self.school, stream, aliased)


def _resolve_aliases(connection: Connection, school: SchoolId, stream: Stream, aliased: Collection[Stream]) -> None:
    """Replace source keys by the ids they mean, for the records and for what they refer to."""
    staging = STAGING[stream]
    targets = {"id": stream} | {parent.column: parent.stream for parent in PARENTS[stream]}
    targets |= dict(LOOSE_REFERENCES.get(stream, {}))
    for column, target in targets.items():
        if target not in aliased:
            continue
        match = (
            (_ALIASES.c.school_id == school)
            & (_ALIASES.c.stream == target.value)
            & (_ALIASES.c.source_key == staging.c[column])
        )
        connection.execute(update(staging).values({column: _ALIASES.c.id}).where(match))


def settle_duplicates(connection: Connection, stream: Stream, *, is_snapshot: bool) -> None:
    """Equal duplicates collapse; of different ones the last wins in an increment, in a snapshot none can."""
    staging = STAGING[stream]
    twice = select(staging.c.id).where(staging.c.id.is_not(None)).group_by(staging.c.id).having(func.count() > 1)
    for key in list(connection.execute(twice).scalars()):
        rows = connection.execute(select(staging).where(staging.c.id == key).order_by(staging.c.seq)).mappings().all()
        last = rows[-1]
        compared = [name for name in staging.c.keys() if name not in {"seq", "source_key", "former_keys"}]  # noqa: SIM118
        differs = any(row[name] != last[name] for row in rows for name in compared)
        if is_snapshot and differs:
            hides = any(row["outcome"] == Outcome.WITHHELD.value or row["is_hiding"] for row in rows)
            values = {"outcome": Outcome.REJECTED.value, "code": CONFLICTING, "field_path": "", "is_hiding": hides}
            connection.execute(update(staging).values(**values, action=None).where(staging.c.id == key))
        else:
            earlier = (staging.c.id == key) & (staging.c.seq != last["seq"])
            values = {"outcome": Outcome.DUPLICATE.value, "id": None, "action": None}
            connection.execute(update(staging).values(values).where(earlier))
