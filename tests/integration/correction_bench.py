"""What tests of corrections ask of a bench: submit as the portal does, look at items, decide as the school does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import insert

from connector.bookkeeping import corrections, register
from connector.simulator.office import Office as SimulatedOffice
from jobs.decide_corrections import Decided, Office, accept, refuse, retry, withdraw
from jobs.parts import CorrectionPlan
from jobs.tend_corrections import tend
from schemas.corrections import Actor, Channel, Item, Moved, Role
from schemas.selections import setting_text
from schemas.tables.catalogue import table_of
from schemas.tables.corrections import CorrectionItemRow, CorrectionRow
from tests.rig import Rig

HEADS, ITEMS = table_of(CorrectionRow), table_of(CorrectionItemRow)
EMPTY = object()
PHONES = [{"kind": "mobile", "number": "+31612345678"}]
HOME: dict[str, Any] = {
    "street": "Nieuwe Dijk",
    "house_number": "12",
    "house_number_suffix": None,
    "postal_code": "1234 AB",
    "city": "Ergens",
    "country": "NL",
}


def ready(rig: Rig, channel: Channel = Channel.SOURCE) -> Rig:
    """Load the school and say how corrections reach it."""
    rig.parts = rig.parts._replace(corrections=CorrectionPlan(channel))
    rig.sync()
    return rig


def wish(rig: Rig, stream: str, record: str, field: str, new: Any, **more: Any) -> dict[str, Any]:
    """Give an item as the portal would write it; the base is what the portal shows now, unless given."""
    base = more.pop("base", EMPTY)
    base = shown(rig, stream, record, field) if base is EMPTY else base
    operation = "remove" if new is None else "add" if base is None else "change"
    return {
        "stream": stream,
        "record_id": record,
        "field": field,
        "operation": more.pop("operation", operation),
        "base_value": None if base is None else json.dumps(base, ensure_ascii=False),
        "new_value": None if new is None else json.dumps(new, ensure_ascii=False),
        **more,
    }


def shown(rig: Rig, stream: str, record: str, field: str) -> Any:
    """Give what the portal's own row has."""
    (row,) = rig.rows(f"SELECT * FROM {stream} WHERE id = :id", id=record)
    if field == "address":
        names = ("street", "house_number", "house_number_suffix", "postal_code", "city", "country")
        found = {name: row[name] for name in names}
        return found if any(found.values()) else None
    if field == "phones":
        return json.loads(row["phones"]) or None
    if field in row:
        return None if row[field] is None else str(row[field])
    return None


def ask(
    rig: Rig,
    requester: str,
    *items: dict[str, Any],
    correction: str = "corr-0001",
    motive: str = "error",
    effective_on: date | None = None,
) -> str:
    """Submit as the portal does: rows in one transaction, and nothing of ours filled in."""
    head = {
        "school_id": rig.school,
        "id": correction,
        "requester_id": requester,
        "motive": motive,
        "effective_on": effective_on,
        "submitted_at": rig.parts.clock(),
        "submitted_by": "portal",
    }
    with rig.database.session() as session, session.write() as connection:
        connection.execute(insert(HEADS), [head])
        for number, item in enumerate(items, start=1):
            row = {"school_id": rig.school, "correction_id": correction, "number": number, **item}
            connection.execute(insert(ITEMS), [row])
    return correction


def step(rig: Rig, *, is_changed: bool = True) -> None:
    """Tend the corrections, without a run before."""
    tend(rig.parts, is_changed=is_changed)


def items(rig: Rig, correction: str = "corr-0001") -> list[Item]:
    """Give the items of a correction."""
    with rig.database.session() as session, session.read() as connection:
        return corrections.of_correction(connection, rig.school, correction)


def one(rig: Rig, correction: str = "corr-0001", number: int = 1) -> Item:
    """Give one item."""
    return next(item for item in items(rig, correction) if item.number == number)


def places(rig: Rig, correction: str = "corr-0001") -> list[str]:
    """Give where each item of a correction is."""
    return [str(item.place) for item in items(rig, correction)]


def life(rig: Rig, correction: str = "corr-0001", number: int = 1) -> list[str]:
    """Give the places an item went through."""
    return [line.to_place for line in history(rig, correction, number)]


def history(rig: Rig, correction: str = "corr-0001", number: int = 1) -> list[Moved]:
    """Give the history of an item."""
    with rig.database.session() as session, session.read() as connection:
        return corrections.history(connection, rig.school, correction).get(number, [])


def office(rig: Rig) -> SimulatedOffice:
    """Give the simulated office."""
    return rig.sis.office


def queue(rig: Rig) -> dict[str, Any]:
    """Give what lies on the simulated office's desk, and its books."""
    return office(rig).queue(rig.school)


def filed(rig: Rig) -> list[str]:
    """Give the keys of the change requests the office has, in the order of their arrival."""
    return [request["id"] for request in queue(rig)["change_requests"]]


def decide(rig: Rig, what: str, item: Item, *given: Any, by: str = "an", **more: Any) -> Decided:
    """Let a person of the school decide by command."""
    verbs: dict[str, Callable[..., Decided]] = {
        "accept": accept,
        "refuse": refuse,
        "withdraw": withdraw,
        "retry": retry,
    }
    desk = Office(rig.school, rig.parts.corrections.channel, Actor(by, Role.SCHOOL), rig.parts.clock())
    with rig.database.session() as session, session.write() as connection:
        return verbs[what](connection, desk, item, *given, **more)


def policy(rig: Rig, field: str, word: str) -> None:
    """Let the school say how corrections of a field are taken."""
    with rig.database.session() as session, session.write() as connection:
        register.set_setting(connection, rig.school, f"corrections.{field}", setting_text(word), "test")
