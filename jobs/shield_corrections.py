"""Shield: an address that became secret after it was asked for is kept no longer than the school needs it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from connector.bookkeeping import corrections, invitations
from jobs.correction_desk import field_of, portal_value
from mappings.corrections import digest_of, reread
from schemas.corrections import OPEN, Item, Need, State
from schemas.ids import SchoolId


def shield(connection: Connection, school: SchoolId) -> int:
    """Give how many items now hold no value that the portal may not hold; an open one keeps what was asked only."""
    shielded = 0
    for item in corrections.with_address(connection, school):
        present = portal_value(connection, school, field_of(item), item.record_id)
        if present is not None and present.is_hidden:
            shielded += corrections.note(connection, school, item, **_blanked(connection, school, item))
    return shielded


def _blanked(connection: Connection, school: SchoolId, item: Item) -> dict[str, Any]:
    blank: dict[str, Any] = {"is_secret": True, "base_value": None, "base_text": None, "base_digest": None}
    if item.wanted_text is not None:
        key = invitations.keep_key(connection, school)
        blank["wanted_digest"] = digest_of(key, field_of(item), reread(item.wanted_text))
    if item.state not in {state.value for state in OPEN}:
        return blank | dict.fromkeys(("new_value", "new_text", "final_text"))
    if item.state == State.IN_REVIEW.value and item.sending_at is None and Need.SECRET not in item.needed:
        blank["needs"] = " ".join((*item.needs.split(), Need.SECRET.value))
    return blank
