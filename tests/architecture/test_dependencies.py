"""Every dependency has a reason, and every import a dependency."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.repository import ROOMS, ROOT, name_of, room_files

PAGE = ROOT / "docs" / "explanation" / "dependencies.md"


def _declared(section: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] if section == "Runtime" else project["optional-dependencies"]["dev"]
    return [canonicalize_name(Requirement(line).name) for line in lines]


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - set(ROOMS)


@pytest.mark.parametrize("section", ["Runtime", "Development"])
def test_every_dependency_has_its_reason(section: str) -> None:
    """The page names exactly the dependencies of pyproject.toml, once each, in order."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {section}\n")[2].partition("\n## ")[0]
    explained = re.findall(r"^- \*\*(.+?)\*\*: \S.+$", text, re.MULTILINE)
    assert explained == sorted(_declared(section))


def test_the_rooms_import_only_what_is_declared() -> None:
    """What the rooms import is a runtime dependency by name, not because another one happens to need it."""
    distributions = importlib.metadata.packages_distributions()
    declared = set(_declared("Runtime"))
    found = []
    for path in room_files():
        for name in sorted(_imported(path)):
            if not {canonicalize_name(one) for one in distributions.get(name, [])} & declared:
                found.append(f"{name_of(path)}: {name}")
    assert found == []


def test_the_lock_pins_every_declared_dependency() -> None:
    """requirements.lock holds one hashed version of each dependency, and it satisfies pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([a-z0-9.-]+)==([^\s;]+)[^\n]*\\\n    --hash=sha256:", lock, re.MULTILINE))
    for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), line
