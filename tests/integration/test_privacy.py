"""Whatever goes wrong in a run, a person's data is in the portal's tables and nowhere else."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
import requests
from sqlalchemy import Engine, event, text

from connector.portal.database import Database
from connector.simulator.answers import Answer, Simulator
from connector.simulator.world import World
from schemas.errors import ConnectorError
from schemas.ids import SchoolId
from schemas.sources.reference.catalogue import WIRE
from schemas.streams import Stream
from tests.architecture.fields_page import facts_of, view_of
from tests.integration import canaries
from tests.integration.canaries import NEVER, SHOWN, Ear, leaks, listening, plant, stored_leaks, table_leaks, told
from tests.rig import Rig

CANARY = SHOWN["name"]
MakeRig = Callable[..., Rig]


class Watch:
    """All that is said during a test: both streams, every library's log, and what was raised."""

    def __init__(self, capfd: pytest.CaptureFixture[str], ear: Ear) -> None:
        self.capfd, self.ear, self.raised = capfd, ear, list[str]()

    def try_to(self, do: Callable[[], Any]) -> Any:
        """Do it; keep what an error of ours would print. Any other error is a finding."""
        try:
            report = do()
        except ConnectorError as error:
            self.raised.append(told(error))
            return None
        self.raised.append(repr(report))
        return report

    def all(self) -> str:
        out, err = self.capfd.readouterr()
        return "\n".join([out, err, *self.ear.heard, *self.raised])


@pytest.fixture
def watch(capfd: pytest.CaptureFixture[str]) -> Iterator[Watch]:
    """All that is said, by us and by every library."""
    with listening() as ear:
        yield Watch(capfd, ear)


@pytest.fixture
def planted(watch: Watch, make_rig: MakeRig) -> Rig:
    """A school with canaries, every module open, not synced yet. Made after the watch, so that libraries talk."""
    rig = make_rig(pupils=20)
    plant(rig.world)
    rig.open()
    return rig


def url_of(rig: Rig) -> str:
    return rig.database.url.render_as_string(hide_password=False)


def settle(rig: Rig, watch: Watch) -> None:
    """Hold everything said and stored so far to the rule."""
    said = watch.all()
    assert leaks(said) == []
    assert stored_leaks(url_of(rig)) == []


def test_the_search_finds_what_is_there(planted: Rig, watch: Watch) -> None:
    """The canaries do arrive: each shown one is in a portal table, an ear hears the libraries, and a leak is found."""
    assert watch.try_to(planted.sync).attention == 0
    shown = table_leaks(url_of(planted), of_the_portal=True, canaries=SHOWN.values())
    assert {canary for canary in SHOWN.values() if any(canary in leak for leak in shown)} == set(SHOWN.values())
    if planted.database.dialect == "sqlite":
        assert len(canaries.file_leaks(url_of(planted), SHOWN.values())) >= len(SHOWN)
    assert any("sqlalchemy" in said for said in watch.ear.heard)
    assert leaks(watch.all()) == []
    watch.ear.heard.clear()
    print(CANARY)
    logging.getLogger("psycopg").warning("row: %s", CANARY)
    assert len(leaks(watch.all())) == 1
    with planted.database.engine.begin() as connection:
        values = {"school": planted.school, "name": NEVER["hidden note"]}
        connection.execute(text("UPDATE schools SET name = :name WHERE school_id = :school"), values)
    assert any("schools" in leak for leak in stored_leaks(url_of(planted)))


def test_a_normal_life_says_nothing(planted: Rig, watch: Watch) -> None:
    """First, quiet, full and dry runs and what happens in a SIS between them, at debug: nothing said, nothing kept."""
    watch.try_to(lambda: planted.sync(dry=True))
    watch.try_to(planted.sync)
    watch.try_to(planted.sync)
    for story in ("family_moves", "address_turns_secret", "note_loses_flag", "record_breaks", "pupil_removed"):
        planted.tell(story)
        watch.try_to(lambda: planted.sync(dry=True))
        watch.try_to(planted.sync)
    watch.try_to(lambda: planted.sync(full=True))
    watch.try_to(planted.replay)
    settle(planted, watch)


WRONG = ("birth_on", "gender", "status", "address", "phones", "year_group", "former_ids")
HALF_AN_ADDRESS = {"id": 7, "street": SHOWN["street"]}
BROKEN: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *(("pupils", "pupil_plain", {name: CANARY}) for name in WRONG),
    ("pupils", "pupil_plain", {"address": HALF_AN_ADDRESS}),
    ("guardians", "guardian_plain", {"phones": [SHOWN["phone"]]}),
    ("notes", "note_visible", {"noted_on": NEVER["hidden note"]}),
    ("notes", "note_visible", {"text": f"{SHOWN['note text']}\0"}),
    ("notes", "note_hidden", {"visible_to_parents": NEVER["hidden note"]}),
    ("support_plans", "plan_final", {"status": SHOWN["plan text"]}),
    ("news_items", "news_published", {"publish_from": SHOWN["news"]}),
    ("guardianships", "guardianship_restricted", {"authority": CANARY}),
    ("absences", "absence_illness", {"starts_at": NEVER["internal remark"]}),
    ("employees", "employee_teacher", {"work_email": [NEVER["private mail"]]}),
    ("emergency_contacts", "contact_plain", {"contact_order": SHOWN["whom to call"]}),
    ("medical_items", "medical_medication", {"kind": SHOWN["medicine"]}),
    ("medical_items", "medical_medication", {"time_from": SHOWN["what to do with it"]}),
    ("invoices", "invoice_sent", {"lines": [{"description": SHOWN["invoice"], "amount": SHOWN["invoice"]}]}),
    ("calendar_items", "calendar_staff", {"audience": NEVER["date of the staff"]}),
    ("reports", "report_published", {"document": SHOWN["report"]}),
    ("method_test_results", "method_test_rekenen", {"score": SHOWN["grade"]}),
    ("test_results", "test_final", {"levels": [{"kind": "AE", "value": SHOWN["test"]}]}),
)


@pytest.mark.parametrize("is_first_load", [True, False])
def test_a_record_that_breaks_the_contract_says_nothing(planted: Rig, watch: Watch, is_first_load: bool) -> None:
    """Every field in turn that holds what it may not, dry and real, full and incremental: codes and names only."""
    if not is_first_load:
        watch.try_to(planted.sync)
    seen = set()
    for stream, role, fields in BROKEN:
        before = planted.world.records(planted.school, stream)[planted.role(role)]
        planted.world.patch(planted.school, stream, planted.role(role), **fields)
        watch.try_to(lambda: planted.sync(dry=True))
        watch.try_to(planted.sync)
        seen |= {(row["stream"], row["field_path"]) for row in planted.rows("SELECT * FROM quarantine")}
        assert leaks(watch.all()) == [], (stream, fields)
        planted.world.patch(planted.school, stream, planted.role(role), **before)
    watch.try_to(lambda: planted.sync(full=True))
    watch.try_to(planted.replay)
    assert len(seen) > len(BROKEN) - 4
    settle(planted, watch)


NEW_STREAMS = (*canaries.FIELDS, "privacy_preferences")


@pytest.mark.parametrize("is_first_load", [True, False])
def test_every_field_in_turn_may_hold_what_it_may_not(planted: Rig, watch: Watch, is_first_load: bool) -> None:
    """In one sync each field of each of these streams is of a wrong type, in a record of its own, and holds a name."""
    if not is_first_load:
        watch.try_to(planted.sync)
    broken, wrong = set(), [CANARY, {CANARY: NEVER["internal remark"]}]
    for stream in NEW_STREAMS:
        fields = [name for name in WIRE[Stream(stream)].model_fields if name != "id"]
        records = list(planted.world.records(planted.school, stream))[-len(fields) :]
        for key, name in zip(records, fields, strict=True):
            planted.world.patch(planted.school, stream, key, **{name: wrong})
            broken.add((stream, key))
    watch.try_to(lambda: planted.sync(dry=True))
    watch.try_to(planted.sync)
    watch.try_to(lambda: planted.sync(full=True))
    watch.try_to(planted.replay)
    assert {(row["stream"], row["key"]) for row in planted.rows("SELECT * FROM quarantine")} == broken
    settle(planted, watch)


@pytest.mark.parametrize("different", [False, True])
def test_duplicates_say_nothing(planted: Rig, watch: Watch, different: bool) -> None:
    """The same record twice, alike or not, in a full pull: both are compared, and neither is told."""
    planted.sis.faults.add("duplicate_ids", stream="pupils", different=different)
    watch.try_to(planted.sync)
    settle(planted, watch)


def test_another_schools_data_is_kept_out(watch: Watch, make_rig: MakeRig) -> None:
    """A mix-up of schools stops the run; nothing of the other school is said or stored, shown or not."""
    rig = make_rig(pupils=20)
    other = "99BB00"
    rig.world.schools[other] = rig.world._draw(other, 20, "De Andere")
    plant(rig.world, other)
    rig.open()
    rig.sis.faults.add("other_school", times=None, other=other)
    watch.try_to(rig.sync)
    assert "WrongSchool" in watch.raised[0]
    assert table_leaks(url_of(rig), of_the_portal=True, canaries=SHOWN.values()) == []
    settle(rig, watch)


EVERYTHING = " ".join((*SHOWN.values(), *NEVER.values()))
JSON = ("Content-Type", "application/json")
PROBLEM = ("Content-Type", "application/problem+json")
HTML = ("Content-Type", "text/html")
QUERY = "/v1/schools/99AA00/pupils?page=" + CANARY
ANSWERS: dict[str, Answer] = {
    "500 problem": Answer(500, (PROBLEM,), f'{{"type": "about:{CANARY}", "title": "{EVERYTHING}"}}'.encode()),
    "500 text": Answer(500, (("Content-Type", "text/plain"),), EVERYTHING.encode()),
    "400 problem": Answer(400, (PROBLEM,), f'{{"type": "{CANARY}", "detail": "{EVERYTHING}"}}'.encode()),
    "403 html": Answer(403, (HTML,), f"<h1>{EVERYTHING}</h1>".encode()),
    "404 and a header": Answer(404, (PROBLEM, ("X-Pupil", CANARY), ("WWW-Authenticate", CANARY)), b"{}"),
    "401 always": Answer(401, (PROBLEM, ("WWW-Authenticate", f'Bearer error="{CANARY}"')), EVERYTHING.encode()),
    "429 and a wait": Answer(429, (PROBLEM, ("Retry-After", CANARY)), EVERYTHING.encode()),
    "html with 200": Answer(200, (HTML,), f"<h1>{EVERYTHING}</h1>".encode()),
    "half a page": Answer(
        200, (JSON,), f'{{"records": [{{"id": "{CANARY}", "x": "{EVERYTHING}'.encode(), "cut", full_length=9999
    ),
    "no JSON": Answer(200, (JSON,), f'{{"records": [{EVERYTHING}]}}'.encode()),
    "another shape": Answer(200, (JSON,), f'{{"{CANARY}": "{EVERYTHING}"}}'.encode()),
    "a list": Answer(200, (JSON,), f'["{EVERYTHING}"]'.encode()),
    "bad UTF-8": Answer(200, (JSON,), b'{"x": "\xff' + EVERYTHING.encode() + b'"}'),
    "records that are texts": Answer(
        200, (JSON,), f'{{"records": ["{EVERYTHING}"], "next": null, "cursor": "x"}}'.encode()
    ),
    "redirect": Answer(302, (("Location", f"https://elders.example.nl/{CANARY}?q={CANARY}"),)),
    "gzip that is none": Answer(200, (JSON, ("Content-Encoding", "gzip")), EVERYTHING.encode()),
    "odd type": Answer(200, (("Content-Type", f"text/{CANARY}"),), EVERYTHING.encode()),
}


@contextmanager
def answering(simulator: Simulator, wrong: Answer, times: int = 50) -> Iterator[None]:
    """Let the SIS give this instead of any page of pupils or notes."""
    usual, left = simulator.answer, [times]

    def answer(method: str, path: str, query: str, *rest: Any) -> Answer:
        if left[0] and path.endswith(("/pupils", "/notes")):
            left[0] -= 1
            return wrong
        return usual(method, path, query, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulator, "answer", answer)
        yield


@pytest.mark.parametrize("is_first_load", [True, False])
def test_an_answer_of_the_source_is_never_repeated(planted: Rig, watch: Watch, is_first_load: bool) -> None:
    """Errors, pages of HTML, halves and nonsense that carry the canaries: status and path are told, no body."""
    if not is_first_load:
        watch.try_to(planted.sync)
    for case, wrong in ANSWERS.items():
        planted.world.patch(planted.school, "notes", planted.role("note_visible"), category="observation")
        with answering(planted.sis, wrong):
            watch.try_to(planted.sync)
            watch.try_to(lambda: planted.sync(dry=True))
        assert leaks(watch.all()) == [], case
        planted.start_anew()
        planted.offset += timedelta(hours=5)  # what was refused is tried again
    assert len(planted.rows("SELECT * FROM runs")) >= len(ANSWERS)
    watch.try_to(planted.sync)
    settle(planted, watch)


FAILURES: dict[str, Exception] = {
    "timeout": requests.ReadTimeout(f"HTTPConnectionPool: Read timed out. url: {QUERY}"),
    "connection": requests.ConnectionError(f"Max retries exceeded with url: {QUERY} ({EVERYTHING})"),
    "chunked": requests.exceptions.ChunkedEncodingError(EVERYTHING),
    "invalid url": requests.exceptions.InvalidURL(QUERY),
    "certificate": requests.exceptions.SSLError(f"CERTIFICATE_VERIFY_FAILED {EVERYTHING}"),
}


def test_a_failing_connection_is_told_without_its_query(watch: Watch, make_rig: MakeRig) -> None:
    """A library's error whose text holds the URL and a body: ours holds neither, nor does it hang on ours."""
    failing: dict[str, Any] = {"error": None, "after": 0}

    def fail(call: int) -> None:
        if failing["error"] and call > failing["after"]:
            raise failing["error"]

    rig = make_rig(pupils=20, before_call=fail)
    plant(rig.world)
    rig.open()
    for case, error in FAILURES.items():
        rig.start_anew()
        failing.update(error=error, after=4)  # in the middle of the run
        watch.raised.clear()
        watch.try_to(lambda: rig.sync(full=True))
        assert watch.raised
        assert leaks(watch.all()) == [], case
        failing.update(error=None)
        watch.try_to(rig.sync)
    assert len([row for row in rig.rows("SELECT error FROM runs") if row["error"]]) >= len(FAILURES)
    settle(rig, watch)


@pytest.mark.parametrize("kind", ["next", "foreign"])
def test_a_next_page_that_fails_keeps_its_query_to_itself(planted: Rig, watch: Watch, kind: str) -> None:
    """The source points to a page whose query holds a name, here or at another address; neither is repeated."""
    location = QUERY if kind == "next" else f"https://elders.example.nl/v1/x?q={CANARY}"
    planted.sis.faults.add("foreign_next", times=None, location=location)
    watch.try_to(planted.sync)
    settle(planted, watch)


def unique_names(rig: Rig) -> None:
    with rig.database.engine.begin() as connection:
        connection.execute(text("CREATE UNIQUE INDEX one_name ON pupils (last_name)"))


def checked_names(rig: Rig) -> None:
    with rig.database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            check = f"CHECK (last_name <> '{CANARY}')"
            connection.execute(text(f"ALTER TABLE pupils ADD CONSTRAINT no_canary {check}"))
        else:
            connection.exec_driver_sql(
                f"CREATE TRIGGER no_canary BEFORE INSERT ON pupils WHEN NEW.last_name = '{CANARY}'"
                f" BEGIN SELECT RAISE(ABORT, 'row {CANARY}'); END"
            )


def without_a_column(rig: Rig) -> None:
    with rig.database.engine.begin() as connection:
        for view in ("portal_changes", "portal_notes"):
            connection.execute(text(f"DROP VIEW {view}"))
        connection.execute(text("ALTER TABLE notes DROP COLUMN title"))


BREAKS: dict[str, Callable[[Rig], None]] = {
    "unique": unique_names,
    "check": checked_names,
    "no column": without_a_column,
}


@pytest.mark.parametrize("case", BREAKS)
def test_a_refused_row_is_not_in_the_error(planted: Rig, watch: Watch, case: str) -> None:
    """A constraint that a row breaks: PostgreSQL's detail holds the row, our error, log and ledger do not."""
    BREAKS[case](planted)
    watch.ear.heard.clear()  # it heard the statement of this test
    watch.try_to(planted.sync)
    assert "DatabaseRefused" in watch.raised[0]
    settle(planted, watch)


@contextmanager
def driver_fails(rig: Rig, error: Exception, word: str) -> Iterator[None]:
    """Let the driver raise at the first statement with this word, as a full disk or a lost server makes it do."""

    def strike(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if word in statement:
            raise error

    event.listen(Engine, "before_cursor_execute", strike)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", strike)


DRIVER_ERRORS: dict[str, Exception] = {
    "disk": psycopg.errors.DiskFull(f"could not extend file; row: {EVERYTHING}"),
    "row": psycopg.errors.NotNullViolation(f"Failing row contains ({EVERYTHING})"),
    "text": psycopg.errors.InvalidTextRepresentation(f"invalid input: {EVERYTHING}"),
    "client": psycopg.DataError(f"cannot dump {EVERYTHING}"),
    "gone": psycopg.OperationalError(f"server closed the connection: {EVERYTHING}"),
    "sqlite full": sqlite3.OperationalError(f"database or disk is full {EVERYTHING}"),
    "sqlite row": sqlite3.IntegrityError(f"UNIQUE constraint failed {EVERYTHING}"),
    "sqlite bound": sqlite3.ProgrammingError(f"Error binding parameter {EVERYTHING}"),
}


@pytest.mark.parametrize("word", ["INSERT INTO pupils", "checkpoints", "quarantine"])
def test_a_drivers_text_is_never_passed_on(planted: Rig, watch: Watch, word: str) -> None:
    """Whatever a driver says, of full disks, rows and lost servers, ours says kind, state and table only."""
    for case, error in DRIVER_ERRORS.items():
        watch.raised.clear()
        with driver_fails(planted, error, word):
            watch.try_to(planted.sync)
        assert "Database" in watch.raised[0]
        assert leaks(watch.all()) == [], case
    settle(planted, watch)


def test_a_really_full_disk_and_a_really_lost_server_say_nothing(planted: Rig, watch: Watch) -> None:
    """SQLite at its largest size, PostgreSQL's backend ended in the middle: what the databases themselves tell."""
    is_sqlite = planted.database.dialect == "sqlite"
    if is_sqlite:

        @event.listens_for(planted.database.engine, "connect")
        def _small(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA max_page_count=80")

        planted.database.engine.dispose()
        watch.try_to(planted.sync)
    else:
        ended: list[bool] = []

        def strike(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if "INSERT INTO pupils" in statement and not ended:
                ended.append(True)
                other = Database(url_of(planted))
                with other.engine.begin() as killer, suppress(Exception):
                    pid = connection.connection.driver_connection.info.backend_pid
                    killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
                other.dispose()

        event.listen(planted.database.engine, "before_cursor_execute", strike)
        watch.try_to(planted.sync)
        assert ended
    assert "DatabaseUnavailable" in watch.raised[0]
    settle(planted, watch)


def test_what_leaves_the_portal_leaves_its_bytes_too(sqlite_url: str) -> None:
    """A note without its flag, an address turned secret, a removed child: after the run no byte of them is on the disk.

    Another program, the portal, keeps the file open all the time, so that SQLite does not tidy up by itself.
    """
    rig = Rig(sqlite_url, pupils=30)
    plant(rig.world)
    rig.open()
    rig.sync()
    url = url_of(rig)
    portal = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    assert portal.execute("SELECT count(*) FROM portal_notes").fetchone()[0]
    gone = (SHOWN["note text"], SHOWN["street"], SHOWN["mail"], SHOWN["plan text"])
    assert {leak.split(" in ")[0] for leak in canaries.file_leaks(url, gone)} == set(gone)
    rig.world.patch(rig.school, "notes", rig.role("note_visible"), visible_to_parents=False)
    rig.world.patch(rig.school, "support_plans", rig.role("plan_final"), status="withdrawn")
    for stream, role in (("pupils", "pupil_plain"), ("guardians", "guardian_plain")):
        home = rig.world.records(rig.school, stream)[rig.role(role)]["address"]
        secret = {"address": {**home, "is_confidential": True}}
        rig.world.patch(rig.school, stream, rig.role(role), **secret, **({"email": None} if "guard" in role else {}))
    rig.sync()
    assert rig.role("note_visible") not in rig.ids("notes")
    assert canaries.file_leaks(url, gone) == []
    rig.tell("pupil_removed")
    rig.close(*[module for module in rig_modules() if module not in {"personalia", "absentie"}])
    rig.sync()
    assert rig.ids("notes") == set()
    assert canaries.file_leaks(url, (SHOWN["news"], *NEVER.values())) == []
    portal.close()
    rig.dispose()


def test_a_reader_who_looks_back_keeps_nothing_for_ever(sqlite_url: str) -> None:
    """While the portal reads an old state its bytes must stay; the first run after that, a quiet one, wipes them."""
    rig = Rig(sqlite_url, pupils=20)
    plant(rig.world)
    rig.open()
    rig.sync()
    portal = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    portal.execute("BEGIN")
    assert portal.execute("SELECT count(*) FROM notes").fetchone()[0]
    rig.world.patch(rig.school, "notes", rig.role("note_visible"), visible_to_parents=False)
    began = datetime.now(UTC)
    rig.sync()
    assert datetime.now(UTC) - began < timedelta(seconds=10)
    assert portal.execute("SELECT count(*) FROM notes WHERE text = ?", (SHOWN["note text"],)).fetchone()[0] == 1
    portal.execute("COMMIT")
    rig.sync()
    assert canaries.file_leaks(url_of(rig), (SHOWN["note text"],)) == []
    portal.close()
    rig.dispose()


def rig_modules() -> list[Any]:
    from schemas.modules import Module

    return list(Module)


def test_every_sensitive_stream_carries_canaries() -> None:
    """Each stream that fields.md calls sensitive has a planted value in a record of it, and in a broken one.

    A relation has no words of its own: keys, codes and days.
    """
    world = World(7, date(2026, 11, 24), {canaries.SCHOOL: 20})
    before = {stream: str(world.records(canaries.SCHOOL, stream)) for stream in Stream}
    plant(world)
    planted = {stream for stream in Stream if str(world.records(canaries.SCHOOL, stream)) != before[stream]}
    sensitive = {stream for stream in Stream if any(fact.is_sensitive for fact in facts_of(view_of(stream)))}
    assert sensitive - {Stream.GUARDIANSHIPS} <= planted
    assert sensitive <= {Stream(stream) for stream, _, _ in BROKEN}


def test_the_school_is_the_planted_one() -> None:
    """The canaries are planted in the school that the bench syncs."""
    assert SchoolId(canaries.SCHOOL) == "99AA00"
