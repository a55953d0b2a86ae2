"""Export: everything that one guardian asked, or that anyone asked about one pupil, for whoever wants to inspect it."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection

from connector.bookkeeping import corrections
from connector.portal import persons
from jobs.correction_desk import portal_value
from schemas.correction_fields import FieldName, named
from schemas.corrections import Item, Moved, Role
from schemas.ids import SchoolId
from schemas.streams import Stream

_OF_A_HOME = frozenset({"address", "phones", "emergency_contacts"})


def of_guardian(connection: Connection, school: SchoolId, guardian: str) -> list[dict[str, Any]]:
    """Give what this guardian asked, as asked; what the school holds of somebody's secret is not told."""
    mine = [item for item in corrections.everything(connection, school) if item.requester == guardian]
    return _told(connection, school, mine, is_of_pupil=False)


def of_pupil(connection: Connection, school: SchoolId, pupil: str) -> list[dict[str, Any]]:
    """Give what anyone asked about this pupil; who asked is told by key, and nobody's secret is told."""
    about = [
        item
        for item in corrections.everything(connection, school)
        if (item.stream, item.record_id) == (Stream.PUPILS.value, pupil)
    ]
    return _told(connection, school, about, is_of_pupil=True)


def _told(connection: Connection, school: SchoolId, items: list[Item], *, is_of_pupil: bool) -> list[dict[str, Any]]:
    life = {one: corrections.history(connection, school, one) for one in {item.correction for item in items}}
    documents = {one: corrections.evidence(connection, school, one) for one in life}
    return [
        {
            **_asked(item),
            **_values(item, is_left_out=is_of_pupil and _is_secret(connection, school, item)),
            "documents": [] if is_of_pupil else [one["file_name"] for one in documents[item.correction]],
            "life": [_line(move) for move in life[item.correction].get(item.number, ())],
        }
        for item in items
    ]


def _asked(item: Item) -> dict[str, Any]:
    names = ("correction", "number", "requester", "stream", "record_id", "field", "operation", "motive", "effective_on")
    times = ("submitted_at", "base_seen_at", "delivered_at", "decided_at", "confirmed_at", "closed_at")
    return {name: getattr(item, name) for name in (*names, "state", "outcome", "reason", *times)}


def _values(item: Item, *, is_left_out: bool) -> dict[str, Any]:
    if is_left_out:
        return {"values": None, "note_parent": None}
    accepted = None if item.is_secret else _plain(item.final_text)
    told = {"base": _plain(item.base_value), "asked": _plain(item.new_value), "accepted": accepted}
    return {"values": told, "note_parent": item.note_parent}


def _is_secret(connection: Connection, school: SchoolId, item: Item) -> bool:
    """Tell whether a value may be a secret: it was one, or of a home that is secret now."""
    field: FieldName | None = named(item.stream, item.field)
    if item.is_secret or field is None:
        return True
    if field.name not in _OF_A_HOME:
        return False
    present = portal_value(connection, school, field, item.record_id)
    of_asker = portal_value(connection, school, FieldName(Stream.GUARDIANS, "address"), item.requester)
    is_home_secret = persons.is_home_secret(connection, school, field, item.record_id)
    return present is None or present.is_hidden or is_home_secret or of_asker is None or of_asker.is_hidden


def _line(move: Moved) -> dict[str, Any]:
    """Give a line of a life; who at school moved it is not told, as in the portal."""
    actor = move.actor if move.role == Role.GUARDIAN.value else None
    return {**move._asdict(), "actor": actor}


def _plain(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
