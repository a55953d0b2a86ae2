"""The commands `connector modules …`, on both databases: what a person types, what the database then says."""

import json
from datetime import date, datetime

import pytest
from sqlalchemy import text

from tests.acceptance.office import AMSTERDAM, Office


def _today() -> date:
    return datetime.now(AMSTERDAM).date()


def test_a_school_that_never_synced_shows_the_default_plan(office: Office) -> None:
    """What is always on is open, the rest is not planned, nothing is complete; and looking writes nothing."""
    listed = json.loads(office.do("modules", "list", "--json"))
    assert {one["school"] for one in listed} == {"99AA00", "99BB00"}
    always_on = {"personalia", "absentie", "medisch", "facturen"}
    assert {one["module"] for one in listed if one["state"] == "open"} == always_on
    assert {one["state"] for one in listed if one["phase"] > 1} == {"not planned"}
    assert not any(one["is_revealed"] for one in listed)
    assert office.history() == []


def test_an_opened_module_comes_with_the_next_sync_and_a_closed_one_goes(office: Office) -> None:
    """Open: asked for by the next sync only, then complete. Close: views empty at once, rows gone after the sync."""
    office.do("sync", "--school", "99AA00")
    assert "notes" not in {stream for request in office.sis.requests for stream in request.streams}
    said = office.do("modules", "open", "--module", "notities", "--school", "99AA")
    assert "99AA00  notities is open." in said
    assert office.module("notities")["is_revealed"] is False
    office.do("sync", "--school", "99AA00")
    assert office.module("notities")["is_revealed"] is True
    assert office.rows("SELECT count(*) FROM portal_notes")[0][0] > 0
    said = office.do("modules", "close", "--module", "notities", "--school", "99AA00")
    assert "next sync" in said
    assert office.rows("SELECT count(*) FROM portal_notes") == [(0,)]
    assert office.rows("SELECT count(*) FROM notes")[0][0] > 0
    office.do("sync", "--school", "99AA00")
    assert office.rows("SELECT count(*) FROM notes") == [(0,)]
    assert office.module("notities")["state"] == "closed"


def test_a_phase_opens_from_a_day_with_the_decision_behind_it(office: Office) -> None:
    """The day begins at 00:00 in Amsterdam; who decided, with whom, the evening and the text are kept; by is $USER."""
    said = office.do(
        *("modules", "open", "--phase", "4", "--school", "99AA00", "--from", "2031-07-01", "--decided-by", "the head"),
        *("--agreed-with", "the MR", "--evening", "2031-06-20", "--text", "Welkom."),
    )
    assert "99AA00  hulpplan is planned from 2031-07-01." in said
    assert office.module("hulpplan")["opens_at"] == "2031-06-30T22:00:00Z"
    query = "SELECT opens_on, decided_by, agreed_with, evening_on, parent_text, changed_by FROM phases"
    (row,) = office.rows(query)
    assert [str(value) for value in row] == ["2031-07-01", "the head", "the MR", "2031-06-20", "Welkom.", "anna"]
    assert office.module("hulpplan", "99BB00")["state"] == "not planned"


def test_opening_what_is_open_changes_nothing(office: Office) -> None:
    """A second open says so and leaves the first day; a planned closing is cancelled, the first day kept."""
    office.do("modules", "open", "--module", "groep", "--from", _today().isoformat())
    first = office.module("groep")["opens_at"]
    before = office.history()
    assert "is open already" in office.do("modules", "open", "--module", "groep")
    assert office.history() == before
    office.do("modules", "close", "--module", "groep", "--on", "2031-01-01")
    assert office.module("groep")["state"] == "closing"
    assert "the planned closing is cancelled" in office.do("modules", "open", "--module", "groep")
    assert (office.module("groep")["opens_at"], office.module("groep")["closes_at"]) == (first, None)


def test_what_cannot_be_is_refused_with_a_fix(office: Office) -> None:
    """Always-on, unknown names, days that are none, contradictions: exit 2, one message with its fix, no change."""
    office.do("modules", "open", "--module", "groep")
    refuse = office.refused
    assert "always on" in refuse("modules", "close", "--module", "personalia")
    assert "always on" in refuse("modules", "close", "--module", "groep", "--module", "absentie")
    assert "always on" in refuse("modules", "close", "--phase", "1")
    assert "Did you mean groep?" in refuse("modules", "open", "--module", "groeP1")
    assert "99ZZ00 is not configured" in refuse("modules", "open", "--module", "groep", "--school", "99ZZ")
    assert "not a BRIN" in refuse("modules", "list", "--school", "school")
    assert "--from" in refuse("modules", "open", "--module", "nieuws", "--from", "2031-02-30")
    assert "would hide it" in refuse("modules", "open", "--module", "groep", "--from", "2031-01-01")
    assert "is over" in refuse("modules", "close", "--module", "groep", "--on", "2020-01-01")
    assert "Phase 9 of 99AA00" in refuse("modules", "open", "--phase", "9")
    assert "which modules" in refuse("modules", "open")
    assert "which modules" in refuse("modules", "open", "--module", "groep", "--phase", "3")
    assert "--until is missing" in refuse("modules", "embargo", "--module", "groep")
    assert "--until must lie after" in refuse("modules", "embargo", "--all", "--until", "2020-01-01")
    assert "--lift takes no window" in refuse("modules", "embargo", "--lift", "--until", "2031-01-01")


def test_an_embargo_hides_at_once_and_lifting_shows_again(office: Office) -> None:
    """During an embargo the views are empty and the rows stay; --lift brings them back without a sync."""
    office.do("sync", "--school", "99AA00")
    office.do("modules", "embargo", "--all", "--school", "99AA00", "--until", "2031-01-01T17:00", "--reason", "Cito")
    assert office.rows("SELECT count(*) FROM portal_absences") == [(0,)]
    assert office.rows("SELECT count(*) FROM absences")[0][0] > 0
    (embargo,) = office.module("absentie")["embargoes"]
    assert (embargo["until"], embargo["reason"]) == ("2031-01-01T16:00:00Z", "Cito")
    assert "hidden until 2031-01-01 17:00 (Cito)" in office.do("modules", "list", "--school", "99AA00")
    office.do("modules", "embargo", "--lift", "--module", "absentie", "--school", "99AA00")
    assert office.rows("SELECT count(*) FROM portal_absences")[0][0] > 0
    assert office.rows("SELECT count(*) FROM portal_pupils") == [(0,)]
    office.do("modules", "embargo", "--lift")
    assert office.rows("SELECT count(*) FROM portal_pupils")[0][0] > 0


PLAN = """
[schools."99AA00".phases.4]
opens_on = 2031-01-11
decided_by = "the head"
modules = ["hulpplan"]
[schools."99AA00".phases.6]
modules.nieuws = { opens_on = 2031-02-01, closes_on = 2031-07-01 }
[schools."99BB00".phases.3]
modules.groep = 2020-01-01
"""


def test_a_plan_is_shown_then_applied_and_then_says_nothing_new(office: Office) -> None:
    """--dry-run changes nothing; apply does what was shown; a second apply, and the printed plan, change nothing."""
    file = office.folder / "plan.toml"
    file.write_text(PLAN, encoding="utf-8")
    shown = office.do("modules", "apply", "plan.toml", "--dry-run")
    assert office.history() == []
    applied = office.do("modules", "apply", "plan.toml", "--by", "bert")
    assert applied.splitlines()[:-1] == shown.splitlines()[:-1]
    assert {row[4] for row in office.history()} == {"bert"}
    assert office.module("hulpplan")["opens_at"] == "2031-01-10T23:00:00Z"
    news = office.module("nieuws")
    assert (news["phase"], news["state"], news["closes_at"]) == (6, "planned", "2031-06-30T22:00:00Z")
    assert office.module("groep", "99BB00")["state"] == "open"
    before = office.history()
    assert "nothing changes" in office.do("modules", "apply", "plan.toml")
    (office.folder / "present.toml").write_text(office.do("modules", "plan"), encoding="utf-8")
    assert "nothing changes" in office.do("modules", "apply", "present.toml")
    assert office.history() == before


@pytest.mark.parametrize(
    "wrong",
    [
        '[schools."99BB00".phases.5]\nmodules = ["notitie"]',
        '[schools."99BB00".phases.1]\nmodules.personalia = { closes_on = 2031-01-01 }',
        '[schools."99BB00".phases.1]\nmodules.personalia = 2031-01-01',
        '[schools."99BB00".phases.5]\nmodules.notities = { closes_on = 2031-01-01 }',
    ],
)
def test_a_plan_with_one_wrong_line_changes_nothing(office: Office, wrong: str) -> None:
    """All or nothing: what stands before the wrong line is not applied either."""
    (office.folder / "plan.toml").write_text(PLAN.partition('[schools."99BB00"')[0] + wrong, encoding="utf-8")
    office.refused("modules", "apply", "plan.toml")


def test_the_history_knows_every_change_whoever_made_it(office: Office) -> None:
    """Commands and the portal's own page writing the table alike: when, what, by whom, the same on both databases."""
    office.do("modules", "open", "--module", "groep", "--school", "99AA00", "--from", "2031-01-01")
    with office.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE modules SET opens_at = NULL, changed_by = 'admin page'"
                " WHERE module = 'groep' AND school_id = '99AA00'"
            )
        )
    changes = json.loads(office.do("modules", "history", "--school", "99AA00", "--module", "groep", "--json"))
    assert [(one["action"], one["by"], one["values"]["opens_at"]) for one in changes] == [
        ("insert", "anna", None),
        ("update", "anna", "2030-12-31T23:00:00Z"),
        ("update", "admin page", None),
    ]
    table = office.do("modules", "history", "--school", "99AA00")
    assert "admin page" in table
    assert "opens 2031-01-01" in table


def test_the_list_says_each_state_in_words(office: Office) -> None:
    """Open, closing, planned, closed and not planned each have their words, with local days."""
    for words in (
        ("open", "--module", "nieuws", "--module", "groep", "--module", "hulpplan"),
        ("close", "--module", "groep", "--on", "2031-01-01"),
        ("close", "--module", "hulpplan"),
        ("open", "--module", "medewerkers", "--from", "2031-07-01"),
    ):
        office.do("modules", *words)
    lines = office.do("modules", "list", "--school", "99AA00").splitlines()
    said = {line.split()[0]: line for line in lines if line}
    assert "open since" in said["nieuws"]
    assert "open, closes on 2031-01-01" in said["groep"]
    assert "closed since" in said["hulpplan"]
    assert "opens on 2031-07-01" in said["medewerkers"]
    assert "not planned" in said["notities"]
