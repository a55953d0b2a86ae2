"""Documents through the pipeline: fetched for what is shown, refused with a reason, in step with their rows."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connector.simulator.pdf import pdf
from jobs.cli import reports
from jobs.documents import MOST_IN_VAIN
from jobs.parts import DocumentPlan
from mappings.documents import Rules
from schemas.modules import Module
from schemas.runs import RunReport, RunStatus
from tests.integration.bench import seen
from tests.rig import Rig

SHOWN = """
    SELECT document_id AS id, document_sha256 AS sha256 FROM reports WHERE document_id IS NOT NULL
    UNION SELECT document_id, document_sha256 FROM support_plans WHERE document_id IS NOT NULL"""


@pytest.fixture
def opened(make_rig: Callable[..., Rig]) -> Rig:
    """A small school with the modules that have documents open, not synced yet."""
    rig = make_rig(pupils=12)
    rig.open(Module.PERSONALIA, Module.RAPPORT, Module.HULPPLAN)
    return rig


def documents(rig: Rig) -> dict[str, dict[str, Any]]:
    """What is known of each document, by its key at the source; each is named by one digest."""
    rows = rig.rows("SELECT * FROM documents")
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def asked(rig: Rig, since: int = 0) -> list[str]:
    """The documents the source was asked for, in order."""
    return [one.path.rpartition("/")[2] for one in rig.sis.requests[since:] if "/documents/" in one.path]


def announced(rig: Rig, role: str, stream: str = "reports") -> dict[str, Any]:
    document: dict[str, Any] = rig.world.records(rig.school, stream)[rig.role(role)]["document"]
    return document


def attach(rig: Rig, role: str, body: bytes, content_type: str = "application/pdf") -> str:
    """Give a report another file; the key stays where there was one."""
    record = rig.world.attach(rig.school, "reports", rig.role(role), body, content_type)
    return str(record["document"]["id"])


def fault(rig: Rig, kind: str, document: str, **shape: Any) -> None:
    """Let something go wrong with one document."""
    rig.sis.faults.add(kind, path=f"/v1/schools/{rig.school}/documents/{document}", **shape)


def code(report: RunReport) -> int:
    """The exit code a sync with this report ends with."""
    return reports.of_report(report).code


def in_step(rig: Rig) -> bool:
    """The documents are exactly those that the rows name."""
    rows = rig.rows("SELECT id, sha256 FROM documents")
    names = {(row["id"], row["sha256"]) for row in rig.rows(SHOWN)}
    return len(rows) == len(names) and {(row["id"], row["sha256"]) for row in rows} == names


def test_every_shown_row_gets_its_file_and_no_other(opened: Rig) -> None:
    """After the first sync each document of a shown row is there, byte for byte; none was asked for beside them."""
    report = opened.sync()
    kept = documents(opened)
    assert in_step(opened)
    assert report.stored == len(kept) > 5
    assert sorted(asked(opened)) == sorted(kept)
    files = opened.world.schools[opened.school].files
    for key, row in kept.items():
        assert bytes(row["content"]) == files[key].body
        assert (row["state"], row["size"], row["location"]) == ("stored", len(files[key].body), None)
        assert hashlib.sha256(row["content"]).hexdigest() == row["sha256"]
    assert (code(report), report.attention) == (0, 0)


@pytest.mark.parametrize(
    ("stream", "role"),
    [("reports", "report_unpublished"), ("support_plans", "plan_concept"), ("support_plans", "plan_withdrawn")],
)
def test_what_a_gate_withholds_is_not_asked_for(opened: Rig, stream: str, role: str) -> None:
    """The file of a report that is not given out, of a concept and of a withdrawn plan stays with the school."""
    key = announced(opened, role, stream)["id"]
    opened.sync()
    assert key not in asked(opened)
    assert key not in documents(opened)


def test_a_quiet_school_asks_for_nothing(opened: Rig) -> None:
    """With everything there, the next sync is quiet: one request, and none for a document."""
    opened.sync()
    before = len(opened.sis.requests)
    assert opened.sync().status is RunStatus.QUIET
    assert len(opened.sis.requests) == before + 1
    assert opened.sync(full=True).stored == 0
    assert asked(opened, before) == []


def test_a_dry_run_asks_for_no_file(opened: Rig) -> None:
    """A dry run fetches and writes no document."""
    opened.sync(dry=True)
    assert asked(opened) == []
    assert documents(opened) == {}


def test_another_file_takes_the_place_of_the_first(opened: Rig) -> None:
    """When the digest changes the old bytes leave with the old row and the new ones come; nothing else is asked."""
    opened.sync()
    before, body = len(opened.sis.requests), pdf(["Nieuw"])
    key = attach(opened, "report_published", body)
    report = opened.sync()
    assert (report.stored, asked(opened, before)) == (1, [key])
    assert bytes(documents(opened)[key]["content"]) == body
    assert in_step(opened)


def test_while_the_new_file_is_not_there_the_old_one_is_gone(opened: Rig) -> None:
    """A row never stands beside the bytes of its earlier version: the portal says that the file is on its way."""
    opened.sync()
    key = attach(opened, "report_published", pdf(["Nieuw"]))
    fault(opened, "unavailable", key, times=None)
    report = opened.sync()
    assert report.status is RunStatus.INCOMPLETE
    row = documents(opened)[key]
    assert (row["state"], row["content"]) == ("wanted", None)
    found = opened.rows("SELECT state, content FROM portal_documents WHERE id = :id", id=key)
    assert found
    assert all(tuple(one.values()) == ("wanted", None) for one in found)


@pytest.mark.parametrize(
    ("kind", "shape", "reason"),
    [
        ("document_gone", {}, "not_found"),
        ("document_html", {}, "wrong_type"),
        ("document_html", {"content_type": "application/pdf"}, "wrong_content"),
        ("document_altered", {}, "wrong_hash"),
        ("document_huge", {"megabytes": 200}, "too_large"),
        ("document_huge", {"megabytes": 200, "undeclared": True}, "too_large"),
        ("gzip_bomb", {"megabytes": 64}, "too_large"),
        ("redirect", {}, "denied"),
    ],
)
def test_a_bad_document_is_refused_and_stops_nothing(
    opened: Rig, kind: str, shape: dict[str, Any], reason: str
) -> None:
    """No bytes of it are kept, a person hears of it once with exit code 1, all others come, and the row stays."""
    key = announced(opened, "report_published")["id"]
    fault(opened, kind, key, times=None, **shape)
    report = opened.sync()
    kept = documents(opened)
    bad = kept.pop(key)
    assert (bad["state"], bad["reason"], bad["content"]) == ("refused", reason, None)
    assert {row["state"] for row in kept.values()} == {"stored"}
    assert (report.status, report.refused, report.attention, code(report)) == (RunStatus.DONE, 1, 1, 1)
    assert opened.role("report_published") in seen(opened, "portal_reports")
    before = len(opened.sis.requests)
    again = opened.sync()
    assert (again.status, code(again)) == (RunStatus.QUIET, 0)
    assert asked(opened, before) == []


def test_what_is_missing_is_asked_for_again_after_a_day(opened: Rig) -> None:
    """A file that was not there is asked for every day, is no news while it stays so, and comes when it is there."""
    key = announced(opened, "report_published")["id"]
    fault(opened, "document_gone", key, times=2)
    opened.sync()
    for hours, status, state in ((23, "quiet", "refused"), (2, "done", "refused"), (25, "done", "stored")):
        before = len(opened.sis.requests)
        opened.offset += timedelta(hours=hours)
        report = opened.sync()
        assert (report.status.value, report.attention) == (status, 0)
        assert asked(opened, before) == ([] if status == "quiet" else [key])
        assert documents(opened)[key]["state"] == state
    assert documents(opened)[key]["reason"] is None


def test_another_reason_is_news(opened: Rig) -> None:
    """A document that is refused for another reason than before counts again."""
    key = announced(opened, "report_published")["id"]
    fault(opened, "document_gone", key)
    fault(opened, "document_altered", key)
    assert opened.sync().refused == 1
    opened.offset += timedelta(hours=25)
    assert opened.sync().refused == 1
    assert documents(opened)[key]["reason"] == "wrong_hash"


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [(b"geen pdf", "application/pdf", "wrong_content"), (b"%PDF-1.7", "text/plain", "wrong_type")],
)
def test_what_the_digest_settles_is_not_asked_for_again(
    opened: Rig, body: bytes, content_type: str, reason: str
) -> None:
    """The announced bytes are no PDF, or said to be something else: the same until the file changes, then it comes."""
    opened.sync()
    key = attach(opened, "report_published", body, content_type)
    assert opened.sync().refused == 1
    assert documents(opened)[key]["reason"] == reason
    opened.offset += timedelta(days=40)
    before = len(opened.sis.requests)
    assert opened.sync().refused == 0
    assert asked(opened, before) == []
    attach(opened, "report_published", pdf(["Wel een"]))
    assert opened.sync().stored == 1
    assert documents(opened)[key]["state"] == "stored"


def test_what_the_settings_refuse_is_not_even_asked_for(opened: Rig) -> None:
    """Announced as too large or of a type that is not allowed: no request; a full sync looks again."""
    size = announced(opened, "report_published")["size"]
    opened.parts = opened.parts._replace(documents=DocumentPlan(Rules(most_bytes=size - 1)))
    opened.sync()
    key = announced(opened, "report_published")["id"]
    assert key not in asked(opened)
    assert documents(opened)[key]["reason"] == "too_large"
    opened.parts = opened.parts._replace(documents=DocumentPlan())
    assert opened.sync().status is RunStatus.QUIET
    opened.sync(full=True)
    assert documents(opened)[key]["state"] == "stored"


def test_a_size_that_is_announced_wrong_is_put_right(opened: Rig) -> None:
    """The digest decides: the bytes are kept, with the size they have."""
    opened.sis.faults.add("wrong_size", stream="reports")
    opened.sync()
    assert all(row["state"] == "stored" and row["size"] == len(row["content"]) for row in documents(opened).values())


def test_a_source_that_is_away_leaves_the_rest_for_the_next_run(opened: Rig) -> None:
    """After a few vain questions no more are asked; nothing is refused, and the next run, not quiet, goes on."""
    opened.sis.faults.add("unavailable", path="/v1/schools/*/documents/*", times=None)
    report = opened.sync()
    assert report.status is RunStatus.INCOMPLETE
    assert (report.stored, report.refused, code(report)) == (0, 0, 3)
    in_vain = set(asked(opened))
    assert len(in_vain) == MOST_IN_VAIN
    assert {row["state"] for row in documents(opened).values()} == {"wanted"}
    opened.sis.faults.clear()
    before = len(opened.sis.requests)
    again = opened.sync()
    assert (again.status, again.stored) == (RunStatus.DONE, len(documents(opened)))
    assert set(asked(opened, before)[-MOST_IN_VAIN:]) == in_vain
    assert {row["state"] for row in documents(opened).values()} == {"stored"}
    assert opened.sync().status is RunStatus.QUIET


def test_a_document_the_source_stumbles_over_stops_no_other(opened: Rig) -> None:
    """One that fails at every run leaves the run incomplete, and all others come."""
    key = announced(opened, "report_published")["id"]
    fault(opened, "server_error", key, times=None)
    report = opened.sync()
    kept = documents(opened)
    assert kept.pop(key)["state"] == "wanted"
    assert {row["state"] for row in kept.values()} == {"stored"}
    assert (report.status, report.refused) == (RunStatus.INCOMPLETE, 0)


def test_a_source_that_grants_no_documents_is_not_asked_for_all_of_them(opened: Rig) -> None:
    """Refused several times in a row the rest waits; what was refused is written down."""
    opened.sis.faults.add("redirect", path="/v1/schools/*/documents/*", times=None)
    report = opened.sync()
    assert len(asked(opened)) == MOST_IN_VAIN
    assert (report.refused, report.status, code(report)) == (MOST_IN_VAIN, RunStatus.INCOMPLETE, 3)
    states = [row["state"] for row in documents(opened).values()]
    assert states.count("refused") == MOST_IN_VAIN
    assert set(states) == {"refused", "wanted"}


@pytest.mark.parametrize("how", ["removed", "withheld", "unnamed", "module", "pupil"])
def test_a_document_goes_with_its_row(opened: Rig, how: str) -> None:
    """Gone at the source, withheld by a gate, no more named, its module closed, its pupil gone: the bytes go too."""
    opened.sync()
    key, report, school = announced(opened, "report_published")["id"], opened.role("report_published"), opened.school
    assert documents(opened)[key]["content"]
    if how == "removed":
        opened.world.remove(school, "reports", report)
    elif how == "withheld":
        opened.world.patch(school, "reports", report, published=False)
    elif how == "unnamed":
        opened.world.patch(school, "reports", report, document=None)
    elif how == "module":
        opened.close(Module.RAPPORT)
    else:
        opened.world.patch(school, "pupils", opened.role("pupil_plain"), status="rejected")
    opened.sync()
    assert key not in documents(opened)
    assert in_step(opened)
    assert (documents(opened) == {}) is False


def test_the_bytes_leave_in_the_transaction_of_the_row(opened: Rig) -> None:
    """Each transaction that takes a row out leaves no document behind that no row names."""
    from sqlalchemy import event

    opened.sync()
    left: list[int] = []

    def look(connection: Any) -> None:
        named = {tuple(row) for row in connection.exec_driver_sql(SHOWN)}
        kept = {tuple(row) for row in connection.exec_driver_sql("SELECT id, sha256 FROM documents")}
        left.append(len(kept ^ named))

    event.listen(opened.database.engine, "commit", look)
    opened.world.patch(opened.school, "reports", opened.role("report_published"), published=False)
    opened.world.remove(opened.school, "reports", opened.role("report_past_year"))
    attach(opened, "report_future", pdf(["Nieuw"]))
    opened.close(Module.HULPPLAN)
    opened.sync()
    event.remove(opened.database.engine, "commit", look)
    assert len(left) > 10
    assert set(left) == {0}


def test_two_rows_may_name_one_document(opened: Rig) -> None:
    """It is fetched once, stays while one of them stays, and goes with the last."""
    document = announced(opened, "report_published")
    other = opened.role("report_two_households")
    opened.world.patch(opened.school, "reports", other, document=document)
    opened.sync()
    assert asked(opened).count(document["id"]) == 1
    for which, stays in ((other, True), (opened.role("report_published"), False)):
        opened.world.patch(opened.school, "reports", which, published=False)
        opened.sync()
        assert (document["id"] in documents(opened)) is stays


def test_a_document_named_with_two_digests_is_two(opened: Rig) -> None:
    """Of a row that still names the earlier file only that it cannot be had is shown; the other has its bytes."""
    document = announced(opened, "report_published")
    stale = {**document, "sha256": "0" * 64}
    opened.world.patch(opened.school, "reports", opened.role("report_past_year"), document=stale)
    opened.sync()
    query = "SELECT row_id, state, content FROM portal_documents WHERE id = :id"
    found = {row["row_id"]: row for row in opened.rows(query, id=document["id"])}
    assert found[opened.role("report_published")]["content"]
    row = found[opened.role("report_past_year")]
    assert (row["state"], row["content"]) == ("refused", None)


def test_a_row_the_brake_holds_keeps_its_document(opened: Rig) -> None:
    """What waits for a person stays whole, file included."""
    opened.sync()
    before = documents(opened)
    for key in sorted(opened.ids("reports")):
        opened.world.remove(opened.school, "reports", key)
    report = opened.sync()
    assert report.held
    assert documents(opened) == before
    opened.approve(report.run_id)
    assert in_step(opened)
    assert len(documents(opened)) < len(before)


def test_re_opening_a_module_fetches_again(opened: Rig) -> None:
    """Nothing is kept for later: what left is asked for anew."""
    opened.sync()
    before = documents(opened)
    opened.close(Module.RAPPORT, Module.HULPPLAN)
    opened.sync()
    assert documents(opened) == {}
    opened.open(Module.RAPPORT, Module.HULPPLAN)
    opened.sync()
    assert {key: bytes(row["content"]) for key, row in documents(opened).items()} == {
        key: bytes(row["content"]) for key, row in before.items()
    }


def test_who_sees_the_row_sees_the_file_and_nobody_else(opened: Rig) -> None:
    """In `portal_documents` stands for each guardian what the reports and plans they see name, and no more."""
    opened.sync()
    expected = {
        (row["guardian_id"], stream, row["id"], row["document_id"], row["document_name"])
        for stream in ("reports", "support_plans")
        for row in opened.rows(f"SELECT * FROM portal_{stream} WHERE document_id IS NOT NULL")
    }
    names = ("guardian_id", "stream", "row_id", "id", "name")
    found = [tuple(row[name] for name in names) for row in opened.rows("SELECT * FROM portal_documents")]
    assert len(found) == len(set(found))
    assert set(found) == expected != set()
    future = announced(opened, "report_future")["id"]
    assert documents(opened)[future]["state"] == "stored"
    assert future not in {row[3] for row in found}


@pytest.mark.parametrize("kind", ["document_gone", "document_html", "document_altered", "server_error", "redirect"])
def test_no_log_tells_what_a_document_is_called(
    opened: Rig, kind: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the name of a file nor a word of it is in any log line or report, whatever goes wrong with it."""
    canary = "Kanarie-rapport"
    caplog.set_level(logging.DEBUG)
    record = opened.world.attach(
        opened.school, "reports", opened.role("report_published"), pdf([canary]), file_name=f"{canary}.pdf"
    )
    fault(opened, kind, record["document"]["id"], times=None)
    report = opened.sync()
    said = capsys.readouterr()
    assert canary not in caplog.text + said.out + said.err + repr(report)
    assert canary not in str(opened.rows("SELECT * FROM runs"))
