"""A school's settings: what each may be, what is refused and how, and which streams each decides."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.correction_fields import FIELDS
from schemas.errors import ConfigurationError
from schemas.selection_words import ALLOWED, CATEGORIES
from schemas.selections import (
    DECIDED_BY,
    DEFAULT_SELECTIONS,
    MEANINGS,
    SETTINGS,
    Audience,
    BirthDateShown,
    TestChoice,
    parse_setting,
    selections_of,
    setting_text,
)
from schemas.streams import Stream

SWITCHES = [name for name in SETTINGS if name.startswith("group_list.") and name != "group_list.birth_date"]
OR_ALL = ["subjects", "tests", "note_categories", "reports_from", "history_years"]


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("subjects", ["Taal", " rekenen ", "taal"], ("rekenen", "taal")),
        ("subjects", [], ()),
        ("subjects", ["x" * 64], ("x" * 64,)),
        ("note_categories", ["educational_needs", "conversation"], ("conversation", "educational_needs")),
        ("note_categories", list(CATEGORIES), tuple(sorted(CATEGORIES))),
        ("reports_from", "2025-08-01", date(2025, 8, 1)),
        ("reports_from", date(2025, 8, 1), date(2025, 8, 1)),
        ("news_audience", "school", Audience.SCHOOL),
        ("news_audience", "school_and_groups", Audience.SCHOOL_AND_GROUPS),
        ("calendar_audience", "school", Audience.SCHOOL),
        ("leaver_grace_days", 0, 0),
        ("leaver_grace_days", 366, 366),
        ("history_years", 0, 0),
        ("history_years", 20, 20),
        ("group_list.birth_date", "off", BirthDateShown.OFF),
        ("group_list.birth_date", "day_and_month", BirthDateShown.DAY_AND_MONTH),
        ("group_list.birth_date", "full", BirthDateShown.FULL),
        *((name, True, True) for name in SWITCHES),
        *((name, False, False) for name in SWITCHES),
        *((name, "all", None) for name in OR_ALL),
        *((name, " ALL ", None) for name in OR_ALL),
        *((name, None, None) for name in OR_ALL),
    ],
)
def test_a_setting_is_read_as_one_value(name: str, written: Any, value: Any) -> None:
    """Each value a setting may have, at its edges too; order, doubles, blanks and capitals of a list decide nothing."""
    found = parse_setting(name, written)
    assert (found, type(found)) == (value, type(value))


def test_a_test_is_chosen_for_year_groups_from_a_day_with_or_without_its_level() -> None:
    """Each part of a choice arrives; a year group may be written as a number; the order decides nothing."""
    written = [
        {"test": "Rekenen", "year_groups": [4, "3", "c"], "from_on": "2026-02-01"},
        {"test": "dmt", "shows_level": False},
    ]
    chosen = (
        TestChoice(test="dmt", shows_level=False),
        TestChoice(test="rekenen", year_groups=("3", "4", "C"), from_on=date(2026, 2, 1)),
    )
    assert parse_setting("tests", written) == parse_setting("tests", written[::-1]) == chosen


def test_one_test_may_have_a_choice_per_year_group_but_not_two() -> None:
    """Other year groups have a choice of their own; the same one twice, or all beside one, is refused."""
    apart = [{"test": "dmt", "year_groups": ["3"]}, {"test": "dmt", "year_groups": ["4"], "from_on": "2026-02-01"}]
    assert len(parse_setting("tests", apart)) == 2
    for other in ({"test": "dmt", "shows_level": False}, {"test": "DMT", "year_groups": ["3"], "shows_level": False}):
        with pytest.raises(ConfigurationError, match="same test for the same year group twice"):
            parse_setting("tests", [*apart, other])


_WRONG: list[tuple[str, Any, str]] = [
    ("subjects", "rekenen", "subjects must be a list of subjects"),
    ("subjects", 3, "subjects must be a list of subjects"),
    ("subjects", {"rekenen": True}, "subjects must be a list of subjects"),
    ("subjects", ["rekenen", ""], "subjects: number 2 must be a subject of 1 to 64 characters"),
    ("subjects", [" "], "subjects: number 1 must be a subject"),
    ("subjects", ["x" * 65], "subjects: number 1 must be a subject"),
    ("subjects", [3], "subjects: number 1 must be a subject"),
    ("tests", "dmt", "tests must be a list of tests"),
    ("tests", {"test": "dmt"}, "tests must be a list of tests"),
    ("tests", ["dmt"], "tests: number 1 must be a test with its year groups"),
    ("tests", [{}], "tests: number 1 lacks test"),
    ("tests", [{"test": ""}], "tests: number 1: test must be a test's code"),
    ("tests", [{"test": "dmt"}, {"test": "avi", "groups": ["3"]}], "tests: number 2 has a key that no test has"),
    ("tests", [{"test": "dmt", "year_groups": "3"}], "tests: number 1: year_groups must be a list of year groups"),
    ("tests", [{"test": "dmt", "year_groups": [True]}], "tests: number 1: year_groups must be a list"),
    ("tests", [{"test": "dmt", "year_groups": [-1]}], "tests: number 1: year_groups must be a list"),
    ("tests", [{"test": "dmt", "year_groups": ["groep"]}], "tests: number 1: year_groups must be a list"),
    ("tests", [{"test": "dmt", "from_on": "1 februari"}], "tests: number 1: from_on must be a day as YYYY-MM-DD"),
    ("tests", [{"test": "dmt", "shows_level": "no"}], "tests: number 1: shows_level must be true or false"),
    ("note_categories", ["gesprek"], "note_categories: number 1 must be one of conversation"),
    ("note_categories", ["Conversation"], "note_categories: number 1 must be one of conversation"),
    ("note_categories", "conversation", "note_categories must be a list of conversation"),
    *(
        ("reports_from", wrong, "reports_from must be a day as YYYY-MM-DD, or all")
        for wrong in ("soon", "2025-02-30", "20250801", "2025-08-01T00:00:00", 1754006400, 0, True, ["2025-08-01"])
    ),
    *(("leaver_grace_days", wrong, "from 0 to 366") for wrong in (-1, 367, "14", 14.0, True, None, "all", [14])),
    *(("history_years", wrong, "from 0 to 20, or all") for wrong in (-1, 21, "3", 3.0, True, [3])),
    *(
        (name, wrong, f"{name} must be school or school_and_groups")
        for name in ("news_audience", "calendar_audience")
        for wrong in ("groups", "School", "all", None, 1, ["school"])
    ),
    *(("group_list.birth_date", wrong, "off, day_and_month or full") for wrong in (True, False, "day", "all", None)),
    *((name, wrong, f"{name} must be true or false") for name in SWITCHES for wrong in (1, 0, "true", "all", None)),
]


@pytest.mark.parametrize(("name", "wrong", "said"), _WRONG)
def test_a_wrong_value_is_refused_with_what_is_allowed(name: str, wrong: Any, said: str) -> None:
    """The message names the setting, the place in a list, and what may stand there; the fix says what it decides."""
    with pytest.raises(ConfigurationError) as caught:
        parse_setting(name, wrong)
    assert said in caught.value.message
    assert MEANINGS[name] in caught.value.fix


@given(
    name=st.sampled_from(list(SETTINGS)),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.just("CANARY"),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["test", "CANARY"]), inner),
        max_leaves=6,
    ),
)
def test_a_complaint_never_repeats_what_was_there(name: str, value: Any) -> None:
    """Whatever stands in the register, a refusal is one of ours and shows nothing of it."""
    said = ""
    try:
        parse_setting(name, value)
    except ConfigurationError as error:
        said = str(error)
    assert "CANARY" not in said


def test_an_unknown_setting_is_refused_with_those_there_are() -> None:
    """The fix names every setting."""
    with pytest.raises(ConfigurationError, match="no setting 'subject'") as caught:
        selections_of({"subject": ["taal"]})
    assert all(name in caught.value.fix for name in SETTINGS)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("subjects", '["rekenen","taal"]'),
        ("subjects", "null"),
        ("tests", '[{"test":"dmt","year_groups":["3"],"from_on":"2026-02-01","shows_level":false},{"test":"avi"}]'),
        ("reports_from", '"2025-08-01"'),
        ("news_audience", '"school"'),
        ("leaver_grace_days", "30"),
        ("group_list.name", "true"),
        ("group_list.birth_date", '"day_and_month"'),
    ],
)
def test_the_registers_text_is_read_back_as_the_same_value(name: str, text: str) -> None:
    """What is written as JSON is read as it was, and written again it is the same text: equal texts, equal values."""
    value = parse_setting(name, json.loads(text))
    again = setting_text(value)
    assert parse_setting(name, json.loads(again)) == value
    assert setting_text(parse_setting(name, json.loads(again))) == again


def test_every_setting_has_its_words_and_its_default() -> None:
    """Each is explained, and its default is one of the values it may have."""
    assert set(MEANINGS) == set(ALLOWED) == set(SETTINGS)
    for name, field in SETTINGS.items():
        value = getattr(DEFAULT_SELECTIONS, field)
        assert parse_setting(name, json.loads(setting_text(value))) == value


def test_every_setting_decides_a_stream_or_is_of_the_group_list() -> None:
    """None is without effect: the group list and corrections are judged later, the others decide what is stored."""
    decided = {name for names in DECIDED_BY.values() for name in names}
    assert decided == {name for name in SETTINGS if not name.startswith(("group_list.", "corrections."))}
    assert {name for name in SETTINGS if name.startswith("corrections.")} == {f"corrections.{one}" for one in FIELDS}
    assert set(DECIDED_BY) <= set(Stream)
