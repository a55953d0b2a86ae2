"""Where the acceptance tests type their commands, on both databases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from connector.simulator.answers import Simulator
from connector.simulator.server import running
from connector.simulator.world import World
from tests.acceptance.office import AMSTERDAM, Office


@pytest.fixture
def office(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Two schools of 15 pupils, a SIS that serves them over HTTP, and an empty portal."""
    for name in [name for name in os.environ if name.startswith("CONNECTOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("USER", "anna")
    monkeypatch.chdir(tmp_path)
    sis = Simulator(World(7, datetime.now(AMSTERDAM).date(), {"99AA00": 15, "99BB00": 15}))
    with running(sis) as base_url:
        found = Office(tmp_path, database_url, base_url, sis)
        yield found
        found.engine.dispose()
