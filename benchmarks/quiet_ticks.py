"""One quiet tick of the scheduler for 1, 100 and 1,000 schools: what it costs to find that nothing is due.

Shown as milliseconds and as a ratio to the tick of one school, measured in one process on one database.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from pydantic import SecretStr
from sqlalchemy import update

from benchmarks.portals import Portals
from connector.bookkeeping import due
from connector.portal.database import Database
from connector.settings_shape import PortalSettings, SchoolSettings, Settings, SourceSettings
from jobs.engines.desk import Desk
from jobs.wiring import Wiring
from schemas.ids import SchoolId
from schemas.tables.bookkeeping import DueTimeRow
from schemas.tables.catalogue import table_of

SCHOOLS = (1, 100, 1000)
TICKS = 50


class Tick(NamedTuple):
    """What one database showed: milliseconds of a tick by the number of schools."""

    database: str
    by_schools: dict[int, float]


def ticks(portals: dict[str, Portals]) -> list[Tick]:
    """Measure on every database."""
    found = []
    for name, portal in portals.items():
        by_schools = {}
        for number in SCHOOLS:
            url = portal.ours()
            by_schools[number] = _measured(url, number)
            portal.drop(url)
        found.append(Tick(name, by_schools))
    return found


def table(found: list[Tick]) -> str:
    """Give one line per database."""
    lines = ["one quiet tick   " + "".join(f"{f'{number} schools':>22}" for number in SCHOOLS)]
    for one in found:
        first = one.by_schools[SCHOOLS[0]]
        cells = "".join(f"{f'{ms:.2f} ms ({ms / first:.1f}x)':>22}" for ms in one.by_schools.values())
        lines.append(f"{one.database:<17}{cells}")
    return "\n".join(lines)


def _measured(url: str, number: int) -> float:
    database = Database(url)
    desk = Desk(Wiring(_settings(url, number), database), should_stop=lambda: False)
    desk.prepare()
    with database.session() as session, session.write() as connection:
        rows = table_of(DueTimeRow)
        connection.execute(update(rows).values(due_at=session.now().replace(year=2999)))
        assert len(due.known(connection)) == 2 * number + 2
    spent = []
    for _ in range(TICKS):
        began = time.perf_counter()
        desk.tick()
        spent.append((time.perf_counter() - began) * 1000)
    desk.close(0)
    database.dispose()
    return median(spent)


def _settings(url: str, number: int) -> Settings:
    source = SourceSettings(
        dialect="reference", base_url="http://127.0.0.1:9", client_id="bench", client_secret=SecretStr("bench")
    )
    schools = [SchoolId(f"{index % 100:02}A{chr(65 + index // 100)}00") for index in range(number)]
    return Settings.model_construct(
        portal=PortalSettings(database_url=SecretStr(url)),
        sources={"main": source},
        schools={school: SchoolSettings(name=str(school), source="main") for school in schools},
    )


if __name__ == "__main__":
    import tempfile

    from benchmarks.portals import portals

    with tempfile.TemporaryDirectory() as folder, portals(Path(folder), ()) as places:
        print(table(ticks(places)))
