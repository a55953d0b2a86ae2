"""A watched folder through the pipeline: each document once, oldest first, and nothing lost whatever breaks off."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.bookkeeping import leases
from connector.inbox import DONE, FAILED, Inbox, Sightings
from connector.portal.database import Database
from connector.sources.edexml.source import EdexmlSource
from connector.xml_file import XmlFile
from jobs.import_document import import_document
from jobs.import_folder import Desk, Fate, Taken, take_all, unsettled
from jobs.parts import Parts, SchoolPlan
from mappings.sources.edexml import READERS
from schemas.errors import (
    ConfigurationError,
    DatabaseUnavailable,
    LeaseHeld,
    LeaseLost,
    PolicyMoved,
    StopRequested,
    TransientError,
    WrongSchool,
)
from schemas.ids import SchoolId
from schemas.runs import RunReport

SCHOOL, OTHER, FLEMISH = SchoolId("99AA00"), SchoolId("99BB00"), SchoolId("99VL00")
SCHOOLS = {SCHOOL: None, OTHER: None, FLEMISH: "12345"}
FLANDERS = Path(__file__).parents[1] / "data" / "edexml" / "flanders.xml"
CANARY = "Kanarievogel"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def document(day: str = "2026-11-20", *, brin: str = "99AA", pupils: int = 3, more: str = "") -> str:
    """A document of that day with so many pupils, all of them with a name that must be in no reason."""
    children = "".join(
        f'<leerling key="L{number}"><achternaam>{CANARY}</achternaam><jaargroep>4</jaargroep>'
        "<bsn>111222333</bsn></leerling>"
        for number in range(pupils)
    )
    return (
        f"<EDEX><school><schooljaar>2026-2027</schooljaar><peildatum>{day}</peildatum><brincode>{brin}</brincode>"
        f"</school><leerlingen>{children}{more}</leerlingen></EDEX>"
    )


class Folder:
    """A watched folder and the portal it feeds."""

    def __init__(self, url: str, folder: Path) -> None:
        self.database, self.path = Database(url), folder
        folder.mkdir()
        self.inbox = Inbox(folder)
        self.inbox.prepare()
        self.sightings = Sightings()
        self.imports: list[str] = []
        self.before_import: Callable[[], None] = lambda: None

    def import_one(self, school: SchoolId, path: Path) -> RunReport:
        self.imports.append(path.name)
        self.before_import()
        plan = SchoolPlan(school, "De Regenboog", "files", institution=SCHOOLS[school])
        source = EdexmlSource(path, SCHOOLS[school])
        parts = Parts(self.database, source, READERS, plan, clock=lambda: NOW)
        return import_document(parts, path)

    def desk(self, *, settle: float = 0, stop: Callable[[], bool] = lambda: False) -> Desk:
        return Desk(
            self.inbox, self.database, SCHOOLS, self.import_one, lambda _report: ["advice"], settle, should_stop=stop
        )

    def put(self, name: str, content: str) -> Path:
        path = self.path / name
        path.write_text(content, encoding="utf-8")
        return path

    def take(self) -> dict[str, Taken]:
        """Look once; give what became of each file, in the order in which they were taken."""
        return {taken.name: taken for taken in take_all(self.desk(), self.sightings)}

    def fates(self) -> dict[str, Fate]:
        return {name: taken.fate for name, taken in self.take().items()}

    def files(self, where: str = "") -> list[str]:
        return sorted(path.name for path in (self.path / where).iterdir() if path.name not in {DONE, FAILED})

    def reason(self, name: str, where: str) -> str:
        return (self.path / where / f"{name}.reason.txt").read_text(encoding="utf-8")

    def count(self, table: str, school: SchoolId = SCHOOL) -> int:
        with self.database.session() as session, session.read() as connection:
            counted = text(f"SELECT count(*) FROM {table} WHERE school_id = :school")
            return int(connection.execute(counted, {"school": school}).scalar_one())


@pytest.fixture
def folder(database_url: str, tmp_path: Path) -> Iterator[Folder]:
    """A folder on each database."""
    found = Folder(database_url, tmp_path / "in")
    yield found
    found.database.dispose()


def test_a_document_is_imported_and_goes_to_done_with_its_story(folder: Folder) -> None:
    """The portal has the school; the reason tells day, run, sums, digest and advice, and names no pupil."""
    folder.put("school.xml", document(more="<leerling key='#9'><roepnaam>Zonder</roepnaam></leerling>"))
    taken = folder.take()["school.xml"]
    assert (taken.fate, taken.school, taken.moved_to) == (Fate.IMPORTED, SCHOOL, "done/school.xml")
    assert (folder.files(), folder.files(DONE)) == ([], ["school.xml", "school.xml.reason.txt"])
    assert folder.count("pupils") == 3
    told = folder.reason("school.xml", DONE)
    assert taken.report is not None
    for words in ("imported", "99AA00", "2026-11-20", "EDEXML 2.1", taken.report.run_id, "pupils: 4 read", "advice"):
        assert words in told
    for secret in (CANARY, "111222333", "Zonder", "L1"):
        assert secret not in told


def test_a_copy_is_known_by_its_bytes(folder: Folder) -> None:
    """Under another name, at once, later, and after a newer one came in: it goes to done and nothing is imported."""
    folder.put("a.xml", document())
    folder.put("b.xml", document())
    assert folder.fates() == {"a.xml": Fate.IMPORTED, "b.xml": Fate.KNOWN}
    folder.put("newer.xml", document("2026-11-21", pupils=4))
    assert folder.fates() == {"newer.xml": Fate.IMPORTED}
    folder.put("a.xml", document())
    assert folder.take()["a.xml"].moved_to == "done/a-2.xml"
    assert folder.imports == ["a.xml", "newer.xml"]
    assert folder.count("pupils") == 4
    assert "exactly these bytes was imported" in folder.reason("b.xml", DONE)


def test_the_same_bytes_feed_each_school_for_itself(folder: Folder) -> None:
    """What one school was fed by says nothing of another; each document finds its own school, a Flemish one too."""
    folder.put("a.xml", document())
    folder.put("b.xml", document(brin="99BB"))
    shutil.copyfile(FLANDERS, folder.path / "vlaams.xml")
    schools = {name: taken.school for name, taken in folder.take().items()}
    assert schools == {"a.xml": SCHOOL, "b.xml": OTHER, "vlaams.xml": FLEMISH}
    assert [folder.count("pupils", school) for school in SCHOOLS] == [3, 3, 3]


def test_the_oldest_document_is_taken_first(folder: Folder) -> None:
    """Whatever their names and times of arrival: the newest is the last word."""
    for name, day, pupils in (("a.xml", "2026-11-22", 3), ("b.xml", "2026-11-20", 4), ("c.xml", "2026-11-21", 5)):
        folder.put(name, document(day, pupils=pupils))
    assert list(folder.take()) == ["b.xml", "c.xml", "a.xml"]
    assert folder.imports == ["b.xml", "c.xml", "a.xml"]


def test_a_document_older_than_the_last_is_refused_with_its_reason(folder: Folder) -> None:
    """It comes too late: it goes to failed, the portal stays as it is."""
    folder.put("new.xml", document("2026-11-21"))
    folder.take()
    folder.put("late.xml", document("2026-11-20", pupils=5))
    assert folder.fates() == {"late.xml": Fate.REFUSED}
    assert folder.files(FAILED) == ["late.xml", "late.xml.reason.txt"]
    told = folder.reason("late.xml", FAILED)
    assert "already has one of" in told
    assert "newest export" in told
    assert folder.count("pupils") == 3


BAD = {
    "empty.xml": ("", "is empty"),
    "text.txt": ("Beste ouders", "is not XML"),
    "cut.xml": (document()[:-40], "ends before it is complete"),
    "none.xml": (document(pupils=0), "holds no pupil"),
    "version.xml": (document().replace("</school>", "<xsdversie>3.0</xsdversie></school>"), "EDEXML 1.03, 2.0 and 2.1"),
    "whose.xml": (document(brin="99CC"), "99CC00"),
    "flemish.xml": (
        document().replace("<brincode>99AA</brincode>", "<instellingsnummer>99999</instellingsnummer>"),
        "instellingsnummer 99999",
    ),
    "bomb.xml": ('<!DOCTYPE EDEX [<!ENTITY a "ha">]>' + document(), "DOCTYPE"),
}


def test_what_cannot_be_read_goes_to_failed_and_the_others_have_their_turn(folder: Folder) -> None:
    """Each bad file has a reason with what to do and no word of the document; the good one between them arrives."""
    for name, (content, _what) in BAD.items():
        folder.put(name, content)
    folder.put("good.xml", document())
    fates = folder.fates()
    assert fates == {**dict.fromkeys(BAD, Fate.REFUSED), "good.xml": Fate.IMPORTED}
    for name, (_content, what) in BAD.items():
        told = folder.reason(name, FAILED)
        assert what in told
        assert "What to do: " in told
        assert CANARY not in told
    assert folder.files() == []
    assert folder.count("pupils") == 3


def test_what_is_no_file_is_put_away_unopened(folder: Folder, tmp_path: Path) -> None:
    """A link to a document elsewhere is not imported, a pipe does not make us wait, a folder is left alone."""
    outside = tmp_path / "outside.xml"
    outside.write_text(document(), encoding="utf-8")
    (folder.path / "link.xml").symlink_to(outside)
    os.mkfifo(folder.path / "pipe.xml")
    (folder.path / "map.xml").mkdir()
    assert folder.fates() == {"link.xml": Fate.REFUSED, "pipe.xml": Fate.REFUSED}
    assert folder.files() == ["map.xml"]
    assert folder.count("pupils") == 0
    assert outside.is_file()


def test_a_file_that_may_not_be_read_says_so(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes to failed with the system's word for it."""
    folder.put("closed.xml", document())

    def denied(_path: Path, *_given: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.open", denied)
        patch.setattr("connector.inbox._write_new", lambda path, reason: bool(os.write(_new(path), reason.encode())))
        assert folder.fates() == {"closed.xml": Fate.REFUSED}
    assert "Permission denied" in folder.reason("closed.xml", FAILED)


def _new(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)


def test_a_file_that_is_still_being_written_is_left_alone(folder: Folder) -> None:
    """As long as it changes it is not even opened; when it has rested it is imported whole."""
    content, now = document(), datetime.now(UTC) - timedelta(days=1)
    path = folder.put("slow.xml", content[:100])
    sightings = Sightings()

    def at(seconds: int) -> Desk:
        return folder.desk(settle=10)._replace(clock=lambda: now + timedelta(seconds=seconds))

    for seconds, length in ((0, 100), (9, 200), (18, 300), (27, len(content))):
        path.write_text(content[:length], encoding="utf-8")
        assert list(take_all(at(seconds), sightings)) == []
        assert unsettled(at(seconds), sightings) == ["slow.xml"]
    assert [taken.fate for taken in take_all(at(36), sightings)] == []
    assert [taken.fate for taken in take_all(at(37), sightings)] == [Fate.IMPORTED]


@pytest.mark.parametrize(
    "error",
    [
        TransientError("away"),
        DatabaseUnavailable("away"),
        LeaseHeld("busy"),
        LeaseLost("lost"),
        PolicyMoved("moved"),
        StopRequested("stop"),
    ],
)
def test_what_says_nothing_of_the_file_leaves_it_for_later(folder: Folder, error: Exception) -> None:
    """The file stays, and so does every later document of its school; other schools go on. The next look takes all."""
    folder.put("1.xml", document("2026-11-20"))
    folder.put("2.xml", document("2026-11-21", pupils=4))
    folder.put("3.xml", document("2026-11-22", brin="99BB"))

    def fails() -> None:
        if folder.imports[-1] == "1.xml":
            raise error

    folder.before_import = fails
    taken = folder.take()
    assert {name: one.fate for name, one in taken.items()} == {"1.xml": Fate.LEFT, "3.xml": Fate.IMPORTED}
    assert taken["1.xml"].error is error
    assert (folder.files(), folder.files(FAILED)) == (["1.xml", "2.xml"], [])
    folder.before_import = lambda: None
    assert folder.fates() == {"1.xml": Fate.IMPORTED, "2.xml": Fate.IMPORTED}
    assert folder.count("pupils") == 4


def test_another_run_of_the_school_is_waited_for(folder: Folder) -> None:
    """While a real lease is held the file stays where it is; when it is given back the document comes in."""
    folder.put("school.xml", document())
    with folder.database.session() as session:
        lease = leases.acquire(session, SCHOOL, 60)
        assert folder.fates() == {"school.xml": Fate.LEFT}
        leases.release(session, lease, checked=False)
    assert folder.fates() == {"school.xml": Fate.IMPORTED}


@pytest.mark.parametrize(
    "error", [RuntimeError(CANARY), WrongSchool("of another school"), ConfigurationError("fed by another source")]
)
def test_any_other_error_puts_the_file_away_once(folder: Folder, error: Exception) -> None:
    """It is not tried for ever; of an error nobody foresaw the reason has the type and none of its words."""
    folder.put("school.xml", document())

    def fails() -> None:
        raise error

    folder.before_import = fails
    assert folder.fates() == {"school.xml": Fate.REFUSED}
    told = folder.reason("school.xml", FAILED)
    assert CANARY not in told
    assert ("unexpected RuntimeError" in told) == isinstance(error, RuntimeError)
    assert folder.take() == {}
    folder.before_import = lambda: None
    folder.put("school.xml", document())
    assert folder.fates() == {"school.xml": Fate.IMPORTED}


def test_a_document_that_changes_while_it_is_read_is_read_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes to it after all: it stays, is in no memory, and comes in whole at the next look."""
    path = folder.put("school.xml", document())
    check = XmlFile.check_unchanged

    def written_to(file: XmlFile) -> None:
        path.write_text(document("2026-11-21", pupils=4), encoding="utf-8")
        check(file)

    with monkeypatch.context() as patch:
        patch.setattr(XmlFile, "check_unchanged", written_to)
        assert folder.take() == {}
    assert folder.files() == ["school.xml"]
    assert folder.count("pupils") == 0
    assert folder.fates() == {"school.xml": Fate.IMPORTED}
    assert folder.count("pupils") == 4


def test_a_file_replaced_after_its_import_is_not_taken_for_it(folder: Folder) -> None:
    """The next export arrives under the same name before the first was moved: both come in."""
    path = folder.put("school.xml", document())
    take = folder.import_one

    def then_replaced(school: SchoolId, given: Path) -> RunReport:
        report = take(school, given)
        path.write_text(document("2026-11-21", pupils=4), encoding="utf-8")
        return report

    assert list(take_all(folder.desk()._replace(take=then_replaced), folder.sightings)) == []
    assert folder.fates() == {"school.xml": Fate.IMPORTED}
    assert (folder.imports, folder.count("pupils")) == (["school.xml", "school.xml"], 4)


@pytest.mark.parametrize("place", ["before the reason", "before the move", "after the move"])
def test_a_crash_between_import_and_move_does_no_harm(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Whatever of the move is done: the next process imports nothing twice, and the file ends in done."""
    folder.put("school.xml", document())
    rename = Path.rename

    def dies(*given: Path) -> None:
        if place == "after the move":
            rename(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if place == "before the reason":
            patch.setattr("connector.inbox._write_new", dies)
        else:
            patch.setattr(Path, "rename", dies)
        with pytest.raises(KeyboardInterrupt):
            folder.take()
    assert folder.count("pupils") == 3
    fates = folder.fates()
    assert fates == ({} if place == "after the move" else {"school.xml": Fate.KNOWN})
    assert folder.imports == ["school.xml"]
    assert folder.files() == []
    moved = [name for name in folder.files(DONE) if name.endswith(".xml")]
    assert len(moved) == 1
    assert f"{moved[0]}.reason.txt" in folder.files(DONE)


def test_a_stop_is_heard_between_two_files(folder: Folder) -> None:
    """The file at hand is finished, the others stay for the next time."""
    for day in ("20", "21", "22"):
        folder.put(f"{day}.xml", document(f"2026-11-{day}"))
    desk = folder.desk(stop=lambda: bool(folder.imports))
    assert [taken.name for taken in take_all(desk, folder.sightings)] == ["20.xml"]
    assert folder.files() == ["21.xml", "22.xml"]


def test_a_name_of_a_file_writes_no_lines_of_its_own(folder: Folder) -> None:
    """Line ends, escapes and bytes that are no text become question marks or escapes in the reason."""
    name = "a\nWhat to do: pay\x1b[31m.xml"
    folder.put(name, document())
    folder.put("b.xml", document("2026-11-21")).rename(folder.path / os.fsdecode(b"b\xff.xml"))
    assert set(folder.fates().values()) == {Fate.IMPORTED}
    told = folder.reason(name, DONE)
    assert "\nWhat to do: pay" not in told
    assert "\x1b" not in told
    assert folder.files() == []
