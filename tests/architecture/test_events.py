"""The page of log events is what the code says, both ways: each event, its levels, its meaning, something to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from connector.telemetry.logs import EVENTS
from tests.architecture.repository import ROOT, room_files

LEVELS = {"debug", "info", "warning", "error"}
LOGGERS = {"_log", "logger"}
PAGE = ROOT / "docs" / "reference" / "events.md"
ROW = re.compile(r"^\| `(\w+)` \| ([a-z, ]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def _methods(expression: ast.AST) -> set[str]:
    """The levels at which an expression may log: `_log.info`, or `_log.info if … else _log.warning`."""
    return {
        node.attr
        for node in ast.walk(expression)
        if isinstance(node, ast.Attribute)
        and node.attr in LEVELS
        and isinstance(node.value, ast.Name)
        and node.value.id in LOGGERS
    }


def _said(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Every event a file logs by name, with the levels."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    chosen = {
        target.id: _methods(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            levels = chosen.get(node.func.id, set()) if isinstance(node.func, ast.Name) else _methods(node.func)
            if levels:
                yield str(node.args[0].value), levels


def _events() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in room_files():
        for event, levels in _said(path):
            found.setdefault(event, set()).update(levels)
    return found


def _page() -> dict[str, tuple[set[str], str]]:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {event: (set(levels.split(", ")), meaning) for event, levels, meaning, _todo in rows}


def test_every_event_is_on_the_page_with_its_levels_and_no_other() -> None:
    """What the code logs, found in its syntax, is what the page lists."""
    assert {event: levels for event, (levels, _meaning) in _page().items()} == _events()


def test_the_page_means_what_the_code_means() -> None:
    """The meaning is that of the code's own list, and the first level is the usual one; the order is the alphabet's."""
    page = _page()
    assert {event: meaning for event, (_levels, meaning) in page.items()} == {
        event: known.meaning for event, known in EVENTS.items()
    }
    first = {event: levels.split(", ")[0] for event, levels, _, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    assert first == {event: known.level for event, known in EVENTS.items()}
    assert list(page) == sorted(page)
