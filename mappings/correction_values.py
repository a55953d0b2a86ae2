"""Values of corrections: read what was submitted, refuse what has the wrong form, write it one way, compare.

Equal is what is equal once it is written one way: postcodes, +31 phones, the domain and case of mail, spaces, the
case of a tussenvoegsel. `exact` keeps what a person may want to correct, such as the case of a name; `loose` is for
recognising what the school typed, so it ignores case and the order of lists.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from mappings.invitations import is_address
from mappings.values import phone_number, postal_code
from schemas.correction_fields import ADDRESS_PARTS, CONTACT_PARTS, MEDICAL_PARTS, FieldName, Kind
from schemas.days import begin_of, end_of, recorded
from schemas.errors import CorrectionError

LONGEST_TEXT = 20_000
"""Characters of the JSON text of a value; the longest list of medical items that makes sense is far shorter."""
MOST_ENTRIES = 20
_LONG, _SHORT = 2000, 200
_PHONE_KINDS = ("mobile", "home", "work", "other")
_PHONE = re.compile(r"\+?[0-9]{8,15}", re.ASCII)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DUTCH_POSTAL_CODE = re.compile(r"[1-9][0-9]{3} [A-Z]{2}", re.ASCII)
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc`\u00b4", "'"))
_PREFIX = "name_prefix"


class _Wrong(Exception):
    """Where in a value something is wrong, and what is allowed there."""

    def __init__(self, where: str, allowed: str) -> None:
        super().__init__(where)
        self.where, self.allowed = where, allowed


def parse(field: FieldName, kind: Kind, text: str | None) -> Any:
    """Give the value of a JSON text, written one way; None when empty.

    Raises CorrectionError that says what the field allows, never what was there.
    """
    if text is None:
        return None
    if len(text) > LONGEST_TEXT:
        raise CorrectionError(f"{field}: the value is too long.", fix=f"At most {LONGEST_TEXT} characters are taken.")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise CorrectionError(
            f"{field}: the value is no JSON.", fix='Write a text as "text", nothing as null.'
        ) from None
    return normal(field, kind, value)


def normal(field: FieldName, kind: Kind, value: Any) -> Any:
    """Give a plain value written one way; None when empty. Raises as `parse`."""
    try:
        found = _READERS[kind](value, "")
    except _Wrong as wrong:
        where = f"{field}{wrong.where}"
        raise CorrectionError(
            f"{where} must be {wrong.allowed}.", fix=f"It may be left empty: null. {_FIX[kind]}"
        ) from None
    return found.casefold() if field.name == _PREFIX and found is not None else found


def kept(value: Any) -> str:
    """Write a value as it is kept, lists in their order."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def exact(value: Any) -> str:
    """Write a value so that two that say the same are equal texts."""
    return kept(_sorted(value))


def loose(value: Any) -> str:
    """Write a value so that two are equal texts when a person would take one for the other as typed by the school."""
    return unicodedata.normalize("NFKC", exact(value)).casefold()


def _sorted(value: Any) -> Any:
    """The order of a list says nothing: a school keeps its own."""
    if isinstance(value, list):
        return sorted((_sorted(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    if isinstance(value, dict):
        return {key: _sorted(one) for key, one in value.items()}
    return value


def _text(value: Any, where: str, most: int = _SHORT) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _Wrong(where, "text")
    words = unicodedata.normalize("NFC", value).translate(_APOSTROPHES).split()
    plain = " ".join(words)
    if len(plain) > most:
        raise _Wrong(where, f"text of at most {most} characters")
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co"} for letter in plain):
        raise _Wrong(where, "text without control characters")
    return plain or None


def _needed(value: Any, where: str, most: int = _SHORT) -> str:
    found = _text(value, where, most)
    if found is None:
        raise _Wrong(where, "filled in")
    return found


def _day(value: Any, where: str, meaning: Callable[[date], date | None] = recorded) -> str | None:
    """Give a day as the school's own records are read: what a system writes for "never" is none."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        try:
            day = meaning(date.fromisoformat(value))
        except ValueError:
            pass
        else:
            return None if day is None else day.isoformat()
    raise _Wrong(where, "a day as YYYY-MM-DD")


def _mail(value: Any, where: str) -> str | None:
    found = _text(value, where)
    if found is None:
        return None
    name, _, domain = found.casefold().rpartition("@")
    try:
        box = f"{name}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        box = ""
    if not is_address(box):
        raise _Wrong(where, "a mail address")
    return box


def _phone(value: Any, where: str) -> str:
    number = phone_number(_needed(value, where))
    if not _PHONE.fullmatch(number):
        raise _Wrong(where, "a phone number of 8 to 15 digits")
    return number


def _phones(value: Any, where: str) -> list[dict[str, Any]] | None:
    return _list(value, where, _phone_entry)


def _phone_entry(value: Any, where: str) -> dict[str, Any]:
    parts = _parts(value, where, ("kind", "number"))
    if parts["kind"] not in _PHONE_KINDS:
        raise _Wrong(f"{where}.kind", f"one of {', '.join(_PHONE_KINDS)}")
    return {"kind": parts["kind"], "number": _phone(parts["number"], f"{where}.number")}


def _address(value: Any, where: str) -> dict[str, Any] | None:
    if value is None:
        return None
    parts = _parts(value, where, ADDRESS_PARTS)
    found = {name: _text(parts[name], f"{where}.{name}") for name in ADDRESS_PARTS}
    if not any(found.values()):
        return None
    for name in ("street", "house_number", "city"):
        _needed(found[name], f"{where}.{name}")
    found["country"] = (found["country"] or "NL").upper()
    found["postal_code"] = postal_code(found["postal_code"])
    if found["country"] == "NL" and not _DUTCH_POSTAL_CODE.fullmatch(found["postal_code"] or ""):
        raise _Wrong(f"{where}.postal_code", "a Dutch postcode as 1234 AB")
    return found


def _contacts(value: Any, where: str) -> list[dict[str, Any]] | None:
    return _list(value, where, _contact)


def _contact(value: Any, where: str) -> dict[str, Any]:
    parts = _parts(value, where, CONTACT_PARTS)
    phones = _phones(parts["phones"], f"{where}.phones")
    relation = _text(parts["relation"], f"{where}.relation")
    return {"name": _needed(parts["name"], f"{where}.name"), "relation": relation, "phones": phones or []}


def _medical(value: Any, where: str) -> list[dict[str, Any]] | None:
    return _list(value, where, _medical_item)


def _medical_item(value: Any, where: str) -> dict[str, Any]:
    parts = _parts(value, where, MEDICAL_PARTS)
    return {
        "name": _needed(parts["name"], f"{where}.name"),
        "details": _text(parts["details"], f"{where}.details", _LONG),
        "instructions": _text(parts["instructions"], f"{where}.instructions", _LONG),
        "from_on": _day(parts["from_on"], f"{where}.from_on", begin_of),
        "until_on": _day(parts["until_on"], f"{where}.until_on", end_of),
        "phone": None if not parts["phone"] else _phone(parts["phone"], f"{where}.phone"),
    }


def _list(value: Any, where: str, read: Callable[[Any, str], dict[str, Any]]) -> list[dict[str, Any]] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > MOST_ENTRIES:
        raise _Wrong(where, f"a list of at most {MOST_ENTRIES}")
    found = [read(one, f"{where}[{number}]") for number, one in enumerate(value)]
    if len({exact(one) for one in found}) < len(found):
        raise _Wrong(where, "a list without doubles")
    return found or None


def _parts(value: Any, where: str, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or not value.keys() <= set(names):
        raise _Wrong(where, f"an object of {', '.join(names)}")
    return {name: value.get(name) for name in names}


_READERS: Mapping[Kind, Callable[[Any, str], Any]] = {
    Kind.TEXT: _text,
    Kind.DAY: _day,
    Kind.MAIL: _mail,
    Kind.PHONES: _phones,
    Kind.ADDRESS: _address,
    Kind.CONTACTS: _contacts,
    Kind.MEDICAL: _medical,
}
_FIX: Mapping[Kind, str] = {
    Kind.TEXT: 'For example: "Jansen".',
    Kind.DAY: 'For example: "2016-04-30".',
    Kind.MAIL: 'For example: "naam@voorbeeld.test".',
    Kind.PHONES: 'The whole list, for example: [{"kind": "mobile", "number": "06 12345678"}].',
    Kind.ADDRESS: (
        'For example: {"street": "Dorpsstraat", "house_number": "1", "postal_code": "1234 AB", "city": "Ons Dorp"}.'
    ),
    Kind.CONTACTS: (
        'The whole list, for example: [{"name": "Oma", "phones": [{"kind": "home", "number": "030 1234567"}]}].'
    ),
    Kind.MEDICAL: 'The whole list, for example: [{"name": "Notenallergie", "details": null}].',
}
