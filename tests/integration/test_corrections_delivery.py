"""Handing corrections over: once in effect whatever is lost on the way, and nobody waits for somebody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from connector.simulator.faults import Fault
from jobs.push_corrections import FAILURES_IN_A_ROW
from schemas.errors import DatabaseRefused, SchoolPaused
from schemas.pauses import Pause, Scope
from schemas.streams import Stream
from tests.integration.bench import rewrite
from tests.integration.correction_bench import (
    HEADS,
    ask,
    decide,
    filed,
    history,
    life,
    office,
    one,
    places,
    queue,
    ready,
    step,
    wish,
)
from tests.rig import Rig


@pytest.fixture
def school(rig: Rig) -> Rig:
    """A school that was loaded and takes change requests into its system."""
    return ready(rig)


def _later(school: Rig, hours: float) -> None:
    school.offset += timedelta(hours=hours)
    step(school)


@pytest.mark.parametrize("kind", ["reset", "server_error", "html_200", "half_page", "wrong_json"])
def test_a_lost_answer_is_asked_for_and_nothing_is_sent_again(school: Rig, kind: str) -> None:
    """The school's system took it and its answer was lost: the next time it is asked, and has it once."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    school.sis.faults.add(Fault(kind, method="PUT", processed=True))
    step(school)
    assert places(school) == ["in_review"]
    assert one(school).sending_at is not None
    step(school)
    assert places(school) == ["delivered"]
    assert (len(queue(school)["arrivals"]), queue(school)["created"]) == (1, {filed(school)[0]: 1})


def test_what_never_arrived_is_sent_again_later(school: Rig) -> None:
    """The connection broke before anything was taken: asked first, then sent once more when its time has come."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    school.sis.faults.add(Fault("reset", method="PUT"))
    step(school)
    step(school)
    assert (places(school), queue(school)["arrivals"]) == (["in_review"], [])
    _later(school, 1)
    assert places(school) == ["delivered"]
    assert queue(school)["created"] == {filed(school)[0]: 1}


def test_nothing_is_concluded_while_nobody_answers_the_question(school: Rig) -> None:
    """Answer lost, and the question about it fails too: the attempt stays written down, nothing is sent."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    school.sis.faults.add(Fault("reset", method="PUT", processed=True))
    step(school)
    school.sis.faults.add(Fault("server_error", path="*change_requests*", times=None))
    _later(school, 5)
    assert (places(school), len(queue(school)["arrivals"])) == (["in_review"], 1)
    school.sis.faults.clear()
    _later(school, 5)
    assert (places(school), len(queue(school)["arrivals"])) == (["delivered"], 1)


def test_what_the_school_shows_is_confirmed_though_its_desk_does_not_answer(school: Rig) -> None:
    """The change requests of the source are away, its records are not: the pull confirms, and nothing drifts."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    step(school)
    office(school).accept(school.school, filed(school)[0])
    school.sis.faults.add(Fault("server_error", path="*change_requests*", times=None))
    school.sync()
    assert places(school) == ["confirmed"]
    school.sis.faults.add(Fault("server_error", query="ids=", times=None))
    school.world.patch(school.school, "guardians", me, initials="Q.")
    school.sync()
    assert places(school) == ["confirmed"]


def test_a_poisoned_item_holds_up_no_other(school: Rig) -> None:
    """One that the source refuses is closed with its word; one that always fails waits; the others go."""
    me = school.role("guardian_plain")
    office(school).behave(school.school, "wait", untaken=["guardians.email"])
    ask(
        school,
        me,
        wish(school, "guardians", me, "email", "nieuw@voorbeeld.test"),
        wish(school, "guardians", me, "call_name", "Livia"),
    )
    step(school)
    assert places(school) == ["closed:undeliverable", "delivered"]
    assert (one(school).reason or "").startswith("source_refused:")


def test_a_source_that_is_away_for_a_day_is_not_hammered(school: Rig) -> None:
    """It is tried a few items at a time, later and later; when it is back all of them arrive, each once."""
    me, child = school.role("guardian_plain"), school.role("pupil_plain")
    wishes = [wish(school, "guardians", me, name, "Lieve") for name in ("call_name", "last_name", "initials")]
    wishes += [wish(school, "pupils", child, name, "Lieve") for name in ("call_name", "last_name", "first_names")]
    ask(school, me, *wishes)
    school.sis.faults.add(Fault("unavailable", method="PUT", times=None))
    step(school)
    tried = sum(request.method == "PUT" for request in school.sis.requests)
    assert tried == FAILURES_IN_A_ROW
    for _ in range(24):
        _later(school, 1)
    assert sum(request.method == "PUT" for request in school.sis.requests) < 24 * len(wishes)
    school.sis.faults.clear()
    for _ in range(8):
        _later(school, 6)
    assert places(school) == ["delivered"] * len(wishes)
    assert set(queue(school)["created"].values()) == {1}


def test_a_client_without_the_right_says_so_and_loses_nothing(school: Rig) -> None:
    """Not granted is a person's to mend: it stays in review with what happened, and goes when the right is there."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    streams = [stream.value for stream in Stream]
    school.sis.grants = {"connector": {school.school: streams}}
    step(school)
    assert (places(school), filed(school)) == (["in_review"], [])
    school.sis.grants = None
    _later(school, 1)
    assert places(school) == ["delivered"]


def test_the_same_submission_five_times_is_one(school: Rig) -> None:
    """The portal's second row of the same id is refused by the key; the same content under other ids is merged."""
    me = school.role("guardian_plain")
    item = wish(school, "guardians", me, "call_name", "Livia")
    for number in range(5):
        ask(school, me, item, correction=f"corr-{number}")
    step(school)
    assert [places(school, f"corr-{number}") for number in range(5)] == [["delivered"], *[["closed:merged"]] * 4]
    assert len(filed(school)) == 1
    head = school.rows("SELECT * FROM corrections WHERE id = 'corr-0'")[0]
    row = {**head, "effective_on": None, "submitted_at": school.parts.clock()}
    with pytest.raises(DatabaseRefused), school.database.session() as session, session.write() as connection:
        connection.execute(insert(HEADS), [row])


def test_a_paused_school_hands_nothing_over(school: Rig) -> None:
    """The kill switch holds for corrections too: nothing is taken in, asked or sent until it is lifted."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    paused = Pause(Scope.SCHOOL, school.school, school.parts.clock(), "an", "why")
    free = school.parts
    school.parts = free._replace(pause=lambda: paused, should_stop=lambda: True)
    with pytest.raises(SchoolPaused):
        school.sync()
    step(school)
    assert (places(school), filed(school)) == (["submitted"], [])
    school.parts = free
    school.sync()
    assert places(school) == ["delivered"]


def test_a_withdrawn_one_is_taken_back(school: Rig) -> None:
    """Who asked changes their mind: the school hears it; one it had accepted already stays off with us."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    step(school)
    decide(school, "withdraw", one(school))
    step(school)
    assert queue(school)["change_requests"][0]["status"] == "withdrawn"
    assert life(school)[-1] == "closed:withdrawn"
    assert not one(school).is_retraction_due


def test_the_portal_withdraws_by_one_column(school: Rig) -> None:
    """Set on an item at school and on one never taken in: both end withdrawn, by the guardian, and the school hears."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", "Livia"))
    step(school)
    ask(school, me, wish(school, "guardians", me, "initials", "Q."), correction="corr-2")
    rewrite(school, "correction_items", {"withdraw_asked_at": school.parts.clock()}, school_id=school.school)
    step(school)
    assert (places(school), places(school, "corr-2")) == (["closed:withdrawn"], ["closed:withdrawn"])
    assert [request["status"] for request in queue(school)["change_requests"]] == ["withdrawn"]
    assert {line.role for line in history(school)[-1:]} == {"guardian"}
