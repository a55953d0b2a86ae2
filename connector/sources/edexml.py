"""An EDEXML document as a source: one file holds the current state of one school.

Each record is cut down to the fields that are known and thrown away again. What a document says is never
repeated in a message: only what is wrong, in which line, and what to do.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from connector.xml_file import XmlFile, forget, opened
from schemas.errors import SourceRefused, WrongSchool
from schemas.ids import SchoolId, SourceKey, parse_source_key
from schemas.sources import edexml as wire
from schemas.sources.edexml import EdexmlHeader
from schemas.streams import (
    WHOLE_SCHOOL,
    Capabilities,
    Changes,
    Cursor,
    Description,
    Mode,
    Page,
    Pull,
    Rejection,
    Scope,
    Stream,
)

PAGE_ITEMS = 500
MAX_BYTES = 512 * 1024 * 1024

_MAX_RECORD = 256 * 1024
_MAX_DUMMIES = 10_000
_SECTION = 2
"""The depth of a section. The root is at 1, a record at 3; the school header is section and record in one."""

_STREAMS = (
    Stream.LOCATIONS,
    Stream.PUPILS,
    Stream.EMPLOYEES,
    Stream.GROUPS,
    Stream.GROUP_MEMBERSHIPS,
    Stream.GROUP_EMPLOYEES,
)
_OF_ONE_YEAR = frozenset({Stream.GROUPS, Stream.GROUP_MEMBERSHIPS, Stream.GROUP_EMPLOYEES})
_SECTIONS: Mapping[str, frozenset[Stream]] = {
    "vestigingen": frozenset({Stream.LOCATIONS, Stream.PUPILS}),
    "groepen": _OF_ONE_YEAR,
    "leerlingen": frozenset({Stream.PUPILS, Stream.GROUP_MEMBERSHIPS}),
    "leerkrachten": frozenset({Stream.EMPLOYEES, Stream.GROUP_EMPLOYEES}),
}
"""The sections of a document and the streams that cannot do without them."""

_RECORDS = {
    "school": "school",
    "vestiging": "vestigingen",
    "groep": "groepen",
    "samengestelde_groep": "groepen",
    "leerling": "leerlingen",
    "leerkracht": "leerkrachten",
}
"""The elements that are records, and the section each belongs in."""


class EdexmlSource:
    """One EDEXML file. Each question opens it anew; no more than a page per stream is held."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._path = path
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
            _header_of(document, school)
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
            header = _header_of(document, school)
            buffers = _Buffers(pull.streams, header.school_year)
            reader = _Reader(header, frozenset(pull.streams))
            for part in _parts(document):
                if reader.held > _MAX_DUMMIES:
                    raise document.refuse(f"has more than {_MAX_DUMMIES} groups with a dummy key")
                for stream, item in reader.read(part):
                    if (page := buffers.add(stream, item)) is not None:
                        yield page
            _check_complete(document, reader.counts)
        yield from buffers.last_pages()


def read_header(path: Path, *, max_bytes: int = MAX_BYTES) -> EdexmlHeader:
    """Read the school header only. Raises DocumentRefused or ConfigurationError (no such file)."""
    with opened(path, max_bytes) as document:
        return _header_of(document, None)


def digest(path: Path) -> str:
    """Give the SHA-256 of the file's bytes in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_Children = list[tuple[str, etree._Element]]  # noqa: SLF001
"""Elements with their local names."""


class _Part(NamedTuple):
    """The school header, a record of a section or, when there is no element, the section's end."""

    section: str
    element: etree._Element | None
    namespace: str

    def name(self, child: etree._Element) -> str:
        """Give the local name of an element in the root's namespace; one of another keeps its own."""
        return str(child.tag).removeprefix(self.namespace)

    def children(self, element: etree._Element) -> _Children:
        """Give the elements directly below with their names."""
        return [(self.name(child), child) for child in element]


def _parts(document: XmlFile) -> Iterator[_Part]:
    """Give header, records and ends of sections in the document's order; an element is emptied afterwards."""
    depth, depth_of_record, began_at = 0, 3, 0
    namespace, section, is_known = "", "", False
    for event, element in document.events():
        if event == "start":
            depth += 1
            if depth == 1:
                namespace = _root_namespace(document, element)
            elif depth == _SECTION:
                section = str(element.tag).removeprefix(namespace)
                is_known = section in _SECTIONS or section == "school"
                depth_of_record = _SECTION if section == "school" else _SECTION + 1
            if depth == depth_of_record:
                began_at = document.position
            continue
        if is_known and depth >= depth_of_record and document.position - began_at > _MAX_RECORD:
            raise document.refuse(f"has a record of more than {_MAX_RECORD} bytes", line=element.sourceline)
        if is_known and depth == depth_of_record:
            yield _Part(section, element, namespace)
        elif is_known and depth == _SECTION:
            yield _Part(section, None, namespace)
        if _SECTION <= depth <= depth_of_record or not is_known:
            forget(element)
        depth -= 1


def _root_namespace(document: XmlFile, root: etree._Element) -> str:
    """Give the namespace, as lxml writes it, in which the document's own elements are: usually none."""
    namespace, brace, name = str(root.tag).rpartition("}")
    if name != "EDEX":
        what = "is not EDEXML: its root element is not EDEX"
        raise document.refuse(what, "Choose an EDEXML export.", line=root.sourceline)
    return namespace + brace


def _check_complete(document: XmlFile, counts: Counter[str]) -> None:
    """Refuse what was read to its end but is no school's document, or did not stay the same meanwhile."""
    if counts["school"] != 1:
        raise document.refuse("has more than one school header", "Import one document per school.")
    if not counts["leerling"]:
        raise document.refuse("holds no pupil (leerling), which is not believed")
    document.check_unchanged()


def _header_of(document: XmlFile, school: SchoolId | None) -> EdexmlHeader:
    """Read the header, wherever it stands, and see that it is of the school that was asked for."""
    for part in _parts(document):
        if part.section == "school" and part.element is not None:
            line = part.element.sourceline
            header = wire.read_header(_fields(part.children(part.element), wire.FIELDS["school"]))
            if isinstance(header, wire.HeaderProblem):
                raise document.refuse(f"has a school header that {header.what}", header.fix, line=line)
            if school is not None and header.school_id != school:
                raise WrongSchool(
                    f"The document's header (line {line}) is of another school than {school}.",
                    fix="Import it for the school it belongs to, or export it again from the right one.",
                )
            return header
    raise document.refuse("has no school header (element school)")


def _fields(children: _Children, wanted: frozenset[str]) -> dict[str, str]:
    """Give the texts of these elements by name: the first that says something, none that is empty."""
    fields: dict[str, str] = {}
    for name, child in children:
        if name in wanted and name not in fields and (text := wire.clean(child.text)):
            fields[name] = text
    return fields


def _roles(children: _Children, wanted: str) -> tuple[str, ...]:
    return tuple(text for name, child in children if name == wanted and (text := wire.clean(child.text)))


def _references(part: _Part, children: _Children) -> Iterator[wire.EdexmlReference]:
    """Give the groups a person names: a pupil's own and its list of composite ones, an employee's list of both."""
    for name, child in children:
        if name in {"groep", "samengestelde_groep"}:
            inner = part.children(child)
            roles = _roles(inner, "rol"), _roles(inner, "rolomschrijving")
            yield wire.EdexmlReference(child.get("key"), *roles)
        elif name in {"groepen", "samengestelde_groepen"}:
            yield from _references(part, part.children(child))


def _record(part: _Part, element: etree._Element) -> wire.EdexmlRecord:
    """Cut a record down to what is known."""
    children = part.children(element)
    return wire.EdexmlRecord(
        key=element.get("key"),
        eckid=element.get("eckid"),
        fields=_fields(children, wire.FIELDS[part.section]),
        vestiging=next((child.get("key") for name, child in children if name == "vestiging"), None),
        references=tuple(_references(part, children)),
        rol=_roles(children, "rol"),
        rolomschrijving=_roles(children, "rolomschrijving"),
    )


class _Dummies:
    """The `#` keys of one kind of thing: what they stand for in this document.

    Their records are held until their section ends: two of one name would get one surrogate, and mix two groups
    of children, so then neither gets any.
    """

    def __init__(self) -> None:
        self._held: list[tuple[str, Any]] = []
        self._known: dict[str, SourceKey | None] = {}
        self._given: set[SourceKey] = set()

    def __len__(self) -> int:
        """Give how many records are held."""
        return len(self._held)

    def keep(self, written: str | None, item: Any) -> tuple[Any, ...]:
        """Give the record back, or nothing yet when it has a surrogate that another may claim."""
        if written is None or not wire.is_dummy(written) or isinstance(item, Rejection):
            return (item,)
        self._held.append((written.strip(), item))
        return ()

    def release(self) -> Iterator[Any]:
        """Give the held records that are alone under their surrogate, a rejection for each of the others."""
        times = Counter(item.key for _, item in self._held)
        for written, item in self._held:
            is_alone = times[item.key] == 1 and item.key not in self._given
            self._known[written] = item.key if is_alone and written not in self._known else None
            yield item if is_alone else Rejection(None, wire.UNSTABLE_KEY, "@key")
        self._given.update(times)
        self._held.clear()

    def resolve(self, written: str) -> SourceKey | None:
        """Give the key a reference means, or None when there is no lasting one."""
        return self._known.get(written.strip()) if wire.is_dummy(written) else parse_source_key(written)


class _Reader:
    """Turns the parts of a document into wire items, only of the streams that are wanted."""

    def __init__(self, header: EdexmlHeader, wanted: frozenset[Stream]) -> None:
        self.counts = Counter[str]()
        self._header = header
        self._wanted = wanted
        self._locations = _Dummies()
        self._groups = _Dummies()

    @property
    def held(self) -> int:
        """Give how many records wait for the end of their section."""
        return len(self._locations) + len(self._groups)

    def read(self, part: _Part) -> Iterator[tuple[Stream, Any]]:
        """Give the items of this part with their streams; what nobody wants is not even validated."""
        is_needed = not self._wanted.isdisjoint(_SECTIONS.get(part.section, ()))
        if part.element is None:
            items = self._released()
        else:
            name = part.name(part.element)
            if _RECORDS.get(name) != part.section:
                return
            self.counts[name] += 1
            items = self._items(name, _record(part, part.element)) if is_needed else iter(())
        yield from ((stream, item) for stream, item in items if stream in self._wanted)

    def _released(self) -> Iterator[tuple[Stream, Any]]:
        yield from [(Stream.LOCATIONS, item) for item in self._locations.release()]
        yield from [(Stream.GROUPS, item) for item in self._groups.release()]

    def _items(self, name: str, record: wire.EdexmlRecord) -> Iterator[tuple[Stream, Any]]:
        year, groups = self._header.school_year, self._groups.resolve
        if name == "vestiging":
            location = self._locations.keep(record.key, wire.read_location(record))
            yield from ((Stream.LOCATIONS, item) for item in location)
        elif name in {"groep", "samengestelde_groep"}:
            group = wire.read_group(record, year, is_composite=name != "groep")
            yield from ((Stream.GROUPS, item) for item in self._groups.keep(record.key, group))
        elif name == "leerling":
            if Stream.PUPILS in self._wanted:
                locations = self._locations.resolve
                yield Stream.PUPILS, wire.read_pupil(record, self._header.reference_on, locations)
            if Stream.GROUP_MEMBERSHIPS in self._wanted:
                memberships = wire.read_memberships(record, year, groups)
                yield from ((Stream.GROUP_MEMBERSHIPS, item) for item in memberships)
        elif name == "leerkracht":
            if Stream.EMPLOYEES in self._wanted:
                yield Stream.EMPLOYEES, wire.read_employee(record)
            if Stream.GROUP_EMPLOYEES in self._wanted:
                links = wire.read_group_employees(record, groups)
                yield from ((Stream.GROUP_EMPLOYEES, item) for item in links)


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
        scope = self._year if stream in _OF_ONE_YEAR else WHOLE_SCHOOL
        return Page(stream, items, is_last, scope=scope)
