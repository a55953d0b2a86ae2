"""The entries of the group list, as rows: derived anew for every pupil whom a change could make more or less visible.

One secret address concerns everybody who lives there, and every pupil whose guardian does. A school that keeps no
preferences has no entries, and pays one look.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    delete,
    exists,
    false,
    insert,
    literal,
    or_,
    select,
    union,
)

from connector.portal import secret_homes
from connector.portal.database import insert_rows
from connector.portal.staging import DOOMED, STAGING, TOUCHED_ENTRIES, TOUCHED_HOMES
from connector.portal.stretches import stretches
from schemas.ids import SchoolId
from schemas.streams import Action, Stream
from schemas.tables.catalogue import TABLES, table_of
from schemas.tables.people import GroupListEntryRow

ENTRIES = table_of(GroupListEntryRow)
COLUMNS = tuple(column.name for column in ENTRIES.columns if not column.primary_key)
"""The columns a mapping fills, in the order of its tuples."""

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
_GUARDIAN_FACTS = ("id", "display_name")
_RELATION_FACTS = ("authority", "is_restricted", "from_on", "until_on")
_OF_A_PUPIL = (Stream.GUARDIANSHIPS, Stream.PRIVACY_PREFERENCES)
DECIDING = (Stream.PUPILS, Stream.GUARDIANS, *_OF_A_PUPIL)
"""The streams of which a change can change an entry."""

Derive = Callable[[tuple[Any, ...], Sequence[tuple[Any, ...]], Sequence[tuple[Any, ...]]], "tuple[Any, ...] | None"]
"""A pupil's facts with whether anybody at home is secret, the preferences (category, is_allowed), and the guardians
with their relations, in; the entry's columns, or None for a pupil who is not listed, out."""


def touch_staged(connection: Connection, school: SchoolId, stream: Stream) -> None:
    """Remember the pupils whose entry this plan may change, before and after it is applied.

    Held rows count: of those, too, an address that turned secret is blanked.
    """
    if stream not in DECIDING:
        return
    connection.execute(delete(TOUCHED_ENTRIES))
    if stream is not Stream.PRIVACY_PREFERENCES and not _is_kept(connection, school):
        return
    staging = STAGING[stream]
    # Of a record that stays though it could not be read, what can be read may still show less.
    moved = staging.c.action.in_([Action.ADD.value, Action.ALTER.value, Action.WITHDRAW.value])
    moves = or_(moved, staging.c.is_less == false())
    ids = select(staging.c.id).where(moves)
    if stream in _OF_A_PUPIL:
        named = select(staging.c.pupil_id).where(moves, staging.c.pupil_id.is_not(None))
        _touch(connection, [_named_by(school, stream, ids), named])
        if stream is Stream.GUARDIANSHIPS:
            joins = select(staging.c.guardian_id).where(moves, staging.c.guardian_id.is_not(None))
            _touch_more(connection, select(_RELATIONS.c.pupil_id).where(*_of_guardians(school, joins)))
            _touch_siblings(connection, school)
        return
    future = select(staging.c.address_id).where(moves, staging.c.address_id.is_not(None))
    _note_homes(connection, [_homes_of(school, stream, ids), future])
    _touch(connection, [_own(school, stream, ids), *_at_homes(school)])
    _touch_siblings(connection, school)


def touch_doomed(connection: Connection, school: SchoolId, streams: Collection[Stream]) -> None:
    """Remember the pupils whose entry a removal in these streams may change, and take those entries out.

    Nothing may hang on a pupil who goes.
    """
    connection.execute(delete(TOUCHED_ENTRIES))
    deciding = [stream for stream in DECIDING if stream in streams]
    if not deciding or not _is_kept(connection, school):
        return
    doomed = {stream: select(DOOMED.c.id).where(DOOMED.c.stream == stream.value) for stream in deciding}
    people = [stream for stream in deciding if stream not in _OF_A_PUPIL]
    touched = [_named_by(school, stream, doomed[stream]) for stream in deciding if stream in _OF_A_PUPIL]
    if people:
        _note_homes(connection, [_homes_of(school, stream, doomed[stream]) for stream in people])
        touched += [*(_own(school, stream, doomed[stream]) for stream in people), *_at_homes(school)]
    _touch(connection, touched)
    _touch_siblings(connection, school)
    _delete_touched(connection, school)


def derive_touched(connection: Connection, school: SchoolId, derive: Derive) -> None:
    """Replace the entry of every touched pupil by what consent and secrecy give now."""
    for stretch in stretches(connection, TOUCHED_ENTRIES):
        _delete_touched(connection, school, stretch)
        rows = _entries(connection, school, stretch, derive)
        if rows:
            insert_rows(connection, ENTRIES, ("school_id", "pupil_id", *COLUMNS), rows)


def _is_kept(connection: Connection, school: SchoolId) -> bool:
    """Tell whether the school keeps preferences, or entries that came of them."""
    kept = (select(literal(1)).where(table.c.school_id == school) for table in (_PREFERENCES, ENTRIES))
    return connection.execute(select(or_(*(exists(one) for one in kept)))).scalar_one() is True


def _touch(connection: Connection, pupils: Sequence[Select[Any]]) -> None:
    connection.execute(insert(TOUCHED_ENTRIES).from_select(["id"], union(*pupils)))


def _touch_more(connection: Connection, pupils: Select[Any]) -> None:
    fresh = pupils.where(pupils.selected_columns[0].not_in(select(TOUCHED_ENTRIES.c.id))).distinct()
    connection.execute(insert(TOUCHED_ENTRIES).from_select(["id"], fresh))


def _touch_siblings(connection: Connection, school: SchoolId) -> None:
    """Take in whoever shares a guardian with a touched pupil: a secret of the one may be of the other's home."""
    mine = _RELATIONS.alias("mine")
    guardians = select(mine.c.guardian_id).join(TOUCHED_ENTRIES, TOUCHED_ENTRIES.c.id == mine.c.pupil_id)
    guardians = guardians.where(mine.c.school_id == school)
    _touch_more(connection, select(_RELATIONS.c.pupil_id).where(*_of_guardians(school, guardians)))


def _of_guardians(school: SchoolId, guardians: Select[Any]) -> tuple[ColumnElement[bool], ...]:
    return (_RELATIONS.c.school_id == school, _RELATIONS.c.guardian_id.in_(guardians))


def _named_by(school: SchoolId, stream: Stream, ids: Select[Any]) -> Select[Any]:
    """Give the query of the pupils whom rows of the portal speak of."""
    table = TABLES[stream]
    return select(table.c.pupil_id).where(table.c.school_id == school, table.c.id.in_(ids)).distinct()


def _own(school: SchoolId, stream: Stream, ids: Select[Any]) -> Select[Any]:
    """Give the query of these pupils themselves, or of those whom these guardians belong to."""
    if stream is Stream.PUPILS:
        return ids
    return select(_RELATIONS.c.pupil_id).where(_RELATIONS.c.school_id == school, _RELATIONS.c.guardian_id.in_(ids))


def _homes_of(school: SchoolId, stream: Stream, ids: Select[Any]) -> Select[Any]:
    """Give the query of the addresses of people in the portal."""
    people = TABLES[stream]
    here = (people.c.school_id == school, people.c.id.in_(ids), people.c.address_id.is_not(None))
    return select(people.c.address_id).where(*here).distinct()


def _note_homes(connection: Connection, homes: Sequence[Select[Any]]) -> None:
    """Keep addresses in a table of their own: what is asked of them stays one join a question on any database."""
    connection.execute(delete(TOUCHED_HOMES))
    connection.execute(insert(TOUCHED_HOMES).from_select(["id"], union(*homes)))


def _at_homes(school: SchoolId) -> list[Select[Any]]:
    """Give the queries of the pupils who live at the noted addresses, and of those whose guardians do."""
    living = select(_PUPILS.c.id).join(TOUCHED_HOMES, TOUCHED_HOMES.c.id == _PUPILS.c.address_id)
    related = select(_RELATIONS.c.pupil_id).join(_GUARDIANS, _same(_RELATIONS.c.guardian_id, _GUARDIANS))
    related = related.join(TOUCHED_HOMES, TOUCHED_HOMES.c.id == _GUARDIANS.c.address_id)
    return [living.where(_PUPILS.c.school_id == school), related.where(_RELATIONS.c.school_id == school)]


def _same(key: ColumnElement[Any], table: Any) -> ColumnElement[bool]:
    """Tell whether a relation's key names this row of the same school."""
    is_same: ColumnElement[bool] = (table.c.school_id == _RELATIONS.c.school_id) & (table.c.id == key)
    return is_same


def _delete_touched(connection: Connection, school: SchoolId, *stretch: ColumnElement[bool]) -> None:
    touched = exists(select(literal(1)).where(TOUCHED_ENTRIES.c.id == ENTRIES.c.pupil_id, *stretch))
    connection.execute(delete(ENTRIES).where(ENTRIES.c.school_id == school, touched))


def _entries(
    connection: Connection, school: SchoolId, chosen: ColumnElement[bool], derive: Derive
) -> list[tuple[Any, ...]]:
    """Derive the entries of one stretch of the touched pupils."""
    preferences = _by_pupil(connection, _preferences(school).where(chosen))
    parents = _by_pupil(connection, _parents(school).where(chosen))
    rows: list[tuple[Any, ...]] = []
    for pupil_id, *facts in connection.execute(_pupils(school).where(chosen)):
        said = preferences.get(pupil_id)
        entry = derive(tuple(facts), said, parents.get(pupil_id, [])) if said else None
        if entry is not None:
            rows.append((school, pupil_id, *entry))
    return rows


def _by_pupil(connection: Connection, query: Select[Any]) -> dict[str, list[tuple[Any, ...]]]:
    rows = connection.execute(query).all()
    return {pupil_id: [tuple(row[1:]) for row in group] for pupil_id, group in groupby(rows, key=lambda row: row[0])}


def _pupils(school: SchoolId) -> Select[Any]:
    is_secret = secret_homes.is_secret(Stream.PUPILS, _PUPILS)
    query = select(_PUPILS.c.id, *(_PUPILS.c[name] for name in _PUPIL_FACTS), is_secret)
    return query.join(TOUCHED_ENTRIES, TOUCHED_ENTRIES.c.id == _PUPILS.c.id).where(_PUPILS.c.school_id == school)


def _preferences(school: SchoolId) -> Select[Any]:
    query = select(_PREFERENCES.c.pupil_id, _PREFERENCES.c.category, _PREFERENCES.c.is_allowed)
    query = query.join(TOUCHED_ENTRIES, TOUCHED_ENTRIES.c.id == _PREFERENCES.c.pupil_id)
    return query.where(_PREFERENCES.c.school_id == school).order_by(_PREFERENCES.c.pupil_id)


def _parents(school: SchoolId) -> Select[Any]:
    """Give the guardians of each pupil in the order in which the school calls them."""
    guardian = (*(_GUARDIANS.c[name] for name in _GUARDIAN_FACTS), secret_homes.is_secret(Stream.GUARDIANS, _GUARDIANS))
    query = select(_RELATIONS.c.pupil_id, *guardian, *(_RELATIONS.c[name] for name in _RELATION_FACTS))
    query = query.join(TOUCHED_ENTRIES, TOUCHED_ENTRIES.c.id == _RELATIONS.c.pupil_id)
    query = query.join(_GUARDIANS, _same(_RELATIONS.c.guardian_id, _GUARDIANS))
    order = (_RELATIONS.c.pupil_id, _RELATIONS.c.contact_order, _RELATIONS.c.guardian_id, _RELATIONS.c.id)
    return query.where(_RELATIONS.c.school_id == school).order_by(*order)
