"""What a document carries beside what we read: suppliers' blocks, personal numbers, weights. It changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.sources.edexml.source import EdexmlSource
from mappings.sources.edexml import READERS
from schemas.errors import DocumentRefused
from schemas.ids import SchoolId
from schemas.streams import Pull, Rejection, Stream

CANARY = "Kanarie"
BLOCK = f"""<toevoegingen><blok xsi:type="Onbekend"><code>x</code><brincode>00ZZ</brincode><key>9</key>
<achternaam>{CANARY}</achternaam><roepnaam>{CANARY}</roepnaam><naam>{CANARY}</naam><jaargroep>H</jaargroep>
<uitstroomdatum>2001-01-01</uitstroomdatum><groep key="other"/><samengestelde_groepen><samengestelde_groep key="other"/>
</samengestelde_groepen><vestiging key="other"/><rol>STA</rol><emailadres>{CANARY}@example.org</emailadres>
<leerling key="9"><roepnaam>{CANARY}</roepnaam></leerling><bsn>111222333</bsn></blok><blok/></toevoegingen>
<l:extra xmlns:l="urn:supplier"><l:roepnaam>{CANARY}</l:roepnaam></l:extra><medisch>{CANARY}</medisch>"""
SCHOOL = """<EDEX xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{0}
<school>{0}<schooljaar>2026-2027</schooljaar><peildatum>2026-11-20</peildatum><brincode>99AA</brincode></school>
<vestigingen>{0}<vestiging key="L">{0}<naam>Hoofdgebouw</naam></vestiging></vestigingen>
<groepen>{0}<groep key="g">{0}<naam>A</naam><jaargroep>4</jaargroep>{0}</groep>
<samengestelde_groep key="s">{0}<naam>B</naam></samengestelde_groep></groepen>
<leerlingen>{0}<leerling key="1">{0}<achternaam>Bos</achternaam><roepnaam>Jip</roepnaam>{0}<jaargroep>4</jaargroep>
<groep key="g">{0}</groep><samengestelde_groepen>{0}<samengestelde_groep key="s"/></samengestelde_groepen>
<vestiging key="L"/>{0}<uitstroomdatum/></leerling>{0}</leerlingen>
<leerkrachten><leerkracht key="7">{0}<achternaam>Mol</achternaam><emailadres>m@school.example</emailadres>
<rol>LRK</rol><groepen><groep key="g">{0}</groep>{0}</groepen>{0}</leerkracht></leerkrachten>{0}</EDEX>"""

Told = Callable[[str], dict[Stream, list[Any]]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A function that reads a document."""

    def read(text: str) -> dict[Stream, list[Any]]:
        path = tmp_path / "document.xml"
        path.write_text(text, encoding="utf-8")
        source = EdexmlSource(path)
        found: dict[Stream, list[Any]] = {}
        for page in source.pages(SchoolId("99AA00"), Pull(source.capabilities.bundles[0])):
            found.setdefault(page.stream, []).extend(page.items)
        return found

    return read


def pupil(fields: str, after: str = "") -> str:
    """A document with one leerling."""
    return (
        "<EDEX><school><schooljaar>2026-2027</schooljaar><peildatum>2026-11-20</peildatum><brincode>99AA</brincode>"
        f'</school><leerlingen><leerling key="1">{fields}<roepnaam>Jip</roepnaam>{after}</leerling></leerlingen></EDEX>'
    )


def test_blocks_everywhere_change_nothing(told: Told) -> None:
    """A document with suppliers' blocks in every place gives exactly what it gives without them."""
    bare, full = told(SCHOOL.format("")), told(SCHOOL.format(BLOCK))
    assert full == bare
    assert sum(len(them) for them in full.values()) == 8
    assert not [one for them in full.values() for one in them if isinstance(one, Rejection)]
    assert CANARY not in repr(full)


@pytest.mark.parametrize("kind", ["many elements", "long texts", "deep", "several blocks"])
def test_a_block_of_megabytes_breaks_no_record(told: Told, kind: str) -> None:
    """A photo or a whole dossier in a block, before and behind the fields, leaves its pupil what it is."""
    block = {
        "many elements": "<blok>" + "<x>1</x>" * 400_000 + "</blok>",
        "long texts": f"<blok><foto>{'QUJD' * 700_000}</foto></blok>",
        "deep": "<blok>" + ("<x>" * 100 + "</x>" * 100) * 3_000 + "</blok>",
        "several blocks": f"<blok><foto>{'QUJD' * 30_000}</foto></blok>" * 20,
    }[kind]
    body = f"<toevoegingen>{block}</toevoegingen>"
    found = told(pupil("<achternaam>Bos</achternaam>" + body, body + "<jaargroep>4</jaargroep>"))
    (one,) = found[Stream.PUPILS]
    assert (one.naam.achternaam, one.naam.roepnaam, one.jaargroep) == ("Bos", "Jip", "4")


def test_blocks_without_end_are_still_a_record_too_large(told: Told) -> None:
    """What is skipped leaves an empty element behind; ten thousand of those are no pupil."""
    with pytest.raises(DocumentRefused, match="more than 10000 elements"):
        told(pupil("<toevoegingen/>" * 10_001))


@pytest.mark.parametrize("element", ["bsn", "sofinummer", "onderwijsnummer", "bsn_ondwnr-4", "rijksregisternummer"])
@pytest.mark.parametrize("number", ["111222333", "133456785", "11122233", "٣", "geen", "", "111222333-0", "x" * 500])
def test_no_number_of_a_person_drops_a_pupil_or_is_read(told: Told, element: str, number: str) -> None:
    """Right, failing the elfproef, cut off or no number at all: the pupil is the same as without it."""
    assert told(pupil(f"<{element}>{number}</{element}>")) == told(pupil(""))


def test_two_numbers_of_one_pupil_change_nothing(told: Told) -> None:
    """They exclude each other in the standard; together they are no reason to leave out a child."""
    assert told(pupil("<bsn>111222333</bsn><onderwijsnummer>101222331</onderwijsnummer>")) == told(pupil(""))


@pytest.mark.parametrize("weight", ["0,3", "1,2", "0.25", "0,", "1.000,5", "?", "licht", ""])
def test_a_decimal_comma_is_no_trouble(told: Told, weight: str) -> None:
    """Weights, the only numbers of EDEXML, have a comma or a dot by their element; they are not ours to keep."""
    found = told(pupil(f"<gewicht_nieuw>{weight}</gewicht_nieuw><gewicht>{weight}</gewicht>"))
    assert found == told(pupil(""))


def test_empty_elements_are_as_if_they_were_not_there(told: Told) -> None:
    """A supplier writes every element, filled or not; one group, one role or none of them is a list of that many."""
    empty = (
        "<achternaam/><voorvoegsel></voorvoegsel><voornamen> </voornamen><voorletters-1/><geboortedatum/><geslacht/>"
        "<start_ondw_jgr3/><jaargroep/><groep/><samengestelde_groepen/><vestiging/><bsn/><gewicht_nieuw/><postcodenl/>"
        "<instroomdatum/><uitstroomdatum/><toevoegingen/><mutatiedatum/>"
    )
    assert told(pupil(empty)) == told(pupil(""))
    found = READERS[Stream.PUPILS](told(pupil(empty))[Stream.PUPILS][0])
    assert (found.status, found.birth_on, found.year_group, found.location_key) == ("enrolled", None, None, None)
