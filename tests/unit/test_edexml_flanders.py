"""Documents of Flemish schools: how one is recognised, which school it is of, and what its year groups mean."""

from pathlib import Path
from typing import Any

import pytest

from connector.sources.edexml.source import EdexmlSource, read_header
from mappings.sources.edexml import READERS
from schemas.errors import DocumentRefused, WrongSchool
from schemas.ids import SchoolId
from schemas.streams import Pull, Stream

DOCUMENT = Path(__file__).parents[1] / "data" / "edexml" / "flanders.xml"
SCHOOL = SchoolId("99VL00")
NUMBER = "<instellingsnummer>{}</instellingsnummer>"


def headed(tmp_path: Path, fields: str, version: str = "2.1") -> Path:
    """A document whose header names its school by these fields."""
    path = tmp_path / "document.xml"
    path.write_text(
        f"<EDEX><school><schooljaar>2026-2027</schooljaar><peildatum>2026-11-20</peildatum>{fields}"
        f"<xsdversie>{version}</xsdversie></school></EDEX>",
        encoding="utf-8",
    )
    return path


def read(path: Path, school: SchoolId = SCHOOL, institution: str | None = "12345") -> dict[Stream, list[Any]]:
    source = EdexmlSource(path, institution)
    found: dict[Stream, list[Any]] = {}
    for page in source.pages(school, Pull(source.capabilities.bundles[0])):
        found.setdefault(page.stream, []).extend(READERS[page.stream](one) for one in page.items)
    return found


def test_an_instellingsnummer_makes_a_document_flemish(tmp_path: Path) -> None:
    """It and nothing else: it stands in the place of the BRIN. Leading zeros are not written and do not count."""
    for number, institution in (("12345", "12345"), ("012345", "12345"), ("12", "12"), ("0012", "12")):
        header = read_header(headed(tmp_path, NUMBER.format(number)))
        assert (header.school_id, header.institution) == (None, institution)


def test_a_document_with_a_brin_is_dutch_whatever_else_it_says(tmp_path: Path) -> None:
    """The two exclude each other; of a document with both the BRIN counts, and it must be usable."""
    header = read_header(headed(tmp_path, "<brincode>99AA</brincode>" + NUMBER.format(12345)))
    assert (header.school_id, header.institution) == ("99AA00", None)
    with pytest.raises(DocumentRefused, match="no usable brincode"):
        read_header(headed(tmp_path, "<brincode>?</brincode>" + NUMBER.format(12345)))


@pytest.mark.parametrize("number", ["", "0", "1", "1234567", "12a45", "-12345", "12.345", "٢٢٢٢٢"])
def test_what_is_no_instellingsnummer_names_no_school(tmp_path: Path, number: str) -> None:
    """Two to six digits; anything else is no number, and without a BRIN beside it the document is refused."""
    with pytest.raises(DocumentRefused, match="no usable brincode"):
        read_header(headed(tmp_path, NUMBER.format(number)))


@pytest.mark.parametrize(("version", "is_read"), [("1.03", False), ("2.0", True), ("2.1", True)])
def test_flemish_schools_came_with_2_0(tmp_path: Path, version: str, is_read: bool) -> None:
    """1.03 knows the BRIN only; the refusal says which versions to export as."""
    path = headed(tmp_path, NUMBER.format(12345), version)
    if is_read:
        assert read_header(path).institution == "12345"
        return
    with pytest.raises(DocumentRefused, match="no usable brincode") as refused:
        read_header(path)
    assert "EDEXML 2.0 or 2.1" in refused.value.fix


@pytest.mark.parametrize("institution", [None, "54321", "1234"])
def test_a_flemish_document_is_only_of_the_school_with_its_number(institution: str | None) -> None:
    """Without that number in the settings, or with another, the document is of another school, and says so."""
    source = EdexmlSource(DOCUMENT, institution)
    for ask in (lambda: source.describe(SCHOOL), lambda: next(source.pages(SCHOOL, Pull((Stream.PUPILS,))))):
        with pytest.raises(WrongSchool, match="12345") as wrong:
            ask()
        assert "institution_number" in wrong.value.fix
    assert EdexmlSource(DOCUMENT, "12345").describe(SCHOOL).school == SCHOOL


def test_a_number_does_not_make_a_dutch_document_of_another_school_ours(tmp_path: Path) -> None:
    """A school with a number still needs its own BRIN in a document that has one."""
    path = headed(tmp_path, "<brincode>99AA</brincode>")
    with pytest.raises(WrongSchool, match="99AA00"):
        EdexmlSource(path, "12345").describe(SCHOOL)


def test_flemish_year_groups_keep_their_codes() -> None:
    """The first leerjaar is written 3 and stays 3, as the second kleuterklas is 1 and the first of secundair 11.

    The shift of two is made by who writes the document; making it once more would move every child.
    """
    found = read(DOCUMENT)
    assert [(one.name.call_name, one.year_group, one.status) for one in found[Stream.PUPILS]] == [
        ("Lotte", "3", "enrolled"),
        ("Wout", "6", "enrolled"),
        (None, "H", "left"),
        ("Noor", "1", "enrolled"),
    ]
    assert [(one.name, one.year_groups) for one in found[Stream.GROUPS]] == [
        ("Zwemmen", ()),
        ("Tweede kleuterklas", ("1",)),
        ("1A", ("3",)),
        ("4B", ("6",)),
        ("Eerste middelbaar", ("11",)),
    ]


def test_a_rijksregisternummer_and_a_postnummer_are_not_read() -> None:
    """Neither is in anything that is given; a Belgian postnummer makes no document Flemish."""
    assert [text for text in ("19030412345", "9000") if text in repr(read(DOCUMENT))] == []
