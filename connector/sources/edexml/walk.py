"""The parts of an EDEXML document in its own order: header, records, ends of sections. An element does not stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lxml import etree

from connector.xml_file import XmlFile, forget
from schemas.streams import Stream

_MAX_RECORD = 256 * 1024
_SECTION = 2
"""The depth of a section. The root is at 1, a record at 3; the school header is section and record in one."""

OF_ONE_YEAR = frozenset({Stream.GROUPS, Stream.GROUP_MEMBERSHIPS, Stream.GROUP_EMPLOYEES})
SECTIONS: Mapping[str, frozenset[Stream]] = {
    "vestigingen": frozenset({Stream.LOCATIONS, Stream.PUPILS}),
    "groepen": OF_ONE_YEAR,
    "leerlingen": frozenset({Stream.PUPILS, Stream.GROUP_MEMBERSHIPS}),
    "leerkrachten": frozenset({Stream.EMPLOYEES, Stream.GROUP_EMPLOYEES}),
}
"""The sections of a document and the streams that cannot do without them."""

Children = list[tuple[str, etree._Element]]  # noqa: SLF001
"""Elements with their local names."""


class Part(NamedTuple):
    """The school header, a record of a section or, when there is no element, the section's end."""

    section: str
    element: etree._Element | None
    namespace: str

    def name(self, child: etree._Element) -> str:
        """Give the local name of an element in the root's namespace; one of another keeps its own."""
        return str(child.tag).removeprefix(self.namespace)

    def children(self, element: etree._Element) -> Children:
        """Give the elements directly below with their names."""
        return [(self.name(child), child) for child in element]


def parts(document: XmlFile) -> Iterator[Part]:
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
                is_known = section in SECTIONS or section == "school"
                depth_of_record = _SECTION if section == "school" else _SECTION + 1
            if depth == depth_of_record:
                began_at = document.position
            continue
        if is_known and depth >= depth_of_record and document.position - began_at > _MAX_RECORD:
            raise document.refuse(f"has a record of more than {_MAX_RECORD} bytes", line=element.sourceline)
        if is_known and depth == depth_of_record:
            yield Part(section, element, namespace)
        elif is_known and depth == _SECTION:
            yield Part(section, None, namespace)
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
