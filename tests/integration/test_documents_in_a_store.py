"""Documents in a directory: files in step with their rows, whatever happens to the store, the setting or the lease."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.document_store import DocumentStore
from connector.portal import documents as kept
from connector.simulator.pdf import pdf
from jobs import documents as step
from jobs.parts import DocumentPlan
from jobs.run_state import RunState
from schemas.documents import State
from schemas.errors import LeaseLost
from schemas.modules import Module
from schemas.runs import RunStatus
from tests.integration.bench import execute
from tests.rig import Rig

MEBIBYTE = 2**20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def opened(make_rig: Callable[..., Rig], root: Path) -> Rig:
    """A small school with the modules that have documents open, and a directory to keep them in; not synced yet."""
    rig = make_rig(pupils=12)
    use(rig, root)
    rig.open(Module.PERSONALIA, Module.RAPPORT, Module.HULPPLAN)
    return rig


def use(rig: Rig, root: Path | None) -> None:
    """Set the store, or none."""
    store = None if root is None else DocumentStore(str(root))
    rig.parts = rig.parts._replace(documents=DocumentPlan(store=store))


def files(root: Path) -> dict[str, bytes]:
    """Every file below a directory by its URL."""
    return {path.as_uri(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def located(rig: Rig) -> dict[str, str]:
    """The state of each document by its location."""
    return {row["location"]: row["state"] for row in rig.rows("SELECT location, state FROM documents")}


def attach(rig: Rig, role: str, body: bytes, file_name: str = "nieuw.pdf") -> str:
    record = rig.world.attach(rig.school, "reports", rig.role(role), body, file_name=file_name)
    return str(record["document"]["id"])


def withhold(rig: Rig, role: str) -> None:
    rig.world.patch(rig.school, "reports", rig.role(role), published=False)


def test_files_lie_in_the_store_and_not_in_the_table(opened: Rig, root: Path) -> None:
    """Each stored document has its file, whole, by its digest below its school; the view gives the URL."""
    report = opened.sync()
    rows = opened.rows("SELECT * FROM documents")
    held = opened.world.schools[opened.school].files
    assert report.stored == len(rows) > 5
    for row in rows:
        assert (row["content"], row["state"]) == (None, "stored")
        assert row["location"] == f"{root.as_uri()}/99AA00/{row['sha256'][:2]}/{row['sha256']}"
    assert files(root) == {row["location"]: held[row["id"]].body for row in rows}
    seen = opened.rows("SELECT location, content FROM portal_documents")
    assert {row["location"] for row in seen} <= set(files(root))
    assert [row["content"] for row in seen] == [None] * len(seen) != []
    assert opened.sync().status is RunStatus.QUIET


def test_a_name_is_never_part_of_a_path(opened: Rig, root: Path) -> None:
    """Whatever the source calls a file, it lies where its digest says and nothing else is written."""
    attach(opened, "report_published", pdf(["x"]), file_name="../../../../Kanarie.pdf")
    opened.sync()
    assert set(files(root)) == set(located(opened))
    assert "Kanarie" not in str(sorted(root.parent.rglob("*")))


def test_files_go_with_their_rows(opened: Rig, root: Path) -> None:
    """Withheld, replaced, and its module closed: after each run there are exactly the files that rows name."""
    opened.sync()
    before = len(files(root))
    withhold(opened, "report_published")
    attach(opened, "report_past_year", pdf(["Nieuw"]))
    opened.sync()
    assert set(files(root)) == set(located(opened))
    assert len(files(root)) == before - 1
    opened.close(Module.RAPPORT, Module.HULPPLAN)
    opened.sync()
    assert (files(root), located(opened)) == ({}, {})


def test_two_documents_of_the_same_bytes_share_a_file(opened: Rig, root: Path) -> None:
    """It stays while one of them stays, and goes with the last."""
    for role in ("report_published", "report_past_year"):
        attach(opened, role, pdf(["Dezelfde"]))
    opened.sync()
    (shared,) = [url for url, body in files(root).items() if body == pdf(["Dezelfde"])]
    for role, stays in (("report_published", True), ("report_past_year", False)):
        withhold(opened, role)
        opened.sync()
        assert (shared in files(root)) is stays
    assert set(files(root)) == set(located(opened))


def test_a_store_that_cannot_be_written_waits_for_the_next_run(opened: Rig, root: Path) -> None:
    """The run is incomplete, nothing is refused, the rows are there; once the store is mended the files come."""
    root.write_text("in the way")
    report = opened.sync()
    assert report.status is RunStatus.INCOMPLETE
    assert "documents.store_url" in report.error
    assert (report.stored, report.refused, len(opened.ids("reports")) > 0) == (0, 0, True)
    assert set(located(opened).values()) == {"wanted"}
    root.unlink()
    assert opened.sync().stored == len(files(root)) > 5


def test_a_file_that_cannot_be_deleted_is_deleted_later(
    opened: Rig, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is gone at once, the file when the store lets it go; no run is quiet until then, and new files come."""
    opened.sync()
    withhold(opened, "report_published")
    with monkeypatch.context() as patch:
        patch.setattr("fsspec.implementations.local.LocalFileSystem.rm_file", _refusing)
        attach(opened, "report_without_document", pdf(["Nieuw"]))
        report = opened.sync()
        assert (report.status, report.stored) == (RunStatus.INCOMPLETE, 1)
        assert opened.role("report_published") not in opened.ids("reports")
        assert opened.sync().status is RunStatus.INCOMPLETE
    assert list(located(opened).values()).count(State.LEAVING.value) == 1
    assert not opened.rows("SELECT * FROM portal_documents WHERE state = 'leaving'")
    assert opened.sync().status is RunStatus.DONE
    assert set(files(root)) == set(located(opened))
    assert opened.sync().status is RunStatus.QUIET


def _refusing(*_arguments: object) -> None:
    raise PermissionError("Kanarie")


def test_a_row_that_returns_before_its_file_is_deleted_gets_it_back(
    opened: Rig, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was leaving is wanted again, fetched anew and stored in its place."""
    opened.sync()
    before = files(root)
    withhold(opened, "report_published")
    with monkeypatch.context() as patch:
        patch.setattr("fsspec.implementations.local.LocalFileSystem.rm_file", _refusing)
        opened.sync()
    opened.world.patch(opened.school, "reports", opened.role("report_published"), published=True)
    opened.sync()
    opened.sync()
    assert files(root) == before
    assert set(located(opened).values()) == {"stored"}


def test_another_store_holds_what_is_new_and_the_old_one_is_emptied(opened: Rig, root: Path, tmp_path: Path) -> None:
    """Each document stays where it is until it leaves, and is deleted there; then the table, the same way."""
    opened.sync()
    first = files(root)
    use(opened, tmp_path / "second")
    assert opened.sync().status is RunStatus.QUIET
    attach(opened, "report_published", pdf(["Tweede"]))
    opened.sync()
    assert len(files(root)) == len(first) - 1
    assert list(files(tmp_path / "second").values()) == [pdf(["Tweede"])]
    use(opened, None)
    attach(opened, "report_published", pdf(["Derde"]))
    opened.sync()
    assert files(tmp_path / "second") == {}
    (row,) = opened.rows("SELECT location, content FROM documents WHERE content IS NOT NULL")
    assert (row["location"], bytes(row["content"])) == (None, pdf(["Derde"]))


@pytest.mark.parametrize("then", ["second", None])
def test_a_place_noted_before_a_crash_is_given_up_with_its_store(
    opened: Rig, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str | None
) -> None:
    """A run dies after it wrote a file and before it said so; with another store, or none, no file is left behind."""

    class Died(BaseException):
        pass

    def die(*_arguments: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(kept, "store", die)
        with pytest.raises(Died):
            opened.sync()
    assert len(files(root)) == 1
    use(opened, None if then is None else tmp_path / then)
    opened.sync()
    assert files(root) == {}
    rows = opened.rows("SELECT state, location, content FROM documents")
    assert {row["state"] for row in rows} == {"stored"}
    assert all((row["location"] is None) is (then is None) is (row["content"] is not None) for row in rows)


def test_a_run_that_lost_its_lease_deletes_nothing(opened: Rig, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run took over between the row's end and the file's: the first leaves the file to the other."""
    opened.sync()
    before = files(root)
    withhold(opened, "report_published")
    usual = step._delete_left

    def sleep_long(run: RunState) -> None:
        execute(opened, "UPDATE leases SET epoch = epoch + 1")
        usual(run)

    with monkeypatch.context() as patch:
        patch.setattr(step, "_delete_left", sleep_long)
        with pytest.raises(LeaseLost):
            opened.sync()
    assert files(root) == before
    execute(opened, "UPDATE leases SET holder = NULL")
    opened.sync()
    assert set(files(root)) == set(located(opened))
    assert len(files(root)) == len(before) - 1


@pytest.mark.parametrize("is_table", [True, False])
def test_memory_is_bounded_by_one_document(opened: Rig, root: Path, is_table: bool) -> None:
    """Six documents of 8 MiB pass through, and at no time is more than a few times one of them held."""
    use(opened, None if is_table else root)
    reports = [key for key, one in opened.world.records(opened.school, "reports").items() if one["published"]][:6]
    for number, key in enumerate(reports):
        body = b"%PDF-1.7" + bytes([number]) * (8 * MEBIBYTE)
        opened.world.attach(opened.school, "reports", key, body)
    tracemalloc.start()
    try:
        report = opened.sync()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.stored >= len(reports) - 1
    assert (len(reports), report.refused) == (6, 0)
    assert peak < 36 * MEBIBYTE
