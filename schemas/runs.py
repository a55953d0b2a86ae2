"""Runs: status, the sums of a stream, and the report a run gives."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from schemas.errors import BooksDoNotBalance
from schemas.ids import RunId, SchoolId
from schemas.streams import Mode, Stream


class RunStatus(StrEnum):
    """How a run stands. A run that is `running` without a lease was abandoned by its process."""

    RUNNING = "running"
    QUIET = "quiet"
    DONE = "done"
    INCOMPLETE = "incomplete"
    STOPPED = "stopped"
    FAILED = "failed"


class Trigger(StrEnum):
    """What started a run."""

    SYNC = "sync"
    IMPORT = "import"
    REPLAY = "replay"
    APPROVAL = "approval"
    BACKFILL = "backfill"
    PREVIEW = "preview"


class Sums(NamedTuple):
    """The counts of one stream.

    fetched = added + altered + unchanged + withheld + quarantined + tombstones + duplicates.

    missing: absent from a complete enumeration. withdrawn, removed: rows that left the portal, by rule or because
    they are gone at the source (with what hung on them). held: part of added, altered, tombstones or missing.
    disappeared, appeared: what the brake let through and remembers for 24 hours.
    """

    fetched: int = 0
    added: int = 0
    altered: int = 0
    unchanged: int = 0
    withheld: int = 0
    quarantined: int = 0
    tombstones: int = 0
    duplicates: int = 0
    missing: int = 0
    withdrawn: int = 0
    removed: int = 0
    held: int = 0
    disappeared: int = 0
    appeared: int = 0
    size_before: int = 0

    def check(self, stream: Stream) -> None:
        """Raise BooksDoNotBalance unless every fetched record is accounted for."""
        accounted = self.added + self.altered + self.unchanged + self.withheld
        accounted += self.quarantined + self.tombstones + self.duplicates
        if accounted != self.fetched:
            raise BooksDoNotBalance(
                f"{stream.value}: {self.fetched} records were fetched and {accounted} are accounted for."
            )


class StreamReport(NamedTuple):
    """What one stream went through in one run."""

    stream: Stream
    mode: Mode
    sums: Sums
    gates: Mapping[str, int]
    hold_reason: str = ""
    is_incomplete: bool = False


class RunReport(NamedTuple):
    """What one run did. `attention` counts what is new and needs a person.

    `not_supplied` are streams of open modules that the source does not know. `stored` and `refused` count documents,
    the latter only where that or the reason is new.
    """

    run_id: RunId
    school: SchoolId
    status: RunStatus
    streams: tuple[StreamReport, ...] = ()
    quarantined: int = 0
    held: int = 0
    error: str = ""
    is_dry_run: bool = False
    not_supplied: tuple[Stream, ...] = ()
    stored: int = 0
    refused: int = 0

    @property
    def attention(self) -> int:
        """Count what is new and needs a person."""
        return self.quarantined + self.held + self.refused
