"""How the worklist looks: kind by kind with what to do, or plain data. Keys, and names only where asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from jobs.cli import render
from jobs.parts import SchoolPlan
from jobs.worklist import Worklist
from schemas.ids import SchoolId
from schemas.worklist import Item, Kind

TITLES: Mapping[Kind, str] = {
    Kind.NO_MAIL: "guardian without mail",
    Kind.SHARED_MAIL: "mail shared by several guardians",
    Kind.BOUNCED_MAIL: "mail that came back",
    Kind.UNKNOWN_AUTHORITY: "unknown authority",
    Kind.NO_GROUP: "pupil without a group",
    Kind.DOUBLE: "possible double",
    Kind.LEAVER: "leaver still present",
}
TO_DO: Mapping[Kind, str] = {
    Kind.NO_MAIL: "Ask for an address and write it in the SIS; until then this guardian is not invited.",
    Kind.SHARED_MAIL: "Ask each for an address of their own and write it in the SIS; until then none is invited.",
    Kind.BOUNCED_MAIL: "Write the right one in the SIS, or `connector invitations bounced KEY --school BRIN --clear`.",
    Kind.UNKNOWN_AUTHORITY: "Write in the SIS whether this guardian has authority; until then it counts as none.",
    Kind.NO_GROUP: "Place the pupil in a group of this school year in the SIS.",
    Kind.DOUBLE: "Merge the records in the SIS if they are one; if they are not, leave them.",
    Kind.LEAVER: "Run `connector sync`; what a run holds goes with `connector runs approve RUN`.",
}
"""What a person does about each kind, in one sentence."""

REASONS: Mapping[str, str] = {
    "no_mail": "",
    "unusable_mail": "what stands there is no address",
    "same_name_and_birth_date": "same name and birth date",
    "conflicting_duplicate": "came twice with different contents",
    "held": "held",
    "over": "time is over",
}
"""What is said of one item beside its keys."""


def show(plan: SchoolPlan, work: Worklist) -> None:
    """Print the work of one school."""
    for line in _lines(plan, work):
        render.out(*render.wrapped(line))
    render.out("")


def _lines(plan: SchoolPlan, work: Worklist) -> Iterator[str]:
    yield f"{plan.id} {plan.name}"
    if not work.is_loaded:
        yield f"  never loaded: run `connector sync --school {plan.id}` first"
        return
    for kind in Kind:
        items = [item for item in work.items if item.kind is kind]
        if items:
            yield f"  {TITLES[kind]}: {len(items)}"
            yield f"    do: {TO_DO[kind]}"
            yield from (f"    {_line(item, work)}" for item in items)
    queue = work.corrections
    if queue.needing_a_person or queue.overdue:
        yield f"  corrections: {queue.needing_a_person} need a person, {queue.overdue} overdue"
        yield f"    do: `connector corrections review --school {plan.id}`, and `overdue` for what waits for long"
    elif not work.items:
        yield "  nothing to do"
    for kind in work.not_judged:
        yield f"  {TITLES[kind]}: not known, no open module shows groups"


def _line(item: Item, work: Worklist) -> str:
    said = [f"{one.key} ({work.names[one]})" if one in work.names else one.key for one in item.records]
    if item.reason == "conflicting_duplicate":
        said = [f"{one.stream.value} {word}" for one, word in zip(item.records, said, strict=True)]
    why = REASONS.get(item.reason, item.reason) + (f" by run {item.run_id}" if item.run_id else "")
    return ", ".join(said) + (f": {why}" if why else "")


def data(plans: Mapping[SchoolId, SchoolPlan], found: Mapping[SchoolId, Worklist], now: datetime) -> dict[str, Any]:
    """Give the work of schools as plain data."""
    return {
        "now": now,
        "to_do": {kind.value: TO_DO[kind] for kind in Kind},
        "schools": {school: _school(plans[school].name, work) for school, work in found.items()},
    }


def _school(name: str, work: Worklist) -> dict[str, Any]:
    counts = Counter(item.kind for item in work.items)
    return {
        "name": name,
        "is_loaded": work.is_loaded,
        "not_judged": list(work.not_judged),
        "counts": {kind.value: counts[kind] for kind in Kind if kind not in work.not_judged and work.is_loaded},
        "items": [_item(item, work) for item in work.items],
        "corrections": {"need_person": work.corrections.needing_a_person, "overdue": work.corrections.overdue},
    }


def _item(item: Item, work: Worklist) -> dict[str, Any]:
    records = [
        {"stream": one.stream, "key": one.key} | ({"name": work.names[one]} if one in work.names else {})
        for one in item.records
    ]
    return {"kind": item.kind, "records": records, "reason": item.reason or None, "run_id": item.run_id}
