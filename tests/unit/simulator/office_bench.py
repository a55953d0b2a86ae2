"""What the tests of the office share: a change request, and a way to put it."""

from typing import Any

from tests.unit.simulator.asking import Asking

NUMBER = {"kind": "mobile", "number": "+31600009999"}
HOME = {
    "street": "Verhuisweg",
    "house_number": "9",
    "house_number_suffix": None,
    "postal_code": "1234 AB",
    "city": "Zwolle",
    "country": "NL",
}


def request(asking: Asking, role: str, field: str, new: Any, **more: Any) -> dict[str, Any]:
    """Return a change request about whoever plays this role."""
    world = asking.simulator.world
    return {
        "request": "cor-1",
        "requester_id": world.roles("99AA00")["guardian_plain"],
        "stream": "pupils" if role.startswith("pupil") else "guardians",
        "record_id": world.roles("99AA00")[role],
        "field": field,
        "operation": "change",
        "old": None,
        "new": new,
        "is_old_known": True,
        "motive": "moving",
        "effective_on": None,
        "submitted_at": "2026-11-24T07:00:00Z",
        "is_preapproved": False,
        "is_for_all_at_address": False,
        "rivals": [],
        **more,
    }


def put(asking: Asking, name: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Put it; returns the status and how it stands (or the problem)."""
    status, answer = asking.ask("PUT", f"/change_requests/{name}", body)
    return status, answer.get("change_request", answer)


def standing(asking: Asking, name: str) -> dict[str, Any] | None:
    """Return how it stands, None where it is not there."""
    _, answer = asking.ask("GET", "/change_requests", query=f"ids={name}")
    return answer["change_requests"][0] if answer["change_requests"] else None
