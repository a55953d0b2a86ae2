"""Which home an address is, as keyed hashes: to compare the homes of a family without keeping a secret address."""

from __future__ import annotations

import hmac
import re

from schemas.canonical.people import Address

_NUMBER = re.compile(r"0*([0-9]+)(.*)", re.ASCII | re.DOTALL)
_NOTHING = (None, None)


def home_digests(address: Address | None, key: bytes) -> tuple[str | None, str | None]:
    """Give the hash of postcode and number, and that of these with the suffix; None for what is not known.

    However they are written: `1234ab`, `12 A` and `12`, `a` are one home. Without a key nothing is known.
    """
    if address is None or not key:
        return _NOTHING
    postcode = _letters(address.postal_code)
    number = _NUMBER.fullmatch((address.house_number or "").strip())
    if number is None or not postcode:
        return _NOTHING
    suffix = _letters(number[2] + (address.house_number_suffix or ""))
    place = f"home\0{postcode}\0{number[1]}"
    return _digest(key, place), _digest(key, f"{place}\0{suffix}") if suffix else None


def _letters(text: str | None) -> str:
    return "".join(letter for letter in (text or "").casefold() if letter.isalnum())


def _digest(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()
