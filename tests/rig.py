"""A school, its simulated SIS in process, and a portal database: the bench that integration tests stand at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from connector.bookkeeping import register
from connector.http import Http, HttpSettings
from connector.portal.database import Database
from connector.simulator.answers import Simulator
from connector.simulator.stories import tell
from connector.simulator.world import World
from connector.sources.reference import ReferenceSource
from jobs.approve import approve
from jobs.parts import Parts, SchoolPlan
from jobs.replay import replay
from jobs.sync import SyncOptions, sync_school
from mappings.brake import Limits
from mappings.sources.reference.catalogue import READERS
from schemas.ids import SchoolId, SourceKey
from schemas.modules import Module
from schemas.runs import RunReport
from schemas.streams import Stream
from tests.simulator_adapter import simulated_session

SCHOOL = SchoolId("99AA00")
TODAY = date(2026, 11, 24)
PORTAL_TABLES = (*(stream.value for stream in Stream), "guardian_access", "group_list_entries")
DEFAULT_LIMITS = Limits()
CLOCKS = {"first_shown_at", "changed_at", "news_at"}


class Rig:
    """One school beside a portal. `advance` moves our clock (never the database's).

    One request at a time, so that the calls of two equal runs come in the same order, unless a test says otherwise.
    """

    def __init__(
        self,
        url: str,
        *,
        pupils: int = 20,
        seed: int = 7,
        limits: Limits = DEFAULT_LIMITS,
        before_call: Callable[[int], None] | None = None,
        school: SchoolId = SCHOOL,
        parallel_requests: int = 1,
        today: date | None = None,
    ) -> None:
        self.school = school
        self.world = World(seed, today or datetime.now(UTC).date(), {school: pupils})
        self.sis = Simulator(self.world)
        self.before_call = before_call
        self.database = Database(url)
        self.offset = timedelta(0)
        self.parts = Parts(
            self.database,
            self._source(),
            READERS,
            SchoolPlan(school, "De Regenboog", "main", limits=limits),
            clock=lambda: datetime.now(UTC) + self.offset,
            parallel_requests=parallel_requests,
        )

    def _source(self) -> ReferenceSource:
        settings = HttpSettings(
            base_url="http://sis.test", client_id="connector", client_secret=SecretStr("demo-secret")
        )
        session = simulated_session(self.sis, self.before_call)
        return ReferenceSource(Http(settings, session=session, sleep=lambda _seconds: None))

    def start_anew(self) -> None:
        """Forget what a process keeps between runs (connections, the token), as a new process would."""
        self.database.engine.dispose()
        self.parts = self.parts._replace(source=self._source())

    def open(self, *modules: Module, at: datetime | None = None) -> None:
        """Open modules (all when none are named) from a moment on, now by default."""
        with self.database.session() as session, session.write() as connection:
            now = self.parts.clock()
            register.ensure(connection, self.school, now, "test")
            for module in modules or tuple(Module):
                register.open_module(connection, self.school, module, at or now, "test")

    def close(self, *modules: Module) -> None:
        """Close modules at once."""
        with self.database.session() as session, session.write() as connection:
            for module in modules:
                register.close_module(connection, self.school, module, datetime.now(UTC), "test")

    def sync(self, *, full: bool = False, dry: bool = False, modules: Iterable[Module] = ()) -> RunReport:
        """Do one sync."""
        return sync_school(self.parts, SyncOptions(frozenset(modules), is_full=full, is_dry_run=dry))

    def approve(self, run_id: str) -> RunReport:
        """Approve what a run held."""
        return approve(self.parts, run_id, "tester")

    def replay(self, keys: Mapping[Stream, tuple[SourceKey, ...]] | None = None) -> RunReport:
        """Replay the quarantine."""
        return replay(self.parts, keys or {})

    def tell(self, story: str) -> list[tuple[str, str]]:
        """Let something happen in the SIS."""
        return tell(self.world, self.school, story)

    def role(self, name: str) -> str:
        """Give the id of the record that plays a role in the simulated world."""
        return self.world.roles(self.school)[name]

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Ask the portal database."""
        with self.database.session() as session, session.read() as connection:
            return [dict(row) for row in connection.execute(text(statement), values).mappings()]

    def ids(self, table: str) -> set[str]:
        """Give the ids in a portal table."""
        return {row["id"] for row in self.rows(f"SELECT id FROM {table}")}

    def portal(self) -> dict[str, list[tuple[Any, ...]]]:
        """Give every row of the portal tables, without the clock columns, in a fixed order."""
        return {table: sorted(self._comparable(table), key=repr) for table in PORTAL_TABLES}

    def _comparable(self, table: str) -> list[tuple[Any, ...]]:
        told = map(_keyless, self.rows(f"SELECT * FROM {table}"))
        return [tuple(item for item in sorted(row.items()) if item[0] not in CLOCKS) for row in told]

    def dispose(self) -> None:
        """Close the database."""
        self.database.dispose()


def _keyless(row: dict[str, Any]) -> dict[str, Any]:
    """Give a row without what the school's own random key decides: whether there is a hash, not which."""
    return {name: value is not None if name.endswith("_digest") else value for name, value in row.items()}
