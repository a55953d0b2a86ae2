"""A secret home is known however its record is numbered, and moving one's own address is no way to guess one."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from sqlalchemy import text

from connector.bookkeeping import register
from schemas.views.catalogue import VIEWS
from tests.integration.classmates import EVERYTHING, Classroom, choose, listed
from tests.rig import Rig

DOOR: dict[str, Any] = {"postal_code": "1234 AB", "house_number": "12", "house_number_suffix": "a"}
OTHER_DOOR: dict[str, Any] = {"postal_code": "1234 AB", "house_number": "88", "house_number_suffix": None}
GUESSES = tuple(str(number) for number in range(1, 21))


@pytest.fixture
def room(rig: Rig) -> Classroom:
    """A class without children yet, every module open, the list as far open as it goes, not synced."""
    rig.open()
    choose(rig, **EVERYTHING)
    return Classroom(rig)


def home(room: Classroom, *, secret: bool = False, **parts: Any) -> dict[str, Any]:
    """Give an address record of its own at the door, or with other parts."""
    return {**room.author.home(secret=secret), **DOOR, **parts}


def street_seen(rig: Rig, guardian: str, pupil: str) -> list[Any]:
    """Give the street of a pupil as this guardian finds it in the portal."""
    query = "SELECT street FROM portal_pupils WHERE school_id = :s AND guardian_id = :g AND id = :p"
    return [row["street"] for row in rig.rows(query, s=rig.school, g=guardian, p=pupil)]


@pytest.mark.parametrize(
    ("parts", "is_hidden"),
    [
        ({}, True),
        ({"postal_code": "1234ab", "house_number": " 12", "house_number_suffix": "A"}, True),
        ({"house_number": "12-a", "house_number_suffix": None}, True),
        ({"house_number_suffix": None}, True),
        ({"house_number_suffix": "b"}, False),
        ({"house_number": "14"}, False),
        ({"postal_code": "4321 AB"}, False),
        ({"house_number": "zonder"}, True),
    ],
)
def test_a_secret_guardian_at_the_childs_door_hides_the_house(
    room: Classroom, rig: Rig, parts: dict[str, Any], *, is_hidden: bool
) -> None:
    """A guardian's secret record of its own number with postcode and number of the child's blanks the child's.

    To both parents, in the list of the class and in what explains; what cannot be compared in a family is the same.
    """
    child = room.child(address=home(room))
    secret = room.parent(child, address=home(room, secret=True, **parts))
    elsewhere, onlooker = room.parent(child), room.onlooker()
    rig.sync()
    street = None if is_hidden else room.record("pupils", child)["address"]["street"]
    assert [street_seen(rig, one, child) for one in (secret, elsewhere)] == [[street], [street]]
    row = listed(rig, onlooker)[child]
    assert (row["street"], row["phones"] == "[]") == (street, is_hidden)


@pytest.mark.parametrize(("stream", "name"), list(product(("pupils", "guardians"), ("address_id", "home_digest"))))
def test_what_cannot_be_compared_counts_as_one_home_in_a_family(
    room: Classroom, rig: Rig, stream: str, name: str
) -> None:
    """Where a key or a hash is missing, a guardian's secret is the child's too; with both, two doors are two homes."""
    child, apart = room.child(address=home(room)), home(room, secret=True, **OTHER_DOOR)
    parent = room.parent(child, address=apart)
    rig.sync()
    assert street_seen(rig, parent, child) != [None]
    key = child if stream == "pupils" else parent
    with rig.database.session() as session, session.write() as connection:
        connection.execute(text(f"UPDATE {stream} SET {name} = NULL WHERE id = :key"), {"key": key})
    assert street_seen(rig, parent, child) == [None]


def test_without_an_address_a_childs_phones_go_with_the_guardians_secret(room: Classroom, rig: Rig) -> None:
    """The one rule holds in both views: no phones of a child without an address, whose guardian keeps one secret."""
    child = room.child(address=None)
    room.parent(child, address=home(room, secret=True))
    elsewhere, onlooker = room.parent(child), room.onlooker()
    rig.sync()
    (mine,) = rig.rows("SELECT phones FROM portal_pupils WHERE guardian_id = :g AND id = :p", g=elsewhere, p=child)
    assert (mine["phones"], listed(rig, onlooker)[child]["phones"]) == ("[]", "[]")


def test_a_secret_sibling_hides_the_house_and_a_new_relation_does(room: Classroom, rig: Rig) -> None:
    """A sibling's secret record of its own number blanks the other's entry, as soon as they are family."""
    child = room.child(address=home(room))
    sibling = room.child(group=None, address=home(room, secret=True))
    parent, onlooker = room.parent(child), room.onlooker()
    rig.sync()
    assert listed(rig, onlooker)[child]["street"] is not None, "strangers so far"
    tie = room.author.tie(parent, sibling)
    rig.sync()
    assert (listed(rig, onlooker)[child]["street"], street_seen(rig, parent, child)) == (None, [None])
    rig.world.remove(rig.school, "guardianships", tie)
    rig.sync()
    assert listed(rig, onlooker)[child]["street"] is not None


def test_a_childs_move_to_the_secret_door_is_seen(room: Classroom, rig: Rig) -> None:
    """The secret text is not kept, and yet a child that moves there later, or away, is judged by it."""
    child = room.child(address=home(room, **OTHER_DOOR))
    room.parent(child, address=home(room, secret=True, street="Kanarieschuilplaats"))
    sibling = room.child(address=home(room, **OTHER_DOOR))
    elsewhere, onlooker = room.parent(child, sibling), room.onlooker()
    rig.sync()
    assert listed(rig, onlooker)[child]["street"] is not None
    room.patch("pupils", child, address=home(room))
    rig.sync()
    assert (listed(rig, onlooker)[child]["street"], street_seen(rig, elsewhere, child)) == (None, [None])
    assert listed(rig, onlooker)[sibling]["street"] is not None, "the brother lives elsewhere"
    assert "Kanarieschuilplaats" not in str([rig.rows(f"SELECT * FROM {table}") for table in ("pupils", "guardians")])


def test_in_a_block_of_30_flats_with_one_secret_29_stay(room: Classroom, rig: Rig) -> None:
    """Strangers at one number, with suffixes or without, are never compared: only the secret family's own is blank."""
    flats = [room.child(address=home(room, house_number_suffix=None)) for _ in range(30)]
    for flat in flats:
        room.parent(flat, address=home(room, secret=flat == flats[0], house_number_suffix=None))
    onlooker = room.onlooker()
    rig.sync()
    rows = listed(rig, onlooker)
    assert [flat for flat in flats if rows[flat]["street"] is None] == flats[:1]


def everything(rig: Rig, but: str) -> dict[str, list[Any]]:
    """Give all rows of all views, without what `but` sees of the own record."""
    found = {}
    for view in VIEWS:
        rows = rig.rows(f"SELECT * FROM {view}")
        mine = [row for row in rows if _is_own(view, row, but)]
        found[view] = sorted((sorted(row.items()) for row in rows if row not in mine), key=repr)
    return found


def _is_own(view: str, row: dict[str, Any], me: str) -> bool:
    is_told = view == "portal_changes" and row["stream"] == "guardians"
    return (view == "portal_guardians" or is_told) and row["guardian_id"] == row["id"] == me


@pytest.mark.parametrize("is_secret", [False, True])
@pytest.mark.parametrize("who_is_hidden", ["pupil", "guardian", "sibling"])
def test_twenty_guesses_with_the_own_address_tell_nothing(
    room: Classroom, rig: Rig, who_is_hidden: str, *, is_secret: bool
) -> None:
    """Whoever writes twenty addresses into the own record, one of them right, finds every row of every view the same.

    But the own record. Whether the player's own address is secret or not, and whoever it is that hides.
    """
    marks = {
        who: home(room, secret=who == who_is_hidden, street="Verborgen") for who in ("pupil", "guardian", "sibling")
    }
    child, sibling = room.child(address=marks["pupil"]), room.child(address=marks["sibling"])
    lives_there = room.parent(child, sibling, address=marks["guardian"])
    own = room.child(address=home(room, **OTHER_DOOR))
    mate = room.child(address=home(room, house_number="7", house_number_suffix=None))
    room.parent(mate, address=home(room, house_number="7", house_number_suffix=None))
    player = room.parent(child, sibling, own, address=home(room, secret=is_secret, house_number="99"))
    room.onlooker()
    rig.sync()
    before = everything(rig, player)
    for guess in GUESSES:
        room.patch("guardians", player, address=home(room, secret=is_secret, house_number=guess))
        rig.sync()
        assert everything(rig, player) == before, guess
    theirs = [row for rows in before.values() for row in rows if ("guardian_id", lives_there) not in row]
    assert "Verborgen" not in str(theirs)


def test_a_leavers_parents_lose_the_class_with_the_last_day(room: Classroom, rig: Rig) -> None:
    """The SIS leaves the leaver's place open: the list ends all the same, while the grace shows the child itself."""
    with rig.database.session() as session, session.write() as connection:
        register.set_setting(connection, rig.school, "leaver_grace_days", "30", "test")
    mate = room.child()
    today, gone = (room.child(enrolled_until=room.author.day(day)) for day in (0, -1))
    stays, left = room.parent(today), room.parent(gone)
    rig.sync()
    assert mate in listed(rig, stays)
    assert listed(rig, left) == {}
    assert street_seen(rig, left, gone) != [], "the grace is for the own child"
