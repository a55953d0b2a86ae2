"""Text that a spreadsheet shows and never computes."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def inert(cell: str) -> str:
    """Write a cell so that a spreadsheet shows it and computes nothing: an apostrophe before what begins a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
