"""Policy: which modules are open, which streams that needs, and what asks for a full pull."""

from datetime import timedelta

import pytest

from mappings.activation import MAPPING_VERSION, ModuleState, decide, is_settings_change
from schemas.modules import STREAMS_OF, Module, modules_needing
from schemas.selections import Selections
from schemas.streams import LOOSE_REFERENCES, PARENTS, Stream
from tests.builders import NOW

SECOND = timedelta(seconds=1)


def opened(*modules: Module) -> list[ModuleState]:
    """Give the register's word on modules that are open."""
    return [ModuleState(module, NOW, None) for module in modules]


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (ModuleState(Module.NIEUWS, None, None), False),
        (ModuleState(Module.NIEUWS, NOW + SECOND, None), False),
        (ModuleState(Module.NIEUWS, NOW, None), True),
        (ModuleState(Module.NIEUWS, NOW - SECOND, NOW + SECOND), True),
        (ModuleState(Module.NIEUWS, NOW - SECOND, NOW), False),
        (ModuleState(Module.NIEUWS, None, NOW + SECOND), False),
    ],
)
def test_a_module_is_open_from_its_opening_until_its_close(state: ModuleState, is_open: bool) -> None:
    """Open at the instant it opens, no longer at the instant it closes; not planned is not open."""
    assert state.is_open(NOW) is is_open
    assert (state.module in decide([state], NOW).modules) is is_open


def test_only_what_open_modules_need_is_pulled_parents_first() -> None:
    """The streams of the open modules, each once, in dependency order, and no other."""
    states = [
        *opened(Module.NOTITIES, Module.PERSONALIA),
        ModuleState(Module.HULPPLAN, NOW + SECOND, None),
        ModuleState(Module.GROEP, NOW - SECOND, NOW),
    ]
    policy = decide(states, NOW)
    assert policy.modules == {Module.NOTITIES, Module.PERSONALIA}
    assert policy.streams == (
        Stream.LOCATIONS,
        Stream.PUPILS,
        Stream.GUARDIANS,
        Stream.GUARDIANSHIPS,
        Stream.EMERGENCY_CONTACTS,
        Stream.NOTES,
    )
    assert policy.selections.leaver_grace_days == 14


def test_nothing_open_pulls_nothing() -> None:
    """Without a word in the register no stream is asked for."""
    assert decide([], NOW).streams == ()


@pytest.mark.parametrize("module", Module)
def test_a_foreign_key_stays_inside_its_module_or_personalia(module: Module) -> None:
    """Any module opened beside personalia brings every stream that its rows must point to, parents first."""
    streams = decide(opened(Module.PERSONALIA, module), NOW).streams
    for place, stream in enumerate(streams):
        assert {parent.stream for parent in PARENTS[stream]} <= set(streams[:place])


def test_every_stream_belongs_to_a_module() -> None:
    """No stream can be pulled for no module, and each module says what it shows."""
    assert all(modules_needing(stream) for stream in Stream)
    assert set(STREAMS_OF) == set(Module)


@pytest.mark.parametrize(
    ("stream", "module"),
    [
        (stream, module)
        for stream, loose in LOOSE_REFERENCES.items()
        for target in loose.values()
        for module in sorted(modules_needing(target))
    ],
)
def test_opening_what_a_reference_points_to_asks_for_a_full_pull(stream: Stream, module: Module) -> None:
    """A stream with a loose reference has another fingerprint once the other module is open: a settings change."""
    own = opened(*modules_needing(stream))
    before = decide(own, NOW).fingerprint(stream)
    after = decide([*own, *opened(module)], NOW).fingerprint(stream)
    is_own = module in modules_needing(stream)
    assert (before == after) is is_own
    assert is_settings_change(before, after) is not is_own


def test_only_pupils_depend_on_the_grace() -> None:
    """Another grace for leavers makes pupils be pulled in full, and nothing else."""
    one, other = decide(opened(*Module), NOW), decide(opened(*Module), NOW, Selections(leaver_grace_days=30))
    assert {stream for stream in Stream if one.fingerprint(stream) != other.fingerprint(stream)} == {Stream.PUPILS}


def test_an_unrelated_module_leaves_a_fingerprint_alone() -> None:
    """Opening notities does not make absences be pulled again."""
    one, other = decide(opened(Module.ABSENTIE), NOW), decide(opened(*Module), NOW)
    assert one.fingerprint(Stream.ABSENCES) == other.fingerprint(Stream.ABSENCES)


def test_a_settings_change_is_a_persons_decision_only() -> None:
    """Another part behind the colon is a decision; a first load, another mapping version or no change is none."""
    now = f"{MAPPING_VERSION}:grace=30"
    assert is_settings_change(f"{MAPPING_VERSION}:grace=14", now)
    assert not is_settings_change(None, now)
    assert not is_settings_change(f"{MAPPING_VERSION - 1}:grace=14", now)
    assert not is_settings_change(f"{MAPPING_VERSION - 1}:grace=30", now)
    assert not is_settings_change(now, now)
