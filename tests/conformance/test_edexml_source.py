"""EDEXML documents as a source, observed through the Source protocol: the official example and our own."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.sources.base import Source
from connector.sources.edexml.source import EdexmlSource, digest, read_header
from mappings.sources.edexml import READERS
from schemas.canonical.people import Name
from schemas.errors import ConfigurationError, SourceRefused, TransientError, WrongSchool
from schemas.ids import SchoolId, SourceKey
from schemas.sources.edexml.header import EdexmlHeader
from schemas.sources.edexml.versions import VERSIONS
from schemas.streams import WHOLE_SCHOOL, Cursor, Description, Page, Pull, Rejection, Scope, Stream

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "edexml"
EXAMPLE = ROOT.parent / "shared" / "standards" / "edexml-2.1" / "EDEXML.Voorbeeld.2.1.xml"
SCHOOL = SchoolId("99AA01")
ALL = EdexmlSource(EXAMPLE).capabilities.bundles[0]
HEADER = "<school><schooljaar>2026-2027</schooljaar><peildatum>2026-11-20</peildatum><brincode>99AA</brincode></school>"

needs_example = pytest.mark.skipif(
    not EXAMPLE.is_file(), reason=f"the official example is not there: {EXAMPLE.parent.name}/{EXAMPLE.name}"
)


def pages(path: Path, school: str, streams: tuple[Stream, ...] = ALL) -> list[Page]:
    return list(EdexmlSource(path).pages(SchoolId(school), Pull(streams)))


def items(path: Path, school: str) -> dict[Stream, list[Any]]:
    found: dict[Stream, list[Any]] = {stream: [] for stream in ALL}
    for page in pages(path, school):
        found[page.stream] += page.items
    return found


def canonical(path: Path, school: str) -> dict[Stream, list[Any]]:
    return {stream: [READERS[stream](one) for one in them] for stream, them in items(path, school).items()}


@needs_example
def test_the_official_example_arrives_completely() -> None:
    """Every record of the official example is an item of its stream, and none is rejected."""
    found = items(EXAMPLE, "99ZZ00")
    assert {stream: len(them) for stream, them in found.items()} == {
        Stream.LOCATIONS: 2,
        Stream.PUPILS: 3,
        Stream.EMPLOYEES: 3,
        Stream.GROUPS: 8,
        Stream.GROUP_MEMBERSHIPS: 3,
        Stream.GROUP_EMPLOYEES: 7,
    }
    assert not [one for them in found.values() for one in them if isinstance(one, Rejection)]


@needs_example
def test_the_official_example_in_our_own_model() -> None:
    """One pupil left in 2014, one has no roepnaam, five groups are plain and three composite."""
    found = canonical(EXAMPLE, "99ZZ00")
    assert [(one.key, one.status, one.enrolled_until) for one in found[Stream.PUPILS]] == [
        ("00001", "enrolled", None),
        ("00002", "enrolled", None),
        ("12345", "left", date(2014, 7, 18)),
    ]
    assert found[Stream.PUPILS][1].name == Name("Ismaël Hassan", "I.H.", None, None, "Assati")
    assert [one.key for one in found[Stream.GROUPS] if one.kind == "class"] == ["001", "002", "003", "GRP4A", "GRP4B"]
    assert [one.key for one in found[Stream.GROUPS] if one.kind == "composite"] == ["sg3", "sg1", "sg2"]
    assert [(one.key, one.group_key) for one in found[Stream.GROUP_MEMBERSHIPS]] == [
        ("00001|GRP4B", "GRP4B"),
        ("00001|sg1", "sg1"),
        ("00001|sg2", "sg2"),
    ]
    assert [(one.employee_key, one.group_key, one.role) for one in found[Stream.GROUP_EMPLOYEES]] == [
        ("LK1", "GRP4A", "other"),
        ("LK2", "002", "other"),
        ("LK2", "sg1", "other"),
        ("LK2", "001", "other"),
        ("LK2", "sg2", "other"),
        ("LK2", "sg3", "other"),
        ("LK3", "GRP4A", "intern"),
    ]


@needs_example
def test_no_personal_number_of_the_official_example_is_given() -> None:
    """Neither the BSN, its last four digits, the land, the weight nor the postcode is in anything emitted."""
    told = repr(pages(EXAMPLE, "99ZZ00")) + repr(canonical(EXAMPLE, "99ZZ00"))
    assert [secret for secret in ("133456785", "2731", "'MA'", "'NL'", "0,3", "6971VB") if secret in told] == []


@needs_example
def test_the_official_example_says_when_it_was_made() -> None:
    """The header gives school, year, day of reference and moment of making, the latter in UTC."""
    made = datetime(2014, 11, 25, 13, 33, 33, tzinfo=UTC)
    assert read_header(EXAMPLE) == EdexmlHeader(
        SchoolId("99ZZ00"), None, 2014, date(2014, 10, 1), made, VERSIONS["2.1"]
    )


def test_a_document_is_a_source() -> None:
    """It has the protocol's members and says that it is a snapshot of all its streams together, parents first."""
    source: Source = EdexmlSource(DATA / "school.xml")
    assert source.dialect == "edexml"
    assert source.capabilities == (
        ((*(stream for stream in Stream if stream in READERS),),),
        False,
        False,
        False,
        frozenset(),
    )
    assert source.describe(SCHOOL) == Description(SCHOOL, "", frozenset(READERS))


def test_every_stream_ends_once_and_in_scope() -> None:
    """Each stream of the pull has one last page; what lives a school year says of which year it speaks."""
    last = [page for page in pages(DATA / "school.xml", SCHOOL) if page.is_last]
    assert [page.stream for page in last] == list(ALL)
    assert {page.stream for page in last if page.scope == Scope(school_year=2026)} == {
        Stream.GROUPS,
        Stream.GROUP_MEMBERSHIPS,
        Stream.GROUP_EMPLOYEES,
    }
    assert all(page.scope in {WHOLE_SCHOOL, Scope(2026)} and page.cursor is None for page in last)


def test_only_the_streams_of_the_pull_are_given() -> None:
    """A stream that was not asked for has no page; what it would have taken to read it stays away too."""
    found = pages(DATA / "school.xml", SCHOOL, (Stream.LOCATIONS, Stream.PUPILS))
    assert [page.stream for page in found] == [Stream.LOCATIONS, Stream.PUPILS]
    assert "Ria" not in repr(found)


def test_a_dummy_is_known_also_when_its_own_stream_is_not_asked_for() -> None:
    """A membership keeps its group's surrogate while the groups themselves are not pulled."""
    found = pages(DATA / "dummies.xml", "99AA00", (Stream.GROUP_MEMBERSHIPS,))
    whole = items(DATA / "dummies.xml", "99AA00")[Stream.GROUP_MEMBERSHIPS]
    assert [page.stream for page in found] == [Stream.GROUP_MEMBERSHIPS]
    assert list(found[0].items) == whole


def test_pages_hold_at_most_five_hundred(tmp_path: Path) -> None:
    """1,001 pupils come in pages of 500, 500 and a last one of 1, and 1,000 in a last page of none."""
    for pupils, sizes in ((1001, [500, 500, 1]), (1000, [500, 500, 0]), (1, [1])):
        body = "".join(f'<leerling key="{n}"><roepnaam>A</roepnaam></leerling>' for n in range(pupils))
        path = tmp_path / f"{pupils}.xml"
        path.write_text(f"<EDEX>{HEADER}<leerlingen>{body}</leerlingen></EDEX>", encoding="utf-8")
        found = pages(path, "99AA00", (Stream.PUPILS,))
        assert [len(page.items) for page in found] == sizes
        assert [page.is_last for page in found] == [False] * (len(sizes) - 1) + [True]


def test_pages_are_given_while_the_document_is_read(tmp_path: Path) -> None:
    """A full page is there before the document's end was seen, and no last page comes after a broken end."""
    body = "".join(f'<leerling key="{n}"><roepnaam>A</roepnaam></leerling>' for n in range(20_000))
    path = tmp_path / "broken.xml"
    path.write_text(f"<EDEX>{HEADER}<leerlingen>{body}", encoding="utf-8")
    given: Iterator[Page] = EdexmlSource(path).pages(SchoolId("99AA00"), Pull((Stream.PUPILS,)))
    seen = [next(given)]
    with pytest.raises(Exception, match="ends before it is complete"):
        seen.extend(given)
    assert len(seen) > 10
    assert not any(page.is_last for page in seen)


def test_a_document_that_changes_while_it_is_read_is_not_believed(tmp_path: Path) -> None:
    """Somebody writes to the file between two pages: no last page, come back later."""
    body = "".join(f'<leerling key="{n}"><roepnaam>A</roepnaam></leerling>' for n in range(501))
    path = tmp_path / "changing.xml"
    path.write_text(f"<EDEX>{HEADER}<leerlingen>{body}</leerlingen></EDEX>", encoding="utf-8")
    given = EdexmlSource(path).pages(SchoolId("99AA00"), Pull((Stream.PUPILS,)))
    next(given)
    with path.open("a", encoding="utf-8") as file:
        file.write("\n")
    with pytest.raises(TransientError):
        next(given)


@pytest.mark.parametrize("school", ["99AA00", "99AA02", "99AB01"])
def test_another_schools_document_is_refused(school: str) -> None:
    """Another BRIN or another site is WrongSchool, by describe and by pages, before any page is given."""
    source = EdexmlSource(DATA / "school.xml")
    with pytest.raises(WrongSchool, match=school):
        source.describe(SchoolId(school))
    with pytest.raises(WrongSchool, match=school):
        next(source.pages(SchoolId(school), Pull(ALL)))


def test_what_a_document_cannot_do_is_refused() -> None:
    """Changes, keys, a cursor and a stream that EDEXML does not carry are refused, not answered with nothing."""
    source = EdexmlSource(DATA / "school.xml")
    with pytest.raises(SourceRefused):
        source.changed(SCHOOL, {})
    for pull in (
        Pull((Stream.PUPILS,), keys=(SourceKey("P1"),)),
        Pull((Stream.PUPILS,), cursor=Cursor("1")),
        Pull((Stream.GUARDIANS,)),
    ):
        with pytest.raises(SourceRefused):
            next(source.pages(SCHOOL, pull))


def test_a_file_that_is_not_there_is_the_callers_mistake(tmp_path: Path) -> None:
    """A missing file and a directory are configuration errors that name the path."""
    for path in (tmp_path / "missing.xml", tmp_path):
        with pytest.raises(ConfigurationError, match=path.name):
            EdexmlSource(path).describe(SCHOOL)


def test_the_digest_is_of_the_bytes(tmp_path: Path) -> None:
    """One byte more is another document."""
    path = tmp_path / "x.xml"
    path.write_bytes(b"abc")
    assert digest(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    path.write_bytes(b"abcd")
    assert digest(path) != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
