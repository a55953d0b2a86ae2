"""The bench of the integration tests, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rig import Rig


@pytest.fixture
def rig(database_url: str) -> Iterator[Rig]:
    """A school of 20 pupils, every module planned but only the always-on ones open."""
    bench = Rig(database_url)
    yield bench
    bench.dispose()
