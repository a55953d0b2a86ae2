"""Two processes that take in at the same moment, and what the portal's view tells of a secret."""

from __future__ import annotations

import threading

from jobs.correction_desk import selections_of
from jobs.submit_correction import submit
from jobs.take_in_corrections import take_in_all
from schemas.corrections import Channel
from schemas.submissions import Submission
from tests.integration.correction_bench import ask, decide, life, one, ready, shown, step, wish
from tests.rig import Rig

HOME = {"street": "Nieuwe Dijk", "house_number": "12", "postal_code": "1234 AB", "city": "Ergens"}


def _take_in(rig: Rig) -> None:
    with rig.database.session() as session, session.write() as connection:
        take_in_all(connection, rig.school, selections_of(connection, rig.school), rig.parts.clock())


def test_what_two_take_in_at_once_begins_once(rig: Rig) -> None:
    """The second waits for the first and finds nothing left: one beginning, one step into review, none doubled."""
    me = ready(rig).role("guardian_plain")
    ask(rig, me, wish(rig, "guardians", me, "address", HOME), wish(rig, "guardians", me, "email", "a@voorbeeld.test"))
    other = threading.Thread(target=_take_in, args=(rig,))
    with rig.database.session() as session, session.write() as connection:
        take_in_all(connection, rig.school, selections_of(connection, rig.school), rig.parts.clock())
        other.start()
        other.join(0.5)
    other.join(30)
    assert not other.is_alive()
    assert [life(rig, number=number) for number in (1, 2)] == [["submitted", "in_review"]] * 2


def test_of_two_that_submit_the_same_at_once_one_adds_it(rig: Rig) -> None:
    """The second waits for the first and says that it was there already."""
    me = ready(rig).role("guardian_plain")
    item = {"stream": "guardians", "key": me, "field": "email", "new": "a@voorbeeld.test"}
    given = Submission.model_validate({"requester": me, "motive": "error", "items": [item]})
    found: list[bool] = []

    def put_in() -> None:
        with rig.database.session() as session, session.write() as connection:
            found.append(submit(connection, rig.school, given, by="portal", now=rig.parts.clock()).is_new)

    other = threading.Thread(target=put_in)
    with rig.database.session() as session, session.write() as connection:
        assert submit(connection, rig.school, given, by="portal", now=rig.parts.clock()).is_new
        other.start()
        other.join(0.5)
    other.join(30)
    assert found == [False]


def test_what_the_school_accepted_instead_of_a_secret_is_not_told(rig: Rig) -> None:
    """Who asked sees what was asked; the address the school wrote instead is in no view."""
    ready(rig, Channel.MANUAL)
    (row,) = rig.rows(
        "SELECT a.guardian_id, a.pupil_id FROM portal_access a JOIN pupils p ON p.id = a.pupil_id"
        " AND p.school_id = a.school_id WHERE p.is_address_confidential AND a.level = 'full' ORDER BY 1 LIMIT 1"
    )
    assert shown(rig, "pupils", row["pupil_id"], "address") is None
    ask(rig, row["guardian_id"], wish(rig, "pupils", row["pupil_id"], "address", HOME), motive="moving")
    step(rig)
    assert one(rig).is_secret
    decide(rig, "accept", one(rig), final={**HOME, "street": "Geheimkanariehof"}, is_edited=True)
    (seen,) = rig.rows("SELECT * FROM portal_corrections")
    assert (seen["state"], seen["accepted_value"]) == ("awaiting", None)
    assert "Nieuwe Dijk" in seen["new_value"]
