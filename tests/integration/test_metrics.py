"""The metrics say what the books and the events say, hold no person, and outlive a database that is away."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
import structlog

from connector.bookkeeping import figures
from connector.telemetry import logs
from connector.telemetry.health import Answers, Heartbeat, serving
from connector.telemetry.metrics import Telemetry, Watched
from jobs.parts import OVERDUE_AFTER
from schemas.errors import ConfigurationError, DatabaseUnavailable
from tests.integration.canaries import leaks, plant
from tests.rig import Rig

WATCHED = Watched({"99AA00": "main"}, frozenset())


def _telemetry(rig: Rig) -> Telemetry:
    def read() -> figures.Figures:
        with rig.database.session() as session, session.read() as connection:
            return figures.read(connection, OVERDUE_AFTER)

    return Telemetry(WATCHED, read)


def _asked(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_books_are_read_at_every_scrape(make_rig: Callable[..., Rig]) -> None:
    """Before any run the school was never good; after a run its age, rows and quarantine are there, and no canary."""
    rig = make_rig(pupils=20)
    plant(rig.world)
    rig.open()
    telemetry = _telemetry(rig)
    assert 'seconds_since_last_good_run{fed_by="source",school="99AA00"} +Inf' in telemetry.text().decode()
    rig.tell("record_breaks")
    rig.sync()
    text = telemetry.text().decode()
    assert "connector_database_up 1.0" in text
    assert 'connector_last_run_status{school="99AA00",status="done"} 1.0' in text
    assert 'connector_ledger_rows{outcome="added",stream="pupils"}' in text
    assert 'connector_quarantine_records{school="99AA00"' in text
    assert leaks(text) == []


def test_events_are_counted_and_what_is_not_ours_is_other() -> None:
    """The listener counts the door's events; a source, kind or school that is not ours never becomes a label."""

    def read() -> figures.Figures:
        raise DatabaseUnavailable("away")

    telemetry = Telemetry(WATCHED, read)
    log = structlog.get_logger("connector")
    with logs.heard_by(telemetry.hear):
        log.debug("source_answered", source="main", status=200, seconds=0.2)
        log.debug("source_failed", source="Kanarie", kind="Kanarie", seconds=0.2)
        log.info("source_rate_limited", source="main", status=429, attempt=1, wait_seconds=3.0)
        log.warning("lease_taken_over", school="Kanarie")
        log.info("run_quiet", school="99AA00", seconds=0.1)
    text = telemetry.text().decode()
    assert 'connector_source_request_seconds_count{source="main"} 1.0' in text
    assert 'connector_source_errors_total{kind="other",source="other"} 1.0' in text
    assert 'connector_source_rate_limit_wait_seconds_total{source="main",why="asked"} 3.0' in text
    assert 'connector_runs_total{school="99AA00",status="quiet"} 1.0' in text
    assert "connector_database_up 0.0" in text
    assert "Kanarie" not in text


def test_the_three_addresses_answer() -> None:
    """Metrics come as text, health follows the heartbeat, readiness gives its reason with 503, the rest is 404."""
    now, reason = [0.0], ["the database is away"]
    answers = Answers(lambda: b"connector_up 1\n", lambda: reason[0], Heartbeat(lambda: now[0]))
    with serving("127.0.0.1:0", answers) as address:
        assert _asked(address, "/metrics") == (200, "connector_up 1\n")
        assert _asked(address, "/healthz") == (200, "ok\n")
        assert _asked(address, "/readyz") == (503, "the database is away\n")
        reason[0], now[0] = "", 61.0
        assert _asked(address, "/readyz") == (200, "ok\n")
        assert _asked(address, "/healthz")[0] == 503
        assert _asked(address, "/else")[0] == 404
        with pytest.raises(ConfigurationError, match="Cannot listen at"), serving(address, answers):
            pass


@pytest.mark.parametrize("listen", ["", "9188", "localhost:", "localhost:x", "localhost:99999"])
def test_an_address_that_is_none_is_refused(listen: str) -> None:
    """Only HOST:PORT is an address to listen at."""
    with pytest.raises(ConfigurationError, match="not an address"), serving(listen, Answers(bytes, str, Heartbeat())):
        pass


def test_what_we_did_not_foresee_is_said_and_counted(
    make_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in a run is one line with run, school and place, counts as a failed run, and holds nothing it was about."""

    def broken(*_given: object) -> str:
        raise RuntimeError("Kanarie")

    rig = make_rig(pupils=2)
    telemetry, heard = _telemetry(rig), list[dict[str, object]]()
    monkeypatch.setattr("jobs.pipeline._work", broken)
    with logs.heard_by(lambda line: heard.append(dict(line))), pytest.raises(RuntimeError):
        rig.sync()
    (line,) = [line for line in heard if line["event"] == "unexpected_error"]
    assert line.keys() >= {"run_id", "school", "frames"}
    assert line["error_type"] == "RuntimeError"
    assert "Kanarie" not in str(line)
    telemetry.hear(line)
    assert 'connector_runs_total{school="99AA00",status="failed"} 1.0' in telemetry.text().decode()
