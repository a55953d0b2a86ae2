"""The life of a correction, from what the portal writes to a value seen back from the school; rules of the field."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from connector.bookkeeping import correction_queue
from jobs.review_corrections import overdue
from schemas.corrections import Channel, Need
from schemas.errors import CorrectionError
from tests.integration.correction_bench import (
    ask,
    decide,
    filed,
    items,
    life,
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

PHONES = [{"kind": "mobile", "number": "+31612345678"}]
HOME: dict[str, Any] = {
    "street": "Nieuwe Dijk",
    "house_number": "12",
    "house_number_suffix": None,
    "postal_code": "1234 AB",
    "city": "Ergens",
    "country": "NL",
}


@pytest.fixture
def school(rig: Rig) -> Rig:
    """A school that was loaded and takes change requests into its system."""
    return ready(rig)


def test_a_phone_goes_all_the_way(school: Rig) -> None:
    """Submitted, in review, delivered, awaiting, confirmed: and only when the school shows the value."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "phones", [{"kind": "mobile", "number": "06 1234 5678"}]))
    step(school)
    assert (places(school), len(filed(school))) == (["delivered"], 1)
    step(school)
    assert places(school) == ["delivered"]
    office(school).accept(school.school, filed(school)[0], unchanged=True)
    step(school)
    assert places(school) == ["awaiting"]
    office(school).accept(school.school, filed(school)[0])
    school.sync()
    assert places(school) == ["confirmed"]
    assert life(school) == ["submitted", "in_review", "delivered", "awaiting", "confirmed"]
    assert shown(school, "guardians", me, "phones") == PHONES
    assert (queue(school)["created"], len(queue(school)["arrivals"])) == ({filed(school)[0]: 1}, 1)


def test_a_refusal_is_final_and_told_with_its_reason(school: Rig) -> None:
    """What the office refuses is closed with the office's reason; the guardian's view says so."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "email", "nieuw@voorbeeld.test"))
    step(school)
    office(school).refuse(school.school, filed(school)[0], "not_proven")
    step(school)
    (seen,) = school.rows("SELECT * FROM portal_corrections WHERE guardian_id = :me", me=me)
    assert (seen["state"], seen["outcome"], seen["reason"]) == ("closed", "refused", "not_proven")
    assert not seen["is_pending"]
    moves = school.rows("SELECT * FROM portal_correction_moves WHERE guardian_id = :me ORDER BY id", me=me)
    assert [move["to_place"] for move in moves] == ["submitted", "in_review", "delivered", "closed:refused"]
    assert {move["role"] for move in moves} == {"guardian", "connector", "school"}


@pytest.mark.parametrize(
    ("field", "new"),
    [
        ("phones", [{"kind": "mobile", "number": "{phone}"}]),
        ("email", " {EMAIL} "),
        ("name_prefix", "  Ter "),
    ],
)
def test_what_says_the_same_is_no_operation(school: Rig, field: str, new: object) -> None:
    """Phones, mail and tussenvoegsel are written one way before they are compared; equal is closed at once."""
    me = school.role("guardian_plain")
    phone = shown(school, "guardians", me, "phones")[0]["number"].replace("+31", "0031 (0)")
    mail = shown(school, "guardians", me, "email").upper()
    text = json.dumps(new).replace("{phone}", phone).replace("{EMAIL}", mail)
    ask(school, me, wish(school, "guardians", me, field, json.loads(text)))
    step(school)
    assert places(school) == ["closed:noop"]
    assert filed(school) == []


def test_another_parents_child_is_refused(school: Rig) -> None:
    """Only oneself and one's own child: not another's child, not the co-parent, not without authority or restricted."""
    asked = [
        ("guardian_plain", "pupils", "pupil_confidential", "first_names"),
        ("guardian_plain", "guardians", "guardian_shared_home", "email"),
        ("guardian_without_authority", "pupils", "pupil_without_authority", "first_names"),
        ("guardian_unknown_authority", "pupils", "pupil_without_authority", "first_names"),
        ("guardian_restricted", "pupils", "pupil_restricted", "first_names"),
    ]
    for number, (who, stream, whom, field) in enumerate(asked):
        new = "nieuw@voorbeeld.test" if field == "email" else "Anders"
        ask(
            school,
            school.role(who),
            wish(school, stream, school.role(whom), field, new, base=None, operation="change"),
            correction=f"corr-{number}",
        )
    step(school)
    for number in range(len(asked)):
        (item,) = items(school, f"corr-{number}")
        assert (str(item.place), item.reason) == ("closed:refused", "not_allowed"), asked[number]
    assert filed(school) == []
    of_children = school.rows("SELECT * FROM portal_corrections WHERE stream = 'pupils'")
    assert of_children == []


def test_who_lost_access_sees_no_correction_any_more(school: Rig) -> None:
    """Of the child nothing once that access is gone, of oneself nothing once all of it is."""
    me, child, sibling = (school.role(name) for name in ("guardian_plain", "pupil_plain", "pupil_sibling"))
    ask(
        school,
        me,
        wish(school, "guardians", me, "call_name", "Livia"),
        wish(school, "pupils", child, "call_name", "Sam"),
    )
    step(school)

    def seen() -> set[str]:
        rows = school.rows("SELECT stream FROM portal_corrections WHERE guardian_id = :me", me=me)
        moves = school.rows("SELECT DISTINCT number FROM portal_correction_moves WHERE guardian_id = :me", me=me)
        assert len(moves) == len(rows)
        return {row["stream"] for row in rows}

    assert seen() == {"guardians", "pupils"}
    ties = school.world.records(school.school, "guardianships").values()
    for pupil, left in ((child, {"guardians"}), (sibling, set())):
        (tie,) = (one["id"] for one in ties if (one["pupil_id"], one["guardian_id"]) == (pupil, me))
        school.world.patch(school.school, "guardianships", tie, authority="none")
        school.sync()
        assert seen() == left


def test_a_field_that_is_off_is_refused(school: Rig) -> None:
    """A school takes the fields it chose; of the others nothing leaves."""
    me = school.role("guardian_plain")
    policy(school, "guardians.email", "off")
    ask(school, me, wish(school, "guardians", me, "email", "nieuw@voorbeeld.test"))
    ask(school, me, wish(school, "guardians", me, "shoe_size", "44"), correction="corr-2")
    step(school)
    assert [item.reason for item in (one(school), one(school, "corr-2"))] == ["field_off", "unknown_field"]


@pytest.mark.parametrize(
    ("field", "new", "said"),
    [
        ("phones", [{"kind": "mobile", "number": "12"}], "phones[0].number must be a phone number"),
        ("phones", [{"kind": "pager", "number": "0612345678"}], "phones[0].kind must be one of"),
        ("phones", "0612345678", "phones must be a list"),
        ("email", "geen adres", "email must be a mail address"),
        ("address", {**HOME, "postal_code": "12"}, "address.postal_code must be a Dutch postcode"),
        ("address", {**HOME, "planet": "x"}, "address must be an object of street"),
        ("last_name", "x" * 201, "last_name must be text of at most"),
        ("last_name", "Jansen\u202enesnaJ", "last_name must be text without control characters"),
        ("last_name", 7, "last_name must be text"),
        ("last_name", "x" * 1_000_000, "last_name: the value is too long"),
    ],
)
def test_a_value_of_the_wrong_form_says_what_its_field_allows(school: Rig, field: str, new: object, said: str) -> None:
    """Each field has its own message; it never repeats what was there, and nothing goes to the school."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, field, new, operation="change"))
    step(school)
    item = one(school)
    assert (str(item.place), item.reason) == ("closed:refused", "malformed")
    assert said in (item.error or "")
    assert "planet" not in (item.error or "") or field == "address"
    assert filed(school) == []


def test_a_base_that_was_never_true_waits_for_a_person(school: Rig) -> None:
    """What the guardian claims to have seen is not what the portal has: a person decides, then it goes."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "email", "nieuw@voorbeeld.test", base="ander@voorbeeld.test"))
    step(school)
    assert one(school).needed == (Need.STALE,)
    assert filed(school) == []
    decide(school, "accept", one(school))
    step(school)
    assert places(school) == ["confirmed"]
    assert queue(school)["change_requests"][0]["asked"]["is_preapproved"]


def test_what_went_stale_and_nobody_decided_ends_as_stale(school: Rig) -> None:
    """Its time passes without a person: the guardian is told that the value had moved, and a person can retry."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "email", "nieuw@voorbeeld.test", base="ander@voorbeeld.test"))
    step(school)
    school.offset = timedelta(days=91)
    step(school)
    assert places(school) == ["closed:stale"]
    decide(school, "retry", one(school))
    assert places(school) == ["in_review"]


def test_a_value_that_moved_before_delivery_is_stale(school: Rig) -> None:
    """The school changed it between the guardian's look and the delivery: seen in the school's own record."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "last_name", "Nieuwenhuis"))
    school.world.patch(school.school, "guardians", me, last_name="Anders")
    step(school)
    assert one(school).needed == (Need.STALE,)
    assert life(school) == ["submitted", "in_review", "in_review"]


def test_what_the_school_shows_already_is_closed_elsewhere(school: Rig) -> None:
    """The school typed it before we asked."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "last_name", "Nieuwenhuis"))
    school.world.patch(school.school, "guardians", me, last_name="Nieuwenhuis")
    step(school)
    assert places(school) == ["closed:closed_elsewhere"]
    assert filed(school) == []


def test_the_case_of_a_name_can_be_corrected(school: Rig) -> None:
    """Another case is another name: it goes to the school, and is confirmed when the school writes it so."""
    me = school.role("guardian_plain")
    name = str(shown(school, "guardians", me, "last_name"))
    ask(school, me, wish(school, "guardians", me, "last_name", name.upper()))
    step(school)
    assert places(school) == ["delivered"]
    office(school).accept(school.school, filed(school)[0])
    school.sync()
    assert places(school) == ["confirmed"]


def test_automatic_is_for_a_guardians_own_phone_and_mail_only(school: Rig) -> None:
    """An own phone goes through without a person at the school; of a child it stays a request."""
    me, child = school.role("guardian_plain"), school.role("pupil_plain")
    policy(school, "guardians.phones", "automatic")
    ask(
        school,
        me,
        wish(school, "guardians", me, "phones", PHONES),
        wish(school, "pupils", child, "phones", PHONES),
    )
    step(school)
    assert places(school) == ["confirmed", "delivered"]
    assert one(school).decided_by == "source"


def test_two_persons_are_two(school: Rig) -> None:
    """With two persons the first accept waits, the same one cannot be both, and the second lets it go."""
    child, me = school.role("pupil_plain"), school.role("guardian_plain")
    policy(school, "pupils.birth_on", "two_persons")
    ask(school, me, wish(school, "pupils", child, "birth_on", "2019-02-28"))
    step(school)
    assert one(school).needed == (Need.TWO_PERSONS,)
    assert decide(school, "accept", one(school)).result == "accepted by the first of two persons"
    for same in ("an", " An "):
        with pytest.raises(CorrectionError, match="second person"):
            decide(school, "accept", one(school), by=same)
    step(school)
    assert filed(school) == []
    decide(school, "accept", one(school), by="bo")
    step(school)
    assert places(school) == ["confirmed"]


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


def test_the_office_edits_before_it_accepts(school: Rig) -> None:
    """What the office made of it is what is awaited and confirmed; what was asked stays known."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "last_name", "van Nieuwenhuis"))
    step(school)
    office(school).accept(school.school, filed(school)[0], final="Nieuwenhuis")
    step(school)
    item = one(school)
    assert (str(item.place), item.final_text, item.new_text) == ("confirmed", '"Nieuwenhuis"', '"van Nieuwenhuis"')


def test_a_child_who_left_is_not_changed_any_more(school: Rig) -> None:
    """Between submission and decision the child leaves: the request is closed and taken back from the school."""
    me, child = school.role("guardian_plain"), school.role("pupil_plain")
    ask(school, me, wish(school, "pupils", child, "call_name", "Sam"))
    step(school)
    assert places(school) == ["delivered"]
    school.world.patch(school.school, "pupils", child, status="left", enrolled_until="2020-01-01")
    school.sync()
    assert (places(school), one(school).reason) == (["closed:refused"], "not_allowed")
    school.sync()
    assert queue(school)["change_requests"][0]["status"] == "withdrawn"


def test_what_is_never_changed_is_overdue_and_expires(school: Rig) -> None:
    """The office accepts and forgets: it is never called confirmed, and ends after its days; a person can retry."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    step(school)
    office(school).accept(school.school, filed(school)[0], unchanged=True)
    step(school)
    school.offset = timedelta(days=89)
    step(school)
    assert places(school) == ["awaiting"]
    school.offset = timedelta(days=91)
    step(school)
    assert (places(school), one(school).reason) == (["closed:expired"], "too_long")


def test_a_move_of_next_term_is_waited_for_until_then(school: Rig) -> None:
    """What holds from a later day is neither late nor given up before that day has come and its time has passed."""
    me = school.role("guardian_plain")
    moves_on = (school.parts.clock() + timedelta(days=120)).date()
    ask(school, me, wish(school, "guardians", me, "address", HOME), motive="moving", effective_on=moves_on)
    step(school)
    office(school).accept(school.school, filed(school)[0], unchanged=True)
    for days, late, place in ((119, 0, "awaiting"), (140, 1, "awaiting"), (211, 0, "closed:expired")):
        school.offset = timedelta(days=days)
        step(school)
        assert places(school) == [place]
        with school.database.session() as session, session.read() as connection:
            now = school.parts.clock()
            assert len(overdue(connection, school.school, now, 10)) == late
            found = correction_queue.read(connection, now - timedelta(days=10))[school.school]
        assert found.overdue == late


def test_what_the_school_still_has_is_not_tried_again(school: Rig) -> None:
    """What expired is first taken back from the office's desk, so that one wish never waits there twice."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    step(school)
    school.offset = timedelta(days=91)
    step(school)
    assert places(school) == ["closed:expired"]
    with pytest.raises(CorrectionError, match="not heard yet"):
        decide(school, "retry", one(school))
    step(school)
    decide(school, "retry", one(school))
    school.offset = timedelta(days=90)
    step(school)
    assert [request["status"] for request in queue(school)["change_requests"]] == ["withdrawn", "pending"]


def test_a_value_that_goes_away_again_is_drifted(school: Rig) -> None:
    """Confirmed is watched for a while: somebody at school set it back."""
    me = school.role("guardian_plain")
    before = shown(school, "guardians", me, "call_name")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    step(school)
    office(school).accept(school.school, filed(school)[0])
    school.sync()
    assert places(school) == ["confirmed"]
    school.world.patch(school.school, "guardians", me, call_name=before)
    school.sync()
    assert places(school) == ["closed:drifted"]
    decide(school, "retry", one(school))
    step(school)
    assert places(school) == ["delivered"]
    assert len(set(filed(school))) == 2


def test_a_later_wish_that_came_true_is_no_drift(school: Rig) -> None:
    """A guardian who corrects the same field once more does not make the first one drift."""
    me = school.role("guardian_plain")
    for number, name in enumerate(("Livia", "Liva")):
        ask(school, me, wish(school, "guardians", me, "call_name", name), correction=f"corr-{number}")
        step(school)
        office(school).accept(school.school, filed(school)[-1])
        school.sync()
    assert (places(school, "corr-0"), places(school, "corr-1")) == (["confirmed"], ["confirmed"])


def test_a_source_that_lost_a_request_asks_a_person(school: Rig) -> None:
    """The school's system does not know it any more: it waits, and is sent again when a person says so."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    step(school)
    office(school).lose(school.school, filed(school)[0])
    step(school)
    assert (places(school), one(school).needed) == (["in_review"], (Need.LOST,))
    decide(school, "retry", one(school))
    step(school)
    assert (places(school), len(filed(school))) == (["delivered"], 1)


def test_an_office_that_answers_twice_and_otherwise(school: Rig) -> None:
    """Accepted, accepted again, then refused: each change of mind is followed once; a refusal is final."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    step(school)
    for _ in range(2):
        office(school).accept(school.school, filed(school)[0], unchanged=True)
        step(school)
    assert life(school) == ["submitted", "in_review", "delivered", "awaiting"]
    office(school).refuse(school.school, filed(school)[0], "record_is_right")
    step(school)
    assert (places(school), one(school).reason) == (["closed:refused"], "record_is_right")


def test_lists_travel_whole(school: Rig) -> None:
    """Emergency contacts go as the whole old and the whole new list, and come back as the school wrote them."""
    child, me = school.role("pupil_plain"), school.role("guardian_plain")
    rows = school.rows(
        "SELECT name, relation, phones FROM emergency_contacts WHERE pupil_id = :p ORDER BY contact_order", p=child
    )
    base = [{**row, "phones": json.loads(row["phones"])} for row in rows]
    new = [{"name": "Oma Verzonnen", "relation": "oma", "phones": PHONES}, *base[:1]]
    ask(school, me, wish(school, "pupils", child, "emergency_contacts", new, base=base or None))
    step(school)
    assert places(school) == ["delivered"]
    asked = queue(school)["change_requests"][0]["asked"]
    assert (asked["old"], len(asked["new"])) == (base or None, len(new))
    office(school).accept(school.school, filed(school)[0])
    school.sync()
    assert places(school) == ["confirmed"]


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


@pytest.mark.parametrize("channel", [Channel.MANUAL])
def test_by_hand_it_closes_by_itself(rig: Rig, channel: Channel) -> None:
    """A school that types it in without telling us anything: the next pull confirms."""
    ready(rig, channel)
    me = rig.role("guardian_plain")
    ask(rig, me, wish(rig, "guardians", me, "call_name", "Livia"))
    step(rig)
    assert (places(rig), filed(rig)) == (["delivered"], [])
    rig.world.patch(rig.school, "guardians", me, call_name="Livia")
    rig.sync()
    assert places(rig) == ["confirmed"]


def test_by_hand_a_moved_value_is_looked_at_again(rig: Rig) -> None:
    """Between submission and decision the value at school changed: accepting says so and waits once more."""
    ready(rig, Channel.MANUAL)
    me = rig.role("guardian_plain")
    ask(rig, me, wish(rig, "guardians", me, "call_name", "Livia"))
    step(rig)
    rig.world.patch(rig.school, "guardians", me, call_name="Lies")
    rig.sync()
    assert decide(rig, "accept", one(rig)).result.startswith("not accepted")
    assert one(rig).needed == (Need.STALE,)
    decide(rig, "accept", one(rig))
    assert places(rig) == ["awaiting"]


def test_by_hand_nothing_has_to_be_taken_back(rig: Rig) -> None:
    """What expired or was replaced in a school that works from our commands is purged as all else."""
    ready(rig, Channel.MANUAL)
    me = rig.role("guardian_plain")
    for number, name in enumerate(("Livia", "Liva")):
        ask(rig, me, wish(rig, "guardians", me, "call_name", name), correction=f"corr-{number}")
        step(rig)
    rig.offset = timedelta(days=91)
    step(rig)
    assert (places(rig, "corr-0"), places(rig, "corr-1")) == (["closed:superseded"], ["closed:expired"])
    assert rig.rows("SELECT number FROM correction_items WHERE is_retraction_due") == []
    rig.offset = timedelta(days=500)
    step(rig)
    assert rig.rows("SELECT id FROM corrections") == []


def test_ended_requests_are_purged_evidence_first(school: Rig) -> None:
    """By rule, with their history; what is still open is kept however old its neighbours are."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "name_prefix", "ter"))
    step(school)
    with school.database.session() as session, session.write() as connection:
        from connector.bookkeeping import corrections

        given = {"school_id": school.school, "correction_id": "corr-0001", "number": 1, "file_name": "a.pdf"}
        corrections.add_evidence(connection, {**given, "content_type": "application/pdf", "content": b"%PDF"})
    school.offset = timedelta(days=31)
    step(school)
    assert school.rows("SELECT * FROM correction_evidence") != []
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"), correction="corr-2")
    step(school)
    assert (school.rows("SELECT * FROM correction_evidence"), places(school)) == ([], ["closed:noop"])
    school.offset = timedelta(days=366)
    ask(school, me, wish(school, "guardians", me, "initials", "Q."), correction="corr-3")
    step(school)
    assert {row["id"] for row in school.rows("SELECT id FROM corrections")} == {"corr-2", "corr-3"}
