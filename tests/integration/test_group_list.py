"""The group list: nothing by default; each field by its setting, each child by its consent, each day anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from schemas.ids import SchoolId
from schemas.modules import Module
from tests.integration.bench import execute
from tests.integration.classmates import (
    CATEGORIES,
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
from tests.integration.moments import clock_at
from tests.integration.portal_oracle import AMSTERDAM
from tests.rig import Rig

MakeRig = Callable[..., Rig]


@pytest.fixture
def room(rig: Rig) -> Classroom:
    """A class without children yet, the module open, not synced."""
    rig.open(Module.GROEP)
    return Classroom(rig)


def late_on(rig: Rig, days: int) -> datetime:
    """Give the last second of the day so many days from today, in the school's zone: after what was opened now."""
    return datetime.combine(rig.world.today + timedelta(days=days), time(23, 59, 59), AMSTERDAM)


def test_nothing_is_listed_by_default(room: Classroom, rig: Rig) -> None:
    """Everything allowed and open, and no setting: an empty list for everybody; and with every field but the name."""
    child, onlooker = room.child(), room.onlooker()
    rig.sync()
    assert rig.rows("SELECT pupil_id FROM group_list_entries WHERE pupil_id = :p", p=child)
    assert rig.rows("SELECT * FROM portal_group_list") == []
    choose(rig, **{field: value for field, value in EVERYTHING.items() if field != "name"})
    assert rig.rows("SELECT * FROM portal_group_list") == []
    choose(rig, name=True)
    assert set(listed(rig, onlooker)) == {child}


def test_each_field_has_its_own_setting_that_works_at_once(room: Classroom, rig: Rig) -> None:
    """With the name alone nothing else is told; a setting adds its columns and takes them back without a sync."""
    child, onlooker = room.child(), room.onlooker()
    room.parent(child)
    rig.sync()
    asked = len(rig.sis.requests)
    choose(rig, name=True)
    row = listed(rig, onlooker)[child]
    assert (row["display_name"], row["sort_name"], told(row)) == (
        name_of(room, child),
        sort_name_of(room, child),
        set(),
    )
    for field in COLUMNS:
        choose(rig, **{field: EVERYTHING[field]})
        assert told(listed(rig, onlooker)[child]) == columns_of(field)
        choose(rig, **{field: "off" if field == "birth_date" else False})
        assert told(listed(rig, onlooker)[child]) == set()
    choose(rig, **EVERYTHING)
    assert told(listed(rig, onlooker)[child]) == columns_of(*COLUMNS)
    choose(rig, name=False)
    assert listed(rig, onlooker) == {}
    assert len(rig.sis.requests) == asked


def name_of(room: Classroom, pupil: str) -> str:
    record = room.record("pupils", pupil)
    return " ".join(record[part] for part in ("call_name", "name_prefix", "last_name") if record[part])


def sort_name_of(room: Classroom, pupil: str) -> str:
    record = room.record("pupils", pupil)
    given = " ".join(record[part] for part in ("call_name", "name_prefix") if record[part])
    return f"{record['last_name']}, {given}"


def test_a_birthday_can_be_told_without_its_year(room: Classroom, rig: Rig) -> None:
    """`day_and_month` tells the day and not the date; `full` tells both."""
    child, onlooker = room.child(birth_on="2018-03-06"), room.onlooker()
    rig.sync()
    choose(rig, name=True, birth_date="day_and_month")
    row = listed(rig, onlooker)[child]
    assert (row["birth_on"], row["birth_day"]) == (None, "03-06")
    choose(rig, birth_date="full")
    row = listed(rig, onlooker)[child]
    assert (str(row["birth_on"]), row["birth_day"]) == ("2018-03-06", "03-06")


def test_a_setting_that_cannot_be_read_is_off(room: Classroom, rig: Rig) -> None:
    """Whoever writes the register: only the exact JSON text of a yes counts."""
    child, onlooker = room.child(), room.onlooker()
    rig.sync()
    for text in ("TRUE", "1", "yes", " true", '"true"', '"Full"', "full", "null", "[true]", ""):
        choose(rig, **EVERYTHING)
        assert told(listed(rig, onlooker)[child])
        execute(rig, "UPDATE settings SET value = :t WHERE name <> 'group_list.name'", t=text)
        assert told(listed(rig, onlooker)[child]) == set()
        execute(rig, "UPDATE settings SET value = :t", t=text)
        assert rig.rows("SELECT * FROM portal_group_list") == []


def test_each_guardian_decides_about_each_field(room: Classroom, rig: Rig) -> None:
    """One who lacks consent in one category, said or unsaid, is shown without it, or without the name not at all."""
    whole, refusing, silent = room.child(), {}, {}
    for category in CATEGORIES:
        others = [other for other in CATEGORIES if other != category]
        refusing[category], silent[category] = room.child(others), room.child(others)
        room.say(refusing[category], category, allowed=False)
    room.parent(whole, *refusing.values(), *silent.values())
    onlooker = room.onlooker()
    choose(rig, **EVERYTHING)
    rig.sync()
    rows = listed(rig, onlooker)
    assert told(rows[whole]) == columns_of(*COLUMNS)
    assert set(rows) == {whole, *refusing.values(), *silent.values()} - {refusing["name"], silent["name"]}
    for category in COLUMNS:
        for child in (refusing[category], silent[category]):
            assert told(rows[child]) == columns_of(*(field for field in COLUMNS if field != category))


def test_consent_that_changes_is_followed(room: Classroom, rig: Rig) -> None:
    """Given later, taken back, contradicted, deleted, given anew: after each sync the list is what was said last."""
    child, onlooker = room.child(()), room.onlooker()
    choose(rig, **EVERYTHING)
    rig.sync()
    assert listed(rig, onlooker) == {}
    name, phone = room.say(child, "name"), room.say(child, "phone")
    rig.sync()
    assert told(listed(rig, onlooker)[child]) == {"phones"}
    room.patch("privacy_preferences", phone, is_allowed=False)
    rig.sync()
    assert told(listed(rig, onlooker)[child]) == set()
    room.patch("privacy_preferences", phone, is_allowed=True)
    second = room.say(child, "phone", allowed=False)
    rig.sync()
    assert told(listed(rig, onlooker)[child]) == set(), "of two answers the refusal counts"
    rig.world.remove(rig.school, "privacy_preferences", second)
    rig.sync()
    assert told(listed(rig, onlooker)[child]) == {"phones"}
    rig.world.remove(rig.school, "privacy_preferences", name)
    rig.sync()
    assert listed(rig, onlooker) == {}


def test_preferences_for_something_else_say_nothing_here(room: Classroom, rig: Rig) -> None:
    """A photo on the website is no photo in the list, and is not even stored."""
    child, onlooker = room.child(["name"]), room.onlooker()
    other = [room.say(child, name) for name in ("photo_website", "photo_social_media", "photo_newsletter")]
    choose(rig, **EVERYTHING)
    rig.sync()
    assert told(listed(rig, onlooker)[child]) == set()
    assert rig.ids("privacy_preferences").isdisjoint(other)


def test_a_category_that_does_not_exist_goes_to_quarantine_and_hides(room: Classroom, rig: Rig) -> None:
    """A preference whose category becomes unreadable allows nothing any more; one that refuses goes on refusing."""
    child, onlooker = room.child(["name", "phone"]), room.onlooker()
    photo, refusal = room.say(child, "photo"), room.say(child, "phone", allowed=False)
    choose(rig, **EVERYTHING)
    rig.sync()
    assert told(listed(rig, onlooker)[child]) == {"photo_reference"}
    room.patch("privacy_preferences", photo, category="group_list_shoe_size")
    room.patch("privacy_preferences", refusal, is_allowed="nee")
    rig.sync()
    assert told(listed(rig, onlooker)[child]) == set()
    codes = {row["key"]: row["code"] for row in rig.rows("SELECT key, code FROM quarantine")}
    assert codes == {photo: "unreadable_field", refusal: "unreadable_field"}


def test_every_group_now_has_its_list(room: Classroom, rig: Rig) -> None:
    """Two groups, one of them of several year groups: a list of each; a pupil of both is in both, others in one."""
    mixed = room.open_group("composite", year_groups=["1", "2"])
    own, both, here, there = room.child(()), room.child(), room.child(), room.child(group=mixed)
    room.place(own, mixed)
    room.place(both, mixed)
    room.place(both, mixed)
    elsewhere = room.child(group=room.open_group())
    me, other = room.parent(own), room.parent(elsewhere)
    choose(rig, **EVERYTHING)
    rig.sync()
    assert set(listed(rig, me, room.group)) == {both, here}
    assert set(listed(rig, me, mixed)) == {both, there}
    rows = rig.rows("SELECT group_id, pupil_id FROM portal_group_list WHERE guardian_id = :me", me=me)
    assert len(rows) == 4
    assert set(listed(rig, other)) == {elsewhere}


def test_a_group_is_listed_while_both_are_in_it(room: Classroom, rig: Rig) -> None:
    """Not before either child's first day, not after either's last: next year's group waits, last year's is over."""
    next_year, last_year = room.open_group(school_year=2031), room.open_group(school_year=2021)
    own, mate, left, comes = room.child(()), room.child(), room.child(group=None), room.child(group=None)
    for pupil in (own, mate):
        room.place(pupil, next_year, 5)
        room.place(pupil, last_year, -400, -1)
    room.place(left, first=-30, last=2)
    room.place(comes, first=3)
    me = room.parent(own)
    choose(rig, **EVERYTHING)
    rig.sync()
    for day, expected in ((0, {mate, left}), (2, {mate, left}), (3, {mate, comes}), (5, {mate, comes})):
        with clock_at(rig, late_on(rig, day)):
            assert set(listed(rig, me, room.group)) == expected
            assert set(listed(rig, me, next_year)) == ({mate} if day >= 5 else set())
            assert listed(rig, me, last_year) == {}


def test_whoever_left_or_has_not_come_is_not_listed_whatever_the_groups_say(room: Classroom, rig: Rig) -> None:
    """In a group without an end: listed from the first up to and including the last school day, without a sync."""
    leaver = room.child(enrolled_until=room.author.day(3))
    comer = room.child(status="future", enrolled_from=room.author.day(2))
    adult = room.child(birth_on=adult_in(rig, 4))
    me = room.onlooker()
    choose(rig, **EVERYTHING)
    rig.sync()
    assert {row["pupil_id"] for row in rig.rows("SELECT pupil_id FROM group_list_entries")} >= {leaver, comer, adult}
    for day, expected in ((0, {leaver, adult}), (2, {leaver, comer, adult}), (3, {leaver, comer, adult}), (4, {comer})):
        with clock_at(rig, late_on(rig, day)):
            assert set(listed(rig, me)) == expected


def adult_in(rig: Rig, days: int) -> str:
    day = rig.world.today + timedelta(days=days)
    return f"{day.year - 18}-{day:%m-%d}" if f"{day:%m-%d}" != "02-29" else f"{day.year - 18}-03-01"


def test_only_full_access_opens_a_list(room: Classroom, rig: Rig) -> None:
    """Whoever is told of a child under an agreement, without authority, or barred, sees no other family's data."""
    child, own = room.child(), room.child(())
    full, agreed = room.parent(own), room.parent(own, authority="none", of={"information_agreement": ever(room)})
    none, unknown = room.parent(own, authority="none"), room.parent(own, authority="unknown")
    barred, former = (
        room.parent(own, of={"restriction": ever(room)}),
        room.parent(own, of={"until_on": room.author.day(-1)}),
    )
    choose(rig, **EVERYTHING)
    rig.sync()
    assert set(listed(rig, full)) == {child}
    assert {one for one in (agreed, none, unknown, barred, former) if listed(rig, one)} == set()


def ever(room: Classroom) -> dict[str, Any]:
    return room.author.span(None, None)


def test_parents_are_named_by_what_they_may_be_named_for(room: Classroom, rig: Rig) -> None:
    """Two parents with authority, in the order of calling; not one without, barred once, or whose relation ends."""
    child, onlooker = room.child(["name", "parents_names"]), room.onlooker()
    second = room.parent(child, of={"contact_order": 2})
    first = room.parent(child, of={"contact_order": 1})
    room.parent(child, authority="none")
    room.parent(child, authority="unknown")
    room.parent(child, of={"restriction": room.author.span(-900, -800)})
    room.parent(child, of={"until_on": room.author.day(2000)})
    choose(rig, **EVERYTHING)
    rig.sync()
    named = parents(listed(rig, onlooker)[child])
    assert [name.rsplit(" ", 1)[1] for name in named] == [surname(room, first), surname(room, second)]


def test_a_parent_to_be_is_not_named_before(room: Classroom, rig: Rig) -> None:
    """Until the last named relation has begun nobody is named; then all are, without a sync."""
    child, onlooker = room.child(["name", "parents_names"]), room.onlooker()
    room.parent(child)
    room.parent(child, of={"from_on": room.author.day(3)})
    choose(rig, **EVERYTHING)
    rig.sync()
    for day, expected in ((0, 0), (2, 0), (3, 2)):
        with clock_at(rig, late_on(rig, day)):
            assert len(parents(listed(rig, onlooker)[child])) == expected


def test_a_closed_module_is_empty_at_once_and_leaves_nothing(room: Classroom, rig: Rig) -> None:
    """Closing empties the list without a sync, the next sync the entries; opened again they are what they were."""
    room.parent(room.child())
    onlooker = room.onlooker()
    choose(rig, **EVERYTHING)
    rig.sync()
    before, entries = listed(rig, onlooker), rig.rows("SELECT * FROM group_list_entries ORDER BY pupil_id")
    assert before
    rig.close(Module.GROEP)
    assert listed(rig, onlooker) == {}
    rig.sync()
    assert rig.rows("SELECT * FROM group_list_entries") == []
    rig.open(Module.GROEP)
    assert listed(rig, onlooker) == {}
    rig.sync()
    assert listed(rig, onlooker) == before
    assert rig.rows("SELECT * FROM group_list_entries ORDER BY pupil_id") == entries


def test_without_the_module_no_entry_is_made(make_rig: MakeRig) -> None:
    """While groep is closed nobody's consent is asked for, and no entry is kept; rooster alone does not change that."""
    rig = make_rig(pupils=14)
    rig.open(*(module for module in Module if module is not Module.GROEP))
    rig.sync()
    assert rig.rows("SELECT * FROM group_list_entries") == []
    assert "privacy_preferences" not in {stream for request in rig.sis.requests for stream in request.streams}


def test_another_school_with_the_same_ids_is_apart(make_rig: MakeRig) -> None:
    """Of two schools that number alike, one with a list and one without: only the one shows, and only its own."""
    first, second = make_rig(pupils=20), make_rig(pupils=20, seed=7, school=SchoolId("99BB00"))
    for rig in (first, second):
        rig.open()
    choose(first, **EVERYTHING)
    for rig in (first, second):
        rig.sync()
    rows = first.rows("SELECT * FROM portal_group_list")
    assert rows
    assert {row["school_id"] for row in rows} == {first.school}
    assert first.rows("SELECT count(*) AS n FROM group_list_entries WHERE school_id = :s", s=second.school)[0]["n"]
