"""The kill switch as a run sees it: asked of the database now and then, and remembered in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from connector.bookkeeping import pauses
from connector.portal.database import Database
from schemas.errors import ConnectorError, SchoolPaused
from schemas.ids import SchoolId
from schemas.pauses import Pause, Scope

KNOWN_SECONDS = 1.0
"""How long an answer counts: a pause works within this, and the page at hand."""


def refusal(pause: Pause) -> SchoolPaused:
    """Give the error of work that a pause forbids."""
    return SchoolPaused(f"{pause.said()}.", fix=f"`connector resume --{pause.scope.value} {pause.name}` lifts it.")


class Switch:
    """Tells what is paused. Any number of threads may ask; one of them asks the database."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database, self._monotonic = database, monotonic
        self._lock = threading.Lock()
        self._known: dict[tuple[Scope, str], Pause] = {}
        self._asked_at: float | None = None

    def of_school(self, school: SchoolId, source: str, *, is_fresh: bool = False) -> Pause | None:
        """Give the pause that holds a school: its own, or that of its source."""
        known = self._now(is_fresh=is_fresh)
        return known.get((Scope.SCHOOL, school)) or known.get((Scope.SOURCE, source))

    def _now(self, *, is_fresh: bool) -> dict[tuple[Scope, str], Pause]:
        with self._lock:
            now = self._monotonic()
            if is_fresh or self._asked_at is None or now - self._asked_at >= KNOWN_SECONDS:
                self._known, self._asked_at = self._asked(), now
            return self._known

    def _asked(self) -> dict[tuple[Scope, str], Pause]:
        """Ask the database; while it is away what was known counts, and the run itself finds out that it is away."""
        try:
            with self._database.session() as session, session.read() as connection:
                return {(pause.scope, pause.name): pause for pause in pauses.read(connection)}
        except ConnectorError:
            return self._known
