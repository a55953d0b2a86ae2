"""Several schools at a time, as many as their source allows."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.cli.side_by_side import side_by_side
from schemas.ids import SchoolId

SCHOOLS = [SchoolId(f"99AA0{number}") for number in range(6)]


class _Work:
    """Notes how many schools of each source were at work at a time."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}
        self.threads: set[int] = set()
        self._busy: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, school: SchoolId) -> str:
        source = _source(school)
        with self._lock:
            self._busy.append(source)
            self.threads.add(threading.get_ident())
            assert len(set(self._busy)) == 1
            self.most[source] = max(self.most.get(source, 0), len(self._busy))
        time.sleep(0.02)
        with self._lock:
            self._busy.remove(source)
        return f"done {school}"


def _source(school: SchoolId) -> str:
    return "even" if int(school[-1]) % 2 == 0 else "odd"


def _wiring(**at_a_time: int) -> Any:
    return SimpleNamespace(
        plan=lambda school: SimpleNamespace(source=_source(school)), parallel_schools=lambda source: at_a_time[source]
    )


def test_schools_are_done_as_their_source_allows_and_told_in_their_order() -> None:
    """Two of one source and one of the other are at work at a time; the outcomes stand in the order of the schools."""
    work = _Work()
    assert side_by_side(_wiring(even=2, odd=1), SCHOOLS, work) == [f"done {school}" for school in SCHOOLS]
    assert work.most == {"even": 2, "odd": 1}


def test_one_at_a_time_needs_no_thread() -> None:
    """A single school, or a source that takes one at a time, is done where it was asked for."""
    work = _Work()
    side_by_side(_wiring(even=4, odd=1), SCHOOLS[:2], work)
    assert work.threads == {threading.get_ident()}


def test_what_the_work_raises_comes_out() -> None:
    """A school whose work breaks off with what nobody foresaw is not passed over in silence."""

    def work(school: SchoolId) -> str:
        if school == SCHOOLS[2]:
            raise KeyError(school)
        return school

    with pytest.raises(KeyError):
        side_by_side(_wiring(even=2, odd=2), SCHOOLS, work)
