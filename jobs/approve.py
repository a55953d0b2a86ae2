"""Approve: carry out what the brake held in one run, as far as it still stands."""

from __future__ import annotations

from connector.bookkeeping import ledger, pending
from jobs.parts import Parts, Task
from jobs.pipeline import run_school
from schemas.errors import ConfigurationError
from schemas.runs import RunReport, Trigger


def approve(parts: Parts, run_id: str, by: str) -> RunReport:
    """Release the held keys of this run and execute them; nothing else can join.

    If the run that executes them dies, the next run of any kind does the rest.

    Raises ConfigurationError when the run is unknown, of another school, or holds nothing (any more).
    """
    school = parts.school.id
    with parts.database.session() as session, session.write() as connection:
        run = ledger.run(connection, run_id)
        if run["school_id"] != school:
            raise ConfigurationError(f"Run {run_id} is of school {run['school_id']}.", fix="Approve it there.")
        if pending.approve(connection, school, run_id, by, parts.clock()) == 0:
            raise ConfigurationError(
                f"Run {run_id} holds nothing that still stands.",
                fix="It was approved already, expired, or was undone by the source.",
            )
    return run_school(parts, Task(Trigger.APPROVAL, keys={}))
