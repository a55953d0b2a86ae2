"""What stories are made of: the record of a role, a new id, a change, everything that hangs on a pupil."""

from collections.abc import Callable, Iterator
from typing import Any

from connector.simulator.draft import STREAMS, Record
from connector.simulator.world import World

Told = list[tuple[str, str]]
Story = Callable[[World, str], Told]


def role(world: World, school: str, name: str) -> str:
    """Return the id of the record that plays a role."""
    return world.schools[school].roles[name]


def cast_as(world: World, school: str, name: str, identifier: str) -> None:
    """Give a role to a record that a story brought in."""
    world.schools[school].roles[name] = identifier


def fresh(world: World, school: str, stream: str) -> str:
    """Return an id that no record of the stream ever had."""
    shelf = world.schools[school].shelves[stream]
    prefix = shelf.ids[0].rsplit("-", 1)[0] if shelf.ids else stream
    return f"{prefix}-{900_000 + len(shelf.ids)}"


def add(world: World, school: str, stream: str, record: Record, /, **fields: Any) -> tuple[str, str]:
    """Put a new record like that one, with other fields; returns what was told."""
    new = {**record, **fields, "id": fresh(world, school, stream)}
    new.pop("changed_at", None)
    world.put(school, stream, new)
    return stream, new["id"]


def patch(world: World, school: str, stream: str, name: str, /, **fields: Any) -> Told:
    """Change fields of the record that plays a role."""
    identifier = role(world, school, name)
    world.patch(school, stream, identifier, **fields)
    return [(stream, identifier)]


def remove(world: World, school: str, told: Told) -> Told:
    """Remove records in this order."""
    for stream, identifier in told:
        world.remove(school, stream, identifier)
    return told


def belongings(world: World, school: str, *pupils: str) -> Iterator[tuple[str, str]]:
    """Yield every record of these pupils, the guardians they alone have and what those owe, the pupils last."""
    ties = list(world.records(school, "guardianships").values())
    mine = {tie["guardian_id"] for tie in ties if tie["pupil_id"] in pupils}
    alone = mine - {tie["guardian_id"] for tie in ties if tie["pupil_id"] not in pupils}
    for stream in reversed(STREAMS):
        if stream not in ("pupils", "guardians"):
            for identifier, record in world.records(school, stream).items():
                if record.get("pupil_id") in pupils or record.get("debtor_id") in alone:
                    yield stream, identifier
    live = world.records(school, "guardians")
    yield from (("guardians", guardian) for guardian in sorted(alone) if guardian in live)
    yield from (("pupils", pupil) for pupil in pupils)
