"""Corrections of people who share a child or an address: opposite and equal wishes, moves, errors and secrets."""

from __future__ import annotations

import json

import pytest

from schemas.corrections import Need
from tests.integration.correction_bench import (
    HOME,
    PHONES,
    ask,
    decide,
    filed,
    items,
    office,
    one,
    places,
    policy,
    queue,
    ready,
    shown,
    step,
    wish,
)
from tests.rig import Rig


@pytest.fixture
def school(rig: Rig) -> Rig:
    """A school that was loaded and takes change requests into its system."""
    return ready(rig)


def test_two_parents_with_opposite_wishes_are_decided_together(school: Rig) -> None:
    """Neither goes to the school before a person chose; with one accepted the other is refused."""
    child = school.role("pupil_plain")
    first, second = school.role("guardian_plain"), school.role("guardian_shared_home")
    ask(school, first, wish(school, "pupils", child, "call_name", "Sam"), correction="corr-a")
    ask(school, second, wish(school, "pupils", child, "call_name", "Sem"), correction="corr-b")
    step(school)
    assert one(school, "corr-a").needed == one(school, "corr-b").needed == (Need.CONFLICT,)
    decide(school, "accept", one(school, "corr-b"))
    assert (places(school, "corr-a"), one(school, "corr-a").reason) == (["closed:refused"], "other_chosen")
    step(school)
    assert places(school, "corr-b") == ["confirmed"]
    assert len(filed(school)) == 1


def test_the_same_wish_of_the_co_parent_is_merged(school: Rig) -> None:
    """One of the two goes to the school; the other is closed as merged into it."""
    child = school.role("pupil_plain")
    first, second = school.role("guardian_plain"), school.role("guardian_shared_home")
    ask(school, first, wish(school, "pupils", child, "call_name", "Sam"), correction="corr-a")
    ask(school, second, wish(school, "pupils", child, "call_name", " Sam "), correction="corr-b")
    step(school)
    assert (places(school, "corr-a"), places(school, "corr-b")) == (["delivered"], ["closed:merged"])


def test_a_merged_wish_lives_on_when_the_other_is_taken_back(school: Rig) -> None:
    """No wish is lost because another guardian had the same and changed their mind."""
    child = school.role("pupil_plain")
    first, second = school.role("guardian_plain"), school.role("guardian_shared_home")
    ask(school, first, wish(school, "pupils", child, "call_name", "Sam"), correction="corr-a")
    ask(school, second, wish(school, "pupils", child, "call_name", "Sam"), correction="corr-b")
    step(school)
    ask(school, first, wish(school, "pupils", child, "call_name", "Sem"), correction="corr-c")
    step(school)
    assert (places(school, "corr-a"), places(school, "corr-b")) == (["closed:superseded"], ["in_review"])
    assert one(school, "corr-c").needed == (Need.CONFLICT,)
    decide(school, "withdraw", one(school, "corr-c"))
    step(school)
    assert places(school, "corr-b") == ["delivered"]
    assert [request["status"] for request in queue(school)["change_requests"]] == ["withdrawn", "pending"]


def test_an_opposite_wish_that_is_withdrawn_leaves_the_other_free(school: Rig) -> None:
    """With one of the two gone there is nothing left to decide between."""
    child = school.role("pupil_plain")
    first, second = school.role("guardian_plain"), school.role("guardian_shared_home")
    ask(school, first, wish(school, "pupils", child, "call_name", "Sam"), correction="corr-a")
    ask(school, second, wish(school, "pupils", child, "call_name", "Sem"), correction="corr-b")
    step(school)
    decide(school, "withdraw", one(school, "corr-a"))
    step(school)
    assert places(school, "corr-b") == ["delivered"]


def test_a_newer_wish_replaces_the_older_also_at_the_school(school: Rig) -> None:
    """The same guardian asks again: the older one is superseded and taken back from the school's desk."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"), correction="corr-a")
    step(school)
    ask(school, me, wish(school, "guardians", me, "call_name", "Liva"), correction="corr-b")
    step(school)
    assert (places(school, "corr-a"), places(school, "corr-b")) == (["closed:superseded"], ["delivered"])
    assert [request["status"] for request in queue(school)["change_requests"]] == ["withdrawn", "pending"]


def test_a_family_moves_those_who_were_chosen(school: Rig) -> None:
    """A move is asked for each person who moves; the sibling who stays keeps the address."""
    me, moves, stays = (school.role(name) for name in ("guardian_plain", "pupil_plain", "pupil_sibling"))
    before = shown(school, "pupils", stays, "address")
    ask(
        school,
        me,
        wish(school, "guardians", me, "address", HOME),
        wish(school, "pupils", moves, "address", HOME),
        motive="moving",
    )
    step(school)
    for key in filed(school):
        office(school).accept(school.school, key)
    school.sync()
    assert places(school) == ["confirmed", "confirmed"]
    assert shown(school, "pupils", moves, "address") == HOME
    assert shown(school, "pupils", stays, "address") == before


def test_an_error_is_corrected_for_all_who_share_the_address(school: Rig) -> None:
    """One item becomes one for the guardian and each own child there; siblings included."""
    me, child, sibling = (school.role(name) for name in ("guardian_plain", "pupil_plain", "pupil_sibling"))
    ask(school, me, wish(school, "pupils", child, "address", HOME))
    step(school)
    asked = {(item.stream, item.record_id) for item in items(school)}
    assert {("pupils", child), ("pupils", sibling), ("guardians", me)} <= asked
    assert ("guardians", school.role("guardian_shared_home")) not in asked
    for key in filed(school):
        office(school).accept(school.school, key)
    school.sync()
    assert set(places(school)) == {"confirmed"}
    assert shown(school, "pupils", sibling, "address") == HOME
    assert shown(school, "guardians", school.role("guardian_shared_home"), "address") == HOME


def test_a_confidential_phone_is_kept_and_never_guessed(school: Rig) -> None:
    """A number the portal may not hold stays at school; such a list is not changed without a person there."""
    me = school.role("guardian_plain")
    secret: dict[str, object] = {"number": "06-00009999", "kind": "home", "is_confidential": True}
    before = school.world.records(school.school, "guardians")[me]["phones"]
    school.world.patch(school.school, "guardians", me, phones=[*before, secret])
    school.sync()
    policy(school, "guardians.phones", "automatic")
    ask(school, me, wish(school, "guardians", me, "phones", PHONES))
    step(school)
    asked = queue(school)["change_requests"][0]["asked"]
    assert (asked["is_preapproved"], asked["is_old_known"]) == (False, False)
    office(school).accept(school.school, filed(school)[0])
    school.sync()
    assert places(school) == ["confirmed"]
    assert str(secret["number"]) in json.dumps(school.world.records(school.school, "guardians")[me]["phones"])


def test_a_secret_address_is_decided_by_a_person_and_not_kept(school: Rig) -> None:
    """Without a base to compare it waits for a person; once confirmed only a keyed hash of it is left."""
    me = school.role("guardian_confidential")
    ask(school, me, wish(school, "guardians", me, "address", HOME, base=None), motive="moving")
    step(school)
    assert one(school).needed == (Need.SECRET,)
    decide(school, "accept", one(school))
    step(school)
    item = one(school)
    assert str(item.place) == "confirmed"
    assert (item.new_value, item.new_text, item.base_text, item.final_text) == (None, None, None, None)
    rows = [
        str(row)
        for table in ("corrections", "correction_items", "correction_moves", "guardians")
        for row in school.rows(f"SELECT * FROM {table}")
    ]
    assert not any(str(HOME["street"]) in row for row in rows)
    school.world.patch(
        school.school, "guardians", me, address={**HOME, "id": "adr-9", "street": "Weg", "is_confidential": True}
    )
    school.sync()
    assert places(school) == ["closed:drifted"]


def test_an_address_that_turns_secret_later_leaves_the_corrections_too(school: Rig) -> None:
    """Confirmed in the clear, secret a week later: what the portal may not hold is in none of its tables any more."""
    me, child = school.role("guardian_plain"), school.role("pupil_plain")
    ask(
        school,
        me,
        wish(school, "guardians", me, "address", HOME),
        wish(school, "pupils", child, "address", HOME),
        motive="moving",
    )
    step(school)
    office(school).accept(school.school, filed(school)[0])
    school.sync()
    assert places(school) == ["confirmed", "delivered"]
    address = {**school.world.records(school.school, "guardians")[me]["address"], "is_confidential": True}
    school.world.patch(school.school, "guardians", me, address=address)
    school.world.patch(school.school, "pupils", child, address=address)
    school.sync()
    mine, childs = items(school)
    assert (mine.is_secret, mine.new_value, mine.new_text) == (True, None, None)
    assert (childs.is_secret, childs.base_value, str(childs.place)) == (True, None, "confirmed")
    tables = ("guardians", "pupils", "correction_items", "correction_moves", "group_list_entries")
    rows = [str(row) for table in tables for row in school.rows(f"SELECT * FROM {table}")]
    assert not any(str(HOME["street"]) in row for row in rows)


def test_a_secret_that_was_merged_is_not_kept(school: Rig) -> None:
    """The co-parent's identical wish ends at once, and of the secret address nothing is left in it."""
    child = school.role("pupil_confidential")
    parents = [
        row["guardian_id"] for row in school.rows("SELECT guardian_id FROM guardianships WHERE pupil_id = :p", p=child)
    ]
    asked = wish(school, "pupils", child, "address", HOME, base=None)
    for number in range(2):
        ask(school, parents[0], asked, correction=f"corr-{number}", motive="moving")
    step(school)
    assert (places(school, "corr-0"), places(school, "corr-1")) == (["in_review"], ["closed:merged"])
    (merged,) = items(school, "corr-1")
    assert HOME["street"] not in repr(merged)
    assert merged.is_secret
