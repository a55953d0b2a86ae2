"""The simulated office: what is put once, what it decides, and what then stands in the records."""

import json
from typing import Any

import pytest

from connector.simulator import control
from connector.simulator.answers import Simulator
from connector.simulator.changes import digits, phones
from tests.unit.simulator.asking import SCHOOL, Asking, simulator_of
from tests.unit.simulator.office_bench import HOME, NUMBER, put, request, standing


@pytest.fixture
def asking() -> Asking:
    return Asking(simulator_of(30))


def record(asking: Asking, stream: str, role: str) -> dict[str, Any]:
    world = asking.simulator.world
    return world.records(SCHOOL, stream)[world.roles(SCHOOL)[role]]


def office(simulator: Simulator, verb: str = "", **given: Any) -> dict[str, Any]:
    """Ask the control plane, as a person or a test outside the process would."""
    method, path = ("POST", f"/_sim/office/{SCHOOL}/{verb}") if verb else ("GET", f"/_sim/office/{SCHOOL}")
    answer = control.answer(simulator, method, path, json.dumps(given).encode() if verb else b"")
    return {"status": answer.status, **json.loads(answer.body)} if answer.status != 200 else json.loads(answer.body)


def test_five_times_put_is_put_once(asking: Asking) -> None:
    """The same id with the same content is answered as it stands; the books count one new, and all arrivals."""
    body = request(asking, "guardian_plain", "email", "nieuw@example.nl")
    assert [put(asking, "a", body)[0] for _ in range(5)] == [201, 200, 200, 200, 200]
    assert put(asking, "a", {**body, "new": "anders@example.nl"})[1]["type"] == "urn:sis:id-taken"
    office(asking.simulator, "accept", id="a")
    assert put(asking, "a", body) == (200, standing(asking, "a"))
    queue = office(asking.simulator)
    assert (queue["created"], queue["applied"], queue["arrivals"]) == ({"a": 1}, {"a": 1}, ["a"] * 7)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"record_id": "nobody"}, "unknown-record"),
        ({"field": "pupil_number"}, "unknown-field"),
        ({"field": "birth_on", "new": "2019-02-30"}, "bad-value"),
        ({"field": "phones", "new": [{"kind": "fax", "number": "1"}]}, "bad-value"),
        ({"field": "address", "new": {"street": "x"}}, "bad-value"),
        ({"field": "last_name", "new": None}, "bad-value"),
        ({"field": "call_name", "new": "x" * 1_000_000}, "bad-value"),
        ({"field": "allergies", "new": []}, "not-supported"),
    ],
)
def test_what_cannot_be_taken_is_refused_for_good(asking: Asking, changed: dict[str, Any], code: str) -> None:
    """422 says why in one word, and nothing is on the desk."""
    office(asking.simulator, "behave", habit="wait", untaken=["pupils.allergies"])
    status, problem = put(asking, "a", {**request(asking, "pupil_plain", "call_name", "Nieuw"), **changed})
    assert (status, problem["type"], problem["code"]) == (422, "urn:sis:not-accepted", code)
    assert office(asking.simulator)["created"] == {}


def test_who_is_not_granted_puts_nothing() -> None:
    """A client without the grant is told so; a SIS that takes no change requests says that to everyone."""
    for settings, status, kind in (
        ({"grants": {"connector": {SCHOOL: ["pupils"]}}}, 403, "not-granted"),
        ({"lacks": frozenset({"change_requests"})}, 404, "change-requests-not-supported"),
    ):
        asking = Asking(simulator_of(6, **settings))
        for method, path in (
            ("PUT", "/change_requests/a"),
            ("GET", "/change_requests"),
            ("DELETE", "/change_requests/a"),
        ):
            answered, problem = asking.ask(method, path, {} if method == "PUT" else None)
            assert (answered, problem["type"]) == (status, f"urn:sis:{kind}")


def test_an_accepted_text_shows_in_the_next_changes(asking: Asking) -> None:
    """Accepting writes the value and moves changed_at; refusing and withdrawing leave the record as it is."""
    cursor = asking.page("guardians")["cursor"]
    for name, value in (("a", "een@example.nl"), ("b", "twee@example.nl"), ("c", "drie@example.nl")):
        put(asking, name, request(asking, "guardian_plain", "email", value))
    assert office(asking.simulator, "refuse", id="a", reason="not_proven")["reason"] == "not_proven"
    assert asking.ask("DELETE", "/change_requests/b")[1]["change_request"]["status"] == "withdrawn"
    assert asking.since("guardians", cursor)["records"] == []
    office(asking.simulator, "accept", id="c")
    (changed,) = asking.since("guardians", cursor)["records"]
    assert changed["email"] == "drie@example.nl"
    assert asking.ask("DELETE", "/change_requests/c")[1]["change_request"]["status"] == "accepted"
    assert asking.ask("DELETE", "/change_requests/d")[1]["type"] == "urn:sis:unknown-change-request"
    assert office(asking.simulator, "accept", id="b")["status"] == 400


def test_an_office_may_edit_lose_answer_twice_and_change_nothing(asking: Asking) -> None:
    """Edited it accepts another value; it may refuse what it accepted, forget to change a record, forget a request."""
    for name in "abc":
        put(asking, name, request(asking, "guardian_plain", "call_name", f"Naam-{name}"))
    edited = office(asking.simulator, "accept", id="a", final="Anders")
    assert (edited["is_edited"], edited["final"]) == (True, "Anders")
    assert record(asking, "guardians", "guardian_plain")["call_name"] == "Anders"
    office(asking.simulator, "accept", id="a")
    assert office(asking.simulator, "refuse", id="a", reason="duplicate")["status"] == "refused"
    assert office(asking.simulator, "accept", id="b", unchanged=True)["status"] == "accepted"
    assert record(asking, "guardians", "guardian_plain")["call_name"] == "Anders"
    assert office(asking.simulator, "lose", id="c") == {}
    assert standing(asking, "c") is None
    queue = office(asking.simulator)
    assert (queue["applied"], queue["lost"], queue["created"]) == ({"a": 1}, {"c": 1}, {"a": 1, "b": 1, "c": 1})


@pytest.mark.parametrize(
    ("habit", "status", "is_written"),
    [
        ("wait", "pending", False),
        ("accept", "accepted", True),
        ("refuse", "refused", False),
        ("accept_unchanged", "accepted", False),
    ],
)
def test_an_office_may_decide_by_habit(asking: Asking, habit: str, status: str, is_written: bool) -> None:
    """What is put is pending in its own answer and decided in the next; a habit also meets what lay waiting."""
    body = request(asking, "guardian_plain", "call_name", "Nieuw")
    put(asking, "before", body)
    office(asking.simulator, "behave", habit=habit, reason="record_is_right")
    assert put(asking, "a", {**body, "request": "cor-2"})[1]["status"] == "pending"
    assert [standing(asking, one)["status"] for one in ("before", "a")] == [status, status]  # type: ignore[index]  # it is there
    assert (record(asking, "guardians", "guardian_plain")["call_name"] == "Nieuw") is is_written


def test_what_is_preapproved_is_accepted_as_it_comes(asking: Asking) -> None:
    """Its own answer already says accepted, and the record shows it."""
    body = request(asking, "guardian_plain", "email", None, operation="remove", is_preapproved=True)
    status, stands = put(asking, "a", body)
    assert (status, stands["status"], stands["is_edited"]) == (201, "accepted", False)
    assert record(asking, "guardians", "guardian_plain")["email"] is None


def test_secret_numbers_that_were_not_shown_stay() -> None:
    """The list becomes the new one and the unseen secret; a number that was there keeps its spelling and secrecy."""
    had = [
        {"number": "06-00000001", "kind": "mobile", "is_confidential": True},
        {"number": "010-0000002", "kind": "home", "is_confidential": False},
        {"number": "06-00000003", "kind": "work", "is_confidential": True},
    ]
    old = [{"number": "+31100000002", "kind": "home"}, {"number": "+31600000003", "kind": "work"}]
    new = [{"number": "+31100000002", "kind": "work"}, NUMBER]
    assert phones(had, old, new) == [
        {"number": "010-0000002", "kind": "work", "is_confidential": False},
        {**NUMBER, "is_confidential": False},
        had[0],
    ]
    assert phones(had, None, None) == [had[0], had[2]]
    assert digits("0031 6-00000001") == digits("+31600000001") == digits("0600000001")


def test_a_family_that_moves_gets_a_new_address_and_the_rest_stays(asking: Asking) -> None:
    """Who moves together by one request shares one new address id; who stays behind keeps the old."""
    before = record(asking, "pupils", "pupil_plain")["address"]
    office(asking.simulator, "behave", habit="accept")
    for name, role, spelling in (("a", "pupil_plain", "Zwolle"), ("b", "guardian_plain", "zwolle")):
        put(asking, name, request(asking, role, "address", {**HOME, "city": spelling}))
    put(asking, "c", request(asking, "guardian_restricted", "address", HOME, request="cor-2"))
    pupil, guardian = record(asking, "pupils", "pupil_plain"), record(asking, "guardians", "guardian_plain")
    assert pupil["address"]["id"] == guardian["address"]["id"] != before["id"]
    assert record(asking, "guardians", "guardian_restricted")["address"]["id"] != pupil["address"]["id"]
    assert {name: pupil["address"][name] for name in HOME} == HOME
    assert record(asking, "guardians", "guardian_shared_home")["address"] == before


def test_an_address_that_is_wrong_is_mended_for_all_who_share_it(asking: Asking) -> None:
    """Everyone with the address id has the mended address under the old id; a secret one stays secret."""
    before = record(asking, "pupils", "pupil_confidential")["address"]
    office(asking.simulator, "behave", habit="accept")
    put(
        asking,
        "a",
        request(asking, "pupil_confidential", "address", HOME, motive="error", is_for_all_at_address=True),
    )
    for stream, role in (("pupils", "pupil_confidential"), ("guardians", "guardian_confidential")):
        assert record(asking, stream, role)["address"] == {**before, **HOME}
    assert before["is_confidential"]


def test_contacts_are_matched_by_name_and_never_by_place(asking: Asking) -> None:
    """A known contact is changed in its own record, a new one added, one that is left out removed, unseen ones kept."""
    plain = record(asking, "emergency_contacts", "contact_plain")
    secret = record(asking, "emergency_contacts", "contact_confidential")
    unseen = record(asking, "emergency_contacts", "contact_without_phone")
    old = [
        {"name": secret["name"], "relation": secret["relation"], "phones": []},
        {"name": plain["name"], "relation": plain["relation"], "phones": []},
    ]
    new = [
        {"name": "Nieuwe Oppas", "relation": "oppas", "phones": [NUMBER]},
        {"name": secret["name"].upper(), "relation": "tante", "phones": []},
    ]
    office(asking.simulator, "behave", habit="accept")
    put(asking, "a", request(asking, "pupil_plain", "emergency_contacts", new, old=old))
    live = asking.simulator.world.records(SCHOOL, "emergency_contacts")
    of_pupil = [one for one in live.values() if one["pupil_id"] == plain["pupil_id"]]
    assert plain["id"] not in live
    assert live[unseen["id"]] == unseen
    assert (live[secret["id"]]["relation"], live[secret["id"]]["phones"]) == ("tante", secret["phones"])
    assert {one["name"] for one in of_pupil} == {"Nieuwe Oppas", secret["name"].upper(), unseen["name"]}


def test_medical_items_of_one_kind_are_changed_and_the_team_keeps_its_remark(asking: Asking) -> None:
    """Only items of the field's kind that the parent saw are touched; what is not in the value stays in the record."""
    known, past = (record(asking, "medical_items", role) for role in ("medical_medication", "medical_past"))
    names = ("name", "details", "instructions", "from_on", "until_on", "phone")
    old = [{name: known[name] for name in names}]
    allergy = record(asking, "medical_items", "medical_allergy")
    office(asking.simulator, "behave", habit="accept")
    new = [{**old[0], "instructions": "Drie pufjes"}, {**old[0], "name": "Zalf"}]
    put(asking, "a", request(asking, "pupil_plain", "medication", new, old=old))
    live = asking.simulator.world.records(SCHOOL, "medical_items")
    changed = live[known["id"]]
    assert (changed["instructions"], changed["internal_remark"]) == ("Drie pufjes", known["internal_remark"])
    assert (live[past["id"]], live[allergy["id"]]) == (past, allergy)
    assert [one["kind"] for one in live.values() if one["name"] == "Zalf"] == ["medication"]
    put(asking, "b", request(asking, "pupil_plain", "medication", [], old=new))
    left = asking.simulator.world.records(SCHOOL, "medical_items")
    assert known["id"] not in left
    assert past["id"] in left


def test_two_rivals_are_simply_two(asking: Asking) -> None:
    """Opposite wishes lie side by side and are decided one by one."""
    one = request(asking, "pupil_plain", "call_name", "Jan", rivals=["b"])
    two = request(asking, "pupil_plain", "call_name", "Johan", rivals=["a"], request="cor-2")
    assert [put(asking, "a", one)[0], put(asking, "b", two)[0]] == [201, 201]
    office(asking.simulator, "accept", id="b")
    office(asking.simulator, "refuse", id="a")
    assert record(asking, "pupils", "pupil_plain")["call_name"] == "Johan"


def test_one_about_who_left_is_refused_by_habit(asking: Asking) -> None:
    """A pupil that is gone when the office decides cannot be changed: by hand an error, by habit a refusal."""
    put(asking, "a", request(asking, "pupil_plain", "call_name", "Jan"))
    asking.simulator.world.remove(SCHOOL, "pupils", asking.simulator.world.roles(SCHOOL)["pupil_plain"])
    assert office(asking.simulator, "accept", id="a")["status"] == 400
    office(asking.simulator, "behave", habit="accept")
    assert standing(asking, "a")["status"] == "refused"  # type: ignore[index]  # it is there


@pytest.mark.parametrize("kind", ["reset", "server_error", "empty_body", "html_200", "half_page", "wrong_json"])
def test_an_answer_can_be_lost_after_the_work_was_done(asking: Asking, kind: str) -> None:
    """With `processed` the request is carried out and only its answer is lost; without, nothing was done."""
    faults = asking.simulator.faults
    body = request(asking, "guardian_plain", "call_name", "Nieuw")
    faults.add(kind, processed=True, method="PUT")
    assert standing(asking, "a") is None
    answer = asking.simulator.answer(
        "PUT",
        f"/v1/schools/{SCHOOL}/change_requests/a",
        "",
        {"Authorization": f"Bearer {asking.token}"},
        json.dumps(body).encode(),
    )
    assert answer.status != 201 or answer.action == "cut" or kind == "wrong_json"
    assert standing(asking, "a") is not None
    faults.add("server_error", method="PUT")
    assert put(asking, "b", body)[0] == 500
    assert standing(asking, "b") is None
