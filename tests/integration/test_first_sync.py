"""A school arrives in the portal, filtered by what it opened."""

from __future__ import annotations

from schemas.runs import RunStatus
from tests.rig import Rig


def test_a_second_sync_of_a_quiet_school_asks_one_question_and_writes_no_run(rig: Rig) -> None:
    """After a full first sync nothing changed: one request, no run in the ledger, nothing in the portal moves."""
    rig.open()
    assert rig.sync().status is RunStatus.DONE
    portal, asked, runs = rig.portal(), len(rig.sis.requests), rig.rows("SELECT * FROM runs")
    assert rig.sync().status is RunStatus.QUIET
    assert len(rig.sis.requests) == asked + 1
    assert (rig.portal(), rig.rows("SELECT * FROM runs")) == (portal, runs)
