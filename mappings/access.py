"""Who may see which pupil, from when until when: authority, restriction, age and enrolment.

Unknown authority is none. A restriction bars the guardian whatever else is recorded, and always when its days
contradict each other or are a system's "never" where that would lift it. Two relations of the same pair that
contradict each other give the least of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, date, datetime
from itertools import pairwise
from typing import NamedTuple

from mappings.values import day_after, start_of_day
from schemas.days import is_never_begun, is_never_over

ADULT_AGE_YEARS = 18
_RANK = {"none": 0, "limited": 1, "full": 2}


class Relation(NamedTuple):
    """One guardianship of a pair. Days; `*_until` is the last day; None is open."""

    authority: str
    is_restricted: bool
    restricted_from: date | None
    restricted_until: date | None
    is_informed: bool
    informed_from: date | None
    informed_until: date | None
    from_on: date | None
    until_on: date | None


class PupilFacts(NamedTuple):
    """What of the pupil decides access."""

    birth_on: date | None
    visible_from: datetime | None
    visible_until: datetime | None
    enrolled_until: date | None = None


class Access(NamedTuple):
    """One window of one level. `reason` says why: authority, agreement, restricted, adult, ended, ...

    `class_until` is the end of the last school day: the grace after it is not for the list of the class.
    """

    level: str
    access_from: datetime | None
    access_until: datetime | None
    reason: str
    class_until: datetime | None = None


def derive_access(pupil: PupilFacts, relations: Sequence[Relation]) -> tuple[Access, ...]:
    """Give the windows of one guardian for one pupil, in order of time and without overlap."""
    adult = adult_at(pupil.birth_on)
    bounds = sorted({bound for bound in _bounds(pupil, adult, relations) if bound is not None})
    edges: list[datetime | None] = [None, *bounds, None]
    leaves = None if pupil.enrolled_until is None else start_of_day(day_after(pupil.enrolled_until))
    windows: list[Access] = []
    for begin, end in pairwise(edges):
        level, reason = _level(pupil, adult, relations, begin)
        if windows and windows[-1].level == level and windows[-1].reason == reason:
            windows[-1] = windows[-1]._replace(access_until=end)
        else:
            windows.append(Access(level, begin, end, reason, leaves))
    return tuple(windows)


def adult_at(birth_on: date | None) -> datetime | None:
    """Give the instant at which a pupil is 18; None when the birth date is not known."""
    return None if birth_on is None else start_of_day(_birthday(birth_on, ADULT_AGE_YEARS))


def _birthday(birth_on: date, years: int) -> date:
    """Give the birthday so many years later; a child of 29 February has it on 1 March."""
    year = birth_on.year + years
    if year > MAXYEAR:
        return date.max
    try:
        return birth_on.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _bounds(pupil: PupilFacts, adult: datetime | None, relations: Sequence[Relation]) -> Iterator[datetime | None]:
    yield from (adult, pupil.visible_from, pupil.visible_until)
    for relation in relations:
        for first, last in _periods(relation):
            yield None if first is None else start_of_day(first)
            yield None if last is None else start_of_day(day_after(last))


def _periods(relation: Relation) -> Iterator[tuple[date | None, date | None]]:
    yield relation.from_on, relation.until_on
    if relation.is_restricted:
        yield relation.restricted_from, relation.restricted_until
    if relation.is_informed:
        yield relation.informed_from, relation.informed_until


def _covers(first: date | None, last: date | None, begin: datetime | None) -> bool:
    """Tell whether the elementary window that starts at `begin` (None: since ever) lies inside the period."""
    if first is not None and (begin is None or begin < start_of_day(first)):
        return False
    return last is None or begin is None or begin < start_of_day(day_after(last))


def _level(
    pupil: PupilFacts, adult: datetime | None, relations: Sequence[Relation], begin: datetime | None
) -> tuple[str, str]:
    if any(_is_barred(relation, begin) for relation in relations):
        return "none", "restricted"
    if adult is not None and begin is not None and begin >= adult:
        return "none", "adult"
    if pupil.visible_from is not None and (begin is None or begin < pupil.visible_from):
        return "none", "not_yet_enrolled"
    if pupil.visible_until is not None and begin is not None and begin >= pupil.visible_until:
        return "none", "left"
    levels = [_own_level(relation, begin) for relation in relations if _is_active(relation, begin)]
    # By reason too, so that the rows do not depend on the order in which the relations were read.
    return min(levels, key=lambda level: (_RANK[level[0]], level[1]), default=("none", "ended"))


def _is_barred(relation: Relation, begin: datetime | None) -> bool:
    first, last = relation.restricted_from, relation.restricted_until
    return relation.is_restricted and (_is_unclear(first, last) or _covers(first, last, begin))


def _is_unclear(first: date | None, last: date | None) -> bool:
    """Tell whether a restriction's days contradict each other, or put it off or end it with a system's "never"."""
    if first is not None and (is_never_over(first) or (last is not None and last < first)):
        return True
    return last is not None and is_never_begun(last)


def _is_active(relation: Relation, begin: datetime | None) -> bool:
    return _covers(relation.from_on, relation.until_on, begin)


def _own_level(relation: Relation, begin: datetime | None) -> tuple[str, str]:
    if relation.authority == "full":
        return "full", "authority"
    if relation.is_informed and _covers(relation.informed_from, relation.informed_until, begin):
        return "limited", "information_agreement"
    return "none", "no_authority" if relation.authority == "none" else "authority_unknown"
