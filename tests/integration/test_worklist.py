"""What a school can put right: each kind is on the list when it is so, and off it when it is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from jobs import invite
from jobs.worklist import Worklist, look
from mappings.values import local_day
from schemas.ids import SchoolId
from schemas.modules import Module
from schemas.worklist import Item, Kind
from tests.integration.bench import dump, rewrite, shown_pupils
from tests.rig import Rig

SCHOOLS = tuple(SchoolId(f"99{letter}{letter}00") for letter in "ABCDE")


def _work(rig: Rig, *, names: bool = False) -> Worklist:
    with rig.database.session() as session, session.read() as connection:
        return look(connection, [rig.school], rig.parts.clock(), with_names=names)[rig.school]


def _items(rig: Rig, kind: Kind) -> list[Item]:
    return [item for item in _work(rig).items if item.kind is kind]


def _keys(rig: Rig, kind: Kind) -> set[str]:
    return {record.key for item in _items(rig, kind) for record in item.records}


def test_a_school_that_never_synced_has_no_list(rig: Rig) -> None:
    """Nothing is said of it, which is not the same as nothing to do."""
    found = _work(rig)
    assert (found.is_loaded, found.items) == (False, ())


def test_looking_writes_nothing(rig: Rig) -> None:
    """Every table is equal before and after."""
    rig.sync()
    before = dump(rig)
    assert _work(rig).items
    assert dump(rig) == before


def test_a_guardian_without_mail(rig: Rig) -> None:
    """On the list without an address or with one that is none; not who has one, nor who may see nobody anyway."""
    rig.sync()
    lost, wrong, barred = (rig.role(f"guardian_{name}") for name in ("plain", "first_household", "without_mail"))
    assert not {lost, wrong, barred} & _keys(rig, Kind.NO_MAIL)
    rig.world.patch(rig.school, "guardians", lost, email=None)
    rig.world.patch(rig.school, "guardians", wrong, email="geen")
    rig.sync()
    found = {item.records[0].key: item.reason for item in _items(rig, Kind.NO_MAIL)}
    assert (found[lost], found[wrong]) == ("no_mail", "unusable_mail")
    assert barred not in found
    rig.world.patch(rig.school, "guardians", lost, email="nieuw@example.nl")
    rig.sync()
    assert lost not in _keys(rig, Kind.NO_MAIL)


def test_mail_that_two_share(rig: Rig) -> None:
    """Both are one item, whatever the capitals; without a second one it is off the list."""
    rig.sync()
    one, other = rig.role("guardian_shared_mail"), rig.role("guardian_shared_mail_other")
    shared = rig.world.records(rig.school, "guardians")[one]["email"]
    rig.world.patch(rig.school, "guardians", other, email=f" {shared.upper()}")
    rig.sync()
    items = [{record.key for record in item.records} for item in _items(rig, Kind.SHARED_MAIL)]
    assert {one, other} in items
    assert rig.role("guardian_plain") not in _keys(rig, Kind.SHARED_MAIL)
    rig.world.patch(rig.school, "guardians", other, email="eigen@example.nl")
    rig.sync()
    assert not {one, other} & _keys(rig, Kind.SHARED_MAIL)


def test_nobody_shares_no_mail(rig: Rig) -> None:
    """Two guardians without an address share none."""
    for role in ("guardian_plain", "guardian_first_household"):
        rig.world.patch(rig.school, "guardians", rig.role(role), email=None)
    rig.sync()
    assert rig.role("guardian_plain") not in _keys(rig, Kind.SHARED_MAIL)


def test_mail_that_came_back(rig: Rig) -> None:
    """On the list until the SIS has another address, or the bounce is taken back."""
    rig.sync()
    moved, right = rig.role("guardian_plain"), rig.role("guardian_first_household")
    with rig.database.session() as session, session.write() as connection:
        for guardian in (moved, right):
            invite.note_bounce(connection, rig.school, guardian, now=rig.parts.clock(), by="test")
    assert _keys(rig, Kind.BOUNCED_MAIL) == {moved, right}
    rig.world.patch(rig.school, "guardians", moved, email="nieuw@example.nl")
    rig.sync()
    assert _keys(rig, Kind.BOUNCED_MAIL) == {right}
    with rig.database.session() as session, session.write() as connection:
        invite.forget_bounce(connection, rig.school, right)
    assert _items(rig, Kind.BOUNCED_MAIL) == []


def test_unknown_authority(rig: Rig) -> None:
    """The guardian and the pupil are on the list; a known "none" is not, nor what is known or over by now."""
    rig.sync()
    who, pupil = rig.role("guardian_unknown_authority"), rig.role("pupil_without_authority")
    assert {tuple(record.key for record in item.records) for item in _items(rig, Kind.UNKNOWN_AUTHORITY)} == {
        (who, pupil)
    }
    relation = rig.role("guardianship_unknown_authority")
    yesterday = local_day(rig.parts.clock()) - timedelta(days=1)
    rig.world.patch(rig.school, "guardianships", relation, until_on=yesterday.isoformat())
    rig.sync()
    assert _items(rig, Kind.UNKNOWN_AUTHORITY) == []
    rig.world.patch(rig.school, "guardianships", relation, until_on=None)
    rig.sync()
    assert who in _keys(rig, Kind.UNKNOWN_AUTHORITY)
    rig.world.patch(rig.school, "guardianships", relation, authority="full")
    rig.sync()
    assert _items(rig, Kind.UNKNOWN_AUTHORITY) == []


def test_a_pupil_without_a_group(rig: Rig) -> None:
    """Known once a module shows groups; not on the list: next year's pupils and those who left."""
    rig.sync()
    assert _work(rig).not_judged == (Kind.NO_GROUP,)
    rig.open(Module.GROEP)
    rig.sync()
    assert _work(rig).not_judged == ()
    pupil = rig.role("pupil_plain")
    others = {rig.role("pupil_future"), rig.role("pupil_leaver_recent"), pupil, rig.role("pupil_sibling")}
    assert not others & _keys(rig, Kind.NO_GROUP)
    for key, place in list(rig.world.records(rig.school, "group_memberships").items()):
        if place["pupil_id"] == pupil:
            rig.world.remove(rig.school, "group_memberships", key)
    rig.sync()
    assert others & _keys(rig, Kind.NO_GROUP) == {pupil}


def test_a_group_of_last_year_is_none(rig: Rig) -> None:
    """A place that ended yesterday does not count, one that ends today does."""
    rig.open(Module.GROEP)
    place, pupil = rig.role("membership_current"), rig.role("pupil_plain")
    today = local_day(rig.parts.clock())
    for key, one in rig.world.records(rig.school, "group_memberships").items():
        if one["pupil_id"] == pupil and key != place:
            rig.world.remove(rig.school, "group_memberships", key)
    rig.world.patch(rig.school, "group_memberships", place, until_on=today.isoformat())
    rig.sync()
    assert pupil not in _keys(rig, Kind.NO_GROUP)
    rig.world.patch(rig.school, "group_memberships", place, until_on=(today - timedelta(days=1)).isoformat())
    rig.sync()
    assert pupil in _keys(rig, Kind.NO_GROUP)


def test_a_pupil_who_is_there_twice(rig: Rig) -> None:
    """One name and birth date in one school are one item, until the SIS merges them; a twin of another name is none."""
    rig.sync()
    assert _items(rig, Kind.DOUBLE) == []
    rig.tell("pupil_doubled")
    rig.sync()
    plain, double = rig.role("pupil_plain"), rig.role("pupil_double")
    assert [{record.key for record in item.records} for item in _items(rig, Kind.DOUBLE)] == [{plain, double}]
    named = rig.world.records(rig.school, "pupils")[plain]["call_name"]
    rig.world.patch(rig.school, "pupils", double, call_name=named.upper())
    rig.sync()
    assert _keys(rig, Kind.DOUBLE) == {plain, double}
    rig.world.patch(rig.school, "pupils", double, call_name="Tweelingzus")
    rig.sync()
    assert _items(rig, Kind.DOUBLE) == []
    rig.world.patch(rig.school, "pupils", double, call_name=named)
    rig.sync()
    rig.tell("doubles_merged")
    rig.sync()
    assert _items(rig, Kind.DOUBLE) == []


def test_a_record_that_came_twice_and_differed(rig: Rig) -> None:
    """What the pipeline put into quarantine as a double is on the list until it is set aside; other faults are not."""
    rig.sync()
    broken = rig.role("absence_illness")
    rig.world.patch(rig.school, "absences", broken, starts_at="nonsense")
    rig.sync()
    assert _items(rig, Kind.DOUBLE) == []
    rewrite(rig, "quarantine", {"code": "conflicting_duplicate"})
    (item,) = _items(rig, Kind.DOUBLE)
    assert (item.records[0], item.reason) == (("absences", broken), "conflicting_duplicate")
    rewrite(rig, "quarantine", {"discarded_at": rig.parts.clock(), "discarded_by": "test"})
    assert _items(rig, Kind.DOUBLE) == []


def test_a_leaver_who_is_still_there(rig: Rig) -> None:
    """Not within the days of grace, then until a sync takes the row; and as long as the brake holds the removal."""
    rig.sync()
    leaver = rig.role("pupil_leaver_recent")
    assert leaver in rig.ids("pupils")
    assert _items(rig, Kind.LEAVER) == []
    rig.offset = timedelta(days=12)
    assert leaver in _keys(rig, Kind.LEAVER)
    rig.sync()
    assert _items(rig, Kind.LEAVER) == []
    gone = shown_pupils(rig, 9)
    for pupil in gone:
        rig.world.remove(rig.school, "pupils", pupil)
    run = rig.sync().run_id
    held = {item.records[0].key: (item.reason, item.run_id) for item in _items(rig, Kind.LEAVER)}
    assert held == dict.fromkeys(gone, ("held", run))
    rig.approve(run)
    assert _items(rig, Kind.LEAVER) == []


def test_names_come_only_when_asked_for_and_only_of_the_list(rig: Rig) -> None:
    """Nothing of a name is in the work by default; with names, those of the list's own records and no others."""
    rig.sync()
    assert not _work(rig).names
    found = _work(rig, names=True)
    assert found.names.keys() == {record for item in found.items for record in item.records}
    assert all(found.names.values())


def test_it_costs_the_same_for_one_school_and_for_five(make_rig: Callable[..., Rig]) -> None:
    """The number of statements is constant, and each school has its own work."""
    rigs = [make_rig(school=school, pupils=12) for school in SCHOOLS]
    for bench in rigs:
        bench.sync()
    database, counted, found = rigs[0].database, dict[int, int](), dict[int, dict[SchoolId, Worklist]]()
    for schools in (SCHOOLS[:1], SCHOOLS):
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any, heard: list[str] = statements) -> None:
            heard.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        with database.session() as session, session.read() as connection:
            found[len(schools)] = look(connection, schools, rigs[0].parts.clock(), with_names=True)
        event.remove(database.engine, "before_cursor_execute", note)
        counted[len(schools)] = len([one for one in statements if one.startswith("SELECT")])
    assert counted == {1: 11, 5: 11}
    assert found[5][SCHOOLS[0]] == found[1][SCHOOLS[0]]
    assert all(work.items for work in found[5].values())
