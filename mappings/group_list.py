"""What classmates' guardians may see of a pupil, if the school shows it: consent and secrecy, without a clock.

Nothing said is not allowed, and of two preferences that contradict each other the refusal counts. Whoever lives at an
address that anybody there keeps secret gives neither address nor phones, and is not named as a parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from mappings.access import adult_at
from mappings.values import day_after, list_text, start_of_day


class Category(StrEnum):
    """What the guardians of a pupil are asked about the group list."""

    NAME = "group_list_name"
    PHOTO = "group_list_photo"
    BIRTH_DATE = "group_list_birth_date"
    ADDRESS = "group_list_address"
    PHONE = "group_list_phone"
    PARENTS_NAMES = "group_list_parents_names"


class Listed(NamedTuple):
    """What of a pupil a list could show. `is_home_secret`: anybody at home keeps the address secret."""

    display_name: str
    sort_name: str
    photo_reference: str | None
    birth_on: date | None
    enrolled_until: date | None
    visible_from: datetime | None
    address_id: str | None
    street: str | None
    house_number: str | None
    house_number_suffix: str | None
    postal_code: str | None
    city: str | None
    phones: str
    is_home_secret: bool


class Parent(NamedTuple):
    """One relation of a guardian to the pupil, in the order in which the school calls them.

    `is_home_secret`: anybody at the guardian's address record keeps it secret.
    """

    guardian_id: str
    display_name: str
    is_home_secret: bool
    authority: str
    is_restricted: bool
    from_on: date | None
    until_on: date | None


class Entry(NamedTuple):
    """The columns of an entry behind its key. `birth_day` is `MM-DD`; the names count from `parents_named_from` on."""

    display_name: str
    sort_name: str
    photo_reference: str | None
    birth_on: date | None
    birth_day: str | None
    address_id: str | None
    street: str | None
    house_number: str | None
    house_number_suffix: str | None
    postal_code: str | None
    city: str | None
    phones: str
    parents_names: str
    parents_named_from: datetime | None
    visible_from: datetime | None
    visible_until: datetime | None


def derive_entry(pupil: Listed, preferences: Iterable[tuple[str, bool]], parents: Sequence[Parent]) -> Entry | None:
    """Give the entry; None without consent for the name. What is not allowed, or secret, is blank."""
    allowed = allowed_of(preferences)
    if Category.NAME not in allowed:
        return None
    is_secret = pupil.is_home_secret
    shows_birth = Category.BIRTH_DATE in allowed and pupil.birth_on is not None
    shows_address = Category.ADDRESS in allowed and not is_secret
    shows_phones = Category.PHONE in allowed and not is_secret
    named = _named(parents) if Category.PARENTS_NAMES in allowed else ()
    return Entry(
        pupil.display_name,
        pupil.sort_name,
        pupil.photo_reference if Category.PHOTO in allowed else None,
        pupil.birth_on if shows_birth else None,
        f"{pupil.birth_on:%m-%d}" if shows_birth else None,
        pupil.address_id,
        pupil.street if shows_address else None,
        pupil.house_number if shows_address else None,
        pupil.house_number_suffix if shows_address else None,
        pupil.postal_code if shows_address else None,
        pupil.city if shows_address else None,
        pupil.phones if shows_phones else list_text(()),
        list_text([parent.display_name for parent in named]),
        _begins(named),
        pupil.visible_from,
        _listed_until(pupil),
    )


def allowed_of(preferences: Iterable[tuple[str, bool]]) -> frozenset[Category]:
    """Give what is allowed by at least one preference and refused by none."""
    said: dict[str, bool] = {}
    for category, is_allowed in preferences:
        said[category] = is_allowed and said.get(category, True)
    return frozenset(category for category in Category if said.get(category, False))


def _listed_until(pupil: Listed) -> datetime | None:
    """The last school day, without the leavers' grace, which is for their own guardians; at most until the pupil is 18.

    Whoever is 18 decides alone: what the guardians allowed counts no more.
    """
    left = None if pupil.enrolled_until is None else start_of_day(day_after(pupil.enrolled_until))
    ends = [moment for moment in (left, adult_at(pupil.birth_on)) if moment is not None]
    return min(ends, default=None)


def _named(parents: Sequence[Parent]) -> tuple[Parent, ...]:
    """Give the parents a list may name, each once. Every relation of a guardian to the pupil must allow it."""
    barred = {parent.guardian_id for parent in parents if not _may_be_named(parent)}
    named: dict[str, Parent] = {}
    for parent in parents:
        if parent.guardian_id not in barred:
            named.setdefault(parent.guardian_id, parent)
    return tuple(named.values())


def _may_be_named(parent: Parent) -> bool:
    """An end or a restriction at any time leaves the parent out: nobody has to be there when its day comes."""
    is_plain = not parent.is_restricted and parent.until_on is None
    return parent.authority == "full" and is_plain and not parent.is_home_secret


def _begins(named: Sequence[Parent]) -> datetime | None:
    """Give the day on which the last of these relations has begun; no name is shown before."""
    days = [parent.from_on for parent in named if parent.from_on is not None]
    return start_of_day(max(days)) if days else None
