"""The contact person as a person writes it: on the command line or in a plan file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.bookkeeping.register import Contact
from schemas.errors import ConfigurationError

CONTACT_KEYS = ("name", "mail", "phone")
_MAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,30}", re.ASCII)
_LONGEST = 200


def parse_contact(given: Mapping[str, Any], where: str = "") -> Contact:
    """Read a contact person; raises ConfigurationError naming the part that is wrong. Values are never repeated."""
    said = {key: _line(given.get(key), f"{where}{key}") for key in CONTACT_KEYS}
    name, mail, phone = said["name"], said["mail"], said["phone"]
    for key in ("name", "mail"):
        if said[key] is None:
            raise ConfigurationError(f"{where}{key} is missing.", fix="A contact person has a name and a mail address.")
    if mail is not None and not _MAIL.fullmatch(mail):
        raise ConfigurationError(f"{where}mail is not a mail address.", fix="Write it as in info@school.example.")
    if phone is not None and not _PHONE.fullmatch(phone):
        raise ConfigurationError(f"{where}phone is not a telephone number.", fix="Write it as in 0123-456789.")
    return Contact(name or "", mail or "", phone)


def _line(value: Any, what: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST or not value.isprintable():
        raise ConfigurationError(f"{what} is not a line of text.", fix=f"Write at most {_LONGEST} characters.")
    return value.strip()
