"""Parts of the reference dialect's records: what a wire model is, addresses, phones, periods."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from schemas.sources.scalars import Begin, Confidential, Count, End, Key, Sha256, Text

Gender = Literal["male", "female", "other", "unknown"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri"]


class Wire(BaseModel):
    """A part of an answer: frozen, and blind to fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True)


class Address(Wire):
    """A home or a building."""

    id: Key
    street: Text
    house_number: Text
    house_number_suffix: Text | None
    postal_code: Text
    city: Text
    country: Text
    is_confidential: Confidential = True


class Phone(Wire):
    """A telephone number."""

    number: Text
    kind: Literal["mobile", "home", "work", "other"]
    is_confidential: Confidential = True


class Period(Wire):
    """From a day until a day, both inclusive."""

    from_on: Begin
    until_on: End | None


class Document(Wire):
    """A file that belongs to a record; its bytes are asked for apart."""

    id: Key
    file_name: Text
    content_type: Text
    size: Count
    sha256: Sha256
