"""Documents that are broken, cut off, far too large or meant to do harm."""

import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from connector.sources.edexml.source import EdexmlSource
from schemas.errors import DocumentRefused, WrongSchool
from schemas.ids import SchoolId
from schemas.streams import Page, Pull, Stream

ROOT = Path(__file__).parents[2]
SOUND = ROOT / "tests" / "data" / "edexml" / "school.xml"
HEADER = "<school><schooljaar>2026-2027</schooljaar><peildatum>2026-11-20</peildatum><brincode>99AA</brincode></school>"
PUPILS = '<leerlingen><leerling key="1"><roepnaam>Geheim</roepnaam></leerling></leerlingen>'
CANARY = "KANARIE-111222333"

# Not ru_maxrss: that starts with what the parent had when it forked.
MEASURED = r"""
import re, sys
from pathlib import Path
from connector.sources.edexml.source import EdexmlSource
from schemas.ids import SchoolId
from schemas.streams import Pull
source = EdexmlSource(Path(sys.argv[1]))
items = sum(len(page.items) for page in source.pages(SchoolId("99AA00"), Pull(source.capabilities.bundles[0])))
print(items, int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def pages(path: Path, school: str = "99AA00", max_bytes: int = 1 << 29) -> list[Page]:
    source = EdexmlSource(path, max_bytes=max_bytes)
    return list(source.pages(SchoolId(school), Pull(source.capabilities.bundles[0])))


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "document.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path: Path) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught:
        pages(path)
    assert caught.value.fix
    assert path.name in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "is empty"),
        ("   \n", "is not XML"),
        ("\ufeff", "is not XML"),
        ("BEGIN:VCARD\nFN:KANARIE-111222333\n", "is not XML"),
        ('{"leerlingen": ["KANARIE-111222333"]}', "is not XML"),
        ("PK\x03\x04KANARIE-111222333", "is not XML"),
        ("<html><body>KANARIE-111222333</body></html>", "root element is not EDEX"),
        (f"<edex>{HEADER}{PUPILS}</edex>", "root element is not EDEX"),
        (f"<EDEX>{HEADER}{PUPILS}</EDEX><EDEX/>", "something after its root element"),
        (f"<EDEX>{HEADER}{PUPILS}</EDEX>KANARIE-111222333", "something after its root element"),
        (f"<EDEX>{PUPILS}</EDEX>", "no school header"),
        ("<EDEX/>", "no school header"),
        (f"<EDEX>{HEADER}</EDEX>", "no pupil"),
        (f"<EDEX>{HEADER}<leerlingen/></EDEX>", "no pupil"),
        (f"<EDEX>{HEADER}<leerlingen><kind key='KANARIE-111222333'/></leerlingen></EDEX>", "no pupil"),
        (f"<EDEX>{HEADER}{PUPILS}{HEADER}</EDEX>", "more than one school header"),
        (f"<EDEX>{HEADER}{PUPILS}</KANARIE-111222333>", "not well-formed"),
        (f"<EDEX>{HEADER}{PUPILS}<KANARIE-111222333 a=1/></EDEX>", "not well-formed"),
        (f"<EDEX>{HEADER}{PUPILS}\n&KANARIE-111222333;</EDEX>", "refers to an entity"),
        (f"<EDEX>{HEADER}{PUPILS}<a x='&KANARIE-111222333;'/></EDEX>", "refers to an entity"),
        (f"<EDEX>{HEADER}{PUPILS}<a KANARIE-111222333:type='x'/></EDEX>", "namespace prefix"),
        (f"<EDEX>{HEADER}{PUPILS}\0KANARIE-111222333</EDEX>", "character that XML does not allow"),
        (f"<EDEX>{HEADER}{PUPILS}&#0;KANARIE-111222333</EDEX>", "character that XML does not allow"),
        ('<?xml version="1.0" encoding="KANARIE-111222333"?><EDEX/>', "encoding that is not known"),
    ],
)
def test_what_is_no_sound_document_is_refused_without_quoting_it(tmp_path: Path, content: str, what: str) -> None:
    """The refusal says what is wrong and what to do; neither it nor its traceback repeats the document."""
    error = refused(written(tmp_path, content))
    assert what in error.message
    assert CANARY not in "".join(traceback.format_exception(error))
    assert "Geheim" not in "".join(traceback.format_exception(error))
    assert error.__context__ is None


def test_a_refusal_says_in_which_line(tmp_path: Path) -> None:
    """A person can find the place."""
    assert "line 4" in refused(written(tmp_path, f"<EDEX>\n{HEADER}\n{PUPILS}\n</x></EDEX>")).message


BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "doctype",
    [
        f'<!DOCTYPE EDEX [<!ENTITY l0 "lol">{BOMB}]>',
        '<!DOCTYPE EDEX [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE EDEX [<!ENTITY % x SYSTEM "http://192.0.2.1/x.dtd"> %x;]>',
        '<!DOCTYPE EDEX SYSTEM "http://192.0.2.1/x.dtd">',
        '<!DOCTYPE EDEX PUBLIC "-//X//Y" "x.dtd">',
        "<!DOCTYPE EDEX>",
        '<!DOCTYPE EDEX [<!ENTITY x "quiet">]>',
    ],
    ids=["billion laughs", "external entity", "parameter entity", "system", "public", "bare", "internal entity"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("padding", [0, 10_000])
def test_a_document_type_declaration_is_refused(tmp_path: Path, doctype: str, encoding: str, padding: int) -> None:
    """With or without entities, in any encoding, also far behind a comment: refused before an entity is read."""
    comment = f"<!--{' ' * padding}-->" if padding else ""
    body = f'{comment}{doctype}<EDEX a="&l11;">{HEADER}&x;&l11;{PUPILS}</EDEX>'
    assert "DOCTYPE" in refused(written(tmp_path, body.encode(encoding))).message


@pytest.mark.parametrize("trouble", ["&onbekend;", "</x>", "<x:y/>", "\0"])
def test_a_second_document_is_not_taken_for_the_rest_of_the_first(tmp_path: Path, trouble: str) -> None:
    """After a fault the reading stops, also where a sound document begins at the next piece that is read."""
    first = f"<EDEX>{HEADER}{PUPILS}{trouble}"
    second = f"<EDEX>{HEADER}{PUPILS}</EDEX>"
    for size in (4096, 65_536, 131_072):
        source = EdexmlSource(written(tmp_path, first.ljust(size) + second))
        seen: list[Page] = []
        with pytest.raises(DocumentRefused, match="line 1"):
            seen += source.pages(SchoolId("99AA00"), Pull((Stream.PUPILS,)))
        assert seen == []


def test_a_document_cut_off_anywhere_has_no_last_page(tmp_path: Path) -> None:
    """Cut at every 200th byte, and at each of the last 40, it is refused and no stream was ever complete."""
    whole = SOUND.read_bytes().rstrip()
    cuts = [*range(0, len(whole), 200), *range(len(whole) - 40, len(whole))]
    for cut in cuts:
        source = EdexmlSource(written(tmp_path, whole[:cut]))
        seen: list[Page] = []
        with pytest.raises(DocumentRefused):
            seen += source.pages(SchoolId("99AA01"), Pull((Stream.PUPILS, Stream.GROUPS)))
        assert not any(page.is_last for page in seen)
    assert len(cuts) >= 60
    assert pages(written(tmp_path, whole), "99AA01")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-8-sig"])
def test_other_encodings_are_read_when_they_are_what_they_say(tmp_path: Path, encoding: str) -> None:
    """A document in another encoding that says so is the same document."""
    declared = {"utf-8-sig": "utf-8", "latin-1": "iso-8859-1"}.get(encoding, "utf-16")
    mark = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""
    text = f'{mark}<?xml version="1.0" encoding="{declared}"?><EDEX>{HEADER}{PUPILS.replace("Geheim", "Zoë")}</EDEX>'
    (pupil,) = next(page for page in pages(written(tmp_path, text.encode(encoding))) if page.stream == "pupils").items
    assert pupil.naam.roepnaam == "Zoë"


@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0" encoding="UTF-8"?>'])
def test_latin_1_that_says_it_is_utf_8_is_refused(tmp_path: Path, declaration: str) -> None:
    """Letters are never guessed: the refusal names the encoding."""
    text = f"{declaration}<EDEX>{HEADER}{PUPILS.replace('Geheim', 'Zoë')}</EDEX>"
    assert "encoding" in refused(written(tmp_path, text.encode("latin-1"))).message


def test_a_file_larger_than_allowed_is_not_read(tmp_path: Path) -> None:
    """The limit is looked at before anything is parsed."""
    path = written(tmp_path, f"<EDEX>{HEADER}{PUPILS}</EDEX>")
    assert pages(path, max_bytes=path.stat().st_size)
    with pytest.raises(DocumentRefused, match="larger than"):
        pages(path, max_bytes=path.stat().st_size - 1)


def test_another_schools_broken_document_gives_nothing(tmp_path: Path) -> None:
    """The header is looked at first: nothing of another school's pupils is given."""
    with pytest.raises(WrongSchool):
        pages(SOUND, "99ZZ00")


TOO_MUCH = {
    "children": lambda: f"<leerlingen><leerling key='2'>{'<x/>' * 2_000_000}</leerling></leerlingen>",
    "roles": lambda: f"<leerkrachten><leerkracht key='2'>{'<rol>A</rol>' * 700_000}</leerkracht></leerkrachten>",
    "text": lambda: f"<leerlingen><leerling key='2'><roepnaam>{'x' * 8_000_000}</roepnaam></leerling></leerlingen>",
    "key": lambda: f"<leerlingen><leerling key='{'x' * 8_000_000}'/></leerlingen>",
    "attributes": lambda: "<vreemd " + " ".join(f"a{n}=''" for n in range(700_000)) + "/>",
    "depth": lambda: f"{'<a>' * 100_000}{'</a>' * 100_000}",
    "dummies": lambda: "<groepen>" + "".join(f"<groep key='#{n}'><naam>A</naam></groep>" for n in range(20_000)),
}


@pytest.mark.parametrize("kind", TOO_MUCH)
def test_one_record_cannot_fill_the_memory(tmp_path: Path, kind: str) -> None:
    """What would have to be held as a whole is refused when it grows out of all proportion."""
    error = refused(written(tmp_path, f"<EDEX>{HEADER}{TOO_MUCH[kind]()}{PUPILS}</EDEX>"))
    assert "more than" in error.message or kind == "depth"


AROUND = {
    "school": ("<leerlingen>", "</leerlingen>"),
    "unknown section": (f"{PUPILS}<vreemd>", "</vreemd>"),
    "one block": (
        "<leerlingen><leerling key='1'><toevoegingen>",
        "</toevoegingen><roepnaam>Jip</roepnaam></leerling></leerlingen>",
    ),
}
"""What stands before and after fifty megabytes of pupils."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process its peak in /proc")
@pytest.mark.parametrize("kind", ["school", "unknown section", "one block"])
def test_fifty_megabytes_are_read_in_little_memory(tmp_path: Path, kind: str) -> None:
    """A process that reads a document of 50 MB stays under 120 MB, and gives every record."""
    path = tmp_path / "large.xml"
    pupil = (
        '<leerling key="p{n}"><achternaam>Jansen</achternaam><voorvoegsel>van</voorvoegsel><roepnaam>Jan</roepnaam>'
        "<geboortedatum>2019-01-02</geboortedatum><geslacht>1</geslacht><jaargroep>4</jaargroep>"
        '<groep key="g1"/><bsn>111222333</bsn><postcodenl>1234AB</postcodenl>'
        "<toevoegingen><blok><code>{padding}</code></blok></toevoegingen></leerling>\n"
    )
    padding = "x" * 300
    count = 50_000_000 // len(pupil.format(n=1, padding=padding))
    with path.open("w", encoding="utf-8") as file:
        before, after = AROUND[kind]
        file.write(f"<EDEX>{HEADER}{before}")
        file.writelines(pupil.format(n=n, padding=padding) for n in range(count))
        file.write(f"{after}</EDEX>")
    assert path.stat().st_size > 50_000_000
    command = [sys.executable, "-c", MEASURED, str(path)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    items, megabytes = map(int, answer)
    assert items == (2 * count if kind == "school" else 1)
    assert megabytes < 120
