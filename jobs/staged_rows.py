"""One page as rows for the staging tables: every record of it, with what was decided about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from mappings.gates import Context
from mappings.portal.catalogue import ROW_MAKERS
from schemas.errors import RecordRejected
from schemas.streams import TIES, Action, Page, Rejection, Stream, Tombstone
from schemas.tables.catalogue import DATA_COLUMNS

_Row = tuple[Any, ...]


def page_rows(page: Page, read: Callable[[Any], Any], context: Context, action: Action) -> list[_Row]:
    """Map one page to staging rows: source key, id, former keys, outcome, code, field path, hides, action, the row.

    What is shown gets the action; a rejected record has of its row only what it is tied to, as far as that can be read.
    """
    make = ROW_MAKERS[page.stream]
    does = action.value
    blank = (None,) * len(DATA_COLUMNS[page.stream])
    rows: list[_Row] = []
    for item in page.items:
        if type(item) is Tombstone:
            rows.append((item.key, item.key, None, "deleted", None, None, False, None, *blank))
            continue
        if type(item) is Rejection:
            tied = _tied(page.stream, item.ties)
            rows.append((item.key, item.key, None, "rejected", item.code, item.field_path, item.hides, None, *tied))
            continue
        record = read(item)
        try:
            row = make(record, context)
        except RecordRejected as error:
            key, tied = record.key, _tied(page.stream, _ties_of(page.stream, record))
            rows.append((key, key, None, "rejected", error.code, error.field_path, error.hides, None, *tied))
            continue
        key = record.key
        former = getattr(record, "former_keys", None)
        former = json.dumps(former) if former else None
        if type(row) is str:
            rows.append((key, key, former, "withheld", row, None, False, None, *blank))
        else:
            rows.append((key, key, former, "shown", None, None, False, does, *row))
    return rows


def _ties_of(stream: Stream, record: Any) -> list[tuple[str, str | None]]:
    """Give what a canonical record belongs to, by the column of the portal."""
    return [(column, getattr(record, f"{column.removesuffix('_id')}_key")) for column in TIES[stream]]


def _tied(stream: Stream, ties: Iterable[tuple[str, str | None]]) -> _Row:
    said = dict(ties)
    return tuple(said.get(name) for name in DATA_COLUMNS[stream])
