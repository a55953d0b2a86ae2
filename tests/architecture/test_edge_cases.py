"""Every known edge case is on docs/explanation/edge-cases.md, with the test that shows it or why it lies outside."""

import re
from functools import lru_cache
from typing import NamedTuple

import pytest

from tests.architecture.repository import ROOT, functions

PAGE = ROOT / "docs" / "explanation" / "edge-cases.md"
CASES = [f"E{number:02d}" for number in range(1, 44)]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


class Case(NamedTuple):
    """One line of the page."""

    number: str
    elsewhere: str
    here: str
    shown_by: str


def _cases() -> list[Case]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [Case(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines if re.match(r"\| E\d", line)]


@lru_cache
def _tests_of(name: str) -> frozenset[str]:
    path = ROOT / name
    return frozenset(one.name for one in functions(path)) if path.is_file() else frozenset()


def test_every_case_is_on_the_page_once() -> None:
    """E01 to E43, in order, each with a text in every column."""
    assert [case.number for case in _cases()] == CASES
    assert [case.number for case in _cases() if not all(case)] == []


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.number)
def test_every_case_names_tests_that_exist_or_says_why_it_lies_outside(case: Case) -> None:
    """The last column is a list of tests of this repository, or a reason that begins with `outside:`."""
    if case.shown_by.startswith("outside: "):
        return
    named = TEST.findall(case.shown_by)
    assert ", ".join(f"`{path}::{name}`" for path, name in named) == case.shown_by
    assert named
    assert [(path, name) for path, name in named if name not in _tests_of(path)] == []
