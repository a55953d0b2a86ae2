"""Settings with any of their values, odd ones too, for tests that draw."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from schemas.errors import ConfigurationError
from schemas.selection_words import CATEGORIES
from schemas.selections import DEFAULT_SELECTIONS, SETTINGS, Audience, BirthDateShown, parse_setting

_pieces = (
    "a",
    ",",
    ";",
    ":",
    " ",
    '"',
    "[",
    "{",
    "\\",
    "\x7f",
    "é",
    " from ",
    " without level",
    "all",
    "none",
    "2026-02-01",
)
_odd = st.lists(st.sampled_from(_pieces), max_size=5).map("".join)
_days = st.dates(date(2020, 1, 1), date(2040, 1, 1)).map(date.isoformat)
_tests = st.fixed_dictionaries(
    {"test": _odd},
    optional={
        "year_groups": st.lists(st.sampled_from(["0", "3", "C", "a,b", ":"]), max_size=3),
        "from_on": _days,
        "shows_level": st.booleans(),
    },
)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "subjects": st.none() | st.lists(_odd, max_size=3),
    "tests": st.none() | st.lists(_tests, max_size=3),
    "note_categories": st.none() | st.lists(st.sampled_from(CATEGORIES)),
    "reports_from": st.none() | _days,
    "news_audience": st.sampled_from(Audience),
    "calendar_audience": st.sampled_from(Audience),
    "leaver_grace_days": st.integers(0, 366),
    "history_years": st.none() | st.integers(0, 20),
    **{name: st.booleans() for name in SETTINGS if name.startswith("group_list.")},
    "group_list.birth_date": st.sampled_from(BirthDateShown),
    **{name: st.sampled_from(["off", "request", "evidence"]) for name in SETTINGS if name.startswith("corrections.")},
}


@st.composite
def settings(draw: st.DrawFn) -> tuple[str, Any]:
    """Give a setting's name and one of its values, as `Selections` holds it."""
    name = draw(st.sampled_from(list(SETTINGS)))
    try:
        return name, parse_setting(name, draw(_VALUES[name]))
    except ConfigurationError:
        return name, getattr(DEFAULT_SELECTIONS, SETTINGS[name])
