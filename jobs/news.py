"""What of a plan is news to parents: not what we load first or do anew, and not what they asked for themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from connector.bookkeeping import corrections, invitations
from connector.bookkeeping.checkpoints import Checkpoint
from connector.portal import alterations, persons, store
from connector.portal.persons import Person
from connector.portal.survey import Drawn
from jobs.run_state import RunState
from mappings.echo import HOLDING, PERSONS, Wish, Wishes, entry_echoes, is_echo, wish_of
from schemas.correction_fields import FIELDS
from schemas.streams import Action, Stream


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
    if run.wishes is None:
        run.wishes = _look_up(run, connection)
    school, wished, key = run.parts.school.id, run.wishes.of.get(stream, {}), run.wishes.key
    if not wished:
        return frozenset()
    if stream in PERSONS:
        rows = alterations.altered(connection, school, stream, wished)
        return frozenset(row.id for row in rows if is_echo(row.old, row.new, wished[row.id], key))
    lists = alterations.lists(connection, school, stream, wished)
    return frozenset().union(*(entry_echoes(*listed, wished[pupil]) for pupil, listed in lists.items()))


def _look_up(run: RunState, connection: Connection) -> Wishes:
    """Read what was asked for; of a school without open or recent corrections with a single look."""
    school, days = run.parts.school.id, run.parts.corrections.watch_days
    items = corrections.at_school_or_confirmed(connection, school, run.started_at - timedelta(days=days))
    wishes = [(item.record_id, wish) for item in items if (wish := wish_of(item)) is not None]
    if not wishes:
        return Wishes({}, b"")
    is_secret = any(wish.digest is not None for _, wish in wishes)
    key = invitations.keep_key(connection, school) if is_secret else b""
    return Wishes(_by_person(wishes, _housemates(run, connection, wishes)), key)


def _housemates(
    run: RunState, connection: Connection, wishes: Iterable[tuple[str, Wish]]
) -> Mapping[Person, Sequence[Person]]:
    """Give who lives with those whose address is to be put right for all who share it."""
    people = {(wish.field.stream, one) for one, wish in wishes if wish.is_for_all}
    return persons.housemates(connection, run.parts.school.id, people) if people else {}


def _by_person(
    wishes: Iterable[tuple[str, Wish]], housemates: Mapping[Person, Sequence[Person]]
) -> dict[Stream, dict[str, list[Wish]]]:
    found: dict[Stream, dict[str, list[Wish]]] = {}
    for one, wish in wishes:
        others = housemates.get((wish.field.stream, one), ()) if wish.is_for_all else ()
        for stream, person in ((FIELDS[wish.field].held_in, one), *others):
            found.setdefault(stream, {}).setdefault(person, []).append(wish)
    return found
