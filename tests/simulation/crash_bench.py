"""A portal that can be set back to a moment, and a process that dies at a chosen step."""

from __future__ import annotations

import hashlib
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url

from connector.bookkeeping import invitations, leases
from connector.portal import postgresql, sqlite
from schemas.errors import ConnectorError
from tests.rig import Rig
from tests.used_again import Rows

DEAD_HOLDER = f"{socket.gethostname()}|999999999|1"
"""A process of this machine that is gone: the next run need not wait for the lease to expire."""

KNOWN_SECRET = mock.Mock(token_hex=lambda size: "5e" * size)
"""A school's secret that is the same in every run: what is remembered under it can be compared."""

State = dict[str, list[tuple[Any, ...]]]

_OUTCOME_COLUMNS = {
    "quarantine": ("stream", "key", "code", "field_path", "is_hiding", "missing_stream", "missing_key"),
    "pending_keys": ("stream", "id", "action", "is_held"),
    "checkpoints": ("stream", "fingerprint", "loaded_at", "full_reason"),
    "hidden_keys": ("stream", "id", "reason"),
    "id_aliases": ("stream", "source_key", "id"),
    "withheld_keys": ("stream", "row_digest"),
    "reveals": ("module",),
    "backfills": ("ended_at",),
    "backfill_windows": ("number", "done_at"),
    "documents": ("id", "sha256", "state", "reason", "location", "content"),
}


class Crash(BaseException):
    """The process died here; nothing in the code may catch it."""


class Tripwire:
    """Counts every statement, staged page, COMMIT and request of an engine's runs; at `at` the process dies.

    From then on the connections are gone and every further step dies too, so nothing is written any more.
    """

    def __init__(self, engine: Engine) -> None:
        self.steps = 0
        self.at: int | None = None
        self.is_dead = False
        self.watch: Callable[[], None] = _see_nothing
        self._raw: list[Any] = []
        event.listen(engine, "connect", lambda raw, _record: self._raw.append(raw))
        event.listen(engine, "before_cursor_execute", lambda *_: self.step())
        event.listen(engine, "commit", lambda *_: self.step())

    def step(self, _number: int = 0) -> None:
        """Count one step, or die at it."""
        self.steps += 1
        self.watch()
        if self.is_dead or self.steps == self.at:
            self.is_dead = True
            for raw in self._raw:
                raw.close()
            raise Crash

    def counted(self, insert_rows: Callable[..., None]) -> Callable[..., None]:
        """Count what stages a page, which goes past the engine's events."""

        def insert(*arguments: Any) -> None:
            self.step()
            insert_rows(*arguments)

        return insert

    @contextmanager
    def armed(self, at: int | None) -> Iterator[None]:
        """Count from one inside the block, and die at that count."""
        self.steps, self.at, self.is_dead = 0, at, False
        self._raw.clear()
        with (
            mock.patch.object(leases, "_holder", return_value=DEAD_HOLDER),
            mock.patch.object(invitations, "secrets", KNOWN_SECRET),
            mock.patch.object(postgresql, "insert_rows", self.counted(postgresql.insert_rows)),
            mock.patch.object(sqlite, "insert_rows", self.counted(sqlite.insert_rows)),
        ):
            yield
        self.at, self.is_dead = None, False


class Moment:
    """A copy of a portal database to which it can be set back."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url: URL = make_url(url)
        self._is_sqlite = self._url.get_backend_name() == "sqlite"
        self._file, self._copy = Path(self._url.database or ""), folder / "moment.db"
        self._rows: Rows | None = None
        if self._is_sqlite:
            shutil.copyfile(self._file, self._copy)
        else:
            self._rows = Rows(url)

    def set_back(self) -> None:
        """Make the database what it was; no connection of ours may be open."""
        if self._rows is not None:
            self._rows.set_back()
        else:
            for suffix in ("-wal", "-shm"):
                self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
            shutil.copyfile(self._copy, self._file)

    def forget(self) -> None:
        """Remove the copy."""
        if self._rows is not None:
            self._rows.forget()


def outcome(rig: Rig) -> State:
    """Give what must be the same whatever crashed before: the portal, and what the next runs build on."""
    found: State = rig.portal()
    for table, columns in _OUTCOME_COLUMNS.items():
        rows = rig.rows(f"SELECT {', '.join(columns)} FROM {table}")
        found[table] = sorted((tuple(_without_time(name, row[name]) for name in columns) for row in rows), key=repr)
    found["running"] = [tuple(row.values()) for row in rig.rows("SELECT run_id FROM runs WHERE status = 'running'")]
    found["leases"] = [tuple(row.values()) for row in rig.rows("SELECT holder FROM leases WHERE holder IS NOT NULL")]
    return found


def differences(found: State, expected: State) -> dict[str, Any]:
    """Give, per table, the rows too many and the rows missing."""
    return {
        table: {
            "extra": [row for row in found[table] if row not in expected[table]],
            "lacking": [row for row in expected[table] if row not in found[table]],
        }
        for table in expected
        if found[table] != expected[table]
    }


class Observer:
    """Reads through a connection of its own what is committed: what would be left if the process died now."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, poolclass=NullPool)
        with self._engine.connect() as connection:
            self._tables = sorted(inspect(connection).get_table_names())

    def content(self) -> str:
        """Give the whole content of the database, up to moments in time and the ids of runs."""
        with self._engine.connect() as connection:
            return self._read(connection)

    @contextmanager
    def watching(self, wire: Tripwire) -> Iterator[list[str]]:
        """Note inside the block what is committed before each step."""
        seen: list[str] = []
        marks: list[Any] = []
        with self._engine.connect() as connection:

            def watch() -> None:
                mark = self._mark(connection)
                seen.append(seen[-1] if [mark] == marks[-1:] else self._read(connection))
                marks.append(mark)
                connection.rollback()

            wire.watch = watch
            try:
                yield seen
            finally:
                wire.watch = _see_nothing

    @staticmethod
    def _mark(connection: Connection) -> Any:
        """Give something that changes whenever another connection commits a change."""
        is_sqlite = connection.dialect.name == "sqlite"
        question = "PRAGMA data_version" if is_sqlite else "SELECT CAST(pg_current_snapshot() AS text)"
        return connection.execute(text(question)).scalar_one()

    def _read(self, connection: Connection) -> str:
        runs = connection.execute(text("SELECT run_id FROM runs ORDER BY started_at, run_id")).scalars().all()
        places = {run: f"run {place}" for place, run in enumerate(runs)}
        content = []
        for table in self._tables:
            rows = connection.execute(text(f"SELECT * FROM {table}")).mappings().all()
            content.append((table, sorted(repr([_plain(name, row[name], places) for name in row]) for row in rows)))
        return hashlib.sha256(repr(content).encode()).hexdigest()


def _see_nothing() -> None:
    """Nobody watches."""


def _plain(name: str, value: Any, places: dict[str, str]) -> Any:
    kept = _without_time(name, value)
    return places.get(kept, kept) if isinstance(kept, str) else kept


def _without_time(name: str, value: Any) -> Any:
    # A trigger writes when a module was first shown, by the database's clock.
    return value is not None if name.endswith("_at") or name in {"hidden_from", "hidden_until"} else value


class Ordeal:
    """One run, and everything that a death at any of its steps can leave behind.

    What is committed is read before every step. Between two changes of it all steps leave the same: there the
    process really dies at the first and at the last step (`is_exhaustive`: at each), what it leaves must be what
    was read, and one run later the outcome must be that of a run that was never hurt.
    """

    def __init__(self, rig: Rig, folder: Path, wire: Tripwire, act: Callable[[Rig], None]) -> None:
        self.rig, self.wire, self.act = rig, wire, act
        url = rig.database.url.render_as_string(hide_password=False)
        rig.database.engine.dispose()
        self.moment = Moment(url, folder)
        self.observer = Observer(url)

    def watch(self) -> list[str]:
        """Do the run unhurt and give what was committed before each of its steps."""
        self._set_back()
        with self.observer.watching(self.wire) as seen, self.wire.armed(None):
            self.act(self.rig)
        self.expected = outcome(self.rig)
        return seen

    def harm(self, seen: list[str], again: Callable[[Rig], None], *, is_exhaustive: bool) -> dict[int, Any]:
        """Die and run again; give the steps after which the outcome differed, with the differences."""
        harm: dict[int, Any] = {}
        recovered: dict[str, Any] = {}
        for step, content in enumerate(seen, start=1):
            is_edge = step in {1, len(seen)} or seen[step - 2] != content or seen[step] != content
            if not (is_edge or is_exhaustive):
                continue
            left = self._die_at(step)
            if left != content:
                harm[step] = "the dead process left something else than was committed when it died"
            elif content not in recovered:
                again(self.rig)
                recovered[content] = differences(outcome(self.rig), self.expected)
            if recovered.get(content):
                harm[step] = recovered[content]
        return harm

    def forget(self) -> None:
        """Remove the copy."""
        self.rig.dispose()
        self.moment.forget()

    def _die_at(self, step: int) -> str:
        self._set_back()
        with self.wire.armed(step):
            with suppress(Crash, ConnectorError):
                self.act(self.rig)
            assert self.wire.is_dead, f"step {step} was never reached"
        self.rig.start_anew()
        return self.observer.content()

    def _set_back(self) -> None:
        self.rig.start_anew()
        self.moment.set_back()
