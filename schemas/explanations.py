"""Why the portal shows or hides what concerns one pupil: keys, reasons and times, never a record's values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from schemas.ids import SchoolId
from schemas.modules import STREAMS_OF, Module
from schemas.streams import Outcome, Stream

SHOWN_BY: Mapping[Stream, Module] = {
    stream: next(module for module in Module if stream in STREAMS_OF[module]) for stream in Stream
}
"""The module whose view shows a stream. Rooster needs the groups as well; groep is what shows them."""

FULL_ACCESS_ONLY: frozenset[Stream] = frozenset(
    {
        Stream.EMERGENCY_CONTACTS,
        Stream.ABSENCES,
        Stream.MEDICAL_ITEMS,
        Stream.PRIVACY_PREFERENCES,
        Stream.METHOD_TEST_RESULTS,
        Stream.NOTES,
    }
)
"""The streams whose views ask for full access. A test holds this equal to the texts of the views."""


class Place(StrEnum):
    """Where the books know a key from."""

    PORTAL = "portal"
    HELD = "held"
    QUARANTINE = "quarantine"
    HIDDEN = "hidden"
    AWAITED = "awaited"


class Trace(NamedTuple):
    """What the books hold of one key. `what` is the held action, the quarantine's code or the gate."""

    place: Place
    stream: Stream
    id: str
    what: str
    since_at: datetime
    detail: str = ""
    run_id: str | None = None
    until_at: datetime | None = None


class StoredRow(NamedTuple):
    """A row of the portal that concerns the pupil. `owner` is the one guardian whose it is; `group` whose group's."""

    id: str
    first_shown_at: datetime
    changed_at: datetime
    visible_from: datetime | None = None
    visible_until: datetime | None = None
    owner: str | None = None
    group: str | None = None


class Told(NamedTuple):
    """A record of the pupil that the source told of just now, and what staging decides about it."""

    id: str
    outcome: Outcome
    code: str


class AccessWindow(NamedTuple):
    """What one guardian may see of the pupil in one stretch of time, and why."""

    guardian: str
    level: str
    reason: str
    begins_at: datetime | None
    ends_at: datetime | None


class Stay(NamedTuple):
    """The pupil in a group. None is open."""

    group: str
    begins_at: datetime | None
    ends_at: datetime | None


class Reading(NamedTuple):
    """A run that read records of a stream."""

    run_id: str
    mode: str
    finished_at: datetime


class Viewer(NamedTuple):
    """A guardian now: the relations to the pupil by key, the level, why, and the reason that follows by itself.

    Not when: the day of an 18th birthday or of a restriction is a record's value.
    """

    guardian: str
    relations: tuple[str, ...]
    level: str
    reason: str
    then: str | None
    traces: tuple[Trace, ...] = ()


class RowReason(NamedTuple):
    """One row, or one record the source told of: shown or the reason, and per guardian the same.

    The times are null for what the portal has not. `at_source` is what keeps out the record as the source has it now,
    where it was asked and the row is still here.
    """

    id: str
    reason: str
    seen_by: tuple[str, ...]
    why: Mapping[str, str]
    first_shown_at: datetime | None = None
    changed_at: datetime | None = None
    at_source: str | None = None


class StreamReason(NamedTuple):
    """One stream: where it stands, its rows, and what the books hold of its keys.

    `others_held` and `others_quarantined` are keys of which the books do not tell whose they are.
    """

    stream: Stream
    reason: str
    read_at: datetime | None
    mapping_version: str | None
    settings: str
    waits_for: str | None
    reading: Reading | None
    kept_out: Mapping[str, int]
    rows: tuple[RowReason, ...]
    traces: tuple[Trace, ...]
    others_held: int
    others_quarantined: int


class Entry(NamedTuple):
    """What the register says of a module: dates, and who wrote down when that it opens, and the decision behind it."""

    opens_at: datetime | None
    closes_at: datetime | None
    revealed_at: datetime | None
    embargo_until: datetime | None
    phase: int
    noted_by: str | None
    noted_at: datetime | None
    closed_by: str | None
    decided_by: str | None
    agreed_with: str | None
    phase_opens_on: date | None


class ModuleReason(NamedTuple):
    """One module: open to parents, or the gate that keeps it closed; and its streams."""

    module: Module
    reason: str
    entry: Entry | None
    streams: tuple[StreamReason, ...]


class Explanation(NamedTuple):
    """All of it for one pupil. `secret` are those at the pupil's address who keep it secret, the pupil included.

    `group_list` has its fields with shown or the reason. `is_asked`: the source was asked for this pupil's records.
    """

    school: SchoolId
    pupil: str
    is_in_portal: bool
    traces: tuple[Trace, ...]
    source: str
    dialect: str
    checked_at: datetime | None
    mapping_version: int
    taken_at: datetime
    secret: tuple[tuple[Stream, str], ...]
    viewers: tuple[Viewer, ...]
    guardian: str | None
    modules: tuple[ModuleReason, ...]
    group_list: Mapping[str, str]
    is_asked: bool
