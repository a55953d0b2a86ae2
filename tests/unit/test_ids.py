"""School ids, source keys and run ids: one form in, or refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from schemas.errors import ConfigurationError
from schemas.ids import new_run_id, parse_school_id, parse_source_key


@pytest.mark.parametrize("text", ["99ZZ", "99ZZ00", "99ZZ.00", "99ZZ 00", "99zz", " 99ZZ00\n"])
def test_a_school_without_site_is_its_main_site(text: str) -> None:
    """`99ZZ`, `99ZZ00` and the ESIS writing `99ZZ.00` are one school."""
    assert parse_school_id(text) == "99ZZ00"


def test_another_site_is_another_school() -> None:
    """The two digits of the site are kept."""
    assert parse_school_id("99ZZ.07") == "99ZZ07"


@pytest.mark.parametrize(
    "text", ["", "99Z", "99ZZZ", "99ZZ0", "99ZZ000", "99ZZ.", "99ZZ..00", "9ZZZ", "٩٩ZZ", "99ÀA", "99ZZ-00", "99 ZZ"]
)
def test_what_is_no_brin_is_refused(text: str) -> None:
    """Anything but two ASCII digits, two letters and a whole site is a wrong setting, with the fix in it."""
    with pytest.raises(ConfigurationError, match="as in 99AA or 99AA00"):
        parse_school_id(text)


@pytest.mark.parametrize("text", ["9OZZ", "990I", "99ZZ0O"])
def test_a_letter_for_a_digit_is_pointed_at(text: str) -> None:
    """Where O and 0 were mixed up, the message says so; elsewhere it does not."""
    with pytest.raises(ConfigurationError, match="letter O and the digit 0"):
        parse_school_id(text)
    with pytest.raises(ConfigurationError) as refused:
        parse_school_id("school")
    assert "letter O" not in str(refused.value)


def test_a_refused_school_id_is_quoted_in_part_only() -> None:
    """A long text given by mistake does not end up in the message as a whole."""
    with pytest.raises(ConfigurationError) as refused:
        parse_school_id("x" * 21)
    assert "x" * 20 in str(refused.value)
    assert "x" * 21 not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("1", "1"),
        ("a b", "a b"),
        ("a  b", "a  b"),
        ("#12", "#12"),
        ("https://id.school/LL_!@#$%^_-", "https://id.school/LL_!@#$%^_-"),
        ("Zoë", "Zoë"),
        ("AbC", "AbC"),
        ("007", "007"),
        ("x" * 256, "x" * 256),
        ("e\u0301", "e\u0301"),
        ("\u00e9", "\u00e9"),
    ],
)
def test_a_key_stays_as_written(written: str, key: str) -> None:
    """A source's key is opaque: case, zeros, inner spaces and Unicode form are kept, up to 256 characters."""
    assert parse_source_key(written) == key


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1, 1.5, True, b"1", "", "  ", "x" * 257, "a\nb", "a\x00", "a\x7fb", "a\u200fb", "a\u2028b", "\ud800"),
        *("?", " a", "a ", "\u00a0a", "a\u2003", "a\n", "\ta", "a\u00a0b", "\ufeffa", " " + "x" * 255),
    ],
)
def test_what_cannot_be_a_key_is_none(value: object) -> None:
    """Other types, nothing, too much, outer spaces, control and invisible marks and half a surrogate are no key."""
    assert parse_source_key(value) is None


def test_run_ids_sort_by_their_start_in_utc() -> None:
    """A RunId begins with the instant in UTC to the second, so that later runs sort later, whatever the zone."""
    first = new_run_id(datetime(2026, 11, 24, 3, 0, 0, tzinfo=timezone(timedelta(hours=2))))
    second = new_run_id(datetime(2026, 11, 24, 1, 0, 1, tzinfo=UTC))
    assert first.startswith("20261124T010000-")
    assert second.startswith("20261124T010001-")
    assert first < second


def test_two_runs_of_one_second_have_two_ids() -> None:
    """Six random hexadecimal digits keep runs of one second apart."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    ids = {new_run_id(now) for _ in range(20)}
    assert len(ids) > 1
    assert all(len(identifier.partition("-")[2]) == 6 for identifier in ids)
    assert all(int(identifier.partition("-")[2], 16) >= 0 for identifier in ids)
