"""Corrections: the life of each as a table of moves, and what travels between the portal, us and the school.

One correction of a guardian has items; each item is one field of one person, is decided by itself and has one life.
The moves below are the only ones: the constraint of the database, the code and the picture in the docs come from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from schemas.ids import SourceKey
from schemas.streams import Stream


class State(StrEnum):
    """Where an item is."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    DELIVERED = "delivered"
    AWAITING = "awaiting"
    CONFIRMED = "confirmed"
    CLOSED = "closed"


class Outcome(StrEnum):
    """Why an item was closed."""

    NOOP = "noop"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    MERGED = "merged"
    STALE = "stale"
    EXPIRED = "expired"
    UNDELIVERABLE = "undeliverable"
    DRIFTED = "drifted"
    CLOSED_ELSEWHERE = "closed_elsewhere"


class Place(NamedTuple):
    """A state, and the outcome of one that is closed."""

    state: State
    outcome: Outcome | None = None

    def __str__(self) -> str:
        """Give it as one word, as the history keeps it."""
        return self.state.value if self.outcome is None else f"{self.state.value}:{self.outcome.value}"


SUBMITTED, IN_REVIEW, DELIVERED = Place(State.SUBMITTED), Place(State.IN_REVIEW), Place(State.DELIVERED)
AWAITING, CONFIRMED = Place(State.AWAITING), Place(State.CONFIRMED)


def closed(outcome: Outcome) -> Place:
    """Give the place of an item closed with this outcome."""
    return Place(State.CLOSED, outcome)


_BY_ANYONE = (Outcome.REFUSED, Outcome.WITHDRAWN, Outcome.SUPERSEDED, Outcome.EXPIRED, Outcome.CLOSED_ELSEWHERE)
_TAKEN_UP_AGAIN = (Outcome.UNDELIVERABLE, Outcome.EXPIRED, Outcome.STALE, Outcome.DRIFTED, Outcome.MERGED)

ALLOWED_MOVES: Mapping[Place, tuple[Place, ...]] = {
    SUBMITTED: (IN_REVIEW, *map(closed, (Outcome.NOOP, Outcome.MERGED, *_BY_ANYONE))),
    IN_REVIEW: (
        IN_REVIEW,
        DELIVERED,
        AWAITING,
        *map(closed, (Outcome.MERGED, Outcome.STALE, Outcome.UNDELIVERABLE, *_BY_ANYONE)),
    ),
    DELIVERED: (
        IN_REVIEW,
        AWAITING,
        CONFIRMED,
        *map(closed, (Outcome.STALE, Outcome.UNDELIVERABLE, *_BY_ANYONE)),
    ),
    AWAITING: (IN_REVIEW, CONFIRMED, *map(closed, _BY_ANYONE)),
    CONFIRMED: (closed(Outcome.DRIFTED),),
    **{closed(one): (IN_REVIEW,) for one in _TAKEN_UP_AGAIN},
}
"""From where to where an item may go. A closed one that is not a key here stays as it is.

In review an item stays when the first of two persons accepts it, or when a person lets go of what it waited for.
One that was merged lives on when the wish it was merged into is taken back.
"""

OPEN: tuple[State, ...] = (State.SUBMITTED, State.IN_REVIEW, State.DELIVERED, State.AWAITING)
"""The states of items that still wait for something."""


def moves() -> tuple[tuple[Place, Place], ...]:
    """Give every move there is, and the beginning of each life as one from itself."""
    return ((SUBMITTED, SUBMITTED), *((begin, end) for begin, ends in ALLOWED_MOVES.items() for end in ends))


class Operation(StrEnum):
    """What is asked: old empty, both filled, new empty."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


class Motive(StrEnum):
    """Why: the family moves and life changed, or what stands there is wrong."""

    MOVING = "moving"
    ERROR = "error"


class Need(StrEnum):
    """Why a person of the school must decide before an item is delivered."""

    STALE = "stale"
    CONFLICT = "conflict"
    SECRET = "secret"  # noqa: S105  a word for a person
    EVIDENCE = "evidence"
    TWO_PERSONS = "two_persons"
    LOST = "lost"


class Channel(StrEnum):
    """How a school gets change requests: into the SIS, by mail, or only from our commands."""

    SOURCE = "source"
    MAIL = "mail"
    MANUAL = "manual"


class Refusal(StrEnum):
    """Why the school says no, as the parent is told."""

    RECORD_IS_RIGHT = "record_is_right"
    NOT_PROVEN = "not_proven"
    ASK_THE_SCHOOL = "ask_the_school"
    DUPLICATE = "duplicate"
    OTHER = "other"


class ChangeRequest(NamedTuple):
    """One item on its way to the school.

    `key` is the same for every attempt. `old` and `new` are values as `schemas.correction_fields` has them, None when
    empty; `is_old_known` False says that the portal may not hold the present value. `is_preapproved`: no person at
    the school needs to look. `is_for_all_at_address`: what is wrong is wrong for everyone who shares the address.
    """

    key: str
    correction: str
    requester: SourceKey
    stream: Stream
    record: SourceKey
    field: str
    operation: Operation
    old: Any
    new: Any
    is_old_known: bool
    motive: Motive
    effective_on: date | None
    submitted_at: datetime
    is_preapproved: bool = False
    is_for_all_at_address: bool = False
    rivals: tuple[str, ...] = ()


class Verdict(StrEnum):
    """What the school has said of a change request so far."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Decision(NamedTuple):
    """A change request as the school's system has it. `final` is what it accepted, where that was edited first."""

    key: str
    verdict: Verdict
    decided_at: datetime | None = None
    reason: str | None = None
    is_edited: bool = False
    final: Any = None


EVIDENCE_TYPES = ("application/pdf", "image/jpeg", "image/png")
MOST_EVIDENCE_BYTES = 10_000_000
"""What a document that comes along may be, and how large."""


class Role(StrEnum):
    """On whose side of the table a move was made."""

    GUARDIAN = "guardian"
    SCHOOL = "school"
    CONNECTOR = "connector"


class Actor(NamedTuple):
    """Who made a move: a name that the history keeps, and in which role."""

    name: str
    role: Role


CONNECTOR = Actor("connector", Role.CONNECTOR)
SOURCE = Actor("source", Role.SCHOOL)
"""Who decided in the SIS; it does not tell us more."""


class Item(NamedTuple):
    """One item as the tables have it, with what it needs of its correction. Texts are JSON; instants are aware."""

    correction: str
    number: int
    requester: str
    motive: str
    effective_on: date | None
    submitted_at: datetime
    stream: str
    record_id: str
    field: str
    operation: str
    base_value: str | None
    base_seen_at: datetime | None
    new_value: str | None
    withdraw_asked_at: datetime | None
    state: str
    outcome: str | None
    reason: str | None
    note_parent: str | None
    policy: str | None
    needs: str
    is_secret: bool
    base_text: str | None
    base_digest: str | None
    new_text: str | None
    final_text: str | None
    wanted_digest: str | None
    channel: str | None
    round: int
    attempts: int
    sending_at: datetime | None
    next_try_at: datetime | None
    error: str | None
    is_retraction_due: bool
    first_accepted_by: str | None
    decided_by: str | None
    delivered_at: datetime | None
    decided_at: datetime | None
    confirmed_at: datetime | None
    closed_at: datetime | None

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(State(self.state), None if self.outcome is None else Outcome(self.outcome))

    @property
    def wanted_text(self) -> str | None:
        """What the school should show in the end: what it accepted, else what was asked."""
        return self.new_text if self.final_text is None else self.final_text

    @property
    def is_to_be_taken_back(self) -> bool:
        """Tell whether the school must hear when it is off: it has or may have it. By hand it sees that itself."""
        return (self.delivered_at is not None or self.sending_at is not None) and self.channel != Channel.MANUAL.value

    @property
    def needed(self) -> tuple[Need, ...]:
        """Why a person must decide."""
        return tuple(Need(word) for word in self.needs.split())


class Moved(NamedTuple):
    """One line of an item's history."""

    moved_at: datetime
    from_place: str
    to_place: str
    actor: str
    role: str
    reason: str
