"""A crash at any statement, COMMIT or request while corrections are tended, then a new run: as without the crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.simulator.office import Office
from schemas.runs import RunStatus
from tests.integration import correction_bench as bench
from tests.rig import Rig
from tests.simulation.correction_town import value
from tests.simulation.crash_bench import Moment, Observer, Ordeal, State, Tripwire, outcome

PUPILS = 3
FIELDS = ("phones", "email", "call_name")


class OfficeMoment(Moment):
    """A copy of the portal beside which the SIS and its office can be made anew."""

    def __init__(self, moment: Moment, rig: Rig) -> None:
        self._moment, self._rig = moment, rig

    def set_back(self) -> None:
        """Make both what they were: nobody asked the office for anything, no value was written."""
        self._moment.set_back()
        fresh = type(self._rig.world)(7, self._rig.world.today, {self._rig.school: PUPILS})
        self._rig.world.schools, self._rig.world.lock = fresh.schools, fresh.lock
        self._rig.sis.office = Office(self._rig.world)

    def forget(self) -> None:
        """Remove the copy."""
        self._moment.forget()


class OfficeObserver(Observer):
    """Sees what the office has and did as well: a request may be filed without a word in our tables."""

    def __init__(self, url: str, rig: Rig) -> None:
        super().__init__(url)
        self._rig = rig

    def _mark(self, connection: Any) -> Any:  # type: ignore[override]  # an office has books as well
        return super()._mark(connection), repr(books(self._rig))

    def _read(self, connection: Any) -> str:
        return super()._read(connection) + repr(books(self._rig))


def books(rig: Rig) -> dict[str, Any]:
    """Give the office's books, without how often it was asked."""
    queue = bench.queue(rig)
    standings = sorted((one["asked"]["field"], one["status"]) for one in queue["change_requests"])
    return {"standings": standings, "created": queue["created"], "applied": queue["applied"]}


def prepare(rig: Rig) -> None:
    """A loaded school, and a parent who asks for three things."""
    bench.ready(rig)
    me = rig.role("guardian_plain")
    bench.ask(rig, me, *(bench.wish(rig, "guardians", me, field, value(field, 1)) for field in FIELDS))


def act(rig: Rig) -> None:
    """Hand over; the office accepts one and refuses one; sync."""
    bench.step(rig)
    decide(rig)
    assert rig.sync().status is RunStatus.DONE


def decide(rig: Rig) -> None:
    """The office's own work, done once whoever died beside it."""
    for request in bench.queue(rig)["change_requests"]:
        if request["status"] == "pending" and request["asked"]["field"] == "phones":
            bench.office(rig).accept(rig.school, request["id"])
        elif request["status"] == "pending" and request["asked"]["field"] == "email":
            bench.office(rig).refuse(rig.school, request["id"], "not_proven")


def again(rig: Rig) -> None:
    """Whoever died, the next runs go on; the office decides what reaches it only now; time for what has to wait."""
    rig.sync()
    decide(rig)
    rig.sync()


def corrections_too(rig: Rig) -> State:
    """Give the end that must be the same: the portal, the life of each item, and the office's books."""
    found = outcome(rig)
    lives = [(one.number, tuple(bench.life(rig, number=one.number)), one.reason) for one in bench.items(rig)]
    return {**found, "corrections": lives, "office": [(name, repr(what)) for name, what in books(rig).items()]}


@pytest.mark.slow
def test_a_crash_around_a_correction_loses_none_and_sends_none_twice(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a tend or sync dies, the next leaves each item where it would be, and the office with each once."""
    monkeypatch.setattr("tests.simulation.crash_bench.outcome", corrections_too)
    rig = Rig(database_url, pupils=PUPILS)
    wire = Tripwire(rig.database.engine)
    rig.before_call = wire.step
    prepare(rig)
    ordeal = Ordeal(rig, tmp_path, wire, act)
    ordeal.moment = OfficeMoment(ordeal.moment, rig)
    ordeal.observer = OfficeObserver(rig.database.url.render_as_string(hide_password=False), rig)
    try:
        seen = ordeal.watch()
        assert [life[1][-1] for life in ordeal.expected["corrections"]] == ["confirmed", "closed:refused", "delivered"]
        harm = ordeal.harm(seen, again, is_exhaustive=False)
    finally:
        ordeal.forget()
    request.node.user_properties.append(("crash_points", f"{rig.database.dialect} {len(seen)}"))
    print(f"corrections on {rig.database.dialect}: {len(seen)} crash points leave {len(set(seen))} different contents")
    assert len(set(seen)) > 6
    assert harm == {}
