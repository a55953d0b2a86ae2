"""Change requests as the reference dialect writes them, and what the source says of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, JsonValue, TypeAdapter
from pydantic_core import PydanticCustomError

from schemas.corrections import ChangeRequest
from schemas.sources.reference.parts import Wire
from schemas.sources.scalars import Flag, InstantIfKnown, Text

REASONS = ("record_is_right", "not_proven", "ask_the_school", "duplicate", "other")
"""Why a change request may be refused: words, so that no free text of the school reaches a parent."""


def _known_reason(value: object) -> object:
    return value if value is None or value in REASONS else "other"


def _storable(value: Any) -> Any:
    match value:
        case str() if "\x00" in value:
            raise PydanticCustomError("unreadable_text", "not a text")
        case list():
            _ = [_storable(one) for one in value]
        case dict():
            _ = [_storable(one) for pair in value.items() for one in pair]
    return value


class WireStanding(Wire):
    """How one change request stands."""

    id: Text
    status: Literal["pending", "accepted", "refused", "withdrawn"]
    decided_at: InstantIfKnown | None
    reason: Annotated[Text | None, BeforeValidator(_known_reason)]
    is_edited: Flag
    final: Annotated[JsonValue, AfterValidator(_storable)]


class WireAnswer(Wire):
    """The answer about one change request."""

    school: Text
    change_request: WireStanding


class WireStandings(Wire):
    """The answer about many; one that the source does not have is not among them."""

    school: Text
    change_requests: tuple[WireStanding, ...]


ANSWER = TypeAdapter(WireAnswer)
STANDINGS = TypeAdapter(WireStandings)


def change_request(request: ChangeRequest) -> dict[str, Any]:
    """Give the body by which a change request is put: our names are the contract's, but for whose it is."""
    return {
        "request": request.correction,
        "requester_id": request.requester,
        "stream": request.stream.value,
        "record_id": request.record,
        "field": request.field,
        "operation": request.operation.value,
        "old": request.old,
        "new": request.new,
        "is_old_known": request.is_old_known,
        "motive": request.motive.value,
        "effective_on": None if request.effective_on is None else request.effective_on.isoformat(),
        "submitted_at": request.submitted_at.isoformat(),
        "is_preapproved": request.is_preapproved,
        "is_for_all_at_address": request.is_for_all_at_address,
        "rivals": list(request.rivals),
    }
