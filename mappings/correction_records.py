"""The present value of a field: as the portal's rows have it, and as the school's own record has it before any gate."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mappings.correction_values import normal
from mappings.values import phone_number, postal_code
from schemas.canonical.people import Address, Guardian, Phone, Pupil
from schemas.correction_fields import FIELDS, FieldName, Kind
from schemas.errors import CorrectionError


class Present(NamedTuple):
    """A value, None when empty. `is_hidden`: the portal may not hold it, or not all of it."""

    value: Any
    is_hidden: bool = False


def of_rows(field: FieldName, rows: Sequence[Mapping[str, Any]], *, is_secret_home: bool = False) -> Present:
    """Give what the portal holds. `rows` are the person's own row, or those of a list in their order."""
    spec = FIELDS[field]
    match spec.kind:
        case Kind.CONTACTS | Kind.MEDICAL:
            return Present(_normal(field, [_entry(spec.columns, row) for row in rows] or None))
        case Kind.ADDRESS:
            row = rows[0]
            value = {name: row[name] for name in spec.columns}
            is_hidden = bool(row["is_address_confidential"]) or is_secret_home
            return Present(_normal(field, value), is_hidden)
        case Kind.PHONES:
            return Present(_normal(field, json.loads(rows[0]["phones"]) or None))
        case Kind.DAY:
            day = rows[0][spec.columns[0]]
            return Present(None if day is None else str(day))
    return Present(_normal(field, rows[0][spec.columns[0]]))


def of_record(field: FieldName, record: Pupil | Guardian) -> Present:
    """Give what the school's record holds, before gates; hidden is what is marked as confidential there.

    Of phones the value is the list without the confidential ones: a guardian never saw those and cannot mean them.
    """
    match FIELDS[field].kind:
        case Kind.ADDRESS:
            address = record.address
            return Present(_normal(field, _address(address)), address is not None and address.is_confidential)
        case Kind.PHONES:
            open_ones = [phone for phone in record.phones if not phone.is_confidential]
            return Present(_normal(field, _phones(open_ones)), len(open_ones) < len(record.phones))
        case Kind.DAY:
            day = getattr(record, field.name)
            return Present(None if day is None else day.isoformat())
        case Kind.MAIL:
            return Present(_normal(field, getattr(record, field.name)))
    part = {"name_prefix": "prefix"}.get(field.name, field.name)
    return Present(_normal(field, getattr(record.name, part)))


def _normal(field: FieldName, value: Any) -> Any:
    """Write a present value one way; a school's value of a wrong form is still the present value."""
    try:
        return normal(field, FIELDS[field].kind, value)
    except CorrectionError:
        return value


def _entry(columns: Sequence[str], row: Mapping[str, Any]) -> dict[str, Any]:
    entry = {name: row[name] for name in columns}
    if "phones" in entry:
        entry["phones"] = json.loads(entry["phones"])
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in entry.items()}


def _address(address: Address | None) -> dict[str, Any] | None:
    if address is None:
        return None
    return {
        "street": address.street,
        "house_number": address.house_number,
        "house_number_suffix": address.house_number_suffix,
        "postal_code": postal_code(address.postal_code),
        "city": address.city,
        "country": address.country,
    }


def _phones(phones: Sequence[Phone]) -> list[dict[str, str]] | None:
    found = [{"kind": one.kind, "number": number} for one in phones if (number := phone_number(one.number))]
    return found or None
