"""Review: what a person sees of a school's corrections. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from connector.bookkeeping import corrections
from connector.portal import persons
from jobs.correction_desk import portal_value
from mappings.correction_records import Present
from mappings.values import start_of_day
from schemas.correction_fields import FIELDS, named
from schemas.corrections import OPEN, Channel, Item, Moved, Outcome, State
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId
from schemas.streams import Stream

SHORTEST, SHORT = 4, 8
"""How much of an id a person must type at least, and how much of it is shown at least."""


class Seen(NamedTuple):
    """One item with what stands around it. `name` None: the portal does not have the person."""

    item: Item
    reference: str
    name: str | None
    requester: str | None
    is_sensitive: bool
    needs_person: bool


class Docket(NamedTuple):
    """One item as it lies on the table: the present value, opposite wishes, documents, and its life so far.

    `is_evidence_sensitive`: the documents may be about a medical item of the same correction.
    """

    seen: Seen
    present: Present | None
    rivals: tuple[Seen, ...]
    evidence: tuple[Mapping[str, Any], ...]
    moves: tuple[Moved, ...]
    is_evidence_sensitive: bool = False


def find(connection: Connection, school: SchoolId, reference: str) -> str:
    """Give the one correction whose id begins like this. Raises ConfigurationError."""
    if len(reference) < SHORTEST:
        raise ConfigurationError(
            "The reference is too short.", fix=f"Give at least its first {SHORTEST} characters, as the list shows it."
        )
    found = corrections.known(connection, school, reference)
    if reference in found:
        return reference
    if not found:
        raise ConfigurationError(
            f"School {school} has no correction with that reference.",
            fix=f"`connector corrections list --school {school}` shows them.",
        )
    if len(found) > 1:
        raise ConfigurationError(
            f"Several corrections of school {school} begin like that.", fix="Give more of the reference."
        )
    return found[0]


def short_references(ids: Iterable[str]) -> dict[str, str]:
    """Give the shortest beginning of each id that is no other's, of eight characters or more."""
    ordered = sorted(set(ids))
    return {
        one: one[: max(SHORT, 1 + max(_shared(one, before), _shared(one, after)))]
        for before, one, after in zip(["", *ordered], ordered, [*ordered[1:], ""], strict=False)
    }


def _shared(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def needs_person(item: Item) -> bool:
    """Tell whether an item goes no further until somebody does something with our commands."""
    is_in_review = item.state == State.IN_REVIEW.value and bool(item.needs)
    lies_here = item.state == State.DELIVERED.value and item.channel == Channel.MANUAL.value
    return is_in_review or lies_here or item.outcome == Outcome.UNDELIVERABLE.value


def is_sensitive(item: Item) -> bool:
    """Tell whether an item is of the queue of its own; a field we do not know may be anything."""
    field = named(item.stream, item.field)
    return field is None or FIELDS[field].is_sensitive


def look(connection: Connection, school: SchoolId) -> list[Seen]:
    """Give every item that is kept, oldest first."""
    return _seen(connection, school, corrections.everything(connection, school))


def _seen(connection: Connection, school: SchoolId, items: Sequence[Item]) -> list[Seen]:
    short = short_references(corrections.ids(connection, school))
    names = {
        stream.value: persons.names(connection, school, stream, sorted(ids))
        for stream, ids in (
            (Stream.PUPILS, {item.record_id for item in items if item.stream == Stream.PUPILS.value}),
            (
                Stream.GUARDIANS,
                {item.requester for item in items}
                | {item.record_id for item in items if item.stream == Stream.GUARDIANS.value},
            ),
        )
    }
    return [
        Seen(
            item,
            short.get(item.correction, item.correction),
            names.get(item.stream, {}).get(item.record_id),
            names[Stream.GUARDIANS.value].get(item.requester),
            is_sensitive(item),
            needs_person(item),
        )
        for item in items
    ]


def lay_out(connection: Connection, school: SchoolId, correction: str) -> list[Docket]:
    """Give every item of a correction with all that a person may want to see of it."""
    items = corrections.of_correction(connection, school, correction)
    history = corrections.history(connection, school, correction)
    evidence = tuple(corrections.evidence(connection, school, correction))
    return [
        Docket(
            seen,
            _present(connection, school, seen.item),
            tuple(_seen(connection, school, _rivals(connection, school, seen.item))),
            evidence,
            tuple(history.get(seen.item.number, ())),
            any(is_sensitive(one) for one in items),
        )
        for seen in _seen(connection, school, items)
    ]


def _present(connection: Connection, school: SchoolId, item: Item) -> Present | None:
    field = named(item.stream, item.field)
    return None if field is None else portal_value(connection, school, field, item.record_id)


def _rivals(connection: Connection, school: SchoolId, item: Item) -> list[Item]:
    return corrections.rivals(connection, school, item) if item.state in {state.value for state in OPEN} else []


def waiting(connection: Connection, school: SchoolId) -> list[Docket]:
    """Give what waits for a person, opposite wishes after each other: for us, or for the school's answer to a mail."""
    found = [
        seen
        for seen in look(connection, school)
        if seen.needs_person or (seen.item.state == State.DELIVERED.value and seen.item.channel == Channel.MAIL.value)
    ]
    first: dict[tuple[str, str, str], int] = {}
    for at, seen in enumerate(found):
        first.setdefault(_about(seen), at)
    dockets: dict[str, list[Docket]] = {}
    for seen in found:
        if seen.item.correction not in dockets:
            dockets[seen.item.correction] = lay_out(connection, school, seen.item.correction)
    return [
        docket
        for seen in sorted(found, key=lambda one: first[_about(one)])
        for docket in dockets[seen.item.correction]
        if docket.seen.item.number == seen.item.number
    ]


def _about(seen: Seen) -> tuple[str, str, str]:
    return (seen.item.stream, seen.item.record_id, seen.item.field)


def waits_since(item: Item) -> datetime | None:
    """Give since when an item has waited for what comes next; None when it waits for nothing."""
    if item.state not in {state.value for state in OPEN}:
        return None
    begun = item.submitted_at
    if item.state == State.AWAITING.value:
        begun = item.decided_at or item.delivered_at or begun
    elif item.state == State.DELIVERED.value:
        begun = item.delivered_at or begun
    return begun if item.effective_on is None else max(begun, start_of_day(item.effective_on))


def overdue(connection: Connection, school: SchoolId, now: datetime, days: int) -> list[Seen]:
    """Give what has waited longer than so many days, the longest first."""
    before = now - timedelta(days=days)
    waits = [(since, item) for item in corrections.in_states(connection, school) if (since := waits_since(item))]
    late = [item for since, item in sorted(waits, key=lambda one: one[0]) if since < before]
    return _seen(connection, school, late)
