"""One page as rows for the staging tables: every record of it, with what was decided about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from mappings.gates import Context
from mappings.portal.catalogue import ROW_MAKERS
from schemas.errors import RecordRejected
from schemas.stops import UNREADABLE_KEY
from schemas.streams import TIES, Action, Decides, Page, Partial, Rejection, Stream, Tombstone
from schemas.tables.catalogue import DATA_COLUMNS

_Row = tuple[Any, ...]


def page_rows(page: Page, read: Callable[[Any], Any], context: Context, action: Action) -> list[_Row]:
    """Map one page to staging rows: `CONTROL_COLUMNS` without the first, then the row.

    What is shown gets the action; a rejected record has of its row what can be read, at least what it is tied to.
    """
    make = ROW_MAKERS[page.stream]
    does = action.value
    blank = (None,) * len(DATA_COLUMNS[page.stream])
    rows: list[_Row] = []
    for item in page.items:
        kind = type(item)
        if kind is Tombstone:
            rows.append((item.key, item.key, None, "deleted", None, None, False, None, None, None, *blank))
            continue
        if kind is Rejection:
            rows.append(_rejected(page.stream, item, read, context))
            continue
        unread: tuple[Any, ...] = (None, None, False, None, None)
        if kind is Partial:
            unread, item = (item.code, item.field_path, False, Decides.PART.value, None), item.record  # noqa: PLW2901
        record = read(item)
        try:
            row = make(record, context)
        except RecordRejected as error:
            found = Rejection(record.key, error.code, error.field_path, error.hides, _ties_of(page.stream, record))
            rows.append(_rejected(page.stream, found, read, context))
            continue
        key = record.key
        former = getattr(record, "former_keys", None)
        former = json.dumps(former) if former else None
        if type(row) is str:
            rows.append((key, key, former, "withheld", row, None, False, None, None, None, *blank))
        else:
            rows.append((key, key, former, "shown", *unread, does, *row))
    return rows


def _rejected(stream: Stream, found: Rejection, read: Callable[[Any], Any], context: Context) -> _Row:
    decides = found.decides
    if found.code == UNREADABLE_KEY or (found.hides and decides is Decides.NOTHING and found.readable is None):
        decides = Decides.WHETHER
    row = _readable_row(stream, found, read, context)
    is_less = True if found.says_less or type(row) is str else None if row is None else False
    data = row if row is not None and type(row) is not str else _tied(stream, found.ties)
    said = (found.code, found.field_path, found.hides, decides.value, is_less, None)
    return (found.key, found.key, None, "rejected", *said, *data)


def _readable_row(stream: Stream, found: Rejection, read: Callable[[Any], Any], context: Context) -> _Row | str | None:
    """Give the row of what can be read of a rejected record, the gate that withholds it, or None."""
    if found.readable is None:
        return None
    try:
        row = ROW_MAKERS[stream](read(found.readable), context)
    except RecordRejected:
        return None
    if type(row) is str:
        return row
    ties = dict(found.ties)
    return tuple(
        ties.get(name) if name in TIES[stream] else value for name, value in zip(DATA_COLUMNS[stream], row, strict=True)
    )


def _ties_of(stream: Stream, record: Any) -> tuple[tuple[str, Any], ...]:
    """Give what a canonical record belongs to, by the column of the portal."""
    return tuple((column, getattr(record, f"{column.removesuffix('_id')}_key")) for column in TIES[stream])


def _tied(stream: Stream, ties: Iterable[tuple[str, str | None]]) -> _Row:
    said = dict(ties)
    return tuple(said.get(name) for name in DATA_COLUMNS[stream])
