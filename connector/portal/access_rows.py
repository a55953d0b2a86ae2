"""Who may see whom, as rows: derived anew for the pupils whose facts or relations were touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, delete, exists, false, insert, literal, or_, select, union

from connector.portal.bound import SCHOOL
from connector.portal.database import insert_rows
from connector.portal.staging import STAGING, TOUCHED_PUPILS
from connector.portal.stretches import stretches
from schemas.ids import SchoolId
from schemas.streams import Action, Stream
from schemas.tables.catalogue import TABLES, table_of
from schemas.tables.people import GuardianAccessRow

ACCESS = table_of(GuardianAccessRow)
_PUPILS, _RELATIONS = TABLES[Stream.PUPILS], TABLES[Stream.GUARDIANSHIPS]
_RELATION_FACTS = (
    "authority",
    "is_restricted",
    "restricted_from",
    "restricted_until",
    "is_informed",
    "informed_from",
    "informed_until",
    "from_on",
    "until_on",
)
_COLUMNS = (
    "school_id",
    "guardian_id",
    "pupil_id",
    "position",
    "level",
    "access_from",
    "access_until",
    "reason",
    "class_until",
)

DECIDING = frozenset({Stream.PUPILS, Stream.GUARDIANSHIPS})
"""The streams whose rows decide who may see whom."""

Derive = Callable[[tuple[Any, ...], Sequence[tuple[Any, ...]]], Sequence[tuple[Any, ...]]]
"""(birth_on, visible_from, visible_until, enrolled_until) and the pair's relations in, rows of (level, from, until,
reason, class_until) out."""


def touch_staged(connection: Connection, school: SchoolId, stream: Stream) -> None:
    """Remember the pupils whose access this plan may change, before and after it is applied."""
    if stream not in DECIDING:
        return
    connection.execute(delete(TOUCHED_PUPILS))
    connection.execute(_touch(stream), {"school": school})


@cache
def _touch(stream: Stream) -> Insert:
    staging = STAGING[stream]
    # Of a record that stays though it could not be read, what can be read may still show less.
    moved = staging.c.action.in_([Action.ADD.value, Action.ALTER.value, Action.WITHDRAW.value])
    moves = or_(moved, staging.c.is_less == false())
    if stream is Stream.PUPILS:
        touched = select(staging.c.id).where(moves).distinct()
    else:
        before = select(_RELATIONS.c.pupil_id).join(staging, staging.c.id == _RELATIONS.c.id)
        before = before.where(_RELATIONS.c.school_id == SCHOOL, moves)
        touched = union(before, select(staging.c.pupil_id).where(moves, staging.c.pupil_id.is_not(None)))  # type: ignore[assignment]
    return insert(TOUCHED_PUPILS).from_select(["id"], touched)


def derive_touched(connection: Connection, school: SchoolId, derive: Derive) -> None:
    """Replace the access rows of every touched pupil by what their relations give now."""
    for stretch in stretches(connection, TOUCHED_PUPILS):
        touched = exists(select(literal(1)).where(TOUCHED_PUPILS.c.id == ACCESS.c.pupil_id, stretch))
        connection.execute(delete(ACCESS).where(ACCESS.c.school_id == school, touched))
        rows = _derived(connection, school, stretch, derive)
        if rows:
            insert_rows(connection, ACCESS, _COLUMNS, rows)


def _derived(
    connection: Connection, school: SchoolId, chosen: ColumnElement[bool], derive: Derive
) -> list[tuple[Any, ...]]:
    """Derive the access rows of one stretch of the touched pupils, each as `_COLUMNS`."""
    facts = (
        select(
            _RELATIONS.c.pupil_id,
            _RELATIONS.c.guardian_id,
            _PUPILS.c.birth_on,
            _PUPILS.c.visible_from,
            _PUPILS.c.visible_until,
            _PUPILS.c.enrolled_until,
            *(_RELATIONS.c[name] for name in _RELATION_FACTS),
        )
        .join(_PUPILS, (_PUPILS.c.school_id == _RELATIONS.c.school_id) & (_PUPILS.c.id == _RELATIONS.c.pupil_id))
        .join(TOUCHED_PUPILS, TOUCHED_PUPILS.c.id == _RELATIONS.c.pupil_id)
        .where(_RELATIONS.c.school_id == school, chosen)
        .order_by(_RELATIONS.c.pupil_id, _RELATIONS.c.guardian_id, _RELATIONS.c.id)
    )
    rows: list[tuple[Any, ...]] = []
    for (pupil_id, guardian_id), group in groupby(connection.execute(facts).all(), key=lambda row: (row[0], row[1])):
        pair = [tuple(row) for row in group]
        windows = derive(pair[0][2:6], [relation[6:] for relation in pair])
        rows += [(school, guardian_id, pupil_id, position, *window) for position, window in enumerate(windows)]
    return rows
