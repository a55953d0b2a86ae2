"""Documents, as a person meets them: in the sync, in what waits, by command, and in a store that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.simulator.pdf import pdf
from tests.acceptance.test_commands import CANARY, SCHOOL, Site, base, simulator, site

__all__ = ["base", "simulator", "site"]


@pytest.fixture
def report(site: Site) -> str:
    """The key of a document of a shown report, whose name is a canary; every module open, nothing synced since."""
    world = site.simulator.world
    role = world.roles(SCHOOL)["report_published"]
    record = world.attach(SCHOOL, "reports", role, pdf([CANARY]), file_name=f"{CANARY}.pdf")
    site.open_all()
    return str(record["document"]["id"])


def test_a_document_that_cannot_be_had_is_told_once_and_listed(site: Site, report: str) -> None:
    """Exit 1 the first time only; sync, status, runs show and documents count it and name its key, never its name."""
    site.simulator.faults.add("document_gone", path=f"*/documents/{report}", times=None)
    found = site.json("sync", code=1)["schools"][SCHOOL]
    stored = found["documents"]["stored"]
    assert (found["documents"]["refused"], found["attention"], found["status"]) == (1, 1, "done")
    assert stored > 10
    assert site.json("sync")["schools"][SCHOOL]["documents"] == {"stored": 0, "refused": 0}
    assert site.json("status")["schools"][SCHOOL]["documents"] == {"refused": 1, "stored": stored}
    (refused,) = site.json("runs", "show", found["run_id"])["documents_refused"]
    assert (refused["id"], refused["reason"]) == (report, "not_found")
    listed = site.json("documents")
    assert listed["schools"] == {SCHOOL: {"refused": 1, "stored": stored}}
    assert [row["id"] for row in listed["refused"]] == [report]
    for words in (["status"], ["documents"], ["documents", "--school", "99AA"], ["runs", "show", found["run_id"]]):
        said = site.run(*words).stdout
        assert "refused" in said or report in said
        assert CANARY not in said
    assert "the source has no such file" in site.run("documents").stdout
    site.simulator.faults.clear()
    assert "documents stored: 1" in site.run("sync", "--full").stdout
    assert site.json("documents")["refused"] == []


def test_the_sync_says_where_to_look(site: Site, report: str) -> None:
    """The line after the table names the command that lists what cannot be had."""
    site.simulator.faults.add("document_html", path=f"*/documents/{report}", times=None)
    said = site.run("sync", code=1).stdout
    assert f"connector documents --school {SCHOOL}" in said
    assert "documents stored: " in said


def test_documents_can_lie_in_a_directory(site: Site, report: str) -> None:
    """The files are there, below the folder the command runs in; check says that the store can be written."""
    site.configure('[documents]\nstore_url = "kept"\n')
    assert "the store can be written" in site.run("check").stdout
    site.run("sync")
    files = {path.as_uri() for path in (site.folder / "kept").rglob("*") if path.is_file()}
    assert files == {row[0] for row in site.sql("SELECT location FROM documents")}
    assert CANARY not in str(sorted((site.folder / "kept").rglob("*")))


@pytest.mark.parametrize(
    ("store", "code", "says"),
    [("s3://bucket/x", 2, "not installed"), ("nonsense://x", 2, "does not exist"), ("taken", 3, "document store")],
)
def test_a_store_that_cannot_be_used_is_told_by_check_and_by_sync(
    site: Site, report: str, store: str, code: int, says: str
) -> None:
    """What nobody can open is a matter of configuration; what cannot be written is tried again by the next run."""
    Path(site.folder / "taken").write_text("a file, no folder", encoding="utf-8")
    site.configure(f'[documents]\nstore_url = "{store}"\n')
    for words in (["check"], ["sync"]):
        assert says in site.run(*words, code=code).stderr
    site.configure()
    site.run("sync")
    assert {row[0] for row in site.sql("SELECT state FROM documents")} == {"stored"}
