"""Reads what a change request says; refuses what the contract does not allow, or what this SIS will never take."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl

from connector.simulator.draft import Record
from connector.simulator.reading import MAX_ID_LENGTH, MAX_IDS, ProblemError
from connector.simulator.world import World

GRANT = "change_requests"
"""The name under which a client is granted change requests, and a SIS lacks them, beside the names of the streams."""

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
REASONS = ("record_is_right", "not_proven", "ask_the_school", "duplicate", "other")
MEDICAL = {"allergies": "allergy", "medication": "medication", "care_providers": "care_provider"}
MOST_CHARACTERS = 2000
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
Check = Callable[[Any], bool]


def identifier(text: str) -> str:
    """Return the id of a change request; refuses what can be none."""
    if not ID.fullmatch(text):
        raise ProblemError(400, "invalid-request", "A change request has an id of 1 to 64 letters, digits, . _ and -.")
    return text


def identifiers(query: str) -> list[str]:
    """Return the ids asked for, each once."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if [name for name, _ in pairs] != ["ids"]:
        raise ProblemError(400, "invalid-request", "Give ids, once, and nothing else.")
    found = pairs[0][1].split(",")
    if len(found) > MAX_IDS or not all(ID.fullmatch(one) for one in found):
        raise ProblemError(400, "invalid-request", "ids holds 1 to 200 ids of change requests.")
    return list(dict.fromkeys(found))


def read(body: bytes) -> Record:
    """Return a change request as it was sent; refuses a body that does not follow the contract."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise ProblemError(400, "invalid-request", "The body is no JSON.") from None
    if not isinstance(asked, dict) or asked.keys() != FORMS.keys():
        raise ProblemError(400, "invalid-request", "A change request has exactly the fields of the contract.")
    wrong = [name for name, is_fit in FORMS.items() if not is_fit(asked[name])]
    if wrong:
        raise ProblemError(400, "invalid-request", f"Not as the contract has it: {', '.join(wrong)}.")
    return asked


def consider(world: World, school: str, asked: Record, untaken: frozenset[str]) -> None:
    """Refuse for good what this SIS cannot do: urn:sis:not-accepted with a code."""
    kind = VALUES.get((asked["stream"], asked["field"]))
    if kind is None:
        raise _not_accepted("unknown-field", "There is no such field of such a record.")
    if f"{asked['stream']}.{asked['field']}" in untaken:
        raise _not_accepted("not-supported", "This SIS takes no change requests of this field.")
    if asked["record_id"] not in world.records(school, asked["stream"]):
        raise _not_accepted("unknown-record", "There is no such record.")
    empties = (asked["stream"], asked["field"]) not in NEVER_EMPTY
    if not (is_value(kind, asked["new"]) and is_value(kind, asked["old"])) or (_is_empty(asked["new"]) and not empties):
        raise _not_accepted("bad-value", "This field can have no such value.")


def is_value(kind: str, value: Any) -> bool:
    """Tell whether a value has the form that its field asks for."""
    return value is None or CHECKS[kind](value)


def _not_accepted(code: str, detail: str) -> ProblemError:
    return ProblemError(422, "not-accepted", detail, more={"code": code})


def _is_empty(value: Any) -> bool:
    return value in (None, "", [])


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MOST_CHARACTERS


def _is_optional_text(value: Any) -> bool:
    return value is None or _is_text(value)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_LENGTH


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or not DAY.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_optional_day(value: Any) -> bool:
    return value is None or _is_day(value)


def _is_instant(value: Any) -> bool:
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value.upper())
    except ValueError:
        return False
    return True


def _is_any_value(value: Any) -> bool:
    return value is None or isinstance(value, str | dict | list)


def _one_of(*words: str) -> Check:
    return lambda value: isinstance(value, str) and value in words


def _list_of(is_fit: Check) -> Check:
    return lambda value: isinstance(value, list) and all(is_fit(one) for one in value)


def _object_of(**parts: Check) -> Check:
    return lambda value: (
        isinstance(value, dict)
        and value.keys() == parts.keys()
        and all(is_fit(value[name]) for name, is_fit in parts.items())
    )


FORMS: Mapping[str, Check] = {
    "request": _is_id,
    "requester_id": _is_id,
    "stream": _one_of("pupils", "guardians"),
    "record_id": _is_id,
    "field": _is_id,
    "operation": _one_of("add", "change", "remove"),
    "old": _is_any_value,
    "new": _is_any_value,
    "is_old_known": _is_flag,
    "motive": _one_of("moving", "error"),
    "effective_on": _is_optional_day,
    "submitted_at": _is_instant,
    "is_preapproved": _is_flag,
    "is_for_all_at_address": _is_flag,
    "rivals": _list_of(lambda one: isinstance(one, str) and ID.fullmatch(one) is not None),
}
"""The fields of a change request, and what each may hold."""

_is_phones = _list_of(_object_of(kind=_one_of("mobile", "home", "work", "other"), number=_is_text))

CHECKS: Mapping[str, Check] = {
    "text": _is_text,
    "day": _is_day,
    "phones": _is_phones,
    "address": _object_of(
        street=_is_text,
        house_number=_is_text,
        house_number_suffix=_is_optional_text,
        postal_code=_is_text,
        city=_is_text,
        country=_is_text,
    ),
    "contacts": _list_of(_object_of(name=_is_text, relation=_is_optional_text, phones=_is_phones)),
    "medical": _list_of(
        _object_of(
            name=_is_text,
            details=_is_optional_text,
            instructions=_is_optional_text,
            from_on=_is_optional_day,
            until_on=_is_optional_day,
            phone=_is_optional_text,
        )
    ),
}
"""The forms of a value."""

VALUES: Mapping[tuple[str, str], str] = {
    **{("pupils", name): "text" for name in ("first_names", "call_name", "name_prefix", "last_name")},
    ("pupils", "birth_on"): "day",
    ("pupils", "phones"): "phones",
    ("pupils", "address"): "address",
    ("pupils", "emergency_contacts"): "contacts",
    **{("pupils", name): "medical" for name in MEDICAL},
    **{("guardians", name): "text" for name in ("initials", "call_name", "name_prefix", "last_name", "email")},
    ("guardians", "phones"): "phones",
    ("guardians", "address"): "address",
}
"""The fields for which a change may be asked, and the form of their values."""

NEVER_EMPTY = frozenset({("guardians", "last_name"), ("pupils", "last_name")})
