"""A portal that can be set back to a moment, and a process that dies at a chosen step."""

from __future__ import annotations

import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import Connection, Engine, event, inspect, text
from sqlalchemy.engine import URL, make_url

from connector.bookkeeping import leases
from connector.portal import postgresql
from schemas.errors import ConnectorError
from tests import postgres
from tests.rig import Rig

DEAD_HOLDER = f"{socket.gethostname()}|999999999|1"
"""A process of this machine that is gone: the next run need not wait for the lease to expire."""

State = dict[str, list[tuple[Any, ...]]]

_OUTCOME_COLUMNS = {
    "quarantine": ("stream", "key", "code", "field_path", "is_hiding", "missing_stream", "missing_key"),
    "pending_keys": ("stream", "id", "action", "is_held"),
    "checkpoints": ("stream", "fingerprint", "loaded_at", "full_reason"),
    "hidden_keys": ("stream", "id", "reason"),
    "id_aliases": ("stream", "source_key", "id"),
    "reveals": ("module",),
}


class Crash(BaseException):
    """The process died here; nothing in the code may catch it."""


class Tripwire:
    """Counts every statement, COPY, COMMIT and request of an engine's runs; at `at` the process dies.

    From then on the connections are gone and every further step dies too, so nothing is written any more.
    """

    def __init__(self, engine: Engine) -> None:
        self.steps = 0
        self.at: int | None = None
        self.is_dead = False
        self._raw: list[Any] = []
        self._copy = postgresql.insert_rows
        event.listen(engine, "connect", lambda raw, _record: self._raw.append(raw))
        event.listen(engine, "before_cursor_execute", lambda *_: self.step())
        event.listen(engine, "commit", lambda *_: self.step())

    def step(self, _number: int = 0) -> None:
        """Count one step, or die at it."""
        self.steps += 1
        if self.is_dead or self.steps == self.at:
            self.is_dead = True
            for raw in self._raw:
                raw.close()
            raise Crash

    def copy(self, *arguments: Any) -> None:
        """Count a COPY, which goes past the engine's events."""
        self.step()
        self._copy(*arguments)

    @contextmanager
    def armed(self, at: int | None) -> Iterator[None]:
        """Count from one inside the block, and die at that count."""
        self.steps, self.at, self.is_dead = 0, at, False
        self._raw.clear()
        with (
            mock.patch.object(leases, "_holder", lambda: DEAD_HOLDER),
            mock.patch.object(postgresql, "insert_rows", self.copy),
        ):
            yield
        self.at, self.is_dead = None, False


class Moment:
    """A copy of a portal database to which it can be set back."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url: URL = make_url(url)
        self._is_sqlite = self._url.get_backend_name() == "sqlite"
        self._file, self._copy = Path(self._url.database or ""), folder / "moment.db"
        self._name = f"moment_{uuid.uuid4().hex[:12]}"
        self._server = self._url.set(database="postgres").render_as_string(hide_password=False)
        if self._is_sqlite:
            shutil.copyfile(self._file, self._copy)
        else:
            postgres.create_database(self._server, self._name, str(self._url.database))

    def set_back(self) -> None:
        """Make the database what it was; no connection of ours may be open."""
        if self._is_sqlite:
            for suffix in ("-wal", "-shm"):
                self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
            shutil.copyfile(self._copy, self._file)
        else:
            postgres.drop_database(self._server, str(self._url.database))
            postgres.create_database(self._server, str(self._url.database), self._name)

    def forget(self) -> None:
        """Remove the copy."""
        if not self._is_sqlite:
            postgres.drop_database(self._server, self._name)


def outcome(rig: Rig) -> State:
    """Give what must be the same whatever crashed before: the portal, and what the next runs build on."""
    found: State = rig.portal()
    for table, columns in _OUTCOME_COLUMNS.items():
        rows = rig.rows(f"SELECT {', '.join(columns)} FROM {table}")
        found[table] = sorted(
            (tuple(_without_time(name, row[name]) for name in columns) for row in rows), key=repr
        )
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


def fingerprint(connection: Connection) -> int:
    """Name the whole content of the database, up to moments in time and the ids of runs."""
    runs = connection.execute(text("SELECT run_id FROM runs ORDER BY started_at, run_id")).scalars().all()
    places = {run: f"run {place}" for place, run in enumerate(runs)}
    content = []
    for table in sorted(inspect(connection).get_table_names()):
        rows = connection.execute(text(f"SELECT * FROM {table}")).mappings().all()
        content.append((table, sorted(repr([_plain(name, row[name], places) for name in row]) for row in rows)))
    return hash(repr(content))


def _plain(name: str, value: Any, places: dict[str, str]) -> Any:
    return places.get(value, value) if isinstance(value, str) else _without_time(name, value)


def _without_time(name: str, value: Any) -> Any:
    return value is not None if name.endswith("_at") else value


def enumerate_crashes(
    rig: Rig, moment: Moment, wire: Tripwire, act: Callable[[Rig], None], again: Callable[[Rig], None], mine: range
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Die at each step in `mine`, then run again; give the step and how the outcome differs from an unhurt one.

    Two crashes that leave the same content behind are followed by one and the same run, which is done once.
    """
    expected = _unhurt(rig, moment, act)
    known: dict[int, dict[str, Any]] = {}
    for step in mine:
        rig.start_anew()
        moment.set_back()
        with wire.armed(step):
            with suppress(Crash, ConnectorError):
                act(rig)
            assert wire.is_dead, f"step {step} was never reached"
        rig.start_anew()
        with rig.database.session() as session, session.read() as connection:
            left = fingerprint(connection)
        if left not in known:
            again(rig)
            known[left] = differences(outcome(rig), expected)
        yield step, known[left]


def count_steps(rig: Rig, moment: Moment, wire: Tripwire, act: Callable[[Rig], None]) -> int:
    """Count the steps of an unhurt run."""
    rig.start_anew()
    moment.set_back()
    with wire.armed(None):
        act(rig)
    return wire.steps


def _unhurt(rig: Rig, moment: Moment, act: Callable[[Rig], None]) -> State:
    rig.start_anew()
    moment.set_back()
    act(rig)
    return outcome(rig)

