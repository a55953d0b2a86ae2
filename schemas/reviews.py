"""A correction as it is laid before a person of the school: one request with a line for each item."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from schemas.correction_fields import FIELDS, FieldName
from schemas.corrections import Motive, Need, Operation
from schemas.ids import SchoolId, SourceKey

Language = Literal["nl", "en"]
"""In which language a school is written to."""


class ReviewLine(NamedTuple):
    """One item. `number` is what commands call it, `key` what its change request is called, `person` a display name.

    `old` and `new` are values as `schemas.correction_fields` has them; `is_old_known` False says that the portal may
    not hold the present value. `rivals` are the references of requests that ask something else of the same field.
    """

    number: int
    key: str
    record: SourceKey
    person: str
    field: FieldName
    operation: Operation
    old: Any
    new: Any
    is_old_known: bool = True
    need: Need | None = None
    is_for_all_at_address: bool = False
    rivals: tuple[str, ...] = ()

    @property
    def is_sensitive(self) -> bool:
        """Tell whether it may never travel by mail."""
        return FIELDS[self.field].is_sensitive

    @property
    def is_secret(self) -> bool:
        """Tell whether the school keeps this value secret from others."""
        return not self.is_old_known or self.need is Need.SECRET


class Review(NamedTuple):
    """One request of one guardian. `is_repeat`: it may have been sent before, under the same reference."""

    school: SchoolId
    school_name: str
    reference: str
    requester: str
    motive: Motive
    effective_on: date | None
    submitted_at: datetime
    lines: tuple[ReviewLine, ...]
    is_repeat: bool = False
    language: Language = "nl"
