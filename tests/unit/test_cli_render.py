"""What is printed: tables in any width, ages, JSON, and errors without anybody's text."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from jobs.cli import exits, gate_words, render, reports
from mappings import gates
from schemas.errors import (
    BooksDoNotBalance,
    ConfigurationError,
    ConnectorError,
    DatabaseRefused,
    DatabaseUnavailable,
    DocumentRefused,
    LeaseHeld,
    LeaseLost,
    PolicyMoved,
    SourceRefused,
    StopRequested,
    StreamNotSupplied,
    TransientError,
    WrongSchool,
)
from schemas.ids import RunId, SchoolId
from schemas.runs import RunReport, RunStatus, StreamReport, Sums
from schemas.streams import Mode, Stream

SCHOOL = SchoolId("99AA00")
CANARY = "Canary-van-der-Berg"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _fail(failure: Exception) -> None:
    raise failure


def _report(status: RunStatus = RunStatus.DONE, *, quarantined: int = 0, held: int = 0) -> RunReport:
    sums = Sums(fetched=10, added=5, altered=1, unchanged=1, withheld=2, quarantined=1, held=held, removed=2)
    stream = StreamReport(Stream.NOTES, Mode.FULL, sums, MappingProxyType({"not_visible_to_parents": 2}))
    return RunReport(RunId("r1"), SCHOOL, status, (stream,), quarantined, held)


def test_a_table_keeps_its_columns_in_line() -> None:
    """Texts stand left, numbers right, and no line ends in spaces."""
    lines = render.table_lines(("module", "shown"), [("notities", 7), ("x", 12345)])
    assert lines == ["module    shown", "--------  -----", "notities      7", "x         12345"]


def test_a_terminal_that_is_too_narrow_gets_blocks() -> None:
    """In few columns each row becomes a block without its empty values; nothing is cut off."""
    lines = render.table_lines(("module", "shown", "held"), [("notities", 7, 0)], width=12)
    assert lines == ["notities", "  shown: 7"]


def test_an_empty_table_is_its_heading() -> None:
    """A table without rows does not fail."""
    assert render.table_lines(("a", "b"), []) == ["a  b", "-  -"]


def test_a_name_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences and marks that turn the writing direction are printed as question marks."""
    render.out("De \x1b[31mRegen\u202eboog")
    assert capsys.readouterr().out == "De ?[31mRegen?boog\n"


def test_a_terminal_without_unicode_ends_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """A character stdout cannot encode is written as its number."""
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    render.prepare()
    render.out("Zoë")
    assert raw.getvalue() == b"Zo\\xeb\n"


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=5), "5 s"),
        (timedelta(minutes=61), "1 h"),
        (timedelta(days=3), "3 d"),
        (timedelta(seconds=-5), "0 s"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(ago: timedelta, said: str) -> None:
    """Seconds, minutes, hours or days; a clock that runs behind gives no negative age."""
    assert render.age(NOW - ago, NOW) == said


def test_instants_are_local_for_people_and_utc_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    """Amsterdam time in tables, Z in JSON."""
    render.document({"at": NOW, "status": RunStatus.DONE, "streams": frozenset({"b", "a"})})
    assert json.loads(capsys.readouterr().out) == {
        "at": "2026-11-24T12:00:00Z",
        "status": "done",
        "streams": ["a", "b"],
    }
    assert render.moment(NOW) == "2026-11-24 13:00"
    assert render.moment(None) == "never"


def test_an_unexpected_error_is_its_type_and_our_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The text of an exception nobody foresaw may hold a row; it is never printed."""
    try:
        reports.of_report(CANARY)  # type: ignore[arg-type]  # the mistake is meant
    except AttributeError as error:
        render.unexpected(error)
    err = capsys.readouterr().err
    assert "unexpected AttributeError at jobs/cli/reports.py:" in err
    assert "report" in err
    assert CANARY not in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), 2),
        (DocumentRefused("x"), 2),
        (TransientError("x"), 3),
        (DatabaseUnavailable("x"), 3),
        (SourceRefused("x"), 3),
        (StreamNotSupplied("x"), 3),
        (WrongSchool("x"), 3),
        (LeaseHeld("x"), 4),
        (LeaseLost("x"), 4),
        (PolicyMoved("x"), 4),
        (DatabaseRefused("x"), 70),
        (BooksDoNotBalance("x"), 70),
        (StopRequested("x"), 130),
        (ConnectorError("x"), 70),
        (ValueError("x"), 70),
    ],
)
def test_every_error_has_its_exit_code(error: Exception, code: int) -> None:
    """The type of an error decides, as its meaning is what to do next."""
    assert exits.of_error(error) == code


@pytest.mark.parametrize(
    ("codes", "code"),
    [([], 0), ([0, 4], 4), ([4, 1], 1), ([1, 3, 4], 3), ([3, 2, 0], 2), ([2, 70, 1], 70), ([0, 0], 0)],
)
def test_the_gravest_school_decides(codes: list[int], code: int) -> None:
    """70, 2, 3, 1, 4: a bug before a mistake before a source before a person before another run."""
    assert exits.gravest(codes) == code


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (_report(), 0),
        (_report(RunStatus.QUIET), 0),
        (_report(quarantined=1), 1),
        (_report(held=3), 1),
        (_report(RunStatus.INCOMPLETE), 3),
        (_report(RunStatus.INCOMPLETE, held=3), 3),
        (_report(RunStatus.FAILED), 3),
    ],
)
def test_a_report_gives_its_exit_code(report: RunReport, code: int) -> None:
    """What is new for a person is 1; a run that could not get everything is 3."""
    assert reports.of_report(report).code == code


def test_the_table_of_a_run_counts_per_module_and_names_the_gates() -> None:
    """Shown is added, altered and unchanged together; withheld says by which gate."""
    row = ("notities", 10, 7, "2 (no flag for parents 2)", 1, 2, 0)
    assert reports.module_rows(_report().streams) == [row]


def test_every_gate_has_words_for_a_person() -> None:
    """What a gate is called is for programs; each has words, and no words are left of a gate that went."""
    names = {name for name in vars(gates) if name.isupper() and type(getattr(gates, name)) is str}
    assert {getattr(gates, name) for name in names} == set(gate_words.WORDS)
    assert len(set(gate_words.WORDS.values())) == len(gate_words.WORDS)


def test_a_stream_that_was_pulled_twice_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The sums of both pulls are added up, the gates too."""
    report = _report()
    twice = report._replace(streams=report.streams * 2)
    data = reports.streams_data(twice.streams)
    assert data["notes"]["fetched"] == 20
    assert data["notes"]["gates"] == {"not_visible_to_parents": 4}


def test_what_waits_for_a_person_comes_with_the_next_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Held keys and new quarantine name the command that shows them."""
    code = reports.finish([reports.of_report(_report(quarantined=1, held=3))], {SCHOOL: "De Regenboog"}, is_json=False)
    out = capsys.readouterr().out
    assert code == 1
    assert "99AA00 De Regenboog: done, run r1" in out
    assert "connector runs approve r1" in out
    assert "connector quarantine list --school 99AA00" in out


def test_one_school_that_fails_leaves_the_others_their_turn(capsys: pytest.CaptureFixture[str]) -> None:
    """An error, foreseen or not, becomes that school's outcome; JSON holds it without a foreign text."""
    outcomes: list[reports.Outcome] = []
    failures = {SCHOOL: TransientError("The source was away.", fix="Later."), SchoolId("99BB00"): RuntimeError(CANARY)}
    for school, failure in failures.items():
        with reports.judged(school, outcomes):
            _fail(failure)
    outcomes.append(reports.of_report(_report()._replace(school=SchoolId("99CC00"))))
    assert reports.finish(outcomes, {}, is_json=True) == 70
    out, err = capsys.readouterr()
    schools = json.loads(out)["schools"]
    assert [schools[name]["exit_code"] for name in ("99AA00", "99BB00", "99CC00")] == [3, 70, 0]
    assert schools["99AA00"]["error"] == "The source was away."
    assert "RuntimeError" in schools["99BB00"]["error"]
    assert CANARY not in out + err
