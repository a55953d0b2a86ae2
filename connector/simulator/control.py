"""The control plane under /_sim/: others change the world and see what was asked, from outside the process.

POST   /_sim/stories   {school, name}               → {told: [[stream, id]]}
POST   /_sim/put       {school, stream, record}     → {record}
POST   /_sim/patch     {school, stream, id, fields} → {record}
POST   /_sim/attach    {school, stream, id, lines | text, content_type?, file_name?} → {record}
POST   /_sim/remove    {school, stream, id}         → {}
POST   /_sim/restore   {school, stream, id}         → {record}
POST   /_sim/expire    {what: cursors|pages|tokens, school?, stream?} → {}
GET    /_sim/faults → {faults}      POST /_sim/faults {kind, …} → {faults}      DELETE /_sim/faults → {}
GET    /_sim/requests → {requests: [{sequence, method, path, query, streams, status}]}
DELETE /_sim/requests  → {}
GET    /_sim/world → {seed, today, schools: {school: {name, stream: live records}}}
GET    /_sim/world/{school}/{stream} → {records: [live record]}
GET    /_sim/roles/{school} → {roles: {role: id}}
GET    /_sim/office/{school} → {habit, change_requests, arrivals: [id], created, applied, lost: {id: times}}
POST   /_sim/office/{school}/accept {id, final?, unchanged?} → how it stands; again, and after refusing, too
POST   /_sim/office/{school}/refuse {id, reason?}            → how it stands; also after accepting
POST   /_sim/office/{school}/lose   {id}                     → {}: the office forgets it
POST   /_sim/office/{school}/behave {habit: wait|accept|refuse|accept_unchanged, reason?, untaken?: [stream.field]} → {}

A file of `lines` is a PDF of one page, one of `text` is what it says; give it a content_type that fits or does not.
No token is needed. What cannot be done is answered with a 400 problem, an unknown path with 404.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from connector.simulator.answers import Simulator
from connector.simulator.faults import Fault
from connector.simulator.pdf import pdf
from connector.simulator.replies import Answer, json_answer, problem
from connector.simulator.stories import tell

PREFIX = "/_sim/"
Reply = dict[str, Any]
Given = dict[str, Any]


def answer(simulator: Simulator, method: str, path: str, body: bytes) -> Answer:
    """Answer one control request."""
    parts = path.removeprefix(PREFIX).split("/")
    action = ACTIONS.get((method.upper(), parts[0], len(parts)))
    if action is None:
        return problem(404, "not-found", "The control plane has no such call.")
    try:
        given = json.loads(body) if body else {}
        return json_answer(action(simulator, given, *parts[1:]))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        return problem(400, "invalid-request", f"{type(error).__name__}: {error}")


def _stories(simulator: Simulator, given: Given) -> Reply:
    return {"told": tell(simulator.world, given["school"], given["name"])}


def _put(simulator: Simulator, given: Given) -> Reply:
    return {"record": simulator.world.put(given["school"], given["stream"], given["record"])}


def _patch(simulator: Simulator, given: Given) -> Reply:
    return {"record": simulator.world.patch(given["school"], given["stream"], given["id"], **given["fields"])}


def _attach(simulator: Simulator, given: Given) -> Reply:
    body = pdf(given["lines"]) if "lines" in given else given["text"].encode()
    more = {name: given[name] for name in ("content_type", "file_name") if name in given}
    return {"record": simulator.world.attach(given["school"], given["stream"], given["id"], body, **more)}


def _remove(simulator: Simulator, given: Given) -> Reply:
    simulator.world.remove(given["school"], given["stream"], given["id"])
    return {}


def _restore(simulator: Simulator, given: Given) -> Reply:
    return {"record": simulator.world.restore(given["school"], given["stream"], given["id"])}


def _expire(simulator: Simulator, given: Given) -> Reply:
    match given["what"]:
        case "cursors":
            simulator.world.expire_cursors(given["school"], given.get("stream"))
        case "pages":
            simulator.expire_pages()
        case "tokens":
            simulator.expire_tokens()
        case what:
            raise ValueError(f"cannot expire {what!r}: cursors, pages or tokens")
    return {}


def _faults(simulator: Simulator, _given: Given) -> Reply:
    return {"faults": [asdict(fault) for fault in simulator.faults.waiting]}


def _add_fault(simulator: Simulator, given: Given) -> Reply:
    simulator.faults.add(Fault.from_fields(given))
    return _faults(simulator, given)


def _clear_faults(simulator: Simulator, _given: Given) -> Reply:
    simulator.faults.clear()
    return {}


def _requests(simulator: Simulator, _given: Given) -> Reply:
    return {"requests": [asdict(request) for request in list(simulator.requests)]}


def _clear_requests(simulator: Simulator, _given: Given) -> Reply:
    simulator.requests.clear()
    return {}


def _world(simulator: Simulator, _given: Given) -> Reply:
    world = simulator.world
    schools = {
        code: {"name": school.name, **{stream: shelf.live for stream, shelf in school.shelves.items()}}
        for code, school in world.schools.items()
    }
    return {"seed": world.seed, "today": world.today.isoformat(), "schools": schools}


def _records(simulator: Simulator, _given: Given, school: str, stream: str) -> Reply:
    return {"records": list(simulator.world.records(school, stream).values())}


def _roles(simulator: Simulator, _given: Given, school: str) -> Reply:
    return {"roles": simulator.world.roles(school)}


def _queue(simulator: Simulator, _given: Given, school: str) -> Reply:
    return simulator.office.queue(school)


def _decide(simulator: Simulator, given: Given, school: str, verb: str) -> Reply:
    office, more = simulator.office, {name: given[name] for name in given if name != "id"}
    match verb:
        case "accept":
            return office.accept(school, given["id"], **more)
        case "refuse":
            return office.refuse(school, given["id"], **more)
        case "lose":
            office.lose(school, given["id"])
        case "behave":
            office.behave(school, **given)
        case _:
            raise ValueError("an office can accept, refuse, lose and behave")
    return {}


# method, first name of the path, number of names in the path → what happens
ACTIONS: Mapping[tuple[str, str, int], Callable[..., Reply]] = {
    ("POST", "stories", 1): _stories,
    ("POST", "put", 1): _put,
    ("POST", "patch", 1): _patch,
    ("POST", "attach", 1): _attach,
    ("POST", "remove", 1): _remove,
    ("POST", "restore", 1): _restore,
    ("POST", "expire", 1): _expire,
    ("GET", "faults", 1): _faults,
    ("POST", "faults", 1): _add_fault,
    ("DELETE", "faults", 1): _clear_faults,
    ("GET", "requests", 1): _requests,
    ("DELETE", "requests", 1): _clear_requests,
    ("GET", "world", 1): _world,
    ("GET", "world", 3): _records,
    ("GET", "roles", 2): _roles,
    ("GET", "office", 2): _queue,
    ("POST", "office", 3): _decide,
}
