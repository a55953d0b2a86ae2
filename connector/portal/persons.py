"""What the portal holds of a person whose data should change, and what a guardian is to that person."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, text

from connector.portal import dossier, secret_homes
from schemas.correction_fields import FieldName, FieldSpec
from schemas.ids import SchoolId
from schemas.streams import Stream
from schemas.tables.catalogue import TABLES

Person = tuple[Stream, str]
_HOUSED = (Stream.PUPILS, Stream.GUARDIANS)


def rows_of(
    connection: Connection, school: SchoolId, field: FieldName, spec: FieldSpec, record_id: str
) -> Sequence[Mapping[str, Any]] | None:
    """Give the rows that hold a field of a person, in their order; None when the portal has no such person."""
    if not dossier.is_present(connection, school, field.stream, record_id):
        return None
    table = TABLES[spec.held_in]
    is_own = spec.held_in is field.stream
    here = [table.c.school_id == school, (table.c.id if is_own else table.c.pupil_id) == record_id]
    if spec.medical_kind is not None:
        here.append(table.c.kind == spec.medical_kind)
    order = (table.c.contact_order, table.c.id) if "contact_order" in table.c else (table.c.id,)
    return [dict(row) for row in connection.execute(select(table).where(*here).order_by(*order)).mappings()]


def is_home_secret(connection: Connection, school: SchoolId, field: FieldName, record_id: str) -> bool:
    """Tell whether somebody who lives with a pupil keeps the address secret."""
    return field.stream is Stream.PUPILS and bool(secret_homes.holders(connection, school, record_id))


def has_full_access(connection: Connection, school: SchoolId, guardian: str, pupil: str | None = None) -> bool:
    """Tell whether a guardian has authority over this pupil now, or over any; one who is restricted has not."""
    which = "" if pupil is None else " AND pupil_id = :p"
    statement = (
        f"SELECT 1 FROM portal_access WHERE school_id = :s AND guardian_id = :g AND level = 'full'{which} LIMIT 1"  # noqa: S608  # our own words
    )
    asked = {"s": school, "g": guardian} | ({} if pupil is None else {"p": pupil})
    return connection.execute(text(statement), asked).first() is not None


def names(connection: Connection, school: SchoolId, stream: Stream, ids: Sequence[str]) -> Mapping[str, str]:
    """Give the display names of these people, as far as the portal has them."""
    table = TABLES[stream]
    query = select(table.c.id, table.c.display_name).where(table.c.school_id == school, table.c.id.in_(list(ids)))
    return {row[0]: row[1] for row in connection.execute(query)}


def at_same_address(connection: Connection, school: SchoolId, stream: str, record_id: str) -> Sequence[tuple[str, str]]:
    """Give stream and id of everyone else whose address is the very same record."""
    known = {one.value: TABLES[one] for one in (Stream.GUARDIANS, Stream.PUPILS)}
    if stream not in known:
        return ()
    own = known[stream]
    home = select(own.c.address_id).where(
        own.c.school_id == school, own.c.id == record_id, own.c.address_id.is_not(None)
    )
    found = [
        (name, one)
        for name, table in known.items()
        for one in connection.execute(
            select(table.c.id).where(table.c.school_id == school, table.c.address_id.in_(home)).order_by(table.c.id)
        ).scalars()
    ]
    return [one for one in found if one != (stream, record_id)]


def housemates(connection: Connection, school: SchoolId, people: Collection[Person]) -> Mapping[Person, list[Person]]:
    """Give of each of these people who else has the very same address record; all of them in four looks."""
    addresses: dict[Person, str] = {}
    for stream in _HOUSED:
        ids = sorted(one for of, one in people if of is stream)
        addresses |= {(stream, one): home for one, home in _homes(connection, school, stream, "id", ids)}
    at: dict[str, list[Person]] = {}
    for stream in _HOUSED:
        for one, home in _homes(connection, school, stream, "address_id", sorted(set(addresses.values()))):
            at.setdefault(home, []).append((stream, one))
    return {person: [one for one in at[home] if one != person] for person, home in addresses.items()}


def _homes(
    connection: Connection, school: SchoolId, stream: Stream, column: str, values: Sequence[str]
) -> Sequence[tuple[str, str]]:
    """Give the id and address of the rows that have one of these values, as far as they have an address."""
    table = TABLES[stream]
    here = (table.c.school_id == school, table.c[column].in_(list(values)), table.c.address_id.is_not(None))
    found = connection.execute(select(table.c.id, table.c.address_id).where(*here).order_by(table.c.id))
    return [(row[0], row[1]) for row in found]
