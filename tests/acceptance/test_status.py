"""`connector status`: ages against targets, exit codes, and every width of a terminal."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from jobs.cli import render
from schemas.tables.catalogue import METADATA
from tests.acceptance.office import Office


def _aged(office: Office, minutes: int, school: str = "99AA00") -> None:
    """Let a school's first load and the last look at it be so long ago."""
    with office.engine.begin() as connection:
        for table, column in (("leases", "checked_at"), ("checkpoints", "loaded_at")):
            target = METADATA.tables[table]
            here = target.c.school_id == school
            for at in set(connection.execute(select(target.c[column]).where(here)).scalars()):
                values = {column: at - timedelta(minutes=minutes)}
                connection.execute(target.update().values(values).where(here, target.c[column] == at))


def _json(office: Office, code: int, *words: str) -> dict[str, Any]:
    found, said, complaint = office.type("status", "--json", *words)
    assert found == code, complaint
    return dict(json.loads(said))


def test_all_well_is_nought_and_late_is_one(office: Office) -> None:
    """Fresh data of both schools ends with 0; one that is late makes 1, says so, and what to do."""
    office.do("sync")
    found = _json(office, 0)
    assert found["exit_code"] == 0
    one = found["schools"]["99AA00"]
    assert (one["target_minutes"], one["is_late"], one["attention"]) == (30, False, [])
    assert one["modules"]["absentie"]["state"] == "fresh"
    _aged(office, 45)
    found = _json(office, 1)
    assert found["schools"]["99AA00"]["attention"] == ["late"]
    assert found["schools"]["99AA00"]["modules"]["absentie"]["is_late"] is True
    assert found["schools"]["99BB00"]["attention"] == []
    assert _json(office, 0, "--school", "99BB00")["exit_code"] == 0
    code, said, _ = office.type("status")
    assert code == 1
    assert "target 30 min, LATE" in said
    assert "connector sync --school 99AA00" in said


def test_a_school_has_a_target_of_its_own(office: Office) -> None:
    """`fresh_minutes` of a school goes before that of [targets]."""
    office.do("sync")
    _aged(office, 45)
    _aged(office, 45, "99BB00")
    path = office.folder / "config.toml"
    text = path.read_text("utf-8")
    path.write_text(f"{text}\nfresh_minutes = 120\n[targets]\nfresh_minutes = 40\n", encoding="utf-8")
    found = _json(office, 1)["schools"]
    assert (found["99AA00"]["target_minutes"], found["99AA00"]["is_late"]) == (40, True)
    assert (found["99BB00"]["target_minutes"], found["99BB00"]["is_late"]) == (120, False)


@pytest.mark.parametrize("width", [40, 200, None])
def test_it_is_readable_at_any_width(office: Office, width: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty columns get blocks and wrapped lines, and nothing is lost; no terminal at all gets the table."""
    monkeypatch.setattr(render, "_width", lambda: width)
    office.do("sync")
    _aged(office, 45)
    _, said, _ = office.type("status")
    if width is not None:
        assert max(len(line) for line in said.splitlines()) <= width
    assert ("module " in said) == (width != 40)
    words = " ".join(said.split())
    for part in ("personalia", "held keys: 0, in quarantine: 0", "connector sync --school 99AA00", "LATE"):
        assert part in words
