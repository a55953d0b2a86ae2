"""Who is who: brothers and sisters, teachers who are parents, shared mail, many guardians, doubles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.modules import Module
from schemas.runs import RunStatus
from tests.integration.bench import fresh_portal, rewrite
from tests.integration.hard_cases import Author
from tests.rig import Rig


@pytest.fixture
def author(rig: Rig) -> Author:
    """A pen for families, at a school with its groups and employees open, not synced yet."""
    rig.open(Module.GROEP, Module.MEDEWERKERS)
    return Author(rig)


def _mine(rig: Rig, view: str, guardian: str, column: str = "id") -> set[str]:
    return {row[column] for row in rig.rows(f"SELECT {column} FROM {view} WHERE guardian_id = :me", me=guardian)}


def _row(rig: Rig, table: str, key: str) -> dict[str, Any]:
    (row,) = rig.rows(f"SELECT * FROM {table} WHERE id = :id", id=key)
    return row


def _patch(rig: Rig, stream: str, key: str, **fields: Any) -> None:
    rig.world.patch(rig.school, stream, key, **fields)


def test_brothers_and_sisters_have_one_guardian(rig: Rig, author: Author) -> None:
    """Two children of two surnames, one mother: one row for her, both children, and the groups of both."""
    mother, children = author.grown_up(), [author.child(last_name=name) for name in ("Jansen", "Visser")]
    for child in children:
        author.tie(mother, child)
    rig.sync()
    assert _mine(rig, "portal_pupils", mother) == set(children)
    assert _mine(rig, "portal_group_memberships", mother, "pupil_id") == set(children)
    assert len(rig.rows("SELECT 1 FROM portal_guardians WHERE guardian_id = :me", me=mother)) == 1


@pytest.mark.usefixtures("author")
def test_a_teacher_who_is_a_parent_is_two_records_that_never_meet(rig: Rig) -> None:
    """As a parent she sees her own child and no other; as an employee she is shown with her work address alone."""
    pupil, me, teacher = (rig.role(role) for role in ("pupil_under_four", "guardian_teacher", "employee_parent"))
    _patch(rig, "pupils", pupil, status="enrolled", enrolled_from="2020-08-01")
    private = rig.world.records(rig.school, "guardians")[me]["email"]
    rig.sync()
    assert _mine(rig, "portal_pupils", me) == {pupil}
    assert _row(rig, "guardians", me)["email"] == private
    employee = _row(rig, "employees", teacher)
    assert employee["work_email"] not in {None, private}
    assert private not in employee.values()
    assert rig.rows("SELECT 1 FROM guardian_access WHERE guardian_id = :e", e=teacher) == []


def test_two_guardians_with_one_mail_address_stay_two(rig: Rig, author: Author) -> None:
    """Of one family or of two: each has a row with that address, and sees the own children and nobody else's."""
    one, two, stranger = (author.grown_up(email="samen@example.nl") for _ in range(3))
    child, other = author.child(), author.child()
    for guardian, pupil in ((one, child), (two, child), (stranger, other)):
        author.tie(guardian, pupil)
    rig.sync()
    assert {_row(rig, "guardians", key)["email"] for key in (one, two, stranger)} == {"samen@example.nl"}
    assert [_mine(rig, "portal_pupils", key) for key in (one, two, stranger)] == [{child}, {child}, {other}]
    assert _mine(rig, "portal_guardians", stranger) == {stranger}


def test_guardians_of_one_name_at_one_address_stay_two(rig: Rig, author: Author) -> None:
    """Father and grandfather of the same name in one house: two rows, and only who has authority sees the child."""
    home, child = author.home(), author.child()
    like = {"last_name": "Bakker", "initials": "J.", "call_name": "Jan", "address": home, "email": "jan@example.nl"}
    father, grandfather = author.grown_up(**like), author.grown_up(**like)
    author.tie(father, child, relation="father")
    author.tie(grandfather, child, "unknown", relation="grandparent")
    rig.sync()
    assert {father, grandfather} <= rig.ids("guardians")
    assert (_mine(rig, "portal_pupils", father), _mine(rig, "portal_pupils", grandfather)) == ({child}, set())


def test_a_guardian_without_mail_is_a_guardian(rig: Rig, author: Author) -> None:
    """No address, or one that comes later or changes: the same row, the same sight of the child."""
    guardian, child = author.grown_up(email=None), author.child()
    author.tie(guardian, child)
    rig.sync()
    first = _row(rig, "guardians", guardian)
    assert (first["email"], _mine(rig, "portal_pupils", guardian)) == (None, {child})
    for email in ("eerst@example.nl", "anders@example.nl", None):
        _patch(rig, "guardians", guardian, email=email)
        rig.sync()
        now = _row(rig, "guardians", guardian)
        assert (now["email"], now["first_shown_at"]) == (email, first["first_shown_at"])
        assert _mine(rig, "portal_pupils", guardian) == {child}


def test_a_child_may_have_more_than_two_guardians(rig: Rig, author: Author) -> None:
    """Four with authority all see the child and each other's names; a fifth without sees nothing and is not named."""
    child = author.child()
    four = [author.grown_up() for _ in range(4)]
    for order, guardian in enumerate(four):
        author.tie(guardian, child, contact_order=order + 1)
    step = author.grown_up()
    author.tie(step, child, "none", relation="stepparent")
    rig.sync()
    for guardian in four:
        assert _mine(rig, "portal_pupils", guardian) == {child}
        assert _mine(rig, "portal_guardians", guardian) == set(four)
    assert _mine(rig, "portal_guardians", step) == set()


def test_two_profiles_of_one_guardian_see_their_own_until_they_are_merged(rig: Rig, author: Author) -> None:
    """Each profile sees the child it is tied to; merged at the SIS, one sees both and the other is gone."""
    kept, lost = author.grown_up(last_name="Smit"), author.grown_up(last_name="Smit")
    children = [author.child(), author.child()]
    ties = [author.tie(guardian, child) for guardian, child in zip((kept, lost), children, strict=True)]
    rig.sync()
    assert [_mine(rig, "portal_pupils", one) for one in (kept, lost)] == [{children[0]}, {children[1]}]
    _patch(rig, "guardians", kept, former_ids=[lost])
    _patch(rig, "guardianships", ties[1], guardian_id=kept)
    rig.world.remove(rig.school, "guardians", lost)
    assert rig.sync().held == 0
    assert _mine(rig, "portal_pupils", kept) == set(children)
    assert lost not in rig.ids("guardians")
    portal = rig.portal()
    rig.sync(full=True)
    assert rig.portal() == portal


@pytest.mark.usefixtures("author")
def test_a_pupil_doubled_in_the_sis_is_two_until_the_school_merges_them(rig: Rig) -> None:
    """Both are seen by the same guardians, we never guess; merged, one is left and has the records of both."""
    plain, me = rig.role("pupil_plain"), rig.role("guardian_plain")
    rig.sync()
    before = _mine(rig, "portal_pupils", me)
    told = rig.tell("pupil_doubled")
    assert rig.sync().held == 0
    double = rig.role("pupil_double")
    assert _mine(rig, "portal_pupils", me) == before | {double}
    rig.tell("doubles_merged")
    assert rig.sync().held == 0
    assert _mine(rig, "portal_pupils", me) == before
    (absence,) = [key for stream, key in told if stream == "absences"]
    assert _row(rig, "absences", absence)["pupil_id"] == plain
    assert rig.sync().status is RunStatus.QUIET
    portal = rig.portal()
    assert fresh_portal(rig) == portal


@pytest.mark.usefixtures("author")
def test_a_family_that_moves_moves_with_all_its_records(rig: Rig) -> None:
    """Both children and both parents have the new address after one sync, and nobody else has."""
    rig.sync()
    told = set(rig.tell("family_moves"))
    rig.sync()
    found = {
        (table, row["id"])
        for table in ("pupils", "guardians")
        for row in rig.rows(f"SELECT id FROM {table} WHERE street = 'Verhuisde Laan' AND city = 'Elders'")
    }
    assert found == told
    assert len(told) == 4


@pytest.mark.usefixtures("author")
def test_a_value_that_went_wrong_here_is_put_right_by_reading_everything_again(rig: Rig) -> None:
    """A row somebody changed behind our back is as the SIS has it after a full sync: the SIS always leads."""
    rig.sync()
    before = rig.portal()
    rewrite(rig, "pupils", {"call_name": "Anders", "street": "Elders"}, id=rig.role("pupil_plain"))
    rewrite(rig, "guardians", {"email": "elders@example.nl"}, id=rig.role("guardian_plain"))
    assert rig.portal() != before
    rig.sync(full=True)
    assert rig.portal() == before


def test_an_employee_attached_to_every_group_is_seen_in_the_own_childs_alone(rig: Rig, author: Author) -> None:
    """The SIS ties one teacher to all groups: each parent finds that work in the groups of the own children only."""
    work = rig.world.records(rig.school, "group_employees")[rig.role("group_employee_current")]
    groups = rig.world.records(rig.school, "groups")
    ties = {author.put("group_employees", work, group_id=group): group for group in groups}
    rig.sync()
    me = rig.role("guardian_plain")
    own = _mine(rig, "portal_groups", me)
    assert own
    assert {ties[key] for key in _mine(rig, "portal_group_employees", me) & ties.keys()} == own
    assert json.loads(_row(rig, "employees", work["employee_id"])["functions"]) == ["leerkracht"]
