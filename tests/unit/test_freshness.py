"""How old data is, module by module, and whether that is within its target."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mappings.freshness import Freshness, ModuleAge, Pulled, is_late, judge
from schemas.modules import STREAMS_OF, Module
from schemas.streams import Stream

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TARGET = timedelta(minutes=30)
LOADED = {stream: NOW - timedelta(days=9) for stream in Stream}


def _ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def _one(module: Module, pulled: Pulled, *, opened: float = 600, target: timedelta | None = TARGET) -> ModuleAge:
    (found,) = judge([(module, _ago(opened))], pulled, target, NOW)
    return found


@pytest.mark.parametrize(("minutes", "late"), [(0, False), (30, False), (30.1, True), (3000, True)])
def test_data_is_late_when_it_is_older_than_its_target(minutes: float, late: bool) -> None:
    """Exactly the target is in time; a moment more is late; a clock that runs behind makes nothing late."""
    found = _one(Module.NOTITIES, Pulled(_ago(minutes), LOADED, frozenset()))
    assert (found.data_at, found.is_late) == (_ago(minutes), late)
    assert is_late(_ago(minutes), TARGET, NOW) is late
    assert not is_late(NOW + timedelta(hours=1), TARGET, NOW)


def test_without_a_target_nothing_is_late() -> None:
    """Neither old data nor data that never came."""
    assert not is_late(None, None, NOW)
    assert _one(Module.NOTITIES, Pulled(_ago(9000), LOADED, frozenset()), target=None).freshness is Freshness.FRESH


@pytest.mark.parametrize(("opened", "freshness"), [(5, Freshness.LOADING), (31, Freshness.LATE)])
def test_a_first_load_has_as_long_as_the_target(opened: float, freshness: Freshness) -> None:
    """A module whose streams are not all loaded is loading, and late once it has been open for longer than that."""
    loaded = dict(LOADED)
    del loaded[Stream.LESSONS]
    found = _one(Module.ROOSTER, Pulled(_ago(1), loaded, frozenset()), opened=opened)
    assert found == ModuleAge(Module.ROOSTER, None, freshness)


def test_a_first_load_counts_where_the_run_did_not_end_well() -> None:
    """A module loaded ten minutes ago is ten minutes old although the last good look was long before."""
    loaded = LOADED | {Stream.NOTES: _ago(10)}
    assert _one(Module.NOTITIES, Pulled(_ago(500), loaded, frozenset())).data_at == _ago(10)
    assert _one(Module.HULPPLAN, Pulled(_ago(500), loaded, frozenset())).data_at == _ago(500)


def test_a_module_is_as_old_as_its_oldest_stream() -> None:
    """One stream just loaded does not make the others fresh."""
    loaded = LOADED | {Stream.LESSONS: _ago(1)}
    assert _one(Module.ROOSTER, Pulled(_ago(45), loaded, frozenset())).data_at == _ago(45)


def test_what_the_source_lacks_is_not_waited_for() -> None:
    """A module without a lacking stream is judged by the rest; one with nothing left is not supplied, never late."""
    lacking = frozenset({Stream.EMERGENCY_CONTACTS, Stream.NOTES})
    loaded = {stream: LOADED[stream] for stream in STREAMS_OF[Module.PERSONALIA] if stream not in lacking}
    pulled = Pulled(_ago(3), loaded, lacking)
    assert _one(Module.PERSONALIA, pulled) == ModuleAge(Module.PERSONALIA, _ago(3), Freshness.FRESH)
    assert _one(Module.NOTITIES, pulled, opened=9000) == ModuleAge(Module.NOTITIES, None, Freshness.NOT_SUPPLIED)
