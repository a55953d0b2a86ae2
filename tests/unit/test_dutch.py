"""The Dutch of the printed pages is complete, and says days and values as a reader does."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from connector.portal.audience import views_of
from jobs.cli import dutch, gate_words, render_invitations, render_preview
from mappings import access
from mappings.invitations import BOUNCED, NO_MAIL, SHARED_MAIL, UNUSABLE_MAIL
from schemas.modules import Module
from tests.architecture.repository import ROOT

SHOWN = {view for module in Module for view in views_of(module)}


def test_every_module_view_and_gate_has_its_dutch() -> None:
    """No page can meet a module, a view or a gate without words."""
    assert set(dutch.MODULES) == {module.value for module in Module}
    assert set(dutch.VIEWS) == SHOWN
    assert set(dutch.REASONS) >= set(gate_words.WORDS)


def test_every_column_has_its_dutch(sqlite_url: str) -> None:
    """Each column a guardian sees has a label, and no label is left over."""
    with closing(sqlite3.connect(make_url(sqlite_url).database or "")) as connection:
        found = {str(row[1]) for view in SHOWN for row in connection.execute(f"PRAGMA table_info({view})").fetchall()}
    assert set(dutch.COLUMNS) == found - render_preview.KEEPING


def test_every_reason_of_access_has_its_words() -> None:
    """The reasons that the derivation of access can give are all said, in English, in Dutch and in an export."""
    text = (ROOT / "mappings" / "access.py").read_text(encoding="utf-8")
    given = {reason for pair in re.findall(r'"(?:none|limited|full)", "(\w+)"', text) for reason in [pair]}
    given |= {"no_authority", "authority_unknown"}
    assert set(dutch.ACCESS) == set(render_preview.ACCESS_WORDS) == given
    barring = given - {"authority", "information_agreement"}
    assert set(render_invitations.WHY) == barring | {NO_MAIL, UNUSABLE_MAIL, SHARED_MAIL, BOUNCED}
    assert access.__doc__


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("is_self", True, "ja"),
        ("is_self", False, "nee"),
        ("phones", "[]", ""),
        ("birth_on", date(2019, 2, 17), "17 februari 2019"),
        ("taken_on", "2026-03-01", "1 maart 2026"),
        ("starts_at", datetime(2026, 7, 1, 6, 30, tzinfo=UTC), "1 juli 2026, 08:30 uur"),
        ("visible_from", datetime(2026, 6, 30, 22, tzinfo=UTC), "1 juli 2026"),
        ("levels", '[{"kind":"IV","value":"II"},{"kind":"AE","value":""}]', "IV II; AE"),
        ("text", "[geen lijst", "[geen lijst"),
        ("raw_score", 0, "0"),
    ],
)
def test_a_value_is_written_for_a_reader(name: str, given: Any, said: str) -> None:
    """Truths, days, instants in local time, and lists."""
    assert dutch.value(name, given) == said
