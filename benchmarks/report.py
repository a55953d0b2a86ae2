"""The figures as one table, and as JSON without the name of a machine or a path."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.scenario import LATENCY_SECONDS, Contest, Far, Memory, Quiet

PACKAGES = ("pydantic", "psycopg", "requests", "sqlalchemy", "urllib3")
BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- end of the figures -->"

Results = Mapping[str, Any]


def results(
    contests: Sequence[Contest],
    far: Sequence[Far],
    memory: Sequence[Memory],
    quiet: Sequence[Quiet],
    shape: Mapping[str, Any],
    databases: Mapping[str, str],
) -> dict[str, Any]:
    """Put all figures together, plain enough for JSON."""
    return {
        "measured_on": date.today().isoformat(),  # noqa: DTZ011  # a day for people
        "machine": machine(),
        "versions": {
            "CPython": platform.python_version(),
            **databases,
            **{name: importlib.metadata.version(name) for name in PACKAGES},
        },
        "shape": dict(shape),
        "phases": [
            {
                "database": one.database,
                "phase": one.phase,
                **{f"ours_{name}": value for name, value in _cost(one.ours).items()},
                **{f"bare_{name}": value for name, value in _cost(one.bare).items()},
                "ratio": round(one.ours.wall_seconds / one.bare.wall_seconds, 2),
            }
            for one in contests
        ],
        "late": [{"database": one.database, "parallel_requests": one.requests, **_cost(one.cost)} for one in far],
        "memory": [{"database": one.database, "records": one.records, **_cost(one.cost)} for one in memory],
        "quiet": [
            {
                "database": one.database,
                "requests": len(one.requests),
                "cpu_milliseconds": round(one.cpu_milliseconds, 2),
            }
            for one in quiet
        ],
    }


def _cost(cost: Any) -> dict[str, float]:
    return {
        "wall_seconds": round(cost.wall_seconds, 3),
        "cpu_seconds": round(cost.cpu_seconds, 3),
        "peak_mb": round(cost.peak_mb, 1),
    }


def machine() -> dict[str, Any]:
    """Describe the machine by what decides its speed."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_at_the_end": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def table(found: Results) -> str:
    """Write the figures as Markdown."""
    return "\n\n".join((_head(found), _phases(found), _late(found), _memory(found), _quiet(found)))


def _head(found: Results) -> str:
    shape, on = found["shape"], found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return (
        f"{shape['schools']} schools, {shape['records']:,} records, medians of {shape['rounds']} rounds, measured on "
        f"{found['measured_on']}.\n{on['cores']} cores ({on['processor']}, {on['system']}), load at the end "
        f"{on['load_at_the_end']}. {versions}."
    )


def _phases(found: Results) -> str:
    rows = [
        (
            one["database"],
            one["phase"],
            f"{one['ours_wall_seconds']:.2f}",
            f"{one['bare_wall_seconds']:.2f}",
            f"**{one['ratio']:.2f}**",
            f"{one['ours_cpu_seconds']:.2f}",
            f"{one['bare_cpu_seconds']:.2f}",
            f"{one['ours_cpu_seconds'] / one['bare_cpu_seconds']:.2f}",
            f"{one['ours_peak_mb']:.0f}",
            f"{one['bare_peak_mb']:.0f}",
        )
        for one in found["phases"]
    ]
    head = "database|phase|ours s|bare loop s|ratio|our CPU s|bare CPU s|ratio of CPU|our peak MB|bare peak MB"
    return _markdown(head.split("|"), rows)


def _late(found: Results) -> str:
    alone = {one["database"]: one["wall_seconds"] for one in found["late"] if one["parallel_requests"] == 1}
    rows = [
        (
            one["database"],
            "the bare loop, one at a time" if one["parallel_requests"] is None else str(one["parallel_requests"]),
            f"{one['wall_seconds']:.2f}",
            f"{one['wall_seconds'] / alone[one['database']]:.2f}",
        )
        for one in found["late"]
    ]
    late = f"first load, each answer {1000 * LATENCY_SECONDS:.0f} ms late"
    return _markdown(["database", f"{late}: requests at a time", "s", "of one at a time"], rows)


def _memory(found: Results) -> str:
    rows = [
        (one["database"], f"{one['records']:,}", f"{one['peak_mb']:.0f}", f"{one['wall_seconds']:.1f}")
        for one in found["memory"]
    ]
    return _markdown(["database", "records of one school", "peak MB", "s"], rows)


def _quiet(found: Results) -> str:
    rows = [(one["database"], str(one["requests"]), f"{one['cpu_milliseconds']:.1f}") for one in found["quiet"]]
    return _markdown(["database", "requests of a quiet school", "our CPU ms"], rows)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def write(found: Results, json_file: Path, page: Path) -> None:
    """Keep the figures, and show them on the page between its marks."""
    json_file.parent.mkdir(exist_ok=True)
    json_file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{table(found)}\n\n{END}{after}", encoding="utf-8")
