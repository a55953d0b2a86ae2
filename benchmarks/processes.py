"""Whole processes and what they cost; the simulated source as one of them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import requests

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 300
_KILOBYTE = 1 if sys.platform == "darwin" else 1024

CHANGED_FIELDS = {
    "pupils": "call_name",
    "guardians": "email",
    "guardianships": "contact_order",
    "absences": "reported_by",
    "notes": "title",
    "support_plans": "goals",
    "news_items": "title",
    "employees": "work_email",
    "emergency_contacts": "name",
    "medical_items": "details",
    "invoices": "description",
    "calendar_items": "title",
    "lessons": "subject",
    "reports": "title",
    "method_test_results": "norm",
    "test_results": "functioning_level",
}
"""A field of each larger stream that can say something else without anything being hidden or held."""


# A child's peak begins with that of the process it was forked from, so a bare interpreter starts and judges it.
_LAUNCH = """
import os, sys, time
began = time.perf_counter()
child = os.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
status, usage = os.wait4(child, 0)[1:]
wall = time.perf_counter() - began
with open(sys.argv[1], "w") as file:
    print(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=file)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
"""


class Cost(NamedTuple):
    """What a command took: seconds by the clock, seconds of CPU, megabytes at its peak.

    CPU is that of its workers too, the peak that of the largest of its processes.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    said: str = ""


def measure(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Cost:
    """Run a process to its end; raises RuntimeError unless it exits with 0 or 1 (something needs a person)."""
    launch = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(folder / "cost"), *command]
    done = subprocess.run(
        launch, cwd=ROOT, env={**_clean(), **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        text = f"{done.stdout}{done.stderr}"[-2000:]
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{text}")
    wall, cpu, peak = (float(figure) for figure in (folder / "cost").read_text(encoding="utf-8").split())
    return Cost(wall, cpu, peak * _KILOBYTE / 2**20, done.stdout)


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("CONNECTOR_", "PYTHON"))}


class Served:
    """A simulated SIS in a process of its own."""

    def __init__(self, base_url: str, schools: Sequence[str]) -> None:
        self.base_url = base_url
        self.schools = tuple(schools)
        self._session = requests.Session()
        self._session.trust_env = False

    def records(self) -> int:
        """Count the live records of all schools."""
        schools: dict[str, dict[str, Any]] = self._get("world")["schools"]
        return sum(count for streams in schools.values() for count in streams.values() if isinstance(count, int))

    def answered(self) -> list[str]:
        """Give the last name of every path that was asked since the last time."""
        asked = [request["path"].rpartition("/")[2] for request in self._get("requests")["requests"]]
        self._session.delete(f"{self.base_url}/_sim/requests").raise_for_status()
        return asked

    def set_latency(self, seconds: float) -> None:
        """Let every answer come so much later."""
        self._session.delete(f"{self.base_url}/_sim/faults").raise_for_status()
        if seconds:
            self._post("faults", {"kind": "latency", "times": None, "seconds": seconds})

    def change(self, share: float, seed: int) -> int:
        """Change so large a share of each larger stream; give the number of records."""
        dice, changed = random.Random(seed), 0
        for school in self.schools:
            for stream, field in CHANGED_FIELDS.items():
                records = self._get(f"world/{school}/{stream}")["records"]
                for record in dice.sample(records, round(len(records) * share)):
                    fields = {field: _other(record[field], dice)}
                    self._post("patch", {"school": school, "stream": stream, "id": record["id"], "fields": fields})
                    changed += 1
        return changed

    def _get(self, path: str) -> Any:
        answer = self._session.get(f"{self.base_url}/_sim/{path}")
        answer.raise_for_status()
        return answer.json()

    def _post(self, path: str, payload: dict[str, Any]) -> None:
        self._session.post(f"{self.base_url}/_sim/{path}", json=payload).raise_for_status()


def _other(value: object, dice: random.Random) -> object:
    if isinstance(value, int):
        return value + 1
    if value in ("guardian", "school"):
        return "school" if value == "guardian" else "guardian"
    return f"Anders {dice.randrange(10**6)}"


@contextlib.contextmanager
def served(schools: Sequence[str], pupils: int, copies: int = 1) -> Iterator[Served]:
    """Serve a world inside the block."""
    command = [sys.executable, "-m", "benchmarks.many_copies", str(pupils), str(copies), *schools]
    process = subprocess.Popen(command, cwd=ROOT, env=_clean(), stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("listening on "):
                yield Served(line.split()[-1], schools)
                return
        raise RuntimeError("the simulated source did not start")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)
