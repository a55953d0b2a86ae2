"""Ask the source for the records of one pupil, and judge each as a run would. Nothing is kept or written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from connector.bookkeeping import checkpoints, register
from connector.bookkeeping.checkpoints import NOT_SUPPLIED
from jobs.parts import Parts
from jobs.staged_rows import page_rows
from mappings.activation import ModuleState, Policy, decide
from mappings.gates import Context
from schemas.explanations import SHOWN_BY, Told
from schemas.modules import ALWAYS_ON, Module
from schemas.streams import LOOSE_REFERENCES, TIES, Action, Outcome, Page, Partial, Pull, Rejection, Stream, Tombstone


def plan(connection: Connection, parts: Parts, modules: Collection[Module]) -> tuple[Policy, tuple[Stream, ...]]:
    """Give the policy of this moment, and the pupil's streams that a run would pull for these modules (all: none)."""
    school, now = parts.school.id, parts.clock()
    entries, _version = register.read(connection, school)
    states = [ModuleState(module, now, None) for module in sorted(ALWAYS_ON)]
    states += [ModuleState(one.module, one.opens_at, one.closes_at) for one in entries if one.module not in ALWAYS_ON]
    policy = decide(states, now, register.selections(connection, school))
    known = checkpoints.read(connection, school)
    refused = {stream for stream, one in known.items() if one.full_reason == NOT_SUPPLIED}
    wanted = [
        stream
        for stream in policy.streams
        if stream in parts.source.capabilities.streams - refused
        and _names_pupils(stream)
        and (not modules or stream is Stream.PUPILS or SHOWN_BY[stream] in modules)
    ]
    return policy, tuple(wanted)


def _names_pupils(stream: Stream) -> bool:
    named = (*TIES[stream], *LOOSE_REFERENCES.get(stream, {}))
    return stream is Stream.PUPILS or "pupil_id" in named


def ask(
    parts: Parts, policy: Policy, streams: Collection[Stream], keys: Collection[str]
) -> Mapping[Stream, tuple[Told, ...]]:
    """Give what the source has of the pupil that these keys mean, each record as staging would decide about it.

    Reads whole streams, as there is no other way to find what a gate keeps out. Raises what a source raises.
    """
    context = Context(parts.clock(), frozenset(policy.streams), policy.selections, policy.history_from)
    found: dict[Stream, list[Told]] = {stream: [] for stream in streams}
    for bundle in parts.source.capabilities.bundles:
        pulled = tuple(stream for stream in bundle if stream in found)
        if not pulled:
            continue
        for page in parts.source.pages(parts.school.id, Pull(pulled)):
            found[page.stream] += _judged(page, parts.readers[page.stream], context, keys)
    return {stream: tuple(told) for stream, told in found.items()}


def _judged(page: Page, read: Any, context: Context, keys: Collection[str]) -> Iterator[Told]:
    mine = [item for item in page.items if _is_of(page.stream, item, read, keys)]
    for row in page_rows(page._replace(items=mine), read, context, Action.ADD):
        if row[0] is not None:
            yield Told(row[0], Outcome(row[3]), row[4] or "")


def _is_of(stream: Stream, item: Any, read: Any, keys: Collection[str]) -> bool:
    """Tell whether a record is the pupil's; of one that cannot be used, as far as that can be read."""
    if type(item) is Tombstone:
        return False
    if type(item) is Rejection:
        named = (item.key,) if stream is Stream.PUPILS else [key for column, key in item.ties if column == "pupil_id"]
        return any(key in keys for key in named)
    record = read(item.record if type(item) is Partial else item)
    return (record.key if stream is Stream.PUPILS else record.pupil_key) in keys
