"""What a spreadsheet may be given."""

from __future__ import annotations

import pytest

from mappings.spreadsheet import inert


@pytest.mark.parametrize("cell", ["=1+1", "+31", "-1", "@x", "\tx", "\r=1", " =1", "＝1"])
def test_what_begins_a_formula_becomes_text(cell: str) -> None:
    """A spreadsheet shows it and computes nothing."""
    assert inert(cell) == f"'{cell}"
    assert inert("van 't Hof") == "van 't Hof"
