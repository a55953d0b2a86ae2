"""The bench of the integration tests, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.rig import Rig


@pytest.fixture
def rig(database_url: str) -> Iterator[Rig]:
    """A school of 20 pupils, every module planned but only the always-on ones open."""
    bench = Rig(database_url)
    yield bench
    bench.dispose()


@pytest.fixture
def make_rig(database_url: str) -> Iterator[Callable[..., Rig]]:
    """Make a bench of another size, with other limits, or with a hook before each call."""
    benches: list[Rig] = []

    def make(**shape: object) -> Rig:
        benches.append(Rig(database_url, **shape))  # type: ignore[arg-type]
        return benches[-1]

    yield make
    for bench in benches:
        bench.dispose()
