"""The table of dialects: how the records of each are read, and how a source of it is made.

Each is loaded when the first school asks for it: the one of files brings an XML library that no other needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from connector.http import Http
from connector.sources.base import Source
from schemas.streams import Stream

Readers = Mapping[Stream, Callable[[Any], Any]]


class Dialect(NamedTuple):
    """One dialect: how its records are read, and how a live source of it is made (None: it is read from files)."""

    readers: Readers
    live: Callable[[Http], Source] | None
    file: Callable[[Path, str | None], Source] | None


def _reference() -> Dialect:
    from connector.sources.reference import ReferenceSource
    from mappings.sources.reference import catalogue

    return Dialect(catalogue.READERS, ReferenceSource, None)


def _edexml() -> Dialect:
    from connector.sources.edexml.source import EdexmlSource
    from mappings.sources import edexml

    return Dialect(edexml.READERS, None, EdexmlSource)


DIALECTS: Mapping[str, Callable[[], Dialect]] = {"reference": cache(_reference), "edexml": cache(_edexml)}
"""Every dialect the settings can name."""
