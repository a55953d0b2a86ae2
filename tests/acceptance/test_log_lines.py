"""What ops find on the lines of a run: the school, the run, and the stream where there is one."""

from __future__ import annotations

import json
from typing import Any

import pytest
import structlog

from connector.telemetry.logs import EVENTS
from tests.acceptance.office import Office


def _lines(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_every_line_of_a_run_names_school_run_and_stream(
    office: Office, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """Two schools in one process: each line tells whose it is, also of requests to the SIS; nothing is left over."""
    monkeypatch.setenv("CONNECTOR_LOGS__LEVEL", "debug")
    monkeypatch.setenv("CONNECTOR_LOGS__FORMAT", "json")
    code, _out, said = office.type("sync", "--full", *options)
    assert code in {0, 1}
    lines = _lines(said)
    assert {line["event"] for line in lines} <= set(EVENTS)
    assert [line for line in lines if "school" not in line or "run_id" not in line] == []
    assert len({line["run_id"] for line in lines}) == 2
    assert {line["school"] for line in lines} == {"99AA00", "99BB00"}
    planned = {line["stream"] for line in lines if line["event"] == "stream_planned"}
    asked = {line["stream"] for line in lines if line["event"] == "source_answered" and "stream" in line}
    assert planned
    assert planned <= asked
    assert structlog.contextvars.get_contextvars() == {}
