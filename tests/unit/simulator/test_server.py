"""The simulator over HTTP: as a thread, as a process, with its control plane and its broken connections."""

import gc
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from connector.simulator.answers import Simulator
from connector.simulator.server import CONNECTIONS, running
from tests.unit.simulator.asking import SCHOOL, Asking, simulator_of

PAGE = f"/v1/schools/{SCHOOL}/pupils"


@pytest.fixture
def simulator() -> Simulator:
    """Return a simulator of twelve pupils a school."""
    return simulator_of(12)


@pytest.fixture
def url(simulator: Simulator) -> Iterator[str]:
    """Serve it."""
    with running(simulator) as base:
        yield base


@pytest.fixture
def session(simulator: Simulator) -> Iterator[requests.Session]:
    """Return a session with a token."""
    with requests.Session() as found:
        found.headers["Authorization"] = f"Bearer {Asking(simulator).token}"
        yield found


def test_over_http_it_says_what_it_says_in_process(simulator: Simulator, url: str, session: requests.Session) -> None:
    """A token and a page over HTTP are those of the function."""
    form = {"grant_type": "client_credentials"}
    token = session.post(f"{url}/oauth/token", data=form, auth=("connector", "demo-secret"), timeout=5)
    assert (token.status_code, token.json()["expires_in"]) == (200, 300)
    page = session.get(f"{url}{PAGE}?page_size=5", timeout=5)
    assert page.content == Asking(simulator).answer("/pupils", "page_size=5").body


def test_a_reset_is_a_reset(simulator: Simulator, url: str, session: requests.Session) -> None:
    """The client sees its connection reset, the next request works, no connection is kept for ever."""
    simulator.faults.add("reset")
    with pytest.raises(requests.ConnectionError, match="reset"):
        session.get(f"{url}{PAGE}", timeout=5)
    with session.get(f"{url}{PAGE}", timeout=5) as answer:
        assert answer.status_code == 200
    del answer  # requests keeps the connection for as long as its answer lives
    session.close()
    gc.collect()  # urllib3 closes a pool's connections when the pool is collected, and the reset's traceback holds it
    until = time.monotonic() + 10
    while CONNECTIONS and time.monotonic() < until:
        time.sleep(0.01)
    assert CONNECTIONS == {}


def test_half_a_page_ends_before_its_length(simulator: Simulator, url: str, session: requests.Session) -> None:
    """With a length the client can tell; without one it gets half the bytes and no error."""
    simulator.faults.add("half_page")
    simulator.faults.add("half_page", undeclared=True)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"{url}{PAGE}", timeout=5)
    half = session.get(f"{url}{PAGE}", timeout=5)
    assert half.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        half.json()


def test_latency_and_drips_take_their_time(simulator: Simulator, url: str, session: requests.Session) -> None:
    """A late answer is late, a dripped one takes its pauses, and both are right."""
    for kind, seconds in (("latency", 0.1), ("slow_drip", 0.02)):
        simulator.faults.add(kind, seconds=seconds, chunk=2000)
        began = time.monotonic()
        assert session.get(f"{url}{PAGE}", timeout=5).json()["count"] == 12
        assert time.monotonic() - began >= 0.06


def test_the_control_plane_changes_the_world(simulator: Simulator, url: str) -> None:
    """Stories, writes and expiry over HTTP are those of the Python objects."""
    world = simulator.world

    def post(call: str, **given: object) -> requests.Response:
        return requests.post(f"{url}/_sim/{call}", json=given, timeout=5)

    assert post("stories", school=SCHOOL, name="note_loses_flag").json() == {"told": [["notes", "not-000001"]]}
    about = {"school": SCHOOL, "stream": "pupils", "id": "pup-000001"}
    patched = post("patch", **about, fields={"call_name": "Anders"}).json()["record"]
    assert patched == world.records(SCHOOL, "pupils")["pup-000001"]
    assert post("remove", **about).json() == {}
    assert "pup-000001" not in world.records(SCHOOL, "pupils")
    assert post("restore", **about).json()["record"]["call_name"] == "Anders"
    post("put", school=SCHOOL, stream="pupils", record={**patched, "id": "pup-x"})
    assert len(requests.get(f"{url}/_sim/world/{SCHOOL}/pupils", timeout=5).json()["records"]) == 13
    assert requests.get(f"{url}/_sim/roles/{SCHOOL}", timeout=5).json()["roles"] == world.roles(SCHOOL)
    assert requests.get(f"{url}/_sim/world", timeout=5).json()["schools"][SCHOOL]["pupils"] == 13
    for what in ("cursors", "pages", "tokens"):
        assert post("expire", what=what, school=SCHOOL).status_code == 200
    assert post("stories", school=SCHOOL, name="no such story").status_code == 400
    assert post("remove", school="99ZZ99", stream="pupils", id="x").status_code == 400
    assert requests.get(f"{url}/_sim/elsewhere", timeout=5).status_code == 404


def test_the_control_plane_makes_faults_and_shows_requests(url: str, session: requests.Session) -> None:
    """Faults come and go, the log is shown and emptied, and control calls are not in it."""
    requests.post(f"{url}/_sim/faults", json={"kind": "server_error", "times": None}, timeout=5)
    assert session.get(f"{url}{PAGE}?page_size=3", timeout=5).status_code == 500
    assert len(requests.get(f"{url}/_sim/faults", timeout=5).json()["faults"]) == 1
    requests.delete(f"{url}/_sim/faults", timeout=5)
    assert session.get(f"{url}{PAGE}", timeout=5).status_code == 200
    log = requests.get(f"{url}/_sim/requests", timeout=5).json()["requests"]
    assert [(one["path"], one["query"], one["streams"], one["status"]) for one in log[-2:]] == [
        (PAGE, "page_size=3", ["pupils"], 500),
        (PAGE, "", ["pupils"], 200),
    ]
    requests.delete(f"{url}/_sim/requests", timeout=5)
    assert requests.get(f"{url}/_sim/requests", timeout=5).json() == {"requests": []}
    assert requests.post(f"{url}/_sim/faults", json={"kind": "meteor"}, timeout=5).status_code == 400


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_a_process_it_says_where_it_listens_and_stops_with_zero(number: signal.Signals) -> None:
    """Port 0 takes a free port, one line says which, the world is as asked, a signal ends it with 0."""
    given = ["--port", "0", "--seed", "3", "--pupils", "4", "--school", "99AA00", "--school", "99CC01=2"]
    command = [sys.executable, "-m", "connector.simulator", *given, "--date", "2026-11-24"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        base = process.stderr.readline().removeprefix("listening on ").strip()
        world = requests.get(f"{base}/_sim/world", timeout=5).json()
        process.send_signal(number)
        assert process.wait(5) == 0
        assert process.stderr.read() == ""
    assert (world["seed"], world["today"]) == (3, "2026-11-24")
    assert {code: school["pupils"] for code, school in world["schools"].items()} == {"99AA00": 4, "99CC01": 2}


def test_a_school_that_is_none_is_refused() -> None:
    """A wrong school code ends the process with 2 and says what a school looks like."""
    command = [sys.executable, "-m", "connector.simulator", "--school", "regenboog"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert "99AA00=120" in done.stderr


def test_a_full_year_can_be_asked_for() -> None:
    """With --full-year a process serves many times the test results."""
    command = [sys.executable, "-m", "connector.simulator", "--port", "0", "--school", "99AA00=20"]
    counts = []
    for more in ([], ["--full-year"]):
        with subprocess.Popen([*command, *more], stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            base = process.stderr.readline().removeprefix("listening on ").strip()
            school = requests.get(f"{base}/_sim/world", timeout=5).json()["schools"]["99AA00"]
            counts.append((school["pupils"], school["method_test_results"]))
            process.terminate()
    assert counts[0][0] == counts[1][0] == 20
    assert counts[1][1] > 5 * counts[0][1]


def test_an_office_can_be_given_a_habit() -> None:
    """With --office a process decides by itself, and its control plane shows the desk without a token."""
    command = [sys.executable, "-m", "connector.simulator", "--port", "0", "--school", "99AA00=6", "--office", "refuse"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        base = process.stderr.readline().removeprefix("listening on ").strip()
        desk = requests.get(f"{base}/_sim/office/99AA00", timeout=5).json()
        missing = requests.post(f"{base}/_sim/office/99AA00/accept", json={"id": "x"}, timeout=5)
        process.terminate()
    assert (desk["habit"], desk["change_requests"], missing.status_code) == ("refuse", [], 400)


def test_a_page_is_quick() -> None:
    """A page of 500 records is answered from bytes made before: no record is serialised twice."""
    asking = Asking(simulator_of(500))
    first = asking.answer("/pupils")
    entries = asking.simulator.world.schools[SCHOOL].shelves["pupils"].entries
    made = {identifier: entry.cached for identifier, entry in entries.items()}
    assert asking.answer("/pupils").body == first.body
    assert all(entry.cached is made[identifier] is not None for identifier, entry in entries.items())
    assert len(json.loads(first.body)["records"]) == 500
