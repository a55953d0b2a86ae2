"""A crash at any statement, COPY, COMMIT or request, then a new run: the same portal as without the crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig import Rig
from tests.simulation.crash_bench import Ordeal, Tripwire
from tests.simulation.scenes import PUPILS, SCENES, Scene

EXHAUSTIVE = {("sqlite", "approval")}
"""Short and quick enough to die at each step, also where all steps around it leave the same."""


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES, ids=[scene.name for scene in SCENES])
def test_a_crash_at_any_step_ends_in_the_same_portal(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, scene: Scene
) -> None:
    """Wherever a run dies, one more run leaves rows, quarantine, held keys and checkpoints as if it had not died."""
    rig = Rig(database_url, pupils=PUPILS)
    wire = Tripwire(rig.database.engine)
    rig.before_call = wire.step
    scene.prepare(rig)
    ordeal = Ordeal(rig, tmp_path, wire, scene.act)
    try:
        seen = ordeal.watch()
        harm = ordeal.harm(seen, scene.again, is_exhaustive=(rig.database.dialect, scene.name) in EXHAUSTIVE)
    finally:
        ordeal.forget()
    request.node.user_properties.append(("crash_points", f"{rig.database.dialect} {len(seen)}"))
    print(f"{scene.name} on {rig.database.dialect}: {len(seen)} crash points leave {len(set(seen))} different contents")
    assert len(set(seen)) > 3, "the run committed nothing to be hurt"
    assert not harm, _told(harm)


def _told(harm: dict[int, object]) -> str:
    """Give every different harm once, with the steps that do it."""
    kinds: dict[str, list[int]] = {}
    for step, what in harm.items():
        kinds.setdefault(str(what), []).append(step)
    return "\n".join(f"after a crash at {steps}: {what}" for what, steps in kinds.items())
