"""Keys that changed at the source: the row keeps its id, an alias leads the new key to it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, exists, literal, select, update

from connector.portal.staging import STAGING
from connector.portal.upsert import upsert
from schemas.ids import SchoolId
from schemas.streams import Outcome, Stream
from schemas.tables.bookkeeping import IdAliasRow
from schemas.tables.catalogue import TABLES, table_of

_ALIASES = table_of(IdAliasRow)
Alias = tuple[str, str]
"""(source key, id)."""


def settle_former_keys(connection: Connection, school: SchoolId, stream: Stream) -> list[Alias]:
    """Let records that name former keys keep their row; give the aliases to remember.

    A new key takes over the row of a former one. Where both rows are there (a merge), the former key leads to the
    surviving row from now on. Tombstones of keys whose row lives on under another key are ignored.
    """
    staging, table = STAGING[stream], TABLES[stream]
    found: list[Alias] = []
    named = select(staging.c.source_key, staging.c.id, staging.c.former_keys)
    named = named.where(staging.c.former_keys.is_not(None), staging.c.outcome == Outcome.SHOWN.value)
    for source_key, row_id, former_keys in connection.execute(named).all():
        for former in json.loads(former_keys):
            wanted = [str(former), str(row_id)]
            rows = select(table.c.id).where(table.c.school_id == school, table.c.id.in_(wanted))
            present = set(connection.execute(rows).scalars())
            if former not in present or former == row_id:
                continue
            if row_id in present:
                found.append((former, row_id))
            else:
                connection.execute(update(staging).values(id=former).where(staging.c.source_key == source_key))
                found.append((source_key, former))
                row_id = former  # noqa: PLW2901  # further former keys now lead to this row
    _ignore_dead_tombstones(connection, school, stream, found)
    return found


def _ignore_dead_tombstones(connection: Connection, school: SchoolId, stream: Stream, found: Sequence[Alias]) -> None:
    staging = STAGING[stream]
    carried = exists(
        select(literal(1)).where(
            _ALIASES.c.school_id == school,
            _ALIASES.c.stream == stream.value,
            _ALIASES.c.id == staging.c.source_key,
            _ALIASES.c.source_key != staging.c.source_key,
        )
    )
    now_carried = staging.c.source_key.in_([row_id for source_key, row_id in found if source_key != row_id])
    connection.execute(
        update(staging)
        .values(outcome=Outcome.DUPLICATE.value, id=None)
        .where(staging.c.outcome == Outcome.DELETED.value, carried | now_carried)
    )


def save(connection: Connection, school: SchoolId, stream: Stream, aliases: Sequence[Alias]) -> None:
    """Remember aliases."""
    rows = [{"school_id": school, "stream": stream.value, "source_key": key, "id": row_id} for key, row_id in aliases]
    upsert(connection, _ALIASES, rows)
