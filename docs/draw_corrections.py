"""Draws the life of a correction in docs/explanation/corrections.md from the table of moves. Run it by `make docs`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from schemas.corrections import ALLOWED_MOVES, SUBMITTED, Place

PAGE = Path(__file__).parent / "explanation" / "corrections.md"
_BLOCK = re.compile(r"```mermaid\nstateDiagram-v2\n.*?```\n", re.DOTALL)


def page(text: str) -> str:
    """Give the page with its picture drawn anew."""
    picture = "\n".join(("```mermaid", *diagram(), "```", ""))
    return _BLOCK.sub(lambda _found: picture, text)


def diagram() -> Iterator[str]:
    """Draw every move there is; an outcome is a state of its own, and one that nothing leaves is an end."""
    yield "stateDiagram-v2"
    yield f"    [*] --> {_name(SUBMITTED)}"
    for begin, ends in ALLOWED_MOVES.items():
        yield from (f"    {_name(begin)} --> {_name(end)}" for end in ends)
    reached = dict.fromkeys(end for ends in ALLOWED_MOVES.values() for end in ends)
    yield from (f"    {_name(end)} --> [*]" for end in reached if end not in ALLOWED_MOVES)


def _name(place: Place) -> str:
    return place.state.value if place.outcome is None else place.outcome.value


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
