"""Submit: put a correction into the tables as the portal does, and take it in at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection

from connector.bookkeeping import corrections
from jobs.correction_desk import selections_of
from jobs.take_in_corrections import take_in_all
from schemas.corrections import Item, State
from schemas.ids import SchoolId
from schemas.submissions import Submission


class Evidence(NamedTuple):
    """A document that comes along."""

    file_name: str
    content_type: str
    content: bytes


class Submitted(NamedTuple):
    """What became of it. `is_new` False: one of that id was there already, and nothing was added.

    `is_different`: what is there asks for something else.
    """

    correction: str
    items: tuple[Item, ...]
    is_new: bool
    is_different: bool = False


def submit(
    connection: Connection,
    school: SchoolId,
    given: Submission,
    *,
    by: str,
    now: datetime,
    evidence: Sequence[Evidence] = (),
) -> Submitted:
    """Put a correction in and take it in, in the caller's transaction."""
    head = {
        "school_id": school,
        "id": given.identity,
        "requester_id": given.requester,
        "motive": given.motive.value,
        "effective_on": given.effective_on,
        "submitted_at": now,
        "submitted_by": by,
    }
    is_new = corrections.submit(connection, head, list(_rows(school, given)))
    if is_new:
        for number, one in enumerate(evidence, start=1):
            values = {"school_id": school, "correction_id": given.identity, "number": number, **one._asdict()}
            corrections.add_evidence(connection, values)
        with structlog.contextvars.bound_contextvars(school=school):
            take_in_all(connection, school, selections_of(connection, school), now)
    items = tuple(corrections.of_correction(connection, school, given.identity))
    return Submitted(given.identity, items, is_new, not is_new and _differs(school, given, items))


def _differs(school: SchoolId, given: Submission, items: Sequence[Item]) -> bool:
    """Tell whether other things were asked under the same id; of a secret that is done the values are gone."""
    there = {item.number: item for item in items}
    for row in _rows(school, given):
        item = there.get(row["number"])
        asked = ("stream", "record_id", "field", "operation")
        if item is None or any(row[name] != getattr(item, name) for name in asked):
            return True
        is_kept = item.new_value is not None or not item.is_secret
        if item.requester != given.requester or (is_kept and row["new_value"] != item.new_value):
            return True
    return False


def _rows(school: SchoolId, given: Submission) -> Iterator[dict[str, Any]]:
    asked = [(person, item) for item in given.items for person in (item, *item.also)]
    for number, (person, item) in enumerate(asked, start=1):
        yield {
            "school_id": school,
            "correction_id": given.identity,
            "number": number,
            "stream": person.stream,
            "record_id": person.key,
            "field": item.field,
            "operation": item.asked.value,
            "base_value": _text(item.base),
            "base_seen_at": item.base_seen_at,
            "new_value": _text(item.new),
            "state": State.SUBMITTED.value,
        }


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
