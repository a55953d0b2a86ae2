"""A crash at any statement, COPY, COMMIT or request, then a new run: the same portal as without the crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig import Rig
from tests.simulation.crash_bench import Moment, Tripwire, count_steps, enumerate_crashes
from tests.simulation.scenes import PUPILS, SCENES, Scene

SHARDS = {"first_load": 2, "news": 4, "approval": 1, "return": 3}
"""How many tests share one scene's steps, so that workers have a fair part each."""

CASES = [
    pytest.param(scene, shard, id=f"{scene.name}-{shard + 1}of{SHARDS[scene.name]}")
    for scene in SCENES
    for shard in range(SHARDS[scene.name])
]


@pytest.mark.slow
@pytest.mark.parametrize(("scene", "shard"), CASES)
def test_a_crash_at_any_step_ends_in_the_same_portal(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, scene: Scene, shard: int
) -> None:
    """Wherever a run dies, one more run leaves rows, quarantine, held keys and checkpoints as if it had not died."""
    rig = Rig(database_url, pupils=PUPILS)
    wire = Tripwire(rig.database.engine)
    rig.before_call = wire.step
    scene.prepare(rig)
    rig.database.engine.dispose()
    moment = Moment(database_url, tmp_path)
    try:
        steps = count_steps(rig, moment, wire, scene.act)
        mine = range(1 + shard, steps + 1, SHARDS[scene.name])
        hurt = {n: what for n, what in enumerate_crashes(rig, moment, wire, scene.act, scene.again, mine) if what}
    finally:
        rig.dispose()
        moment.forget()
    request.node.user_properties.append(("crash_points", f"{rig.database.dialect} {len(mine)}"))
    print(f"{scene.name}: {len(mine)} of {steps} crash points on {rig.database.dialect}")
    assert not hurt, _told(hurt)


def _told(hurt: dict[int, dict[str, object]]) -> str:
    """Give every different harm once, with the steps that do it."""
    kinds: dict[str, list[int]] = {}
    for step, what in hurt.items():
        kinds.setdefault(str(what), []).append(step)
    return "\n".join(f"after a crash at {steps}: {what}" for what, steps in kinds.items())
