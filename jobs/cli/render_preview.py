"""How a preview looks: tables for a person, plain data for a machine, a Dutch page to print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jobs.activate import ModuleView, State
from jobs.cli import dutch, gate_words, render
from jobs.cli.pages import page
from jobs.cli.render_modules import state_text
from jobs.preview import Own, Preview
from schemas.modules import Module

ACCESS_WORDS = {
    "authority": "authority",
    "information_agreement": "information agreement (limited)",
    "restricted": "restricted: sees nothing",
    "adult": "pupil is 18: sees nothing",
    "not_yet_enrolled": "not yet enrolled: sees nothing",
    "left": "left: sees nothing",
    "ended": "relation ended: sees nothing",
    "no_authority": "no authority: sees nothing",
    "authority_unknown": "authority unknown: sees nothing",
}
_OURS = {
    "held": "waits for a person (brake)",
    "parent_held": "of what waits for a person",
    "not_yet": "its day is still to come",
    "nobody_with_access": "nobody with access",
}
KEEPING = frozenset({"school_id", "guardian_id", "first_shown_at", "changed_at", "news_at"})
_OPEN = frozenset({State.OPEN, State.CLOSING})


def show(found: Preview, states: Iterable[ModuleView]) -> None:
    """Print a preview."""
    render.out(f"{found.school} preview of {', '.join(found.modules)}", *_state_lines(states))
    people = found.people
    render.out(*_supply_lines(found), "", "What parents would see:")
    rows = [(_name(one.view), one.records, one.pupils, one.guardians) for one in found.seen]
    render.table(("view", "records", "pupils", "guardians"), rows)
    render.out(
        f"{people.reached_guardians} of {people.guardians} guardians",
        f"would see some of it; {people.pupils} pupils are",
        f"in the portal, {people.unseen_pupils} of them seen by nobody.",
        "",
        "What stays hidden, and why:",
    )
    hidden = [(one.stream.value, reason_word(one.reason), one.records) for one in found.unseen]
    if hidden:
        render.table(("stream", "reason", "records"), hidden, left=(0, 1))
    else:
        render.out("nothing")
    render.out("", "Secrecy and access now:")
    access = [(ACCESS_WORDS.get(one.reason, one.reason), one.pupils, one.guardians) for one in people.access]
    secret = ("secret address", people.secret_pupils, people.secret_guardians)
    render.table(("who", "pupils", "guardians"), [secret, *access])
    if found.own is not None:
        _show_own(found.own)


def reason_word(reason: str) -> str:
    """Say why something is not shown: a gate, the brake, time, access, or a code of the quarantine."""
    return gate_words.WORDS.get(reason) or _OURS.get(reason) or f"unreadable: {reason}"


def _state_lines(states: Iterable[ModuleView]) -> list[str]:
    return [f"{one.module.value}: {state_text(one)}" for one in states]


def _supply_lines(found: Preview) -> list[str]:
    lines = [f"Not supplied: {', '.join(found.not_supplied)}"] if found.not_supplied else []
    return lines + ([f"Shows more as well: {', '.join(found.also)}"] if found.also else [])


def _name(view: str) -> str:
    return view.removeprefix("portal_")


def _show_own(own: Own) -> None:
    render.out("", f"Guardian {own.guardian} would see:")
    render.out(*(f"pupil {pupil}: {level} ({ACCESS_WORDS.get(reason, reason)})" for pupil, level, reason in own.access))
    for part in own.views:
        render.out("", f"{_name(part.view)} ({len(part.rows)})")
        for row in part.rows:
            given = [(name, value) for name, value in row.items() if name not in KEEPING and value not in (None, "[]")]
            render.out(*(f"{'- ' if place == 0 else '  '}{name}: {value}" for place, (name, value) in enumerate(given)))


def data(found: Preview, states: Iterable[ModuleView]) -> dict[str, Any]:
    """Give a preview for `--json`."""
    own = found.own
    return {
        "school": found.school,
        "modules": [module.value for module in found.modules],
        "states": {one.module.value: one.state.value for one in states},
        "taken_at": found.taken_at,
        "seen": [one._asdict() for one in found.seen],
        "hidden": [{**one._asdict(), "stream": one.stream.value} for one in found.unseen],
        "people": {**found.people._asdict(), "access": [one._asdict() for one in found.people.access]},
        "also": [module.value for module in found.also],
        "not_supplied": [stream.value for stream in found.not_supplied],
        "fetched": {stream.value: records for stream, records in found.fetched.items()},
        "as": None
        if own is None
        else {
            "guardian": own.guardian,
            "access": [dict(zip(("pupil", "level", "reason"), one, strict=True)) for one in own.access],
            "views": {part.view: list(part.rows) for part in own.views},
        },
    }


def html(found: Preview, school_name: str, states: Iterable[ModuleView]) -> str:
    """Give a preview as a Dutch page: counts only, unless it was taken for one guardian."""
    return page(
        "preview.html",
        title=_joined([dutch.MODULES[module][0] for module in found.modules]),
        intro=[_intro(one) for one in states],
        school=found.school,
        school_name=school_name,
        taken_at=found.taken_at,
        notes=_notes(found),
        seen=[{**one._asdict(), "title": dutch.VIEWS[one.view]} for one in found.seen],
        unseen=[
            {"title": dutch.VIEWS[f"portal_{one.stream.value}"], "reason": _reason(one.reason), "records": one.records}
            for one in found.unseen
        ],
        people=found.people,
        access=[{**one._asdict(), "title": dutch.ACCESS[one.reason]} for one in found.people.access],
        own=None if found.own is None else _own_page(found.own),
    )


def _intro(view: ModuleView) -> str:
    title, shows = dutch.MODULES[view.module]
    return f"{title} toont aan ouders: {shows}. {dutch_state(view)}"


def dutch_state(view: ModuleView) -> str:
    """Say in Dutch how a module stands, as a sentence."""
    title = dutch.MODULES[view.module][0]
    if view.state in _OPEN and view.opens_at is not None:
        return f"{title} is open sinds {dutch.moment(view.opens_at)}."
    if view.state is State.PLANNED and view.opens_at is not None:
        return f"{title} gaat open op {dutch.moment(view.opens_at)}."
    return f"{title} is niet open en nog niet gepland."


def _reason(reason: str) -> str:
    return dutch.REASONS.get(reason, f"{dutch.UNREADABLE} ({reason})")


def _notes(found: Preview) -> list[str]:
    notes = []
    if found.also:
        names = _joined([dutch.MODULES[Module(one)][0] for one in found.also])
        notes.append(f"Als dit opengaat, toont ook {names} meer: wat voor één groep is.")
    if found.not_supplied:
        names = _joined([dutch.VIEWS[f"portal_{one.value}"] for one in found.not_supplied])
        notes.append(f"De bron van deze school levert niet: {names}.")
    return notes


def _own_page(own: Own) -> dict[str, Any]:
    views = [
        {
            "title": dutch.VIEWS[part.view],
            "rows": [
                [
                    (dutch.COLUMNS[name], said)
                    for name, given in row.items()
                    if name not in KEEPING and (said := dutch.value(name, given))
                ]
                for row in part.rows
            ],
        }
        for part in own.views
    ]
    access = [f"Leerling {pupil}: {dutch.ACCESS[reason]}." for pupil, _level, reason in own.access]
    return {"guardian": own.guardian, "access": access, "views": views}


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} en {names[-1]}"
