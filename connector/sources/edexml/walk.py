"""The parts of an EDEXML document in its own order: header, records, ends of sections. An element does not stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lxml import etree

from connector.xml_file import XmlFile, forget
from schemas.sources.edexml.records import BELOW
from schemas.sources.edexml.versions import WHICH_ARE_READ
from schemas.streams import Stream

_MAX_RECORD = 256 * 1024
_MAX_CHILDREN = 10_000
_SECTION = 2
"""The depth of a section. The root is at 1, a record at 3; the school header is section and record in one."""

OF_ONE_YEAR = frozenset({Stream.GROUPS, Stream.GROUP_MEMBERSHIPS, Stream.GROUP_EMPLOYEES})
SECTIONS: Mapping[str, frozenset[Stream]] = {
    "vestigingen": frozenset({Stream.LOCATIONS, Stream.PUPILS}),
    "groepen": OF_ONE_YEAR | {Stream.PUPILS},
    "leerlingen": frozenset({Stream.PUPILS, Stream.GROUP_MEMBERSHIPS}),
    "leerkrachten": frozenset({Stream.EMPLOYEES, Stream.GROUP_EMPLOYEES}),
}
"""The sections of a document and the streams that cannot do without them."""


class Part(NamedTuple):
    """The school header, a record of a section or, when there is no element, the section's end."""

    section: str
    element: etree._Element | None


def parts(document: XmlFile) -> Iterator[Part]:
    """Give header, records and ends of sections in the document's order; an element is emptied afterwards."""
    walk = _Walk(document)
    for event, element in document.events():
        if event == "start":
            walk.enter(element)
            continue
        walk.check(element)
        if walk.is_known and walk.depth == walk.depth_of_record:
            yield Part(walk.section, element)
        elif walk.is_known and walk.depth == _SECTION:
            yield Part(walk.section, None)
        walk.leave(element)


class _Walk:
    """Where in the document we are. What nobody reads is emptied as it ends, however large it is.

    A supplier's block may be larger than a hundred records (a photo): it counts for nothing in its record's size.
    """

    def __init__(self, document: XmlFile) -> None:
        self.depth, self.depth_of_record = 0, _SECTION + 1
        self.section, self.is_known = "", False
        self._document = document
        self._began_at = self._children = 0
        self._strange_since: int | None = None

    def enter(self, element: etree._Element) -> None:
        """Go into an element."""
        self.depth += 1
        if self.depth == 1:
            _check_root(self._document, element)
        elif self.depth == _SECTION:
            self.section = str(element.tag)
            self.is_known = self.section in SECTIONS or self.section == "school"
            self.depth_of_record = _SECTION if self.section == "school" else _SECTION + 1
        if self.depth == self.depth_of_record:
            self._began_at, self._children = self._document.position, 0
        elif self.is_known and self.depth == self.depth_of_record + 1:
            self._children += 1
            if self._children > _MAX_CHILDREN:
                what = f"has a record of more than {_MAX_CHILDREN} elements"
                raise self._document.refuse(what, line=element.sourceline)
            if element.tag not in BELOW[self.section]:
                self._strange_since = self._document.position

    def check(self, element: etree._Element) -> None:
        """Refuse a record that would have to be held as a whole and is out of all proportion."""
        if not self.is_known or self.depth < self.depth_of_record or self._strange_since is not None:
            return
        if self._document.position - self._began_at > _MAX_RECORD:
            what = f"has a record of more than {_MAX_RECORD} bytes"
            raise self._document.refuse(what, line=element.sourceline)

    def leave(self, element: etree._Element) -> None:
        """Go out of an element that was read, if it was one to read."""
        if self._strange_since is not None and self.depth == self.depth_of_record + 1:
            self._began_at += self._document.position - self._strange_since
            self._strange_since = None
            element.clear()  # not its shell: the fields before it are still to be read
        elif self._strange_since is not None or not self.is_known or _SECTION <= self.depth <= self.depth_of_record:
            forget(element)
        self.depth -= 1


def _check_root(document: XmlFile, root: etree._Element) -> None:
    """Refuse what is no EDEXML: its root is EDEX and, in every version, in no namespace."""
    if root.tag != "EDEX":
        name = etree.QName(root).localname
        what = "is not EDEXML: its root element is " + ("EDEX of a namespace" if name == "EDEX" else "not EDEX")
        raise document.refuse(what, f"{WHICH_ARE_READ} Choose such an export.", line=root.sourceline)
