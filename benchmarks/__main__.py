"""`make bench`: measure, print one table, keep it. `python -m benchmarks [--quick] [--backfill]`."""

from __future__ import annotations

import argparse
import compileall
import sys
import tempfile
from pathlib import Path

from benchmarks import backfill_beside, report
from benchmarks.portals import portals
from benchmarks.processes import ROOT, served
from benchmarks.scenario import QUICK, WHOLE, Bench

RESULTS = ROOT / "benchmarks" / "results" / "latest.json"
PAGE = ROOT / "docs" / "explanation" / "speed.md"


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Measure; the small bench is printed and not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="two small schools, one round; nothing is kept")
    parser.add_argument("--backfill", action="store_true", help="only a backfill of five years beside running syncs")
    given = parser.parse_args()
    is_quick = given.quick
    size = QUICK if is_quick else WHOLE
    for room in ("connector", "mappings", "schemas", "jobs", "benchmarks"):
        compileall.compile_dir(ROOT / room, quiet=1)
    with tempfile.TemporaryDirectory() as name, portals(Path(name), size.schools) as places:
        if given.backfill:
            window = "term" if is_quick else "month"
            with served(size.schools[:1], size.pupils) as sis:
                print(backfill_beside.table(backfill_beside.beside(sis, places, Path(name), _tell, window=window)))
            return 0
        bench = Bench(size, places, Path(name), _tell)
        with served(size.schools, size.pupils) as sis:
            contests = bench.contests(sis)
            far = bench.far(sis)
            quiet = bench.quiet(sis)
        memory = bench.memory()
        shape = {"schools": len(size.schools), "records": bench.records, "rounds": size.rounds}
        versions = {database: place.version for database, place in places.items()}
        found = report.results(contests, far, memory, quiet, shape, versions)
    print(report.table(found))
    if not is_quick:
        report.write(found, RESULTS, PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
