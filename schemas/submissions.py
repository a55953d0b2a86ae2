"""A correction as a file: what the portal writes into the tables, in one JSON document."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schemas.correction_fields import FIELDS, named
from schemas.corrections import Motive, Operation
from schemas.errors import ConfigurationError
from schemas.ids import parse_source_key


def _as_key(value: str) -> str:
    key = parse_source_key(value)
    if key is None:
        raise ValueError("not a key")
    return key


_Key = Annotated[str, AfterValidator(_as_key)]
"""An id of the portal, as the portal has it: what a program wrote is not trimmed into another's."""
_Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")
]
_Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{8,64}$")]
MOST_BYTES = 1_000_000


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class PersonGiven(_Given):
    """A pupil or a guardian."""

    stream: Literal["pupils", "guardians"]
    key: _Key


class ItemGiven(PersonGiven):
    """One field that should change: `base` is what the guardian saw, `new` what it should be; the whole of a list.

    `also`: the same for these persons, such as everyone who moves along.
    """

    field: _Name
    operation: Operation | None = None
    base: Any = None
    base_seen_at: AwareDatetime | None = None
    new: Any = None
    also: tuple[PersonGiven, ...] = Field(default=(), max_length=20)

    @property
    def asked(self) -> Operation:
        """What is asked, by which of old and new is empty, where it is not said."""
        if self.operation is not None:
            return self.operation
        if self.new is None:
            return Operation.REMOVE
        return Operation.ADD if self.base is None else Operation.CHANGE


class Submission(_Given):
    """One correction of one guardian. Without an `id` it has one made of its content: sent twice it is there once."""

    id: _Id | None = None
    requester: _Key
    motive: Motive
    effective_on: date | None = None
    items: tuple[ItemGiven, ...] = Field(min_length=1, max_length=50)

    @property
    def identity(self) -> str:
        """The id, or that of the content."""
        return self.id or sha256(self.model_dump_json().encode()).hexdigest()[:32]


def read_submission(content: bytes, name: str) -> Submission:
    """Read a document; raises ConfigurationError that says where it is wrong, never what was there."""
    if not content.strip():
        raise ConfigurationError(f"{name} is empty.", fix="Write one JSON document; docs/how-to has an example.")
    if len(content) > MOST_BYTES:
        raise ConfigurationError(f"{name} is larger than {MOST_BYTES} bytes.", fix="A correction is a small document.")
    try:
        json.loads(content)
        return _checked(Submission.model_validate_json(content), name)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        problem = ConfigurationError(
            f"{name}: {where}: {_SAID.get(first['type'], 'has the wrong form')}.",
            fix="docs/how-to/build-a-correction-form.md shows every key.",
        )
    except (ValueError, RecursionError):
        problem = ConfigurationError(f"{name} is not JSON.", fix="Write one JSON document, in UTF-8.")
    raise problem


_SAID = {
    "missing": "is missing",
    "extra_forbidden": "is not a key we know",
    "too_short": "holds too few",
    "too_long": "holds too many",
    "enum": "is none of the words allowed",
    "literal_error": "is none of the words allowed",
}


def _checked(given: Submission, name: str) -> Submission:
    for number, item in enumerate(given.items):
        for person in (item, *item.also):
            if named(person.stream, item.field) is None:
                known = ", ".join(field.name for field in FIELDS if field.stream.value == person.stream)
                raise ConfigurationError(
                    f"{name}: items.{number}.field: {person.stream} have no such field to correct.",
                    fix=f"There are {known}.",
                )
    return given
