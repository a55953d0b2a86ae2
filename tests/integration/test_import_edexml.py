"""EDEXML documents through the pipeline: complete, refused where they must be, and never emptying a school."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import structlog
from sqlalchemy import select

from connector.bookkeeping import ledger, register
from connector.portal.database import Database
from connector.sources.edexml.source import EdexmlSource, digest, read_header
from connector.telemetry import logs
from connector.xml_file import XmlFile
from jobs.import_document import import_document
from jobs.parts import Parts, SchoolPlan
from mappings.sources.edexml import READERS
from schemas.errors import ConfigurationError, ConnectorError, DocumentRefused, TransientError, WrongSchool
from schemas.ids import SchoolId
from schemas.modules import Module
from schemas.runs import RunReport, RunStatus
from schemas.streams import Stream
from schemas.tables.catalogue import METADATA
from tests.builders import this_school_year

SCHOOL = SchoolId("99AA00")
EXAMPLE = Path(__file__).parents[3] / "shared" / "standards" / "edexml-2.1" / "EDEXML.Voorbeeld.2.1.xml"
FLANDERS = Path(__file__).parents[1] / "data" / "edexml" / "flanders.xml"
needs_example = pytest.mark.skipif(
    not EXAMPLE.is_file(), reason=f"the official example is not there: {EXAMPLE.parent.name}/{EXAMPLE.name}"
)


class Desk:
    """A portal fed by documents, with every module open that a document can fill."""

    def __init__(self, url: str, folder: Path) -> None:
        self.database, self.folder, self.count = Database(url), folder, 0
        self.now = datetime(2026, 11, 30, 12, tzinfo=UTC)

    def open(self, school: SchoolId) -> None:
        with self.database.session() as session, session.write() as connection:
            now = self.now - timedelta(days=900)
            register.ensure(connection, school, now, "test")
            for module in (Module.GROEP, Module.MEDEWERKERS):
                register.open_module(connection, school, module, now, "test")

    def file(self, text: str) -> Path:
        self.count += 1
        path = self.folder / f"school-{self.count}.xml"
        path.write_text(text, encoding="utf-8")
        return path

    def take(
        self,
        path: Path,
        school: SchoolId = SCHOOL,
        *,
        source: str = "file",
        dry: bool = False,
        number: str | None = None,
        year: int | None = None,
    ) -> RunReport:
        plan = SchoolPlan(school, "De Regenboog", source, institution=number)
        parts = Parts(self.database, EdexmlSource(path, number), READERS, plan, clock=lambda: self.now)
        return import_document(parts, path, school_year=year, is_dry_run=dry)

    def count_of(self, table: str) -> int:
        with self.database.session() as session, session.read() as connection:
            return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each database."""
    bench = Desk(database_url, tmp_path)
    bench.open(SCHOOL)
    yield bench
    bench.database.dispose()


def document(pupils: int = 5, *, day: str = "2026-11-20", year: str = "2026-2027", brin: str = "99AA") -> str:
    """Write a document of so many pupils in one group, and one pupil known by roepnaam only."""
    children = "".join(
        f'<leerling key="L{number}"><achternaam>Smit{number}</achternaam><geslacht>1</geslacht>'
        f'<jaargroep>4</jaargroep><groep key="G{year}"/></leerling>'
        for number in range(pupils)
    )
    return (
        f"<EDEX><school><schooljaar>{year}</schooljaar><peildatum>{day}</peildatum><brincode>{brin}</brincode>"
        f"</school><groepen><groep key='G{year}'><naam>Vlinders</naam><jaargroep>4</jaargroep></groep></groepen>"
        f"<leerlingen>{children}<leerling key='R'><roepnaam>Jip</roepnaam></leerling></leerlingen></EDEX>"
    )


@needs_example
def test_every_record_of_the_official_example_is_accounted_for(desk: Desk) -> None:
    """3 pupils of whom one left, 8 groups, 2 locations, 3 employees with 7 group links; no BSN in any table."""
    school = SchoolId("99ZZ00")
    desk.open(school)
    report = desk.take(EXAMPLE, school, year=read_header(EXAMPLE).school_year)
    pupils = next(stream for stream in report.streams if stream.stream is Stream.PUPILS)
    assert (pupils.sums.fetched, pupils.sums.added, dict(pupils.gates)) == (3, 2, {"left": 1})
    counted = {table: desk.count_of(table) for table in ("locations", "pupils", "employees", "groups")}
    assert counted == {"locations": 2, "pupils": 2, "employees": 3, "groups": 8}
    assert (desk.count_of("group_memberships"), desk.count_of("group_employees")) == (3, 7)
    assert report.attention == 0
    with desk.database.session() as session, session.read() as connection:
        for table in ("pupils", "employees", "groups", "locations", "group_memberships", "group_employees"):
            rows = repr(connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall())
            assert "133456785" not in rows
            assert "2731" not in rows


def test_the_same_document_twice_changes_nothing(desk: Desk) -> None:
    """A document that was imported already is all unchanged."""
    path = desk.file(document())
    assert desk.take(path).status is RunStatus.DONE
    again = desk.take(path)
    assert all(stream.sums.added == stream.sums.altered == stream.sums.missing == 0 for stream in again.streams)


def test_a_pupil_who_is_no_longer_in_a_complete_document_goes(desk: Desk) -> None:
    """One of 21 pupils is absent from the next document: the row goes, the others stay."""
    desk.take(desk.file(document(20)))
    report = desk.take(desk.file(document(19, day="2026-11-21")))
    assert (desk.count_of("pupils"), desk.count_of("group_memberships"), report.held) == (20, 19, 0)


def test_a_document_with_half_the_pupils_is_held(desk: Desk) -> None:
    """Half of the pupils vanish from a document that claims to be complete: nobody goes, a person decides."""
    desk.take(desk.file(document(20)))
    report = desk.take(desk.file(document(10, day="2026-11-21")))
    assert (desk.count_of("pupils"), report.attention > 0) == (21, True)


def test_the_next_school_year_leaves_the_groups_of_the_last_one(desk: Desk) -> None:
    """A document speaks of one school year; groups and memberships of another year cannot go missing by it."""
    desk.now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    desk.take(desk.file(document(year="2025-2026", day="2026-06-01")))
    desk.now = datetime(2026, 9, 1, 12, tzinfo=UTC)
    desk.take(desk.file(document(year="2026-2027", day="2026-09-01")))
    assert (desk.count_of("groups"), desk.count_of("group_memberships")) == (2, 10)


def test_an_older_document_is_refused(desk: Desk) -> None:
    """A document older than the last one changes nothing."""
    desk.take(desk.file(document()))
    with pytest.raises(DocumentRefused, match="newest export"):
        desk.take(desk.file(document(3, day="2026-10-01")))
    assert desk.count_of("pupils") == 6


def test_a_document_that_changed_while_it_was_read_is_not_remembered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it was applied: the run is incomplete, and neither its bytes nor its date are taken for imported."""
    desk.take(desk.file(document(day="2026-11-01")))
    path = desk.file(document(5))

    def changed(_file: XmlFile) -> None:
        raise TransientError("changed")

    with monkeypatch.context() as patch:
        patch.setattr(XmlFile, "check_unchanged", changed)
        assert desk.take(path).status is RunStatus.INCOMPLETE
    with desk.database.session() as session, session.read() as connection:
        assert ledger.imported_at(connection, SCHOOL, digest(path)) is None
    desk.take(desk.file(document(day="2026-11-02")))
    assert desk.take(path).status is RunStatus.DONE
    with desk.database.session() as session, session.read() as connection:
        assert ledger.imported_at(connection, SCHOOL, digest(path)) is not None


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Our log at debug, and what is printed."""
    library = logging.getLogger()
    before = (library.handlers[:], library.level, logging.raiseExceptions)
    logs.configure("debug", "json")
    yield capfd
    library.handlers[:], level, logging.raiseExceptions = before
    library.setLevel(level)
    structlog.reset_defaults()


def test_no_personal_number_is_kept_or_told(desk: Desk, told: pytest.CaptureFixture[str]) -> None:
    """Sound, failing the elfproef, twice or in a block: every pupil arrives, and no number is in a table or a log."""
    numbers = {
        "bsn": "111222333",
        "sofinummer": "133456785",
        "onderwijsnummer": "101222331",
        "bsn_ondwnr-4": "8877665544",
        "rijksregisternummer": "99112233445",
    }
    pupils = "".join(
        f'<leerling key="P{at}"><roepnaam>A</roepnaam><{name}>{number}</{name}><bsn>{number}</bsn>'
        f"<toevoegingen><blok><{name}>{number}</{name}></blok></toevoegingen></leerling>"
        for at, (name, number) in enumerate(numbers.items())
    )
    report = desk.take(desk.file(document(0).replace("<leerlingen>", f"<leerlingen>{pupils}")))
    assert (desk.count_of("pupils"), report.quarantined) == (len(numbers) + 1, 0)
    with desk.database.session() as session, session.read() as connection:
        kept = repr([connection.execute(select(table)).all() for table in METADATA.sorted_tables])
    said = "".join(told.readouterr())
    assert "stream_applied" in said
    assert [number for number in numbers.values() if number in kept + said + repr(report)] == []


def test_every_document_is_remembered_by_its_bytes(desk: Desk) -> None:
    """Not only the newest, for its own school only, and not after a dry run."""
    first, second = desk.file(document()), desk.file(document(day="2026-11-21"))
    desk.take(first, dry=True)
    seen = []
    for path in (first, second):
        desk.take(path)
        seen.append(digest(path))
    with desk.database.session() as session, session.read() as connection:
        assert all(ledger.imported_at(connection, SCHOOL, one) for one in seen)
        assert ledger.imported_at(connection, SchoolId("99BB00"), seen[0]) is None
        assert ledger.imported_at(connection, SCHOOL, "0" * 64) is None


def test_another_schools_document_is_refused(desk: Desk) -> None:
    """The document's own BRIN must be the school asked for."""
    with pytest.raises(WrongSchool, match="99BB00"):
        desk.take(desk.file(document(brin="99BB")))
    assert desk.count_of("pupils") == 0


def test_a_flemish_school_is_fed_by_its_number(desk: Desk) -> None:
    """Its document names no BRIN: with the number in the settings it arrives, without it nothing does."""
    school = SchoolId("99VL00")
    desk.open(school)
    with pytest.raises(WrongSchool, match="instellingsnummer 12345"):
        desk.take(FLANDERS, school, year=read_header(FLANDERS).school_year)
    assert desk.count_of("pupils") == 0
    report = desk.take(FLANDERS, school, number="12345", year=read_header(FLANDERS).school_year)
    pupils = next(stream for stream in report.streams if stream.stream is Stream.PUPILS)
    assert (pupils.sums.added, dict(pupils.gates), report.attention) == (3, {"left": 1}, 0)
    assert (desk.count_of("groups"), desk.count_of("group_memberships")) == (5, 4)


def test_a_document_of_1_03_feeds_a_school(desk: Desk) -> None:
    """Its pupils name a class or a year group; who is in the historic class is not shown."""
    path = desk.file(
        "<EDEX><school><schooljaar>2026-2027</schooljaar><brincode>99AA</brincode>"
        "<aanmaakdatum>2026-11-20T12:00:00</aanmaakdatum><xsdversie>1.03</xsdversie></school>"
        '<groepen><groep key="1"><naam>Drie</naam><jaargroep>3</jaargroep></groep>'
        '<groep key="2"><naam>Oud-leerlingen</naam><jaargroep>H</jaargroep></groep></groepen>'
        '<leerlingen><leerling key="1"><roepnaam>An</roepnaam><groep key="1"/></leerling>'
        '<leerling key="2"><roepnaam>Bo</roepnaam><groep key="2"/></leerling></leerlingen></EDEX>'
    )
    report = desk.take(path)
    pupils = next(stream for stream in report.streams if stream.stream is Stream.PUPILS)
    assert (pupils.sums.added, dict(pupils.gates)) == (1, {"left": 1})
    with desk.database.session() as session, session.read() as connection:
        assert connection.exec_driver_sql("SELECT id, year_group FROM pupils").fetchall() == [("1", "3")]


def test_an_older_version_that_has_no_locations_takes_none_away(desk: Desk) -> None:
    """1.03 cannot name a vestiging: after a document of 2.1 that did, the brake asks a person before any goes."""
    named = document().replace(
        "</school>", '</school><vestigingen><vestiging key="V"><naam>Hoofdgebouw</naam></vestiging></vestigingen>'
    )
    desk.take(desk.file(named))
    old = document(day="2026-11-21").replace("</school>", "<xsdversie>1.03</xsdversie></school>")
    report = desk.take(desk.file(old))
    assert (desk.count_of("locations"), report.held) == (1, 1)


def test_leavers_are_shown_as_long_as_the_school_lets_them(desk: Desk) -> None:
    """The last day, its grace of 14 days, the first day: windows by the document's days; historic ones never show."""
    desk.now = datetime.now(UTC)
    today = datetime.now(ZoneInfo("Europe/Amsterdam")).date()

    def pupil(key: str, coming: int | None, going: int | None, jaargroep: str = "4") -> str:
        days = [
            f"<{name}>{today + timedelta(days=ahead)}</{name}>"
            for name, ahead in (("instroomdatum", coming), ("uitstroomdatum", going))
            if ahead is not None
        ]
        fields = f"<roepnaam>A</roepnaam><jaargroep>{jaargroep}</jaargroep>{''.join(days)}"
        return f'<leerling key="{key}">{fields}</leerling>'

    children = [
        pupil("stays", -100, None),
        pupil("last day", None, 0),
        pupil("in grace", None, -14),
        pupil("past grace", None, -15),
        pupil("comes", 30, None),
        pupil("historic", None, None, "H"),
        pupil("historic in grace", None, -3, "H"),
        pupil("historic ahead", None, 3, "H"),
    ]
    report = desk.take(
        desk.file(
            f"<EDEX><school><schooljaar>{this_school_year()}</schooljaar><peildatum>{today}</peildatum><brincode>99AA</brincode>"
            f"</school><leerlingen>{''.join(children)}</leerlingen></EDEX>"
        )
    )
    with desk.database.session() as session, session.read() as connection:
        rows = connection.exec_driver_sql("SELECT id, enrolled_from, enrolled_until FROM pupils").fetchall()
    assert {row[0] for row in rows} == {"stays", "last day", "in grace", "comes", "historic in grace"}
    pupils = next(stream for stream in report.streams if stream.stream is Stream.PUPILS)
    assert dict(pupils.gates) == {"left": 3}


def test_a_school_fed_by_another_source_is_refused(desk: Desk) -> None:
    """Two sources never write the same school: their keys do not match."""
    desk.take(desk.file(document()))
    with pytest.raises(ConfigurationError, match="fed by source"):
        desk.take(desk.file(document(day="2026-11-21")), source="other")


BAD = {
    "empty": "",
    "truncated": document()[:600],
    "no pupils": document().split("<leerlingen>")[0] + "<leerlingen></leerlingen></EDEX>",
    "billion laughs": '<!DOCTYPE EDEX [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + document(),
    "html": "<html><body>Inloggen</body></html>",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_document_that_cannot_be_trusted_changes_nothing(desk: Desk, kind: str) -> None:
    """Empty, truncated, without pupils, hostile or no EDEXML at all: refused, and every row stays."""
    desk.take(desk.file(document()))
    with pytest.raises(ConnectorError):
        desk.take(desk.file(BAD[kind]))
    assert desk.count_of("pupils") == 6


def test_a_dry_run_of_a_document_writes_nothing(desk: Desk) -> None:
    """A dry run tells the sums of the real one and leaves the portal empty."""
    path = desk.file(document())
    dry = desk.take(path, dry=True)
    assert desk.count_of("pupils") == 0
    wet = desk.take(path)
    assert [stream.sums.added for stream in dry.streams] == [stream.sums.added for stream in wet.streams]
