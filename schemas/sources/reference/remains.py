"""What can still be read of a record with a bad field: the same record with something harmless in its place.

Only looked at where many records have the same fault. Then the old rows stay, and what the rest of each record says
must not be lost with it: a pupil who left, an address that turned secret.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from schemas.sources.reference.catalogue import PLAINLY_SHOWN, SELECTING_FIELDS, VISIBILITY_FIELDS, WIRE
from schemas.streams import Decides, Stream

_PARTS = frozenset({"address", "phone", "phones"})
_LONG_AGO, _FAR_OFF = "1900-01-01", "2199-12-31"
_OPEN_PERIOD = {"from_on": _LONG_AGO, "until_on": None}
_DAY_OF_STATUS = {"enrolled_until": ("left", _FAR_OFF), "enrolled_from": ("future", _LONG_AGO)}
"""The days that a pupil of this status must have, and days that hide nothing."""
_SECRET_ADDRESS = {
    "id": "?",
    **dict.fromkeys(("street", "house_number", "postal_code", "city", "country"), ""),
    "house_number_suffix": None,
    "is_confidential": True,
}
# A day is far off, so that no limit of history hides the record for it.
_CANDIDATES: tuple[Any, ...] = (None, _FAR_OFF, f"{_FAR_OFF}T00:00:00Z", "?", "0", "0.00", 0, 2000, True, [], "00:00")


def decides(stream: Stream, value: Mapping[str, Any], wrong: Collection[str]) -> Decides:
    """Tell what the worst of these fields decides. A part whose own secrecy is a plain false decides nothing."""
    if VISIBILITY_FIELDS[stream].intersection(wrong):
        return Decides.WHETHER
    is_part = any(name in _PARTS and not _is_public(value.get(name)) for name in wrong)
    return Decides.PART if is_part else Decides.NOTHING


def readable_part(stream: Stream, value: Mapping[str, Any], wrong: Collection[str]) -> Any | None:
    """Give the wire record with something harmless in place of these fields, None where there is nothing such.

    A part that may be secret becomes a secret one. A category, subject or test that cannot be read has no harmless
    value: the school's own choice decides about it.
    """
    if "id" in wrong or SELECTING_FIELDS.get(stream, frozenset()).intersection(wrong):
        return None
    mended = {**value, **{name: _in_place_of(stream, name, value) for name in wrong}}
    try:
        return WIRE[stream].model_validate(mended)
    except ValidationError:
        return None


def says_less(stream: Stream, value: Mapping[str, Any], wrong: Collection[str]) -> bool:
    """Tell whether a flag or status that can be read forbids to show the record."""
    plain = PLAINLY_SHOWN.get(stream, {})
    return any(
        not any(value.get(name) is one or value.get(name) == one for one in shown)
        for name, shown in plain.items()
        if name not in wrong and shown != (None,)
    )


def unread_secrecy(value: Mapping[str, Any]) -> tuple[str, bool] | None:
    """Give the part of a record whose secrecy is no plain true or false, and whether it is absent; else None."""
    phones = value.get("phones")
    places = [("address", value.get("address")), ("phone", value.get("phone"))]
    places += [("phones", one) for one in phones] if isinstance(phones, list) else []
    for name, place in places:
        if isinstance(place, dict) and type(place.get("is_confidential")) is not bool:
            return f"{name}.is_confidential", "is_confidential" not in place
    return None


def _is_public(part: Any) -> bool:
    parts = part if isinstance(part, list) else [part]
    return all(isinstance(one, dict) and one.get("is_confidential") is False for one in parts)


def _in_place_of(stream: Stream, name: str, value: Mapping[str, Any]) -> Any:
    said = value.get(name)
    if name in _DAY_OF_STATUS and value.get("status") == _DAY_OF_STATUS[name][0]:
        return _DAY_OF_STATUS[name][1]
    if name == "address":
        return None if _is_public(said) else _SECRET_ADDRESS
    if name == "phones":
        return [_public(one["number"]) for one in said if _has_number(one)] if isinstance(said, list) else []
    return _harmless(stream, name)


def _has_number(phone: Any) -> bool:
    return phone is not None and _is_public(phone) and isinstance(phone.get("number"), str)


def _public(number: str) -> dict[str, Any]:
    return {"number": number, "kind": "other", "is_confidential": False}


@cache
def _harmless(stream: Stream, name: str) -> Any:
    """Give a value that the field takes and that hides nothing."""
    field = WIRE[stream].model_fields.get(name)
    if field is None:
        return None
    plain = PLAINLY_SHOWN.get(stream, {}).get(name, ()) if name in VISIBILITY_FIELDS[stream] else ()
    open_period = (_OPEN_PERIOD,) if name == "information_agreement" else ()
    long_ago = (None, _LONG_AGO) if name == "from_on" else ()
    adapter = TypeAdapter(field.rebuild_annotation())
    for candidate in (*plain, *open_period, *long_ago, *_CANDIDATES, *_literals(field.annotation)):
        try:
            adapter.validate_python(candidate)
        except ValidationError:
            continue
        return candidate
    raise AssertionError(f"no harmless value for {stream}.{name}")


def _literals(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(one for part in get_args(annotation) for one in _literals(part))
