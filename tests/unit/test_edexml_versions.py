"""The three versions of EDEXML: how each is recognised, and what arrives in one of them only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.sources.edexml.source import EdexmlSource, read_header
from mappings.sources.edexml import READERS
from schemas.errors import DocumentRefused
from schemas.ids import SchoolId
from schemas.sources.edexml.versions import NEWEST
from schemas.streams import Pull, Rejection, Stream

VERSIONS = ("1.03", "2.0", "2.1")
HEADER = (
    "<school><schooljaar>2026-2027</schooljaar><brincode>99AA</brincode>"
    "<aanmaakdatum>2026-11-20T16:05:00</aanmaakdatum>{version}</school>"
)
CODES = {
    "1.03": "0 1 2 3 4 5 6 7 8 11 12 13 S H",
    "2.0": "B D 0 1 2 3 4 5 6 7 8 11 12 13 14 15 16 S V C N H",
    "2.1": "B D 0 1 2 3 4 5 6 7 8 11 12 13 14 15 16 S V C N H",
}
"""Every code of a jaargroep, as the schema of each version lists them."""

Told = Callable[..., dict[Stream, list[Any]]]


def labelled(body: str, version: str | None) -> str:
    """A document with these sections and this xsdversie."""
    label = "" if version is None else f"<xsdversie>{version}</xsdversie>"
    return f"<EDEX>{HEADER.format(version=label)}{body}</EDEX>"


def pupil(inner: str, key: str = "1", more: str = "") -> str:
    """A section with one leerling."""
    return f'<leerlingen><leerling key="{key}" {more}><roepnaam>Jip</roepnaam>{inner}</leerling></leerlingen>'


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A function that reads a document of a version."""

    def read(body: str, version: str | None = "2.1", pull: tuple[Stream, ...] = ()) -> dict[Stream, list[Any]]:
        path = tmp_path / "document.xml"
        path.write_text(labelled(body, version), encoding="utf-8")
        source = EdexmlSource(path)
        found: dict[Stream, list[Any]] = {}
        for page in source.pages(SchoolId("99AA00"), Pull(pull or source.capabilities.bundles[0])):
            found.setdefault(page.stream, []).extend(page.items)
        return found

    return read


def test_a_document_says_its_version(tmp_path: Path) -> None:
    """xsdversie, where it is there; without it the document is of the newest version, which reads every older one."""
    path = tmp_path / "document.xml"
    for version in VERSIONS:
        path.write_text(labelled("", f" {version}\n"), encoding="utf-8")
        assert read_header(path).version.name == version
    path.write_text(labelled("", None), encoding="utf-8")
    assert read_header(path).version == NEWEST


@pytest.mark.parametrize("version", ["0.9", "1.0", "1.02", "1.3", "2.2", "3.0", "2", "KANARIE"])
def test_another_version_is_refused_by_the_versions_that_are_read(tmp_path: Path, version: str) -> None:
    """The refusal names the three that are read, and does not repeat what the document says."""
    path = tmp_path / "document.xml"
    path.write_text(labelled(pupil(""), version), encoding="utf-8")
    with pytest.raises(DocumentRefused, match="of another version") as refused:
        read_header(path)
    assert "EDEXML 1.03, 2.0 and 2.1 are read" in refused.value.fix
    assert version not in refused.value.message


@pytest.mark.parametrize(
    "root",
    [
        '<EDEX xmlns="urn:edexml:3">{}</EDEX>',
        '<e:EDEX xmlns:e="urn:edexml:3">{}</e:EDEX>',
        '<leerlinggegevens_antwoord xmlns="http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens"/>',
        "<EDEXML>{}</EDEXML>",
    ],
)
def test_another_root_is_refused_by_the_versions_that_are_read(tmp_path: Path, root: str) -> None:
    """Every version has the root EDEX in no namespace; UWLR's answer, which looks alike, is not read for one."""
    path = tmp_path / "document.xml"
    path.write_text(root.format(HEADER.format(version="") + pupil("")), encoding="utf-8")
    with pytest.raises(DocumentRefused, match="is not EDEXML") as refused:
        read_header(path)
    assert "EDEXML 1.03, 2.0 and 2.1 are read" in refused.value.fix


def test_a_sound_document_of_1_03_is_the_same_in_every_version(told: Told) -> None:
    """What the oldest version can say means the same in each: whoever reads it as another reads no other school."""
    body = (
        '<groepen><groep key="49"><naam>1A</naam><jaargroep>1</jaargroep></groep></groepen>'
        '<leerlingen><leerling key="1"><achternaam>Aa</achternaam><voorvoegsel>v. d.</voorvoegsel>'
        "<roepnaam>An</roepnaam><geboortedatum>2020-09-09</geboortedatum><geslacht>2</geslacht>"
        '<groep key="49"/><land>?</land><sofinummer>111222333</sofinummer><gewicht_nieuw>0,3</gewicht_nieuw>'
        "<gewicht>0.25</gewicht><instroomdatum>2024-09-09</instroomdatum></leerling></leerlingen>"
        '<leerkrachten><leerkracht key="7"><roepnaam>Ria</roepnaam><groepen><groep key="49"/></groepen></leerkracht>'
        "</leerkrachten>"
    )
    first, *others = (told(body, version) for version in (*VERSIONS, None))
    assert [other == first for other in others] == [True, True, True]
    assert {stream: len(them) for stream, them in first.items()} == {
        Stream.LOCATIONS: 0,
        Stream.PUPILS: 1,
        Stream.EMPLOYEES: 1,
        Stream.GROUPS: 1,
        Stream.GROUP_MEMBERSHIPS: 1,
        Stream.GROUP_EMPLOYEES: 1,
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_a_pupil_without_a_year_group_has_its_class_s(told: Told, version: str) -> None:
    """1.03 lets a leerling name a groep or a jaargroep, not both: the class then tells, also who is historic."""
    found = told(
        '<groepen><groep key="a"><naam>A</naam><jaargroep>3</jaargroep></groep>'
        '<groep key="#1"><naam>Oud</naam><jaargroep>H</jaargroep></groep></groepen>'
        '<leerlingen><leerling key="1"><roepnaam>A</roepnaam><groep key="a"/></leerling>'
        '<leerling key="2"><roepnaam>B</roepnaam><groep key="#1"/></leerling>'
        '<leerling key="3"><roepnaam>C</roepnaam><jaargroep>4</jaargroep></leerling>'
        '<leerling key="4"><roepnaam>D</roepnaam></leerling></leerlingen>',
        version,
    )
    assert [one.jaargroep for one in found[Stream.PUPILS]] == ["3", "H", "4", None]
    assert [one.jaargroep for one in found[Stream.GROUP_MEMBERSHIPS]] == ["3", "H"]
    statuses = [READERS[Stream.PUPILS](one).status for one in found[Stream.PUPILS]]
    assert statuses == ["enrolled", "left", "enrolled", "enrolled"]


def test_a_class_never_overrules_what_its_pupil_says(told: Told) -> None:
    """In 2.x a pupil may name both: its own counts, a combination group tells nothing, an unreadable one is none."""
    found = told(
        '<groepen><groep key="c"><naam>C</naam><jaargroep>C</jaargroep></groep>'
        '<groep key="5"><naam>Vijf</naam><jaargroep>5</jaargroep></groep></groepen><leerlingen>'
        + "".join(
            f'<leerling key="{n}"><roepnaam>A</roepnaam>{own}<groep key="{group}"/></leerling>'
            for n, (own, group) in enumerate(
                [
                    ("<jaargroep>4</jaargroep>", "5"),
                    ("<jaargroep>4</jaargroep>", "c"),
                    ("", "c"),
                    ("<jaargroep>C</jaargroep>", "5"),
                    ("<jaargroep>vier</jaargroep>", "5"),
                    ("<jaargroep/>", "5"),
                    ("", "gone"),
                ]
            )
        )
        + "</leerlingen>"
    )
    assert [one.jaargroep for one in found[Stream.PUPILS]] == ["4", "4", None, None, None, "5", None]


def test_two_classes_of_one_key_tell_nothing(told: Told) -> None:
    """Where a key is written for two year groups, a pupil of it has neither."""
    group = '<groep key="a"><naam>A</naam><jaargroep>{}</jaargroep></groep>'
    body = pupil('<groep key="a"/>')
    assert told(f"<groepen>{group.format(3)}{group.format(4)}</groepen>{body}")[Stream.PUPILS][0].jaargroep is None
    assert told(f"<groepen>{group.format(3)}{group.format(3)}</groepen>{body}")[Stream.PUPILS][0].jaargroep == "3"


def test_the_class_tells_also_when_groups_are_not_pulled(told: Told) -> None:
    """A school that shows no groups still knows who is historic."""
    body = '<groepen><groep key="a"><naam>A</naam><jaargroep>H</jaargroep></groep></groepen>' + pupil(
        '<groep key="a"/>'
    )
    found = told(body, "1.03", (Stream.PUPILS,))
    assert [one.jaargroep for one in found[Stream.PUPILS]] == ["H"]
    assert Stream.GROUPS not in found


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_has_its_own_codes_of_a_year_group(told: Told, version: str) -> None:
    """B, D, 14 to 16, V, C and N came with 2.0. A text that is no code is none, and the record stays."""
    tried = [*CODES["2.1"].split(), "9", "10", "17", "groep 4", "04", "P"]
    groups = "".join(
        f'<groep key="{n}"><naam>G{n}</naam><jaargroep>{code}</jaargroep></groep>' for n, code in enumerate(tried)
    )
    found = told(f"<groepen>{groups}</groepen>{pupil('')}", version)[Stream.GROUPS]
    assert len(found) == len(tried)
    assert [one.jaargroep for one in found] == [code if code in CODES[version].split() else None for code in tried]


def test_a_code_in_small_letters_is_the_code(told: Told) -> None:
    """A small h is historic too: of two readings the one that shows less."""
    assert told(pupil("<jaargroep>h</jaargroep>"))[Stream.PUPILS][0].jaargroep == "H"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_eck_id_arrives_in_2_1_only(told: Told, version: str) -> None:
    """Before it there were pilots whose iDs did not last, so a dummy key stays without a surrogate there."""
    body = pupil("", "#1", 'eckid="https://ketenid.nl/pilot/aa"')
    (found,) = told(body, version)[Stream.PUPILS]
    if version == "2.1":
        assert found.key.startswith("eckid:")
    else:
        assert found == Rejection(None, "unstable_key", "@key")


def test_a_key_may_be_256_long_as_in_2_1(told: Told) -> None:
    """Older versions stop at 64 characters; a longer one is a key there all the same."""
    for version in VERSIONS:
        assert len(told(pupil("", "k" * 256), version)[Stream.PUPILS][0].key) == 256


@pytest.mark.parametrize("version", VERSIONS)
def test_the_role_tal_is_read_wherever_it_stands(told: Told, version: str) -> None:
    """It came with 2.1. A role is a word that is shown, so it is never judged by the version."""
    body = '<leerkrachten><leerkracht key="7"><roepnaam>Ria</roepnaam><rol>TAL</rol></leerkracht></leerkrachten>'
    (found,) = told(pupil("") + body, version)[Stream.EMPLOYEES]
    assert READERS[Stream.EMPLOYEES](found).functions == ("TAL",)
