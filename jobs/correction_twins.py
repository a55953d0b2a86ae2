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
    """An item is off for a reason of who asked: the oldest of another guardian that was merged into it lives on."""
    for twin in corrections.of_field(connection, school, item):
        if _is_twin(twin, item) and corrections.move(
            connection, school, twin, IN_REVIEW, now=now, reason=OTHER_GONE, closed_at=None
        ):
            return


def forget(connection: Connection, school: SchoolId) -> None:
    """Keep no secret of a merged wish that can live on no more: what it was merged into is not open."""
    for twin in corrections.merged_secrets(connection, school):
        if not any(_is_twin(twin, other) for other in corrections.rivals(connection, school, twin)):
            corrections.blank(connection, school, twin)


def _is_twin(twin: Item, item: Item) -> bool:
    is_anothers = twin.requester != item.requester
    return is_anothers and twin.place == closed(Outcome.MERGED) and asks_the_same(twin.new_text, item.new_text)
