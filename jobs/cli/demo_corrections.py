"""The demo's scene of a correction: a guardian asks, the office decides, and the next sync confirms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from jobs.cli import render

if TYPE_CHECKING:
    from jobs.cli.demo_simulator import SimulatedSis
    from jobs.wiring import Wiring
    from schemas.ids import SchoolId

PHONES = [{"kind": "mobile", "number": "06 00 00 12 34"}]
HOME = {"street": "Nieuwe Singel", "house_number": "7", "postal_code": "1234 AB", "city": "Nieuw-Verzonnen"}
HEADINGS = ("item", "of", "field", "when (UTC)", "who", "what", "why")
_OF = {"guardians": "guardian", "pupils": "pupil"}


def scene(wiring: Wiring, sis: SimulatedSis, school: SchoolId, sync: Callable[[], object]) -> None:
    """Submit as the portal does, let the office decide through the simulator, and show the life of each item."""
    roles = sis.roles(school)
    me, child = roles["guardian_plain"], roles["pupil_plain"]
    correction = _submit(wiring, school, me, child)
    render.out(f"  {me} asks for another phone, and to move with {child}: {correction[:8]}")
    sync()
    asked = sis.change_requests(school)
    render.out(f"  a sync puts {len(asked)} change requests into the school's system; the portal shows them as pending")
    for request in asked:
        is_phone = request["asked"]["field"] == "phones"
        sis.decide(school, request["id"], "accept" if is_phone else "refuse", None if is_phone else "not_proven")
    render.out("  the office accepts the phone, and refuses the move: not proven")
    sync()
    render.out("  the next sync sees the new phone in the school's system, and only now calls it confirmed", "")
    with wiring.database.session() as session, session.read() as connection:
        render.table(HEADINGS, _life(connection, school, me), left=range(len(HEADINGS)))
    render.out("", "  SELECT … FROM portal_corrections WHERE school_id = :school AND guardian_id = :me")


def _submit(wiring: Wiring, school: SchoolId, me: str, child: str) -> str:
    from jobs import submit_correction
    from jobs.parts import clock
    from schemas.submissions import read_submission

    with wiring.database.session() as session, session.write() as connection:
        phones, homes = _seen(connection, "guardians", school, me), _seen(connection, "pupils", school, child)
        given = {
            "requester": me,
            "motive": "moving",
            "items": [
                {"stream": "guardians", "key": me, "field": "phones", "base": phones["phones"], "new": PHONES},
                {"stream": "guardians", "key": me, "field": "address", "base": phones["address"], "new": HOME},
                {"stream": "pupils", "key": child, "field": "address", "base": homes["address"], "new": HOME},
            ],
        }
        submission = read_submission(json.dumps(given).encode(), "the demo")
        return submit_correction.submit(connection, school, submission, by="demo", now=clock()).correction


def _seen(connection: Connection, stream: str, school: SchoolId, key: str) -> Mapping[str, Any]:
    """Give what the portal shows of a person: the base that the guardian saw."""
    parts = ("street", "house_number", "house_number_suffix", "postal_code", "city", "country")
    query = f"SELECT * FROM {stream} WHERE school_id = :s AND id = :k"  # noqa: S608  names of our own
    row = connection.execute(text(query), {"s": school, "k": key}).mappings().one()
    return {"phones": json.loads(row["phones"]), "address": {part: row[part] for part in parts}}


def _life(connection: Connection, school: SchoolId, me: str) -> Sequence[Sequence[str]]:
    query = (
        "SELECT v.number, v.stream, v.field, m.moved_at, m.role, m.to_place, m.reason"
        " FROM portal_corrections AS v JOIN portal_correction_moves AS m ON m.school_id = v.school_id"
        " AND m.guardian_id = v.guardian_id AND m.correction_id = v.correction_id AND m.number = v.number"
        " WHERE v.school_id = :s AND v.guardian_id = :me ORDER BY v.number, m.id"
    )
    return list(_lines(connection.execute(text(query), {"s": school, "me": me})))


def _lines(rows: Any) -> Iterator[tuple[str, ...]]:
    before = 0
    for number, stream, field, at, role, place, reason in rows:
        head = (str(number), _OF[stream], field) if number != before else ("", "", "")
        before = number
        yield (*head, str(at)[11:19], role, place.replace("_", " ").replace(":", ": "), reason.replace("_", " "))
