"""What the pipeline asks of a source. A source is a generator of pages and a few facts about itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from schemas.ids import SchoolId
from schemas.streams import Capabilities, Changes, Cursor, Description, Page, Pull, Stream


class Source(Protocol):
    """A student information system behind one dialect."""

    @property
    def dialect(self) -> str:
        """Give the dialect's name, as in every room's file name."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """Tell what the source can do. One of its kind may supply fewer streams; it says so when it is asked."""
        ...

    def describe(self, school: SchoolId) -> Description:
        """Ask the live source what it has for this school, without fetching a person."""
        ...

    def changed(self, school: SchoolId, cursors: Mapping[Stream, Cursor]) -> Changes:
        """Ask in one request which of these streams changed. Only if capabilities.says_what_changed.

        Raises StreamNotSupplied when one of them is not supplied any more; `describe` tells which.
        """
        ...

    def pages(self, school: SchoolId, pull: Pull) -> Iterator[Page]:
        """Give the answer page by page; each stream of the pull ends with a page that is its last.

        Raises TransientError, SourceRefused, StreamNotSupplied, WrongSchool, CursorExpired or StopRequested.
        """
        ...
