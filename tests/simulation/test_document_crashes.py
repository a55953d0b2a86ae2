"""A crash anywhere around a document in a store, then a new run: the same documents, and no file besides."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from sqlalchemy import Connection

from connector.document_store import DocumentStore
from connector.simulator.pdf import pdf
from jobs.parts import DocumentPlan
from schemas.modules import Module
from schemas.runs import RunStatus
from tests.rig import Rig
from tests.simulation.crash_bench import Moment, Observer, Ordeal, Tripwire

STEPS = ("makedirs", "open", "mv", "rm_file")


def files(root: Path) -> dict[str, bytes]:
    """Every file of the store by its URL, half written ones too."""
    return {path.as_uri(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


class StoreMoment(Moment):
    """A copy of the store beside that of the database."""

    def __init__(self, moment: Moment, root: Path, folder: Path) -> None:
        self._moment, self._root, self._files = moment, root, folder / "files"
        shutil.copytree(root, self._files)

    def set_back(self) -> None:
        self._moment.set_back()
        shutil.rmtree(self._root)
        shutil.copytree(self._files, self._root)

    def forget(self) -> None:
        self._moment.forget()


class StoreObserver(Observer):
    """Sees the files too."""

    def __init__(self, url: str, root: Path) -> None:
        super().__init__(url)
        self._root = root

    def _mark(self, connection: Connection) -> Any:  # type: ignore[override]  # a moment has files as well
        return super()._mark(connection), sorted(files(self._root).items())

    def _read(self, connection: Connection) -> str:
        return super()._read(connection) + repr(sorted(files(self._root).items()))


@contextmanager
def steps_of_the_store(wire: Tripwire) -> Iterator[None]:
    """Count everything that is done to a file: its folder, its opening, its flush, its move, its end."""
    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            usual = getattr(LocalFileSystem, name)

            def counted(*arguments: Any, _usual: Any = usual, **more: Any) -> Any:
                wire.step()
                return _usual(*arguments, **more)

            patch.setattr(LocalFileSystem, name, counted)
        fsync = os.fsync

        def counted_flush(number: int) -> None:
            wire.step()
            fsync(number)

        patch.setattr(os, "fsync", counted_flush)
        yield


def prepare(rig: Rig) -> None:
    """Everything is there; then a file changes, a row is withheld, a module closes, two rows get the same bytes."""
    rig.open(Module.PERSONALIA, Module.RAPPORT, Module.HULPPLAN)
    assert rig.sync().status is RunStatus.DONE
    for role in ("report_published", "report_without_document"):
        rig.world.attach(rig.school, "reports", rig.role(role), pdf(["Dezelfde bytes"]))
    rig.world.patch(rig.school, "reports", rig.role("report_past_year"), published=False)
    rig.close(Module.HULPPLAN)


def sync(rig: Rig) -> None:
    assert rig.sync().status is RunStatus.DONE


@pytest.mark.slow
def test_a_crash_around_a_file_leaves_no_file_and_no_gap(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path
) -> None:
    """Wherever a run dies, also between row and file, one more run leaves exactly the files that rows name, whole."""
    root = tmp_path / "documents"
    rig = Rig(database_url, pupils=12)
    rig.parts = rig.parts._replace(documents=DocumentPlan(store=DocumentStore(str(root))))
    wire = Tripwire(rig.database.engine)
    rig.before_call = wire.step
    prepare(rig)
    ordeal = Ordeal(rig, tmp_path, wire, sync)
    ordeal.moment = StoreMoment(ordeal.moment, root, tmp_path)
    ordeal.observer = StoreObserver(rig.database.url.render_as_string(hide_password=False), root)
    expected: dict[str, bytes] = {}

    def again(rig: Rig) -> None:
        assert rig.sync().status in {RunStatus.DONE, RunStatus.QUIET}
        assert files(root) == expected

    try:
        with steps_of_the_store(wire):
            seen = ordeal.watch()
            expected |= files(root)
            stored = rig.rows("SELECT location FROM documents WHERE state = 'stored'")
            assert set(expected) == {row["location"] for row in stored}
            assert len(stored) == len(expected) + 1
            harm = ordeal.harm(seen, again, is_exhaustive=False)
    finally:
        ordeal.forget()
    request.node.user_properties.append(("crash_points", f"{rig.database.dialect} {len(seen)}"))
    print(f"{rig.database.dialect}: {len(seen)} crash points leave {len(set(seen))} different contents")
    assert len(set(seen)) > 12
    assert harm == {}
