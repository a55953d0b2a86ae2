"""The parts of an EDEXML document in its own order: header, records, ends of sections. An element does not stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lxml import etree

from connector.xml_file import XmlFile, forget
from schemas.sources.edexml.versions import WHICH_ARE_READ
from schemas.streams import Stream

_MAX_RECORD = 256 * 1024
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
    depth, depth_of_record, began_at = 0, 3, 0
    section, is_known = "", False
    for event, element in document.events():
        if event == "start":
            depth += 1
            if depth == 1:
                _check_root(document, element)
            elif depth == _SECTION:
                section = str(element.tag)
                is_known = section in SECTIONS or section == "school"
                depth_of_record = _SECTION if section == "school" else _SECTION + 1
            if depth == depth_of_record:
                began_at = document.position
            continue
        if is_known and depth >= depth_of_record and document.position - began_at > _MAX_RECORD:
            raise document.refuse(f"has a record of more than {_MAX_RECORD} bytes", line=element.sourceline)
        if is_known and depth == depth_of_record:
            yield Part(section, element)
        elif is_known and depth == _SECTION:
            yield Part(section, None)
        if _SECTION <= depth <= depth_of_record or not is_known:
            forget(element)
        depth -= 1


def _check_root(document: XmlFile, root: etree._Element) -> None:
    """Refuse what is no EDEXML: its root is EDEX and, in every version, in no namespace."""
    if root.tag != "EDEX":
        name = etree.QName(root).localname
        what = "is not EDEXML: its root element is " + ("EDEX of a namespace" if name == "EDEX" else "not EDEX")
        raise document.refuse(what, f"{WHICH_ARE_READ} Choose such an export.", line=root.sourceline)
