"""The versions of EDEXML that are read, and what differs between them.

Elements are read by their names, in every version alike: 2.0 added peildatum, vestigingen, samengestelde groepen,
voornamen, a teacher's mail address and roles, and 2.1 the role TAL, and none of them means anything else where an
older document has it all the same. What a version decides is what would be read wrongly without it, and stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

COMBINATION = "C"
"""The jaargroep of a group whose pupils each have one of their own."""

_OLD = frozenset({*map(str, range(9)), "11", "12", "13", "S", "H"})
_NEW = _OLD | {"B", "D", "14", "15", "16", "V", COMBINATION, "N"}


class Version(NamedTuple):
    """What depends on the version.

    `year_groups` are its codes of a jaargroep; another text is none. They mean the same in both countries: a Flemish
    first leerjaar is written 3, as a Dutch groep 3 is. `has_eckid`: before 2.1 there were only pilots of the ECK iD,
    which did not last. `has_institutions`: a Flemish school is named by an instellingsnummer.
    """

    name: str
    year_groups: frozenset[str]
    has_eckid: bool
    has_institutions: bool


VERSIONS: Mapping[str, Version] = {
    "1.03": Version("1.03", _OLD, has_eckid=False, has_institutions=False),
    "2.0": Version("2.0", _NEW, has_eckid=False, has_institutions=True),
    "2.1": Version("2.1", _NEW, has_eckid=True, has_institutions=True),
}
"""Every version, by what xsdversie says."""

NEWEST = VERSIONS["2.1"]
"""What a document is that does not say its version: a sound document of an older one is sound in this too."""

WHICH_ARE_READ = "EDEXML 1.03, 2.0 and 2.1 are read."


def year_group(version: Version, text: str | None) -> str | None:
    """Give the code of a jaargroep, or None for no text and for one that is no code of this version."""
    code = (text or "").upper()
    return code if code in version.year_groups else None
