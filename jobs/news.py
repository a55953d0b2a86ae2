"""What of a plan is news to parents: not what we load first or do anew, and not what they asked for themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from connector.bookkeeping import corrections, invitations
from connector.bookkeeping.checkpoints import Checkpoint
from connector.portal import alterations, persons, store
from connector.portal.persons import Person
from connector.portal.survey import Drawn
from connector.sources.base import CorrectionSource
from jobs.run_state import RunState
from mappings.corrections import key_of
from mappings.echo import HOLDING, PERSONS, Wish, entry_echoes, is_echo, wish_of
from schemas.correction_fields import FIELDS
from schemas.corrections import Channel, Decision, Item, State
from schemas.errors import SourceRefused, TransientError
from schemas.streams import Action, Stream

_log = structlog.get_logger("connector")
_UNHEARD = frozenset({State.IN_REVIEW.value, State.DELIVERED.value})
_BY_SOURCE = frozenset({Channel.SOURCE.value, None})


def news_of(run: RunState, connection: Connection, stream: Stream, drawn: Drawn) -> store.News:
    """Judge what is news: no first load, no backfill, nothing that differs because we or the school decided anew.

    Nor what a correction asked for. Call it before anything of the stream is written.
    """
    checkpoint = run.checkpoints.get(stream, Checkpoint())
    is_told = run.is_past_first_load(stream) and checkpoint.fingerprint == run.policy.fingerprint(stream)
    is_told = is_told and run.task.period is None
    # Children that a returning parent demands may come in a later run than the parent, if that one broke off.
    last = checkpoint.updated_at if checkpoint.full_reason is not None else None
    news = store.News(is_told, min(run.started_at, last or run.started_at))
    brings = any(drawn.count(action=action) for action in (Action.ADD, Action.ALTER))
    if not (is_told and brings and stream in HOLDING):
        return news
    return news._replace(echoes=_echoes(run, connection, stream))


def _echoes(run: RunState, connection: Connection, stream: Stream) -> frozenset[str]:
    """Give the keys of the rows that bring what was asked for, and nothing else."""
    school, wished = run.parts.school.id, run.wishes.get(stream)
    if not wished:
        return frozenset()
    if stream not in PERSONS:
        lists = alterations.lists(connection, school, stream, wished)
        return frozenset().union(*(entry_echoes(*listed, wished[pupil]) for pupil, listed in lists.items()))
    is_secret = any(wish.digest is not None for wishes in wished.values() for wish in wishes)
    key = invitations.keep_key(connection, school) if is_secret else b""
    rows = alterations.altered(connection, school, stream, wished)
    return frozenset(row.id for row in rows if is_echo(row.old, row.new, wished[row.id], key))


def learn_wishes(run: RunState, streams: Collection[Stream]) -> None:
    """Learn what parents asked for, before a pull of these streams brings it: a single look where there is nothing."""
    if run.is_dry or run.task.period is not None:
        return
    school, days = run.parts.school.id, run.parts.corrections.watch_days
    with run.session.read() as connection:
        items = corrections.at_school_or_confirmed(connection, school, run.started_at - timedelta(days=days))
    if not items:
        return
    told = _decisions(run, items) if HOLDING.intersection(streams) else {}
    found = [(item.record_id, wish_of(item, told.get(_key(run, item)))) for item in items]
    wishes = [(one, wish) for one, wish in found if wish is not None]
    run.wishes = _by_person(wishes, _housemates(run, wishes))


def _decisions(run: RunState, items: Iterable[Item]) -> Mapping[str, Decision]:
    """Ask what the school made of what it has not answered: what it accepted instead comes with the pull as well.

    Nothing is decided by it here. Without an answer that value is told, which does no harm.
    """
    source = run.parts.source
    if run.parts.corrections.channel is not Channel.SOURCE or not isinstance(source, CorrectionSource):
        return {}
    unheard = [_key(run, item) for item in items if item.state in _UNHEARD and item.channel in _BY_SOURCE]
    try:
        return source.decisions(run.parts.school.id, unheard) if unheard else {}
    except (TransientError, SourceRefused) as error:
        _log.warning("corrections_postponed", error_type=type(error).__name__, reason=str(error))
        return {}


def _key(run: RunState, item: Item) -> str:
    return key_of(run.parts.school.id, item.correction, item.number, item.round)


def _housemates(run: RunState, wishes: Iterable[tuple[str, Wish]]) -> Mapping[Person, Sequence[Person]]:
    """Give who lives with those whose address is to be put right for all who share it."""
    people = {(wish.field.stream, one) for one, wish in wishes if wish.is_for_all}
    if not people:
        return {}
    with run.session.read() as connection:
        return persons.housemates(connection, run.parts.school.id, people)


def _by_person(
    wishes: Iterable[tuple[str, Wish]], housemates: Mapping[Person, Sequence[Person]]
) -> dict[Stream, dict[str, list[Wish]]]:
    found: dict[Stream, dict[str, list[Wish]]] = {}
    for one, wish in wishes:
        others = housemates.get((wish.field.stream, one), ()) if wish.is_for_all else ()
        for stream, person in ((FIELDS[wish.field].held_in, one), *others):
            found.setdefault(stream, {}).setdefault(person, []).append(wish)
    return found
