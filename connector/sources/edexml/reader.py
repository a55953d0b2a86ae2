"""The parts of an EDEXML document turned into wire items, cut down to what is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from connector.sources.edexml.walk import SECTIONS, Part
from schemas.ids import SourceKey
from schemas.sources.edexml import keys, reading, records
from schemas.sources.edexml.header import EdexmlHeader
from schemas.sources.edexml.versions import Version
from schemas.streams import Rejection, Stream

_RECORDS = {
    "school": "school",
    "vestiging": "vestigingen",
    "groep": "groepen",
    "samengestelde_groep": "groepen",
    "leerling": "leerlingen",
    "leerkracht": "leerkrachten",
}
"""The elements that are records, and the section each belongs in."""


def read_fields(element: etree._Element, wanted: frozenset[str]) -> dict[str, str]:
    """Give the texts directly below by name: the first that says something, none that is empty."""
    fields: dict[str, str] = {}
    for child in element:
        name = str(child.tag)
        if name in wanted and name not in fields and (text := keys.clean(child.text)):
            fields[name] = text
    return fields


def _roles(element: etree._Element, wanted: str) -> tuple[str, ...]:
    return tuple(text for child in element if child.tag == wanted and (text := keys.clean(child.text)))


def _references(element: etree._Element) -> Iterator[records.EdexmlReference]:
    """Give the groups a person names: a pupil's own and its list of composite ones, an employee's list of both."""
    for child in element:
        if child.tag in {"groep", "samengestelde_groep"}:
            yield records.EdexmlReference(child.get("key"), _roles(child, "rol"), _roles(child, "rolomschrijving"))
        elif child.tag in {"groepen", "samengestelde_groepen"}:
            yield from _references(child)


def _record(section: str, element: etree._Element, version: Version) -> records.EdexmlRecord:
    """Cut a record down to what is known."""
    return records.EdexmlRecord(
        key=element.get("key"),
        eckid=element.get("eckid") if version.has_eckid else None,
        fields=read_fields(element, records.FIELDS[section]),
        vestiging=next((child.get("key") for child in element if child.tag == "vestiging"), None),
        references=tuple(_references(element)),
        rol=_roles(element, "rol"),
        rolomschrijving=_roles(element, "rolomschrijving"),
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

    def keep(self, written: str | None, item: Any) -> tuple[Any, ...]:
        """Give the record back, or nothing yet when it has a surrogate that another may claim."""
        if written is None or not keys.is_dummy(written) or isinstance(item, Rejection):
            return (item,)
        self._held.append((written, item))
        return ()

    def release(self) -> Iterator[Any]:
        """Give the held records that are alone under their surrogate, a rejection for each of the others."""
        times = Counter(item.key for _, item in self._held)
        for written, item in self._held:
            is_alone = times[item.key] == 1 and item.key not in self._given
            self._known[written] = item.key if is_alone and written not in self._known else None
            yield item if is_alone else Rejection(None, keys.UNSTABLE_KEY, "@key")
        self._given.update(times)
        self._held.clear()

    def resolve(self, written: str) -> SourceKey | None:
        """Give the key a reference means, or None when there is no lasting one."""
        return self._known.get(written) if keys.is_dummy(written) else keys.lasting_key(written)


class Reader:
    """Turns the parts of a document into wire items, only of the streams that are wanted."""

    def __init__(self, header: EdexmlHeader, wanted: frozenset[Stream]) -> None:
        self.counts = Counter[str]()
        self._header = header
        self._wanted = wanted
        self._locations = _Dummies()
        self._groups = _Dummies()
        self._year_groups: dict[str, str | None] = {}

    @property
    def remembered(self) -> int:
        """Give how many records were of a kind of which something is kept until the document's end."""
        return self.counts["vestiging"] + self.counts["groep"] + self.counts["samengestelde_groep"]

    def read(self, part: Part) -> Iterator[tuple[Stream, Any]]:
        """Give the items of this part with their streams; what nobody wants is not even validated."""
        is_needed = not self._wanted.isdisjoint(SECTIONS.get(part.section, ()))
        if part.element is None:
            items = self._released()
        else:
            name = str(part.element.tag)
            if _RECORDS.get(name) != part.section:
                return
            self.counts[name] += 1
            record = _record(part.section, part.element, self._header.version)
            items = self._items(name, record) if is_needed else iter(())
        yield from ((stream, item) for stream, item in items if stream in self._wanted)

    def _released(self) -> Iterator[tuple[Stream, Any]]:
        yield from [(Stream.LOCATIONS, item) for item in self._locations.release()]
        yield from [(Stream.GROUPS, item) for item in self._groups.release()]

    def _items(self, name: str, record: records.EdexmlRecord) -> Iterator[tuple[Stream, Any]]:
        if name == "vestiging":
            location = self._locations.keep(record.key, reading.read_location(record))
            yield from ((Stream.LOCATIONS, item) for item in location)
        elif name == "leerling":
            yield from self._of_pupil(record)
        elif name == "leerkracht":
            if Stream.EMPLOYEES in self._wanted:
                yield Stream.EMPLOYEES, reading.read_employee(record)
            if Stream.GROUP_EMPLOYEES in self._wanted:
                links = reading.read_group_employees(record, self._groups.resolve)
                yield from ((Stream.GROUP_EMPLOYEES, item) for item in links)
        elif name != "school":
            yield from ((Stream.GROUPS, item) for item in self._of_group(record, is_composite=name != "groep"))

    def _of_group(self, record: records.EdexmlRecord, *, is_composite: bool) -> Iterable[Any]:
        group = reading.read_group(record, self._header.school_year, self._header.version, is_composite=is_composite)
        if isinstance(group, records.EdexmlGroup) and not is_composite and record.key is not None:
            # Two of one key do not agree on it: then neither tells.
            known = self._year_groups.setdefault(record.key, group.jaargroep)
            if known != group.jaargroep:
                self._year_groups[record.key] = None
        return self._groups.keep(record.key, group)

    def _of_pupil(self, record: records.EdexmlRecord) -> Iterator[tuple[Stream, Any]]:
        header = self._header
        jaargroep = reading.pupils_year_group(record, header.version, self._year_groups)
        if Stream.PUPILS in self._wanted:
            yield Stream.PUPILS, reading.read_pupil(record, jaargroep, header.reference_on, self._locations.resolve)
        if Stream.GROUP_MEMBERSHIPS in self._wanted:
            memberships = reading.read_memberships(record, jaargroep, header.school_year, self._groups.resolve)
            yield from ((Stream.GROUP_MEMBERSHIPS, item) for item in memberships)
