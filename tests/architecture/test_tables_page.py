"""docs/reference/tables.md is drawn from the tables and views, and drawn anew whenever one of them changes."""

from __future__ import annotations

import re
import runpy
from typing import Any

import pytest

from schemas.streams import LOOSE_REFERENCES, PARENTS, Stream
from schemas.tables.catalogue import METADATA
from schemas.views.catalogue import VIEWS
from tests.architecture.repository import ROOT

PAGE = ROOT / "docs" / "reference" / "tables.md"


@pytest.fixture(scope="module")
def drawing() -> dict[str, Any]:
    """What `make docs` runs."""
    return runpy.run_path(str(ROOT / "docs" / "draw_tables.py"))


def test_the_page_is_what_make_docs_draws(drawing: dict[str, Any]) -> None:
    """The committed page is up to date; if not, run `make docs`."""
    assert PAGE.read_text(encoding="utf-8") == drawing["page"]()


def test_every_table_is_drawn_and_every_reference() -> None:
    """Each table is a box or a line of the page; each foreign key of a stream is solid, each loose reference dotted."""
    text = PAGE.read_text(encoding="utf-8")
    drawn = set(re.findall(r"^    (\w+) \{$|^\| `(\w+)` \| `(?:school_id|run_id|id|scope)`", text, re.MULTILINE))
    assert {box or line for box, line in drawn} == set(METADATA.tables)
    for stream in Stream:
        for parent in PARENTS[stream]:
            assert f'    {parent.stream} ||--o{{ {stream} : "{parent.column}"' in text
        for column, pointed in LOOSE_REFERENCES.get(stream, {}).items():
            assert f'    {pointed} |o..o{{ {stream} : "{column}"' in text


def test_every_view_reads_something_that_is_known(drawing: dict[str, Any]) -> None:
    """No view reads a table that the drawing does not know, and each reads at least one thing."""
    for view in VIEWS:
        text = (ROOT / "schemas" / "views" / f"{view}.sql").read_text(encoding="utf-8")
        named = set(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", re.sub(r"--.*", "", text)))
        assert named == set(drawing["reads"](view)), view
        assert named
