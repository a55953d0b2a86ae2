"""Pages of the reference dialect as a source sends them, made of a simulated school's own records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from connector.simulator.world import World
from schemas.sources.reference.catalogue import PLAINLY_SHOWN
from schemas.sources.reference.pages import read_page
from schemas.streams import Decides, Rejection, Stream
from tests.unit.simulator.asking import SCHOOL, TODAY

WORLD = World(7, TODAY, {SCHOOL: 40})


def page(stream: Stream, *records: Any, **fields: Any) -> bytes:
    """Give one page with these records; `fields` are its envelope's."""
    whole = {
        "school": SCHOOL,
        "stream": stream.value,
        "mode": "full",
        "count": len(records),
        "records": records,
        "next": None,
        "cursor": "c",
        **fields,
    }
    return json.dumps(whole).encode()


def good(stream: Stream, **fields: Any) -> dict[str, Any]:
    """Give a record that is plainly shown, with these fields changed."""
    return {**_plain(stream), **fields}


@cache
def _plain(stream: Stream) -> Mapping[str, Any]:
    shown = {name: values[0] for name, values in PLAINLY_SHOWN.get(stream, {}).items()}
    public = [record for record in WORLD.records(SCHOOL, stream.value).values() if _is_public(record)]
    return {**public[0], **shown}


def _is_public(record: Mapping[str, Any]) -> bool:
    places = [record.get("address"), record.get("phone"), *(record.get("phones") or [])]
    return all(place is None or place["is_confidential"] is False for place in places)


def read(stream: Stream, *records: Any) -> list[Any]:
    """Give what is read of these records."""
    return read_page(stream, page(stream, *records)).records


def judged(stream: Stream, *records: Any) -> list[Any]:
    """Give what is read of these records, the refused ones without what they are tied to and what is left of them."""
    return [_alone(one) if type(one) is Rejection else one for one in read(stream, *records)]


def _alone(one: Rejection) -> Rejection:
    return one._replace(ties=(), decides=Decides.NOTHING, readable=None, says_less=False)
