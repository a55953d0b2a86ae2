"""Several schools at a time, each worker a process, as many as their source allows."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog

from connector.settings_shape import Settings
from connector.telemetry import logs
from jobs.engines import crew
from jobs.engines.crew import Crew, hired
from jobs.engines.worker import Stopping
from jobs.parts import Progress, Show
from jobs.wiring import Wiring, open_wiring
from schemas.ids import SchoolId
from schemas.streams import Stream

SCHOOLS = [SchoolId(f"99AA0{number}") for number in range(6)]
SECONDS = 30


class Done(NamedTuple):
    """What came of a school: how, in which process, from when until when, and what it was told."""

    school: SchoolId
    how: str
    process: int = 0
    began: float = 0
    ended: float = 0
    said: Any = None


class Work:
    """Takes a moment for each school; some schools end their worker, or wait until they are stopped."""

    def __init__(self, deadly: Mapping[str, int] | None = None, *, is_waiting: bool = False) -> None:
        self.deadly, self.is_waiting = deadly or {}, is_waiting

    def do(self, wiring: Wiring, school: SchoolId, stopping: Stopping, show: Show) -> Done:
        began = time.monotonic()
        show(Progress(school, Stream.PUPILS, 1, None, is_done=False))
        if school in self.deadly:
            os.kill(os.getpid(), self.deadly[school])
        while self.is_waiting and not stopping.is_asked() and time.monotonic() < began + SECONDS:
            time.sleep(0.01)  # asks as often as a run does between pages
        time.sleep(0.05)  # long enough that schools at work together overlap
        said = stopping.exit_code if stopping.is_asked() else _pace(wiring, school)
        return Done(school, "done", os.getpid(), began, time.monotonic(), said)

    def unbegun(self, school: SchoolId, stopping: Stopping) -> Done:
        return Done(school, "unbegun")

    def lost(self, school: SchoolId, code: int) -> Done:
        return Done(school, "lost", said=code)


class Asked:
    """Says whether to stop, as a person would."""

    exit_code = 143

    def __init__(self) -> None:
        self.is_so = False

    def is_asked(self) -> bool:
        return self.is_so


class Crews:
    """Makes crews for schools of two sources; those with an even number belong to the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hired(
        self, work: Work, schools: list[SchoolId] = SCHOOLS, *, even: int = 2, odd: int = 2
    ) -> Iterator[Crew[Done]]:
        places = {"even": even, "odd": odd}
        settings = Settings.model_validate(
            {
                "portal": {"database_url": f"sqlite:///{self._folder / 'portal.db'}"},
                "sources": {
                    name: {
                        "dialect": "reference",
                        "base_url": "http://127.0.0.1:1",
                        "client_id": "connector",
                        "client_secret": "secret",
                        "parallel_schools": places[name],
                        "requests_per_second": 12,
                    }
                    for name in places
                },
                "schools": {school: {"name": "De School", "source": _source(school)} for school in SCHOOLS},
            }
        )
        with open_wiring(settings, is_migrated=False) as wiring, hired(wiring, schools, work) as found:
            yield found


@pytest.fixture
def crews(tmp_path: Path) -> Crews:
    return Crews(tmp_path)


def _source(school: str) -> str:
    return "even" if int(school[-1]) % 2 == 0 else "odd"


def _pace(wiring: Wiring, school: SchoolId) -> float | None:
    return wiring.settings.sources[_source(school)].requests_per_second


def _ignore(_now: Progress) -> None:
    return None


def _most_at_a_time(found: list[Done]) -> int:
    return max(sum(one.began <= it.began < one.ended for one in found) for it in found)


def test_schools_are_done_as_their_source_allows_and_told_in_their_order(crews: Crews) -> None:
    """Three of one source are at work at a time and then one of the other, none of them in this process."""
    shown: list[Progress] = []
    with crews.hired(Work(), even=3, odd=1) as crew:
        found = crew.outcomes(Asked(), shown.append)
    assert [one.school for one in found] == SCHOOLS
    assert {one.how for one in found} == {"done"}
    assert _most_at_a_time(found[0::2]) == 3
    assert _most_at_a_time(found[1::2]) == 1
    assert max(one.ended for one in found[0::2]) <= min(one.began for one in found[1::2])
    assert os.getpid() not in {one.process for one in found}
    assert {now.school for now in shown} == set(SCHOOLS)


def test_those_who_ask_a_source_together_keep_its_pace(crews: Crews) -> None:
    """Twelve requests a second are four for each of three, and twelve for one alone."""
    with crews.hired(Work(), even=3, odd=1) as crew:
        found = crew.outcomes(Asked(), _ignore)
    assert [one.said for one in found] == [4, 12] * 3


def test_one_at_a_time_needs_no_process(crews: Crews) -> None:
    """A single school, or sources that take one at a time, are done where they were asked for."""
    with crews.hired(Work(), SCHOOLS[:2]) as crew:
        assert {one.process for one in crew.outcomes(Asked(), _ignore)} == {os.getpid()}
    with crews.hired(Work(), even=1, odd=1) as crew:
        assert {one.process for one in crew.outcomes(Asked(), _ignore)} == {os.getpid()}


def test_where_a_process_cannot_be_copied_one_school_has_its_turn(
    crews: Crews, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere than on Linux everything is done all the same."""
    monkeypatch.setattr(crew, "IS_ABLE_TO_FORK", False)
    with crews.hired(Work()) as hands:
        found = hands.outcomes(Asked(), _ignore)
    assert [(one.school, one.process) for one in found] == [(school, os.getpid()) for school in SCHOOLS]


@pytest.mark.parametrize("places", [1, 2])
def test_who_is_asked_to_stop_ends_the_school_at_hand_and_begins_no_other(crews: Crews, places: int) -> None:
    """Those at work hear it and with which code; what waits says that it had no turn."""
    asked = Asked()

    def ask(_now: Progress) -> None:
        asked.is_so = True

    with crews.hired(Work(is_waiting=True), even=places, odd=1) as hands:
        found = hands.outcomes(asked, ask)
    begun = [one for one in found if one.how == "done"]
    assert 1 <= len(begun) <= places
    assert {one.said for one in begun} == {143}
    assert {one.how for one in found if one not in begun} == {"unbegun"}


def test_a_worker_that_dies_takes_only_its_school_along(crews: Crews) -> None:
    """The others go on with the worker that is left, and it is said which signal it was."""
    with crews.hired(Work({SCHOOLS[2]: signal.SIGKILL})) as hands:
        found = hands.outcomes(Asked(), _ignore)
    assert found[2] == Done(SCHOOLS[2], "lost", said=-signal.SIGKILL)
    assert {one.how for one in found if one.school != SCHOOLS[2]} == {"done"}


def test_when_every_worker_has_died_the_rest_had_no_turn(crews: Crews) -> None:
    """Nobody waits for ever for a process that is not there."""
    with crews.hired(Work({SCHOOLS[0]: signal.SIGKILL, SCHOOLS[2]: signal.SIGKILL})) as hands:
        found = hands.outcomes(Asked(), _ignore)
    assert [one.how for one in found] == ["lost", "unbegun", "lost", "unbegun", "unbegun", "unbegun"]


def test_a_signal_for_the_whole_group_does_not_end_a_worker(crews: Crews) -> None:
    """Ctrl-C at a terminal reaches every process; whoever hands out decides what comes of it."""
    with crews.hired(Work({SCHOOLS[0]: signal.SIGINT, SCHOOLS[1]: signal.SIGTERM})) as hands:
        assert {one.how for one in hands.outcomes(Asked(), _ignore)} == {"done"}


class Broken(Work):
    """Breaks its promise and raises, with a name in the text."""

    def do(self, wiring: Wiring, school: SchoolId, stopping: Stopping, show: Show) -> Done:
        structlog.get_logger("connector").info("run_started", school=school)
        raise ValueError("Canary-van-der-Berg")


def test_a_worker_logs_through_the_one_that_prints_and_never_what_an_exception_says(
    crews: Crews, capfd: pytest.CaptureFixture[str]
) -> None:
    """A bug in a worker is a line with its place; its text, which may hold values, is nowhere."""
    logs.configure("info", "json")
    try:
        with crews.hired(Broken(), SCHOOLS[0:3:2]) as hands:
            found = hands.outcomes(Asked(), _ignore)
    finally:
        structlog.reset_defaults()
    assert [(one.how, one.said) for one in found] == [("lost", 70)] * 2
    said = capfd.readouterr().err
    assert "Canary" not in said
    assert said.count('"event": "run_started"') == 2
    assert said.count('"event": "unexpected_error"') == 2
