"""Each fault does what it says, as often and where it was asked to."""

import gzip
import json

import pytest

from connector.simulator.faults import KINDS, Fault
from tests.unit.simulator.asking import SCHOOL, Asking, ids, simulator_of


@pytest.fixture
def asking() -> Asking:
    """Return a client of a simulator with twelve pupils a school."""
    return Asking(simulator_of(12))


@pytest.mark.parametrize(
    ("kind", "status", "problem", "retry_after"),
    [
        ("rate_limit_storm", 429, "rate-limited", "1"),
        ("server_error", 500, "server-error", None),
        ("unavailable", 503, "unavailable", "1"),
        ("expired_token", 401, "token-expired", None),
    ],
)
def test_a_refusal_is_a_problem(asking: Asking, kind: str, status: int, problem: str, retry_after: str | None) -> None:
    """Storm, error, closure and expiry have their status and problem, and Retry-After where it belongs."""
    asking.simulator.faults.add(kind)
    answer = asking.answer("/pupils")
    assert (answer.status, json.loads(answer.body)["type"]) == (status, f"urn:sis:{problem}")
    assert answer.header("Retry-After") == retry_after


def test_an_expired_token_stays_expired(asking: Asking) -> None:
    """After the fault the token is worthless and a fresh one works."""
    asking.simulator.faults.add("expired_token")
    assert [asking.answer("/pupils").status for _ in range(2)] == [401, 401]
    asking.token = asking.fresh_token()
    assert asking.answer("/pupils").status == 200


def test_a_fault_lasts_as_long_as_asked(asking: Asking) -> None:
    """`after` lets requests pass, `times` counts down, None lasts until cleared."""
    asking.simulator.faults.add("server_error", times=2, after=1)
    assert [asking.answer("/pupils").status for _ in range(4)] == [200, 500, 500, 200]
    asking.simulator.faults.add("server_error", times=None)
    assert [asking.answer("/pupils").status for _ in range(3)] == [500, 500, 500]
    asking.simulator.faults.clear()
    assert asking.answer("/pupils").status == 200


def test_a_fault_meets_only_what_it_is_about(asking: Asking) -> None:
    """Stream, school, path and query narrow a fault; the token call is spared unless its path is named."""
    asking.simulator.faults.add("server_error", stream="notes")
    asking.simulator.faults.add("server_error", school="99BB00")
    asking.simulator.faults.add("server_error", path="/oauth/*")
    asking.simulator.faults.add("server_error", query="page=")
    assert [asking.answer(path).status for path in ("", "/pupils", "/notes", "/notes")] == [
        200,
        200,
        500,
        200,
    ]
    assert len(asking.simulator.faults.waiting) == 3
    assert asking.simulator.answer("POST", "/oauth/token").status == 500


def test_latency_joins_with_another_fault(asking: Asking) -> None:
    """A late answer may be a bad one too; everything else comes one fault a request, in order."""
    asking.simulator.faults.add("latency", seconds=0.25)
    asking.simulator.faults.add("server_error")
    asking.simulator.faults.add("unavailable")
    late = asking.answer("/pupils")
    assert (late.delay_seconds, late.status) == (0.25, 500)
    assert asking.answer("/pupils").status == 503


def test_bodies_that_are_no_pages(asking: Asking) -> None:
    """HTML with 200, broken JSON, an empty body, a redirect and a gzip bomb are what they say."""
    for kind in ("html_200", "wrong_json", "empty_body", "redirect"):
        asking.simulator.faults.add(kind)
    asking.simulator.faults.add("gzip_bomb", megabytes=3)
    page, broken, empty, away, bomb = (asking.answer("/pupils") for _ in range(5))
    assert (page.status, page.header("Content-Type")) == (200, "text/html; charset=utf-8")
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(broken.body)
    assert (broken.status, broken.header("Content-Type")) == (200, "application/json")
    assert (empty.status, empty.body) == (200, b"")
    assert (away.status, away.header("Location")) == (302, "https://elders.example.nl/v1/stolen")
    assert len(bomb.body) < 20_000 < len(gzip.decompress(bomb.body)) == 3 * 2**20


def test_connections_that_break(asking: Asking) -> None:
    """Reset, half a page (with and without its length) and a drip are left to the server to carry out."""
    whole = asking.answer("/pupils").body
    asking.simulator.faults.add("reset")
    asking.simulator.faults.add("half_page")
    asking.simulator.faults.add("half_page", undeclared=True)
    asking.simulator.faults.add("slow_drip", seconds=0.01, chunk=5)
    reset, half, undeclared, drip = (asking.answer("/pupils") for _ in range(4))
    assert reset.action == "reset"
    assert (half.action, half.full_length, half.body) == ("cut", len(whole), whole[: len(whole) // 2])
    assert (undeclared.action, undeclared.full_length) == ("cut", None)
    assert (drip.action, drip.chunk, drip.pause_seconds, drip.body) == ("drip", 5, 0.01, whole)


def test_a_record_without_a_key(asking: Asking) -> None:
    """One record of the page lacks its id, the others are whole."""
    asking.simulator.faults.add("missing_key")
    records = asking.page("pupils")["records"]
    assert [("id" in record) for record in records] == [False] + [True] * 11


def test_wrong_types(asking: Asking) -> None:
    """One record has a wrong type in every field but id, or in the one field named."""
    good = asking.page("pupils")["records"][0]
    asking.simulator.faults.add("wrong_types")
    asking.simulator.faults.add("wrong_types", field="year_group")
    bad = asking.page("pupils")["records"][0]
    assert [name for name in good if type(bad[name]) is type(good[name])] == ["id"]
    one = asking.page("pupils")["records"][0]
    assert [name for name in good if one[name] != good[name]] == ["year_group"]


@pytest.mark.parametrize("different", [False, True])
def test_an_id_that_comes_twice(asking: Asking, different: bool) -> None:
    """A record comes twice on a page, equal or saying something else."""
    asking.simulator.faults.add("duplicate_ids", different=different)
    first, second = asking.page("pupils")["records"][:2]
    assert first["id"] == second["id"]
    assert (first != second) is different


@pytest.mark.parametrize(
    "stream", ["invoices", "lessons", "method_test_results", "test_results", "reports", "medical_items"]
)
def test_a_doubled_record_says_something_else_that_is_read(asking: Asking, stream: str) -> None:
    """Whatever the stream, the second record differs in a text that a reader takes in."""
    asking.simulator.faults.add("duplicate_ids", different=True, stream=stream)
    first, second = asking.page(stream)["records"][:2]
    assert first["id"] == second["id"]
    assert {name for name in first if first[name] != second[name]} & {"changed_at", "internal_remark"} == set()


def test_a_page_that_shifts(asking: Asking) -> None:
    """A record between two pages is lost, while the count is still the true one."""
    asking.simulator.faults.add("shifting_page")
    pages = asking.pages("pupils", "page_size=5")
    assert [one for page in pages for one in ids(page)] == [
        f"pup-{number:06d}" for number in range(1, 13) if number != 6
    ]
    assert {page["count"] for page in pages} == {12}


def test_a_capped_page_and_a_miscount(asking: Asking) -> None:
    """A capped enumeration ends early with a cursor and the true count; a miscount is off as asked."""
    asking.simulator.faults.add("capped_page", keep=4)
    asking.simulator.faults.add("miscount", by=-3)
    capped, miscounted = asking.page("pupils"), asking.page("pupils")
    assert (len(capped["records"]), capped["count"], capped["next"]) == (4, 12, None)
    assert asking.since("pupils", capped["cursor"])["records"] == []
    assert (len(miscounted["records"]), miscounted["count"]) == (12, 9)


def test_a_next_that_leads_away(asking: Asking) -> None:
    """The next link points to another origin."""
    asking.simulator.faults.add("foreign_next")
    assert asking.page("pupils")["next"] == "https://elders.example.nl/v1/stolen"


def test_another_schools_data(asking: Asking) -> None:
    """School, stream and changes call answer for the other school, whose own name stands in the payload."""
    asking.simulator.faults.add("other_school", times=3)
    answers = [asking.answer(""), asking.answer("/pupils"), asking.answer("/changes", "", {"cursors": {}})]
    assert [json.loads(answer.body)["school"] for answer in answers] == ["99BB00"] * 3
    others = asking.simulator.world.records("99BB00", "pupils")
    assert json.loads(answers[1].body)["records"] == list(others.values())
    assert asking.page("pupils")["school"] == SCHOOL


def test_what_has_expired(asking: Asking) -> None:
    """Cursor expiry meets cursors and changes calls only, page expiry page tokens only."""
    first = asking.page("pupils", "page_size=5")
    cursor = asking.page("pupils")["cursor"]
    asking.simulator.faults.add("cursor_expired", times=2)
    asking.simulator.faults.add("page_expired")
    assert asking.answer("/pupils").status == 200
    assert asking.changed(pupils=cursor)["expired"] == ["pupils"]
    kinds = [
        json.loads(asking.answer("/pupils", query).body)["type"]
        for query in (f"cursor={cursor}", first["next"].partition("?")[2])
    ]
    assert kinds == ["urn:sis:cursor-expired", "urn:sis:page-expired"]
    assert asking.simulator.faults.waiting == []


def test_every_request_is_logged_with_the_streams_it_named(asking: Asking) -> None:
    """The log has each request as asked, faulty or not, with the streams of its path or changes body."""
    asking.simulator.requests.clear()
    asking.simulator.faults.add("reset", stream="notes")
    asking.page("pupils", "page_size=5")
    asking.answer("/notes")
    asking.changed(groups="x", absences="y")
    seen = [
        (one.method, one.path[len("/v1/schools/99AA00") :], one.query, one.streams, one.status)
        for one in asking.simulator.requests
    ]
    assert seen == [
        ("GET", "/pupils", "page_size=5", ("pupils",), 200),
        ("GET", "/notes", "", ("notes",), 0),
        ("POST", "/changes", "", ("absences", "groups"), 200),
    ]


def test_a_fault_that_does_not_exist_is_refused() -> None:
    """An unknown kind or field raises ValueError and names what is known."""
    with pytest.raises(ValueError, match="slow_drip"):
        Fault("meteor")
    with pytest.raises(ValueError, match="colour"):
        Fault.from_fields({"kind": "reset", "colour": "red"})


def test_every_kind_is_described() -> None:
    """The module's docstring has a line for each kind."""
    text = Fault.__init__.__globals__["__doc__"]
    assert [kind for kind in KINDS if f"\n{kind} " not in text] == []
