"""People who come late, come twice, or turn out to be one: stories of who is who."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connector.simulator.dates import day, school_year
from connector.simulator.draft import Record
from connector.simulator.telling import Story, Told, add, cast_as, role
from connector.simulator.world import World


def enrolment_backdated(world: World, school: str) -> Told:
    """Enrol a new pupil with its mother as of ten days ago: roles pupil_backdated and guardian_of_backdated."""
    began = day(world.today - timedelta(days=10))
    child, mother = (_like(world, school, stream, one) for stream, one in MODELS)
    home = {
        **child["address"],
        "id": f"{child['address']['id']}-late",
        "street": "Nieuwkomerslaan",
        "house_number": "1",
    }
    new: dict[str, Any] = {"former_ids": [], "last_name": "Laatkomer", "name_prefix": None, "address": home}
    official = {"official_last_name": "Laatkomer", "official_name_prefix": None}
    told = [
        add(
            world,
            school,
            "pupils",
            child,
            **new,
            **official,
            pupil_number=f"late-{world.schools[school].head}",
            eck_id=None,
            enrolled_from=began,
        ),
        add(world, school, "guardians", mother, **new, email="laatkomer@example.nl"),
    ]
    cast_as(world, school, "pupil_backdated", told[0][1])
    cast_as(world, school, "guardian_of_backdated", told[1][1])
    pair = {"pupil_id": told[0][1], "guardian_id": told[1][1]}
    told.append(add(world, school, "guardianships", _tie(world, school, role(world, school, "pupil_plain")), **pair))
    year = school_year(world.today)
    place: Record = {
        "pupil_id": told[0][1],
        "group_id": role(world, school, "group_class"),
        "school_year": year,
        "year_group": "3",
        "from_on": began,
        "until_on": None,
    }
    return [*told, add(world, school, "group_memberships", place)]


def pupil_doubled(world: World, school: str) -> Told:
    """Enter the plain pupil a second time, tied to the same guardians, with an absence: role pupil_double."""
    plain = role(world, school, "pupil_plain")
    child = world.records(school, "pupils")[plain]
    number = f"double-{world.schools[school].head}"
    told = [add(world, school, "pupils", child, former_ids=[], pupil_number=number, eck_id=None)]
    double = told[0][1]
    cast_as(world, school, "pupil_double", double)
    for tie in world.records(school, "guardianships").values():
        if tie["pupil_id"] == plain:
            told.append(add(world, school, "guardianships", tie, pupil_id=double))
    absence = world.records(school, "absences")[role(world, school, "absence_late")]
    return [*told, add(world, school, "absences", absence, pupil_id=double)]


def doubles_merged(world: World, school: str) -> Told:
    """Merge the double into the plain pupil: its records become the survivor's, its ties and itself go."""
    plain, double = role(world, school, "pupil_plain"), role(world, school, "pupil_double")
    survivor = world.records(school, "pupils")[plain]
    world.patch(school, "pupils", plain, former_ids=[*survivor["former_ids"], double])
    told = [("pupils", plain)]
    for identifier, tie in world.records(school, "guardianships").items():
        if tie["pupil_id"] == double:
            world.remove(school, "guardianships", identifier)
            told.append(("guardianships", identifier))
    for identifier, record in world.records(school, "absences").items():
        if record["pupil_id"] == double:
            world.patch(school, "absences", identifier, pupil_id=plain)
            told.append(("absences", identifier))
    world.remove(school, "pupils", double)
    return [*told, ("pupils", double)]


STORIES: Mapping[str, Story] = {
    "enrolment_backdated": enrolment_backdated,
    "pupil_doubled": pupil_doubled,
    "doubles_merged": doubles_merged,
}
MODELS = (("pupils", "pupil_plain"), ("guardians", "guardian_plain"))


def _like(world: World, school: str, stream: str, name: str) -> Record:
    return world.records(school, stream)[role(world, school, name)]


def _tie(world: World, school: str, pupil: str) -> Record:
    ties = world.records(school, "guardianships").values()
    found = next((tie for tie in ties if tie["pupil_id"] == pupil), None)
    if found is None:
        raise KeyError("guardianship of pupil_plain")
    return found
