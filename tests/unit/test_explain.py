"""Naming after the fact what kept a row from a guardian: the order of the reasons, and a word for each."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from jobs.cli import gate_words, render_explain, render_preview
from mappings import explain
from mappings.activation import ModuleState
from mappings.explain import Looker, Scene, group_list_fields, module_gate, together, why_unseen
from schemas.explanations import Place, StoredRow, Trace
from schemas.modules import Module
from schemas.streams import Stream
from tests.builders import NOW

HOUR = timedelta(hours=1)
SCENE = Scene(
    NOW,
    {"me": "full", "other": "full", "barred": "none"},
    frozenset({"other"}),
    frozenset({"old", "now"}),
    frozenset({"now"}),
    shows_groups=True,
)
FULL, LIMITED, BARRED = (
    Looker("me", "full", "authority"),
    Looker("me", "limited", "agreed"),
    Looker("me", "none", "adult"),
)


def _row(**fields: object) -> StoredRow:
    return StoredRow("r1", NOW, NOW)._replace(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stream", "row", "looker", "reason"),
    [
        (Stream.NOTES, _row(), BARRED, "adult"),
        (Stream.NOTES, _row(), LIMITED, "limited_access"),
        (Stream.REPORTS, _row(visible_from=NOW + HOUR), LIMITED, "not_yet"),
        (Stream.NEWS_ITEMS, _row(visible_until=NOW), FULL, "expired"),
        (Stream.NEWS_ITEMS, _row(group="old"), FULL, "not_in_group_now"),
        (Stream.GROUPS, _row(group="later"), FULL, "not_yet"),
        (Stream.LESSONS, _row(group="old"), FULL, "not_in_group_now"),
        (Stream.INVOICES, _row(owner="other"), BARRED, "not_the_debtor"),
        (Stream.GUARDIANSHIPS, _row(owner="other"), FULL, "not_own_relation"),
        (Stream.GUARDIANS, _row(id="other"), LIMITED, "limited_access"),
        (Stream.GUARDIANS, _row(id="barred"), FULL, "co_guardian_sees_nothing"),
        (Stream.GUARDIANS, _row(id="other"), FULL, "secret_address"),
        (Stream.REPORTS, _row(), FULL, "unexplained"),
    ],
)
def test_what_keeps_a_row_from_a_guardian_is_named(stream: Stream, row: StoredRow, looker: Looker, reason: str) -> None:
    """Whose it is, access, level, time, then the group; what none of them keeps back is said to be unexplained."""
    assert why_unseen(stream, row, looker, SCENE) == reason


def test_items_of_a_group_wait_for_a_module_that_shows_groups() -> None:
    """News of a group is kept back while neither groep nor rooster is open."""
    scene = SCENE._replace(shows_groups=False)
    assert why_unseen(Stream.NEWS_ITEMS, _row(group="now"), FULL, scene) == "group_not_open"


@pytest.mark.parametrize(
    ("opens", "closes", "is_revealed", "embargo", "gate"),
    [
        (None, None, False, None, "module_not_planned"),
        (NOW + HOUR, None, False, None, "module_planned"),
        (NOW - HOUR, NOW, True, None, "module_closed"),
        (NOW - HOUR, None, False, None, "first_load_not_complete"),
        (NOW - HOUR, None, True, NOW + HOUR, "module_under_embargo"),
        (NOW - HOUR, NOW + HOUR, True, None, "shown"),
    ],
)
def test_what_keeps_a_module_closed_is_named(
    opens: datetime | None, closes: datetime | None, is_revealed: bool, embargo: datetime | None, gate: str
) -> None:
    """Not planned, later, over, first load, embargo, or open."""
    state = ModuleState(Module.NOTITIES, opens, closes)
    assert module_gate(state, is_revealed=is_revealed, embargo_until=embargo, now=NOW) == gate


def test_reasons_come_together() -> None:
    """Shown when anybody sees it; else what all have in common; nobody at all is said."""
    assert together(["shown", "restricted"]) == "shown"
    assert together(["restricted", "restricted"]) == "restricted"
    assert together(["restricted", "adult"]) == "nobody_with_access"
    assert together([]) == "no_guardian"


def test_each_field_of_the_group_list_has_its_own_reason() -> None:
    """The module, the school's setting, consent, a secret home, and then whether a list holds the pupil today."""
    on = dict.fromkeys(explain.LISTED, True)
    allowed = [(category.value, True) for category in explain.LISTED.values()]
    assert set(group_list_fields("module_closed", on, allowed, is_secret=False, is_seen=True).values()) == {
        "module_closed"
    }
    found = group_list_fields("shown", on | {"group_list.photo": False}, allowed, is_secret=True, is_seen=True)
    assert (found["group_list.photo"], found["group_list.phone"]) == ("setting_off", "secret_address")
    assert found["group_list.name"] == "shown"
    refused = [*allowed, ("group_list_name", False)]
    assert set(group_list_fields("shown", on, refused, is_secret=False, is_seen=False).values()) == {"no_consent"}
    assert (
        group_list_fields("shown", on, allowed, is_secret=False, is_seen=False)["group_list.name"] == "not_listed_now"
    )


def test_every_reason_has_its_words() -> None:
    """Each of ours is in WORDS, and none has the words of a gate or of access: the lines tell them apart."""
    assert set(explain.REASONS) <= set(render_explain.WORDS)
    words = [*render_explain.WORDS.values(), *gate_words.WORDS.values(), *render_preview.ACCESS_WORDS.values()]
    assert len(set(words)) == len(words)
    assert render_explain.word("no_such") == "cannot be used: no_such"


def test_what_took_a_key_out_comes_before_what_became_of_it() -> None:
    """A gate, then the brake, then quarantine, then who waits for it; nothing known is no reason."""
    places = (Place.AWAITED, Place.QUARANTINE, Place.HELD, Place.HIDDEN)
    traces = [Trace(place, Stream.PUPILS, "p1", place.value, NOW) for place in places]
    said = []
    while traces:
        said.append(explain.reason_of_trace(traces))
        traces.pop()
    assert said == ["hidden", "held", "quarantine", "awaited"]
    assert explain.reason_of_trace([]) == "shown"
