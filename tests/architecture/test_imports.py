"""Who may import whom, where import-linter cannot say it before the module exists."""

import ast
from pathlib import Path

from tests.architecture.repository import name_of, room_files

SETTINGS = "connector.settings"
READERS = ("jobs/cli/", "jobs/wiring.py", "connector/settings.py")


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_only_wiring_and_the_commands_read_settings() -> None:
    """Everything else is given the values it needs, so that it can be tested and started without a file."""
    readers = [name_of(path) for path in room_files() if SETTINGS in _imports(path)]
    assert [name for name in readers if not name.startswith(READERS)] == []


def test_no_import_is_relative() -> None:
    """Each import names its room, so that the rules above and in pyproject.toml see all of them."""
    found = []
    for path in room_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                found.append(f"{name_of(path)}:{node.lineno}")
    assert found == []


def test_tables_have_no_annotations_as_text() -> None:
    """A table's class reads its annotations when it is made, and that of every table is paid by every start."""
    tables = [path for path in room_files() if name_of(path).startswith("schemas/tables/")]
    postponed = {path.stem for path in tables if "__future__.annotations" in _imports(path)}
    assert postponed <= {"catalogue", "triggers"}  # these two make no class
    assert len(tables) > len(postponed) + 2
