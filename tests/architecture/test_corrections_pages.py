"""The pages about corrections say what the code says: states, outcomes, reasons, fields, moves, and SQL that runs."""

from __future__ import annotations

import ast
import importlib
import json
import re
import runpy
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from mappings import corrections as judging
from mappings.correction_values import parse
from schemas.correction_fields import FIELDS, FieldName, Kind
from schemas.corrections import Outcome, Refusal, State
from schemas.streams import Stream
from schemas.submissions import read_submission
from tests.architecture.repository import ROOT

FORM = ROOT / "docs" / "how-to" / "build-a-correction-form.md"
LIFE = ROOT / "docs" / "explanation" / "corrections.md"
MOVERS = [
    path.stem
    for path in sorted((ROOT / "jobs").glob("*.py"))
    if "corrections.move(" in path.read_text(encoding="utf-8")
]


def _table(heading: str) -> dict[str, str]:
    """The rows of the table whose first column has this heading."""
    _, _, below = FORM.read_text(encoding="utf-8").partition(f"\n| {heading} |")
    rows = re.findall(r"^\| `?([^`|]+?)`? \| (.+) \|$", below.split("\n\n")[0], re.MULTILINE)
    return dict(rows)


def _reasons() -> Iterator[str]:
    """Every reason a move may have: what the jobs write with one, what a judgment gives, why a school says no."""
    for name in MOVERS:
        module: Any = importlib.import_module(f"jobs.{name}")
        tree = ast.parse((ROOT / "jobs" / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            closes = isinstance(node.func, ast.Name) and node.func.id == "_close"
            given = [one.value for one in node.keywords if one.arg == "reason"] + (node.args[4:5] if closes else [])
            moves = isinstance(node.func, ast.Attribute) and node.func.attr == "move"
            for value in given if moves or closes else ():
                if isinstance(value, ast.Constant):
                    yield str(value.value)
                elif isinstance(value, ast.Name) and hasattr(module, value.id):
                    yield getattr(module, value.id)
    yield from (judging.OFF, judging.UNKNOWN_FIELD, judging.NOT_ALLOWED, judging.MALFORMED)
    yield from (judging.EQUAL, judging.SAME_REQUEST, judging.NEWER_REQUEST)
    yield from (one.value for one in Refusal)


def test_every_state_outcome_and_reason_has_its_sentence() -> None:
    """One sentence each, in Dutch, for exactly the words the code has."""
    assert set(_table("state")) == {one.value for one in State}
    assert set(_table("outcome")) == {one.value for one in Outcome}
    assert set(_table("reason")) == set(_reasons())
    sentences = [words for heading in ("state", "outcome", "reason") for words in _table(heading).values()]
    assert [words for words in sentences if not words.endswith((".", "!"))] == []


def test_reasons_that_end_in_a_word_of_somebody_else_are_explained() -> None:
    """Each has a sentence below the table."""
    page = FORM.read_text(encoding="utf-8")
    assert "`source_refused:CODE`" in page
    assert "`smtp_CODE`" in page


def test_every_field_is_on_the_page_with_its_form() -> None:
    """Field by field, with the name of its form, and the examples are values that are taken."""
    found = {name: words.partition(",")[0] for name, words in _table("field").items()}
    assert found == {str(name): spec.kind.value for name, spec in FIELDS.items()}
    examples = {name: re.findall(r"`([^`]+)`", words)[0] for name, words in _table("form").items()}
    assert set(examples) == {kind.value for kind in Kind}
    for name, example in examples.items():
        assert parse(FieldName(Stream.PUPILS, "call_name"), Kind(name), example) is not None


def test_the_file_of_the_page_is_a_submission() -> None:
    """The JSON document is read as it stands."""
    blocks = re.findall(r"```json\n(.*?)```", FORM.read_text(encoding="utf-8"), re.DOTALL)
    given = read_submission(blocks[0].encode(), "page")
    assert (given.identity, given.items[0].asked) == ("3f2a91bc7d5e4c0b", "change")


def test_the_statements_of_the_page_run(database_url: str) -> None:
    """On PostgreSQL as they stand, on SQLite with what the page says differs; they fill no column of ours."""
    (block,) = re.findall(r"```sql\n(.*?)```", FORM.read_text(encoding="utf-8"), re.DOTALL)
    if database_url.startswith("sqlite"):
        block = re.sub(r"'(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z'", r"'\1 \2.000000'", block).replace("'\\x", "X'")
    engine = create_engine(database_url)
    with engine.begin() as connection:
        for statement in block.split(";\n"):
            if statement.strip():
                connection.execute(text(statement.replace(":", "\\:")))
        (row,) = connection.execute(text("SELECT state, new_value, needs FROM correction_items")).all()
    engine.dispose()
    assert (row.state, json.loads(row.new_value), row.needs) == ("submitted", "nieuw@voorbeeld.test", "")


def test_the_picture_is_drawn_from_the_moves() -> None:
    """The committed page is what `make docs` draws."""
    drawing = runpy.run_path(str(ROOT / "docs" / "draw_corrections.py"))
    said = LIFE.read_text(encoding="utf-8")
    assert drawing["page"](said) == said
    assert "    submitted --> in_review" in said


@pytest.mark.parametrize("number", range(1, 21))
def test_every_rule_of_the_field_has_its_line(number: int) -> None:
    """R01 to R20, each kept, changed or left out, with why."""
    assert re.search(rf"^\| R{number:02d} .+ \| (holds|not here).* \|$", LIFE.read_text(encoding="utf-8"), re.MULTILINE)
