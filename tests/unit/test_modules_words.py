"""What a person writes for days, moments and modules."""

from datetime import UTC, date, datetime

import pytest

from jobs.cli import modules_words as words
from schemas.errors import ConfigurationError
from schemas.modules import Module

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("now", NOW),
        ("2027-01-31", datetime(2027, 1, 30, 23, tzinfo=UTC)),
        ("2027-07-01", datetime(2027, 6, 30, 22, tzinfo=UTC)),
        ("2027-01-31T08:30", datetime(2027, 1, 31, 7, 30, tzinfo=UTC)),
        ("2027-07-01 08:30", datetime(2027, 7, 1, 6, 30, tzinfo=UTC)),
        ("2027-07-01T08:30+00:00", datetime(2027, 7, 1, 8, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_local_unless_it_says_otherwise(written: str, instant: datetime) -> None:
    """A day begins at 00:00 in Europe/Amsterdam, summer and winter; a time without an offset is local."""
    assert words.parse_instant(written, "--until", NOW) == instant


@pytest.mark.parametrize(
    "written", ["", "tomorrow", "2027-02-30", "31-01-2027", "20270131", "2027-1-31", "2027-01-31T25:00"]
)
def test_what_is_no_moment_is_refused_with_its_option(written: str) -> None:
    """A typo names the option and shows how to write it."""
    with pytest.raises(ConfigurationError) as caught:
        words.parse_instant(written, "--until", NOW)
    assert caught.value.message.startswith("--until: ")
    assert "2027-01-31" in caught.value.fix


def test_a_time_the_clock_skips_is_refused() -> None:
    """Half past two on the night the clock goes forward does not exist."""
    with pytest.raises(ConfigurationError, match="does not exist"):
        words.parse_instant("2027-03-28T02:30", "--from", NOW)


def test_a_module_is_known_by_its_dutch_name() -> None:
    """Names are read whatever their capitals, each once."""
    assert words.parse_modules(["Notities", "groep", "notities"]) == (Module.NOTITIES, Module.GROEP)


def test_a_misspelt_module_gets_the_nearest_name() -> None:
    """The fix offers the module that was meant, and all there are."""
    with pytest.raises(ConfigurationError) as caught:
        words.parse_module("hulplan")
    assert caught.value.fix.startswith("Did you mean hulpplan?")
    assert all(module.value in caught.value.fix for module in Module)


def test_an_instant_is_shown_as_a_day_when_it_begins_one() -> None:
    """Midnight in Amsterdam is shown as the day alone, any other moment to the minute, nothing as a dash."""
    assert words.local(datetime(2027, 1, 30, 23, tzinfo=UTC)) == "2027-01-31"
    assert words.local(NOW) == "2026-11-24 03:30"
    assert words.local(None) == "–"


def test_only_days_are_days() -> None:
    """parse_day gives the day as written and takes no time."""
    assert words.parse_day(" 2027-01-31 ", "--on") == date(2027, 1, 31)
    with pytest.raises(ConfigurationError):
        words.parse_day("2027-01-31T00:00", "--on")
