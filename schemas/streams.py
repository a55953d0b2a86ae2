"""Streams in dependency order, and what travels between a source and the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple, NewType

from schemas.ids import SchoolId, SourceKey

Cursor = NewType("Cursor", str)
"""The source's own position in its changes. Opaque: we only store it and give it back."""


class Stream(StrEnum):
    """One kind of record pulled from the SIS. The order is the order of work: parents before children."""

    LOCATIONS = "locations"
    PUPILS = "pupils"
    GUARDIANS = "guardians"
    GUARDIANSHIPS = "guardianships"
    EMERGENCY_CONTACTS = "emergency_contacts"
    ABSENCES = "absences"
    MEDICAL_ITEMS = "medical_items"
    INVOICES = "invoices"
    NEWS_ITEMS = "news_items"
    EMPLOYEES = "employees"
    GROUPS = "groups"
    GROUP_MEMBERSHIPS = "group_memberships"
    GROUP_EMPLOYEES = "group_employees"
    CALENDAR_ITEMS = "calendar_items"
    PRIVACY_PREFERENCES = "privacy_preferences"
    LESSONS = "lessons"
    SUPPORT_PLANS = "support_plans"
    REPORTS = "reports"
    METHOD_TEST_RESULTS = "method_test_results"
    NOTES = "notes"
    TEST_RESULTS = "test_results"


class Parent(NamedTuple):
    """A reference that must point to a row of the portal: the parent's stream and the child's column."""

    stream: Stream
    column: str


PARENTS: Mapping[Stream, tuple[Parent, ...]] = {
    Stream.LOCATIONS: (),
    Stream.PUPILS: (),
    Stream.GUARDIANS: (),
    Stream.GUARDIANSHIPS: (Parent(Stream.PUPILS, "pupil_id"), Parent(Stream.GUARDIANS, "guardian_id")),
    Stream.EMERGENCY_CONTACTS: (Parent(Stream.PUPILS, "pupil_id"),),
    Stream.ABSENCES: (Parent(Stream.PUPILS, "pupil_id"),),
    Stream.MEDICAL_ITEMS: (Parent(Stream.PUPILS, "pupil_id"),),
    Stream.INVOICES: (Parent(Stream.GUARDIANS, "debtor_id"),),
    Stream.NEWS_ITEMS: (),
    Stream.EMPLOYEES: (),
    Stream.GROUPS: (),
    Stream.GROUP_MEMBERSHIPS: (Parent(Stream.PUPILS, "pupil_id"), Parent(Stream.GROUPS, "group_id")),
    Stream.GROUP_EMPLOYEES: (Parent(Stream.GROUPS, "group_id"),),
    Stream.CALENDAR_ITEMS: (),
    Stream.PRIVACY_PREFERENCES: (Parent(Stream.PUPILS, "pupil_id"),),
    Stream.LESSONS: (Parent(Stream.GROUPS, "group_id"),),
    Stream.SUPPORT_PLANS: (Parent(Stream.PUPILS, "pupil_id"),),
    Stream.REPORTS: (Parent(Stream.PUPILS, "pupil_id"),),
    Stream.METHOD_TEST_RESULTS: (Parent(Stream.PUPILS, "pupil_id"),),
    Stream.NOTES: (Parent(Stream.PUPILS, "pupil_id"),),
    Stream.TEST_RESULTS: (Parent(Stream.PUPILS, "pupil_id"),),
}
"""Hard references (foreign keys). A parent is pulled whenever its child is: same module, or personalia."""

LOOSE_REFERENCES: Mapping[Stream, Mapping[str, Stream]] = {
    Stream.PUPILS: {"location_id": Stream.LOCATIONS},
    Stream.INVOICES: {"pupil_id": Stream.PUPILS},
    Stream.NEWS_ITEMS: {"group_id": Stream.GROUPS},
    Stream.GROUP_EMPLOYEES: {"employee_id": Stream.EMPLOYEES},
    Stream.CALENDAR_ITEMS: {"group_id": Stream.GROUPS},
    Stream.LESSONS: {"employee_id": Stream.EMPLOYEES},
    Stream.SUPPORT_PLANS: {"employee_id": Stream.EMPLOYEES},
    Stream.NOTES: {"employee_id": Stream.EMPLOYEES},
}
"""References without a foreign key: null while no open module pulls the stream they point to."""


TIES: Mapping[Stream, tuple[str, ...]] = {
    stream: (
        *(parent.column for parent in PARENTS[stream]),
        *(column for column, target in LOOSE_REFERENCES.get(stream, {}).items() if target is Stream.GROUPS),
    )
    for stream in Stream
}
"""The columns that say whose a record is: a pupil, a guardian, a group. They decide who may see it."""


def children_of(stream: Stream) -> tuple[Stream, ...]:
    """Give every stream that hangs on this one, directly or not, in dependency order."""
    found: set[Stream] = set()
    for child in Stream:
        if any(parent.stream == stream or parent.stream in found for parent in PARENTS[child]):
            found.add(child)
    return tuple(child for child in Stream if child in found)


def naming(stream: Stream) -> tuple[Stream, ...]:
    """Give every stream that hangs on this one or has a loose reference to it, in dependency order."""
    loose = {child for child, columns in LOOSE_REFERENCES.items() if stream in columns.values()}
    return tuple(child for child in Stream if child in loose or child in children_of(stream))


class Outcome(StrEnum):
    """What staging decides about one fetched record."""

    SHOWN = "shown"
    WITHHELD = "withheld"
    REJECTED = "rejected"
    DELETED = "deleted"
    DUPLICATE = "duplicate"


class Action(StrEnum):
    """What the plan will do with one key of a stream."""

    ADD = "add"
    ALTER = "alter"
    KEEP = "keep"
    WITHDRAW = "withdraw"
    REMOVE = "remove"


class Mode(StrEnum):
    """How a stream was asked for: everything, what changed since a cursor, by key, or what lies in a period."""

    FULL = "full"
    CHANGES = "changes"
    KEYS = "keys"
    PERIOD = "period"


class Tombstone(NamedTuple):
    """The source says that this key is gone."""

    key: SourceKey


class Decides(StrEnum):
    """What a field that cannot be read decides: nothing, a part (an address, a phone), or who sees the record."""

    NOTHING = "nothing"
    PART = "part"
    WHETHER = "whether"


class Rejection(NamedTuple):
    """A record that cannot be used. `key` is None when even that was unreadable; `hides` when it alone may not stay.

    `ties` is whose it is, by the columns of `TIES`, as far as that can be read: an old row of another may not stay.
    Where many records lack the same field, what can be read of each still counts: `readable` is the wire record with
    something harmless in place of what cannot be read, `says_less` that a readable field forbids to show it.
    """

    key: SourceKey | None
    code: str
    field_path: str = ""
    hides: bool = False
    ties: tuple[tuple[str, SourceKey], ...] = ()
    decides: Decides = Decides.NOTHING
    readable: Any = None
    says_less: bool = False


class Partial(NamedTuple):
    """A wire record whose secrecy of a part could not be read, so that this part counts as secret."""

    record: Any
    code: str
    field_path: str


class Period(NamedTuple):
    """Days in the school's zone, the first and the last in it."""

    from_on: date
    until_on: date

    def __str__(self) -> str:
        """Give it as a person and the reference contract write it."""
        return f"{self.from_on}/{self.until_on}"


DAY_COLUMNS: Mapping[Stream, str] = {
    Stream.ABSENCES: "starts_at",
    Stream.INVOICES: "invoiced_on",
    Stream.NEWS_ITEMS: "visible_from",
    Stream.CALENDAR_ITEMS: "starts_at",
    Stream.SUPPORT_PLANS: "from_on",
    Stream.REPORTS: "reported_on",
    Stream.METHOD_TEST_RESULTS: "taken_on",
    Stream.NOTES: "noted_on",
    Stream.TEST_RESULTS: "taken_on",
}
"""The streams whose records lie on a day, and the portal's column that holds it. The others have no history."""


class Scope(NamedTuple):
    """What an enumeration speaks of. None means all; only rows inside can go missing."""

    school_year: int | None = None
    period: Period | None = None


WHOLE_SCHOOL = Scope()


class Page(NamedTuple):
    """A part of one stream's answer, in the source's order.

    `items` holds the dialect's validated wire records, tombstones and rejections; a source may read them only when they
    are looked at, which then raises what reading raises. `expected` is the source's own count of a full enumeration as
    of this page, `cursor` its position once this page was the last.
    """

    stream: Stream
    items: Sequence[Any]
    is_last: bool
    expected: int | None = None
    cursor: Cursor | None = None
    scope: Scope = WHOLE_SCHOOL


class Pull(NamedTuple):
    """One question to a source: these streams together; since a cursor, by key or of a period for a single stream."""

    streams: tuple[Stream, ...]
    cursor: Cursor | None = None
    keys: tuple[SourceKey, ...] = ()
    period: Period | None = None

    @property
    def mode(self) -> Mode:
        """Tell how the streams are asked for."""
        if self.keys:
            return Mode.KEYS
        if self.period is not None:
            return Mode.PERIOD
        return Mode.FULL if self.cursor is None else Mode.CHANGES


class Capabilities(NamedTuple):
    """What a source can do. `bundles` are the streams it sends together, in dependency order.

    `dated` are the streams that can be asked for a period; their records are counted beforehand.
    """

    bundles: tuple[tuple[Stream, ...], ...]
    is_incremental: bool
    says_what_changed: bool
    fetches_by_key: bool
    dated: frozenset[Stream] = frozenset()

    @property
    def streams(self) -> frozenset[Stream]:
        """Give every stream the source can supply."""
        return frozenset(stream for bundle in self.bundles for stream in bundle)


class Changes(NamedTuple):
    """The answer to "what changed since": streams with news, and streams whose cursor is no longer known."""

    changed: frozenset[Stream]
    expired: frozenset[Stream]


class Description(NamedTuple):
    """What a source says of a school without naming a person."""

    school: SchoolId
    name: str
    streams: frozenset[Stream]


PageStream = Iterator[Page]
