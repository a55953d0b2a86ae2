"""Standing: how fresh each school's data is against its target, how its last run ended, and what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection

from connector.bookkeeping import standing
from connector.bookkeeping.checkpoints import NOT_SUPPLIED
from connector.bookkeeping.register import ModuleEntry
from connector.bookkeeping.standing import Standing
from jobs.parts import OVERDUE_AFTER
from mappings.freshness import ModuleAge, Pulled, is_late, judge
from schemas.ids import SchoolId
from schemas.modules import ESSENTIAL, STREAMS_OF, Module
from schemas.runs import RunStatus
from schemas.streams import Stream

_BAD_ENDS = frozenset({RunStatus.FAILED.value, RunStatus.INCOMPLETE.value})


class Feed(NamedTuple):
    """What feeds a school: the streams it can supply by its kind, whether that is files, and how old data may be."""

    streams: frozenset[Stream]
    is_files: bool
    target: timedelta | None


class Attention(StrEnum):
    """Why a person should look at a school."""

    LATE = "late"
    STOPPED = "stopped"
    LAST_RUN = "last_run"
    HELD = "held"
    QUARANTINE = "quarantine"
    CORRECTIONS = "corrections"
    OVERDUE = "corrections_overdue"


class SchoolStanding(NamedTuple):
    """How one school stands. `data_at` is the instant its data is of; `lacking` what no source supplies."""

    books: Standing
    target: timedelta | None
    data_at: datetime | None
    is_late: bool
    modules: tuple[ModuleAge, ...]
    loading: tuple[Module, ...]
    lacking: Mapping[Module, tuple[Stream, ...]]

    @property
    def is_broken_off(self) -> bool:
        """Tell whether the last run says that it is under way while no run holds the lease."""
        last = self.books.last_run
        return last is not None and last["status"] == RunStatus.RUNNING.value and not self.books.is_running

    @property
    def attention(self) -> tuple[Attention, ...]:
        """Give why a person should look; nothing when all is well."""
        last = self.books.last_run
        is_bad = self.is_broken_off or (last is not None and last["status"] in _BAD_ENDS)
        found = {
            Attention.LATE: self.is_late or any(one.is_late for one in self.modules),
            Attention.STOPPED: bool(self.books.stopped),
            Attention.LAST_RUN: is_bad,
            Attention.HELD: self.books.held.needing_a_person > 0,
            Attention.QUARANTINE: self.books.quarantine.needing_a_person > 0,
            Attention.CORRECTIONS: self.books.corrections.needing_a_person > 0,
            Attention.OVERDUE: self.books.corrections.overdue > 0,
        }
        return tuple(why for why, is_so in found.items() if is_so)


def look(
    connection: Connection,
    feeds: Mapping[SchoolId, Feed],
    now: datetime,
    overdue_after: timedelta = OVERDUE_AFTER,
) -> dict[SchoolId, SchoolStanding]:
    """Give how each school stands, in a fixed number of statements whatever the number of schools."""
    books = standing.read(connection, tuple(feeds), now, overdue_after)
    return {school: _stand(books[school], feed, now) for school, feed in feeds.items()}


def _stand(books: Standing, feed: Feed, now: datetime) -> SchoolStanding:
    opened = [(entry, at) for entry in books.entries if (at := _open_since(entry, now)) is not None]
    refused = {stream for stream, one in books.checkpoints.items() if one.full_reason == NOT_SUPPLIED}
    lacking = frozenset(Stream) - (feed.streams - refused)
    data_at = books.document_at if feed.is_files else books.checked_at
    loaded = {stream: one.loaded_at for stream, one in books.checkpoints.items() if one.loaded_at is not None}
    # A document says what was so when it was made, not when it was read.
    pulled = Pulled(data_at, dict.fromkeys(loaded, data_at) if feed.is_files and data_at else loaded, lacking)
    return SchoolStanding(
        books=books,
        target=feed.target,
        data_at=data_at,
        is_late=is_late(data_at, feed.target, now),
        modules=judge([(entry.module, at) for entry, at in opened], pulled, feed.target, now),
        loading=tuple(
            entry.module for entry, _ in opened if entry.revealed_at is None and not ESSENTIAL[entry.module] & lacking
        ),
        lacking={
            entry.module: missing
            for entry, _ in opened
            if (missing := tuple(stream for stream in STREAMS_OF[entry.module] if stream in lacking))
        },
    )


def _open_since(entry: ModuleEntry, now: datetime) -> datetime | None:
    """Give since when a module is open; None for one that is not."""
    if entry.opens_at is None or entry.opens_at > now or (entry.closes_at is not None and entry.closes_at <= now):
        return None
    return entry.opens_at
