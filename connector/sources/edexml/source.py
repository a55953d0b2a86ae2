"""An EDEXML document as a source: one file holds the current state of one school.

Each record is cut down to the fields that are known and thrown away again. What a document says is never
repeated in a message: only what is wrong, in which line, and what to do.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connector.sources.edexml.reader import Reader, read_fields
from connector.sources.edexml.walk import OF_ONE_YEAR, parts
from connector.xml_file import XmlFile, opened
from schemas.errors import SourceRefused, WrongSchool
from schemas.ids import SchoolId
from schemas.sources.edexml import header as wire
from schemas.sources.edexml.header import EdexmlHeader, HeaderProblem
from schemas.sources.edexml.records import FIELDS
from schemas.streams import (
    WHOLE_SCHOOL,
    Capabilities,
    Changes,
    Cursor,
    Description,
    Mode,
    Page,
    Pull,
    Scope,
    Stream,
)

PAGE_ITEMS = 500
MAX_BYTES = 512 * 1024 * 1024

_MAX_REMEMBERED = 10_000
_STREAMS = (
    Stream.LOCATIONS,
    Stream.PUPILS,
    Stream.EMPLOYEES,
    Stream.GROUPS,
    Stream.GROUP_MEMBERSHIPS,
    Stream.GROUP_EMPLOYEES,
)


class EdexmlSource:
    """One EDEXML file. Each question opens it anew; no more than a page per stream is held.

    `institution` is the instellingsnummer of a Flemish school, whose documents name no BRIN.
    """

    def __init__(self, path: Path, institution: str | None = None, *, max_bytes: int = MAX_BYTES) -> None:
        self._path = path
        self._institution = institution
        self._max_bytes = max_bytes

    @property
    def dialect(self) -> str:
        """Give "edexml"."""
        return "edexml"

    @property
    def capabilities(self) -> Capabilities:
        """A snapshot: all its streams together, no increments, no changes, no keys."""
        return Capabilities((_STREAMS,), is_incremental=False, says_what_changed=False, fetches_by_key=False)

    def describe(self, school: SchoolId) -> Description:
        """Read the school header only. A document gives its school no name. Raises as `pages` does."""
        with opened(self._path, self._max_bytes) as document:
            self._header(document, school)
        return Description(school, "", frozenset(_STREAMS))

    def changed(self, school: SchoolId, cursors: Mapping[Stream, Cursor]) -> Changes:  # noqa: ARG002
        """Refuse: a document cannot say what changed."""
        raise SourceRefused(f"An EDEXML document cannot say what changed for {school}.", fix="Pull it in full.")

    def pages(self, school: SchoolId, pull: Pull) -> Iterator[Page]:
        """Give pages as they fill, and each stream's last page once the whole document was seen to be sound.

        Raises DocumentRefused, WrongSchool, ConfigurationError (no file) or TransientError (the file changed).
        """
        if pull.mode is not Mode.FULL or not set(pull.streams) <= set(_STREAMS):
            asked = ", ".join(pull.streams)
            raise SourceRefused(f"EDEXML was asked for {asked}.", fix="It gives only a school's snapshot, in full.")
        with opened(self._path, self._max_bytes) as document:
            header = self._header(document, school)
            buffers = _Buffers(pull.streams, header.school_year)
            reader = Reader(header, frozenset(pull.streams))
            for part in parts(document):
                if reader.remembered > _MAX_REMEMBERED:
                    raise document.refuse(f"has more than {_MAX_REMEMBERED} groups and locations")
                for stream, item in reader.read(part):
                    if (page := buffers.add(stream, item)) is not None:
                        yield page
            _check_complete(document, reader.counts)
        yield from buffers.last_pages()

    def _header(self, document: XmlFile, school: SchoolId) -> EdexmlHeader:
        header = _header_of(document)
        check_school(header, school, self._institution, self._path.name)
        return header


def read_header(path: Path, *, max_bytes: int = MAX_BYTES) -> EdexmlHeader:
    """Read the school header only. Raises DocumentRefused or ConfigurationError (no such file)."""
    with opened(path, max_bytes) as document:
        return _header_of(document)


def digest(path: Path) -> str:
    """Give the SHA-256 of the file's bytes in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_complete(document: XmlFile, counts: Counter[str]) -> None:
    """Refuse what was read to its end but is no school's document, or did not stay the same meanwhile."""
    if counts["school"] != 1:
        raise document.refuse("has more than one school header", "Import one document per school.")
    if not counts["leerling"]:
        raise document.refuse("holds no pupil (leerling), which is not believed")
    document.check_unchanged()


def check_school(header: EdexmlHeader, school: SchoolId, institution: str | None, name: str) -> None:
    """Raise WrongSchool unless the document of this name is the school's."""
    if header.is_of(school, institution):
        return
    if header.school_id is not None:
        raise WrongSchool(
            f"{name} is of school {header.school_id}, not of {school}.",
            fix="Nothing was imported. Choose the file of this school, or the school of this file.",
        )
    raise WrongSchool(
        f"{name} is of the Flemish school with instellingsnummer {header.institution}, and {school} is not that one.",
        fix=f'Nothing was imported. If it is, set institution_number in [schools."{school}"].',
    )


def _header_of(document: XmlFile) -> EdexmlHeader:
    """Read the header, wherever it stands."""
    for part in parts(document):
        if part.section == "school" and part.element is not None:
            line = part.element.sourceline
            header = wire.read_header(read_fields(part.element, FIELDS["school"]))
            if isinstance(header, HeaderProblem):
                raise document.refuse(f"has a school header that {header.what}", header.fix, line=line)
            return header
    raise document.refuse("has no school header (element school)")


class _Buffers:
    """What was read and not yet given, by stream."""

    def __init__(self, streams: tuple[Stream, ...], school_year: int) -> None:
        self._items: dict[Stream, list[Any]] = {stream: [] for stream in _STREAMS if stream in streams}
        self._year = Scope(school_year=school_year)

    def add(self, stream: Stream, item: Any) -> Page | None:
        """Keep the item; give a page when it filled one."""
        self._items[stream].append(item)
        return self._page(stream) if len(self._items[stream]) == PAGE_ITEMS else None

    def last_pages(self) -> Iterator[Page]:
        """Give the rest, for every stream, also when there is none."""
        return (self._page(stream, is_last=True) for stream in self._items)

    def _page(self, stream: Stream, *, is_last: bool = False) -> Page:
        items, self._items[stream] = self._items[stream], []
        scope = self._year if stream in OF_ONE_YEAR else WHOLE_SCHOOL
        return Page(stream, items, is_last, scope=scope)
