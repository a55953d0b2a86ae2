"""A backfill of five years beside running syncs: how late the regular sync is, as a share of its interval.

The syncs are started on time, as cron would, each a process of its own, while records change at the source. What is
shown is the whole time from the moment a sync was due until it has ended, its own work and Python's start included: no
sync is later than that. A sync with nobody beside it is measured for comparison; it may take longer, for beside a
backfill the sync that goes before a window often brings the changes first.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.portals import Portals
from benchmarks.processes import ROOT, Served, measure
from benchmarks.scenario import CONNECTOR, SECRET, Tell

YEARS = 5
INTERVAL_SECONDS = 10.0
"""Ninety times as often as the default of fifteen minutes: what holds here holds there."""
ALONE = 3
SHARE = 0.002
LONGEST_SECONDS = 900


class Beside(NamedTuple):
    """What one database showed. `worst` and `usual` are seconds from due to ended, of the syncs beside it."""

    database: str
    windows: int
    records: int
    backfill_seconds: float
    syncs: int
    alone_seconds: float
    usual: float
    worst: float

    @property
    def ratio(self) -> float:
        """Give the worst time from due to ended as a share of the interval: below 1 no sync is missed."""
        return self.worst / INTERVAL_SECONDS


def beside(sis: Served, portals: dict[str, Portals], folder: Path, tell: Tell, *, window: str) -> list[Beside]:
    """Measure on every database. Raises RuntimeError where a sync or the backfill did not end well."""
    found = []
    for name, portal in portals.items():
        url = portal.ours()
        one = _beside(name, sis, _config(folder, sis, url), folder, window)
        portal.drop(url)
        found.append(one)
        tell(
            f"beside a backfill: {name}, each ended {one.worst:.2f} s after it was due, {one.ratio:.2f} of the interval"
        )
    return found


def _beside(name: str, sis: Served, config: Path, folder: Path, window: str) -> Beside:
    school = sis.schools[0]
    sync = [CONNECTOR, "--config", str(config), "sync", "--quiet", "--school", school]
    measure(sync, SECRET, folder)
    alone = median(_changed_then(sis, sync, folder, number) for number in range(ALONE))
    first = f"{datetime.now(UTC).year - YEARS}-01-01"
    words = ["backfill", "--school", school, "--from", first, "--window", window, "--json"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CONNECTOR_", "PYTHON"))}
    began = time.perf_counter()
    with (folder / "backfill.json").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            [CONNECTOR, "--config", str(config), *words],
            cwd=ROOT,
            env={**environment, **SECRET},
            stdout=said,
            stderr=subprocess.DEVNULL,
        )
        try:
            late = _syncs(sis, sync, folder, process)
        finally:
            process.kill()
            process.wait()
        spent = time.perf_counter() - began
        said.seek(0)
        windows, records = _told(said.read())
    return Beside(name, windows, records, spent, len(late), alone, median(late), max(late))


def _changed_then(sis: Served, sync: Sequence[str], folder: Path, seed: int) -> float:
    sis.change(SHARE, seed)
    return measure(sync, SECRET, folder).wall_seconds


def _syncs(sis: Served, sync: Sequence[str], folder: Path, process: subprocess.Popen[bytes]) -> list[float]:
    """Sync at every interval until the backfill has ended; give the seconds from due to ended of each sync."""
    late: list[float] = []
    due = time.perf_counter() + 1.0
    until = due + LONGEST_SECONDS
    while process.poll() is None:
        if time.perf_counter() < due:
            time.sleep(0.05)
            continue
        if due > until:
            raise RuntimeError("the backfill did not end")
        sis.change(SHARE, 100 + len(late))
        due = time.perf_counter()
        measure(sync, SECRET, folder)
        late.append(time.perf_counter() - due)
        due += INTERVAL_SECONDS
    if process.returncode not in (0, 1) or not late:
        raise RuntimeError(f"the backfill ended with {process.returncode} beside {len(late)} syncs")
    return late


def _told(text: str) -> tuple[int, int]:
    windows = json.loads(text)["windows"]
    return len(windows), sum(window["fetched"] for window in windows)


def _config(folder: Path, sis: Served, url: str) -> Path:
    lines = [f'[portal]\ndatabase_url = "{url}"\n[sources.main]\ndialect = "reference"']
    lines += [f'base_url = "{sis.base_url}"\nclient_id = "connector"']
    lines += [f'[schools."{school}"]\nname = "{school}"\nsource = "main"' for school in sis.schools]
    path = folder / "beside.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def table(found: Sequence[Beside]) -> str:
    """Write the figures as Markdown."""
    head = "database|windows|records read|backfill s|syncs beside|sync alone s|due to ended s|at worst s|ratio"
    rows = [
        f"{one.database}|{one.windows}|{one.records:,}|{one.backfill_seconds:.0f}|{one.syncs}|{one.alone_seconds:.2f}"
        f"|{one.usual:.2f}|{one.worst:.2f}|**{one.ratio:.2f}**"
        for one in found
    ]
    lines = [head, "|".join(["---"] * len(head.split("|"))), *rows]
    told = "\n".join(f"| {line.replace('|', ' | ')} |" for line in lines)
    return f"{told}\n\nratio: worst time from due to ended, as a share of an interval of {INTERVAL_SECONDS:g} s"
