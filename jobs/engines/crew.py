"""A crew: several schools at a time, each worker a process, since one Python computes for one school at a time.

A worker has its own connection to the portal and its own door to a source, and shares nothing but a pipe with the
process that was started, which hands out the schools, prints for all and is the only one to hear a signal.
"""

from __future__ import annotations

import sys
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from connector.settings_shape import Settings
from jobs.engines.worker import Line, Stopping, Work, serve
from jobs.parts import Progress, Show
from jobs.wiring import Wiring
from schemas.ids import SchoolId

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

IS_ABLE_TO_FORK = sys.platform == "linux"
"""A worker is a copy of what the process has loaded. Elsewhere that is unsafe; there one school has its turn."""

_SLICE_SECONDS = 0.2
_Done = TypeVar("_Done")


class Crew(Generic[_Done]):
    """Whoever does the work of these schools: this process, or its workers. Made by `hired`."""

    def __init__(self, wiring: Wiring, schools: Sequence[SchoolId], work: Work[_Done]) -> None:
        self._wiring, self._schools, self._work = wiring, schools, work
        self._at_a_time = _at_a_time(wiring, schools)
        self._workers: list[_Worker] = []

    def hire(self) -> None:
        """Start as many workers as the source with the most room takes; where that is one, this process works."""
        number = max(self._at_a_time.values(), default=1)
        if number == 1:
            return
        self._wiring.load(self._schools)
        self._wiring.database.dispose()  # a connection must not be in two processes
        settings = _with_shared_pace(self._wiring.settings, self._at_a_time)
        for _ in range(number):
            self._workers.append(_Worker(settings, self._work, [worker.pipe for worker in self._workers]))

    def dismiss(self) -> None:
        """Let every worker stop, and wait for it."""
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join()

    def outcomes(self, stopping: Stopping, show: Show) -> list[_Done]:
        """Do the work and give what came of each school, in their order; source by source."""
        found: dict[SchoolId, _Done] = {}
        for source, number in self._at_a_time.items():
            mine = [school for school in self._schools if self._wiring.plan(school).source == source]
            if self._workers:
                found |= self._by_workers(mine, number, stopping, show)
            else:
                found |= self._here(mine, stopping, show)
        return [found[school] for school in self._schools]

    def _here(self, schools: Sequence[SchoolId], stopping: Stopping, show: Show) -> dict[SchoolId, _Done]:
        found = {}
        for school in schools:
            if stopping.is_asked():
                found[school] = self._work.unbegun(school, stopping)
            else:
                found[school] = self._work.do(self._wiring, school, stopping, show)
        return found

    def _by_workers(
        self, schools: Sequence[SchoolId], number: int, stopping: Stopping, show: Show
    ) -> dict[SchoolId, _Done]:
        waiting, found = deque(schools), dict[SchoolId, _Done]()
        while True:
            able = [worker for worker in self._workers if worker.code is None][:number]
            for worker in able:
                if stopping.is_asked():
                    worker.stop(stopping.exit_code)
                elif worker.school is None and waiting:
                    worker.begin(waiting.popleft())
            busy = [worker for worker in able if worker.school is not None]
            if not busy:
                break
            for worker, school, said in _heard(busy):
                match said:
                    case Progress():
                        show(said)
                    case Line():
                        said.print()
                    case _:
                        found[school] = said if worker.code is None else self._work.lost(school, worker.code)
                        worker.school = None
        return found | {school: self._work.unbegun(school, stopping) for school in waiting}


@contextmanager
def hired(wiring: Wiring, schools: Sequence[SchoolId], work: Work[_Done]) -> Iterator[Crew[_Done]]:
    """Give a crew for these schools; its workers end with the block. Begin before anything else runs beside us."""
    crew = Crew(wiring, schools, work)
    try:
        crew.hire()
        yield crew
    finally:
        crew.dismiss()


def _at_a_time(wiring: Wiring, schools: Sequence[SchoolId]) -> dict[str, int]:
    found = Counter(wiring.plan(school).source for school in schools)
    return {source: min(wiring.parallel_schools(source), n) if IS_ABLE_TO_FORK else 1 for source, n in found.items()}


def _with_shared_pace(settings: Settings, workers: Mapping[str, int]) -> Settings:
    """Give the settings of one worker: the pace of a source is that of all who ask it together."""
    sources = {
        name: source.model_copy(update={"requests_per_second": source.requests_per_second / workers[name]})
        if source.requests_per_second is not None and name in workers
        else source
        for name, source in settings.sources.items()
    }
    return settings.model_copy(update={"sources": sources})


class _Worker:
    """A worker, as whoever hands out sees it: the school it has, and its exit code once it died."""

    def __init__(self, settings: Settings, work: Work[Any], others: Sequence[Connection]) -> None:
        import multiprocessing

        context = multiprocessing.get_context("fork")
        self.pipe, its = context.Pipe()
        self.process = context.Process(target=serve, args=(its, [*others, self.pipe], settings, work))
        self.process.start()
        its.close()
        self.school: SchoolId | None = None
        self.code: int | None = None
        self._is_told = False

    def begin(self, school: SchoolId) -> None:
        """Hand out a school. A worker that has died meanwhile is found out when it is listened to."""
        self.school = school
        with suppress(OSError):
            self.pipe.send(school)

    def stop(self, code: int) -> None:
        """Let it stop after the page at hand, and end."""
        if not self._is_told:
            self._is_told = True
            with suppress(OSError):
                self.pipe.send(code)

    def hear(self) -> Any:
        """Give what it says; None, and `code` from then on, when it died."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            self.code = self.process.exitcode or 0
            return None


def _heard(workers: Sequence[_Worker]) -> Iterator[tuple[_Worker, SchoolId, Any]]:
    """Give one word of each that said something within a moment, with the school it is about."""
    from multiprocessing.connection import wait

    speaking = set(wait([worker.pipe for worker in workers], _SLICE_SECONDS))
    for worker in workers:
        if worker.pipe in speaking and worker.school is not None:
            yield worker, worker.school, worker.hear()
