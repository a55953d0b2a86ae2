"""What is measured: phases beside the bare loop, the same from far away, memory by size, and a quiet school."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.portals import Portals
from benchmarks.processes import Cost, Served, measure, served

CONNECTOR = str(Path(sys.executable).with_name("connector"))
SECRET = {"CONNECTOR_SOURCES__MAIN__CLIENT_SECRET": "demo-secret"}
SHARE = 0.01
LATENCY_SECONDS = 0.05
PARALLEL = (1, 4, 8)

Tell = Callable[[str], None]


class Size(NamedTuple):
    """How much is measured."""

    schools: tuple[str, ...]
    pupils: int
    rounds: int
    memory_copies: tuple[int, ...]
    memory_pupils: int
    quiet_times: int


SCHOOLS = ("99AA00", "99BB00", "99CC00", "99DD00", "99EE00", "99FF00", "99GG00", "99HH00")
WHOLE = Size(SCHOOLS, 222, 3, (1, 10, 100), 222, 50)
QUICK = Size(SCHOOLS[:2], 22, 1, (1, 10), 22, 10)


class Contest(NamedTuple):
    """One phase: what we took and what the bare loop took, medians of the rounds."""

    database: str
    phase: str
    ours: Cost
    bare: Cost


class Far(NamedTuple):
    """A first load over a slow line. `requests` None is the bare loop."""

    database: str
    requests: int | None
    cost: Cost


class Memory(NamedTuple):
    """The peak of one sync of one school, reading everything into an empty portal."""

    database: str
    records: int
    cost: Cost


class Quiet(NamedTuple):
    """What one sync of a school costs in which nothing happened."""

    database: str
    requests: tuple[str, ...]
    cpu_milliseconds: float


class Bench:
    """One size, measured on every database."""

    def __init__(self, size: Size, portals: dict[str, Portals], folder: Path, tell: Tell) -> None:
        self.size, self.portals, self.folder, self.tell = size, portals, folder, tell
        self.records = 0

    def contests(self, sis: Served) -> list[Contest]:
        """Measure every phase of both contenders in turn, round by round."""
        self.records = sis.records()
        found: dict[tuple[str, str], list[tuple[Cost, Cost]]] = {}
        for number in range(self.size.rounds):
            urls = {name: (portal.ours(), portal.bare()) for name, portal in self.portals.items()}
            for phase in ("initial", "1 % changed", "all read, nothing changed", "quiet"):
                if phase == "1 % changed":
                    sis.change(SHARE, number)
                for name, (ours, bare) in urls.items():
                    is_full = phase.startswith("all")
                    pair = self._pair(name, sis, ours, bare, is_full=is_full, is_ours_first=number % 2 == 0)
                    found.setdefault((name, phase), []).append(pair)
                    self.tell(f"round {number + 1}: {name}, {phase}: {_ratio(pair):.2f} × the bare loop")
            for name, pair_of_urls in urls.items():
                for url in pair_of_urls:
                    self.portals[name].drop(url)
        return [
            Contest(name, phase, middle([pair[0] for pair in pairs]), middle([pair[1] for pair in pairs]))
            for (name, phase), pairs in found.items()
        ]

    def _pair(
        self, name: str, sis: Served, ours: str, bare: str, *, is_full: bool, is_ours_first: bool
    ) -> tuple[Cost, Cost]:
        costs: dict[bool, Cost] = {}
        for is_ours in (is_ours_first, not is_ours_first):
            self.portals[name].settle()
            costs[is_ours] = self._sync(sis, ours, is_full=is_full) if is_ours else self._bare(sis, bare, is_full)
        return costs[True], costs[False]

    def far(self, sis: Served) -> list[Far]:
        """Measure first loads with every answer late, in turn: one request at a time, several, the bare loop."""
        found: dict[tuple[str, int | None], list[Cost]] = {}
        sis.set_latency(LATENCY_SECONDS)
        for _ in range(self.size.rounds):
            for name, portal in self.portals.items():
                for requests in (*PARALLEL, None):
                    url = portal.bare() if requests is None else portal.ours()
                    portal.settle()
                    cost = self._bare(sis, url) if requests is None else self._sync(sis, url, requests=requests)
                    portal.drop(url)
                    found.setdefault((name, requests), []).append(cost)
                    self.tell(f"{LATENCY_SECONDS:g} s late: {name}, {requests or 'bare'}: {cost.wall_seconds:.1f} s")
        sis.set_latency(0)
        return [Far(name, requests, middle(costs)) for (name, requests), costs in found.items()]

    def memory(self) -> list[Memory]:
        """Measure one school in several sizes."""
        found = []
        for copies in self.size.memory_copies:
            with served(self.size.schools[:1], self.size.memory_pupils, copies) as sis:
                records = sis.records()
                for name, portal in self.portals.items():
                    url = portal.ours()
                    cost = self._sync(sis, url)
                    portal.drop(url)
                    found.append(Memory(name, records, cost))
                    self.tell(f"{records} records: {name}, {cost.peak_mb:.0f} MB, {cost.wall_seconds:.1f} s")
        return found

    def quiet(self, sis: Served) -> list[Quiet]:
        """Measure a school in which nothing happened."""
        found = []
        for name, portal in self.portals.items():
            url = portal.ours()
            self._sync(sis, url)
            config = self._config(sis, url)
            command = [sys.executable, "-m", "benchmarks.quiet_school", str(config), str(self.size.quiet_times)]
            milliseconds = float(measure(command, SECRET, self.folder).said)
            sis.answered()
            self._sync(sis, url, schools=sis.schools[:1])
            asked = tuple(asked for asked in sis.answered() if asked != "token")
            portal.drop(url)
            found.append(Quiet(name, asked, milliseconds))
            self.tell(f"quiet: {name}, {len(asked)} request, {milliseconds:.2f} ms of CPU")
        return found

    def _sync(
        self, sis: Served, url: str, *, is_full: bool = False, requests: int = 4, schools: Sequence[str] = ()
    ) -> Cost:
        config = self._config(sis, url, requests)
        command = [CONNECTOR, "--config", str(config), "sync", "--quiet"]
        command += [word for school in schools for word in ("--school", school)]
        return measure([*command, "--full"] if is_full else command, SECRET, self.folder)

    def _bare(self, sis: Served, url: str, is_full: bool = False) -> Cost:
        command = [sys.executable, "-m", "benchmarks.bare_loop", url, sis.base_url, *sis.schools]
        return measure([*command, "--full"] if is_full else command, {}, self.folder)

    def _config(self, sis: Served, url: str, requests: int = 4) -> Path:
        lines = [f'[portal]\ndatabase_url = "{url}"\n[sources.main]\ndialect = "reference"']
        lines += [f'base_url = "{sis.base_url}"\nclient_id = "connector"\nparallel_requests = {requests}']
        if requests == 1:
            lines += ["parallel_schools = 1"]  # the sequential time is that of one request after another
        lines += [f'[schools."{school}"]\nname = "{school}"\nsource = "main"' for school in sis.schools]
        path = self.folder / "config.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path


def middle(costs: Sequence[Cost]) -> Cost:
    """Give the median of each figure."""
    return Cost(
        median(cost.wall_seconds for cost in costs),
        median(cost.cpu_seconds for cost in costs),
        median(cost.peak_mb for cost in costs),
    )


def _ratio(pair: tuple[Cost, Cost]) -> float:
    return pair[0].wall_seconds / pair[1].wall_seconds
