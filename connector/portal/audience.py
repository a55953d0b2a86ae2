"""What a portal shows and to how many: counts over the views, and one guardian's rows of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, column, func, or_, select, table, text, true

from connector.portal.within import within
from schemas.ids import SchoolId
from schemas.modules import STREAMS_OF, Module
from schemas.streams import Stream
from schemas.tables.bookkeeping import IdAliasRow, QuarantineRow
from schemas.tables.catalogue import TABLES, table_of
from schemas.tables.people import GuardianAccessRow

GROUP_LIST = "portal_group_list"
_ACCESS, _QUARANTINE, _ALIASES = table_of(GuardianAccessRow), table_of(QuarantineRow), table_of(IdAliasRow)
_PUPILS, _GUARDIANS, _GUARDIANSHIPS = TABLES[Stream.PUPILS], TABLES[Stream.GUARDIANS], TABLES[Stream.GUARDIANSHIPS]


class Seen(NamedTuple):
    """What one view shows: records, whose they are (None: of nobody in particular), and to how many guardians."""

    view: str
    records: int
    pupils: int | None
    guardians: int


class Unseen(NamedTuple):
    """Records of one stream that are not shown now. `reason` is a gate, a code of the quarantine or one of ours."""

    stream: Stream
    reason: str
    records: int


class AccessCount(NamedTuple):
    """How many pupils and guardians one level and reason concerns at this moment."""

    level: str
    reason: str
    pupils: int
    guardians: int


class People(NamedTuple):
    """Who is in the portal now. `reached` see at least one record of the views that were asked about."""

    pupils: int
    guardians: int
    reached_pupils: int
    reached_guardians: int
    secret_pupils: int
    secret_guardians: int
    unseen_pupils: int
    access: tuple[AccessCount, ...]


class OwnRows(NamedTuple):
    """What one guardian sees in one view."""

    view: str
    rows: tuple[dict[str, Any], ...]


def view_of(stream: Stream) -> str:
    """Give the view that shows a stream."""
    return f"portal_{stream.value}"


def views_of(module: Module) -> tuple[str, ...]:
    """Give the views that show a module."""
    extra = (GROUP_LIST,) if module is Module.GROEP else ()
    return (*(view_of(stream) for stream in STREAMS_OF[module]), *extra)


def seen(connection: Connection, school: SchoolId, view: str) -> Seen:
    """Count what a view shows of a school."""
    names = _columns(connection, view)
    key = "id" if "id" in names else "group_id || ' ' || pupil_id"
    pupils = "count(DISTINCT pupil_id)" if "pupil_id" in names else "NULL"
    statement = f"SELECT count(DISTINCT {key}), {pupils}, count(DISTINCT guardian_id) FROM {view} WHERE school_id = :s"  # noqa: S608  # our own names
    records, whose, guardians = connection.execute(text(statement), {"s": school}).one()
    return Seen(view, records, whose, guardians)


def unseen(connection: Connection, school: SchoolId, stream: Stream, now: datetime) -> list[Unseen]:
    """Count what is stored of a stream and shown to nobody, and what could not be used, by reason."""
    stored, view = TABLES[stream], table(view_of(stream), column("school_id"), column("id"))
    shown = select(view.c.id).where(view.c.school_id == school)
    hidden = and_(stored.c.school_id == school, stored.c.id.not_in(shown))
    later = stored.c.visible_from > now if "visible_from" in stored.c else ~true()
    found = [
        Unseen(stream, reason, connection.execute(select(func.count()).where(hidden, condition)).scalar_one())
        for reason, condition in (("not_yet", later), ("nobody_with_access", or_(~later, later.is_(None))))
    ]
    mine = (_QUARANTINE.c.school_id == school, _QUARANTINE.c.stream == stream.value)
    codes = select(_QUARANTINE.c.code, func.count()).where(*mine).group_by(_QUARANTINE.c.code)
    found += [Unseen(stream, code, records) for code, records in connection.execute(codes.order_by("code"))]
    return [one for one in found if one.records]


def people(connection: Connection, school: SchoolId, views: Iterable[str], now: datetime) -> People:
    """Count who is in the portal, whom the views reach, and what of access is out of the ordinary."""
    guardians, pupils = set[str](), set[str]()
    for view in views:
        names = _columns(connection, view)
        whose = "pupil_id" if "pupil_id" in names and view != GROUP_LIST else "NULL"
        statement = f"SELECT DISTINCT guardian_id, {whose} FROM {view} WHERE school_id = :s"  # noqa: S608  # our own
        for guardian, pupil in connection.execute(text(statement), {"s": school}):
            guardians.add(guardian)
            pupils |= {pupil} - {None}
    here = and_(_PUPILS.c.school_id == school, within(_PUPILS.c.visible_from, _PUPILS.c.visible_until, now))
    present = {row.id: row.is_address_confidential for row in connection.execute(select(_PUPILS).where(here))}
    of_them = select(_GUARDIANSHIPS.c.guardian_id).where(
        _GUARDIANSHIPS.c.school_id == school, _GUARDIANSHIPS.c.pupil_id.in_(select(_PUPILS.c.id).where(here))
    )
    homes = select(_GUARDIANS.c.is_address_confidential).where(
        _GUARDIANS.c.school_id == school, _GUARDIANS.c.id.in_(of_them)
    )
    secret = list(connection.execute(homes).scalars())
    rows = windows(connection, school, now)
    able = {pupil for _, pupil, level, _ in rows if level != "none"}
    return People(
        pupils=len(present),
        guardians=len(secret),
        reached_pupils=len(pupils & present.keys()),
        reached_guardians=len(guardians),
        secret_pupils=sum(present.values()),
        secret_guardians=sum(secret),
        unseen_pupils=len(present.keys() - able),
        access=_access_counts(rows, set(present)),
    )


def guardian_of(connection: Connection, school: SchoolId, key: str) -> str | None:
    """Give the id of a guardian by id or by a key the source uses; None for one the portal has not."""
    meant = select(_ALIASES.c.id).where(
        _ALIASES.c.school_id == school,
        _ALIASES.c.stream == Stream.GUARDIANS.value,
        _ALIASES.c.source_key == key,
    )
    here = (_GUARDIANS.c.school_id == school, or_(_GUARDIANS.c.id == key, _GUARDIANS.c.id.in_(meant)))
    return connection.execute(select(_GUARDIANS.c.id).where(*here)).scalars().first()


def own_rows(connection: Connection, school: SchoolId, view: str, guardian: str) -> OwnRows:
    """Give what the portal would get for this guardian from a view."""
    order = "id" if "id" in _columns(connection, view) else "group_id, sort_name, pupil_id"
    statement = text(f"SELECT * FROM {view} WHERE school_id = :s AND guardian_id = :g ORDER BY {order}")  # noqa: S608  # our own names
    rows = connection.execute(statement, {"s": school, "g": guardian}).mappings()
    return OwnRows(view, tuple({name: _typed(name, value) for name, value in row.items()} for row in rows))


def _typed(name: str, value: Any) -> Any:
    """Give truths and instants as such: a view of SQLite has no types of its own."""
    if value is None:
        return None
    if name.startswith("is_"):
        return bool(value)
    if isinstance(value, str) and (name.endswith("_at") or name in {"visible_from", "visible_until"}):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value


def own_access(connection: Connection, school: SchoolId, guardian: str, now: datetime) -> list[tuple[str, str, str]]:
    """Give pupil, level and reason at this moment for every pupil this guardian is related to."""
    found = [row for row in windows(connection, school, now) if row[0] == guardian]
    return sorted((pupil, level, reason) for _, pupil, level, reason in found)


def _columns(connection: Connection, view: str) -> frozenset[str]:
    return frozenset(connection.execute(text(f"SELECT * FROM {view} WHERE 1 = 0")).keys())  # noqa: S608  # our own


def windows(connection: Connection, school: SchoolId, now: datetime) -> list[tuple[str, str, str, str]]:
    """Give guardian, pupil, level and reason of every relation at this moment."""
    query = select(_ACCESS.c.guardian_id, _ACCESS.c.pupil_id, _ACCESS.c.level, _ACCESS.c.reason)
    here = (_ACCESS.c.school_id == school, within(_ACCESS.c.access_from, _ACCESS.c.access_until, now))
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query.where(*here))]


def _access_counts(windows: Iterable[tuple[str, str, str, str]], present: set[str]) -> tuple[AccessCount, ...]:
    by: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for guardian, pupil, level, reason in windows:
        if pupil in present:
            pupils, guardians = by.setdefault((level, reason), (set(), set()))
            pupils.add(pupil)
            guardians.add(guardian)
    return tuple(AccessCount(*key, len(pupils), len(guardians)) for key, (pupils, guardians) in sorted(by.items()))
