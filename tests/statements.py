"""One memory of compiled statements for all databases of a test process.

A run compiles about a thousand statements, and nearly every test opens a database of its own: without this the suite
spends most of its time compiling the same statements again. A program has one engine and needs none of it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from connector.portal import database

_MEMORIES: dict[type[Any], LRUCache[Any, Any]] = {}


def install() -> None:
    """Let engines of one kind of database share what they compiled."""
    make = vars(database)["create_engine"]

    def create_engine(*arguments: Any, **options: Any) -> Engine:
        engine: Engine = make(*arguments, **options)
        memory = _MEMORIES.setdefault(type(engine.dialect), LRUCache(10_000))
        engine._compiled_cache = memory
        return engine

    vars(database)["create_engine"] = create_engine
    # Part of the key under which a statement is remembered; by default every engine's dialect is another.
    DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
    DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
