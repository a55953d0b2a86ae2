"""Logs are private by default: constant events, fields from a list, no texts of others."""

from __future__ import annotations

import ast
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from connector.telemetry import logs
from schemas.errors import TransientError

CANARY = "Canary-van-der-Berg"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is written, at the most talkative level; everything is put back afterwards."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.raiseExceptions)
    text = io.StringIO()
    logs.configure("debug", "json", text)
    yield text
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], level, logging.raiseExceptions = before
    root.setLevel(level)


def _said(text: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_level_event_and_the_context(lines: io.StringIO) -> None:
    """Run and school are on every line inside their block, also when the caller does not repeat them."""
    with structlog.contextvars.bound_contextvars(run_id="r1", school="99AA00"):
        structlog.get_logger("connector").info("stream_applied", stream="pupils", fetched=3)
    (line,) = _said(lines)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "event": "stream_applied",
        "stream": "pupils",
        "fetched": 3,
        "run_id": "r1",
        "school": "99AA00",
    }


def test_a_field_that_is_not_on_the_list_is_dropped_and_counted(lines: io.StringIO) -> None:
    """Whoever logs a record by mistake writes a number only."""
    structlog.get_logger("connector").info("run_started", pupil=CANARY, payload={"name": CANARY}, run_id="r1")
    (line,) = _said(lines)
    assert line["dropped_fields"] == 2
    assert line["run_id"] == "r1"
    assert CANARY not in lines.getvalue()


def test_an_object_in_an_allowed_field_is_only_its_type(lines: io.StringIO) -> None:
    """Plain values pass, lists of them too; anything else is a type's name."""
    structlog.get_logger("connector").info(
        "run_started", reason={"a": CANARY}, streams=frozenset({"b", "a"}), held=True
    )
    (line,) = _said(lines)
    assert (line["reason"], line["streams"], line["held"]) == ("dict", ["a", "b"], True)


def test_a_text_instead_of_an_event_name_is_not_written(lines: io.StringIO) -> None:
    """Event names are constant; a sentence could hold a value."""
    structlog.get_logger("connector").info(f"pupil {CANARY} was read")
    assert _said(lines)[0]["event"] == "unnamed_event"
    assert CANARY not in lines.getvalue()


def test_an_exception_is_its_type_and_its_places(lines: io.StringIO) -> None:
    """Neither the text of a foreign exception nor that of its cause is written; our own message is."""
    log = structlog.get_logger("connector")
    try:
        try:
            raise ValueError(CANARY)
        except ValueError as error:
            raise RuntimeError(CANARY) from error
    except RuntimeError:
        log.exception("unexpected_error")
    try:
        raise TransientError("The source was away.") from ValueError(CANARY)
    except TransientError as error:
        log.warning("run_failed", exc_info=error)
    foreign, ours = _said(lines)
    assert foreign["error_type"] == "RuntimeError"
    assert foreign["frames"][-1].startswith("tests/unit/test_logs.py:")
    assert "error" not in foreign
    assert (ours["error_type"], ours["error"]) == ("TransientError", "The source was away.")
    assert CANARY not in lines.getvalue()


@pytest.mark.parametrize("name", [*logs.QUIET_LIBRARIES, "urllib3.connectionpool", "sqlalchemy.engine.Engine", "any"])
def test_what_a_library_logs_is_its_name_and_place(lines: io.StringIO, name: str) -> None:
    """Below warning libraries say nothing; at warning their text, arguments and exception stay out."""
    library = logging.getLogger(name)
    library.debug("query %s", CANARY)
    library.info("query %s", CANARY)
    assert _said(lines) == []
    try:
        raise ValueError(CANARY)
    except ValueError:
        library.exception("failed for %s", CANARY)
    (line,) = _said(lines)
    assert (line["event"], line["library"]) == ("library_said", name)
    # Once an HTTP door was made in this process, its own filter takes the whole exception off urllib3 and requests.
    assert line.get("error_type", "ValueError") == "ValueError"
    assert CANARY not in lines.getvalue()


def test_a_library_cannot_write_for_itself(lines: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    """A handler a library brought is taken away, and a failing one does not print the call's arguments."""
    library = logging.getLogger("sqlalchemy.engine.Engine")
    library.addHandler(logging.StreamHandler())
    library.setLevel(logging.DEBUG)
    logs.configure("debug", "json", lines)
    library.warning("row %s %d", CANARY, CANARY)
    out, err = capsys.readouterr()
    assert CANARY not in out + err + lines.getvalue()
    assert library.getEffectiveLevel() == logging.WARNING


def test_the_level_is_kept(lines: io.StringIO) -> None:
    """At warning, info is not written."""
    logs.configure("warning", "json", lines)
    structlog.get_logger("connector").info("run_started")
    structlog.get_logger("connector").warning("stream_held")
    assert [line["event"] for line in _said(lines)] == ["stream_held"]


def test_the_console_form_keeps_the_same_fields(lines: io.StringIO) -> None:
    """For a person the line looks different and is just as private."""
    logs.configure("info", "console", lines)
    structlog.get_logger("connector").info("run_started", pupil=CANARY, run_id="r1")
    assert "run_started" in lines.getvalue()
    assert CANARY not in lines.getvalue()


def test_a_stream_that_is_gone_ends_nothing(lines: io.StringIO) -> None:
    """A closed stderr loses lines, never a run."""
    lines.close()
    structlog.get_logger("connector").error("run_failed")


def test_every_event_and_field_of_the_code_is_in_the_catalogue() -> None:
    """What jobs and connector log by name is known, with a meaning, and no field of it is dropped."""
    methods = {"debug", "info", "warning", "error", "exception"}
    unknown = []
    for room in ("jobs", "connector"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                    continue
                holder = node.func.value
                if node.func.attr not in methods or not (isinstance(holder, ast.Name) and holder.id == "_log"):
                    continue
                first = node.args[0] if node.args else None
                if not (isinstance(first, ast.Constant) and first.value in logs.EVENTS):
                    unknown.append(f"{path.name}:{node.lineno}: event")
                names = {word.arg for word in node.keywords if word.arg not in {None, "exc_info"}}
                unknown += [f"{path.name}:{node.lineno}: {name}" for name in names - logs.ALLOWED_FIELDS]
    assert unknown == []


def test_a_listener_hears_what_is_not_written(lines: io.StringIO) -> None:
    """While somebody listens every event reaches them with its fields; only those of the level are written."""
    heard: list[object] = []
    logs.configure("warning", "json", lines)
    log = structlog.get_logger("connector")
    with logs.heard_by(lambda line: heard.append((line["event"], line.get("source")))):
        log.debug("source_answered", source="main")
        log.warning("lease_taken_over")
    log.debug("source_answered", source="main")
    assert heard == [("source_answered", "main"), ("lease_taken_over", None)]
    assert "lease_taken_over" in lines.getvalue()
    assert "source_answered" not in lines.getvalue()
