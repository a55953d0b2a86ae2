"""What a person writes on the command line or in a plan: days, instants, modules. Local time is Europe/Amsterdam."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from mappings.values import SCHOOL_ZONE, start_of_day
from schemas.errors import ConfigurationError
from schemas.modules import Module

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:.+", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def parse_modules(names: Iterable[str]) -> tuple[Module, ...]:
    """Read module names, each once; the error offers the nearest one."""
    return tuple(dict.fromkeys(parse_module(name) for name in names))


def parse_module(name: str) -> Module:
    """Read one module's name, whatever its capitals."""
    try:
        return Module(name.strip().lower())
    except ValueError:
        known = [module.value for module in Module]
        near = difflib.get_close_matches(name.strip().lower(), known, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        message = f"There is no module {name[:40]!r}."
        raise ConfigurationError(message, fix=f"{hint}The modules are {', '.join(known)}.") from None


def parse_day(text: str, option: str) -> date:
    """Read a day as YYYY-MM-DD."""
    if _DAY.fullmatch(text.strip()):
        try:
            return date.fromisoformat(text.strip())
        except ValueError:
            pass
    raise ConfigurationError(
        f"{option}: {text[:40]!r} is not a day of the calendar.", fix="Write year-month-day, as in 2027-01-31."
    )


def parse_from(text: str, option: str, now: datetime) -> datetime:
    """Read `now`, or a day that begins at 00:00 local time; gives an aware instant in UTC."""
    if text.strip().lower() == "now":
        return now
    return start_of_day(parse_day(text, option))


def parse_instant(text: str, option: str, now: datetime) -> datetime:
    """Read `now`, a day, or a day with a time; a time without an offset is local."""
    stripped = text.strip()
    if stripped.lower() == "now" or _DAY.fullmatch(stripped):
        return parse_from(stripped, option, now)
    try:
        written = datetime.fromisoformat(stripped) if _MOMENT.fullmatch(stripped) else None
    except ValueError:
        written = None
    if written is None:
        raise ConfigurationError(
            f"{option}: {text[:40]!r} is not a moment.",
            fix="Write a day and perhaps a time, as in 2027-01-31 or 2027-01-31T08:30 (local time), or now.",
        )
    return as_instant(written, option)


def as_instant(value: datetime, option: str) -> datetime:
    """Give the aware instant in UTC; refuses a local time that the clock skips in spring."""
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    local = value.replace(tzinfo=SCHOOL_ZONE)
    instant = local.astimezone(UTC)
    if instant.astimezone(SCHOOL_ZONE).replace(tzinfo=None) != value:
        raise ConfigurationError(
            f"{option}: {value:%Y-%m-%d %H:%M} does not exist: the clock goes forward that night.",
            fix="Take an hour later.",
        )
    return instant


def local(instant: datetime | None) -> str:
    """Show an instant in local time: the day alone when it begins there, else to the minute."""
    if instant is None:
        return "–"
    there = instant.astimezone(SCHOOL_ZONE)
    if instant == start_of_day(there.date()):
        return f"{there:%Y-%m-%d}"
    return f"{there:%Y-%m-%d %H:%M}"


def as_text(value: Any) -> str:
    """Show a day, an instant, a number or a text; nothing is a dash."""
    if isinstance(value, datetime):
        return local(value)
    return "–" if value is None else str(value)


def iso(instant: datetime | None) -> str | None:
    """Give an instant for a machine: ISO 8601 in UTC."""
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
