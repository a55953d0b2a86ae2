"""Scenes of a small school: what was there before, the run that will be hurt, and the run that makes good."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

from schemas.errors import ConfigurationError
from schemas.modules import Module
from schemas.runs import RunStatus
from tests.rig import SCHOOL, Rig

PUPILS = 12


class Scene(NamedTuple):
    """`prepare` leads from an empty portal to the moment before `act`; `again` is the one run after a crash."""

    name: str
    prepare: Callable[[Rig], None]
    act: Callable[[Rig], None]
    again: Callable[[Rig], None]


def _sync(rig: Rig) -> None:
    assert rig.sync().status is RunStatus.DONE


def _any_sync(rig: Rig) -> None:
    """Run again; a run that died at its very end leaves nothing to do."""
    assert rig.sync().status in {RunStatus.DONE, RunStatus.QUIET}


def _first_three_modules(rig: Rig) -> None:
    rig.open(Module.PERSONALIA, Module.ABSENTIE, Module.NOTITIES)


def _before_the_news(rig: Rig) -> None:
    """A loaded portal, and a SIS in which much has happened since."""
    rig.open()
    _sync(rig)
    for story in ("family_moves", "address_turns_secret", "absence_added", "plan_becomes_final", "note_loses_flag"):
        rig.tell(story)
    for story in ("pupil_removed", "record_breaks"):
        rig.tell(story)
    _three_employees_go(rig)
    _four_notes_appear(rig)
    _a_pupil_leaves_and_another_returns(rig)
    _a_childless_guardian_gets_a_child(rig)
    _a_pupil_gets_another_key(rig)
    rig.close(Module.GROEP)
    rig.offset += timedelta(days=11)  # the recent leaver's time is over


def _three_employees_go(rig: Rig) -> None:
    """More than a tenth of the stream, so the brake holds them."""
    for role in ("employee_head", "employee_without_work_email", "employee_future"):
        rig.world.remove(SCHOOL, "employees", rig.role(role))


def _four_notes_appear(rig: Rig) -> None:
    """More than a tenth of the stream again, the other way."""
    for category in ("conversation", "observation", "home_visit", "day_report"):
        rig.world.patch(SCHOOL, "notes", rig.role(f"note_hidden_{category}"), visible_to_parents=True)


def _a_pupil_leaves_and_another_returns(rig: Rig) -> None:
    """A gate hides one pupil, with guardians who have no other child, and opens for another with its dossier."""
    rig.world.patch(SCHOOL, "pupils", rig.role("pupil_restricted"), status="left", enrolled_until="2020-07-31")
    rig.world.patch(SCHOOL, "pupils", rig.role("pupil_leaver_old"), status="enrolled", enrolled_until=None)


def _a_childless_guardian_gets_a_child(rig: Rig) -> None:
    """The guardian did not change, so only a question by key can bring the relation's parent."""
    relations = rig.world.records(SCHOOL, "guardianships")
    hidden = rig.role("pupil_under_four")
    tie = next(relation for relation in relations.values() if relation["pupil_id"] == hidden)
    new = {**tie, "id": "rel-900001", "pupil_id": rig.role("pupil_plain")}
    del new["changed_at"]
    rig.world.put(SCHOOL, "guardianships", new)


def _a_pupil_gets_another_key(rig: Rig) -> None:
    """The record comes under a new key that names the old one; all that hangs on it refers to the new key."""
    old = rig.role("pupil_confidential")
    record = rig.world.records(SCHOOL, "pupils")[old]
    del record["changed_at"]
    rig.world.put(SCHOOL, "pupils", {**record, "id": "pup-900001", "former_ids": [old]})
    for stream in ("guardianships", "absences", "notes", "support_plans", "group_memberships"):
        for key, child in rig.world.records(SCHOOL, stream).items():
            if child["pupil_id"] == old:
                rig.world.patch(SCHOOL, stream, key, pupil_id="pup-900001")
    rig.world.remove(SCHOOL, "pupils", old)


def _before_the_approval(rig: Rig) -> None:
    _before_the_news(rig)
    _sync(rig)
    held = {row["stream"] for row in rig.rows("SELECT stream FROM pending_keys WHERE is_held")}
    assert held == {"employees", "notes"}


def _approve(rig: Rig) -> None:
    rig.approve(rig.rows("SELECT run_id FROM pending_keys WHERE run_id IS NOT NULL")[0]["run_id"])


def _approve_or_sync(rig: Rig) -> None:
    """A person who approves again is told that nothing waits any more; the next run of any kind completes it."""
    runs = rig.rows("SELECT run_id FROM pending_keys WHERE is_held")
    with suppress(ConfigurationError):
        if runs:
            rig.approve(runs[0]["run_id"])
            return
    rig.sync()


def _before_the_return(rig: Rig) -> None:
    """The approval is done; then a module opens again, the removed pupil returns and the broken note is mended."""
    _before_the_approval(rig)
    _approve(rig)
    rig.open(Module.GROEP)
    rig.tell("pupil_restored")
    rig.tell("record_mended")


SCENES = (
    Scene("first_load", _first_three_modules, _sync, _any_sync),
    Scene("news", _before_the_news, _sync, _any_sync),
    Scene("approval", _before_the_approval, _approve, _approve_or_sync),
    Scene("return", _before_the_return, _sync, _any_sync),
)
