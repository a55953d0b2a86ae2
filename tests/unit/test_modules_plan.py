"""The plan file: what it may say, what it may not, and that it survives being written and read."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.bookkeeping.register import Decision
from jobs.activate import PlannedModule, PlannedPhase
from jobs.cli.modules_plan import plan_text, read_plan
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId
from schemas.modules import Module

A, B = SchoolId("99AA00"), SchoolId("99BB00")


def _read(tmp_path: Path, text: str) -> list[PlannedPhase]:
    file = tmp_path / "plan.toml"
    file.write_text(text, encoding="utf-8")
    return read_plan(file, {A, B})


def test_a_plan_says_who_decided_and_which_modules_open(tmp_path: Path) -> None:
    """Every key arrives; modules in a list open on the phase's day, at 00:00 local time."""
    (phase,) = _read(
        tmp_path,
        """
        [schools."99AA".phases.5]
        opens_on = 2027-01-11
        decided_by = "the head"
        agreed_with = "the MR"
        evening_on = 2026-12-10
        text = "Welkom."
        modules = ["notities", "hulpplan"]
        """,
    )
    opens_at = datetime(2027, 1, 10, 23, tzinfo=UTC)
    assert phase == PlannedPhase(
        A,
        5,
        Decision(date(2027, 1, 11), "the head", "the MR", date(2026, 12, 10), "Welkom."),
        (PlannedModule(Module.NOTITIES, opens_at, None), PlannedModule(Module.HULPPLAN, opens_at, None)),
    )


def test_a_module_can_have_dates_of_its_own(tmp_path: Path) -> None:
    """A date, a local time, a window, or no dates at all."""
    (phase,) = _read(
        tmp_path,
        """
        [schools."99AA00".phases.5]
        modules.nieuws = 2027-03-01
        modules.groep = 2027-03-01T08:00:00
        modules.hulpplan = { opens_on = 2027-01-11, closes_on = 2027-07-01 }
        modules.notities = {}
        """,
    )
    assert phase.modules == (
        PlannedModule(Module.NIEUWS, datetime(2027, 2, 28, 23, tzinfo=UTC), None),
        PlannedModule(Module.GROEP, datetime(2027, 3, 1, 7, tzinfo=UTC), None),
        PlannedModule(Module.HULPPLAN, datetime(2027, 1, 10, 23, tzinfo=UTC), datetime(2027, 6, 30, 22, tzinfo=UTC)),
        PlannedModule(Module.NOTITIES, None, None),
    )


HEAD = '[schools."99AA00".phases.5]\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x = 1", "x is not a key"),
        ('[schools."99AA00"]\nphase = 1', 'schools."99AA00".phase is not a key'),
        (HEAD + "opens = 2027-01-01", 'schools."99AA00".phases.5.opens is not a key'),
        (HEAD + "modules.notities = { until = 2027-01-01 }", "phases.5.modules.notities.until is not a key"),
        (HEAD + 'modules = ["notitie"]', "phases.5.modules: There is no module 'notitie'"),
        (HEAD + 'opens_on = "2027-01-01"', "phases.5.opens_on is not a day"),
        (HEAD + "evening_on = 2027-01-01T10:00:00", "phases.5.evening_on is not a day"),
        (HEAD + "text = 5", "phases.5.text is not a text"),
        (HEAD + 'modules = "notities"', "phases.5.modules is neither a list nor a table"),
        (HEAD + 'modules.notities = "soon"', "modules.notities.opens_on is not a day"),
        (HEAD + "modules.notities = { opens_on = 2027-02-01, closes_on = 2027-01-01 }", "closes before it opens"),
        (HEAD + "opens_on = 2027-02-30", "is not TOML"),
        ('[schools."99ZZ00".phases.5]', 'schools."99ZZ00" is not configured'),
        ('[schools."99AA".phases.5]\n[schools."99AA00".phases.5]', "the same school a second time"),
        ('[schools."99AA00".phases.zero]', "phases.zero is not a phase"),
        ('[schools."99AA00".phases.0]', "phases.0 is not a phase"),
        (
            HEAD + 'modules = ["notities"]\n[schools."99AA00".phases.6]\nmodules = ["notities"]',
            "phases.6.modules names notities",
        ),
        ("", "schools is missing"),
    ],
)
def test_what_a_plan_may_not_say_is_refused_with_its_place(tmp_path: Path, text: str, named: str) -> None:
    """An unknown key, module, school or phase, or a date that is none, is refused with file, key and fix."""
    with pytest.raises(ConfigurationError) as caught:
        _read(tmp_path, text)
    assert named in caught.value.message
    assert "plan.toml" in caught.value.message
    assert caught.value.fix


def test_a_plan_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A missing file is named, and the fix says where to get one."""
    with pytest.raises(ConfigurationError, match=r"no plan file .*nowhere\.toml"):
        read_plan(tmp_path / "nowhere.toml", {A})


_instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_days = st.dates(date(2020, 1, 1), date(2040, 1, 1))


def _may(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def _plans(draw: st.DrawFn) -> list[PlannedPhase]:
    plan = []
    for school in draw(st.sampled_from([[A], [A, B]])):
        modules = draw(st.permutations(list(Module)))
        for number in (1, 2):
            mine = modules[:3] if number == 1 else modules[3:]
            decision = draw(st.builds(Decision, _may(_days), _may(_texts), _may(_texts), _may(_days), _may(_texts)))
            planned = []
            for module in mine:
                opens_at, closes_at = draw(st.none() | _instants), draw(st.none() | _instants)
                if opens_at is not None and closes_at is not None and closes_at < opens_at:
                    opens_at, closes_at = closes_at, opens_at
                planned.append(PlannedModule(module, opens_at, closes_at))
            plan.append(PlannedPhase(school, number, decision, tuple(planned)))
    return plan


@given(plan=_plans())
def test_a_plan_survives_being_written_and_read(
    tmp_path_factory: pytest.TempPathFactory, plan: list[PlannedPhase]
) -> None:
    """Whatever the register holds (quotes, line ends, unprintable marks, odd instants): the plan says it exactly."""
    text = plan_text(plan)
    assert all(mark.isprintable() for mark in text.replace("\n", ""))
    assert _read(tmp_path_factory.mktemp("plan"), text) == plan
