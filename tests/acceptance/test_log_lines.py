"""What ops find on the lines of a run: the school, the run, and the stream where there is one."""

from __future__ import annotations

import json
from pathlib import Path
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


def test_the_line_of_a_correction_put_in_by_hand_names_its_school(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No run is under way then, and yet ops see whose it is."""
    office.type("sync")
    monkeypatch.setenv("CONNECTOR_LOGS__FORMAT", "json")
    item = {"stream": "guardians", "key": "gua-000001", "field": "email", "base": None, "new": "nieuw@voorbeeld.test"}
    wish = {"requester": "gua-000001", "motive": "error", "items": [item | {"base_seen_at": "2026-11-25T09:58:00Z"}]}
    (tmp_path / "wish.json").write_text(json.dumps(wish), encoding="utf-8")
    _code, _out, said = office.type(
        "corrections", "submit", "--file", str(tmp_path / "wish.json"), "--school", "99AA00"
    )
    taken = [line for line in _lines(said) if line["event"] == "correction_taken_in"]
    assert [line["school"] for line in taken] == ["99AA00"]
    assert structlog.contextvars.get_contextvars() == {}
