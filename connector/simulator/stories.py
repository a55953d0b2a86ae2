"""Named changes to a school, as they happen between two syncs.

Each story is told about the school's role records (see `connector.simulator.world`), so it can be told of any
world with at least twelve pupils. Most can be told again and then change nothing more than `changed_at`.
The stories of the school year (`connector.simulator.year_stories`) are for a world of May, June or July with a
pupil in group 8, which one of sixty pupils has; in another month they happen today.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connector.simulator import dossier_stories, people_stories, year_stories
from connector.simulator.dates import day, instant
from connector.simulator.draft import STREAMS, Record
from connector.simulator.telling import Story, Told, belongings, fresh, patch, role
from connector.simulator.world import World

STORY_PUPIL = "pupil_two_households"


def tell(world: World, school: str, name: str) -> Told:
    """Make one named story happen; returns the (stream, id) of every record it touched, in order.

    Raises KeyError for an unknown story or school, or when the world is too small to have the story's role.
    """
    story = STORIES[name]
    with world.lock:
        return story(world, school)


def _family_moves(world: World, school: str) -> Told:
    """Give the plain pupil, its sibling and both guardians a new address."""
    family = world.records(school, "pupils")[role(world, school, "pupil_plain")]["address"]["id"]
    new = {
        "street": "Verhuisde Laan",
        "house_number": "12",
        "house_number_suffix": None,
        "postal_code": "9999 ZZ",
    }
    return _readdress(world, school, family, id=f"{family}-new", city="Elders", **new)


def _address_turns_secret(world: World, school: str) -> Told:
    """Make the first home of the child with two households confidential, and the phones there."""
    pupil = world.records(school, "pupils")[role(world, school, STORY_PUPIL)]
    return _readdress(world, school, pupil["address"]["id"], is_confidential=True)


def _absence_added(world: World, school: str) -> Told:
    """Report the plain pupil ill today."""
    record: Record = {
        "id": fresh(world, school, "absences"),
        "pupil_id": role(world, school, "pupil_plain"),
        "kind": "absent",
        "reason": "illness",
        "is_authorised": True,
        "starts_at": instant(world.today, 8, 30),
        "ends_at": None,
        "reported_by": "guardian",
        "internal_remark": None,
    }
    world.put(school, "absences", record)
    return [("absences", record["id"])]


def _plan_becomes_final(world: World, school: str) -> Told:
    """Make the concept plan final."""
    return patch(world, school, "support_plans", "plan_concept", status="final")


def _note_loses_flag(world: World, school: str) -> Told:
    """Take the flag from the visible note."""
    return patch(world, school, "notes", "note_visible", visible_to_parents=False, reply_allowed=False)


def _pupil_leaves(world: World, school: str) -> Told:
    """Let the sibling have left a hundred days ago."""
    left = day(world.today - timedelta(days=100))
    return patch(world, school, "pupils", "pupil_sibling", status="left", enrolled_until=left)


def _pupil_removed(world: World, school: str) -> Told:
    """Delete the child with two households, all its records and the guardians it alone had."""
    pupil = role(world, school, STORY_PUPIL)
    told = [] if pupil not in world.records(school, "pupils") else list(belongings(world, school, pupil))
    for stream, identifier in told:
        world.remove(school, stream, identifier)
    return told


def _pupil_restored(world: World, school: str) -> Told:
    """Bring back what `pupil_removed` took: the child, its guardians and every record of it."""
    pupil = role(world, school, STORY_PUPIL)
    shelves = world.schools[school].shelves
    ties = [entry.record for entry in shelves["guardianships"].entries.values() if entry.record["pupil_id"] == pupil]
    wanted = {pupil, *(tie["guardian_id"] for tie in ties)}
    told: Told = []
    for stream in STREAMS:
        for identifier, entry in list(shelves[stream].entries.items()):
            mine = (
                identifier in wanted or entry.record.get("pupil_id") == pupil or entry.record.get("debtor_id") in wanted
            )
            if mine and entry.deleted_at is not None:
                world.restore(school, stream, identifier)
                told.append((stream, identifier))
    return told


def _record_breaks(world: World, school: str) -> Told:
    """Give a visible note a date that does not exist."""
    return patch(world, school, "notes", "note_visible_observation", noted_on="31-02-2026")


def _record_mended(world: World, school: str) -> Told:
    """Give the broken note a good date again."""
    return patch(world, school, "notes", "note_visible_observation", noted_on=day(world.today - timedelta(days=40)))


STORIES: Mapping[str, Story] = {
    "family_moves": _family_moves,
    "address_turns_secret": _address_turns_secret,
    "absence_added": _absence_added,
    "plan_becomes_final": _plan_becomes_final,
    "note_loses_flag": _note_loses_flag,
    "pupil_leaves": _pupil_leaves,
    "pupil_removed": _pupil_removed,
    "pupil_restored": _pupil_restored,
    "record_breaks": _record_breaks,
    "record_mended": _record_mended,
    **dossier_stories.STORIES,
    **people_stories.STORIES,
    **year_stories.STORIES,
}
AFTER: Mapping[str, str] = {"pupil_restored": "pupil_removed", "doubles_merged": "pupil_doubled"}
"""The stories that go on where another ended."""


def _readdress(world: World, school: str, address: str, **fields: Any) -> Told:
    told: Told = []
    for stream in ("pupils", "guardians"):
        for identifier, record in world.records(school, stream).items():
            if record["address"] is None or record["address"]["id"] != address:
                continue
            changes: dict[str, Any] = {"address": {**record["address"], **fields}}
            if "is_confidential" in fields:
                changes["phones"] = [{**phone, "is_confidential": True} for phone in record["phones"]]
            world.patch(school, stream, identifier, **changes)
            told.append((stream, identifier))
    return told
