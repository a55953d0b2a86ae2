"""A secret address is in no list, wherever the mark is and however it comes; nor what a parent hides from the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.portal import stretches
from schemas.modules import Module
from tests.integration.bench import NO_BRAKE, held, shown_pupils
from tests.integration.classmates import (
    COLUMNS,
    EVERYTHING,
    Classroom,
    choose,
    columns_of,
    listed,
    parents,
    surname,
    told,
)
from tests.rig import Rig

MakeRig = Callable[..., Rig]
STREET = "Kanarieschuilplaats"
NUMBER = "06-00008811"
HIDDEN = (STREET, "00008811")
PHONES = [{"number": NUMBER, "kind": "home", "is_confidential": False}]
PLACES = ("child", "sibling", "parent", "lodger", "neighbour")


@pytest.fixture
def room(rig: Rig) -> Classroom:
    """A class without children yet, the module open, the list as far open as it goes, not synced."""
    rig.open(Module.GROEP)
    choose(rig, **EVERYTHING)
    return Classroom(rig)


class Home:
    """One address and who lives there: a child in the class, a sibling elsewhere, two grown-ups, a child of others."""

    def __init__(self, room: Classroom, secret_one: str = "") -> None:
        self.room, self.address = room, {**room.author.home(), "street": STREET}
        self.child = room.child(address=self.at("child", secret_one), phones=PHONES)
        self.sibling = room.child(group=None, address=self.at("sibling", secret_one), phones=PHONES)
        self.neighbour = room.child(group=None, address=self.at("neighbour", secret_one), phones=PHONES)
        self.parent = room.parent(self.child, self.sibling, address=self.at("parent", secret_one))
        self.elsewhere = room.parent(self.child)
        # A grown-up who lives there and has to do with another child only.
        self.lodger = room.parent(room.child(group=None), address=self.at("lodger", secret_one))

    def at(self, who: str, secret_one: str) -> dict[str, Any]:
        """Give the address as it is written for this one."""
        return {**self.address, "is_confidential": who == secret_one}

    def keys(self, place: str) -> tuple[str, str]:
        """Give the stream and the key of one who lives there."""
        return ("guardians" if place in {"parent", "lodger"} else "pupils"), getattr(self, place)

    def people(self) -> list[tuple[str, str]]:
        """Give everyone who lives there."""
        return [self.keys(place) for place in PLACES]


def mentions(rig: Rig, *tables: str) -> set[str]:
    """Name the tables and views in which the street or the number of the home can be read."""
    return {name for name in tables if any(word in str(rig.rows(f"SELECT * FROM {name}")) for word in HIDDEN)}


@pytest.mark.parametrize("place", PLACES)
def test_one_mark_anywhere_at_home_blanks_the_address(room: Classroom, rig: Rig, place: str) -> None:
    """Whoever of the house keeps the address secret, the child's entry has neither address nor phones: for nobody."""
    home, open_home, onlooker = Home(room, place), room.child(), room.onlooker()
    rig.sync()
    rows = listed(rig, onlooker)
    assert told(rows[home.child]) == columns_of("photo", "birth_date", "parents_names")
    assert {"street", "phones"} <= told(rows[open_home])
    assert mentions(rig, "group_list_entries", "portal_group_list") == set()
    assert surname(room, home.parent) not in str(rows), "nor is anybody named who lives there"
    assert surname(room, home.elsewhere) in parents(rows[home.child])[0]


def test_a_home_without_a_mark_is_shown(room: Classroom, rig: Rig) -> None:
    """The same house with nothing secret: address, phones and both parents."""
    home, onlooker = Home(room), room.onlooker()
    rig.sync()
    row = listed(rig, onlooker)[home.child]
    assert told(row) == columns_of(*COLUMNS)
    assert (row["street"], "00008811" in row["phones"], len(parents(row))) == (STREET, True, 2)


def test_an_address_that_turns_secret_is_gone_after_the_next_sync(room: Classroom, rig: Rig) -> None:
    """A mark that comes at any place of the house blanks every entry of it; taken back, all is as before."""
    home, onlooker = Home(room), room.onlooker()
    rig.sync()
    before = listed(rig, onlooker)
    for stream, key in home.people():
        room.keep_secret(stream, key)
        rig.sync()
        assert mentions(rig, "group_list_entries") == set()
        assert parents(listed(rig, onlooker)[home.child]) == [
            name for name in parents(before[home.child]) if surname(room, home.elsewhere) in name
        ]
        room.keep_secret(stream, key, secret=False)
        rig.sync()
        assert listed(rig, onlooker) == before


def test_moving_in_with_a_secret_one_blanks_and_moving_out_does_not_tell(room: Classroom, rig: Rig) -> None:
    """A child that moves to a secret address, or somebody secret who moves in: blank; after moving out, shown."""
    home, onlooker = Home(room), room.onlooker()
    hideout = {**room.author.home(secret=True), "street": "Onderduik"}
    hidden = room.parent(room.child(group=None), address=hideout)
    rig.sync()
    for stream, key, address in (
        ("pupils", home.child, {**hideout, "is_confidential": False}),
        ("guardians", hidden, {**home.address, "is_confidential": True}),
    ):
        usual = room.record(stream, key)["address"]
        room.patch(stream, key, address=address)
        rig.sync()
        assert listed(rig, onlooker)[home.child]["street"] is None
        assert "Onderduik" not in str(rig.rows("SELECT * FROM group_list_entries"))
        assert stream == "pupils" or mentions(rig, "group_list_entries") == set()
        room.patch(stream, key, address=usual)
        rig.sync()
        assert listed(rig, onlooker)[home.child]["street"] == STREET


@pytest.mark.parametrize("place", ["child", "sibling", "parent"])
def test_the_brake_holds_no_secret_back(make_rig: MakeRig, place: str) -> None:
    """While the rest of a row waits for a person, the address it marks as secret is out of every entry of the house."""
    rig = make_rig(pupils=30)
    rig.open(Module.GROEP)
    choose(rig, **EVERYTHING)
    room = Classroom(rig)
    home, onlooker = Home(room), room.onlooker()
    rig.sync()
    stream, key = home.keys(place)
    if stream == "pupils":
        for pupil in (key, *shown_pupils(rig, 12)):
            room.patch("pupils", pupil, birth_on="2015-05-05")
    else:
        for old in sorted(rig.ids("guardians") - {key})[:12]:
            record = room.record("guardians", old)
            rig.world.remove(rig.school, "guardians", old)
            rig.world.put(rig.school, "guardians", {**record, "id": f"nieuw-{old}"})
    room.keep_secret(stream, key)
    rig.sync()
    assert key in held(rig, stream, "alter")
    assert mentions(rig, "group_list_entries", "portal_group_list") == set()
    row = listed(rig, onlooker)[home.child]
    assert (row["street"], row["phones"]) == (None, "[]")
    assert surname(room, home.parent) not in row["parents_names"]


def test_a_refusal_is_never_held(make_rig: MakeRig) -> None:
    """A whole class that refuses at once, in new records or old ones: nothing is held, nobody is listed any more."""
    rig = make_rig(pupils=30)
    rig.open(Module.GROEP)
    choose(rig, **EVERYTHING)
    room = Classroom(rig)
    children, onlooker = [room.child() for _ in range(14)], room.onlooker()
    rig.sync()
    assert set(listed(rig, onlooker)) == set(children)
    for child in children:
        room.say(child, "name", allowed=False)
    report = rig.sync()
    assert (report.held, held(rig, "privacy_preferences", "add")) == (0, set())
    assert listed(rig, onlooker) == {}


def test_consent_in_bulk_waits_for_a_person(make_rig: MakeRig) -> None:
    """New consents above the bound are held like all that newly shows; refusals among them count at once."""
    rig = make_rig(pupils=30)
    rig.open(Module.GROEP)
    choose(rig, **EVERYTHING)
    room = Classroom(rig)
    children, known, onlooker = [room.child(()) for _ in range(40)], room.child(), room.onlooker()
    rig.sync()
    for child in children:
        room.say(child, "name")
    room.say(known, "name", allowed=False)
    report = rig.sync()
    assert len(held(rig, "privacy_preferences", "add")) == len(children)
    assert listed(rig, onlooker) == {}
    rig.approve(report.run_id)
    assert set(listed(rig, onlooker)) == set(children)


def test_of_an_own_child_only_the_name_is_listed(room: Classroom, rig: Rig) -> None:
    """The two parents of a child in two households learn nothing of each other's here; other families see it whole."""
    home, onlooker = Home(room), room.onlooker()
    rig.sync()
    assert told(listed(rig, onlooker)[home.child]) == columns_of(*COLUMNS)
    for parent in (home.parent, home.elsewhere):
        assert told(listed(rig, parent)[home.child]) == set()


def test_a_co_parent_is_not_found_through_other_children(room: Classroom, rig: Rig) -> None:
    """A half-sibling, and a child of the co-parent's new partner at one address: to the other parent names only."""
    home = Home(room)
    half = room.child(address=home.at("half", ""))
    room.author.tie(home.parent, half)
    of_partner = room.child(address=home.at("of_partner", ""), phones=PHONES)
    partner = room.parent(of_partner, half, address=home.at("partner", ""))
    stranger = room.child()
    room.parent(stranger)
    rig.sync()
    rows = listed(rig, home.elsewhere)
    assert set(rows) == {home.child, half, of_partner, stranger}
    assert {child for child, row in rows.items() if told(row)} == {stranger}
    assert not any(word in str(rows) for word in (*HIDDEN, surname(room, partner)))
    onlooker = room.onlooker()
    rig.sync()
    assert all(told(row) == columns_of(*COLUMNS) for row in listed(rig, onlooker).values())


def test_a_barred_parent_does_not_find_the_child_in_a_list(room: Classroom, rig: Rig) -> None:
    """A parent barred from one child sees the class of another without that child, and its siblings by name only."""
    barred_from, sibling, own, stranger = room.child(), room.child(), room.child(()), room.child()
    other = room.parent(barred_from, sibling)
    parent = room.parent(own)
    room.author.tie(parent, barred_from, restriction=room.author.span(-5, None))
    without = room.child()
    room.author.tie(parent, without, "unknown")
    rig.sync()
    rows = listed(rig, parent)
    assert set(rows) == {sibling, stranger}
    assert (told(rows[sibling]), "street" in told(rows[stranger])) == (set(), True)
    assert surname(room, other) not in str(rows)


def test_what_goes_takes_its_entry_along(make_rig: MakeRig) -> None:
    """A pupil who leaves or vanishes has no entry; when the secret one of a house goes, the others are as anybody."""
    rig = make_rig(limits=NO_BRAKE)
    rig.open(Module.GROEP)
    choose(rig, **EVERYTHING)
    room = Classroom(rig)
    home, onlooker = Home(room, "neighbour"), room.onlooker()
    leaver, vanished = room.child(), room.child()
    rig.sync()
    assert set(listed(rig, onlooker)) == {home.child, leaver, vanished}
    assert mentions(rig, "group_list_entries") == set()
    room.patch("pupils", leaver, status="left", enrolled_until="2020-01-01")
    for pupil in (vanished, home.neighbour):
        for stream in ("privacy_preferences", "group_memberships", "pupils"):
            for key, record in rig.world.records(rig.school, stream).items():
                if pupil in {key, record.get("pupil_id")}:
                    rig.world.remove(rig.school, stream, key)
    rig.sync()
    rows = listed(rig, onlooker)
    assert (set(rows), rows[home.child]["street"]) == ({home.child}, STREET)
    assert not rig.rows("SELECT * FROM group_list_entries WHERE pupil_id IN (:a, :b)", a=leaver, b=vanished)


def test_a_parent_who_goes_is_not_named_any_more(room: Classroom, rig: Rig) -> None:
    """A relation that is removed, changed or renamed is followed in the entry by the same sync."""
    child, onlooker = room.child(), room.onlooker()
    stays, goes = room.parent(child), room.parent(child)
    rig.sync()
    assert len(parents(listed(rig, onlooker)[child])) == 2
    room.patch("guardians", stays, last_name="Andersgenoemd")
    (tie,) = (key for key, one in rig.world.records(rig.school, "guardianships").items() if one["guardian_id"] == goes)
    rig.world.remove(rig.school, "guardianships", tie)
    rig.sync()
    (named,) = parents(listed(rig, onlooker)[child])
    assert named.endswith("Andersgenoemd")


def test_a_large_school_is_derived_in_stretches(room: Classroom, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """With three pupils at a time the entries are those of one go."""
    room.parent(*(room.child() for _ in range(7)))
    rig.sync()
    whole = rig.rows("SELECT * FROM group_list_entries ORDER BY pupil_id")
    rig.close(Module.GROEP)
    rig.sync()
    monkeypatch.setattr(stretches, "AT_A_TIME", 3)
    rig.open(Module.GROEP)
    rig.sync()
    assert len(whole) > 9
    assert rig.rows("SELECT * FROM group_list_entries ORDER BY pupil_id") == whole
