"""The simulator and the written contract (docs/reference/sis-openapi.yaml) are equal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from connector.simulator.server import app
from connector.simulator.shelf import DATED
from connector.simulator.world import STREAMS
from tests.unit.simulator.asking import SCHOOL, Asking, ids, simulator_of

CONTRACT = Path(__file__).parents[2] / "docs" / "reference" / "sis-openapi.yaml"
ANSWERS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
GOOD = {"PUT {change_request}": (200, 201, 409, 422), "DELETE {change_request}": (200, 404)}
SIMULATOR = simulator_of(40)
CLIENT = Asking(SIMULATOR)


Request = schemathesis.Case[Any]
Test = Callable[[Request], None]


def contract(mode: GenerationMode) -> Any:
    """Return the contract as schemathesis reads it, answered by the simulator in process."""
    schema = schemathesis.openapi.from_path(CONTRACT)
    schema.app = app(SIMULATOR)
    schema.config.generation.update(modes=[mode])
    return schema


def each(schema: Any) -> Callable[[Test], Test]:
    """Return the decorator that runs a test for every operation."""
    decorator: Callable[[Test], Test] = schema.parametrize()
    return decorator


good = contract(GenerationMode.POSITIVE)
bad = contract(GenerationMode.NEGATIVE)


def credentials(case: Request) -> dict[str, str]:
    """Return the header that lets a request through."""
    basic = "Basic Y29ubmVjdG9yOmRlbW8tc2VjcmV0"
    return {"Authorization": basic if case.path == "/oauth/token" else f"Bearer {CLIENT.token}"}


@each(good)
@EXAMPLES
def test_every_good_request_is_answered_as_written(case: Request) -> None:
    """Whatever the contract allows is answered with a status, headers and a body that it describes."""
    if "school" in case.path_parameters:
        case.path_parameters["school"] = SCHOOL
    if "document" in case.path_parameters:
        case.path_parameters["document"] = SIMULATOR.world.records(SCHOOL, "reports")["rep-000001"]["document"]["id"]
    for surplus in [name for name in ("ids", "cursor", "page", "period") if name in case.query][1:]:
        del case.query[surplus]  # at most one of the four, which OpenAPI can say in prose only
    if "period" in case.query:
        case.query["period"] = "2025-08-01/2026-07-31"  # days that exist, in order: prose again
    response = case.call(headers=credentials(case))
    case.validate_response(response, checks=ANSWERS)
    assert response.status_code in GOOD.get(f"{case.method} {case.path.rpartition('/')[2]}", (200, 410))


@each(bad)
@EXAMPLES
def test_every_bad_request_is_refused_as_written(case: Request) -> None:
    """Whatever the contract forbids is refused with a status and a problem that the contract describes."""
    case.call_and_validate(headers=credentials(case), checks=[*ANSWERS, negative_data_rejection])


@each(good)
@settings(EXAMPLES, max_examples=2)
def test_nothing_but_the_token_call_is_answered_without_a_token(case: Request) -> None:
    """Without credentials, or with invented ones, every operation answers 401 with a challenge."""
    case.call_and_validate(headers=credentials(case), checks=[ignored_auth])


@pytest.mark.parametrize("stream", STREAMS)
def test_every_record_is_as_written(stream: str) -> None:
    """Every record of a school satisfies the contract, and has exactly the fields that it names."""
    case = good[f"/v1/schools/{{school}}/{stream}"]["GET"].Case(
        path_parameters={"school": SCHOOL}, query={"page_size": 1000}
    )
    response = case.call(headers=credentials(case))
    case.validate_response(response, checks=ANSWERS)
    page = response.json()
    assert len(page["records"]) == page["count"] > 0
    fields = record_schema(stream)["properties"].keys()
    assert {frozenset(record) for record in page["records"]} == {frozenset(fields)}


@pytest.mark.parametrize("stream", STREAMS)
def test_every_field_of_a_record_is_required(stream: str) -> None:
    """No field may be left out: what is unknown is null."""
    schema = record_schema(stream)
    assert schema["required"] == list(schema["properties"])


def test_the_contract_names_the_streams_of_the_simulator() -> None:
    """Stream names, paths and the pages' own names are one list."""
    schemas = good.raw_schema["components"]["schemas"]
    paths = [path.rpartition("/")[2] for path in good.raw_schema["paths"] if path.count("/") == 4]
    assert schemas["StreamName"]["enum"] == list(STREAMS)
    assert [path for path in paths if path not in ("changes", "change_requests")] == list(STREAMS)


CHANGE = "/v1/schools/{school}/change_requests/{change_request}"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 201),
        ({}, 200),
        ({"motive": "error"}, 409),
        ({"field": "lunch"}, 422),
        ({"field": "email", "old": None, "new": ["a"]}, 422),
        ({"record_id": "nobody"}, 422),
    ],
)
def test_a_change_request_is_answered_as_written(changed: dict[str, Any], status: int) -> None:
    """The contract's own example is put, is there already, has its id taken; what cannot be done has a code."""
    simulator = simulator_of(6)
    schema = contract(GenerationMode.POSITIVE)
    schema.app = app(simulator)
    token = {"Authorization": f"Bearer {Asking(simulator).token}"}
    body = schema.raw_schema["paths"][CHANGE]["put"]["requestBody"]["content"]["application/json"]["example"]
    place = {"school": SCHOOL, "change_request": "chg-1"}
    if status in (200, 409):
        schema[CHANGE]["PUT"].Case(path_parameters=place, body=body, media_type="application/json").call(headers=token)
    case = schema[CHANGE]["PUT"].Case(path_parameters=place, body={**body, **changed}, media_type="application/json")
    response = case.call(headers=token)
    case.validate_response(response, checks=ANSWERS)
    assert response.status_code == status
    asked = schema["/v1/schools/{school}/change_requests"]["GET"].Case(
        path_parameters={"school": SCHOOL}, query={"ids": "chg-1,chg-2"}
    )
    found = asked.call(headers=token)
    asked.validate_response(found, checks=ANSWERS)
    assert len(found.json()["change_requests"]) == (status != 422)


def record_schema(stream: str) -> dict[str, Any]:
    """Return the schema of a stream's records."""
    schemas = good.raw_schema["components"]["schemas"]
    page = next(
        schema
        for name, schema in schemas.items()
        if name.endswith("Page") and "allOf" in schema and schema["allOf"][1]["properties"]["stream"]["const"] == stream
    )
    name = page["allOf"][1]["properties"]["records"]["items"]["oneOf"][0]["$ref"].rpartition("/")[2]
    found: dict[str, Any] = schemas[name]
    return found


def test_an_enumeration_covers_every_record_once() -> None:
    """Pages of any size hold together every live record exactly once, with the true count on each page."""
    asking = Asking(simulator_of(60))
    live = asking.simulator.world.records(SCHOOL, "absences")
    for size in (1, 7, 100, 1000):
        pages = asking.pages("absences", f"page_size={size}")
        assert [one for page in pages for one in ids(page)] == list(live)
        assert {page["count"] for page in pages} == {len(live)}
        assert [page["cursor"] is None for page in pages] == [True] * (len(pages) - 1) + [False]


@pytest.mark.parametrize("stream", DATED)
def test_periods_side_by_side_hold_each_record_once(stream: str) -> None:
    """Every record lies in one period by its day; each page counts the records of its period, and none has a cursor."""
    asking = Asking(simulator_of(60))
    live = {
        key
        for key, record in asking.simulator.world.records(SCHOOL, stream).items()
        if record[DATED[stream]] is not None
    }
    found: list[str] = []
    for period in ("2000-01-01/2025-07-31", "2025-08-01/2026-11-10", "2026-11-11/2040-12-31"):
        pages = asking.pages(stream, f"period={period}&page_size=7")
        keys = [one for page in pages for one in ids(page)]
        assert {(page["mode"], page["count"], page["cursor"]) for page in pages} == {("period", len(keys), None)}
        found += keys
    assert sorted(found) == sorted(live)


def test_a_period_ends_with_its_last_day_in_amsterdam() -> None:
    """An instant belongs to the day it has in the school's zone, however it is written, in summer and in winter."""
    asking = Asking(simulator_of(12))
    for day, instant in (("2026-07-02", "2026-07-01T22:30:00Z"), ("2026-01-02", "2026-01-01T23:30:00Z")):
        asking.simulator.world.patch(SCHOOL, "absences", "abs-000001", starts_at=instant)
        for period, is_in in ((f"{day}/{day}", True), (f"2020-01-01/{day[:-1]}1", False)):
            assert ("abs-000001" in ids(asking.page("absences", f"period={period}"))) is is_in


@pytest.mark.parametrize(
    ("stream", "query"),
    [
        ("pupils", "period=2025-08-01/2026-07-31"),
        ("notes", "period=2026-07-31/2025-08-01"),
        ("notes", "period=2025-02-30/2026-07-31"),
        ("notes", "period=2025-08-01"),
        ("notes", "period=2025-08-01/2026-07-31&ids=not-000001"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(stream: str, query: str) -> None:
    """A stream without days, a period that ends before it begins, days that do not exist: 400 and no records."""
    assert Asking(simulator_of(12)).answer(f"/{stream}", query).status == 400


def test_a_server_may_send_smaller_pages_than_asked() -> None:
    """With a cap of its own the server sends less than page_size, and the enumeration is still whole."""
    asking = Asking(simulator_of(60, page_cap=9))
    pages = asking.pages("pupils", "page_size=1000")
    assert [len(page["records"]) for page in pages] == [9] * 6 + [6]


def test_changes_since_a_cursor_are_those_and_no_others() -> None:
    """After a cursor come the changed, added and removed records, each once in its last state."""
    asking = Asking(simulator_of(12))
    world = asking.simulator.world
    cursor = asking.page("notes")["cursor"]
    assert asking.since("notes", cursor)["records"] == []
    world.patch(SCHOOL, "notes", "not-000001", title="een")
    world.patch(SCHOOL, "notes", "not-000001", title="twee")
    world.remove(SCHOOL, "notes", "not-000002")
    added = {**world.records(SCHOOL, "notes")["not-000003"], "id": "not-x"}
    world.put(SCHOOL, "notes", added)
    world.patch(SCHOOL, "pupils", "pup-000001", call_name="Anders")
    page = asking.since("notes", cursor)
    assert (page["mode"], page["count"], ids(page)) == (
        "changes",
        None,
        ["not-000001", "not-000002", "not-x"],
    )
    assert page["records"][0]["title"] == "twee"
    assert page["records"][1].keys() == {"id", "deleted", "changed_at"}
    assert asking.since("notes", page["cursor"])["records"] == []


def test_changes_come_in_pages_too() -> None:
    """More changes than fit on a page are paged, and the last page alone has the cursor."""
    asking = Asking(simulator_of(60))
    cursor = asking.page("pupils")["cursor"]
    for identifier in asking.simulator.world.records(SCHOOL, "pupils"):
        asking.simulator.world.patch(SCHOOL, "pupils", identifier, call_name="Anders")
    pages = asking.pages("pupils", f"cursor={cursor}&page_size=25")
    assert [len(page["records"]) for page in pages] == [25, 25, 10]
    assert asking.since("pupils", pages[-1]["cursor"])["records"] == []


def test_what_changes_during_an_enumeration_comes_again() -> None:
    """The cursor of an enumeration is as of its start, on pages read before the change and after it."""
    asking = Asking(simulator_of(12))
    world = asking.simulator.world
    first = asking.page("pupils", "page_size=5")
    world.patch(SCHOOL, "pupils", "pup-000001", call_name="Gelezen")
    world.patch(SCHOOL, "pupils", "pup-000012", call_name="Ongelezen")
    world.remove(SCHOOL, "pupils", "pup-000003")
    second = asking.following(first)
    third = asking.following(second)
    assert (first["count"], second["count"], third["count"]) == (12, 11, 11)
    assert [*ids(first), *ids(second), *ids(third)] == [f"pup-{number:06d}" for number in range(1, 13)]
    assert ids(asking.since("pupils", third["cursor"])) == ["pup-000001", "pup-000012", "pup-000003"]


def test_a_restored_record_is_itself_again() -> None:
    """A removed record is a tombstone in changes and gone from the enumeration; restored it is as it was."""
    asking = Asking(simulator_of(12))
    world = asking.simulator.world
    before, cursor = world.records(SCHOOL, "pupils")["pup-000002"], asking.page("pupils")["cursor"]
    world.remove(SCHOOL, "pupils", "pup-000002")
    assert asking.since("pupils", cursor)["records"][0]["deleted"] is True
    assert "pup-000002" not in ids(asking.page("pupils"))
    world.restore(SCHOOL, "pupils", "pup-000002")
    after = asking.since("pupils", cursor)["records"]
    assert [{**record, "changed_at": before["changed_at"]} for record in after] == [before]


def test_keys_are_answered_in_the_order_asked() -> None:
    """With ids each record comes once, in order; removed and unknown ones come as tombstones."""
    asking = Asking(simulator_of(12))
    asking.simulator.world.remove(SCHOOL, "pupils", "pup-000004")
    page = asking.page("pupils", "ids=pup-000009,pup-000004,nobody,pup-000009&page_size=1")
    assert ids(page) == ["pup-000009", "pup-000004", "nobody"]
    assert [record.get("deleted", False) for record in page["records"]] == [False, True, True]
    assert (page["mode"], page["count"], page["next"], page["cursor"]) == ("keys", None, None, None)


def test_a_changes_call_speaks_of_what_it_was_asked_only() -> None:
    """Changed and expired name streams of the question alone, and asking twice gives the same answer."""
    asking = Asking(simulator_of(12))
    world = asking.simulator.world
    cursors = {stream: asking.page(stream)["cursor"] for stream in ("pupils", "notes", "groups")}
    assert asking.changed(**cursors) == {"school": SCHOOL, "changed": [], "expired": []}
    for stream, identifier in (("notes", "not-000001"), ("absences", "abs-000001")):
        world.remove(SCHOOL, stream, identifier)
    world.expire_cursors(SCHOOL, "groups")
    told = {"school": SCHOOL, "changed": ["notes"], "expired": ["groups"]}
    assert asking.changed(**cursors) == asking.changed(**cursors) == told
    assert asking.changed(pupils=cursors["pupils"])["changed"] == []


@pytest.mark.parametrize("made_of", ["expired", "nonsense", "other stream", "other school", "other history"])
def test_a_cursor_that_cannot_be_honoured_is_gone(made_of: str) -> None:
    """An old, unreadable or foreign cursor is 410, and expired in a changes call; never a wrong list."""
    asking = Asking(simulator_of(12))
    world = asking.simulator.world
    cursor = asking.page("notes")["cursor"]
    if made_of == "expired":
        world.expire_cursors(SCHOOL)
    elif made_of == "nonsense":
        cursor = "onzin"
    elif made_of == "other stream":
        cursor = asking.page("pupils")["cursor"]
    elif made_of == "other school":
        answer = asking.simulator.answer(
            "GET", "/v1/schools/99BB00/notes", "", {"Authorization": f"Bearer {asking.token}"}
        )
        cursor = json.loads(answer.body)["cursor"]
    else:
        world.patch(SCHOOL, "notes", "not-000001", title="hier")
        other = Asking(simulator_of(12))
        other.simulator.world.patch(SCHOOL, "notes", "not-000001", title="daar")
        cursor = other.page("notes")["cursor"]
    gone = asking.answer("/notes", f"cursor={cursor}")
    assert (gone.status, json.loads(gone.body)["type"]) == (410, "urn:sis:cursor-expired")
    assert asking.changed(notes=cursor) == {"school": SCHOOL, "changed": [], "expired": ["notes"]}


def test_an_old_page_token_is_gone() -> None:
    """A page token the server has forgotten is 410 page-expired."""
    asking = Asking(simulator_of(12))
    query = asking.page("pupils", "page_size=5")["next"].partition("?")[2]
    asking.simulator.expire_pages()
    gone = asking.answer("/pupils", query)
    assert (gone.status, json.loads(gone.body)["type"]) == (410, "urn:sis:page-expired")


@pytest.mark.parametrize(
    ("path", "query", "status", "kind"),
    [
        ("/pupils", "cursor=a&page=b", 400, "invalid-request"),
        ("/pupils", "page_size=0", 400, "invalid-request"),
        ("/pupils", "page_size=1001", 400, "invalid-request"),
        ("/pupils", "since=2026", 400, "invalid-request"),
        ("/pupils", f"ids={','.join(map(str, range(201)))}", 400, "invalid-request"),
        ("/pupils", f"ids={'x' * 257}", 400, "invalid-request"),
        ("/pupils", "ids=pup-000001%20", 400, "invalid-request"),
        ("/pupils", "ids=%C2%A0pup-000001", 400, "invalid-request"),
        ("/documents/...", "", 400, "invalid-request"),
        ("/lunches", "", 404, "unknown-stream"),
        ("/notes", "", 403, "not-granted"),
    ],
)
def test_a_request_is_refused_for_one_reason(path: str, query: str, status: int, kind: str) -> None:
    """Each mistake has its status and problem type."""
    asking = Asking(simulator_of(1, grants={"connector": {SCHOOL: ["pupils"]}}))
    answer = asking.answer(path, query)
    problem = json.loads(answer.body)
    assert (answer.status, problem["type"], problem["status"]) == (status, f"urn:sis:{kind}", status)


def test_a_school_is_named_with_what_is_granted() -> None:
    """The school call lists the granted streams; another school is refused, an unknown one not found."""
    asking = Asking(simulator_of(1, grants={"connector": {SCHOOL: ["notes", "pupils"]}}))
    school = json.loads(asking.answer("").body)
    name, streams = "De Regenboog", ["pupils", "notes"]
    assert school == {"school": SCHOOL, "name": name, "school_year": 2026, "streams": streams}
    bearer = {"Authorization": f"Bearer {asking.token}"}
    assert asking.simulator.answer("GET", "/v1/schools/99BB00", "", bearer).status == 403
    assert asking.simulator.answer("GET", "/v1/schools/99ZZ00", "", bearer).status == 404


def test_a_token_runs_out() -> None:
    """A token is good for the seconds it says, then 401 token-expired; an unknown one is 401 unauthorised."""
    clock = [1000.0]
    asking = Asking(simulator_of(1, clock=lambda: clock[0]))
    clock[0] += 299.9
    assert asking.answer("").status == 200
    clock[0] += 0.1
    late = asking.answer("")
    assert (late.status, json.loads(late.body)["type"]) == (401, "urn:sis:token-expired")
    asking.token = "made-up"
    assert json.loads(asking.answer("").body)["type"] == "urn:sis:unauthorised"


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"cursors": []},
        {"cursors": {"lunches": "x"}},
        {"cursors": {"notes": ""}},
        {"cursors": {"notes": 1}},
    ],
)
def test_a_changes_call_is_refused_for_its_body(body: object) -> None:
    """A body without cursors, with an unknown stream or with a cursor that is no text is 400."""
    assert Asking(simulator_of(1)).answer("/changes", "", body).status == 400
