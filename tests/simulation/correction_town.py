"""A small school whose parents ask for corrections, with everything that can go wrong between portal and school."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

import requests

from connector.bookkeeping import corrections
from connector.mail import Mailer
from connector.simulator.changes import apply
from connector.simulator.faults import Fault
from jobs.parts import CorrectionPlan, MailPlan
from schemas.corrections import Channel, Item
from schemas.errors import ConfigurationError, ConnectorError, CorrectionRefused, OutcomeUnknown, TransientError
from schemas.letters import Letter
from tests.integration import correction_bench as bench
from tests.rig import Rig
from tests.simulation.crash_bench import Crash, Tripwire

PUPILS, EXPIRE_DAYS, WATCH_DAYS, KEEP_DAYS = 6, 20, 8, 40
SCHOOL_MAIL = "kantoor@school.test"
REPEATED = "mogelijk al eerder aangekomen"

Sight = Mapping[str, Mapping[str, Any]]
"""The SIS at a moment: stream, key, record."""


class Wish(NamedTuple):
    """Who asks, about whom, which field. `whom` is a role; the requester's own for oneself."""

    requester: str
    stream: str
    whom: str
    field: str


def _wishes(requester: str, child: str, fields: str, own: str) -> list[Wish]:
    of_child = [Wish(requester, "pupils", child, field) for field in fields.split()]
    return [*of_child, *(Wish(requester, "guardians", requester, field) for field in own.split())]


_OF_CHILD = "call_name birth_on address emergency_contacts allergies"
WISHES: Mapping[str, Sequence[Wish]] = {
    "guardian_plain": [
        *_wishes("guardian_plain", "pupil_plain", _OF_CHILD, "phones email last_name address"),
        *_wishes("guardian_plain", "pupil_sibling", "address call_name", ""),
        *_wishes("guardian_plain", "pupil_confidential", "call_name", ""),
        Wish("guardian_plain", "guardians", "guardian_shared_home", "email"),
    ],
    "guardian_shared_home": _wishes("guardian_shared_home", "pupil_plain", _OF_CHILD, "address phones"),
    "guardian_confidential": _wishes(
        "guardian_confidential", "pupil_confidential", "address call_name", "address phones"
    ),
    "guardian_first_household": _wishes(
        "guardian_first_household", "pupil_two_households", "address call_name", "email"
    ),
    "guardian_second_household": _wishes("guardian_second_household", "pupil_two_households", "address call_name", ""),
    "guardian_restricted": _wishes("guardian_restricted", "pupil_restricted", "call_name", "email"),
}
SUBJECTS = sorted({(wish.stream, wish.whom, wish.field) for some in WISHES.values() for wish in some})
STREAMS = ("pupils", "guardians", "guardianships", "emergency_contacts", "medical_items")


def value(field: str, number: int) -> Any:
    """Give one of the few values that are ever asked for a field, so that wishes meet."""
    phones = [{"kind": "mobile", "number": f"06 1000 00 0{number}"}]
    home = {"street": f"Kanariestraat {number}", "house_number": "7", "house_number_suffix": None}
    nothing = dict.fromkeys(("details", "instructions", "from_on", "until_on", "phone"))
    found = {
        "phones": phones,
        "email": f"Kanarie{number}@Voorbeeld.test",
        "birth_on": f"2019-02-1{number}",
        "address": {**home, "postal_code": "1234ab", "city": "Ergens", "country": "NL"},
        "emergency_contacts": [{"name": f"Oma Kanarie {number}", "relation": "oma", "phones": phones}],
        "allergies": [{"name": f"Kanariezaad {number}", **nothing}],
    }
    return found.get(field, f"Kanarie  {number}")


class FalseMailer:
    """A mail server that takes letters, and fails as it was told to at the next ones."""

    def __init__(self, step: Callable[[], None]) -> None:
        self.step, self.troubles = step, list[str]()
        self.taken: list[tuple[str, Letter]] = []

    def message_id(self, name: str) -> str:
        """Give the Message-ID of a name."""
        return f"<{name}@portaal.test>"

    def send(self, letter: Letter, to: str, *, message_id: str, now: datetime, in_reply_to: str | None = None) -> None:
        """Take a letter, or fail before, after or for good."""
        self.step()
        assert to == SCHOOL_MAIL
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "before":
            raise TransientError("The mail server is away.")
        if trouble == "broken":
            raise ConfigurationError("The mail server refused the login.", fix="Check it.")
        if trouble == "refused":
            raise CorrectionRefused("The mail server refused the recipient (550).", code="smtp_550")
        if trouble != "lost":
            self.taken.append((message_id, letter))
        if trouble in {"after", "lost"}:
            raise OutcomeUnknown("The mail server broke off.")


class Town:
    """The school, its portal, its office and what is known of every wish beside the portal's tables."""

    def __init__(self, template: Path, folder: Path, today: date, channel: Channel) -> None:
        path = folder / "portal.db"
        shutil.copyfile(template, path)
        self.rig = Rig(f"sqlite:///{path}", pupils=PUPILS, today=today)
        self.wire = Tripwire(self.rig.database.engine)
        self.unreachable = 0
        self.rig.before_call = self._before_call
        self.mailer = FalseMailer(self.wire.step)
        mail = MailPlan(cast("Mailer", self.mailer), SCHOOL_MAIL)
        plan = CorrectionPlan(channel, 5, EXPIRE_DAYS, WATCH_DAYS, KEEP_DAYS, 10, mail)
        self.rig.parts = self.rig.parts._replace(corrections=plan)
        self.rig.start_anew()
        self.asked: dict[str, list[dict[str, Any]]] = {}
        self.requesters: dict[str, str] = {}
        self.finals: dict[tuple[str, str, str], list[Any]] = {}
        self.retries: Counter[tuple[str, int]] = Counter()
        self.first = self.sight()
        self.sights = [self.first]
        self.pulled = [self.first]
        self.is_healthy = True

    def _before_call(self, _number: int) -> None:
        self.wire.step()
        if self.unreachable > 0:
            self.unreachable -= 1
            raise requests.exceptions.ConnectTimeout("nobody there")

    def sight(self) -> Sight:
        """Give what the SIS says now."""
        return {stream: self.rig.world.records(self.rig.school, stream) for stream in STREAMS}

    def items(self) -> list[Item]:
        """Give every item in the tables."""
        with self.rig.database.session() as session, session.read() as connection:
            return corrections.everything(connection, self.rig.school)

    # what parents do

    def submit(self, correction: str, wishes: Sequence[tuple[Wish, Any]], motive: str, *, how: str = "portal") -> None:
        """Let a parent ask; `how` malformed spoils the first value, `blind` shows a base that was never true."""
        requester = self.rig.role(wishes[0][0].requester)
        rows = []
        for wish, new in wishes:
            record = self.rig.role(wish.whom)
            more = {"base": self._base(wish.stream, record, wish.field)}
            if how == "blind" and more["base"] is not None:
                more["base"] = value(wish.field, 9)
            rows.append(bench.wish(self.rig, wish.stream, record, wish.field, new, **more))
        if how == "malformed":
            rows[0]["new_value"] = '{"planet": "kanarie"'
        bench.ask(self.rig, requester, *rows, correction=correction, motive=motive)
        self.asked[correction], self.requesters[correction] = rows, requester

    def _base(self, stream: str, record: str, field: str) -> Any:
        """Give what the portal shows the parent."""
        if not self.rig.rows(f"SELECT id FROM {stream} WHERE id = :id", id=record):
            return None
        if field == "emergency_contacts":
            statement = "SELECT name, relation, phones FROM emergency_contacts WHERE pupil_id = :id"
            found = self.rig.rows(f"{statement} ORDER BY contact_order", id=record)
            return [{**one, "phones": json.loads(one["phones"])} for one in found] or None
        if field == "allergies":
            names = "name, details, instructions, from_on, until_on, phone"
            statement = f"SELECT {names} FROM medical_items WHERE pupil_id = :id AND kind = 'allergy' ORDER BY id"
            return self.rig.rows(statement, id=record) or None
        return bench.shown(self.rig, stream, record, field)

    def submit_again(self, correction: str) -> bool:
        """Send a correction whose id is known once more; tell whether it was taken as a new one."""
        head = {
            "school_id": self.rig.school,
            "id": correction,
            "requester_id": self.requesters[correction],
            "motive": "error",
            "submitted_at": self.rig.parts.clock(),
            "submitted_by": "portal",
        }
        with self.rig.database.session() as session, session.write() as connection:
            return corrections.submit(connection, head, [])

    # what runs

    def run(self, what: str, *, die_at: int | None = None) -> None:
        """Tend or sync, and die at a step of it where one is given; then the process starts anew."""
        faults = self.rig.sis.faults.waiting
        self.is_healthy = not (faults or self.unreachable or self.mailer.troubles or die_at)
        before = self.sight()
        if what == "sync":
            self.pulled.append(before)
        is_done = False
        if die_at is not None:
            self.rig.start_anew()
            with self.wire.armed(die_at), suppress(Crash, ConnectorError):
                self._run(what)
            self.rig.start_anew()
        else:
            with suppress(ConnectorError):
                self._run(what)
                is_done = True
        if is_done and what == "sync":
            self.pulled = [before]
        self.sights = [before, self.sight()]

    def _run(self, what: str) -> None:
        if what == "sync":
            self.rig.sync()
        else:
            bench.step(self.rig)

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        self.rig.sis.faults.clear()
        self.mailer.troubles.clear()
        self.unreachable = 0

    # what the school does

    def edit(self, stream: str, record: str, field: str, new: Any) -> None:
        """Let somebody at school type a value into the SIS."""
        asked = {"stream": stream, "record_id": record, "field": field, "old": self._base(stream, record, field)}
        more = {"new": new, "motive": "moving", "request": f"by hand {record}", "is_for_all_at_address": False}
        apply(self.rig.world, self.rig.school, {**asked, **more}, new, {})

    def requests(self) -> list[dict[str, Any]]:
        """Give what lies on the simulated office's desk."""
        return list(bench.queue(self.rig)["change_requests"])

    def decide(self, what: str, item: Item, *given: Any, by: str = "an", **more: Any) -> None:
        """Let a person of the school decide by command; what may not be decided is refused."""
        with suppress(ConnectorError):
            result = bench.decide(self.rig, what, item, *given, by=by, **more).result
            if what == "retry":
                self.retries[item.correction, item.number] += 1
            elif what == "accept" and "final" in more and result.startswith("accepted"):
                self.accepted_instead(item.correction, item.record_id, item.field, more["final"])

    def accepted_instead(self, correction: str, record: str, field: str, final: Any) -> None:
        """Remember what the school made of a wish."""
        self.finals.setdefault((correction, record, field), []).append(final)

    def fault(self, kind: str, method: str, *, processed: bool, times: int) -> None:
        """Let requests about change requests fail."""
        path = "/v1/schools/*/change_requests*"
        self.rig.sis.faults.add(Fault(kind, times=times, method=method, path=path, processed=processed))

    def pass_time(self, hours: int) -> None:
        """Let time pass."""
        self.rig.offset += timedelta(hours=hours)
