"""A SIS whose supplier changes its habits: what its pages say of a stream is changed on the way out."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from connector.simulator.replies import Answer
from tests.rig import Rig

Record = dict[str, Any]
Spoil = Callable[[Record], Record]


def without(*names: str) -> Spoil:
    """Leave these fields out."""
    return lambda record: {name: value for name, value in record.items() if name not in names}


def without_nulls(record: Record) -> Record:
    """Leave out whatever is null, as one switch of a serialiser does."""
    return {name: value for name, value in record.items() if value is not None}


def renamed(name: str) -> Spoil:
    """Send a field under another name."""
    return lambda record: {f"new_{one}" if one == name else one: value for one, value in record.items()}


def of_wrong_type(name: str) -> Spoil:
    """Send something else in a field than it can hold."""
    return lambda record: {**record, name: {"value": record.get(name)}}


class Vendor:
    """Stands between the simulated SIS and its clients."""

    def __init__(self, rig: Rig) -> None:
        self._rig, self._answer = rig, rig.sis.answer
        self._spoils: dict[str, tuple[Spoil, frozenset[str] | None]] = {}
        self._refuses: dict[str, Answer] = {}
        self._empties: set[str] = set()
        rig.sis.answer = self.answer  # type: ignore[method-assign]

    def spoils(self, stream: str, spoil: Spoil, keys: Collection[str] | None = None) -> None:
        """Change the records of a stream, all or those with these keys."""
        self._spoils[stream] = (spoil, None if keys is None else frozenset(keys))

    def refuses(self, stream: str, answer: Answer) -> None:
        """Answer every question about a stream with this."""
        self._refuses[stream] = answer

    def empties(self, stream: str) -> None:
        """Answer that a stream has no records at all, as if that were true."""
        self._empties.add(stream)

    def mends(self) -> None:
        """Send everything again as the contract says."""
        self._spoils.clear()
        self._refuses.clear()
        self._empties.clear()

    def answer(
        self, method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Answer one request."""
        stream = path.rpartition("/")[2]
        if stream in self._refuses:
            return self._refuses[stream]
        answer = self._answer(method, path, query, headers, body)
        if stream not in self._spoils.keys() | self._empties or answer.status != 200:
            return answer
        page = json.loads(answer.body)
        if stream in self._empties:
            page |= {"records": [], "count": 0, "next": None, "cursor": page["cursor"] or "c"}
            return replace(answer, body=json.dumps(page).encode())
        spoil, keys = self._spoils[stream]
        page["records"] = [
            spoil(one) if not one.get("deleted") and (keys is None or one["id"] in keys) else one
            for one in page["records"]
        ]
        return replace(answer, body=json.dumps(page).encode())


def touch(rig: Rig, stream: str, keys: Collection[str] | None = None) -> None:
    """Let records come again as changed, though they say the same."""
    for key in sorted(rig.world.records(rig.school, stream) if keys is None else keys):
        rig.world.patch(rig.school, stream, key)
