"""How the modules commands look: plain text in columns for a person, plain data for a machine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from jobs.activate import Difference, Embargo, ModuleView, State, Step
from jobs.cli.modules_words import as_text, iso, local
from jobs.cli.render_settings import plain_of_json, text_of_json

_FIELDS = {"parent_text": "text", "opens_at": "opens", "closes_at": "closes"}
_NEVER_HISTORY = frozenset({"changed_by"})
_KEYS = ("module", "number", "name", "embargo_from")
MODULE_HEADINGS = ("module", "phase", "state", "embargo", "first load", "streams")
HISTORY_HEADINGS = ("when", "school", "what", "by", "now says")


def module_row(view: ModuleView, now: datetime) -> tuple[str, ...]:
    """Give one module as the cells under MODULE_HEADINGS."""
    if view.revealed_at is not None:
        load = f"complete {local(view.revealed_at)}"
    else:
        load = "still to come" if view.state in {State.OPEN, State.CLOSING} else "–"
    embargo = ", ".join(_embargo(window, now) for window in view.embargoes) or "–"
    return view.module.value, str(view.phase), state_text(view), embargo, load, ", ".join(view.streams)


def state_text(view: ModuleView) -> str:
    """Say how a module stands, with its dates in local time."""
    match view.state:
        case State.OPEN:
            return f"open since {local(view.opens_at)}"
        case State.CLOSING:
            return f"open, closes on {local(view.closes_at)}"
        case State.PLANNED:
            closes = "" if view.closes_at is None else f", closes on {local(view.closes_at)}"
            return f"opens on {local(view.opens_at)}{closes}"
        case State.CLOSED:
            return f"closed since {local(view.closes_at)}"
        case State.NOT_PLANNED:
            return "not planned"


def _embargo(window: Embargo, now: datetime) -> str:
    until = f"until {local(window.ends_at)}"
    when = f"hidden {until}" if window.starts_at <= now else f"{local(window.starts_at)} {until}"
    return f"{when} ({window.reason})" if window.reason else when


def module_data(view: ModuleView) -> dict[str, Any]:
    """Give one module for `--json`; instants are ISO 8601 in UTC."""
    return {
        "school": view.school,
        "module": view.module.value,
        "phase": view.phase,
        "state": view.state.value,
        "opens_at": iso(view.opens_at),
        "closes_at": iso(view.closes_at),
        "is_revealed": view.revealed_at is not None,
        "revealed_at": iso(view.revealed_at),
        "embargoes": [
            {"from": iso(window.starts_at), "until": iso(window.ends_at), "reason": window.reason}
            for window in view.embargoes
        ],
        "streams": [stream.value for stream in view.streams],
    }


def step_line(step: Step, when: str = "") -> str:
    """Say what happened to one module."""
    return f"{step.school}  {step.module.value} {step.words}{when if step.is_change else ''}."


def difference_line(difference: Difference) -> str:
    """Say what one line of a plan changes."""
    field = _FIELDS.get(difference.field, difference.field)
    before, after = as_text(difference.before), as_text(difference.after)
    return f"{difference.school}  {difference.subject:<12} {field}: {before} → {after}"


def history_data(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give one change of the register for `--json`: `values` is the row after it (before it, when deleted)."""
    values = _values(row)
    return {
        "at": iso(_aware(row["at"])),
        "school": row["school_id"],
        "subject": row["subject"],
        "action": row["action"],
        "by": row["changed_by"],
        "values": plain_of_json(values) if row["subject"] == "settings" else values,
    }


def history_rows(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Give the changes of the register as rows under HISTORY_HEADINGS.

    Whoever takes something away first signs for it; that signature, which changes nothing else, is no row.
    """
    found: list[tuple[str, ...]] = []
    latest: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        values = _values(row)
        key = (row["school_id"], row["subject"], *(values.get(name) for name in _KEYS))
        if row["action"] != "update" or latest.get(key) != values:
            said = (
                _says_setting(values, row["action"]) if row["subject"] == "settings" else _says(values, row["action"])
            )
            found.append((local(_aware(row["at"])), row["school_id"], _what(row, values), row["changed_by"], said))
        latest[key] = values
    return found


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    details = json.loads(row["details"])
    return {name: _value(name, value) for name, value in details.items() if name not in _NEVER_HISTORY}


def _what(row: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    match row["subject"]:
        case "phases":
            return f"phase {values.get('number')}"
        case "embargoes":
            return f"embargo on {values.get('module')}"
        case "settings":
            return f"setting {values.get('name')}"
        case "contacts":
            return "contact person"
        case "documents":
            return "date of the newest document"
        case _:
            return str(values.get("module"))


def _says_setting(values: Mapping[str, Any], action: str) -> str:
    return "default" if action == "delete" else text_of_json(values["name"], values["value"])


def _says(values: Mapping[str, Any], action: str) -> str:
    if action == "delete":
        return "taken away"
    if action == "lift":
        return f"lifted ({local(_aware(datetime.fromisoformat(values['made_at'])))}): {values['reason']}"
    said = []
    for name, value in values.items():
        if value is None or name in {"module", "number"}:
            continue
        shown = local(_aware(datetime.fromisoformat(value))) if _is_instant(name) else as_text(value)
        said.append(f"{_FIELDS.get(name, name.removeprefix('embargo_'))} {shown}")
    return ", ".join(said) or "nothing yet"


def _is_instant(name: str) -> bool:
    return name.endswith("_at") or name in {"embargo_from", "embargo_until"}


def _value(name: str, value: Any) -> Any:
    """SQLite writes an instant without its offset, PostgreSQL with one; a machine gets one form."""
    if value is None or not _is_instant(name):
        return value
    return iso(_aware(datetime.fromisoformat(value)))


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
