"""Names, sizes and contents of the files."""

import ast
import re
from pathlib import Path

from tests.architecture.repository import ROOT, functions, name_of, room_files, tracked_files

BANNED_NAMES = {"utils", "helpers", "common", "base", "manager", "handler", "misc"}
ALLOWED = {"connector/sources/base.py"}
LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 60

# Spelled in two halves, so that this file does not find itself.
ADDRESSES = re.compile("|".join((r"https?://[^\s\"']*/sim" + "ple", "--index" + "-url", "--find" + "-links")))
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:wo" + "rk|ro" + "ot|fa" + "rm|ho" + "me)/")


def test_no_file_names_a_registry_or_a_machine() -> None:
    """A clone works anywhere: no tracked file holds a package index address or a path of one machine."""
    found = []
    for path in tracked_files():
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            if ADDRESSES.search(line) or MACHINE_PATHS.search(line):
                found.append(f"{name_of(path)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    """A drawer fills up: no Python file or folder is called utils, helpers, common, manager or the like."""
    found = []
    for path in tracked_files():
        name = name_of(path)
        if path.suffix == ".py" and name not in ALLOWED and BANNED_NAMES & {*Path(name).with_suffix("").parts}:
            found.append(name)
    assert found == []


def test_no_file_of_the_rooms_is_longer_than_can_be_read() -> None:
    """A file of the four rooms has at most 400 lines."""
    sizes = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in room_files()}
    assert {name: lines for name, lines in sizes.items() if lines > LINES_OF_A_FILE} == {}


def test_no_function_of_the_rooms_is_longer_than_a_screen() -> None:
    """A function of the four rooms has at most 60 lines, docstring and all."""
    found = {}
    for path in room_files():
        for function in functions(path):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > LINES_OF_A_FUNCTION:
                found[f"{name_of(path)}: {function.name}"] = lines
    assert found == {}


def test_a_package_holds_its_docstring_and_no_code() -> None:
    """An import of a package runs nothing: each `__init__.py` of the rooms is one docstring."""
    found = []
    for path in room_files():
        if path.name == "__init__.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            if len(tree.body) != 1 or ast.get_docstring(tree) is None:
                found.append(name_of(path))
    assert found == []


def test_every_folder_of_the_rooms_is_a_package() -> None:
    """No folder with Python files is forgotten by import-linter or mypy: each has its `__init__.py`."""
    folders = {path.parent for path in room_files()}
    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_every_test_says_what_it_proves() -> None:
    """Each test function has a docstring that states its fact."""
    found = []
    for path in tracked_files():
        if path.suffix == ".py" and path.is_relative_to(ROOT / "tests") and path.name.startswith("test_"):
            found += [
                f"{name_of(path)}: {function.name}"
                for function in functions(path)
                if function.name.startswith("test_") and ast.get_docstring(function) is None
            ]
    assert found == []
