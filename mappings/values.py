"""Plain values: names with tussenvoegsel, postcodes, phones, lists and days in the school's zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic_core import to_json

from schemas.canonical.people import Address, Name, Phone

SCHOOL_ZONE = ZoneInfo("Europe/Amsterdam")
FIRST_MONTH_OF_A_SCHOOL_YEAR = 8
NEXT_YEAR_FROM_MONTH = 5
"""From May on schools make the groups of the next school year."""
_POSTAL_CODE = re.compile(r"([1-9][0-9]{3})\s*([A-Za-z]{2})", re.ASCII)
_NOT_IN_A_PHONE = re.compile(r"[^0-9+]", re.ASCII)


@lru_cache(maxsize=4096)
def start_of_day(day: date) -> datetime:
    """Give the instant, in UTC, at which this day begins in the school's zone."""
    if day == date.min:  # some sources' "never": in the school's zone it begins before the calendar does
        return datetime.min.replace(tzinfo=UTC)
    return datetime.combine(day, time.min, SCHOOL_ZONE).astimezone(UTC)


def day_after(day: date, days: int = 1) -> date:
    """Give the day so many days later; the last day of the calendar stays itself."""
    return day + timedelta(days=days) if day < date(9000, 1, 1) else day


def local_day(instant: datetime) -> date:
    """Give the calendar day of an aware instant in the school's zone."""
    return instant.astimezone(SCHOOL_ZONE).date()


def school_year_of(day: date) -> int:
    """Give the start year of the school year that a day lies in: it begins on 1 August."""
    return day.year if day.month >= FIRST_MONTH_OF_A_SCHOOL_YEAR else day.year - 1


def expected_school_years(day: date) -> tuple[int, ...]:
    """Give the school years, by their start, that a document made known on this day may be of.

    That is the year it lies in, and from May on the next as well: then schools make their new groups.
    """
    year = school_year_of(day)
    return (year, year + 1) if NEXT_YEAR_FROM_MONTH <= day.month < FIRST_MONTH_OF_A_SCHOOL_YEAR else (year,)


def first_day_of_school_year(year: int) -> date:
    """Give 1 August of the school year that begins in `year`."""
    return date(year, FIRST_MONTH_OF_A_SCHOOL_YEAR, 1)


def end_of_school_year(year: int) -> datetime:
    """Give the instant at which the school year that begins in `year` is over."""
    return start_of_day(date(year + 1, FIRST_MONTH_OF_A_SCHOOL_YEAR, 1))


def display_name(name: Name) -> str:
    """Give the name as people say it: `Gradje van 't Hof`; what is absent is left out."""
    return _joined(_first_name(name), name.prefix, name.last_name)


def sort_name(name: Name) -> str:
    """Give the name as lists sort it by NEN 1888: `Hof, Gradje van 't`."""
    given = _joined(_first_name(name), name.prefix)
    return ", ".join(part for part in (_joined(name.last_name), given) if part)


def _first_name(name: Name) -> str:
    return _joined(name.call_name) or _joined(name.first_names) or _joined(name.initials)


def _joined(*parts: str | None) -> str:
    return " ".join(word for part in parts if part for word in part.split())


def postal_code(text: str | None) -> str | None:
    """Give a Dutch postcode as `1234 AB`; any other text as it is."""
    stripped = (text or "").strip()
    match = _POSTAL_CODE.fullmatch(stripped)
    return f"{match[1]} {match[2].upper()}" if match else stripped or None


def phone_number(text: str) -> str:
    """Give a phone number as `+31…` where it is Dutch, else its digits as written; no digits are no number."""
    digits = _NOT_IN_A_PHONE.sub("", text)
    if not digits.strip("+"):
        return ""
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if digits.startswith("+310"):  # +31 (0)6 …: that zero is for calls within the country
        digits = digits[3:]
    return f"+31{digits[1:]}" if digits.startswith("0") else digits


def list_text(values: Sequence[str]) -> str:
    """Write a list of codes as JSON text, in its own order."""
    return to_json(list(values)).decode()


def records_text(records: Sequence[NamedTuple]) -> str:
    """Write a list of small records of one kind as JSON text, in its own order."""
    names = records[0]._fields if records else ()
    return to_json([dict(zip(names, record, strict=True)) for record in records]).decode()


def phones_text(phones: Sequence[Phone]) -> str:
    """Write the phones that are not confidential as JSON text, in the source's order."""
    shown = [
        {"kind": phone.kind, "number": number}
        for phone in phones
        if not phone.is_confidential and (number := phone_number(phone.number))
    ]
    return to_json(shown).decode()


def address_values(address: Address | None) -> tuple[str | None, ...]:
    """Give street, house number, its suffix, postcode, city and country; all None when confidential or absent."""
    if address is None or address.is_confidential:
        return (None, None, None, None, None, None)
    return (
        address.street,
        address.house_number,
        address.house_number_suffix,
        postal_code(address.postal_code),
        address.city,
        address.country,
    )
