"""A school arrives in the portal, filtered by what it opened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

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


def test_a_quiet_sync_writes_one_row_twice(rig: Rig) -> None:
    """A quiet school costs two short write transactions, each an update of the school's lease, and nothing else."""
    rig.open()
    rig.sync()
    written: list[str] = []

    @event.listens_for(rig.database.engine, "before_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "BEGIN", "PRAGMA")):
            written.append(" ".join(statement.split()[:2]))

    assert rig.sync().status is RunStatus.QUIET
    assert written == ["UPDATE leases", "UPDATE leases"]
