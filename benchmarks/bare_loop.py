"""The bare loop: fetch, validate, bulk-write. No promise is kept: whatever breaks off stays half.

It asks the same questions over a session like ours, validates with the same pydantic pages, and writes every field
of every record into tables of its own: with binary COPY and one merge a stream on PostgreSQL, with one upsert a
page on SQLite. A whole process: `python -m benchmarks.bare_loop DATABASE SOURCE SCHOOL… [--full]`.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import urljoin

import psycopg
import requests
from pydantic import TypeAdapter

from schemas.sources.reference.catalogue import WIRE
from schemas.sources.reference.pages import PAGES
from schemas.streams import Rejection, Stream, Tombstone

Row = tuple[Any, ...]
_POSTGRESQL_TYPES = {str: "text", bool: "bool", int: "int4", date: "date", datetime: "timestamptz"}


class Column(NamedTuple):
    """One field of a wire record; `dump` writes a part that is no scalar as JSON text."""

    name: str
    kind: type
    dump: Callable[[Any], bytes] | None = None


class Shape(NamedTuple):
    """A stream's columns, and what takes a record's values out."""

    columns: tuple[Column, ...]
    take: Callable[[Any], Row]

    def row(self, school: str, record: Any) -> Row:
        """Give one record as a row."""
        values = self.take(record)
        dumped = (
            value if column.dump is None or value is None else column.dump(value).decode()
            for column, value in zip(self.columns, values, strict=True)
        )
        return (school, *dumped)


def _scalar(annotation: Any) -> type | None:
    """Give the scalar type behind Annotated, NewType, Literal and `| None`, if there is one."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _scalar(typing.get_args(annotation)[0])
    if origin is typing.Literal:
        return type(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        (inner,) = (one for one in typing.get_args(annotation) if one is not type(None))
        return _scalar(inner)
    plain = getattr(annotation, "__supertype__", annotation)
    return plain if plain in _POSTGRESQL_TYPES else None


def _column(name: str, annotation: Any) -> Column:
    kind = _scalar(annotation)
    return Column(name, str, TypeAdapter(annotation).dump_json) if kind is None else Column(name, kind)


def _shape(stream: Stream) -> Shape:
    fields = WIRE[stream].model_fields
    columns = tuple(_column(name, field.annotation) for name, field in fields.items())
    return Shape(columns, attrgetter(*fields))


@dataclass
class Reading:
    """One stream as it comes in."""

    school: str
    shape: Shape
    records: int = 0
    cursor: str = ""
    gone: list[str] = field(default_factory=list)

    def rows(self, pages: Iterator[Any]) -> Iterator[list[Row]]:
        """Give the rows of each page, and remember the rest."""
        for page in pages:
            self.records += len(page.records)
            self.cursor = page.cursor or ""
            self.gone += [one.key for one in page.records if type(one) is Tombstone]
            usable = (one for one in page.records if type(one) is not Tombstone and type(one) is not Rejection)
            yield [self.shape.row(self.school, one) for one in usable]


class Sis:
    """The source, asked without retries."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.trust_env = False
        grant = {"grant_type": "client_credentials"}
        answer = self._session.post(f"{base_url}/oauth/token", data=grant, auth=("connector", "demo-secret"))
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def changed(self, school: str, cursors: dict[str, str]) -> set[str]:
        """Ask which streams changed."""
        url = f"{self._base_url}/v1/schools/{school}/changes"
        answer: dict[str, list[str]] = self._session.post(url, json={"cursors": cursors}).json()
        return {*answer["changed"], *answer["expired"]}

    def pages(self, school: str, stream: Stream, cursor: str | None) -> Iterator[Any]:
        """Give validated pages."""
        url: str | None = f"{self._base_url}/v1/schools/{school}/{stream.value}"
        params = None if cursor is None else {"cursor": cursor}
        while url is not None:
            page = PAGES[stream].validate_json(self._session.get(url, params=params).content)
            yield page
            url, params = page.next and urljoin(url, page.next), None


class Postgresql:
    """Tables of one's own in PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)
        self._staged: set[Stream] = set()

    def prepare(self, shapes: dict[Stream, Shape]) -> None:
        """Make the tables."""
        for stream, shape in shapes.items():
            columns = ", ".join(f"{one.name} {_POSTGRESQL_TYPES[one.kind]}" for one in shape.columns)
            self._connection.execute(
                f"CREATE TABLE IF NOT EXISTS bare_{stream} (school text, {columns}, PRIMARY KEY (school, id))"
            )
        self._connection.execute("CREATE TABLE IF NOT EXISTS bare_cursors (school text PRIMARY KEY, cursors text)")

    def write(self, stream: Stream, shape: Shape, pages: Iterator[list[Row]]) -> None:
        """Copy every page, then merge them in one statement."""
        names = ["school", *(one.name for one in shape.columns)]
        if stream not in self._staged:
            self._staged.add(stream)
            like = f"LIKE bare_{stream}"
            self._connection.execute(f"CREATE TEMPORARY TABLE new_{stream} ({like}) ON COMMIT DELETE ROWS")
        with self._connection.cursor() as cursor:
            for rows in pages:
                command = f"COPY new_{stream} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
                with cursor.copy(command) as copy:
                    copy.set_types(["text", *(_POSTGRESQL_TYPES[one.kind] for one in shape.columns)])
                    for row in rows:
                        copy.write_row(row)
            cursor.execute(
                f"INSERT INTO bare_{stream} AS old ({', '.join(names)}) SELECT {', '.join(names)} FROM new_{stream} "
                f"{_on_conflict(names, 'old.')}"
            )

    def remove(self, stream: Stream, school: str, keys: Sequence[str]) -> None:
        """Delete rows."""
        if keys:
            command = f"DELETE FROM bare_{stream} WHERE school = %s AND id = ANY(%s)"
            self._connection.execute(command, (school, list(keys)))

    def cursors(self, school: str) -> dict[str, str]:
        """Give what `keep` kept."""
        found = self._connection.execute("SELECT cursors FROM bare_cursors WHERE school = %s", (school,)).fetchone()
        return {} if found is None else json.loads(found[0])

    def keep(self, school: str, cursors: dict[str, str]) -> None:
        """Keep the cursors and commit."""
        self._connection.execute(
            "INSERT INTO bare_cursors VALUES (%s, %s) ON CONFLICT (school) DO UPDATE SET cursors = excluded.cursors",
            (school, json.dumps(cursors)),
        )
        self._connection.commit()


class Sqlite:
    """Tables of one's own in a SQLite file that is as durable as ours."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA journal_mode=WAL")

    def prepare(self, shapes: dict[Stream, Shape]) -> None:
        """Make the tables."""
        for stream, shape in shapes.items():
            columns = ", ".join(one.name for one in shape.columns)
            self._connection.execute(
                f"CREATE TABLE IF NOT EXISTS bare_{stream} (school, {columns}, PRIMARY KEY (school, id))"
            )
        self._connection.execute("CREATE TABLE IF NOT EXISTS bare_cursors (school PRIMARY KEY, cursors)")

    def write(self, stream: Stream, shape: Shape, pages: Iterator[list[Row]]) -> None:
        """Upsert page by page."""
        names = ["school", *(one.name for one in shape.columns)]
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO bare_{stream} ({', '.join(names)}) VALUES ({marks}) {_on_conflict(names, '')}"
        moments = [place for place, one in enumerate(shape.columns, start=1) if one.kind in (date, datetime)]
        for rows in pages:
            self._connection.executemany(statement, [_with_texts(row, moments) for row in rows] if moments else rows)

    def remove(self, stream: Stream, school: str, keys: Sequence[str]) -> None:
        """Delete rows."""
        rows = [(school, key) for key in keys]
        self._connection.executemany(f"DELETE FROM bare_{stream} WHERE school = ? AND id = ?", rows)

    def cursors(self, school: str) -> dict[str, str]:
        """Give what `keep` kept."""
        found = self._connection.execute("SELECT cursors FROM bare_cursors WHERE school = ?", (school,)).fetchone()
        return {} if found is None else json.loads(found[0])

    def keep(self, school: str, cursors: dict[str, str]) -> None:
        """Keep the cursors and commit."""
        self._connection.execute("INSERT OR REPLACE INTO bare_cursors VALUES (?, ?)", (school, json.dumps(cursors)))
        self._connection.commit()


def _on_conflict(names: list[str], old: str) -> str:
    rest = [name for name in names if name not in ("school", "id")]
    changes = ", ".join(f"{name} = excluded.{name}" for name in rest)
    differs = " OR ".join(f"{old}{name} IS DISTINCT FROM excluded.{name}" for name in rest)
    return f"ON CONFLICT (school, id) DO UPDATE SET {changes} WHERE {differs}"


def _text(value: date | datetime) -> str:
    return value.astimezone(UTC).isoformat(" ") if isinstance(value, datetime) else value.isoformat()


def _with_texts(row: Row, moments: list[int]) -> Row:
    values = list(row)
    for place in moments:
        if values[place] is not None:
            values[place] = _text(values[place])
    return tuple(values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring every school up to date, or read everything again with --full; prints the records that were read."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bare_loop")
    parser.add_argument("database")
    parser.add_argument("source")
    parser.add_argument("school", nargs="+")
    parser.add_argument("--full", action="store_true")
    given = parser.parse_args(arguments)
    is_sqlite = given.database.startswith("sqlite")
    url = given.database.removeprefix("sqlite:///") if is_sqlite else given.database.replace("+psycopg", "")
    portal = Sqlite(url) if is_sqlite else Postgresql(url)
    sis = Sis(given.source)
    shapes = {stream: _shape(stream) for stream in Stream}
    portal.prepare(shapes)
    records = sum(_sync(portal, sis, shapes, school, is_full=given.full) for school in given.school)
    print(records)
    return 0


def _sync(portal: Sqlite | Postgresql, sis: Sis, shapes: dict[Stream, Shape], school: str, *, is_full: bool) -> int:
    cursors = {} if is_full else portal.cursors(school)
    wanted = sis.changed(school, cursors) if cursors else set(shapes)
    records = 0
    for stream, shape in shapes.items():
        if stream.value in wanted:
            reading = Reading(school, shape)
            portal.write(stream, shape, reading.rows(sis.pages(school, stream, cursors.get(stream.value))))
            portal.remove(stream, school, reading.gone)
            cursors[stream.value] = reading.cursor
            records += reading.records
    portal.keep(school, cursors)
    return records


if __name__ == "__main__":
    sys.exit(main())
