"""Parts of the reference dialect's records: names, addresses, phones, periods."""

from __future__ import annotations

from schemas.canonical import people
from schemas.sources.reference import parts as wire
from schemas.sources.reference.people import Employee, Guardian


def soft(code: str) -> str | None:
    """Give a code; blank is none."""
    return code.strip() or None


def adult_name(record: Guardian | Employee) -> people.Name:
    """Give the name of a grown-up."""
    return people.Name(
        initials=record.initials,
        call_name=record.call_name,
        prefix=record.name_prefix,
        last_name=record.last_name,
    )


def address_of(address: wire.Address | None) -> people.Address | None:
    """Give an address with its secrecy."""
    if address is None:
        return None
    return people.Address(
        is_confidential=address.is_confidential,
        key=address.id,
        street=address.street,
        house_number=address.house_number,
        house_number_suffix=address.house_number_suffix,
        postal_code=address.postal_code,
        city=address.city,
        country=address.country,
    )


def phones_of(phones: tuple[wire.Phone, ...]) -> tuple[people.Phone, ...]:
    """Give phones, each with its secrecy."""
    return tuple(people.Phone(phone.number, phone.kind, phone.is_confidential) for phone in phones)


def public_number(phone: wire.Phone | None) -> str | None:
    """Give a number that has no secrecy of its own in our model, so a secret one must not arrive at all."""
    return None if phone is None or phone.is_confidential else phone.number


def period_of(period: wire.Period | None) -> people.Period | None:
    """Give a period of days."""
    return None if period is None else people.Period(period.from_on, period.until_on)
