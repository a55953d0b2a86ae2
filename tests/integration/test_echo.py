"""Echo: what a guardian asked for and the school did is nobody's news, and all else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy import event

from connector.mail import Mailer, MailServer
from jobs.parts import MailPlan
from mappings.brake import Limits
from schemas.corrections import Channel
from schemas.errors import TransientError
from schemas.modules import Module
from schemas.runs import RunStatus
from tests.integration.bench import NO_BRAKE, rewrite
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
    ready,
    shown,
    step,
    wish,
)
from tests.mailbox import CA, mailbox
from tests.rig import Rig

Line = tuple[str, str, str]
MINE = "guardian_plain"
AT_WORK = [{"kind": "work", "number": "+31301234567"}]


@pytest.fixture
def school(rig: Rig) -> Rig:
    """Everything open and loaded, nothing is news, and no brake is in the way of so small a school."""
    return opened(rig)


def opened(rig: Rig, channel: Channel = Channel.SOURCE) -> Rig:
    rig.parts = rig.parts._replace(school=rig.parts.school._replace(limits=NO_BRAKE))
    rig.open(*Module)
    ready(rig, channel)
    assert news(rig) == set()
    return rig


def news(rig: Rig) -> set[Line]:
    """Give stream, id and kind of all that is told to anybody."""
    return {(row["stream"], row["id"], row["kind"]) for row in rig.rows("SELECT * FROM portal_changes")}


def told_at(rig: Rig, stream: str, key: str) -> Any:
    (row,) = rig.rows(f"SELECT news_at FROM {stream} WHERE id = :id", id=key)
    return row["news_at"]


def handed_over(rig: Rig, *items: dict[str, Any], correction: str = "corr-0001", motive: str = "error") -> list[str]:
    """Ask, and bring it to the office; give the keys there."""
    before = set(filed(rig))
    ask(rig, rig.role(MINE), *items, correction=correction, motive=motive)
    step(rig)
    return [key for key in filed(rig) if key not in before]


def granted(rig: Rig, *items: dict[str, Any], **more: Any) -> None:
    """Ask, and let the office accept everything as it was asked; no pull has seen it yet."""
    for key in handed_over(rig, *items, **more):
        office(rig).accept(rig.school, key)


def my(rig: Rig, field: str, new: Any, **more: Any) -> dict[str, Any]:
    return wish(rig, "guardians", rig.role(MINE), field, new, **more)


@pytest.mark.parametrize("full", [False, True])
def test_a_phone_that_the_school_applied_is_silent(school: Rig, full: bool) -> None:
    """The row differs and the correction is confirmed, by an increment as by a full pull; it is told to nobody."""
    granted(school, my(school, "phones", PHONES))
    school.sync(full=full)
    assert (places(school), shown(school, "guardians", school.role(MINE), "phones")) == (["confirmed"], PHONES)
    assert news(school) == set()
    (row,) = school.rows("SELECT * FROM guardians WHERE id = :me", me=school.role(MINE))
    assert (row["news_at"], row["changed_at"] > row["first_shown_at"]) == (None, True)


def test_what_was_told_before_stays_told(school: Rig) -> None:
    """An echo tells nothing, and takes nothing back: the line of an earlier change keeps its moment."""
    me = school.role(MINE)
    school.world.patch(school.school, "guardians", me, call_name="Lies")
    school.sync()
    told = told_at(school, "guardians", me)
    assert told is not None
    granted(school, my(school, "phones", PHONES))
    school.sync()
    assert (places(school), told_at(school, "guardians", me)) == (["confirmed"], told)


def test_what_the_school_changed_beside_it_is_news(school: Rig) -> None:
    """The phone as asked and another name in the same pull: there is something to tell."""
    me = school.role(MINE)
    granted(school, my(school, "phones", PHONES))
    school.world.patch(school.school, "guardians", me, call_name="Lies")
    school.sync()
    assert places(school) == ["confirmed"]
    assert news(school) == {("guardians", me, "changed")}


def test_another_value_than_was_asked_is_news(school: Rig) -> None:
    """The office typed something else and did not say so; nothing is confirmed, and the guardian hears of it."""
    me = school.role(MINE)
    (key,) = handed_over(school, my(school, "phones", PHONES))
    office(school).accept(school.school, key, unchanged=True)
    other = [{"number": "030-1234567", "kind": "home", "is_confidential": False}]
    school.world.patch(school.school, "guardians", me, phones=other)
    school.sync()
    assert places(school) == ["awaiting"]
    assert news(school) == {("guardians", me, "changed")}


def test_two_corrections_in_one_row_are_silent_together(school: Rig) -> None:
    """A name and a mail of one guardian, both applied: the names that follow from the name are no more news than it."""
    granted(school, my(school, "last_name", "Nieuwenhuis"), my(school, "email", "nieuw@voorbeeld.test"))
    school.sync()
    assert places(school) == ["confirmed", "confirmed"]
    assert news(school) == set()


@pytest.mark.parametrize("is_heard_before", [False, True])
def test_what_the_office_accepted_instead_is_silent(school: Rig, is_heard_before: bool) -> None:
    """Edited before it was accepted: the requester is told in the answer, also when it comes in the run of the pull."""
    (key,) = handed_over(school, my(school, "last_name", "van Nieuwenhuis"))
    office(school).accept(school.school, key, final="Nieuwenhuis")
    if is_heard_before:
        step(school)
    assert places(school) == ["confirmed" if is_heard_before else "delivered"]
    school.sync()
    assert places(school) == ["confirmed"]
    assert shown(school, "guardians", school.role(MINE), "last_name") == "Nieuwenhuis"
    assert news(school) == set()


def test_without_an_answer_about_it_the_pull_goes_on(school: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source does not say what it made of a request: what it shows instead of the value asked for is told."""
    (key,) = handed_over(school, my(school, "last_name", "van Nieuwenhuis"))
    office(school).accept(school.school, key, final="Nieuwenhuis")
    unheard = Mock(side_effect=TransientError("The source did not answer."))
    monkeypatch.setattr(school.parts.source, "decisions", unheard)
    assert school.sync().status is RunStatus.DONE
    assert unheard.called
    assert (places(school), news(school)) == (["delivered"], {("guardians", school.role(MINE), "changed")})


def test_what_was_confirmed_before_the_pull_is_silent(school: Rig) -> None:
    """The record was fetched by key right after the school accepted; the pull that follows brings nothing new."""
    me = school.role(MINE)
    granted(school, my(school, "call_name", "Livia"))
    step(school)
    assert (places(school), shown(school, "guardians", me, "call_name") == "Livia") == (["confirmed"], False)
    school.sync()
    assert shown(school, "guardians", me, "call_name") == "Livia"
    assert news(school) == set()


@pytest.mark.parametrize("is_fetched_by_key", [False, True])
def test_back_and_onward_after_that_is_news(school: Rig, is_fetched_by_key: bool) -> None:
    """What somebody at school makes of it later is told, back to what it was, and also when it comes as asked again."""
    me = school.role(MINE)
    before = shown(school, "guardians", me, "call_name")
    granted(school, my(school, "call_name", "Livia"))
    if is_fetched_by_key:
        step(school)
    school.sync()
    assert (places(school), news(school)) == (["confirmed"], set())
    told = []
    for name in (before, "Livia", "LIVIA", "Lies"):
        school.world.patch(school.school, "guardians", me, call_name=name)
        school.sync()
        told.append(told_at(school, "guardians", me))
    assert None not in told
    assert told == sorted(set(told)), "each is a later piece of news"


def test_an_older_wish_is_no_excuse_for_a_change_back_to_it(school: Rig) -> None:
    """Asked and confirmed, then asked otherwise and confirmed; the school that goes back to the first is news."""
    me = school.role(MINE)
    for number, name in enumerate(("Livia", "Liva")):
        granted(school, my(school, "call_name", name), correction=f"corr-{number}")
        school.sync()
    assert (places(school, "corr-0"), places(school, "corr-1"), news(school)) == (["confirmed"], ["confirmed"], set())
    school.world.patch(school.school, "guardians", me, call_name="Livia")
    school.sync()
    assert news(school) == {("guardians", me, "changed")}


def test_after_the_days_of_watching_it_is_news(school: Rig) -> None:
    """A correction confirmed long ago explains nothing any more, even if the pull never came in between."""
    me = school.role(MINE)
    granted(school, my(school, "call_name", "Livia"))
    step(school)
    assert places(school) == ["confirmed"]
    school.offset = timedelta(days=school.parts.corrections.watch_days + 1)
    school.sync()
    assert news(school) == {("guardians", me, "changed")}


def test_an_automatic_one_is_silent(school: Rig) -> None:
    """Nobody at school looked; the guardian knows all the same."""
    policy(school, "guardians.phones", "automatic")
    ask(school, school.role(MINE), my(school, "phones", PHONES))
    step(school)
    assert places(school) == ["confirmed"]
    school.sync()
    assert shown(school, "guardians", school.role(MINE), "phones") == PHONES
    assert news(school) == set()


def test_a_delivery_without_an_answer_is_silent_too(school: Rig) -> None:
    """The source did it and the answer got lost: the pull comes before the question what became of it."""
    policy(school, "guardians.phones", "automatic")
    ask(school, school.role(MINE), my(school, "phones", PHONES))
    step(school)
    unheard = dict.fromkeys(("delivered_at", "decided_at", "decided_by", "confirmed_at", "channel"))
    rewrite(school, "correction_items", {**unheard, "state": "in_review", "sending_at": school.parts.clock()})
    school.sync()
    assert (places(school), news(school)) == (["confirmed"], set())


def test_a_family_that_moves_is_silent_for_everyone(school: Rig) -> None:
    """Guardian and child get another address record: no line to the requester and none to the co-parent."""
    me, child = school.role(MINE), school.role("pupil_plain")
    granted(school, my(school, "address", HOME), wish(school, "pupils", child, "address", HOME), motive="moving")
    had = {row["id"]: row["address_id"] for row in school.rows("SELECT id, address_id FROM pupils")}
    school.sync()
    assert (places(school), shown(school, "pupils", child, "address")) == (["confirmed", "confirmed"], HOME)
    (row,) = school.rows("SELECT address_id FROM pupils WHERE id = :id", id=child)
    assert row["address_id"] != had[child]
    assert school.rows("SELECT 1 FROM portal_pupils WHERE id = :id AND guardian_id <> :me", id=child, me=me)
    assert news(school) == set()


def test_an_address_put_right_for_all_is_silent_for_all(school: Rig) -> None:
    """Whoever shared the address is covered, the other parent there too, who asked for nothing; not who moves away."""
    other = school.role("guardian_shared_home")
    granted(school, wish(school, "pupils", school.role("pupil_plain"), "address", HOME))
    assert other not in {item.record_id for item in items(school)}
    school.sync()
    assert set(places(school)) == {"confirmed"}
    assert shown(school, "guardians", other, "address") == HOME
    assert news(school) == set()
    school.world.patch(school.school, "guardians", other, address=None)
    school.sync()
    assert news(school) == {("guardians", other, "changed")}


def test_a_secret_address_that_becomes_another_is_silent(school: Rig) -> None:
    """The row is blank before and after and only says that it is another home; a later move is told again."""
    me = school.role("guardian_confidential")
    ask(school, me, wish(school, "guardians", me, "address", HOME, base=None), motive="moving")
    step(school)
    decide(school, "accept", one(school))
    step(school)
    assert places(school) == ["confirmed"]
    (before,) = school.rows("SELECT * FROM guardians WHERE id = :me", me=me)
    school.sync()
    (after,) = school.rows("SELECT * FROM guardians WHERE id = :me", me=me)
    assert before["address_id"] != after["address_id"]
    assert (after["street"], news(school)) == (None, set())
    onward = {**HOME, "id": "adr-9", "is_confidential": True}
    school.world.patch(school.school, "guardians", me, address=onward)
    school.sync()
    assert news(school) == {("guardians", me, "changed")}


def contacts(rig: Rig, child: str) -> list[dict[str, Any]]:
    rows = rig.rows(
        "SELECT name, relation, phones FROM emergency_contacts WHERE pupil_id = :p ORDER BY contact_order", p=child
    )
    return [{**row, "phones": json.loads(row["phones"])} for row in rows]


@pytest.mark.parametrize("full", [False, True])
def test_a_list_of_contacts_as_it_was_asked_is_silent(school: Rig, full: bool) -> None:
    """One in front, one with another number, one away: three rows that differ or are new, and nothing to tell."""
    child = school.role("pupil_plain")
    base = contacts(school, child)
    new = [
        {"name": "Oma Verzonnen", "relation": "oma", "phones": PHONES},
        {**base[0], "phones": AT_WORK},
    ]
    granted(school, wish(school, "pupils", child, "emergency_contacts", new, base=base))
    school.sync(full=full)
    assert (places(school), contacts(school, child)) == (["confirmed"], new)
    assert news(school) == set()


def test_one_contact_more_than_was_asked_is_news(school: Rig) -> None:
    """The list is not the one that was asked for: all that differs in it is told."""
    child = school.role("pupil_plain")
    base = contacts(school, child)
    new = [{"name": "Oma Verzonnen", "relation": "oma", "phones": PHONES}, *base]
    granted(school, wish(school, "pupils", child, "emergency_contacts", new, base=base))
    like = next(iter(school.world.records(school.school, "emergency_contacts").values()))
    more = {**like, "id": "contact-more", "pupil_id": child, "name": "Opa Erbij", "contact_order": 9}
    school.world.put(school.school, "emergency_contacts", more)
    school.sync()
    assert places(school) == ["awaiting"]
    told = news(school)
    assert ("emergency_contacts", "contact-more", "new") in told
    assert len({line for line in told if line[2] == "new"}) == 2


def allergies(rig: Rig, child: str) -> list[dict[str, Any]]:
    rows = rig.rows(
        "SELECT name, details, instructions, from_on, until_on, phone FROM medical_items "
        "WHERE pupil_id = :p AND kind = 'allergy' ORDER BY id",
        p=child,
    )
    return [{name: value if value is None else str(value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("is_timed", [False, True])
def test_a_list_of_allergies_as_it_was_asked_is_silent(school: Rig, is_timed: bool) -> None:
    """One more allergy and other words at the old one; an hour that the school added by itself is news."""
    child = school.role("pupil_plain")
    base = allergies(school, child)
    assert base
    blank = dict.fromkeys(base[0])
    new = [{**base[0], "instructions": "Bel eerst de ouders"}, {**blank, "name": "Bijen"}]
    granted(school, wish(school, "pupils", child, "allergies", new, base=base))
    listed = school.world.records(school.school, "medical_items")
    (added,) = (key for key, item in listed.items() if item["name"] == "Bijen")
    if is_timed:
        school.world.patch(school.school, "medical_items", added, time_from="12:00")
    school.world.patch(school.school, "medical_items", school.role("medical_allergy"), internal_remark="gezien")
    school.sync()
    assert places(school) == ["confirmed"]
    assert news(school) == ({("medical_items", added, "new")} if is_timed else set())


def test_a_school_that_typed_it_in_by_hand_is_silent(rig: Rig) -> None:
    """Nobody told us anything: the pull shows what was asked, and it is confirmed and no news."""
    opened(rig, Channel.MANUAL)
    _typed_in(rig)


def test_a_school_that_typed_it_in_from_a_mail_is_silent(rig: Rig) -> None:
    """So it is where the request went by mail; the source is not asked what became of it, for it never had it."""
    with mailbox() as box:
        mailer = Mailer(MailServer("localhost", "ouders@voorbeeld.test", box.port, ca_bundle=CA, timeout_seconds=5))
        opened(rig, Channel.MAIL)
        plan = rig.parts.corrections._replace(mail=MailPlan(mailer, "school@voorbeeld.test"))
        rig.parts = rig.parts._replace(corrections=plan)
        _typed_in(rig)
        assert len(box.arrived) == 1


def _typed_in(rig: Rig) -> None:
    ask(rig, rig.role(MINE), my(rig, "call_name", "Livia"))
    step(rig)
    assert (places(rig), filed(rig)) == (["delivered"], [])
    rig.world.patch(rig.school, "guardians", rig.role(MINE), call_name=" Livia ")
    rig.sync()
    assert (places(rig), news(rig)) == (["confirmed"], set())


def test_what_the_brake_lets_go_later_is_silent_then(make_rig: Callable[..., Rig]) -> None:
    """Contacts wait for a person with those that they replace; approved, they come in silence before the old go."""
    rig = make_rig(limits=Limits(share=0.0, rows=0))
    rig.open(*Module)
    ready(rig)
    child = rig.role("pupil_plain")
    base = contacts(rig, child)
    new = [{**base[0], "phones": AT_WORK}, {"name": "Oma Verzonnen", "relation": "oma", "phones": PHONES}]
    granted(rig, wish(rig, "pupils", child, "emergency_contacts", new, base=base))
    report = rig.sync()
    assert report.held > 0
    assert (places(rig), news(rig)) == (["awaiting"], set())
    rig.approve(report.run_id)
    rig.sync()
    assert (places(rig), contacts(rig, child)) == (["confirmed"], new)
    assert news(rig) == set()


@pytest.mark.parametrize("is_heard_before", [False, True])
def test_a_refused_wish_that_comes_true_is_news(school: Rig, is_heard_before: bool) -> None:
    """The school said no and does it later all the same: the guardian cannot know."""
    (key,) = handed_over(school, my(school, "call_name", "Livia"))
    office(school).refuse(school.school, key, "other")
    if is_heard_before:
        step(school)
    school.world.patch(school.school, "guardians", school.role(MINE), call_name="Livia")
    school.sync()
    assert news(school) == {("guardians", school.role(MINE), "changed")}


def test_a_school_without_corrections_pays_two_looks(school: Rig) -> None:
    """A run that alters something looks once for what it may bring and once for an address that turned secret.

    It, and a quiet one too, looks once for what is to be tended.
    """
    asked: list[str] = []

    @event.listens_for(school.database.engine, "before_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "correction_items" in statement:
            asked.append(statement)

    school.sync()
    of_a_quiet_run = len(asked)
    asked.clear()
    school.world.patch(school.school, "guardians", school.role(MINE), call_name="Lies")
    school.world.patch(school.school, "pupils", school.role("pupil_plain"), call_name="Sam")
    school.world.patch(school.school, "emergency_contacts", school.role("contact_plain"), name="Opa")
    school.world.patch(school.school, "medical_items", school.role("medical_allergy"), details="Noten")
    school.sync()
    assert len({line[0] for line in news(school)}) == 4
    assert (of_a_quiet_run, len(asked)) == (1, 3)
