"""What a group list may show of a pupil: consent per category, secrecy at home, and which parents are named."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from itertools import permutations, product
from typing import Any

import pytest

from mappings.gates import CATEGORY_NOT_USED, OPEN_WINDOW, privacy_preference_gate
from mappings.group_list import Category, Entry, Listed, Parent, allowed_of, derive_entry
from schemas.canonical.people import PrivacyPreference
from schemas.tables.catalogue import table_of
from schemas.tables.people import GroupListEntryRow

ALL = tuple((category.value, True) for category in Category)
PUPIL = Listed(
    display_name="Gradje van 't Hof",
    sort_name="Hof, Gradje van 't",
    photo_reference="photo-1",
    birth_on=date(2018, 3, 6),
    enrolled_until=None,
    visible_from=datetime(2022, 7, 31, 22, tzinfo=UTC),
    address_id="a1",
    street="Dorpsstraat",
    house_number="12",
    house_number_suffix="bis",
    postal_code="1234 AB",
    city="Ons Dorp",
    phones='[{"kind":"home","number":"+31100000001"}]',
    is_home_secret=False,
)
PARENT = Parent(
    guardian_id="v1",
    display_name="Ans van 't Hof",
    is_home_secret=False,
    authority="full",
    is_restricted=False,
    from_on=None,
    until_on=None,
)
OTHER = PARENT._replace(guardian_id="v2", display_name="Bo de Wit")
ADDRESS = ("street", "house_number", "house_number_suffix", "postal_code", "city")
FIELDS: dict[Category, tuple[str, ...]] = {
    Category.NAME: ("display_name", "sort_name"),
    Category.PHOTO: ("photo_reference",),
    Category.BIRTH_DATE: ("birth_on", "birth_day"),
    Category.ADDRESS: ADDRESS,
    Category.PHONE: ("phones",),
    Category.PARENTS_NAMES: ("parents_names",),
}
BLANK = {None, "[]"}
UNSEEN = {"address_id", "parents_named_from", "visible_from", "visible_until"}


def entry(pupil: Listed = PUPIL, said: Any = ALL, parents: tuple[Parent, ...] = (PARENT, OTHER)) -> Entry:
    """Derive an entry that there must be."""
    found = derive_entry(pupil, said, parents)
    assert found is not None
    return found


def shown(found: Entry) -> set[str]:
    """Name the columns that say something to a reader of the list."""
    return {name for name, value in found._asdict().items() if value not in BLANK} - UNSEEN


def names(parents: tuple[Parent, ...]) -> list[str]:
    """Give the parents an entry names."""
    named: list[str] = json.loads(entry(parents=parents).parents_names)
    return named


def test_an_entry_is_a_row_of_its_table() -> None:
    """The columns of an entry are those of the table behind its key, in its order."""
    columns = [column.name for column in table_of(GroupListEntryRow).columns]
    assert ("school_id", "pupil_id", *Entry._fields) == tuple(columns)


def test_whoever_allows_all_is_shown_whole() -> None:
    """With consent for everything and nothing secret each column says something; the day is without its year."""
    found = entry()
    assert shown(found) == set(Entry._fields) - UNSEEN
    assert found.birth_day == "03-06"
    assert found.parents_names == '["Ans van \'t Hof","Bo de Wit"]'
    assert (found.visible_from, found.visible_until) == (PUPIL.visible_from, datetime(2036, 3, 5, 23, tzinfo=UTC))


def test_without_the_name_there_is_no_entry() -> None:
    """Nothing said, a refusal, or consent for everything but the name: no entry at all."""
    rest = tuple(one for one in ALL if one[0] != Category.NAME)
    for said in ((), rest, (*rest, (Category.NAME, False)), ((Category.NAME, False),)):
        assert derive_entry(PUPIL, said, (PARENT,)) is None


@pytest.mark.parametrize("chosen", list(product((False, True), repeat=len(Category) - 1)))
def test_each_category_shows_its_own_columns_and_no_others(chosen: tuple[bool, ...]) -> None:
    """For every combination of consents the columns that say something are exactly those that were allowed."""
    rest = [category for category in Category if category is not Category.NAME]
    allowed = {Category.NAME, *(category for category, is_allowed in zip(rest, chosen, strict=True) if is_allowed)}
    said = [(category.value, category in allowed) for category in Category]
    assert shown(entry(said=said)) == {name for category in allowed for name in FIELDS[category]}


def test_a_refusal_counts_whatever_else_was_said() -> None:
    """Of preferences that contradict each other the refusal counts, in whichever order they come."""
    for said in permutations(((Category.PHONE, True), (Category.PHONE, False), (Category.NAME, True))):
        assert allowed_of(said) == {Category.NAME}
    assert allowed_of([("group_list_name", True), ("group_list_name", True)]) == {Category.NAME}


def test_what_is_no_category_of_the_list_says_nothing() -> None:
    """A category that does not exist, or is about something else, allows nothing and is not stored."""
    strange = ("photo_website", "group_list_shoe_size", "group_list_", "GROUP_LIST_NAME", "")
    assert allowed_of([(name, True) for name in strange]) == frozenset()
    preference = PrivacyPreference("c1", "p1", "group_list_name", is_allowed=True, given_on=None)
    assert privacy_preference_gate(preference) == OPEN_WINDOW
    assert {privacy_preference_gate(preference._replace(category=name)) for name in strange} == {CATEGORY_NOT_USED}


def test_a_secret_home_gives_no_address_and_no_phone() -> None:
    """When anybody at the address keeps it secret, consent or not: neither address nor phones; the rest stays."""
    found = entry(PUPIL._replace(is_home_secret=True))
    assert shown(found) == shown(entry()) - {*ADDRESS, "phones"}


def test_only_parents_who_may_be_named_are() -> None:
    """Named with full authority only; not with a restriction or an end at any time, nor from a secret address."""
    for changes in (
        {"authority": "none"},
        {"authority": "unknown"},
        {"is_restricted": True},
        {"until_on": date(1999, 1, 1)},
        {"until_on": date(2999, 1, 1)},
        {"is_home_secret": True},
    ):
        assert names((PARENT._replace(**changes), OTHER)) == ["Bo de Wit"]
    assert names((OTHER, PARENT)) == ["Bo de Wit", "Ans van 't Hof"]
    assert names(()) == []


def test_two_relations_of_one_parent_must_both_allow_it() -> None:
    """A parent is named once; and not at all where one of the relations is restricted, in either order."""
    assert names((PARENT, OTHER, PARENT)) == ["Ans van 't Hof", "Bo de Wit"]
    for pair in permutations((PARENT, PARENT._replace(is_restricted=True))):
        assert names((*pair, OTHER)) == ["Bo de Wit"]


def test_no_name_is_shown_before_every_named_relation_began() -> None:
    """The names count from the last beginning of a named relation on; one that is not named does not matter."""
    begun, begins = PARENT._replace(from_on=date(2020, 1, 1)), OTHER._replace(from_on=date(2027, 7, 1))
    never = begins._replace(guardian_id="v3", from_on=date(2030, 1, 1), authority="none")
    assert entry(parents=(begun, begins, never)).parents_named_from == datetime(2027, 6, 30, 22, tzinfo=UTC)
    assert entry(parents=(begun,)).parents_named_from == datetime(2019, 12, 31, 23, tzinfo=UTC)
    assert entry(parents=(PARENT,)).parents_named_from is None
    said = [one for one in ALL if one[0] != Category.PARENTS_NAMES]
    assert entry(said=said, parents=(begins,)).parents_named_from is None


def test_a_leaver_is_listed_until_the_last_school_day_and_nobody_beyond_18() -> None:
    """The leavers' grace is not for classmates; at 18 what the guardians allowed ends, whichever comes first."""
    last_day = PUPIL._replace(enrolled_until=date(2026, 11, 24))
    assert entry(last_day).visible_until == datetime(2026, 11, 24, 23, tzinfo=UTC)
    assert entry(last_day._replace(birth_on=date(2008, 6, 1))).visible_until == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert entry(PUPIL._replace(birth_on=None)).visible_until is None
