"""Worklist: what each school can put right in its SIS. By key; names only for whoever asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from connector.bookkeeping import correction_queue
from connector.bookkeeping.correction_queue import Queue
from connector.portal import worklist
from jobs.parts import OVERDUE_AFTER
from mappings.values import local_day
from mappings.worklist import is_loaded, judge, not_judged
from schemas.ids import SchoolId
from schemas.worklist import Item, Kind, Record


class Worklist(NamedTuple):
    """The work of one school. `names` is empty unless they were asked for."""

    is_loaded: bool
    items: tuple[Item, ...]
    not_judged: tuple[Kind, ...]
    names: Mapping[Record, str]
    corrections: Queue = Queue({})


def look(
    connection: Connection,
    schools: Sequence[SchoolId],
    now: datetime,
    overdue_after: timedelta = OVERDUE_AFTER,
    *,
    with_names: bool = False,
) -> dict[SchoolId, Worklist]:
    """Give the work of each school as the portal is now; writes nothing, in a fixed number of statements."""
    facts = worklist.read(connection, schools, worklist.Moment(now, local_day(now)))
    names = worklist.names(connection, schools) if with_names else {}
    queues = correction_queue.read(connection, now - overdue_after, schools)
    found = {}
    for school, known in facts.items():
        items = judge(known)
        named = {record for item in items for record in item.records}
        mine = {record: name for record, name in names.get(school, {}).items() if record in named}
        found[school] = Worklist(is_loaded(known), items, not_judged(known), mine, queues.get(school, Queue({})))
    return found
