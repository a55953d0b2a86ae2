"""The SIS as a function from request to answer: docs/reference/sis-openapi.yaml without a network."""

import base64
import binascii
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote_plus

from connector.simulator import change_requests, misdeeds, reading
from connector.simulator.faults import Fault, Faults, Question
from connector.simulator.office import Office
from connector.simulator.pages import ExpiredError, cursor_place, page_of
from connector.simulator.reading import ProblemError
from connector.simulator.replies import Answer, json_answer, problem
from connector.simulator.world import STREAMS, World

__all__ = ["Answer", "LoggedRequest", "Simulator"]

CLIENTS: Mapping[str, str] = {"connector": "demo-secret"}
Grants = Mapping[str, Mapping[str, Iterable[str]]]


@dataclass(frozen=True)
class LoggedRequest:
    """One request as it was asked: the raw query, the streams it named, and the status it got (0: reset)."""

    sequence: int
    method: str
    path: str
    query: str
    streams: tuple[str, ...]
    status: int


@dataclass
class Simulator:
    """A SIS over a world.

    `clients` are ids with their secrets. `grants` says client → school → streams; None grants everything.
    `lacks` are streams that this SIS is too old to know. Both may name "change_requests" too. `page_cap` lowers
    every page. `clock` counts seconds for the life of tokens. `requests` logs every request of the contract,
    `faults` holds the misbehaviour to come, `office` what was put before the schools.
    Thread-safe.
    """

    world: World
    clients: Mapping[str, str] = field(default_factory=lambda: dict(CLIENTS))
    token_seconds: int = 300
    page_cap: int | None = None
    grants: Grants | None = None
    lacks: frozenset[str] = frozenset()
    clock: Callable[[], float] = time.monotonic
    faults: Faults = field(default_factory=Faults)
    requests: list[LoggedRequest] = field(default_factory=list)
    generation: int = 0
    office: Office = field(init=False)
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    _counter: int = 0
    _logged: int = 0

    def __post_init__(self) -> None:
        """Open the office of every school."""
        self.office = Office(self.world)

    def answer(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Answer one request of the contract; `path` is decoded, `query` is not. Never raises."""
        known = {name.lower(): value for name, value in (headers or {}).items()}
        with self.world.lock:
            question = reading.question(method, path, query)
            taken = self.faults.take(question)
            answer = self._misbehave(question, known, body, taken)
            self._log(question, body, answer)
        return answer

    def expire_pages(self) -> None:
        """Refuse every page token handed out so far."""
        self.generation += 1

    def expire_tokens(self) -> None:
        """Let every access token run out now."""
        self._tokens = {token: (client, self.clock()) for token, (client, _) in self._tokens.items()}

    def _log(self, question: Question, body: bytes, answer: Answer) -> None:
        self._logged += 1
        streams = (question.stream,) if question.stream else reading.asked_streams(question, body)
        status = 0 if answer.action == "reset" else answer.status
        self.requests.append(
            LoggedRequest(self._logged, question.method, question.path, question.query, streams, status)
        )

    def _misbehave(self, question: Question, headers: Mapping[str, str], body: bytes, taken: list[Fault]) -> Answer:
        late = sum(fault.seconds for fault in taken if fault.kind == "latency")
        other = next((fault for fault in taken if fault.kind != "latency"), None)
        try:
            answer = misdeeds.instead(other, question) if other else None
            if answer is not None and other is not None and other.processed:
                self._behave(question, headers, body, None)
            if other is not None and other.kind == "expired_token":
                self._tokens.pop(reading.bearer(headers) or "", None)
            answer = answer or self._behave(question, headers, body, other)
        except ProblemError as error:
            answer = problem(error.status, error.kind, error.detail, error.headers, error.more)
        if other is not None:
            answer = misdeeds.spoil(answer, other)
        return replace(answer, delay_seconds=late) if late else answer

    def _behave(self, question: Question, headers: Mapping[str, str], body: bytes, fault: Fault | None) -> Answer:
        if question.path == "/oauth/token":
            reading.only(question.method, "POST")
            return self._token(headers, body)
        client = self._client(headers)
        place = reading.SCHOOL_PATH.match(question.path)
        if place is None:
            raise ProblemError(404, "not-found", "There is nothing at this path.")
        asked, rest, document, change_request = place.groups()
        if asked not in self.world.schools:
            raise ProblemError(404, "unknown-school", "No such school here.")
        granted = self._granted(client, asked)
        school = misdeeds.school_served(self.world, asked, fault)
        if rest is None:
            reading.only(question.method, "GET")
            return self._school(school, granted)
        if document is not None:
            reading.only(question.method, "GET")
            return self._document(school, document, granted, question.query)
        if rest == "changes":
            reading.only(question.method, "POST")
            return self._changed(school, granted, body, fault)
        if rest == change_requests.GRANT:
            self._may_change(granted)
            if change_request is None:
                return self._standings(asked, school, question)
            return self._change_request(asked, school, change_request, question, body)
        if rest not in STREAMS or rest in self.lacks:
            raise ProblemError(404, "unknown-stream", "No such stream.")
        reading.only(question.method, "GET")
        return self._page(school, rest, granted, question.query, fault)

    def _token(self, headers: Mapping[str, str], body: bytes) -> Answer:
        scheme, _, text = headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(text, validate=True).decode() if scheme.lower() == "basic" else ""
        except (binascii.Error, ValueError):
            given = ""
        client, _, secret = (unquote_plus(part) for part in given.partition(":"))
        if not client or self.clients.get(client) != secret:
            challenge = (("WWW-Authenticate", 'Basic realm="sis"'),)
            raise ProblemError(401, "unauthorised", "Unknown client or wrong secret.", challenge)
        reading.grant_type(headers, body)
        self._counter += 1
        token = hashlib.sha256(f"{self.world.seed}:{client}:{self._counter}".encode()).hexdigest()
        self._tokens[token] = (client, self.clock() + self.token_seconds)
        return json_answer(
            {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds},
            (("Cache-Control", "no-store"),),
        )

    def _client(self, headers: Mapping[str, str]) -> str:
        client, until = self._tokens.get(reading.bearer(headers) or "", (None, 0.0))
        if client is None:
            challenge = (("WWW-Authenticate", "Bearer"),)
            raise ProblemError(401, "unauthorised", "A bearer token is needed; this is none of ours.", challenge)
        if until <= self.clock():
            challenge = (("WWW-Authenticate", 'Bearer error="invalid_token"'),)
            raise ProblemError(401, "token-expired", "The token has expired; ask for a new one.", challenge)
        return client

    def _granted(self, client: str, school: str) -> frozenset[str]:
        everything = (*STREAMS, change_requests.GRANT)
        streams = everything if self.grants is None else self.grants.get(client, {}).get(school)
        if streams is None:
            raise ProblemError(403, "not-granted", "This client may not read this school.")
        return frozenset(streams) - self.lacks

    def _school(self, code: str, granted: frozenset[str]) -> Answer:
        school = self.world.schools[code]
        streams = [stream for stream in STREAMS if stream in granted]
        year = reading.school_year_of(self.world)
        return json_answer({"school": code, "name": school.name, "school_year": year, "streams": streams})

    def _changed(self, code: str, granted: frozenset[str], body: bytes, fault: Fault | None) -> Answer:
        school = self.world.schools[code]
        cursors = reading.cursors(body)
        changed: list[str] = []
        expired: list[str] = []
        if self.lacks & cursors.keys():
            raise ProblemError(404, "unknown-stream", "No such stream.")
        for stream, cursor in cursors.items():
            if stream not in granted:
                raise ProblemError(403, "not-granted", "This client may not read one of these streams.")
            place = cursor_place(school, stream, cursor)
            if place is None or misdeeds.says_expired(fault, stream):
                expired.append(stream)
            elif school.shelves[stream].last_sequence() > place.sequence:
                changed.append(stream)
        return json_answer({"school": code, "changed": changed, "expired": expired})

    def _page(self, code: str, stream: str, granted: frozenset[str], query: str, fault: Fault | None) -> Answer:
        if stream not in granted:
            raise ProblemError(403, "not-granted", "This client may not read this stream.")
        wanted = misdeeds.wanted(reading.wanted(code, stream, query, self.page_cap), fault)
        try:
            page = page_of(self.world, wanted, self.generation)
        except ExpiredError as error:
            raise ProblemError(410, f"{error.what}-expired", f"This {error.what} is too old; start anew.") from None
        return Answer(200, (("Content-Type", "application/json"),), misdeeds.tamper(page, fault).body())

    def _may_change(self, granted: frozenset[str]) -> None:
        if change_requests.GRANT in self.lacks:
            raise ProblemError(404, "change-requests-not-supported", "This SIS takes no change requests.")
        if change_requests.GRANT not in granted:
            raise ProblemError(403, "not-granted", "This client may not put change requests.")

    def _standings(self, code: str, served: str, question: Question) -> Answer:
        reading.only(question.method, "GET")
        found = self.office.standings(code, change_requests.identifiers(question.query))
        return json_answer({"school": served, "change_requests": found})

    def _change_request(self, code: str, served: str, text: str, question: Question, body: bytes) -> Answer:
        reading.only(question.method, "PUT", "DELETE")
        identifier = change_requests.identifier(text)
        if question.query:
            raise ProblemError(400, "invalid-request", "A change request has no query parameters.")
        if question.method == "DELETE":
            return json_answer({"school": served, "change_request": self.office.retract(code, identifier)})
        is_new, standing = self.office.put(code, identifier, body)
        return json_answer({"school": served, "change_request": standing}, status=201 if is_new else 200)

    def _document(self, code: str, text: str, granted: frozenset[str], query: str) -> Answer:
        school, identifier = self.world.schools[code], reading.document_id(text, query)
        streams = school.streams_of(identifier)
        if not streams or identifier not in school.files:
            raise ProblemError(404, "unknown-document", "No such document.")
        if not granted.intersection(streams):
            raise ProblemError(403, "not-granted", "This client may not read the stream of this document.")
        file = school.files[identifier]
        return Answer(200, (("Content-Type", file.content_type),), file.body)
