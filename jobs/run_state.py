"""What one execution knows and learns, and what every write of it begins with."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from connector.bookkeeping import leases, register
from connector.bookkeeping.checkpoints import Checkpoint
from connector.bookkeeping.leases import Lease
from connector.bookkeeping.leftovers import Leftovers
from connector.portal.database import Session
from connector.portal.staging import Staging
from jobs.fetch_ahead import FetchAhead
from jobs.parts import Parts, Task
from mappings.activation import Policy
from mappings.echo import Wishes
from schemas.errors import PolicyMoved, StopRequested
from schemas.ids import RunId
from schemas.modules import Module, modules_needing
from schemas.runs import StreamReport
from schemas.stops import Stop
from schemas.streams import Stream


@dataclass
class RunState:
    """What one execution knows and learns. Lives as long as the run; `lease` is None in a dry run."""

    session: Session
    parts: Parts
    task: Task
    run_id: RunId
    started_at: datetime
    lease: Lease | None
    policy: Policy
    version: int
    revealed: frozenset[Module]
    checkpoints: dict[Stream, Checkpoint]
    leftovers: Leftovers
    staging: Staging
    ahead: FetchAhead
    reports: list[StreamReport] = field(default_factory=list)
    quarantined: int = 0
    held: int = 0
    stored: int = 0
    refused: int = 0
    wishes: Wishes = field(default_factory=dict)
    """What parents asked for and the pull may bring."""
    stops: dict[Stream, Stop] = field(default_factory=dict)
    """The streams that stopped, as far as this run knows."""
    tried: set[Stream] = field(default_factory=set)
    """The stopped streams that this run asked for in full."""
    unreached: set[Stream] = field(default_factory=set)
    """The streams of people and consent that the source stumbled over in this run."""
    is_answered: bool = False
    """The source answered a question of this run, so whatever it refuses is that thing alone."""
    renewed_at: float = field(default_factory=time.monotonic)

    @property
    def is_dry(self) -> bool:
        """Tell whether nothing may be written."""
        return self.task.is_dry_run

    def fence(self, connection: Connection) -> None:
        """Begin every write: still our lease, still the same policy."""
        if self.lease is None:
            raise AssertionError("a dry run writes nothing")
        leases.renew(connection, self.lease)
        if register.version(connection, self.parts.school.id) != self.version:
            raise PolicyMoved(
                f"School {self.parts.school.id}: the register changed while the run was busy.",
                fix="Nothing of this step was written; the next run works by the new register.",
            )
        self.renewed_at = time.monotonic()

    def keep_lease(self) -> None:
        """Renew the lease while pages are being fetched."""
        if self.lease is not None and time.monotonic() - self.renewed_at > self.lease.seconds / 3:
            with self.session.write() as connection:
                self.fence(connection)

    def wait(self) -> None:
        """Go on waiting for the source: the lease is kept, and a wish to stop is heard."""
        if self.parts.should_stop():
            raise StopRequested(f"School {self.parts.school.id}: stopped on request while waiting for the source.")
        self.keep_lease()

    def is_loaded(self, stream: Stream) -> bool:
        """Tell whether a stream came in whole before."""
        return self.checkpoints.get(stream, Checkpoint()).loaded_at is not None

    def is_past_first_load(self, stream: Stream) -> bool:
        """Tell whether a stream came in whole before, and parents see a module that needs it."""
        return self.is_loaded(stream) and bool(modules_needing(stream) & self.revealed)
