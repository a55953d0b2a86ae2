"""Corrections of a school without a system that takes them: letters through a real mail server, answered by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from connector.mail import Mailer, MailServer
from jobs.parts import CorrectionPlan, MailPlan
from schemas.corrections import Channel
from tests.integration.canaries import listening
from tests.integration.correction_bench import ask, decide, life, one, places, policy, ready, step, wish
from tests.mailbox import BREAK, CA, Mailbox, mailbox
from tests.rig import Rig

OFFICE = "kanarie-kantoor@school.example"
NAME, ALLERGY, STREET = "Kanarievanger", "Kanarieveren", "Kanariedijk"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A real mail server."""
    with mailbox() as server:
        yield server


@pytest.fixture
def school(rig: Rig, box: Mailbox) -> Rig:
    """A loaded school that is written to."""
    ready(rig)
    server = MailServer("localhost", "portaal@example.nl", box.port, ca_bundle=CA, timeout_seconds=5)
    plan = CorrectionPlan(Channel.MAIL, mail=MailPlan(Mailer(server), OFFICE))
    rig.parts = rig.parts._replace(corrections=plan)
    return rig


def _mails(box: Mailbox) -> list[EmailMessage]:
    return [message_from_bytes(content, policy=default) for content in box.arrived]


def _body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def _data(mail: EmailMessage) -> Any:
    (found,) = [one for one in mail.iter_attachments() if one.get_content_type() == "application/json"]
    return json.loads(found.get_content())


def test_one_letter_for_one_correction_closed_by_the_next_pull(school: Rig, box: Mailbox) -> None:
    """Both items travel in one letter; the school types one in and says nothing, and the other it refuses."""
    me = school.role("guardian_plain")
    ask(
        school,
        me,
        wish(school, "guardians", me, "call_name", NAME),
        wish(school, "guardians", me, "initials", "Q."),
    )
    step(school)
    step(school)
    assert places(school) == ["delivered", "delivered"]
    (mail,) = _mails(box)
    assert box.had_tls == [True]
    assert [item["number"] for item in _data(mail)["items"]] == [1, 2]
    assert "corr-0001" in _body(mail)
    assert NAME not in _body(mail) + str(mail["Subject"])
    school.world.patch(school.school, "guardians", me, call_name=NAME)
    school.sync()
    decide(school, "refuse", one(school, number=2), "record_is_right", "Zo staat het op het paspoort.")
    assert places(school) == ["confirmed", "closed:refused"]
    (seen,) = school.rows("SELECT * FROM portal_corrections WHERE number = 2")
    assert (seen["reason"], seen["note_parent"]) == ("record_is_right", "Zo staat het op het paspoort.")


def test_medical_items_never_travel_by_mail(school: Rig, box: Mailbox) -> None:
    """The letter says that there is one, and holds nothing of it, in no part."""
    me, child = school.role("guardian_plain"), school.role("pupil_plain")
    allergy = [{"name": ALLERGY, "details": "heftig"}]
    rows = school.rows("SELECT * FROM medical_items WHERE pupil_id = :p AND kind = 'allergy'", p=child)
    parts = ("name", "details", "instructions", "from_on", "until_on", "phone")
    base = [{part: None if row[part] is None else str(row[part]) for part in parts} for row in rows]
    ask(school, me, wish(school, "pupils", child, "allergies", [*base, *allergy], base=base))
    step(school)
    (mail,) = _mails(box)
    assert places(school) == ["delivered"]
    assert list(mail.iter_attachments()) == []
    assert "connector corrections review" in _body(mail)
    assert ALLERGY not in mail.as_string()
    assert ALLERGY.encode() not in box.arrived[0]


def test_a_refused_letter_is_undeliverable_seen_and_sent_again_by_a_person(school: Rig, box: Mailbox) -> None:
    """550: closed as undeliverable with its number; a person mends the address and retries."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", NAME))
    box.recipient = "550 no such user kanarie"
    step(school)
    assert (places(school), one(school).reason) == (["closed:undeliverable"], "smtp_550")
    box.recipient = ""
    decide(school, "retry", one(school))
    step(school)
    assert (places(school), len(box.arrived)) == (["delivered"], 1)


def test_a_letter_refused_for_now_goes_later(school: Rig, box: Mailbox) -> None:
    """451: nothing is closed; it goes when its time has come, once."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", NAME))
    box.data = "451 later"
    step(school)
    assert (places(school), one(school).error) == (["in_review"], "TransientError")
    box.data = ""
    step(school)
    assert box.arrived == []
    school.offset = timedelta(hours=1)
    step(school)
    assert (places(school), len(box.arrived)) == (["delivered"], 1)


def test_a_letter_of_unknown_fate_goes_again_under_the_same_name(school: Rig, box: Mailbox) -> None:
    """The line broke after the mail was handed over: the second says so, and has the same Message-ID and content."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", NAME))
    box.data, box.takes_before_it_breaks = BREAK, True
    step(school)
    assert one(school).sending_at is not None
    box.data = ""
    school.offset = timedelta(hours=1)
    step(school)
    first, second = _mails(box)
    assert first["Message-ID"] == second["Message-ID"]
    assert _data(first)["items"] == _data(second)["items"]
    assert "zelfde kenmerk" in _body(second)
    assert "zelfde kenmerk" not in _body(first)
    assert life(school) == ["submitted", "in_review", "delivered"]


def test_a_withdrawn_request_is_taken_back_by_letter(school: Rig, box: Mailbox) -> None:
    """The second letter holds the reference and nothing else."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", NAME))
    step(school)
    decide(school, "withdraw", one(school))
    step(school)
    step(school)
    asked, off = _mails(box)
    assert asked["Message-ID"] != off["Message-ID"]
    assert "corr-0001" in _body(off)
    assert NAME not in off.as_string()


def test_a_letter_of_unknown_fate_that_is_off_is_taken_back_too(school: Rig, box: Mailbox) -> None:
    """It may have been taken, so the school hears that it is off."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", NAME))
    box.data, box.takes_before_it_breaks = BREAK, True
    step(school)
    decide(school, "withdraw", one(school))
    box.data = ""
    step(school)
    asked, off = _mails(box)
    assert "corr-0001" in _body(asked)
    assert "corr-0001" in _body(off)
    assert (places(school), one(school).is_retraction_due) == (["closed:withdrawn"], False)


def test_a_server_that_is_set_wrong_stops_the_post_and_loses_nothing(school: Rig, box: Mailbox) -> None:
    """Without TLS on the other side nothing is sent; the items wait."""
    me = school.role("guardian_plain")
    ask(school, me, wish(school, "guardians", me, "call_name", NAME))
    plan = school.parts.corrections
    wrong = MailServer("localhost", "portaal@example.nl", box.port, security="tls", ca_bundle=CA, timeout_seconds=1)
    school.parts = school.parts._replace(corrections=plan._replace(mail=MailPlan(Mailer(wrong), OFFICE)))
    step(school)
    assert (places(school), box.arrived) == (["in_review"], [])
    school.parts = school.parts._replace(corrections=plan)
    school.offset = timedelta(hours=1)
    step(school)
    assert places(school) == ["delivered"]


def test_no_log_line_holds_a_name_an_address_or_a_value(
    school: Rig, box: Mailbox, capfd: pytest.CaptureFixture[str]
) -> None:
    """Through refusals, losses, decisions and confirmation: values are in the tables of corrections and the letter."""
    me, child = school.role("guardian_plain"), school.role("pupil_plain")
    home = {"street": STREET, "house_number": "1", "postal_code": "1234AB", "city": "Kanariestad"}
    policy(school, "pupils.address", "two_persons")
    with listening() as ear:
        ask(
            school,
            me,
            wish(school, "guardians", me, "call_name", NAME),
            wish(school, "guardians", me, "email", "kanarie@voorbeeld.test"),
            wish(school, "pupils", child, "address", home),
            wish(school, "pupils", child, "first_names", f"{NAME}\u202e", operation="change"),
            motive="moving",
        )
        for reply in ("550 kanarie unknown", "451 kanarie later", BREAK, ""):
            box.data = reply
            school.offset += timedelta(hours=7)
            step(school)
            if one(school).place.outcome is not None:
                for item in (one(school), one(school, number=2)):
                    decide(school, "retry", item)
        decide(school, "accept", one(school, number=3), by="an")
        decide(school, "accept", one(school, number=3), by="bo")
        school.world.patch(school.school, "guardians", me, call_name=NAME)
        school.sync()
    heard = [line for line in ear.heard if not line.startswith("mail.log ")]  # the server of the test itself
    said = "\n".join((*capfd.readouterr(), *heard)).lower()
    assert "correction_confirmed" in said
    assert places(school)[0] == "confirmed"
    for canary in ("kanarie", "voorbeeld.test", "1234ab", "1234 ab", "school.example"):
        assert canary not in said
    errors = [str(row) for row in school.rows("SELECT error, reason, needs FROM correction_items")]
    assert not any("anarie" in text for text in errors)
