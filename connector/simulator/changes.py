"""Writes what the office accepted into the records, as a careful clerk would.

Lists are matched by what their items say, never by place. What is secret and was not shown to the parent stays, and
so does a contact or medical item that the parent did not see.
"""

import json
from collections.abc import Mapping
from typing import Any

from connector.simulator.change_requests import MEDICAL
from connector.simulator.draft import Record
from connector.simulator.telling import fresh
from connector.simulator.world import World

Homes = dict[tuple[str, str], str]
"""The new address ids of those who move: one for each request and address: who moves together lives together."""


def apply(world: World, school: str, asked: Record, value: Any, homes: Homes) -> None:
    """Write the value of a change request into the records. A record that is gone meanwhile raises KeyError."""
    stream, identifier, name = asked["stream"], asked["record_id"], asked["field"]
    with world.lock:
        match name:
            case "address":
                _readdress(world, school, asked, value, homes)
            case "phones":
                had = world.records(school, stream)[identifier]["phones"]
                world.patch(school, stream, identifier, phones=phones(had, asked["old"], value))
            case "emergency_contacts":
                _relist_contacts(world, school, asked, value)
            case _ if name in MEDICAL:
                _relist_medical(world, school, asked, value)
            case _:
                world.patch(school, stream, identifier, **{name: value})


def phones(had: list[Record], old: Any, new: Any) -> list[Record]:
    """Return a list of phones as it becomes: the new one, and every secret number that the old one did not show.

    A number that was there keeps its spelling and its secrecy.
    """
    known = {digits(phone["number"]): phone for phone in had}
    wanted = [_phone(one["number"], one["kind"], known.get(digits(one["number"]))) for one in new or ()]
    named = {digits(one["number"]) for one in (*(old or ()), *(new or ()))}
    kept = [phone for phone in had if phone["is_confidential"] and digits(phone["number"]) not in named]
    return [*wanted, *kept]


def digits(number: str) -> str:
    """Return a number so that two spellings of it are one."""
    bare = "".join(sign for sign in number if sign.isdigit() or sign == "+")
    for prefix in ("+31", "0031"):
        if bare.startswith(prefix):
            return f"0{bare.removeprefix(prefix)}"
    return bare


def _phone(number: str, kind: str, known: Record | None) -> Record:
    if known is not None:
        return {**known, "kind": kind}
    return {"number": number, "kind": kind, "is_confidential": False}


def _readdress(world: World, school: str, asked: Record, value: Any, homes: Homes) -> None:
    stream, identifier = asked["stream"], asked["record_id"]
    had = world.records(school, stream)[identifier]["address"]
    sharing = _sharing(world, school, had)
    if asked["is_for_all_at_address"] and had is not None:
        for one_stream, one, address in sharing:
            world.patch(school, one_stream, one, address=value and {**address, **value})
        return
    is_its_own = had is not None and len(sharing) == 1
    if value is not None:
        stays = asked["motive"] == "error" and is_its_own
        name = had["id"] if stays and had else _home(world, school, asked["request"], value, homes)
        value = {"id": name, **value, "is_confidential": had is not None and had["is_confidential"]}
    world.patch(school, stream, identifier, address=value)


def _sharing(world: World, school: str, home: Record | None) -> list[tuple[str, str, Record]]:
    """Return everyone who has this address, each with its own copy of it."""
    return [
        (stream, identifier, record["address"])
        for stream in ("pupils", "guardians")
        for identifier, record in world.records(school, stream).items()
        if home is not None and record["address"] is not None and record["address"]["id"] == home["id"]
    ]


def _home(world: World, school: str, request: str, value: Record, homes: Homes) -> str:
    place = request, json.dumps(value, sort_keys=True).casefold()
    return homes.setdefault(place, f"adr-{900_000 + world.schools[school].head}")


def _relist_contacts(world: World, school: str, asked: Record, value: Any) -> None:
    had = _of_pupil(world, school, "emergency_contacts", asked)
    shown = {_name(one): one for one in asked["old"] or ()}
    for order, one in enumerate(value or (), 1):
        known = _taken(had, one, ("relation",))
        seen = shown.get(_name(one), {}).get("phones")
        fields = {
            "pupil_id": asked["record_id"],
            "name": one["name"],
            "relation": one["relation"],
            "phones": phones(known["phones"] if known else [], seen, one["phones"]),
            "contact_order": order,
        }
        _write(world, school, "emergency_contacts", known, fields)
    _remove_seen(world, school, "emergency_contacts", had, shown)


def _relist_medical(world: World, school: str, asked: Record, value: Any) -> None:
    kind = MEDICAL[asked["field"]]
    had = [one for one in _of_pupil(world, school, "medical_items", asked) if one["kind"] == kind]
    shown = {_name(one): one for one in asked["old"] or ()}
    for one in value or ():
        known = _taken(had, one, ("from_on", "until_on"))
        fields = {**one, "pupil_id": asked["record_id"], "kind": kind, "phone": _medical_phone(known, one["phone"])}
        if known is None:
            fields |= {"time_from": None, "time_until": None, "internal_remark": None}
        _write(world, school, "medical_items", known, fields)
    _remove_seen(world, school, "medical_items", had, shown)


def _medical_phone(known: Record | None, number: str | None) -> Record | None:
    has: Record | None = known["phone"] if known else None
    if number is None:
        return has if has is not None and has["is_confidential"] else None
    if has is not None and digits(has["number"]) == digits(number):
        return has
    return {"number": number, "kind": "work", "is_confidential": False}


def _of_pupil(world: World, school: str, stream: str, asked: Record) -> list[Record]:
    pupil = world.records(school, "pupils")[asked["record_id"]]["id"]
    return [record for record in world.records(school, stream).values() if record["pupil_id"] == pupil]


def _taken(had: list[Record], one: Mapping[str, Any], also: tuple[str, ...]) -> Record | None:
    """Take the record out of the list that says most of what the item says; None where it is a new one."""
    found = [record for record in had if _name(record) == _name(one)]
    if not found:
        return None
    best = max(found, key=lambda record: sum(record[name] == one[name] for name in also))
    had.remove(best)
    return best


def _write(world: World, school: str, stream: str, known: Record | None, fields: Record) -> None:
    if known is None:
        world.put(school, stream, {"id": fresh(world, school, stream), **fields})
    elif any(known[name] != value for name, value in fields.items()):
        world.patch(school, stream, known["id"], **fields)


def _remove_seen(
    world: World, school: str, stream: str, left: list[Record], shown: Mapping[str, Mapping[str, Any]]
) -> None:
    for record in left:
        if _name(record) in shown:
            world.remove(school, stream, record["id"])


def _name(one: Mapping[str, Any]) -> str:
    return " ".join(str(one["name"]).split()).casefold()
