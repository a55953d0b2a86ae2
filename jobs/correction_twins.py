"""Wishes that ask the same: one goes to the school, the others are merged into it and live on when it is taken back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from connector.bookkeeping import corrections
from mappings.corrections import asks_the_same
from schemas.corrections import IN_REVIEW, Item, Outcome, closed
from schemas.ids import SchoolId

OTHER_GONE = "other_gone"


def live_on(connection: Connection, school: SchoolId, item: Item, now: datetime) -> None:
    """An item is off for a reason of who asked: the oldest that was merged into it takes its place."""
    for twin in corrections.of_field(connection, school, item):
        is_twin = twin.place == closed(Outcome.MERGED) and asks_the_same(twin.new_text, item.new_text)
        if is_twin and corrections.move(
            connection, school, twin, IN_REVIEW, now=now, reason=OTHER_GONE, closed_at=None
        ):
            return
