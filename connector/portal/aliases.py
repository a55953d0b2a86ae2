"""Keys that changed at the source: the row keeps its id, an alias leads the new key to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, exists, literal, select, update

from connector.portal.staging import STAGING
from connector.portal.upsert import insert_missing, upsert
from schemas.ids import SchoolId
from schemas.streams import Outcome, Stream
from schemas.tables.bookkeeping import HiddenKeyRow, IdAliasRow
from schemas.tables.catalogue import TABLES, table_of

_ALIASES, _HIDDEN = table_of(IdAliasRow), table_of(HiddenKeyRow)
MERGED = "merged"
"""Why a key is hidden that another record took in: its own end is no end of the survivor."""


class Alias(NamedTuple):
    """This source key means that id; `is_merge` when the key had a row of its own."""

    source_key: str
    id: str
    is_merge: bool


def settle_former_keys(connection: Connection, school: SchoolId, stream: Stream) -> list[Alias]:
    """Let records that name former keys keep their row; give the aliases to remember.

    A new key takes over the row of a former one. Where both rows are there (a merge), the former key leads to the
    surviving row from now on. Tombstones of keys whose row lives on under another key are ignored.
    """
    staging, table = STAGING[stream], TABLES[stream]
    found: list[Alias] = []
    named = select(staging.c.source_key, staging.c.id, staging.c.former_keys).where(staging.c.former_keys.is_not(None))
    for source_key, row_id, former_keys in connection.execute(named).all():
        for former, target in _meant(connection, school, stream, json.loads(former_keys)):
            rows = select(table.c.id).where(table.c.school_id == school, table.c.id.in_([target, row_id]))
            present = set(connection.execute(rows).scalars())
            if target not in present or target == row_id:
                continue
            if row_id in present:
                found.append(Alias(former, row_id, is_merge=True))
            else:
                connection.execute(update(staging).values(id=target).where(staging.c.source_key == source_key))
                found.append(Alias(source_key, target, is_merge=False))
                row_id = target  # noqa: PLW2901  # further former keys now lead to this row
    _ignore_dead_tombstones(connection, school, stream, found)
    return found


def _meant(connection: Connection, school: SchoolId, stream: Stream, keys: list[str]) -> list[tuple[str, str]]:
    """Give each key with the id it means: a key that changed before leads through its alias."""
    here = (_ALIASES.c.school_id == school, _ALIASES.c.stream == stream.value, _ALIASES.c.source_key.in_(keys))
    known = {row[0]: row[1] for row in connection.execute(select(_ALIASES.c.source_key, _ALIASES.c.id).where(*here))}
    return [(key, known.get(key, key)) for key in keys]


def _ignore_dead_tombstones(connection: Connection, school: SchoolId, stream: Stream, found: Sequence[Alias]) -> None:
    """The end of a key that changed says nothing; that of a merged one takes its own row only, if it is still here."""
    staging, table = STAGING[stream], TABLES[stream]
    is_deleted = staging.c.outcome == Outcome.DELETED.value
    known_here = (_HIDDEN.c.school_id == school, _HIDDEN.c.stream == stream.value, _HIDDEN.c.reason == MERGED)
    merged = exists(select(literal(1)).where(*known_here, _HIDDEN.c.id == staging.c.source_key))
    own_row = exists(select(literal(1)).where(table.c.school_id == school, table.c.id == staging.c.source_key))
    connection.execute(update(staging).values(id=staging.c.source_key).where(is_deleted, merged, own_row))
    carried = exists(
        select(literal(1)).where(
            _ALIASES.c.school_id == school,
            _ALIASES.c.stream == stream.value,
            _ALIASES.c.id == staging.c.source_key,
            _ALIASES.c.source_key != staging.c.source_key,
            ~exists(select(literal(1)).where(*known_here, _HIDDEN.c.id == _ALIASES.c.source_key)),
        )
    )
    now_carried = staging.c.source_key.in_([alias.id for alias in found if not alias.is_merge])
    connection.execute(
        update(staging)
        .values(outcome=Outcome.DUPLICATE.value, id=None)
        .where(is_deleted, carried | now_carried | (merged & ~own_row))
    )


def save(connection: Connection, school: SchoolId, stream: Stream, aliases: Sequence[Alias], now: datetime) -> bool:
    """Remember aliases; tell whether records merged, so that what named the lost one has to be read again."""
    rows = [
        {"school_id": school, "stream": stream.value, "source_key": alias.source_key, "id": alias.id}
        for alias in aliases
    ]
    upsert(connection, _ALIASES, rows)
    merged = [alias.source_key for alias in aliases if alias.is_merge]
    for key in merged:
        values = {"school_id": school, "stream": stream.value, "id": key, "reason": MERGED, "since_at": now}
        insert_missing(connection, _HIDDEN, values)
    return bool(merged)
