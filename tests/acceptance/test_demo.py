"""`connector demo`, started as a person starts it, seen through SQL and its exit code."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from schemas.modules import Module

BOUND_SECONDS = 60
CONNECTOR = Path(sys.executable).with_name("connector")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(CONNECTOR), *arguments]
    return subprocess.run(
        command, cwd=folder, env=CLEAN, capture_output=True, text=True, timeout=BOUND_SECONDS, check=False
    )


def _rows(folder: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "demo" / "portal.db")) as connection:
        return connection.execute(query).fetchall()


def _address(folder: Path) -> str:
    match = re.search(r'base_url = "(http://127\.0\.0\.1:[0-9]+)"', (folder / "demo" / "config.toml").read_text())
    assert match is not None
    return match[1]


def _is_served(address: str) -> bool:
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{address}/_sim/world", timeout=5).close()
    except urllib.error.URLError:
        return False
    return True


class Shown(NamedTuple):
    """A demo that was run: where, and what it said."""

    folder: Path
    said: str


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """One demo for the tests that only look at what it left."""
    folder = tmp_path_factory.mktemp("demo")
    done = _run(folder, "demo")
    assert done.returncode == 0, done.stderr
    return Shown(folder, done.stdout)


@pytest.mark.slow
def test_the_demo_works_twice_and_leaves_a_portal_behind(tmp_path: Path) -> None:
    """Run twice it ends with 0 twice within a minute each; two schools are in the portal; the simulator is gone."""
    for _ in range(2):
        done = _run(tmp_path, "demo")
        assert done.returncode == 0, done.stderr
        pupils = dict(_rows(tmp_path, "SELECT school_id, count(*) FROM pupils GROUP BY 1"))
        assert set(pupils) == {"99AA00", "99BB00"}
        assert min(pupils.values()) > 40
        assert not _is_served(_address(tmp_path))


@pytest.mark.slow
def test_the_demo_shows_what_the_schools_opened_and_closed(shown: Shown) -> None:
    """Phases 1–3 and 1–5 decide what is there: plans only at 99BB00, and no notes at all once notities closed."""
    folder = shown.folder
    assert {row[0] for row in _rows(folder, "SELECT school_id FROM support_plans")} == {"99BB00"}
    assert {row[0] for row in _rows(folder, "SELECT school_id FROM groups")} == {"99AA00", "99BB00"}
    assert _rows(folder, "SELECT count(*) FROM notes") == [(0,)]
    first = _rows(
        folder,
        "SELECT sum(s.added), sum(s.withheld) FROM run_streams s WHERE s.school_id = '99BB00' AND s.stream = 'notes'"
        " AND s.mode = 'full'",
    )
    assert first[0][0] > 0
    assert first[0][1] > 0
    stories = _rows(
        folder,
        "SELECT sum(altered), sum(withdrawn), sum(quarantined) FROM run_streams"
        " WHERE school_id = '99BB00' AND mode = 'changes'",
    )
    assert all(count > 0 for count in stories[0])
    assert _rows(folder, "SELECT count(*) FROM runs WHERE school_id = '99AA00'") == [(1,)]


@pytest.mark.slow
def test_the_demo_fills_every_module_and_shows_no_other(shown: Shown) -> None:
    """At 99BB00 each module was loaded and revealed, and its table has a line; at 99AA00 phases 4 and 5 were not."""
    later = {"hulpplan", "rapport", "methodetoetsen", "notities", "toetsen"}
    first = shown.said.partition("First sync")[2].partition("Meanwhile")[0]
    small, _, large = first.partition("99BB00")
    for module in Module:
        line = re.search(rf"^{module} +(\d+) +(\d+) ", large, re.MULTILINE)
        assert line is not None, module
        assert int(line[1]) >= int(line[2]) > 0, module
        assert (module in later) == (re.search(rf"^{module} +–.*not open", small, re.MULTILINE) is not None)
    revealed = set(_rows(shown.folder, "SELECT module FROM reveals WHERE school_id = '99BB00'"))
    assert revealed == {(module.value,) for module in Module} - {("notities",)}
    for gate in ("subject not selected", "category not selected", "not for parents", "no debtor"):
        assert gate in large


@pytest.mark.slow
def test_the_demo_tells_a_guardian_what_is_new(shown: Shown) -> None:
    """After the second sync the guardian sees what happened: an absence and a plan are new, and nothing of before."""
    news = shown.said.partition("What is new to")[2].partition("Classmates")[0]
    assert re.search(r"^absentie +absences +\S+ +new$", news, re.MULTILINE)
    assert re.search(r"^hulpplan +support_plans +\S+ +new$", news, re.MULTILINE)
    assert "nieuws" not in news


@pytest.mark.slow
def test_the_demo_follows_a_correction_to_its_end(shown: Shown) -> None:
    """The phone is confirmed and seen in the portal, the move refused with its reason; the table tells each step."""
    scene = shown.said.partition("corrects what the school has")[2].partition("closes notities")[0]
    for step in ("guardian +submitted", "connector +delivered +sent", "school +awaiting", "connector +confirmed +seen"):
        assert re.search(step, scene), step
    assert len(re.findall(r"school +closed: refused +not proven", scene)) == 2
    items = _rows(shown.folder, "SELECT field, state, outcome FROM correction_items ORDER BY number")
    assert items == [("phones", "confirmed", None), ("address", "closed", "refused"), ("address", "closed", "refused")]
    assert _rows(shown.folder, "SELECT count(*) FROM guardians WHERE phones LIKE '%+31600001234%'") == [(1,)]


@pytest.mark.slow
def test_the_commands_it_names_work_afterwards(shown: Shown) -> None:
    """Each command of its last lines works with the demo's configuration while the simulator is not running."""
    lines = re.findall(r"connector (--config demo/config\.toml .*)", shown.said.partition("Try next")[2])
    run = _rows(shown.folder, "SELECT run_id FROM runs ORDER BY started_at LIMIT 1")[0][0]
    assert len(lines) >= 5
    for line in lines:
        words = line.partition("#")[0].split()
        answer = _run(shown.folder, *(run if word == "RUN" else word for word in words))
        assert (line, answer.returncode, answer.stderr) == (line, 0, "")


@pytest.mark.slow
def test_the_demo_touches_nothing_of_its_user(tmp_path: Path) -> None:
    """The user's config.toml and portal.db stay as they are, also where the environment points to them."""
    for name in ("config.toml", "portal.db"):
        (tmp_path / name).write_text("mine")
    mine = {**CLEAN, "CONNECTOR_PORTAL__DATABASE_URL": f"sqlite:///{tmp_path}/portal.db"}
    done = subprocess.run(
        [str(CONNECTOR), "demo"], cwd=tmp_path, env=mine, capture_output=True, timeout=BOUND_SECONDS, check=False
    )
    assert done.returncode == 0
    assert {(tmp_path / name).read_text() for name in ("config.toml", "portal.db")} == {"mine"}


def test_the_demo_leaves_a_folder_alone_that_it_did_not_make(tmp_path: Path) -> None:
    """A folder with other things in it is refused with 2, and stays as it is."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "portal.db").write_text("mine")
    done = _run(tmp_path, "demo")
    assert done.returncode == 2
    assert "--folder" in done.stderr
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["portal.db"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_simulator_stops_with_the_demo(tmp_path: Path, number: signal.Signals) -> None:
    """--keep-running keeps the simulated SIS until Ctrl-C or SIGTERM; then it is gone too."""
    with subprocess.Popen(
        [str(CONNECTOR), "demo", "--keep-running"], cwd=tmp_path, env=CLEAN, stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "keeps running" in line:
                break
        address = _address(tmp_path)
        assert _is_served(address)
        assert _run(tmp_path, "--config", "demo/config.toml", "sync", "--full").returncode == 0
        demo.send_signal(number)
        demo.communicate(timeout=BOUND_SECONDS)
    assert demo.returncode in {0, 130}
    until = time.monotonic() + 5
    while _is_served(address) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _is_served(address)
