"""What a school can put right, judged from facts: one function for each kind of work."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from mappings.invitations import NO_MAIL, UNUSABLE_MAIL, box_of, digest_of, is_address
from schemas.streams import Stream
from schemas.worklist import Facts, Item, Kind, Record

CONFLICT, SAME_PERSON, HELD, OVER = "conflicting_duplicate", "same_name_and_birth_date", "held", "over"
NEEDED = frozenset({Stream.PUPILS, Stream.GUARDIANS, Stream.GUARDIANSHIPS})
"""Without these nothing can be judged."""

_Key = TypeVar("_Key", bound=Hashable)


def judge(facts: Facts) -> tuple[Item, ...]:
    """Give what there is to do, kind by kind and in the order of keys; nothing for a school that was never loaded."""
    if not is_loaded(facts):
        return ()
    found = (
        *_without_mail(facts),
        *_shared_mail(facts),
        *_bounced(facts),
        *_unknown_authority(facts),
        *(() if Kind.NO_GROUP in not_judged(facts) else _without_group(facts)),
        *_doubles(facts),
        *_leavers(facts),
    )
    order = {kind: at for at, kind in enumerate(Kind)}
    return tuple(sorted(found, key=lambda item: (order[item.kind], item.records)))


def is_loaded(facts: Facts) -> bool:
    """Tell whether the school's people were loaded once."""
    return facts.loaded >= NEEDED


def not_judged(facts: Facts) -> tuple[Kind, ...]:
    """Give the kinds nothing can be said of: without a module that shows groups nobody knows who has one."""
    return () if Stream.GROUP_MEMBERSHIPS in facts.loaded else (Kind.NO_GROUP,)


def _without_mail(facts: Facts) -> Iterator[Item]:
    """Who sees nobody needs no account, and so no mail."""
    for one in facts.guardians:
        box = box_of(one.mail)
        if one.is_reached and not is_address(box):
            yield Item(Kind.NO_MAIL, _guardians(one.guardian), UNUSABLE_MAIL if box else NO_MAIL)


def _shared_mail(facts: Facts) -> Iterator[Item]:
    boxes = ((box_of(one.mail), one.guardian) for one in facts.guardians)
    for sharers in _together((box, guardian) for box, guardian in boxes if is_address(box)):
        yield Item(Kind.SHARED_MAIL, _guardians(*sharers))


def _bounced(facts: Facts) -> Iterator[Item]:
    """A bounce holds for the address it came back from; another one may be right."""
    for one in facts.bounces:
        if digest_of(one.key, one.guardian, one.mail) == one.digest:
            yield Item(Kind.BOUNCED_MAIL, _guardians(one.guardian))


def _unknown_authority(facts: Facts) -> Iterator[Item]:
    for guardian, pupil in facts.unknown:
        yield Item(Kind.UNKNOWN_AUTHORITY, (*_guardians(guardian), Record(Stream.PUPILS, pupil)))


def _without_group(facts: Facts) -> Iterator[Item]:
    for pupil in facts.ungrouped:
        yield Item(Kind.NO_GROUP, (Record(Stream.PUPILS, pupil),))


def _doubles(facts: Facts) -> Iterator[Item]:
    """Give pupils of one name and birth date, and records that came twice in one answer and differed."""
    named = ((one, " ".join(one.name.casefold().split())) for one in facts.born_together)
    for pupils in _together(((one.birth_on, name), one.pupil) for one, name in named if name):
        yield Item(Kind.DOUBLE, tuple(Record(Stream.PUPILS, pupil) for pupil in pupils), SAME_PERSON)
    for record in facts.conflicts:
        yield Item(Kind.DOUBLE, (record,), CONFLICT)


def _leavers(facts: Facts) -> Iterator[Item]:
    for one in facts.leavers:
        yield Item(Kind.LEAVER, (Record(Stream.PUPILS, one.pupil),), HELD if one.run_id else OVER, one.run_id)


def _guardians(*keys: str) -> tuple[Record, ...]:
    return tuple(Record(Stream.GUARDIANS, key) for key in keys)


def _together(pairs: Iterable[tuple[_Key, str]]) -> Iterator[list[str]]:
    """Give the keys that share what stands before them, where there are several."""
    by: dict[_Key, list[str]] = {}
    for shared, key in pairs:
        by.setdefault(shared, []).append(key)
    yield from (sorted(keys) for keys in by.values() if len(keys) > 1)
