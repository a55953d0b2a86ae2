"""What every step of the corrections works with: the school's session and policy, and the present values of persons."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.bookkeeping import invitations, leases, register
from connector.bookkeeping.leases import Lease
from connector.portal import dossier, persons
from connector.portal.database import Session
from jobs.parts import Parts
from mappings.correction_records import Present, of_record, of_rows
from mappings.corrections import Look, Standing, compare, compare_digests, digest_of, shows
from schemas.correction_fields import FIELDS, FieldName, named
from schemas.corrections import Item
from schemas.ids import SchoolId, SourceKey
from schemas.selections import Selections
from schemas.streams import Partial, Pull, Rejection, Stream, Tombstone

PERSONS = (Stream.PUPILS, Stream.GUARDIANS)


@dataclass
class Desk:
    """One school's corrections at this moment. `seen` is what the school's own records say, by portal id."""

    session: Session
    parts: Parts
    selections: Selections
    lease: Lease | None = None
    seen: dict[tuple[Stream, str], Any] = field(default_factory=dict)
    looked_up: set[tuple[Stream, str]] = field(default_factory=set)

    @property
    def school(self) -> SchoolId:
        """The school."""
        return self.parts.school.id

    @property
    def now(self) -> datetime:
        """This moment."""
        return self.parts.clock()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Write in one transaction, as long as the lease is ours."""
        with self.session.write() as connection:
            if self.lease is not None:
                leases.renew(connection, self.lease)
            yield connection

    def present(self, connection: Connection, item: Item) -> Present | None:
        """Give the present value of an item's field: the school's own where it was looked up, else the portal's.

        None when the person is gone.
        """
        name = field_of(item)
        spec = FIELDS[name]
        person = (name.stream, item.record_id)
        if spec.held_in is name.stream and person in self.looked_up:
            record = self.seen.get(person)
            return None if record is None else of_record(name, record)
        return portal_value(connection, self.school, name, item.record_id)

    def has_looked_up(self, item: Item) -> bool:
        """Tell whether the school's own record was asked for, and decides about this field."""
        name = field_of(item)
        return FIELDS[name].held_in is name.stream and (name.stream, item.record_id) in self.looked_up

    def is_blind(self, item: Item) -> bool:
        """Tell whether the school's own record decides about this field, and could not be asked for."""
        name = field_of(item)
        can_be_asked = self.parts.source.capabilities.fetches_by_key and FIELDS[name].held_in is name.stream
        return (can_be_asked or item.is_secret) and not self.has_looked_up(item)

    def source_key(self, item: Item) -> SourceKey:
        """Give the key by which the school's system knows the person now."""
        record = self.seen.get((field_of(item).stream, item.record_id))
        return SourceKey(item.record_id if record is None else record.key)

    def look(self, connection: Connection, item: Item, present: Present) -> Look:
        """Compare base, present and wanted once more; what may not be kept by its keyed hash."""
        if item.is_secret and not self.has_looked_up(item):
            return Look.GO
        if item.is_secret:
            return compare_digests(
                item.base_digest, self.digest(connection, item, present.value), item.wanted_digest or ""
            )
        return compare(item.base_text, present.value, item.new_text or "null")

    def shows(self, connection: Connection, item: Item, present: Present) -> bool:
        """Tell whether the school shows what was wanted; a secret is judged by the school's own record only."""
        if item.is_secret or item.wanted_text is None:
            if not self.has_looked_up(item):
                return False
            return self.digest(connection, item, present.value) == item.wanted_digest
        return shows(item.wanted_text, present.value) or (
            item.final_text is not None and item.new_text is not None and shows(item.new_text, present.value)
        )

    def digest(self, connection: Connection, item: Item, value: Any) -> str:
        """Give the keyed hash of a value of an item's field."""
        return digest_of(invitations.keep_key(connection, self.school), field_of(item), value)

    def look_up(self, items: Collection[Item]) -> None:
        """Ask the school's system for its own records of these persons, where it can be asked by key.

        Raises what a source raises.
        """
        if not self.parts.source.capabilities.fetches_by_key:
            return
        for stream in PERSONS:
            wanted = {item.record_id for item in items if item.stream == stream.value}
            wanted = {one for one in wanted if (stream, one) not in self.looked_up}
            if wanted:
                self._ask(stream, wanted)

    def look_up_anew(self, items: Collection[Item]) -> None:
        """Ask once more, for what was seen before may be old now."""
        people = {(field_of(item).stream, item.record_id) for item in items}
        self.looked_up -= people
        for person in people:
            self.seen.pop(person, None)
        self.look_up(items)

    def _ask(self, stream: Stream, wanted: Collection[str]) -> None:
        with self.session.read() as connection:
            keys = {key: one for one in wanted for key in dossier.source_keys(connection, self.school, stream, one)}
        read: Callable[[Any], Any] = self.parts.readers[stream]
        pull = Pull((stream,), keys=tuple(SourceKey(key) for key in sorted(keys)))
        unreadable: set[str | None] = set()
        for page in self.parts.source.pages(self.school, pull):
            for wire in page.items:
                if type(wire) is Rejection:
                    # One without a key may be any of those that were asked for and did not come.
                    unreadable |= set(wanted) if wire.key is None else {keys.get(wire.key)}
                elif type(wire) is not Tombstone:
                    record = read(wire.record if type(wire) is Partial else wire)
                    for key in {record.key, *record.former_keys} & keys.keys():
                        self.seen[stream, keys[key]] = record
        people = {(stream, one) for one in wanted}
        self.looked_up |= {one for one in people if one in self.seen or one[1] not in unreadable}


def field_of(item: Item) -> FieldName:
    """Give the field of an item that was taken in."""
    found = named(item.stream, item.field)
    assert found is not None  # noqa: S101  what has no field was refused when it was submitted
    return found


def portal_value(connection: Connection, school: SchoolId, name: FieldName, record_id: str) -> Present | None:
    """Give what the portal holds of a field, None when it has no such person."""
    rows = persons.rows_of(connection, school, name, FIELDS[name], record_id)
    if rows is None:
        return None
    return of_rows(name, rows, is_secret_home=persons.is_home_secret(connection, school, name, record_id))


def standing_of(connection: Connection, school: SchoolId, requester: str, stream: str, record_id: str) -> Standing:
    """Tell what a guardian is to a person now: authority, restriction and relation as the portal's access has them."""
    if stream == Stream.GUARDIANS.value:
        is_self = record_id == requester and persons.has_full_access(connection, school, requester)
        return Standing.SELF if is_self else Standing.NONE
    is_child = stream == Stream.PUPILS.value and persons.has_full_access(connection, school, requester, record_id)
    return Standing.CHILD if is_child else Standing.NONE


def selections_of(connection: Connection, school: SchoolId) -> Selections:
    """Give the school's settings."""
    return register.selections(connection, school)
