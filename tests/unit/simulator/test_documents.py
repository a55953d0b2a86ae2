"""The files behind records: real PDFs, in step with what announces them, and what may go wrong with them."""

import re
from hashlib import sha256
from typing import Any

import pytest
import requests

from connector.simulator.answers import Simulator
from connector.simulator.pdf import pdf
from connector.simulator.server import running
from connector.simulator.world import World
from tests.simulator_adapter import simulated_session
from tests.unit.simulator.asking import SCHOOL, TODAY, Asking, simulator_of


@pytest.fixture
def asking() -> Asking:
    """Return a client of the smallest whole world."""
    return Asking(simulator_of(12))


def announced(asking: Asking, role: str, stream: str = "reports") -> dict[str, Any]:
    """Return the document that a role's record announces."""
    world = asking.simulator.world
    document: dict[str, Any] = world.records(SCHOOL, stream)[world.roles(SCHOOL)[role]]["document"]
    return document


def test_a_pdf_is_one() -> None:
    """The cross-reference table points to the objects, lengths are right, text is escaped, and bytes are the same."""
    lines = ("Rapport (groep 3)", "Zoë Yılmaz \\ Çağlar")
    body = pdf(lines)
    assert body == pdf(lines)
    assert body.startswith(b"%PDF-1.4\n")
    assert body.endswith(b"%%EOF\n")
    table = int(re.search(rb"startxref\n(\d+)\n", body)[1])  # type: ignore[index]
    assert body[table:].startswith(b"xref\n0 6\n")
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n ", body)]
    assert [body[place:].split(b" ", 1)[0] for place in places] == [b"1", b"2", b"3", b"4", b"5"]
    length, stream = re.search(rb"/Length (\d+) >>\nstream\n(.*)\nendstream", body, re.S).groups()  # type: ignore[union-attr]
    assert int(length) == len(stream)
    assert rb"(Rapport \(groep 3\)) Tj" in stream
    assert rb"Zo\353 Y?lmaz \\ \307a?lar".decode("unicode_escape").encode("latin-1") in stream.replace(rb"\\", b"\\")


def test_every_announced_document_is_there_as_announced(asking: Asking) -> None:
    """Reports and plans of every side of a gate have a file of the size, type and digest they announce."""
    world = asking.simulator.world
    found = [
        record["document"]
        for stream in ("reports", "support_plans")
        for record in world.records(SCHOOL, stream).values()
        if record["document"] is not None
    ]
    assert len(found) > 15
    assert len({document["id"] for document in found}) == len({document["sha256"] for document in found}) == len(found)
    for document in found:
        answer = asking.answer(f"/documents/{document['id']}")
        assert (answer.status, answer.header("Content-Type")) == (200, document["content_type"])
        assert (len(answer.body), sha256(answer.body).hexdigest()) == (document["size"], document["sha256"])
        assert answer.body.startswith(b"%PDF-")
    plans = [announced(asking, f"plan_{which}", "support_plans") for which in ("concept", "final", "withdrawn")]
    assert all(plans)
    assert announced(asking, "plan_past", "support_plans") is announced(asking, "report_without_document") is None


def test_a_document_lives_as_long_as_its_record(asking: Asking) -> None:
    """Removed with its record and back with it; a record that announces it no more takes it away too."""
    world = asking.simulator.world
    report, path = world.roles(SCHOOL)["report_published"], f"/documents/{announced(asking, 'report_published')['id']}"
    world.remove(SCHOOL, "reports", report)
    assert asking.answer(path).status == 404
    world.restore(SCHOOL, "reports", report)
    assert asking.answer(path).status == 200
    world.patch(SCHOOL, "reports", report, document=None)
    assert asking.answer(path).status == 404


def test_a_new_file_is_announced(asking: Asking) -> None:
    """Attached to a record with a file it takes its place, to one without it is a new document."""
    world = asking.simulator.world
    before = announced(asking, "report_published")
    for role, name in (("report_published", before["id"]), ("report_without_document", None)):
        world.attach(SCHOOL, "reports", world.roles(SCHOOL)[role], pdf(["nieuw", role]))
        document = announced(asking, role)
        assert document != before
        assert document["id"] == (name or document["id"])
        assert sha256(asking.answer(f"/documents/{document['id']}").body).hexdigest() == document["sha256"]
    with pytest.raises(KeyError):
        world.attach(SCHOOL, "notes", "not-000001", b"x")


def test_a_document_is_for_who_may_read_its_stream() -> None:
    """Without the stream's grant it is refused, with it it is given; what nobody announces is unknown."""
    asking = Asking(simulator_of(12, grants={"connector": {SCHOOL: ["reports"]}}))
    report, plan = announced(asking, "report_published"), announced(asking, "plan_final", "support_plans")
    answers = [asking.answer(f"/documents/{name}") for name in (report["id"], plan["id"], "doc-999999")]
    assert [answer.status for answer in answers] == [200, 403, 404]
    assert b"urn:sis:unknown-document" in answers[2].body
    assert asking.answer("/documents/doc-000001", "page=2").status == 400
    assert asking.answer("/documents/%C3%A9").status == asking.answer("/documents/").status == 400
    assert asking.answer("/reports/doc-000001").status == 404


def test_the_same_seed_gives_the_same_files() -> None:
    """Files are drawn like everything else."""
    one, same, other = (World(seed, TODAY, {SCHOOL: 20}).schools[SCHOOL].files for seed in (7, 7, 8))
    assert one == same != other


def test_bad_documents(asking: Asking) -> None:
    """Gone, a web page, another file of the same size: only document requests meet them, once each."""
    document = announced(asking, "report_published")
    path = f"/documents/{document['id']}"
    for kind in ("document_gone", "document_html", "document_altered"):
        asking.simulator.faults.add(kind)
    asking.simulator.faults.add("document_html", content_type="application/pdf")
    assert asking.answer("/reports").status == 200
    gone, page, altered, liar = (asking.answer(path) for _ in range(4))
    assert gone.status == 404
    assert (page.status, page.header("Content-Type")) == (200, "text/html; charset=utf-8")
    assert (liar.header("Content-Type"), liar.body) == ("application/pdf", page.body)
    assert (len(altered.body), altered.body[:5]) == (document["size"], b"%PDF-")
    assert sha256(altered.body).hexdigest() != document["sha256"]
    assert asking.answer(path).status == 200


def test_a_wrong_size_is_announced(asking: Asking) -> None:
    """The first document of the page says another size; the file is as it was."""
    good = [record["document"] for record in asking.page("reports")["records"]]
    asking.simulator.faults.add("wrong_size", by=100)
    asking.simulator.faults.add("wrong_size", stream="notes")
    bad = [record["document"] for record in asking.page("reports")["records"]]
    assert bad == [{**good[0], "size": good[0]["size"] + 100}, *good[1:]]
    assert asking.page("notes")["records"]


def read(answer: requests.Response) -> int:
    """Read a body in pieces and return its length."""
    return sum(len(piece) for piece in answer.iter_content(65536))


@pytest.mark.parametrize("undeclared", [False, True])
@pytest.mark.parametrize("served", [False, True])
def test_a_huge_document_comes_in_pieces(asking: Asking, undeclared: bool, served: bool) -> None:
    """Megabytes come over HTTP and in process, with their length or without, and may be left halfway."""
    path = f"/v1/schools/{SCHOOL}/documents/{announced(asking, 'report_published')['id']}"
    headers = {"Authorization": f"Bearer {asking.token}"}
    asking.simulator.faults.add("document_huge", megabytes=3, undeclared=undeclared)
    asking.simulator.faults.add("document_huge", megabytes=2000, undeclared=undeclared)

    def ask(session: requests.Session, url: str) -> None:
        with session.get(url + path, headers=headers, stream=True, timeout=5) as answer:
            assert answer.headers.get("Content-Length") == (None if undeclared else str(3 * 2**20))
            assert answer.headers["Content-Type"] == "application/pdf"
            assert read(answer) == 3 * 2**20
        with session.get(url + path, headers=headers, stream=True, timeout=5) as answer:
            assert answer.raw.read(8) == b"%PDF-1.4"
        assert session.get(url + path, headers=headers, timeout=5).content.endswith(b"%%EOF\n")

    if served:
        with running(asking.simulator) as url, requests.Session() as session:
            ask(session, url)
    else:
        ask(simulated_session(asking.simulator), "http://sis.test")


def test_a_file_can_be_given_from_outside() -> None:
    """Over the control plane a record gets a PDF of lines, or any text that says it is a PDF."""
    simulator: Simulator = simulator_of(12)
    asking = Asking(simulator)
    report = simulator.world.roles(SCHOOL)["report_without_document"]
    wanted = {"school": SCHOOL, "stream": "reports", "id": report}
    with running(simulator) as url:
        for given, start in (({"lines": ["Rapport"]}, b"%PDF-"), ({"text": "<html>", "file_name": "x.pdf"}, b"<html>")):
            answer = requests.post(f"{url}/_sim/attach", json={**wanted, **given}, timeout=5)
            assert answer.status_code == 200
            document = answer.json()["record"]["document"]
            assert document == announced(asking, "report_without_document")
            assert asking.answer(f"/documents/{document['id']}").body.startswith(start)
            assert document["content_type"] == "application/pdf"
