"""`connector import watch`, started as a person or systemd starts it, seen through the folder, SQL and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.builders import this_school_year

CONNECTOR = Path(sys.executable).with_name("connector")
FLANDERS = Path(__file__).parents[1] / "data" / "edexml" / "flanders.xml"
SECONDS = 90
CANARY = "Kanarievogel"
CONFIG = """
[portal]
database_url = {url}
[brake]
rows = 1000
[sources.files]
dialect = "edexml"
[sources.main]
dialect = "reference"
base_url = "http://127.0.0.1:9"
client_id = "connector"
client_secret = "demo-secret"
[schools."99AA00"]
name = "De Regenboog"
source = "files"
[schools."99BB00"]
name = "Het Kompas"
source = "files"
[schools."99VL00"]
name = "De Zwaan"
source = "files"
institution_number = "12345"
[schools."99CC00"]
name = "Het Palet"
source = "main"
"""


def document(day: str = "2026-11-20", *, brin: str = "99AA", pupils: int = 3) -> str:
    """A document of that day with so many pupils."""
    children = "".join(
        f'<leerling key="L{number}"><achternaam>{CANARY}</achternaam><jaargroep>4</jaargroep></leerling>\n'
        for number in range(pupils)
    )
    return (
        f"<EDEX><school><schooljaar>{this_school_year()}</schooljaar><peildatum>{day}</peildatum><brincode>{brin}</brincode>"
        f"</school><leerlingen>{children}</leerlingen></EDEX>"
    )


class Site:
    """A configured connector and a folder it watches."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url, self.inbox = folder, url, folder / "in"
        self.inbox.mkdir()
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
        (folder / "config.toml").write_text(CONFIG.format(url=json.dumps(url)), encoding="utf-8")
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start a watch and leave it running."""
        process = subprocess.Popen(
            [str(CONNECTOR), "import", "watch", "in", *options],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def watch(self, *options: str, code: int = 0) -> tuple[str, str]:
        """Run a watch to its end and hold it to its exit code."""
        return ended(self.start(*options), code)

    def once(self, *options: str, code: int = 0) -> dict[str, Any]:
        """Run `--once --json` and give what became of each file."""
        found = json.loads(self.watch("--once", "--json", "--settle", "0", *options, code=code)[0])
        assert found["exit_code"] == code
        return {one["name"]: one for one in found["files"]}

    def put(self, name: str, content: str) -> Path:
        """Put a file into the folder as a good uploader does: under another name first."""
        part = self.inbox / f"{name}.part"
        part.write_text(content, encoding="utf-8")
        return part.rename(self.inbox / name)

    def files(self, where: str = "") -> list[str]:
        """Give the documents in the folder, or in done or failed."""
        folder = self.inbox / where
        found = [path.name for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
        return sorted(name for name in found if not name.endswith(".reason.txt"))

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask or change the database, as the portal or an operator would."""
        engine = create_engine(self.url)
        try:
            with engine.begin() as connection:
                result = connection.execute(text(statement))
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            engine.dispose()

    def pupils(self, school: str = "99AA00") -> int:
        """Count the pupils of a school."""
        return int(self.sql(f"SELECT count(*) FROM pupils WHERE school_id = '{school}'")[0][0])


def ended(process: subprocess.Popen[str], code: int) -> tuple[str, str]:
    """Wait for a process and hold it to its exit code."""
    out, err = process.communicate(timeout=SECONDS)
    assert "Traceback" not in out + err
    assert CANARY not in out + err
    assert process.returncode == code, out + err
    return out, err


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[[str], Site]]:
    """A function that makes a site; whatever it started is ended."""
    sites: list[Site] = []

    def make(url: str) -> Site:
        sites.append(Site(tmp_path, url))
        return sites[-1]

    yield make
    for site in sites:
        for process in site.started:
            if process.poll() is None:
                process.kill()
                process.communicate()


@pytest.fixture
def site(make_site: Callable[[str], Site], sqlite_url: str) -> Site:
    """A site on SQLite."""
    return make_site(sqlite_url)


def test_a_folder_is_emptied_once(make_site: Callable[[str], Site], database_url: str) -> None:
    """Two schools, a copy, a bad file: each where it belongs, the gravest code; the next look finds nothing."""
    site = make_site(database_url)
    site.put("b.xml", document("2026-11-20"))
    site.put("a.xml", document("2026-11-21", pupils=4))
    site.put("copy.xml", document("2026-11-20"))
    site.put("kompas.xml", document(brin="99BB"))
    site.put("vlaams.xml", FLANDERS.read_text("utf-8").replace("2026-2027", this_school_year()))
    site.put("bad.xml", "<html/>")
    found = site.once(code=2)
    assert {name: (one["status"], one["exit_code"], one["moved_to"]) for name, one in found.items()} == {
        "bad.xml": ("refused", 2, "failed/bad.xml"),
        "b.xml": ("imported", 0, "done/b.xml"),
        "copy.xml": ("already imported", 0, "done/copy.xml"),
        "kompas.xml": ("imported", 0, "done/kompas.xml"),
        "vlaams.xml": ("imported", 0, "done/vlaams.xml"),
        "a.xml": ("imported", 0, "done/a.xml"),
    }
    assert "EDEXML 1.03, 2.0 and 2.1" in found["bad.xml"]["fix"]
    assert found["a.xml"]["run"]["streams"]["pupils"]["fetched"] == 4
    assert [site.pupils(school) for school in ("99AA00", "99BB00", "99VL00")] == [4, 3, 3]
    assert site.files() == []
    assert site.once() == {}


def test_what_a_person_reads(site: Site) -> None:
    """A line for each file with where it went, the error and what to do; nothing at all when nothing is there."""
    site.put("school.xml", document())
    site.put("other.xml", document(brin="99DD"))
    out, err = site.watch("--once", "--settle", "0", code=3)
    assert "school.xml: imported for 99AA00, run " in out
    assert "(done/school.xml)" in out
    assert "other.xml: refused (failed/other.xml)" in out
    assert "99DD00" in err
    assert "fix: " in err
    assert site.watch("--once", "--settle", "0") == ("", "")


def test_a_fresh_file_is_waited_for_once(site: Site) -> None:
    """`--once` sees that nobody writes to it any more before it opens it, and needs no second start for that."""
    site.put("school.xml", document())
    began = time.monotonic()
    out, _err = site.watch("--once", "--settle", "2")
    assert "school.xml: imported" in out
    assert time.monotonic() - began > 2


def test_a_file_that_grows_is_left_by_once(site: Site) -> None:
    """It is still being written when the wait is over: left where it is, said, and no fault."""
    path = site.inbox / "slow.xml"
    process = site.start("--once", "--settle", "3")
    with path.open("w", encoding="utf-8") as file:
        while process.poll() is None:
            file.write(" ")
            file.flush()
            time.sleep(0.2)
    out, _err = ended(process, 0)
    assert "slow.xml: left for later: it is still being written" in out
    assert site.files() == ["slow.xml"]


def test_a_watch_imports_what_comes_until_it_is_told_to_stop(
    make_site: Callable[[str], Site], database_url: str
) -> None:
    """Files come one after another, one of them in pieces; SIGTERM ends the watch with 0 and nothing half done."""
    site = make_site(database_url)
    process = site.start("--every", "1", "--settle", "2")
    site.put("first.xml", document("2026-11-20"))
    until(lambda: site.files("done") == ["first.xml"])
    content = document("2026-11-21", pupils=5)
    with (site.inbox / "second.xml").open("w", encoding="utf-8") as file:
        for start in range(0, len(content), len(content) // 6 + 1):
            file.write(content[start : start + len(content) // 6 + 1])
            file.flush()
            time.sleep(0.7)
            assert site.files("done") == ["first.xml"]
            assert site.files("failed") == []
    site.put("bad.xml", "no document")
    until(lambda: site.files("done") == ["first.xml", "second.xml"])
    until(lambda: site.files("failed") == ["bad.xml"])
    assert site.pupils() == 5
    process.send_signal(signal.SIGTERM)
    out, _err = ended(process, 0)
    assert out.count("imported") == 2
    assert site.files() == []


def test_a_stop_in_the_middle_of_a_document_loses_nothing(site: Site) -> None:
    """SIGTERM while pages come: 0, the file stays; the next start reads it from the beginning."""
    site.put("school.xml", document(pupils=60_000))
    process = site.start("--every", "1", "--settle", "0")
    until(lambda: site.sql("SELECT count(*) FROM runs WHERE status = 'running'") == [(1,)])
    process.send_signal(signal.SIGTERM)
    ended(process, 0)
    assert (site.files(), site.files("done"), site.pupils()) == (["school.xml"], [], 0)
    assert site.sql("SELECT status FROM runs") == [("stopped",)]
    assert site.once()["school.xml"]["status"] == "imported"
    assert site.pupils() == 60_000


def test_a_killed_watch_loses_nothing(make_site: Callable[[str], Site], database_url: str) -> None:
    """SIGKILL at any moment, again and again: the documents that were left come in, each once, the newest last."""
    site = make_site(database_url)
    days = range(10, 22)
    for day in days:
        site.put(f"{day}.xml", document(f"2026-11-{day}", pupils=day))
    for kill in range(5):
        process = site.start("--once", "--settle", "0")
        time.sleep(1.2 + 0.3 * kill)
        process.kill()
        process.communicate()
    site.once()
    assert site.files() == []
    assert site.files("failed") == []
    assert sorted(name.partition(".")[0] for name in site.files("done")) == sorted(str(day) for day in days)
    assert site.pupils() == 21
    assert site.sql("SELECT count(*) FROM imported_documents") == [(12,)]


def test_one_process_watches_a_folder(site: Site) -> None:
    """A second one, by cron or by mistake, ends at once with 4 and leaves the files to the first."""
    process = site.start("--every", "1", "--settle", "0")
    site.put("school.xml", document())
    until(lambda: site.files("done") == ["school.xml"])
    assert "Another process watches" in site.watch("--once", code=4)[1]
    process.send_signal(signal.SIGINT)
    ended(process, 130)


def test_a_busy_school_is_left_for_later(site: Site) -> None:
    """Another run holds the lease: the file stays, `--once` says 4, and later it comes in."""
    site.put("first.xml", document())
    site.once()
    site.put("school.xml", document("2026-11-21", pupils=4))
    site.sql("UPDATE leases SET holder = 'elsewhere|1|1', expires_at = '2100-01-01 00:00:00.000000'")
    assert site.once(code=4)["school.xml"]["status"] == "left for later"
    assert site.files() == ["school.xml"]
    site.sql("UPDATE leases SET holder = NULL, expires_at = NULL")
    assert site.once()["school.xml"]["status"] == "imported"


def test_a_folder_can_be_of_one_school(site: Site) -> None:
    """With --school, another school's document goes to failed and is not imported."""
    site.put("kompas.xml", document(brin="99BB"))
    site.put("school.xml", document())
    found = site.once("--school", "99AA", code=3)
    assert {name: one["status"] for name, one in found.items()} == {"kompas.xml": "refused", "school.xml": "imported"}
    assert site.pupils("99BB00") == 0


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--school", "99CC00"], "not fed by files"),
        (["--school", "99ZZ00"], "not configured"),
        (["--json"], "--once"),
        (["--every", "0"], "--every"),
        (["--settle", "-1"], "--settle"),
    ],
)
def test_a_mistake_is_said_before_anything_is_read(site: Site, options: list[str], what: str) -> None:
    """One message, exit 2, and the files are where they were."""
    site.put("school.xml", document())
    assert what in site.watch(*options, code=2)[1]
    assert site.files() == ["school.xml"]


def test_a_folder_that_is_not_there_is_said(site: Site) -> None:
    """Exit 2, with what to do."""
    site.inbox.rmdir()
    _out, err = site.watch("--once", code=2)
    assert "is not a folder" in err
    assert "fix: " in err
