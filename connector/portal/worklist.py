"""The facts behind the worklist, for all schools asked about at once: one statement for each kind of fact.

Names and addresses are read here to be compared, and go no further; `names` gives those a person asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, exists, func, literal, or_, select, true

from connector.portal.staging import CONFLICTING
from connector.portal.within import within
from schemas.ids import RunId, SchoolId
from schemas.streams import Action, Stream
from schemas.tables.bookkeeping import BouncedMailRow, CheckpointRow, InvitationKeyRow, PendingKeyRow, QuarantineRow
from schemas.tables.catalogue import TABLES, table_of
from schemas.tables.people import GuardianAccessRow
from schemas.worklist import BornTogether, Bounce, Facts, GuardianMail, Leaver, Record

_PUPILS, _GUARDIANS = TABLES[Stream.PUPILS], TABLES[Stream.GUARDIANS]
_RELATIONS, _MEMBERSHIPS = TABLES[Stream.GUARDIANSHIPS], TABLES[Stream.GROUP_MEMBERSHIPS]
_ACCESS, _CHECKPOINTS = table_of(GuardianAccessRow), table_of(CheckpointRow)
_QUARANTINE, _PENDING = table_of(QuarantineRow), table_of(PendingKeyRow)
_BOUNCED, _KEYS = table_of(BouncedMailRow), table_of(InvitationKeyRow)
_STREAMS = {stream.value: stream for stream in Stream}


class Moment(NamedTuple):
    """The instant that is asked about, and the day it is at the schools."""

    now: datetime
    today: date


def read(connection: Connection, schools: Sequence[SchoolId], moment: Moment) -> dict[SchoolId, Facts]:
    """Give the facts of each school, in a fixed number of statements."""
    found = {school: dict[str, list[Any]]() for school in schools}
    for name, (query, made) in _QUESTIONS.items():
        for row in connection.execute(query(schools, moment)):
            found[row[0]].setdefault(name, []).append(made(*row[1:]))
    return {
        school: Facts(
            loaded=frozenset(facts.pop("loaded", ())) - {None},
            **{name: tuple(values) for name, values in facts.items()},
        )
        for school, facts in found.items()
    }


def names(connection: Connection, schools: Sequence[SchoolId]) -> dict[SchoolId, dict[Record, str]]:
    """Give the names of the pupils and guardians of each school."""
    found: dict[SchoolId, dict[Record, str]] = {school: {} for school in schools}
    for stream, table in ((Stream.PUPILS, _PUPILS), (Stream.GUARDIANS, _GUARDIANS)):
        query = select(table.c.school_id, table.c.id, table.c.display_name).where(table.c.school_id.in_(schools))
        for school, key, name in connection.execute(query):
            found[school][Record(stream, key)] = name
    return found


def _loaded(schools: Sequence[SchoolId], _moment: Moment) -> Select[Any]:
    c = _CHECKPOINTS.c
    return select(c.school_id, c.stream).where(c.school_id.in_(schools), c.loaded_at.is_not(None))


def _guardians(schools: Sequence[SchoolId], moment: Moment) -> Select[Any]:
    c = _GUARDIANS.c
    is_theirs = and_(_ACCESS.c.school_id == c.school_id, _ACCESS.c.guardian_id == c.id, _ACCESS.c.level != "none")
    is_now = within(_ACCESS.c.access_from, _ACCESS.c.access_until, moment.now)
    is_reached = exists(select(literal(1)).where(is_theirs, is_now))
    return select(c.school_id, c.id, c.email, is_reached).where(c.school_id.in_(schools))


def _bounces(schools: Sequence[SchoolId], _moment: Moment) -> Select[Any]:
    c = _BOUNCED.c
    theirs = and_(_GUARDIANS.c.school_id == c.school_id, _GUARDIANS.c.id == c.guardian_id)
    query = select(c.school_id, c.guardian_id, _GUARDIANS.c.email, c.mail_digest, _KEYS.c.key).join(_GUARDIANS, theirs)
    return query.join(_KEYS, _KEYS.c.school_id == c.school_id).where(c.school_id.in_(schools))


def _unknown(schools: Sequence[SchoolId], moment: Moment) -> Select[Any]:
    """Give the relations of today without a known authority, of pupils whose time is not over."""
    c = _RELATIONS.c
    theirs = and_(_PUPILS.c.school_id == c.school_id, _PUPILS.c.id == c.pupil_id)
    has_begun = or_(c.from_on.is_(None), c.from_on <= moment.today)
    is_left = or_(c.until_on.is_(None), c.until_on >= moment.today)
    is_here = or_(_PUPILS.c.visible_until.is_(None), _PUPILS.c.visible_until > moment.now)
    query = select(c.school_id, c.guardian_id, c.pupil_id).join(_PUPILS, theirs).distinct()
    return query.where(c.school_id.in_(schools), c.authority == "unknown", has_begun, is_left, is_here)


def _ungrouped(schools: Sequence[SchoolId], moment: Moment) -> Select[Any]:
    """Give the pupils enrolled today who are in no group today."""
    c = _PUPILS.c
    theirs = and_(_MEMBERSHIPS.c.school_id == c.school_id, _MEMBERSHIPS.c.pupil_id == c.id)
    is_now = within(_MEMBERSHIPS.c.begins_at, _MEMBERSHIPS.c.ends_at, moment.now)
    is_enrolled = or_(c.enrolled_until.is_(None), c.enrolled_until >= moment.today)
    is_here = within(c.visible_from, c.visible_until, moment.now)
    has_group = exists(select(literal(1)).where(theirs, is_now))
    return select(c.school_id, c.id).where(c.school_id.in_(schools), is_here, is_enrolled, ~has_group)


def _born_together(schools: Sequence[SchoolId], _moment: Moment) -> Select[Any]:
    c = _PUPILS.c
    days = select(c.school_id, c.birth_on).where(c.school_id.in_(schools), c.birth_on.is_not(None))
    twice = days.group_by(c.school_id, c.birth_on).having(func.count() > 1).subquery()
    shared = and_(twice.c.school_id == c.school_id, twice.c.birth_on == c.birth_on)
    return select(c.school_id, c.id, c.display_name, c.birth_on).join(twice, shared)


def _conflicts(schools: Sequence[SchoolId], _moment: Moment) -> Select[Any]:
    c = _QUARANTINE.c
    is_open = and_(c.code == CONFLICTING, c.discarded_at.is_(None), c.stream.in_(_STREAMS))
    return select(c.school_id, c.stream, c.key).where(c.school_id.in_(schools), is_open)


def _leavers(schools: Sequence[SchoolId], moment: Moment) -> Select[Any]:
    """Give the pupils whose time is over, and those whose removal the brake holds."""
    c = _PUPILS.c
    held = and_(
        _PENDING.c.school_id == c.school_id,
        _PENDING.c.id == c.id,
        _PENDING.c.stream == Stream.PUPILS.value,
        _PENDING.c.action == Action.REMOVE.value,
        _PENDING.c.is_held == true(),
    )
    query = select(c.school_id, c.id, _PENDING.c.run_id).join(_PENDING, held, isouter=True)
    is_over = or_(c.visible_until <= moment.now, _PENDING.c.run_id.is_not(None))
    return query.where(c.school_id.in_(schools), is_over)


def _pair(guardian: str, pupil: str) -> tuple[str, str]:
    return guardian, pupil


_Question = Callable[[Sequence[SchoolId], Moment], Select[Any]]
_QUESTIONS: Mapping[str, tuple[_Question, Callable[..., Any]]] = {
    "loaded": (_loaded, _STREAMS.get),
    "guardians": (_guardians, lambda key, mail, is_reached: GuardianMail(key, mail, bool(is_reached))),
    "bounces": (_bounces, lambda key, mail, digest, secret: Bounce(key, mail, digest, bytes.fromhex(secret))),
    "unknown": (_unknown, _pair),
    "ungrouped": (_ungrouped, str),
    "born_together": (_born_together, BornTogether),
    "conflicts": (_conflicts, lambda stream, key: Record(_STREAMS[stream], key)),
    "leavers": (_leavers, lambda key, run: Leaver(key, None if run is None else RunId(run))),
}
"""Each fact of `Facts`: the statement that asks for it, and what one of its rows becomes."""
