"""Scalars of every dialect's wire: strict, and closed to what pydantic would kindly accept.

Lax pydantic takes "1.0" for a number, 1 for a flag, and an epoch number or "1262390400" for a day; here a day
is `YYYY-MM-DD` and an instant says its offset. What a field of them means is its type: when something was (`Day`,
`Instant`), when it begins (`Begin`, `BeginsAt`) or ends (`End`, `EndsAt`), as `schemas.days` tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field, PlainValidator, StrictBool, StrictInt, StrictStr
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from schemas.days import (
    FIRST_RECORDED_YEAR,
    LAST_RECORDED_YEAR,
    begin_of,
    end_of,
    known_since,
    recorded,
    within_the_calendar,
)
from schemas.ids import SourceKey, parse_source_key

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_INSTANT = rf"^{_DAY}[Tt][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})$"
UNREADABLE_NUMBER = "unreadable_number"
"""The kind of error of a number in text that is none."""
_PLAIN_KEY = "^(?:[!->@-~]|[!-~][ -~]*[!-~])$"


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
    def __init__(self, meaning: Callable[[date], date | None]) -> None:
        self.meaning = meaning

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        day = core_schema.no_info_after_validator_function(self.meaning, core_schema.date_schema())
        return core_schema.chain_schema([core_schema.str_schema(strict=True, pattern=f"^{_DAY}$"), day])


class _AsInstant:
    def __init__(self, read: Callable[[str], datetime | None]) -> None:
        self.read = read

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        instant = core_schema.no_info_plain_validator_function(self.read)
        return core_schema.chain_schema([core_schema.str_schema(strict=True, pattern=_INSTANT), instant])


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
def _instant(text: str) -> datetime:
    moment = _parsed(text)
    try:
        recorded(moment.date())
    except ValueError:
        raise PydanticCustomError("unreadable_instant", "not an instant") from None
    return moment.astimezone(UTC)


@lru_cache(maxsize=8192)
def _begins_at(text: str) -> datetime | None:
    moment = _parsed(text)
    return None if begin_of(moment.date()) is None else _bounded(moment)


@lru_cache(maxsize=8192)
def _ends_at(text: str) -> datetime | None:
    moment = _parsed(text)
    return None if end_of(moment.date()) is None else _bounded(moment)


def _known_since(text: str) -> datetime | None:
    return None if begin_of(_parsed(text).date()) is None else _instant(text)


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.upper())
    except (ValueError, OverflowError):
        raise PydanticCustomError("unreadable_instant", "not an instant") from None


def _bounded(moment: datetime) -> datetime:
    try:
        return within_the_calendar(moment.year, moment.astimezone(UTC))
    except OverflowError:  # the first or last hours of the calendar as somebody else's zone has them
        return within_the_calendar(moment.year, None)


def _unless_plainly_public(value: object) -> bool:
    return value is not False


Key = Annotated[SourceKey, _AsKey]
"""A record's key, as `parse_source_key` reads it."""

Day = Annotated[date, _AsDay(recorded)]
"""When something was: a calendar day of the years 1900 to 2199, from `YYYY-MM-DD` only."""

DayIfKnown = Annotated[date | None, _AsDay(known_since)]
"""A recorded day that need not be known: one in year 1 is None."""

Begin = Annotated[date | None, _AsDay(begin_of)]
"""The first day of something; one in year 1 is no begin. A day of any year else."""

End = Annotated[date | None, _AsDay(end_of)]
"""The last day of something; one in year 9999 is no end. A day of any year else."""

Instant = Annotated[datetime, _AsInstant(_instant)]
"""When something was: a moment of the years 1900 to 2199, from ISO text with an offset only, as aware UTC."""

InstantIfKnown = Annotated[datetime | None, _AsInstant(_known_since)]
"""A recorded moment that need not be known: one in year 1, as written, is None."""

BeginsAt = Annotated[datetime | None, _AsInstant(_begins_at)]
"""The moment something begins; one in year 1, as written, is no begin."""

EndsAt = Annotated[datetime | None, _AsInstant(_ends_at)]
"""The moment something ends; one in year 9999, as written, is no end."""

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
SchoolYear = Annotated[StrictInt, Field(ge=FIRST_RECORDED_YEAR, le=LAST_RECORDED_YEAR)]
"""The year in which a school year begins."""

YearGroup = Annotated[StrictStr, Field(min_length=1, max_length=4)]
"""Code of the year group (jaargroep)."""
