"""What a run is given: live objects and one school's settings. Nothing here opens or decides anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from connector.document_store import DocumentStore
from connector.mail import Mailer
from connector.portal.database import Database
from connector.sources.base import Source
from mappings.brake import Limits
from mappings.documents import Rules
from schemas.corrections import Channel
from schemas.ids import SchoolId, SourceKey
from schemas.modules import Module
from schemas.pauses import Pause
from schemas.reviews import Language
from schemas.runs import Trigger
from schemas.streams import Period, Stream


class SchoolPlan(NamedTuple):
    """One configured school. `source` is the name of its source in the settings, `institution` a Flemish number."""

    id: SchoolId
    name: str
    source: str
    limits: Limits = Limits()
    institution: str | None = None


class DocumentPlan(NamedTuple):
    """Which documents are kept, and where: in the table unless there is a store."""

    rules: Rules = Rules()
    store: DocumentStore | None = None


class MailPlan(NamedTuple):
    """By which server letters go to which address of a school, and in which language."""

    mailer: Mailer
    to: str
    language: Language = "nl"


class CorrectionPlan(NamedTuple):
    """How corrections reach a school, and how long each part of their life may take, in days."""

    channel: Channel = Channel.MANUAL
    overdue_days: int = 10
    expire_days: int = 90
    watch_days: int = 30
    keep_days: int = 365
    evidence_days: int = 30
    mail: MailPlan | None = None


OVERDUE_AFTER = timedelta(days=10)
"""How long a correction may wait where nothing else is said."""


class Progress(NamedTuple):
    """How far a stream is. `expected` is the source's own count, where it gave one."""

    school: SchoolId
    stream: Stream
    fetched: int
    expected: int | None
    is_done: bool


Show = Callable[[Progress], None]
"""Hears how far a stream is."""


def clock() -> datetime:
    """Give this moment as an aware instant. Only jobs read the clock."""
    return datetime.now(UTC)


def _ignore(_progress: Progress) -> None:
    """Show no progress."""


def _never() -> bool:
    """Nobody asks to stop."""
    return False


def _not_paused() -> Pause | None:
    """Nobody paused it."""
    return None


IS_UNWANTED: ContextVar[Callable[[], bool]] = ContextVar("is_unwanted", default=_never)
"""Whether the run at hand wants no further request; a request that waits asks it."""


class Parts(NamedTuple):
    """Everything a run needs, live. `readers` maps the dialect's wire records to canonical ones.

    `unreadable_hours` is how long rows stay that nobody can judge any more, because many records cannot be read.
    `parallel_requests` is how much of the source may be asked at a time; 1 asks for one page after another.
    """

    database: Database
    source: Source
    readers: Mapping[Stream, Callable[[Any], Any]]
    school: SchoolPlan
    clock: Callable[[], datetime] = clock
    lease_seconds: int = 120
    hold_days: int = 14
    unreadable_hours: int = 24
    parallel_requests: int = 1
    on_progress: Show = _ignore
    should_stop: Callable[[], bool] = _never
    pause: Callable[[], Pause | None] = _not_paused
    documents: DocumentPlan = DocumentPlan()
    corrections: CorrectionPlan = CorrectionPlan()


class Document(NamedTuple):
    """A file that feeds a school: when it was made and the digest of its bytes."""

    created_at: datetime
    digest: str


class Task(NamedTuple):
    """What a run is to do. `keys` limits it to some records, `period` to some days; no `modules`: all open ones."""

    trigger: Trigger
    modules: frozenset[Module] = frozenset()
    is_full: bool = False
    is_dry_run: bool = False
    keys: Mapping[Stream, tuple[SourceKey, ...]] | None = None
    document: Document | None = None
    period: Period | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether streams are pulled as they come due; else the run has its own records and is never quiet."""
        return self.keys is None and self.period is None
