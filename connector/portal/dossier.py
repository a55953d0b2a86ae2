"""What the portal has of one pupil, by key and time: the rows, who sees them now, access and whose home is secret."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, literal, or_, select, text, true

from connector.portal.audience import GROUP_LIST, view_of
from schemas.explanations import AccessWindow, Stay, StoredRow
from schemas.ids import SchoolId
from schemas.streams import Stream
from schemas.tables.bookkeeping import IdAliasRow
from schemas.tables.catalogue import TABLES, table_of
from schemas.tables.people import GuardianAccessRow

_ACCESS, _ALIASES = table_of(GuardianAccessRow), table_of(IdAliasRow)
_PUPILS, _GUARDIANS = TABLES[Stream.PUPILS], TABLES[Stream.GUARDIANS]
_RELATIONS, _STAYS = TABLES[Stream.GUARDIANSHIPS], TABLES[Stream.GROUP_MEMBERSHIPS]
_PREFERENCES = TABLES[Stream.PRIVACY_PREFERENCES]
_OWNER = {Stream.INVOICES: "debtor_id", Stream.GUARDIANSHIPS: "guardian_id"}


def meant(connection: Connection, school: SchoolId, stream: Stream, key: str) -> str:
    """Give the id that a key of the source means: its own, or where an alias leads."""
    here = (_ALIASES.c.school_id == school, _ALIASES.c.stream == stream.value, _ALIASES.c.source_key == key)
    found: str | None = connection.execute(select(_ALIASES.c.id).where(*here)).scalar()
    return key if found is None else found


def source_keys(connection: Connection, school: SchoolId, stream: Stream, row_id: str) -> frozenset[str]:
    """Give every key that means this id."""
    here = (_ALIASES.c.school_id == school, _ALIASES.c.stream == stream.value, _ALIASES.c.id == row_id)
    return frozenset({row_id, *connection.execute(select(_ALIASES.c.source_key).where(*here)).scalars()})


def is_present(connection: Connection, school: SchoolId, stream: Stream, row_id: str) -> bool:
    """Tell whether the portal has a row."""
    table = TABLES[stream]
    found = connection.execute(select(table.c.id).where(table.c.school_id == school, table.c.id == row_id))
    return found.first() is not None


def ids_of(school: SchoolId, stream: Stream, pupil: str) -> Select[Any]:
    """Give the query of the ids of a stream that concern a pupil: its own, its groups', or the whole school's."""
    table = TABLES[stream]
    return select(table.c.id).where(table.c.school_id == school, _concerns(school, stream, pupil))


def _concerns(school: SchoolId, stream: Stream, pupil: str) -> ColumnElement[bool]:
    table = TABLES[stream]
    groups = select(_STAYS.c.group_id).where(_STAYS.c.school_id == school, _STAYS.c.pupil_id == pupil)
    if stream is Stream.PUPILS:
        return table.c.id == pupil
    if stream is Stream.GUARDIANS:
        related = select(_RELATIONS.c.guardian_id).where(
            _RELATIONS.c.school_id == school, _RELATIONS.c.pupil_id == pupil
        )
        return table.c.id.in_(related)
    if "pupil_id" in table.c:
        return table.c.pupil_id == pupil
    if stream is Stream.GROUPS:
        return table.c.id.in_(groups)
    if stream in {Stream.GROUP_EMPLOYEES, Stream.LESSONS}:
        return table.c.group_id.in_(groups)
    if "group_id" in table.c:
        return or_(table.c.group_id.is_(None), table.c.group_id.in_(groups))
    return true()


def rows_of(connection: Connection, school: SchoolId, stream: Stream, pupil: str) -> list[StoredRow]:
    """Give the rows of a stream that concern a pupil."""
    table, nothing = TABLES[stream], literal(None)
    begins = "begins_at" if stream is Stream.GROUP_MEMBERSHIPS else "visible_from"
    group = "id" if stream is Stream.GROUPS else "group_id"
    columns = (
        table.c.id,
        table.c.first_shown_at,
        table.c.changed_at,
        *(table.c.get(name, nothing) for name in (begins, "visible_until")),
        table.c[_OWNER[stream]] if stream in _OWNER else nothing,
        table.c[group] if group in table.c and stream is not Stream.GROUP_MEMBERSHIPS else nothing,
    )
    here = (table.c.school_id == school, _concerns(school, stream, pupil))
    return [StoredRow(*row) for row in connection.execute(select(*columns).where(*here).order_by(table.c.id))]


def seen(
    connection: Connection, school: SchoolId, stream: Stream, guardians: Collection[str]
) -> frozenset[tuple[str, str]]:
    """Give row and guardian for all that these guardians see of a stream now: the views say."""
    if not guardians:
        return frozenset()
    statement = text(f"SELECT id, guardian_id FROM {view_of(stream)} WHERE school_id = :s AND guardian_id IN :g")  # noqa: S608  # our own names
    expanded = statement.bindparams(bindparam("g", expanding=True))
    return frozenset((row[0], row[1]) for row in connection.execute(expanded, {"s": school, "g": list(guardians)}))


def open_modules(connection: Connection, school: SchoolId) -> frozenset[str]:
    """Give the modules that parents may see now: the view says."""
    found = connection.execute(text("SELECT module FROM portal_modules WHERE school_id = :s"), {"s": school})
    return frozenset(found.scalars())


def is_listed(connection: Connection, school: SchoolId, pupil: str) -> bool:
    """Tell whether any classmate's guardian sees the pupil in a group list now."""
    statement = text(f"SELECT 1 FROM {GROUP_LIST} WHERE school_id = :s AND pupil_id = :p LIMIT 1")  # noqa: S608  # our own
    return connection.execute(statement, {"s": school, "p": pupil}).first() is not None


def relations_of(connection: Connection, school: SchoolId, pupil: str) -> list[tuple[str, str]]:
    """Give guardian and key of every relation of a pupil."""
    query = select(_RELATIONS.c.guardian_id, _RELATIONS.c.id).order_by(_RELATIONS.c.guardian_id, _RELATIONS.c.id)
    here = (_RELATIONS.c.school_id == school, _RELATIONS.c.pupil_id == pupil)
    return [(row[0], row[1]) for row in connection.execute(query.where(*here))]


def windows_of(connection: Connection, school: SchoolId, pupil: str) -> list[AccessWindow]:
    """Give every stretch of access to a pupil, in order of time."""
    columns = ("guardian_id", "level", "reason", "access_from", "access_until")
    query = select(*(_ACCESS.c[name] for name in columns)).order_by(_ACCESS.c.guardian_id, _ACCESS.c.position)
    here = (_ACCESS.c.school_id == school, _ACCESS.c.pupil_id == pupil)
    return [AccessWindow(*row) for row in connection.execute(query.where(*here))]


def stays_of(connection: Connection, school: SchoolId, pupil: str) -> list[Stay]:
    """Give the groups of a pupil with their days."""
    query = select(_STAYS.c.group_id, _STAYS.c.begins_at, _STAYS.c.ends_at)
    here = (_STAYS.c.school_id == school, _STAYS.c.pupil_id == pupil)
    return [Stay(*row) for row in connection.execute(query.where(*here).order_by(_STAYS.c.id))]


def preferences_of(connection: Connection, school: SchoolId, pupil: str) -> list[tuple[str, bool]]:
    """Give category and answer of every preference of a pupil."""
    query = select(_PREFERENCES.c.category, _PREFERENCES.c.is_allowed)
    here = (_PREFERENCES.c.school_id == school, _PREFERENCES.c.pupil_id == pupil)
    return [(row[0], bool(row[1])) for row in connection.execute(query.where(*here))]


def secret_guardians(connection: Connection, school: SchoolId, guardians: Iterable[str]) -> frozenset[str]:
    """Give which of these guardians keep their own address secret."""
    here = (_GUARDIANS.c.school_id == school, _GUARDIANS.c.id.in_(list(guardians)))
    return frozenset(
        connection.execute(select(_GUARDIANS.c.id).where(*here, _GUARDIANS.c.is_address_confidential)).scalars()
    )
