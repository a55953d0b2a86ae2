"""Draws docs/reference/tables.md from the tables and the views. Run it by `make docs`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import ForeignKeyConstraint, Table
from sqlmodel import SQLModel

from schemas.streams import LOOSE_REFERENCES, Stream
from schemas.tables.catalogue import METADATA, TABLES
from schemas.views.catalogue import INNER_VIEWS, VIEWS

PAGE = Path(__file__).parent / "reference" / "tables.md"
TEXTS = Path(__file__).parents[1] / "schemas" / "views"
DOCUMENT_COLUMN, DOCUMENTS, CORRECTIONS = "document_id", "documents", "corrections"
JOINED_BY_ALL = ("portal_modules", "portal_access")
FEED = "portal_changes"
_READS = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)\b")


def page() -> str:
    """Give the whole page."""
    parts = (_introduction(), _rows(), _memory(), _views())
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def reads(view: str) -> tuple[str, ...]:
    """Give the tables that a view reads, then the views, each once."""
    code = re.sub(r"--.*", "", (TEXTS / f"{view}.sql").read_text(encoding="utf-8"))
    found = set(_READS.findall(code))
    return tuple(name for name in (*sorted(METADATA.tables), *INNER_VIEWS, *VIEWS) if name in found)


def _introduction() -> Iterator[str]:
    yield "# Tables and views"
    yield ""
    yield "Drawn by `make docs` from `schemas/tables` and `schemas/views`; a test fails when it is not up to date. The"
    yield "portal reads the [views](views.md) only. What each field is: [fields](fields.md)."


def _rows() -> Iterator[str]:
    yield "## The rows of the portal"
    yield ""
    yield "Every table has `school_id`, first in its key and in every reference. Shown are keys and references. Solid"
    yield "lines are foreign keys. A dotted one is a reference without: null while no open module pulls the stream it"
    yield "points to, or a file that may still have to be fetched."
    yield ""
    yield "```mermaid"
    yield "erDiagram"
    tables = [table for table in METADATA.sorted_tables if _is_of_the_portal(table)]
    for table in tables:
        yield from _box(table)
    for table in tables:
        yield from _lines(table)
    yield "```"


def _is_of_the_portal(table: Table) -> bool:
    is_named = table.name in {*(stream.value for stream in Stream), DOCUMENTS, CORRECTIONS}
    return is_named or bool(table.foreign_keys)


def _box(table: Table) -> Iterator[str]:
    """A table with its keys and references."""
    references = {column for _, column, _ in _references(table)}
    yield f"    {table.name} {{"
    for column in table.columns:
        if column.primary_key or column.name in references:
            marks = [mark for mark, is_so in (("PK", column.primary_key), ("FK", bool(column.foreign_keys))) if is_so]
            kind = "text" if column.type.python_type is str else column.type.python_type.__name__
            yield f"        {kind} {column.name} {','.join(marks)}".rstrip()
    yield "    }"


def _lines(table: Table) -> Iterator[str]:
    key = {column.name for column in table.primary_key}
    for parent, column, is_hard in _references(table):
        many = "|" if key == {"school_id", column} else "{"
        yield f'    {parent} {"||--o" if is_hard else "|o..o"}{many} {table.name} : "{column}"'


def _references(table: Table) -> Iterator[tuple[str, str, bool]]:
    """Give the table pointed to, the column that points, and whether it is a foreign key."""
    constraints = [one for one in table.constraints if isinstance(one, ForeignKeyConstraint)]
    hard = [(one.referred_table.name, column.name) for one in constraints for column in one.columns]
    for name, column in sorted((name, column) for name, column in hard if column != "school_id"):
        yield name, column, True
    loose = next((LOOSE_REFERENCES.get(stream, {}) for stream in Stream if TABLES[stream] is table), {})
    for column, stream in loose.items():
        yield TABLES[stream].name, column, False
    if DOCUMENT_COLUMN in table.columns:
        yield DOCUMENTS, DOCUMENT_COLUMN, False


def _memory() -> Iterator[str]:
    yield "## What we keep beside them"
    yield ""
    yield "The register and our own memory: keys, codes, counts and times; nothing here points to a row. What"
    yield "guardians ask to be corrected is above, in `corrections` and the tables that point to it: these do hold"
    yield "values, of what was asked and of documents sent along, until they are purged. Of a secret only a keyed hash"
    yield "stays once it is done."
    yield ""
    yield "| table | key | what it holds |"
    yield "|---|---|---|"
    words = {str(model.__tablename__): _first_sentence(model) for model in _models()}
    for table in sorted(METADATA.tables.values(), key=lambda one: one.name):
        if not _is_of_the_portal(table):
            key = ", ".join(f"`{column.name}`" for column in table.primary_key)
            yield f"| `{table.name}` | {key} | {words[table.name]} |"


def _models() -> Iterator[type[SQLModel]]:
    waiting: list[type[SQLModel]] = [SQLModel]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if "__tablename__" in model.__dict__:
            yield model


def _first_sentence(model: type[SQLModel]) -> str:
    text = " ".join((model.__doc__ or "").split("\n\n")[0].split())
    return f"{text.partition('. ')[0].rstrip('.')}."


def _views() -> Iterator[str]:
    yield "## Which view reads what"
    yield ""
    yield "Two views decide for all others: which modules are open now, and who may see which pupil now."
    yield ""
    yield from _graph(JOINED_BY_ALL)
    yield ""
    yield from _joined()
    yield ""
    rest = [view for view in (*INNER_VIEWS, *VIEWS) if view not in {*JOINED_BY_ALL, FEED}]
    yield from _graph(rest, leaves_out=JOINED_BY_ALL)
    yield ""
    yield f"What is new to a guardian, `{FEED}`, reads the views, and when a module was first shown or hidden:"
    yield ""
    yield from _graph([FEED])


def _joined() -> Iterator[str]:
    """Say which views join the two that decide; what reads another view has it from there."""
    rest = [view for view in VIEWS if view not in {*JOINED_BY_ALL, FEED}]
    yield "| joined directly | by all of these views, save |"
    yield "|---|---|"
    for name in JOINED_BY_ALL:
        without = [f"`{view}`" for view in rest if name not in reads(view)]
        yield f"| `{name}` | {', '.join(without) or '–'} |"


def _graph(views: Sequence[str], leaves_out: Sequence[str] = ()) -> Iterator[str]:
    """Draw what these views read; tables are drums."""
    edges = [(view, name) for view in views for name in reads(view) if name not in leaves_out]
    yield "```mermaid"
    yield "graph LR"
    yield from (f"    {name}[({name})]" for name in sorted({name for _, name in edges} - {*VIEWS, *INNER_VIEWS}))
    yield from (f"    {view} --> {name}" for view, name in edges)
    yield "```"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
