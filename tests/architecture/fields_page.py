"""What docs/reference/fields.md says, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from schemas.streams import Stream
from tests.architecture.repository import ROOT

PAGE = ROOT / "docs" / "reference" / "fields.md"
SHARED = "Every view"
_ROW = re.compile(r"^\| (?:`(?P<name>\w+)`|–) \| (?P<class>\w+) \| (?P<what>.+) \| (?P<sis>.+) \| (?P<edexml>.+) \|$")


class Fact(NamedTuple):
    """One line of the page. `view` is the heading it stands under; `name` None is a fact without a column."""

    module: str
    view: str
    name: str | None
    is_shown: bool
    is_sensitive: bool
    contract: tuple[str, ...]
    edexml: tuple[str, ...]


@cache
def facts() -> tuple[Fact, ...]:
    """Every line of the page."""
    return tuple(_read())


def _read() -> Iterator[Fact]:
    module = view = ""
    is_shown = False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            module = view = line.removeprefix("## ")
        elif line.startswith("### "):
            view = line.removeprefix("### ")
        elif line.startswith(("| field |", "| not shown |")):
            is_shown = line.startswith("| field |")
        elif line.startswith("|") and not line.startswith("|-"):
            row = _ROW.match(line)
            assert row is not None, line
            assert row["class"] in {"normal", "sensitive"}, line
            places = [tuple(re.findall(r"`([^`]+)`", row[name])) for name in ("sis", "edexml")]
            yield Fact(module, view, row["name"], is_shown, row["class"] == "sensitive", *places)


def facts_of(view: str) -> list[Fact]:
    """The lines under one heading."""
    return [fact for fact in facts() if fact.view == view]


def view_of(stream: Stream) -> str:
    """The view that shows a stream."""
    return f"portal_{stream.value}"
