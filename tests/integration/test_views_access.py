"""Who sees which pupil, case by case; each test names the one who sees and the one who does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from connector.portal import access_rows, stretches
from connector.portal.staging import TOUCHED_PUPILS, Staging
from jobs.stream_apply import derive
from schemas.streams import Stream
from schemas.tables.catalogue import TABLES
from schemas.views.catalogue import VIEWS
from tests.integration.classmates import EVERYTHING, choose
from tests.integration.hard_cases import Author
from tests.rig import Rig

OF_A_PUPIL = ("portal_absences", "portal_notes", "portal_support_plans", "portal_group_memberships")
FOR_GUARDIANS = tuple(view for view in VIEWS if view != "portal_modules")


@pytest.fixture
def opened(rig: Rig) -> Rig:
    """The bench with every module and every field of the group list open, not synced yet."""
    rig.open()
    choose(rig, **EVERYTHING)
    return rig


def look(rig: Rig, view: str, guardian: str) -> list[dict[str, Any]]:
    """The portal's whole recipe."""
    return rig.rows(
        f"SELECT * FROM {view} WHERE school_id = :school AND guardian_id = :me", school=rig.school, me=guardian
    )


def pupils(rig: Rig, guardian: str) -> set[str]:
    return {row["id"] for row in look(rig, "portal_pupils", guardian)}


def everything(rig: Rig, guardian: str) -> dict[str, int]:
    return {view: len(look(rig, view, guardian)) for view in FOR_GUARDIANS}


def sees_everything(rig: Rig, guardian: str) -> bool:
    """Something is in every view, save where something must have happened since: news, and corrections."""
    later = {"portal_changes", "portal_corrections", "portal_correction_moves"}
    return {view for view, rows in everything(rig, guardian).items() if not rows} <= later


def sees_nothing(rig: Rig, guardian: str) -> bool:
    return not any(everything(rig, guardian).values())


def known(rig: Rig, guardian: str) -> bool:
    """The guardian is in the portal: seeing nothing is then the views' doing."""
    return guardian in rig.ids("guardians")


def test_a_parent_with_authority_sees_everything_of_the_own_children(opened: Rig) -> None:
    """Two children, one row each, and something in every view; nothing of any other pupil."""
    opened.sync()
    me = opened.role("guardian_plain")
    own = {opened.role("pupil_plain"), opened.role("pupil_sibling")}
    assert pupils(opened, me) == own
    assert sees_everything(opened, me)
    for view in OF_A_PUPIL:
        assert {row["pupil_id"] for row in look(opened, view, me)} <= own


def test_no_view_gives_a_guardian_another_familys_pupil(opened: Rig) -> None:
    """Whoever asks, in every view that names a pupil there is only a pupil this guardian is tied to."""
    opened.sync()
    ties = opened.world.records(opened.school, "guardianships").values()
    mine = {(tie["guardian_id"], tie["pupil_id"]) for tie in ties}
    for view, column in [("portal_pupils", "id"), *((view, "pupil_id") for view in OF_A_PUPIL)]:
        found = {(row["guardian_id"], row[column]) for row in opened.rows(f"SELECT * FROM {view}")}
        assert found
        assert found <= mine


@pytest.mark.parametrize("authority", ["none", "unknown"])
@pytest.mark.parametrize("relation", ["father", "stepparent", "grandparent"])
def test_without_authority_nothing_is_seen(opened: Rig, authority: str, relation: str) -> None:
    """Without or with unknown authority one sees nothing at all, whatever the relation; the mother sees the child."""
    author = Author(opened)
    child, mother, other = author.child(), author.grown_up(), author.grown_up()
    author.tie(mother, child)
    author.tie(other, child, authority, relation=relation)
    opened.sync()
    assert known(opened, other)
    assert sees_nothing(opened, other)
    assert pupils(opened, mother) == {child}


def test_the_worlds_own_people_without_authority_see_nothing(opened: Rig) -> None:
    """The stepfather and the grandmother of the seeded world are stored, and no view has a row for them."""
    opened.sync()
    for role in ("guardian_stepparent", "guardian_unknown_authority"):
        assert known(opened, opened.role(role))
        assert sees_nothing(opened, opened.role(role))


def test_a_restriction_bars_only_while_it_is_in_force(opened: Rig) -> None:
    """A court's restriction in force hides all from the father; an expired one, and one still to come, hide nothing."""
    tie = opened.role("guardianship_restricted")
    opened.sync()
    father, child = opened.role("guardian_restricted"), opened.role("pupil_restricted")
    assert known(opened, father)
    assert sees_nothing(opened, father)
    assert opened.role("pupil_two_households") in pupils(opened, opened.role("guardian_second_household"))
    future = {"from_on": (opened.world.today + timedelta(days=2)).isoformat(), "until_on": None}
    opened.world.patch(opened.school, "guardianships", tie, restriction=future)
    opened.sync()
    assert pupils(opened, father) == {child}


def plant(rig: Rig, child: str) -> dict[str, str]:
    """Give a child an absence, a visible note and a final plan like those of the plain pupil; give their ids."""
    roles = {"absences": "absence_illness", "notes": "note_visible", "support_plans": "plan_final"}
    for stream, role in roles.items():
        record = rig.world.records(rig.school, stream)[rig.role(role)]
        rig.world.put(rig.school, stream, {**record, "id": f"planted-{stream}", "pupil_id": child})
    return {stream: f"planted-{stream}" for stream in roles}


def test_an_information_agreement_gives_plans_and_the_name_only(opened: Rig) -> None:
    """Name and final plans; no address, birth date, phone, absence or note; nothing once the agreement has expired."""
    child = opened.role("pupil_without_authority")
    planted = plant(opened, child)
    opened.sync()
    me, expired = opened.role("guardian_without_authority"), opened.role("guardian_agreement_expired")
    (row,) = look(opened, "portal_pupils", me)
    raw = opened.world.records(opened.school, "pupils")[child]
    assert (row["id"], row["last_name"]) == (child, raw["last_name"])
    hidden = ("birth_on", "street", "house_number", "house_number_suffix", "postal_code", "city", "country")
    assert {row[name] for name in hidden} == {None}
    assert row["phones"] == "[]"
    assert planted["support_plans"] in {row["id"] for row in look(opened, "portal_support_plans", me)}
    assert look(opened, "portal_absences", me) == look(opened, "portal_notes", me) == []
    assert [row["id"] for row in look(opened, "portal_guardians", me)] == [me]
    (mother,) = opened.rows("SELECT guardian_id FROM portal_absences WHERE id = :id", id=planted["absences"])
    assert planted["notes"] in {row["id"] for row in look(opened, "portal_notes", mother["guardian_id"])}
    assert look(opened, "portal_pupils", mother["guardian_id"])[0]["birth_on"] is not None
    assert known(opened, expired)
    assert sees_nothing(opened, expired)


def test_of_a_co_guardian_only_the_name_is_seen(opened: Rig) -> None:
    """Of the other parent one sees the name and nothing more; of oneself the address, mail and phones too."""
    opened.sync()
    me, other = opened.role("guardian_plain"), opened.role("guardian_shared_home")
    seen = {row["id"]: row for row in look(opened, "portal_guardians", me)}
    raw = opened.world.records(opened.school, "guardians")
    assert set(seen) == {me, other}
    assert seen[other]["last_name"] == raw[other]["last_name"]
    hidden = ("email", "gender", "street", "house_number", "house_number_suffix", "postal_code", "city", "country")
    assert {seen[other][name] for name in hidden} == {None}
    assert seen[other]["phones"] == "[]"
    assert (seen[me]["email"], seen[me]["street"]) == (raw[me]["email"], raw[me]["address"]["street"])
    assert seen[me]["phones"] != "[]"


def test_of_the_others_relations_nothing_is_seen(opened: Rig) -> None:
    """A guardian sees the own relations only, and never authority, restriction or agreement, not even the own."""
    opened.sync()
    rows = opened.rows("SELECT * FROM portal_guardianships")
    ties = opened.world.records(opened.school, "guardianships")
    assert rows
    assert all(ties[row["id"]]["guardian_id"] == row["guardian_id"] for row in rows)
    assert not {"authority", "is_restricted", "restricted_from", "is_informed"} & set(rows[0])


def test_who_may_not_see_the_pupil_is_not_named_to_the_others(opened: Rig) -> None:
    """The mother does not find the barred father or the stepparent among the guardians; they do exist."""
    opened.sync()
    barred = {opened.role("guardian_restricted"), opened.role("guardian_stepparent")}
    child = opened.role("pupil_restricted")
    (mother,) = [row["guardian_id"] for row in opened.rows("SELECT * FROM portal_pupils WHERE id = :c", c=child)]
    assert barred <= opened.ids("guardians")
    assert not barred & {row["id"] for row in look(opened, "portal_guardians", mother)}


def test_both_households_see_the_child_and_not_each_other(opened: Rig) -> None:
    """Two homes, one child: both parents see it; neither sees where the other lives."""
    opened.sync()
    child = opened.role("pupil_two_households")
    one, two = opened.role("guardian_first_household"), opened.role("guardian_second_household")
    assert child in pupils(opened, one) & pupils(opened, two)
    raw = opened.world.records(opened.school, "guardians")
    for me, other in ((one, two), (two, one)):
        (row,) = [row for row in look(opened, "portal_guardians", me) if row["id"] == other]
        assert row["last_name"] == raw[other]["last_name"]
        assert row["street"] is row["email"] is None


def test_a_future_pupil_waits_and_a_leaver_fades(opened: Rig) -> None:
    """Next year's pupil is stored and not shown; who left five days ago is shown, who left long ago not stored."""
    opened.sync()
    future, recent, old = (opened.role(name) for name in ("pupil_future", "pupil_leaver_recent", "pupil_leaver_old"))
    assert {future, recent} <= opened.ids("pupils")
    assert old not in opened.ids("pupils")
    shown = {row["id"] for row in opened.rows("SELECT * FROM portal_pupils")}
    assert recent in shown
    assert not {future, old} & shown
    assert sees_nothing(opened, opened.role("guardian_shared_mail"))


def test_the_grace_of_a_leaver_ends_after_fourteen_days(opened: Rig) -> None:
    """Left 14 days ago: still seen today, the last day; left 15 days ago: withheld at the sync."""
    author = Author(opened)
    kept, gone = (author.child(status="left", enrolled_until=author.day(-days)) for days in (14, 15))
    guardian = author.grown_up()
    for child in (kept, gone):
        author.tie(guardian, child)
    opened.sync()
    assert pupils(opened, guardian) == {kept}


def test_an_adult_pupils_parents_see_nothing(opened: Rig) -> None:
    """Eighteen since 25 days: nothing for the mother; a child of nearly eighteen is seen."""
    author = Author(opened)
    nearly = author.child(birth_on=author.day(-18 * 365 + 30))
    guardian = author.grown_up()
    author.tie(guardian, nearly)
    opened.sync()
    assert opened.role("pupil_adult") in opened.ids("pupils")
    assert sees_nothing(opened, opened.role("guardian_of_adult"))
    assert pupils(opened, guardian) == {nearly}


def test_a_withdrawn_authority_shows_at_once_in_every_view(opened: Rig) -> None:
    """Access moves in the transaction of the relation: after the sync that brought "none" nothing is left to see."""
    opened.sync()
    me = opened.role("guardian_plain")
    assert sees_everything(opened, me)
    for key, tie in opened.world.records(opened.school, "guardianships").items():
        if tie["guardian_id"] == me:
            opened.world.patch(opened.school, "guardianships", key, authority="none")
    opened.sync()
    assert sees_nothing(opened, me)


def test_the_access_of_a_large_school_is_derived_in_stretches(opened: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """With three pupils at a time the rows are those of one go."""
    opened.sync()
    every = "SELECT * FROM guardian_access ORDER BY pupil_id, guardian_id, position"
    whole = opened.rows(every)
    monkeypatch.setattr(stretches, "AT_A_TIME", 3)
    everybody = select(TABLES[Stream.PUPILS].c.id)
    with opened.database.session() as session:
        Staging(session, opened.school).prepare()
        with session.write() as connection:
            connection.execute(TOUCHED_PUPILS.delete())
            connection.execute(insert(TOUCHED_PUPILS).from_select(["id"], everybody))
            access_rows.derive_touched(connection, opened.school, derive.access)
    assert len({row["pupil_id"] for row in whole}) > 9
    assert opened.rows(every) == whole
