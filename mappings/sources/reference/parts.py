"""Parts of the reference dialect's records: names, addresses, phones, periods."""

from __future__ import annotations

from functools import lru_cache

from schemas.canonical import care, people
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


def phone_of(phone: wire.Phone) -> people.Phone:
    """Give a phone with its secrecy."""
    return people.Phone(phone.number, phone.kind, phone.is_confidential)


def phones_of(phones: tuple[wire.Phone, ...]) -> tuple[people.Phone, ...]:
    """Give phones, each with its secrecy."""
    return tuple(phone_of(phone) for phone in phones)


def public_number(phone: wire.Phone | None) -> str | None:
    """Give a number that has no secrecy of its own in our model, so a secret one must not arrive at all."""
    return None if phone is None or phone.is_confidential else phone.number


def period_of(period: wire.Period | None) -> people.Period | None:
    """Give a period of days."""
    return None if period is None else people.Period(period.from_on, period.until_on)


def document_of(document: wire.Document | None) -> care.Document | None:
    """Give a file as it is announced."""
    if document is None:
        return None
    return care.Document(
        document.id, document.file_name, document.content_type.strip().lower(), document.size, document.sha256
    )


@lru_cache(maxsize=4096)
def decimal_of(text: str | None) -> str | None:
    """Give a decimal without needless zeros, so that 7.50 and 7.5 are one value."""
    if text is None:
        return None
    whole, _, fraction = text.partition(".")
    digits, fraction = whole.removeprefix("-").lstrip("0") or "0", fraction.rstrip("0")
    number = f"{digits}.{fraction}" if fraction else digits
    return f"-{number}" if whole.startswith("-") and number != "0" else number


def cents_of(amount: str) -> int:
    """Give an amount in euro as whole cents."""
    return int(amount.replace(".", ""))
