"""Reviews with one line or another, for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from schemas.correction_fields import FieldName
from schemas.corrections import Motive, Operation
from schemas.ids import SchoolId, SourceKey
from schemas.reviews import Review, ReviewLine
from schemas.streams import Stream

PHONES = FieldName(Stream.GUARDIANS, "phones")
ADDRESS = FieldName(Stream.PUPILS, "address")
CONTACTS = FieldName(Stream.PUPILS, "emergency_contacts")
ALLERGIES = FieldName(Stream.PUPILS, "allergies")
CALL_NAME = FieldName(Stream.PUPILS, "call_name")

OLD_PHONES = [{"kind": "home", "number": "+31101234567"}, {"kind": "mobile", "number": "+31612345678"}]
NEW_PHONES = [{"kind": "mobile", "number": "+31687654321"}, {"kind": "home", "number": "+31101234567"}]
OLD_ADDRESS = {"street": "Dorpsstraat", "house_number": "1", "postal_code": "1234AB", "city": "Ons Dorp"}
NEW_ADDRESS = {**OLD_ADDRESS, "street": "Kerklaan", "house_number": "7"}


def line(field: FieldName = CALL_NAME, old: Any = "Jan", new: Any = "Johan", **more: Any) -> ReviewLine:
    """Give the first item: by default another call name."""
    given: dict[str, Any] = {
        "number": 1,
        "key": "key-1",
        "record": SourceKey("p-17"),
        "person": "Jan van 't Hof",
        "operation": Operation.CHANGE,
    }
    return ReviewLine(field=field, old=old, new=new, **{**given, **more})


def review(*lines: ReviewLine, **more: Any) -> Review:
    """Give a review with these lines."""
    given: dict[str, Any] = {
        "school": SchoolId("99AA00"),
        "school_name": "De Regenboog",
        "reference": "C-7K2M9Q",
        "requester": "Sanne van 't Hof",
        "motive": Motive.MOVING,
        "effective_on": date(2026, 12, 1),
        "submitted_at": datetime(2026, 11, 25, 23, 30, tzinfo=UTC),
    }
    return Review(lines=lines or (line(),), **{**given, **more})
