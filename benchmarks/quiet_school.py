"""What a quiet school costs: `python -m benchmarks.quiet_school CONFIG TIMES` syncs every school so often.

Prints the CPU milliseconds of one sync, start-up and the first round left out.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import structlog

from connector.settings import load
from jobs.sync import SyncOptions, sync_school
from jobs.wiring import Wiring, open_wiring
from schemas.runs import RunStatus


def main() -> int:
    """Measure; raises AssertionError when a school was not quiet."""
    config, times = Path(sys.argv[1]), int(sys.argv[2])
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with open_wiring(load(config, os.environ)) as wiring:
        _round(wiring)
        began = time.process_time()
        for _ in range(times):
            _round(wiring)
        spent = time.process_time() - began
        print(f"{1000 * spent / times / len(wiring.schools()):.3f}")
    return 0


def _round(wiring: Wiring) -> None:
    for school in wiring.schools():
        assert sync_school(wiring.parts(school), SyncOptions()).status is RunStatus.QUIET


if __name__ == "__main__":
    sys.exit(main())
