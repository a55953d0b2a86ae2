"""What several integration tests ask of a bench: sums of a stream, held keys, a whole dump, a fresh portal."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from mappings.brake import Limits
from schemas.runs import RunReport, Sums
from schemas.streams import Stream
from schemas.tables.catalogue import METADATA
from tests.rig import Rig

NO_BRAKE = Limits(share=1000.0, rows=1_000_000)
STAYS = ("pupil_plain", "pupil_sibling", "pupil_two_households", "pupil_confidential")
REGISTER = {"modules", "phases", "embargoes", "settings", "contacts", "register_history", "register_versions"}


def sums(report: RunReport, stream: Stream) -> Sums:
    """Add up what a stream went through in one run."""
    mine = [one.sums for one in report.streams if one.stream is stream]
    return Sums(*(sum(column) for column in zip(*mine, strict=True))) if mine else Sums()


def gates(report: RunReport, stream: Stream) -> dict[str, int]:
    """Add up the gates of a stream in one run."""
    found: dict[str, int] = {}
    for one in report.streams:
        if one.stream is stream:
            for gate, records in one.gates.items():
                found[gate] = found.get(gate, 0) + records
    return found


def held(rig: Rig, stream: str, action: str = "remove") -> set[str]:
    """Give the ids that wait for a person."""
    rows = rig.rows("SELECT id FROM pending_keys WHERE is_held AND stream = :s AND action = :a", s=stream, a=action)
    return {row["id"] for row in rows}


def quarantined(rig: Rig) -> dict[tuple[str, str], str]:
    """Give code by stream and key."""
    return {(row["stream"], row["key"]): row["code"] for row in rig.rows("SELECT * FROM quarantine")}


def asked_streams(rig: Rig, since: int = 0) -> set[str]:
    """Give every stream that a request named, `changes` included."""
    return {stream for request in rig.sis.requests[since:] for stream in request.streams}


def seen(rig: Rig, view: str) -> set[str]:
    """Give the ids a view shows to anybody."""
    return {row["id"] for row in rig.rows(f"SELECT id FROM {view}")}


def dump(rig: Rig) -> dict[str, list[tuple[Any, ...]]]:
    """Give every row of every table, in a fixed order."""
    return {
        table: sorted((tuple(row.values()) for row in rig.rows(f'SELECT * FROM "{table}"')), key=repr)
        for table in METADATA.tables
    }


def execute(rig: Rig, statement: str, **values: Any) -> None:
    """Change the database behind our back."""
    with rig.database.session() as session, session.write() as connection:
        connection.execute(text(statement), values)


def rewrite(rig: Rig, table: str, values: dict[str, Any], **where: Any) -> int:
    """Set columns of the rows of one table behind our back; give the number of rows."""
    target = METADATA.tables[table]
    with rig.database.session() as session, session.write() as connection:
        here = [target.c[name] == value for name, value in where.items()]
        return int(connection.execute(target.update().values(**values).where(*here)).rowcount)


def fresh_portal(rig: Rig) -> dict[str, list[tuple[Any, ...]]]:
    """Forget everything but the register, sync anew, and give the portal."""
    with rig.database.session() as session, session.write() as connection:
        for table in reversed(METADATA.sorted_tables):
            if table.name not in REGISTER:
                connection.execute(table.delete())
    rig.sync()
    return rig.portal()


def shown_pupils(rig: Rig, number: int) -> list[str]:
    """Give the last pupils of the portal that no story is about."""
    stays = {rig.role(role) for role in STAYS}
    return sorted(rig.ids("pupils") - stays)[-number:]


def remove(rig: Rig, stream: str, keys: list[str]) -> None:
    """Let records vanish in the SIS."""
    for key in keys:
        rig.world.remove(rig.school, stream, key)
