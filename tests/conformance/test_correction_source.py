"""Change requests to the simulated SIS over HTTP: put once in effect, whatever becomes of the answers."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import yaml

from connector.http import Http
from connector.simulator import change_requests
from connector.simulator.answers import Simulator
from connector.simulator.faults import Fault
from connector.simulator.server import running
from connector.sources.base import CorrectionSource
from connector.sources.edexml.source import EdexmlSource
from connector.sources.reference import ReferenceSource
from schemas.correction_fields import FIELDS
from schemas.corrections import ChangeRequest, Decision, Motive, Operation, Verdict
from schemas.errors import (
    ConnectorError,
    CorrectionRefused,
    OutcomeUnknown,
    SourceRefused,
    TransientError,
    WrongSchool,
)
from schemas.ids import SchoolId, SourceKey
from schemas.sources.reference.corrections import REASONS
from schemas.streams import Pull, Rejection, Stream
from tests.conformance.test_reference_source import SETTINGS
from tests.conformance.test_simulator_contract import CONTRACT
from tests.simulator_adapter import simulated_session
from tests.unit.simulator.asking import SCHOOL, simulator_of

HERE = SchoolId(SCHOOL)
CANARY = "Kanarie-van-Dijk"
ME = SourceKey("gua-000001")
REQUEST = ChangeRequest(
    key="item-1",
    correction="cor-1",
    requester=ME,
    stream=Stream.GUARDIANS,
    record=ME,
    field="call_name",
    operation=Operation.CHANGE,
    old=f"{CANARY}-oud",
    new=f"{CANARY}-nieuw",
    is_old_known=True,
    motive=Motive.ERROR,
    effective_on=None,
    submitted_at=datetime(2026, 11, 24, 7, tzinfo=UTC),
)
Live = tuple[Simulator, ReferenceSource]


@pytest.fixture
def live() -> Iterator[Live]:
    """A simulator over a real connection, and a source that waits a third of a second for an answer."""
    simulator = simulator_of(6)
    with running(simulator) as url:
        settings = SETTINGS._replace(base_url=url, timeout_seconds=0.3, deadline_seconds=1)
        yield simulator, ReferenceSource(Http(settings, sleep=lambda _seconds: None))


def created(simulator: Simulator) -> dict[str, int]:
    """Give how often each id was new to the office, by its own books."""
    found: dict[str, int] = simulator.office.queue(SCHOOL)["created"]
    return found


def test_it_takes_change_requests(live: Live) -> None:
    """The reference source is a CorrectionSource; one that reads files is not."""
    assert isinstance(live[1], CorrectionSource)
    assert not issubclass(EdexmlSource, CorrectionSource)


def test_five_times_put_has_one_effect(live: Live) -> None:
    """Five attempts with one key leave one request, one applied value, and the same answer."""
    simulator, source = live
    simulator.office.behave(SCHOOL, "accept")
    answers = [source.submit(HERE, REQUEST) for _ in range(5)]
    assert [answer.verdict for answer in answers] == [Verdict.PENDING, *[Verdict.ACCEPTED] * 4]
    books = simulator.office.queue(SCHOOL)
    assert (books["created"], books["applied"], books["arrivals"]) == ({"item-1": 1}, {"item-1": 1}, ["item-1"] * 5)
    assert simulator.world.records(SCHOOL, "guardians")[ME]["call_name"] == REQUEST.new


def test_five_times_put_at_once_has_one_effect(live: Live) -> None:
    """Five attempts at the same moment, from five threads, are one request to the office."""
    simulator, source = live
    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda _number: source.submit(HERE, REQUEST), range(5)))
    assert {answer.verdict for answer in answers} == {Verdict.PENDING}
    assert created(simulator) == {"item-1": 1}


def test_the_fields_and_reasons_are_one_list() -> None:
    """What parents may correct is what the simulated SIS takes, and every reason of the contract is one we know."""
    kinds = {"mail": "text"}
    assert {
        (field.stream.value, field.name): kinds.get(spec.kind.value, spec.kind.value) for field, spec in FIELDS.items()
    } == change_requests.VALUES
    words = yaml.safe_load(CONTRACT.read_text())["components"]["schemas"]["ChangeRequestStanding"]["properties"]
    assert words["reason"]["enum"] == [*REASONS, None] == [*change_requests.REASONS, None]
    assert words["status"]["enum"] == [verdict.value for verdict in Verdict]


@pytest.mark.parametrize("field", ["phones", "address", "emergency_contacts", "medication", "birth_on"])
def test_a_value_of_every_form_arrives_as_it_was_sent(live: Live, field: str) -> None:
    """Lists, addresses and days travel as they are, and once accepted they are read back whole."""
    phone = {"kind": "mobile", "number": "+31612345678"}
    item = {"name": "x", "details": None, "instructions": "y", "from_on": "2026-01-01", "until_on": None, "phone": None}
    home = {"street": "A", "house_number": "1", "house_number_suffix": None, "postal_code": "1234 AB"}
    value: Any = {
        "phones": [phone],
        "address": {**home, "city": "B", "country": "NL"},
        "emergency_contacts": [{"name": "x", "relation": None, "phones": [phone]}],
        "medication": [item],
        "birth_on": "2019-05-01",
    }[field]
    simulator, source = live
    request = REQUEST._replace(
        stream=Stream.PUPILS, record=SourceKey("pup-000001"), field=field, old=None, new=value, rivals=("item-2",)
    )
    assert source.submit(HERE, request).verdict is Verdict.PENDING
    (filed,) = simulator.office.queue(SCHOOL)["change_requests"]
    assert (filed["asked"]["new"], filed["asked"]["rivals"]) == (value, ["item-2"])
    streams = (Stream.PUPILS, Stream.EMERGENCY_CONTACTS, Stream.MEDICAL_ITEMS)
    before = {page.stream: page.cursor for page in source.pages(HERE, Pull(streams)) if page.is_last}
    simulator.office.accept(SCHOOL, "item-1")
    assert len(source.changed(HERE, {stream: one for stream, one in before.items() if one}).changed) == 1
    items = [item for page in source.pages(HERE, Pull(streams)) for item in page.items]
    assert not [item for item in items if isinstance(item, Rejection)]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset", "processed": True},
        {"kind": "server_error", "processed": True},
        {"kind": "empty_body", "processed": True},
        {"kind": "html_200", "processed": True},
        {"kind": "unavailable", "processed": True, "retry_after": None},
        {"kind": "latency", "seconds": 0.8},
        {"kind": "half_page"},
        {"kind": "half_page", "undeclared": True},
        {"kind": "wrong_json"},
    ],
)
def test_a_lost_answer_is_found_by_asking(live: Live, fault: dict[str, Any]) -> None:
    """When the answer is lost after the work, the outcome is unknown, one attempt was made, and asking finds it."""
    simulator, source = live
    simulator.faults.add(Fault(**fault, method="PUT"))
    with pytest.raises(OutcomeUnknown):
        source.submit(HERE, REQUEST)
    assert source.decisions(HERE, ["item-1"])["item-1"].verdict is Verdict.PENDING
    assert created(simulator) == {"item-1": 1}
    assert [one.method for one in simulator.requests].count("PUT") == 1


@pytest.mark.parametrize("kind", ["reset", "server_error"])
def test_a_lost_question_is_not_found_by_asking(live: Live, kind: str) -> None:
    """When the request itself was lost the outcome is as unknown, and asking says that it is not there."""
    simulator, source = live
    simulator.faults.add(kind, method="PUT")
    with pytest.raises(OutcomeUnknown):
        source.submit(HERE, REQUEST)
    assert source.decisions(HERE, ["item-1"]) == {}
    assert created(simulator) == {}


def test_nobody_there_is_no_unknown_outcome() -> None:
    """Where nothing listens nothing can have arrived: TransientError, and no more than that."""
    with running(simulator_of(1)) as url:
        pass
    http = Http(SETTINGS._replace(base_url=url), sleep=lambda _seconds: None)
    with pytest.raises(TransientError) as caught:
        ReferenceSource(http).submit(HERE, REQUEST)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_server_that_went_away_after_the_token_took_nothing() -> None:
    """With a token in hand, a put to a port on which nobody listens any more surely did not arrive."""
    with running(simulator_of(6)) as url:
        session = requests.Session()
        source = ReferenceSource(Http(SETTINGS._replace(base_url=url), session=session, sleep=lambda _seconds: None))
        source.describe(HERE)
    session.close()
    with pytest.raises(TransientError) as caught:
        source.submit(HERE, REQUEST)
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("kind", ["rate_limit_storm", "unavailable"])
def test_who_is_put_off_did_not_arrive(live: Live, kind: str) -> None:
    """Too many requests, or closed until a moment: nothing was done, and a later attempt does it once."""
    simulator, source = live
    simulator.faults.add(kind, method="PUT")
    with pytest.raises(TransientError) as caught:
        source.submit(HERE, REQUEST)
    assert not isinstance(caught.value, OutcomeUnknown)
    source.submit(HERE, REQUEST)
    assert created(simulator) == {"item-1": 1}


def test_an_expired_token_goes_unnoticed(live: Live) -> None:
    """A 401 is followed by one more attempt with a fresh token."""
    simulator, source = live
    simulator.faults.add("expired_token", method="PUT")
    assert source.submit(HERE, REQUEST).verdict is Verdict.PENDING
    assert created(simulator) == {"item-1": 1}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"record": SourceKey("nobody")}, "unknown-record"),
        ({"field": "lunch"}, "unknown-field"),
        ({"new": None, "field": "last_name"}, "bad-value"),
        ({"new": f"{CANARY}-ander"}, "id-taken"),
        ({"correction": ""}, "invalid-request"),
        ({"key": "../item"}, "unusable-key"),
        ({"key": ".."}, "unusable-key"),
    ],
)
def test_a_refusal_is_final_and_says_why(live: Live, changed: dict[str, Any], code: str) -> None:
    """What the SIS will never take is CorrectionRefused with its word."""
    simulator, source = live
    if code == "id-taken":
        source.submit(HERE, REQUEST)
    with pytest.raises(CorrectionRefused) as caught:
        source.submit(HERE, REQUEST._replace(**changed))
    assert caught.value.code == code
    assert created(simulator) == ({"item-1": 1} if code == "id-taken" else {})


def test_a_source_may_take_none_or_not_from_us() -> None:
    """An old SIS refuses each for good; one that does not grant it refuses us."""
    for more, error in (
        ({"lacks": frozenset({"change_requests"})}, CorrectionRefused),
        ({"grants": {"connector": {SCHOOL: ["pupils"]}}}, SourceRefused),
    ):
        session = simulated_session(simulator_of(1, **more))
        with pytest.raises(error):
            ReferenceSource(Http(SETTINGS, session=session)).submit(HERE, REQUEST)


def test_decisions_come_as_the_office_made_them(live: Live) -> None:
    """Accepted, edited, refused with a reason, withdrawn; each key is asked once, unknown ones are left out."""
    simulator, source = live
    for number in range(4):
        source.submit(HERE, REQUEST._replace(key=f"item-{number}"))
    office = simulator.office
    office.accept(SCHOOL, "item-0")
    office.accept(SCHOOL, "item-1", final="Anders")
    office.refuse(SCHOOL, "item-2", "record_is_right")
    withdrawn = source.retract(HERE, "item-3")
    keys = [f"item-{number}" for number in range(450)]
    found = source.decisions(HERE, [*keys, *keys, "no key"])
    at = {key: one.decided_at for key, one in found.items()}
    assert found == {
        "item-0": Decision("item-0", Verdict.ACCEPTED, at["item-0"]),
        "item-1": Decision("item-1", Verdict.ACCEPTED, at["item-1"], None, True, "Anders"),
        "item-2": Decision("item-2", Verdict.REFUSED, at["item-2"], "record_is_right"),
        "item-3": Decision("item-3", Verdict.WITHDRAWN, at["item-3"]),
    }
    assert withdrawn == found["item-3"]
    assert None not in at.values()
    assert [one.path.endswith("/change_requests") for one in simulator.requests].count(True) == 3


def test_taking_back_is_safe_to_repeat(live: Live) -> None:
    """A pending one is withdrawn, also when the first answer was lost; a decided one stays; an unknown one is None."""
    simulator, source = live
    for key in ("item-1", "item-2"):
        source.submit(HERE, REQUEST._replace(key=key))
    simulator.office.accept(SCHOOL, "item-2")
    simulator.faults.add("reset", method="DELETE", processed=True)
    taken_back, decided = source.retract(HERE, "item-1"), source.retract(HERE, "item-2")
    assert taken_back is not None
    assert taken_back.verdict is Verdict.WITHDRAWN
    assert decided is not None
    assert decided.verdict is Verdict.ACCEPTED
    assert source.retract(HERE, "item-9") is source.retract(HERE, "..") is None


def test_another_schools_answer_is_a_hard_stop(live: Live) -> None:
    """An answer that names another school is WrongSchool, whatever was asked."""
    simulator, source = live
    simulator.faults.add("other_school", times=None)
    for ask in (
        lambda: source.submit(HERE, REQUEST),
        lambda: source.decisions(HERE, ["item-1"]),
        lambda: source.retract(HERE, "item-1"),
    ):
        with pytest.raises(WrongSchool):
            ask()


def test_an_unknown_reason_is_other_and_an_unusable_answer_unknown(live: Live) -> None:
    """A reason we have no words for is `other`; with a NUL or another key in it an answer tells nothing."""
    simulator, source = live
    source.submit(HERE, REQUEST)
    filed = simulator.office.desks[SCHOOL].filed["item-1"]
    filed.status, filed.reason = "refused", f"{CANARY} in eigen woorden"
    assert source.decisions(HERE, ["item-1"])["item-1"].reason == "other"
    for name, value in (("final", ["a\x00b"]), ("id", "item-2"), ("status", "perhaps")):
        before = getattr(filed, name)
        setattr(filed, name, value)
        with pytest.raises(OutcomeUnknown):
            source.submit(HERE, REQUEST)
        setattr(filed, name, before)


def test_nothing_of_a_request_is_said(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """No value of a request, old or new, is in a log line, an event or an error, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    simulator, _ = live
    heard: list[object] = []
    with running(simulator) as url:
        settings = SETTINGS._replace(base_url=url, timeout_seconds=0.3, attempts=1)
        http = Http(settings, sleep=lambda _seconds: None, on_event=lambda *said: heard.append(said))
        source = ReferenceSource(http)
        told = ""
        for fault in ({"kind": "reset"}, {"kind": "wrong_json"}, {"kind": "latency", "seconds": 0.5}, None, "taken"):
            if isinstance(fault, dict):
                simulator.faults.add(Fault(**fault, method="PUT"))
            try:
                source.submit(HERE, REQUEST._replace(new=f"{CANARY}-2") if fault == "taken" else REQUEST)
            except ConnectorError as error:
                told += "".join(traceback.format_exception(error))
        simulator.office.accept(SCHOOL, "item-1", final=f"{CANARY}-3")
        source.decisions(HERE, ["item-1"])
    assert "OutcomeUnknown" in told
    assert "CorrectionRefused" in told
    assert heard
    assert CANARY not in told + caplog.text + repr(heard)
