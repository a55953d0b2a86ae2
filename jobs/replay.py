"""Replay: pull quarantined records again."""

from __future__ import annotations

from collections.abc import Mapping

from connector.bookkeeping import checkpoints, quarantine
from jobs.parts import Parts, Task
from jobs.pipeline import run_school
from schemas.ids import SourceKey
from schemas.runs import RunReport, Trigger
from schemas.streams import Stream


def replay(parts: Parts, keys: Mapping[Stream, tuple[SourceKey, ...]]) -> RunReport:
    """Pull these keys again, or everything in quarantine when none are given.

    An item without a readable key, or a source that cannot fetch by key, has its whole stream pulled.
    """
    with parts.database.session() as session, session.read() as connection:
        items = quarantine.listed(connection, parts.school.id)
    wanted = dict(keys) or _all_keys([(item["stream"], item["key"]) for item in items])
    whole = {
        stream
        for stream, listed in wanted.items()
        if quarantine.UNREADABLE_KEY in listed or not parts.source.capabilities.fetches_by_key
    }
    by_key = {stream: listed for stream, listed in wanted.items() if stream not in whole}
    if whole:
        with parts.database.session() as session, session.write() as connection:
            checkpoints.demand_full(connection, parts.school.id, whole, "replay")
        if not by_key:
            return run_school(parts, Task(Trigger.REPLAY))
    return run_school(parts, Task(Trigger.REPLAY, keys=by_key))


def _all_keys(items: list[tuple[str, str]]) -> dict[Stream, tuple[SourceKey, ...]]:
    return {
        stream: keys
        for stream in Stream
        if (keys := tuple(SourceKey(key) for name, key in items if name == stream.value))
    }
