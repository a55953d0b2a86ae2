"""What the pipeline asks of a source. A source is a generator of pages and a few facts about itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from schemas.corrections import ChangeRequest, Decision
from schemas.documents import Fetched
from schemas.ids import SchoolId, SourceKey
from schemas.streams import Capabilities, Changes, Cursor, Description, Page, Period, Pull, Stream


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


@runtime_checkable
class PeriodSource(Protocol):
    """A source that can be asked for a period of a stream (capabilities.dated) and says first how much lies in it."""

    def count(self, school: SchoolId, stream: Stream, period: Period) -> int:
        """Give the number of records in a period. Raises as `Source.pages`."""
        ...


@runtime_checkable
class DocumentSource(Protocol):
    """A source that also hands out the files its records name. Most interfaces do not."""

    def document(self, school: SchoolId, key: SourceKey, most_bytes: int) -> Fetched:
        """Give a file whole, however much smaller than `most_bytes`.

        Raises DocumentRejected (not_found, too_large), TransientError, SourceRefused or StopRequested.
        """
        ...


@runtime_checkable
class CorrectionSource(Protocol):
    """A source into which change requests can be put, to be decided by a person at the school. Most cannot."""

    def submit(self, school: SchoolId, request: ChangeRequest) -> Decision:
        """Put one change request in, in one attempt; one that is there already is answered as it stands.

        Raises OutcomeUnknown when it may have arrived, TransientError when it surely did not, CorrectionRefused when
        the source will never take it, SourceRefused or StopRequested.
        """
        ...

    def decisions(self, school: SchoolId, keys: Sequence[str]) -> Mapping[str, Decision]:
        """Give what became of these; one that the source does not have is left out. Raises as `Source.changed`."""
        ...

    def retract(self, school: SchoolId, key: str) -> Decision | None:
        """Take a change request back unless it was decided; give it as it now stands, None where it is not known.

        Safe to repeat. Raises TransientError, SourceRefused or StopRequested.
        """
        ...
