"""What a person types for a setting, and how its value is shown."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.choose import DEFAULT, UNREADABLE
from jobs.cli import setting_words as words
from schemas.errors import ConfigurationError
from schemas.selections import SETTINGS, Audience, BirthDateShown, TestChoice
from tests.unit.setting_values import settings

RICH = "rekenen:3,4,5 from 2026-02-01; dmt without level"
CHOSEN = (
    TestChoice(test="dmt", shows_level=False),
    TestChoice(test="rekenen", year_groups=("3", "4", "5"), from_on=date(2026, 2, 1)),
)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("subjects", "rekenen,taal", ("rekenen", "taal")),
        ("subjects", " Taal , begrijpend lezen ", ("begrijpend lezen", "taal")),
        ("subjects", "none", ()),
        ("subjects", "all", None),
        ("subjects", "null", None),
        ("subjects", '["taal, schriftelijk", "all"]', ("all", "taal, schriftelijk")),
        ("subjects", " Default ", DEFAULT),
        ("note_categories", "educational_needs,conversation", ("conversation", "educational_needs")),
        ("note_categories", "[]", ()),
        ("tests", RICH, CHOSEN),
        ("tests", "dmt without level;REKENEN : 3 , 4,5 FROM 2026-02-01", CHOSEN),
        ("tests", "dmt", (TestChoice(test="dmt"),)),
        ("tests", "none", ()),
        ("tests", "ALL", None),
        ("tests", '[{"test": "a:b", "year_groups": [3]}]', (TestChoice(test="a:b", year_groups=("3",)),)),
        ("reports_from", "2025-08-01", date(2025, 8, 1)),
        ("reports_from", '"2025-08-01"', date(2025, 8, 1)),
        ("reports_from", "all", None),
        ("news_audience", "School", Audience.SCHOOL),
        ("leaver_grace_days", "30", 30),
        ("history_years", "0", 0),
        ("history_years", "all", None),
        ("group_list.name", "on", True),
        ("group_list.name", "true", True),
        ("group_list.name", "No", False),
        ("group_list.birth_date", "day_and_month", BirthDateShown.DAY_AND_MONTH),
        ("group_list.birth_date", "off", BirthDateShown.OFF),
    ],
)
def test_a_value_is_read_as_it_is_typed_or_as_json(name: str, typed: str, value: Any) -> None:
    """Commas between the members of a list, semicolons between tests, all, none, default, on and off, or JSON."""
    assert words.parse_value(name, typed) == value


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("subjects", "", "subjects: number 1 must be a subject"),
        ("subjects", "rekenen,,taal", "subjects: number 2 must be a subject"),
        ("subjects", "[rekenen]", "subjects: what begins with [ must be JSON"),
        ("subjects", '"rekenen",taal', 'subjects: what begins with " must be JSON'),
        ("subjects", "[" * 100_000, "must be JSON"),
        ("note_categories", "conversation,gesprek", "note_categories: number 2 must be one of conversation"),
        ("tests", "rekenen:", "tests: number 1: year_groups must be"),
        ("tests", "dmt;", "tests: number 2 must be a test, as in"),
        ("tests", "dmt:3:4", "tests: number 1 must be a test, as in"),
        ("tests", "rekenen from february", "tests: number 1: from_on must be a day"),
        ("tests", "dmt; dmt:3", "same test for the same year group twice"),
        ("reports_from", "1-8-2025", "reports_from must be a day as YYYY-MM-DD, or all"),
        ("news_audience", "everybody", "news_audience must be school or school_and_groups"),
        ("leaver_grace_days", "-1", "leaver_grace_days must be a whole number from 0 to 366"),
        ("leaver_grace_days", "two weeks", "leaver_grace_days must be a whole number from 0 to 366"),
        ("leaver_grace_days", "all", "leaver_grace_days must be a whole number from 0 to 366"),
        ("leaver_grace_days", "none", "leaver_grace_days must be a whole number from 0 to 366"),
        ("history_years", "3.0", "history_years must be a whole number from 0 to 20, or all"),
        ("history_years", "9" * 10_000, "history_years must be a whole number from 0 to 20, or all"),
        ("group_list.name", "maybe", "group_list.name must be true or false"),
        ("group_list.birth_date", "on", "group_list.birth_date must be off, day_and_month or full"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed_and_an_example(name: str, typed: str, said: str) -> None:
    """One message that says what the setting may be; the fix shows a command to copy."""
    with pytest.raises(ConfigurationError) as caught:
        words.parse_value(name, typed)
    assert said in caught.value.message
    assert f"connector modules set {name} " in caught.value.fix


def test_a_setting_is_known_by_its_name() -> None:
    """Whatever the capitals; a misspelt one gets the nearest name and all there are."""
    assert words.parse_name(" History_Years ") == "history_years"
    with pytest.raises(ConfigurationError, match="no setting 'subject'") as caught:
        words.parse_name("subject")
    assert caught.value.fix.startswith("Did you mean subjects?")
    assert all(name in caught.value.fix for name in SETTINGS)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("subjects", ("rekenen", "taal"), "rekenen,taal"),
        ("subjects", (), "none"),
        ("subjects", None, "all"),
        ("subjects", ("none",), '["none"]'),
        ("subjects", ("a,b",), '["a,b"]'),
        ("tests", CHOSEN, "dmt without level; rekenen:3,4,5 from 2026-02-01"),
        ("tests", (TestChoice(test="a:b"),), '[{"test":"a:b"}]'),
        ("tests", (TestChoice(test="taal from 2026-02-01"),), '[{"test":"taal from 2026-02-01"}]'),
        ("reports_from", date(2025, 8, 1), "2025-08-01"),
        ("leaver_grace_days", 30, "30"),
        ("group_list.name", True, "true"),
        ("group_list.birth_date", BirthDateShown.FULL, "full"),
        ("subjects", DEFAULT, "default"),
        ("subjects", UNREADABLE, "cannot be read"),
    ],
)
def test_a_value_is_shown_as_it_is_typed(name: str, value: Any, shown: str) -> None:
    """In the short form where that says it exactly, else as JSON."""
    assert words.value_text(name, value) == shown


def test_every_setting_has_an_example_that_is_allowed() -> None:
    """The example of each is read without complaint and is not its default, so that copying it does something."""
    for name in SETTINGS:
        assert words.value_text(name, words.parse_value(name, words.EXAMPLES[name]))
    assert set(words.EXAMPLES) == set(SETTINGS)


@given(setting=settings())
def test_what_is_shown_can_be_typed_again(setting: tuple[str, Any]) -> None:
    """Whatever a list holds (separators, keywords, quotes), what is shown is read back as the same value."""
    name, value = setting
    assert words.parse_value(name, words.value_text(name, value)) == value


@given(name=st.sampled_from(list(SETTINGS)), value=st.text(max_size=12) | st.from_type(int).map(json.dumps))
def test_anything_typed_is_read_or_refused(name: str, value: str) -> None:
    """No input ends in anything but a value or one of our messages."""
    try:
        found = words.parse_value(name, value)
    except ConfigurationError:
        return
    assert found is DEFAULT or words.parse_value(name, words.value_text(name, found)) == found
