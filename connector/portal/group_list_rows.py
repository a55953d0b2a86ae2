"""The entries of the group list, as rows: derived anew for every pupil whom a change could make more or less visible.

One secret address concerns everybody who lives there, and every pupil whose guardian does. A school that keeps no
preferences has no entries, and pays one look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    delete,
    exists,
    insert,
    literal,
    or_,
    select,
    union,
)

from connector.portal.staging import DOOMED, STAGING, TOUCHED_ENTRIES
from schemas.ids import SchoolId
from schemas.streams import Action, Stream
from schemas.tables.catalogue import TABLES, table_of
from schemas.tables.people import GroupListEntryRow

ENTRIES = table_of(GroupListEntryRow)
COLUMNS = tuple(column.name for column in ENTRIES.columns if not column.primary_key)
"""The columns a mapping fills, in the order of its tuples."""

PUPILS_AT_A_TIME = 500
"""Bounds the memory of a large school's first load."""

_PUPILS, _GUARDIANS, _RELATIONS, _PREFERENCES = (
    TABLES[stream] for stream in (Stream.PUPILS, Stream.GUARDIANS, Stream.GUARDIANSHIPS, Stream.PRIVACY_PREFERENCES)
)
_PUPIL_FACTS = (
    "display_name",
    "sort_name",
    "photo_reference",
    "birth_on",
    "enrolled_until",
    "visible_from",
    "address_id",
    "street",
    "house_number",
    "house_number_suffix",
    "postal_code",
    "city",
    "phones",
)
_GUARDIAN_FACTS = ("id", "display_name", "address_id", "is_address_confidential")
_RELATION_FACTS = ("authority", "is_restricted", "from_on", "until_on")
_OF_A_PUPIL = (Stream.GUARDIANSHIPS, Stream.PRIVACY_PREFERENCES)
_DECIDING = (Stream.PUPILS, Stream.GUARDIANS, *_OF_A_PUPIL)

Derive = Callable[[tuple[Any, ...], Sequence[tuple[Any, ...]], Sequence[tuple[Any, ...]]], "tuple[Any, ...] | None"]
"""A pupil's facts with whether anybody at home is secret, the preferences (category, is_allowed), and the guardians
with their relations, in; the entry's columns, or None for a pupil who is not listed, out."""


class _Change(NamedTuple):
    """What moves in one stream: ids of rows, and where its staged rows will live or whom they will speak of."""

    stream: Stream
    ids: Select[Any]
    staged: FromClause | None = None


def touch_staged(connection: Connection, school: SchoolId, stream: Stream) -> None:
    """Remember the pupils whose entry this plan may change, before and after it is applied.

    Held rows count: of those, too, an address that turned secret is blanked.
    """
    connection.execute(delete(TOUCHED_ENTRIES))
    if stream not in _DECIDING:
        return
    if stream is not Stream.PRIVACY_PREFERENCES and not _is_kept(connection, school):
        return
    staging = STAGING[stream]
    moves = staging.c.action.in_([Action.ADD.value, Action.ALTER.value, Action.WITHDRAW.value])
    moving = _Change(stream, select(staging.c.id).where(moves), select(staging).where(moves).subquery())
    _touch(connection, school, [moving])


def touch_doomed(connection: Connection, school: SchoolId) -> None:
    """Remember the pupils whose entry a removal may change, and take those entries out: nothing may hang on a pupil."""
    connection.execute(delete(TOUCHED_ENTRIES))
    if not _is_kept(connection, school):
        return
    doomed = [_Change(one, select(DOOMED.c.id).where(DOOMED.c.stream == one.value)) for one in _DECIDING]
    _touch(connection, school, doomed)
    _delete_touched(connection, school)


def derive_touched(connection: Connection, school: SchoolId, derive: Derive) -> None:
    """Replace the entry of every touched pupil by what consent and secrecy give now."""
    ids = _next_touched(connection, "")
    if ids:
        _delete_touched(connection, school)
    while ids:
        rows = _entries(connection, school, TOUCHED_ENTRIES.c.id.between(ids[0], ids[-1]), derive)
        if rows:
            connection.execute(insert(ENTRIES), rows)
        ids = _next_touched(connection, ids[-1])


def _is_kept(connection: Connection, school: SchoolId) -> bool:
    """Tell whether the school keeps preferences, or entries that came of them."""
    kept = (select(literal(1)).where(table.c.school_id == school) for table in (_PREFERENCES, ENTRIES))
    return connection.execute(select(or_(*(exists(one) for one in kept)))).scalar_one() is True


def _touch(connection: Connection, school: SchoolId, changes: Sequence[_Change]) -> None:
    touched = [one for change in changes for one in _touched_by(school, change)]
    connection.execute(insert(TOUCHED_ENTRIES).from_select(["id"], union(*touched)))


def _touched_by(school: SchoolId, change: _Change) -> list[Select[Any]]:
    """Give the queries of the pupils whom one change concerns, as the portal has it before and as it is staged."""
    table, staged = TABLES[change.stream], change.staged
    moved = (table.c.school_id == school, table.c.id.in_(change.ids))
    if change.stream in _OF_A_PUPIL:
        after = [] if staged is None else [select(staged.c.pupil_id).where(staged.c.pupil_id.is_not(None))]
        return [select(table.c.pupil_id).where(*moved), *after]
    homes = [select(table.c.address_id).where(*moved, table.c.address_id.is_not(None))]
    homes += [] if staged is None else [select(staged.c.address_id).where(staged.c.address_id.is_not(None))]
    here = union(*homes)
    living = select(_PUPILS.c.id).where(_PUPILS.c.school_id == school, _PUPILS.c.address_id.in_(here))
    related = select(_RELATIONS.c.pupil_id).where(_RELATIONS.c.school_id == school)
    resident = related.join(_GUARDIANS, _same(_RELATIONS.c.guardian_id, _GUARDIANS))
    resident = resident.where(_GUARDIANS.c.address_id.in_(here))
    own = change.ids if change.stream is Stream.PUPILS else related.where(_RELATIONS.c.guardian_id.in_(change.ids))
    return [own, living, resident]


def _same(key: ColumnElement[Any], table: Any) -> ColumnElement[bool]:
    """Tell whether a relation's key names this row of the same school."""
    is_same: ColumnElement[bool] = (table.c.school_id == _RELATIONS.c.school_id) & (table.c.id == key)
    return is_same


def _delete_touched(connection: Connection, school: SchoolId) -> None:
    touched = exists(select(literal(1)).where(TOUCHED_ENTRIES.c.id == ENTRIES.c.pupil_id))
    connection.execute(delete(ENTRIES).where(ENTRIES.c.school_id == school, touched))


def _next_touched(connection: Connection, last: str) -> Sequence[str]:
    following = select(TOUCHED_ENTRIES.c.id).where(TOUCHED_ENTRIES.c.id > last)
    return connection.execute(following.order_by(TOUCHED_ENTRIES.c.id).limit(PUPILS_AT_A_TIME)).scalars().all()


def _entries(
    connection: Connection, school: SchoolId, chosen: ColumnElement[bool], derive: Derive
) -> list[dict[str, Any]]:
    """Derive the entries of one stretch of the touched pupils."""
    preferences = _by_pupil(connection, _preferences(school).where(chosen))
    parents = _by_pupil(connection, _parents(school).where(chosen))
    rows: list[dict[str, Any]] = []
    for pupil_id, *facts in connection.execute(_pupils(school).where(chosen)):
        said = preferences.get(pupil_id)
        entry = derive(tuple(facts), said, parents.get(pupil_id, [])) if said else None
        if entry is not None:
            rows.append({"school_id": school, "pupil_id": pupil_id, **dict(zip(COLUMNS, entry, strict=True))})
    return rows


def _by_pupil(connection: Connection, query: Select[Any]) -> dict[str, list[tuple[Any, ...]]]:
    rows = connection.execute(query).all()
    return {pupil_id: [tuple(row[1:]) for row in group] for pupil_id, group in groupby(rows, key=lambda row: row[0])}


def _pupils(school: SchoolId) -> Select[Any]:
    query = select(_PUPILS.c.id, *(_PUPILS.c[name] for name in _PUPIL_FACTS), _is_home_secret(_PUPILS))
    return query.join(TOUCHED_ENTRIES, TOUCHED_ENTRIES.c.id == _PUPILS.c.id).where(_PUPILS.c.school_id == school)


def _preferences(school: SchoolId) -> Select[Any]:
    query = select(_PREFERENCES.c.pupil_id, _PREFERENCES.c.category, _PREFERENCES.c.is_allowed)
    query = query.join(TOUCHED_ENTRIES, TOUCHED_ENTRIES.c.id == _PREFERENCES.c.pupil_id)
    return query.where(_PREFERENCES.c.school_id == school).order_by(_PREFERENCES.c.pupil_id)


def _parents(school: SchoolId) -> Select[Any]:
    """Give the guardians of each pupil in the order in which the school calls them."""
    guardian = (*(_GUARDIANS.c[name] for name in _GUARDIAN_FACTS), _is_home_secret(_GUARDIANS))
    query = select(_RELATIONS.c.pupil_id, *guardian, *(_RELATIONS.c[name] for name in _RELATION_FACTS))
    query = query.join(TOUCHED_ENTRIES, TOUCHED_ENTRIES.c.id == _RELATIONS.c.pupil_id)
    query = query.join(_GUARDIANS, _same(_RELATIONS.c.guardian_id, _GUARDIANS))
    order = (_RELATIONS.c.pupil_id, _RELATIONS.c.contact_order, _RELATIONS.c.guardian_id, _RELATIONS.c.id)
    return query.where(_RELATIONS.c.school_id == school).order_by(*order)


def _is_home_secret(person: Any) -> ColumnElement[bool]:
    """Tell whether this person, or anybody at the same address, keeps it secret."""
    marks = [person.c.is_address_confidential]
    for table in (_PUPILS.alias("neighbour"), _GUARDIANS.alias("resident")):
        here = (table.c.school_id == person.c.school_id) & (table.c.address_id == person.c.address_id)
        marks.append(exists(select(literal(1)).where(here, table.c.is_address_confidential)))
    return or_(*marks)
