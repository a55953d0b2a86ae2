"""What the demo shows of a run and of the portal: counts, and one parent's own rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, func, select, text

from jobs.cli import gate_words
from jobs.cli.render import table_lines
from schemas.ids import SchoolId
from schemas.modules import STREAMS_OF, Module
from schemas.runs import RunReport, RunStatus
from schemas.streams import Stream
from schemas.tables.catalogue import TABLES

CHANGES = ("fetched", "added", "altered", "withdrawn", "removed", "quarantined")


class Line(NamedTuple):
    """What one module went through."""

    module: Module
    fetched: int
    shown: int
    gates: Mapping[str, int]
    quarantined: int


def rows_in(connection: Connection, school: SchoolId, stream: Stream) -> int:
    """Count a stream's rows in the portal."""
    table = TABLES[stream]
    counted = connection.execute(select(func.count()).select_from(table).where(table.c.school_id == school))
    return int(counted.scalar_one())


def rows_seen(connection: Connection, school: SchoolId, view: str) -> int:
    """Count the rows of a view that any guardian of the school sees now."""
    query = f"SELECT count(*) FROM {view} WHERE school_id = :school"  # noqa: S608  a name of our own
    return int(connection.execute(text(query), {"school": school}).scalar_one())


def module_table(connection: Connection, report: RunReport, opened: frozenset[Module]) -> list[str]:
    """Give what arrived per module; what is not open was not asked for."""
    headings = ("module", "fetched", "shown", "withheld", "quarantined", "withheld because")
    table: list[tuple[str, ...]] = []
    for module in Module:
        if module not in opened:
            table.append((module.value, "–", "–", "–", "–", "not open: never asked for"))
            continue
        line = _line(connection, report, module)
        withheld = sum(line.gates.values())
        counts = (line.fetched, line.shown, withheld, line.quarantined)
        table.append((module.value, *(str(count) for count in counts), gate_words.said(line.gates)))
    return table_lines(headings, table, left=(0, 5))


def _line(connection: Connection, report: RunReport, module: Module) -> Line:
    mine = [stream for stream in report.streams if stream.stream in STREAMS_OF[module]]
    gates: dict[str, int] = {}
    for stream in mine:
        for gate, count in stream.gates.items():
            gates[gate] = gates.get(gate, 0) + count
    return Line(
        module,
        sum(stream.sums.fetched for stream in mine),
        sum(rows_in(connection, report.school, stream) for stream in STREAMS_OF[module]),
        gates,
        sum(stream.sums.quarantined for stream in mine),
    )


def change_table(report: RunReport) -> list[str]:
    """Give what a later run changed, stream by stream; what stayed as it was is left out."""
    if report.status is RunStatus.QUIET:
        return ["nothing changed: one question to the SIS, nothing written"]
    # A stream comes twice when rows go with a parent before it is pulled itself.
    sums = {stream: [one.sums for one in report.streams if one.stream is stream] for stream in Stream}
    table = [(stream.value, *(sum(getattr(one, name) for one in sums[stream]) for name in CHANGES)) for stream in sums]
    changed = [row for row in table if any(row[2:])]
    return table_lines(("stream", "fetched", "new", "altered", "withdrawn", "removed", "quarantined"), changed)


def own_absences(connection: Connection, school: SchoolId, guardian: str) -> tuple[int, list[str]]:
    """Run the portal's own query for one guardian: how many rows, and the newest as a table."""
    mine = "SELECT * FROM portal_absences WHERE school_id = :school AND guardian_id = :me ORDER BY starts_at DESC, id"
    rows = connection.execute(text(mine), {"school": school, "me": guardian}).mappings().all()
    names = ("id", "pupil_id", "kind", "reason", "starts_at")
    shown = [tuple("–" if row[name] is None else str(row[name])[:19] for name in names) for row in rows[:3]]
    return len(rows), table_lines(names, shown, left=range(len(names)))


def own_news(connection: Connection, school: SchoolId, guardian: str) -> list[str]:
    """Give what became visible to one guardian or changed, as the portal's own list of news."""
    mine = "SELECT module, stream, id, kind FROM portal_changes WHERE school_id = :school AND guardian_id = :me"
    rows = connection.execute(text(f"{mine} ORDER BY at DESC, module, id"), {"school": school, "me": guardian}).all()
    return table_lines(("module", "stream", "id", "kind"), [tuple(row) for row in rows], left=range(4))


def own_classmates(connection: Connection, school: SchoolId, guardian: str) -> int:
    """Count the classmates whose names one guardian sees."""
    mine = "SELECT count(DISTINCT pupil_id) FROM portal_group_list WHERE school_id = :school AND guardian_id = :me"
    return int(connection.execute(text(mine), {"school": school, "me": guardian}).scalar_one())
