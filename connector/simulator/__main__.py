"""Runs the simulator as a process: `python -m connector.simulator --port 8089 --school 99AA00=120`."""

import argparse
import re
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

from connector.simulator.amounts import FEW, FULL_YEAR
from connector.simulator.answers import Simulator
from connector.simulator.office import HABITS
from connector.simulator.server import serve
from connector.simulator.world import SCHOOLS, World

SCHOOL = re.compile(r"([0-9]{2}[A-Z]{2}[0-9]{2})(?:=([0-9]+))?")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; returns 0 after SIGTERM or SIGINT, exits with 2 for wrong usage."""
    parser = _parser()
    given = parser.parse_args(arguments)
    schools: dict[str, int] = {}
    for text in given.school or SCHOOLS:
        match = SCHOOL.fullmatch(text)
        if match is None:
            parser.error(f"{text!r} is no school: BRIN and two digits, perhaps =PUPILS, as in 99AA00=120")
        schools[match[1]] = given.pupils if match[2] is None else int(match[2])
    today = given.date or datetime.now(UTC).astimezone().date()
    simulator = Simulator(
        World(given.seed, today, schools, FULL_YEAR if given.full_year else FEW),
        clients={given.client_id: given.client_secret},
        token_seconds=given.token_seconds,
        page_cap=given.page_cap,
    )
    for school in schools:
        simulator.office.behave(school, given.office)
    return serve(given.host, given.port, simulator)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connector.simulator", description="A simulated school system.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8089, help="0 takes any free port")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--pupils", type=int, default=60, help="pupils of a school that does not say (default 60)")
    parser.add_argument("--school", action="append", metavar="BRIN[=PUPILS]", help="may be repeated")
    parser.add_argument("--full-year", action="store_true", help="all of a school year, about 60 records a pupil")
    parser.add_argument("--date", type=date.fromisoformat, default=None, help="the world's today, YYYY-MM-DD")
    parser.add_argument("--client-id", default="connector")
    parser.add_argument("--client-secret", default="demo-secret")
    parser.add_argument("--token-seconds", type=int, default=300)
    parser.add_argument("--page-cap", type=int, default=None, help="most records on a page")
    parser.add_argument("--office", choices=HABITS, default="wait", help="what it does with change requests")
    return parser


if __name__ == "__main__":
    sys.exit(main())
