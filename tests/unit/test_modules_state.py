"""How a module stands, as a person is told, agrees with what a run does."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.bookkeeping.register import ModuleEntry
from jobs.activate import State, state_of
from mappings.activation import ModuleState
from schemas.modules import Module

NOW = datetime(2026, 11, 24, tzinfo=UTC)
_near = st.none() | st.integers(-2, 2).map(lambda hours: NOW + timedelta(hours=hours))


@given(opens_at=_near, closes_at=_near)
def test_a_module_is_called_open_exactly_when_a_run_would_pull_it(
    opens_at: datetime | None, closes_at: datetime | None
) -> None:
    """`open` and `open, closes on` stand for what the policy calls open, at every order of now, opening and closing."""
    entry = ModuleEntry(Module.GROEP, 3, opens_at, None if opens_at is None else closes_at, None)
    is_called_open = state_of(entry, NOW) in {State.OPEN, State.CLOSING}
    assert is_called_open == ModuleState(entry.module, entry.opens_at, entry.closes_at).is_open(NOW)
