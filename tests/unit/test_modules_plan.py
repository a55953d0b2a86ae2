"""The plan file: what it may say, what it may not, and that it survives being written and read."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.bookkeeping.register import Decision
from jobs.activate import PlannedModule, PlannedPhase
from jobs.choose import DEFAULT, PlannedSettings
from jobs.cli.modules_plan import Plan, plan_text, read_plan
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId
from schemas.modules import Module
from schemas.selections import Audience, BirthDateShown, TestChoice
from tests.unit.setting_values import settings

A, B = SchoolId("99AA00"), SchoolId("99BB00")


def _read(tmp_path: Path, text: str) -> Plan:
    file = tmp_path / "plan.toml"
    file.write_text(text, encoding="utf-8")
    return read_plan(file, {A, B})


def test_a_plan_says_who_decided_and_which_modules_open(tmp_path: Path) -> None:
    """Every key arrives; modules in a list open on the phase's day, at 00:00 local time."""
    plan = _read(
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
    phase = PlannedPhase(
        A,
        5,
        Decision(date(2027, 1, 11), "the head", "the MR", date(2026, 12, 10), "Welkom."),
        (PlannedModule(Module.NOTITIES, opens_at, None), PlannedModule(Module.HULPPLAN, opens_at, None)),
    )
    assert plan == Plan((phase,), ())


def test_a_module_can_have_dates_of_its_own(tmp_path: Path) -> None:
    """A date, a local time, a window, or no dates at all."""
    ((phase,), *_) = _read(
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


def test_a_plan_says_what_a_school_shows_within_its_modules(tmp_path: Path) -> None:
    """Settings in TOML's own values, with or without phases; `all` and `default` are words; only what is named."""
    plan = _read(
        tmp_path,
        """
        [schools."99AA00".settings]
        subjects = ["rekenen", "Taal"]
        tests = [{ test = "dmt", shows_level = false }, { test = "avi", year_groups = [3, "C"], from_on = 2026-02-01 }]
        note_categories = "all"
        reports_from = 2025-08-01
        news_audience = "school"
        leaver_grace_days = "default"
        history_years = 3
        group_list.name = true
        group_list.birth_date = "day_and_month"
        "group_list.phone" = false
        [schools."99BB".phases.5]
        modules = ["notities"]
        [schools."99BB".settings.group_list]
        address = true
        """,
    )
    avi = TestChoice(test="avi", year_groups=("3", "C"), from_on=date(2026, 2, 1))
    assert [phase.school for phase in plan.phases] == [B]
    assert plan.settings == (
        PlannedSettings(
            A,
            {
                "subjects": ("rekenen", "taal"),
                "tests": (avi, TestChoice(test="dmt", shows_level=False)),
                "note_categories": None,
                "reports_from": date(2025, 8, 1),
                "news_audience": Audience.SCHOOL,
                "leaver_grace_days": DEFAULT,
                "history_years": 3,
                "group_list.name": True,
                "group_list.birth_date": BirthDateShown.DAY_AND_MONTH,
                "group_list.phone": False,
            },
        ),
        PlannedSettings(B, {"group_list.address": True}),
    )


HEAD = '[schools."99AA00".phases.5]\n'
CHOICES = '[schools."99AA00".settings]\n'


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
        ('[schools."99AA00"]', "phases is missing"),
        ('[schools."99AA00"]\nsettings = 3', 'schools."99AA00".settings is missing or not a table'),
        (CHOICES + 'subject = ["taal"]', "settings: There is no setting 'subject'"),
        (CHOICES + "group_list.names = true", "settings: There is no setting 'group_list.names'"),
        (CHOICES + 'subjects = "taal"', "settings: subjects must be a list of subjects"),
        (CHOICES + 'tests = { test = "dmt" }', "settings: tests must be a list of tests"),
        (CHOICES + 'tests = [{ test = "dmt", from = 2026-02-01 }]', "settings: tests: number 1 has a key"),
        (CHOICES + "reports_from = 2025-08-01T00:00:00", "settings: reports_from must be a day"),
        (CHOICES + 'note_categories = ["gesprek"]', "settings: note_categories: number 1 must be one of"),
        (CHOICES + "leaver_grace_days = 14.0", "settings: leaver_grace_days must be a whole number"),
        (CHOICES + 'leaver_grace_days = "all"', "settings: leaver_grace_days must be a whole number"),
        (CHOICES + 'group_list.name = "yes"', "settings: group_list.name must be true or false"),
        (CHOICES + 'group_list.name = true\n"group_list.name" = false', "settings says group_list.name twice"),
        (CHOICES + 'reports_from = "2025-02-30"', "settings: reports_from must be a day"),
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
def _plans(draw: st.DrawFn) -> Plan:
    phases, chosen = [], []
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
            phases.append(PlannedPhase(school, number, decision, tuple(planned)))
        values = dict(draw(st.lists(settings() | st.just(("history_years", DEFAULT)), max_size=4)))
        chosen += [PlannedSettings(school, values)] if values else []
    return Plan(tuple(phases), tuple(chosen))


@given(plan=_plans())
def test_a_plan_survives_being_written_and_read(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> None:
    """Whatever the register holds (quotes, line ends, unprintable marks, odd instants): the plan says it exactly."""
    text = plan_text(plan)
    assert all(mark.isprintable() for mark in text.replace("\n", ""))
    assert _read(tmp_path_factory.mktemp("plan"), text) == plan
