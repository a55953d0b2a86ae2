"""The life of a correction, from what the portal writes to a value seen back from the school; rules of the field."""

from __future__ import annotations

import json

import pytest

from schemas.corrections import Need
from schemas.errors import CorrectionError
from tests.integration.correction_bench import (
    HOME,
    PHONES,
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


def test_the_office_edits_before_it_accepts(school: Rig) -> None:
    """What the office made of it is what is awaited and confirmed; what was asked stays known."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "last_name", "van Nieuwenhuis"))
    step(school)
    office(school).accept(school.school, filed(school)[0], final="Nieuwenhuis")
    step(school)
    item = one(school)
    assert (str(item.place), item.final_text, item.new_text) == ("confirmed", '"Nieuwenhuis"', '"van Nieuwenhuis"')


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
