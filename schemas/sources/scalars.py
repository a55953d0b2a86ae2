"""Scalars of every dialect's wire: strict, and closed to what pydantic would kindly accept.

Lax pydantic takes "1.0" for a number, 1 for a flag, and an epoch number or "1262390400" for a day; here a day
is `YYYY-MM-DD`, an instant says its offset, and both lie in the years 1900 to 2199.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field, PlainValidator, StrictBool, StrictInt, StrictStr
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from schemas.ids import SourceKey, parse_source_key

_DAY = r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}"
_INSTANT = rf"^{_DAY}[Tt][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,9}})?(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})$"
UNREADABLE_NUMBER = "unreadable_number"
"""The kind of error of a number in text that is none."""
_PLAIN_KEY = "^[!-~](?:[ -~]*[!-~])?$"


def _key(value: object) -> SourceKey:
    key = parse_source_key(value)
    if key is None:
        raise PydanticCustomError("unreadable_key", "not a key")
    return key


class _AsKey:
    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> CoreSchema:
        # Nearly every key is plain ASCII: pydantic-core then judges it without calling Python (a third of the
        # time of a page of absences). parse_source_key has the last word on every other.
        return core_schema.union_schema(
            [
                core_schema.str_schema(strict=True, max_length=256, pattern=_PLAIN_KEY),
                core_schema.no_info_plain_validator_function(_key),
            ],
            mode="left_to_right",
        )


class _AsDay:
    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.chain_schema(
            [core_schema.str_schema(strict=True, pattern=f"^{_DAY}$"), core_schema.date_schema()]
        )


class _AsInstant:
    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.chain_schema(
            [
                core_schema.str_schema(strict=True, pattern=_INSTANT),
                core_schema.no_info_plain_validator_function(_utc),
            ]
        )


class _AsNumber:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.custom_error_schema(
            core_schema.str_schema(strict=True, pattern=self.pattern),
            custom_error_type=UNREADABLE_NUMBER,
            custom_error_message="not a number in text",
        )


# A school's records share few instants (the day begins at half past eight); the cache is three times as fast.
@lru_cache(maxsize=8192)
def _utc(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("unreadable_instant", "not an instant") from None


def _unless_plainly_public(value: object) -> bool:
    return value is not False


Key = Annotated[SourceKey, _AsKey]
"""A record's key, as `parse_source_key` reads it."""

Day = Annotated[date, _AsDay]
"""A calendar day, from `YYYY-MM-DD` only."""

Instant = Annotated[datetime, _AsInstant]
"""A moment, from ISO text with an offset only, as aware UTC."""

Confidential = Annotated[bool, PlainValidator(_unless_plainly_public)]
"""Secrecy: True for anything but a literal false. The field's default is True, so that absence hides too."""

Time = Annotated[StrictStr, Field(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time of day, `HH:MM` from 00:00 to 23:59."""

Decimal = Annotated[str, _AsNumber(r"^-?[0-9]{1,9}(?:\.[0-9]{1,6})?$")]
"""A decimal number in text, with a dot."""

Money = Annotated[str, _AsNumber(r"^-?[0-9]{1,9}\.[0-9]{2}$")]
"""An amount in euro, with a dot and two decimals."""

Sha256 = Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{64}$")]
"""The digest of a file's bytes."""

Text = StrictStr
Flag = StrictBool
Count = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]
Rank = Annotated[StrictInt, Field(ge=-(2**31), le=2**31 - 1)]
SchoolYear = Annotated[StrictInt, Field(ge=1900, le=2199)]
"""The year in which a school year begins."""

YearGroup = Annotated[StrictStr, Field(min_length=1, max_length=4)]
"""Code of the year group (jaargroep)."""
