"""Wiring: what the settings say of a source reaches the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.settings import load
from jobs.wiring import NO_DOCUMENT, open_wiring
from mappings.brake import Limits
from schemas.brake import PER_CHILD
from schemas.ids import SchoolId
from schemas.streams import Stream

PORTAL = '[portal]\ndatabase_url = "sqlite:///portal.db"\n'
LIVE = '[sources.main]\ndialect = "reference"\nbase_url = "https://sis.example"\nclient_id = "connector"\n'
FILES = '[sources.files]\ndialect = "edexml"\n'
SCHOOLS = """
[schools."99AA00"]
name = "De Regenboog"
source = "main"
[schools."99BB00"]
name = "Het Kompas"
source = "files"
"""


@pytest.mark.parametrize(
    ("line", "requests"), [("", 4), ("parallel_requests = 1\n", 1), ("parallel_requests = 16\n", 16)]
)
def test_a_live_source_is_asked_as_much_at_a_time_as_its_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, requests: int
) -> None:
    """The default is 4; a school that is fed by files is read in one go, whatever the others do."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "config.toml"
    file.write_text(PORTAL + LIVE + line + FILES + SCHOOLS, encoding="utf-8")
    settings = load(file, {"CONNECTOR_SOURCES__MAIN__CLIENT_SECRET": "secret"})
    with open_wiring(settings, is_migrated=False) as wiring:
        assert wiring.parts(SchoolId("99AA00")).parallel_requests == requests
        assert wiring.parts(SchoolId("99BB00"), path=NO_DOCUMENT).parallel_requests == 1


def test_the_brake_of_a_school_is_what_its_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every number of [brake] reaches the run, and without the section the defaults do."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "config.toml"
    text = PORTAL + LIVE + FILES + SCHOOLS
    brake = "[brake]\nshare = 0.3\nrows = 5\ndays = 21\npupils_share = 0.4\nmost_invoices = 9\n"
    expected = {
        "": Limits(),
        brake: Limits(0.3, 5, 21, 0.4, {**PER_CHILD, Stream.INVOICES: 9}),
    }
    for section, limits in expected.items():
        file.write_text(text + section, encoding="utf-8")
        settings = load(file, {"CONNECTOR_SOURCES__MAIN__CLIENT_SECRET": "secret"})
        with open_wiring(settings, is_migrated=False) as wiring:
            assert wiring.plan(SchoolId("99AA00")).limits == limits
