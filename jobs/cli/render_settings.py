"""How a school's settings look: what each is and since when, what a change did, and what it makes the sync pull."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jobs.choose import UNREADABLE, SettingStep, SettingView, default_of, streams_of
from jobs.cli.modules_words import iso, local
from jobs.cli.setting_words import value_text
from schemas.errors import ConfigurationError
from schemas.selections import MEANINGS, parse_setting, setting_text

SETTING_HEADINGS = ("setting", "value", "set", "decides")


def setting_row(view: SettingView) -> tuple[str, ...]:
    """Give one setting as the cells under SETTING_HEADINGS."""
    since = "default"
    if view.is_set:
        since = "by nobody known" if view.changed_at is None else f"{local(view.changed_at)} by {view.changed_by}"
    meaning = MEANINGS.get(view.name, "nothing: there is no such setting")
    return view.name, value_text(view.name, view.value), since, meaning


def setting_data(view: SettingView) -> dict[str, Any]:
    """Give one setting for `--json`. A value of null is all; `problem` says why there is none to read."""
    return {
        "school": view.school,
        "name": view.name,
        "value": _plain(view.value),
        "default": _plain(default_of(view.name)),
        "is_set": view.is_set,
        "changed_at": iso(view.changed_at),
        "changed_by": view.changed_by,
        "streams": [stream.value for stream in view.streams],
        "problem": view.problem or None,
    }


def setting_line(step: SettingStep) -> str:
    """Say what a change did to one setting, and which streams the next sync pulls in full because of it."""
    if not step.is_change:
        return f"{step.school}  {step.name} is {_shown(step.name, step.after, is_set=step.is_set)} already."
    return f"{step.school}  {change_text(step)}"


def change_text(step: SettingStep) -> str:
    """Say what a setting was, what it is, and what that makes the next sync pull."""
    before = _shown(step.name, step.before, is_set=step.was_set)
    if step.after is UNREADABLE:
        return f"{step.name} is taken away; there is no such setting."
    after = _shown(step.name, step.after, is_set=step.is_set)
    return f"{step.name}: {before} → {after}. {_consequence(step)}"


def text_of_json(name: str, text: str) -> str:
    """Show a value of the register, whoever wrote it, as it is typed; what cannot be read is shown as it is."""
    try:
        return value_text(name, parse_setting(name, json.loads(text)))
    except (ConfigurationError, ValueError, RecursionError):
        return text


def plain_of_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row of the register's settings with its value as data; what is no JSON stays text."""
    try:
        return {**values, "value": json.loads(values["value"])}
    except (ValueError, RecursionError):
        return dict(values)


def _consequence(step: SettingStep) -> str:
    if step.pulled:
        return f"The next sync pulls in full: {', '.join(step.pulled)}."
    if step.before == step.after:
        return "Nothing is pulled again."
    if not streams_of(step.name):
        return "It holds at once; nothing is pulled again."
    return "No open module shows what it decides, so nothing is pulled for it."


def _shown(name: str, value: Any, *, is_set: bool) -> str:
    return f"{value_text(name, value)}{'' if is_set else ' (default)'}"


def _plain(value: Any) -> Any:
    return None if value is UNREADABLE else json.loads(setting_text(value))
