"""Many records with one fault: is it the source that changed its habits, and what may be shown meanwhile.

Unreadable is a decision for one record, not for many. Then the stream stops, and the fields it concerns decide what
stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from mappings.brake import Limits
from schemas.stops import PEOPLE, REFUSED, Stop
from schemas.streams import Decides, Stream

_GRAVITY = (Decides.WHETHER, Decides.PART, Decides.NOTHING)


class Fault(NamedTuple):
    """How many records of a stream lack one field in one way. `field_path` is empty for the record as a whole."""

    code: str
    field_path: str
    decides: Decides
    records: int


def gravest_fault(faults: Iterable[Fault], size: int, limits: Limits) -> Fault | None:
    """Give the fault that stops the stream, the gravest of those that many records share; None where none is.

    Many are at least `limits.rows` records and more than `limits.share` of `size`, the records the stream has.
    """
    many = [one for one in faults if one.records >= limits.rows and one.records > limits.share * size]
    return min(many, key=lambda one: (_GRAVITY.index(one.decides), -one.records), default=None)


def is_over(stop: Stop, now: datetime, hours: int) -> bool:
    """Tell whether what cannot be judged has stayed for as long as it may."""
    return stop.decides is Decides.WHETHER and now >= stop.since_at + timedelta(hours=hours)


def staying(stop: Stop | None, now: datetime, hours: int) -> frozenset[Decides]:
    """Give the kinds of unreadable fields whose records keep their old rows."""
    if stop is None:
        return frozenset()
    if stop.decides is Decides.WHETHER and not is_over(stop, now, hours):
        return frozenset(Decides)
    return frozenset({Decides.NOTHING, Decides.PART})


def frozen_by(stops: Mapping[Stream, Stop], now: datetime, hours: int) -> frozenset[Stream]:
    """Give the streams because of which the school's other streams may only show less at this moment.

    For a while every stream of which it cannot be read who may see what; people and consent for as long as that lasts.
    """
    return frozenset(
        stream
        for stream, stop in stops.items()
        if (stop.decides is Decides.WHETHER and not is_over(stop, now, hours))
        or (stream in PEOPLE and (stop.code == REFUSED or stop.decides is Decides.WHETHER))
    )
