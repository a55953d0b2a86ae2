"""A backfill that dies between its windows or inside one, then `--resume`: the same portal as without the crash."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from jobs import backfill
from mappings.backfill import WindowSize
from schemas.modules import Module
from schemas.streams import Period
from tests.integration.bench import execute
from tests.rig import Rig
from tests.simulation.crash_bench import Ordeal, Tripwire

PUPILS = 3


def _prepare(rig: Rig) -> None:
    """A loaded school whose notes are lost, with a plan of two windows to bring them back."""
    rig.open(Module.NOTITIES)
    rig.sync()
    execute(rig, "DELETE FROM notes")
    period = Period(date(rig.world.today.year - 3, 8, 1), rig.world.today)
    order = backfill.Order(period, WindowSize.YEAR, frozenset({Module.NOTITIES}))
    proposal = backfill.propose(rig.parts, order)
    newest = proposal.plan.windows[:2]
    backfill.keep(rig.parts, proposal.plan._replace(windows=newest))


def _resume(rig: Rig) -> None:
    """Go on, as far as there is anything to go on with."""
    plan = backfill.unfinished(rig.parts)
    if plan is not None:
        backfill.work(rig.parts, plan, lambda _step: None)


@pytest.mark.slow
def test_a_backfill_that_dies_at_any_step_is_gone_on_with(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it dies, resuming leaves rows, checkpoints, quarantine and the plan as if it had not died."""
    monkeypatch.setattr(backfill, "PAUSE_SECONDS", 0.0)
    rig = Rig(database_url, pupils=PUPILS)
    wire = Tripwire(rig.database.engine)
    rig.before_call = wire.step
    _prepare(rig)
    ordeal = Ordeal(rig, tmp_path, wire, _resume)
    try:
        seen = ordeal.watch()
        assert ordeal.expected["notes"]
        harm = ordeal.harm(seen, _resume, is_exhaustive=False)
    finally:
        ordeal.forget()
    request.node.user_properties.append(("crash_points", f"{rig.database.dialect} {len(seen)}"))
    assert len(set(seen)) > 3, "the backfill committed nothing to be hurt"
    assert not harm
