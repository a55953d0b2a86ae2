"""How corrections end: late, given up, drifted, lost, answered twice, by hand, and purged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.bookkeeping import correction_queue
from jobs.review_corrections import overdue
from schemas.corrections import Channel, Need
from schemas.errors import CorrectionError
from tests.integration.correction_bench import (
    HOME,
    ask,
    decide,
    filed,
    life,
    office,
    one,
    places,
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
