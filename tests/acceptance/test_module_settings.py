"""The commands `connector modules settings`, `set` and `unset`, and settings in a plan file, on both databases."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from schemas.selections import SETTINGS
from tests.acceptance.office import Office

SCHOOL = ("--school", "99AA00")


def _settings(office: Office, school: str = "99AA00") -> dict[str, dict[str, Any]]:
    """What `modules settings --json` says, by name."""
    listed = json.loads(office.do("modules", "settings", "--school", school, "--json"))
    return {one["name"]: one for one in listed}


def _writes(office: Office, name: str, value: str) -> None:
    """The portal's own admin page writes a setting."""
    query = "INSERT INTO settings (school_id, name, value, changed_by) VALUES ('99AA00', :name, :value, 'admin page')"
    with office.engine.begin() as connection:
        connection.execute(text(query), {"name": name, "value": value})


def test_a_school_that_chose_nothing_has_the_defaults(office: Office) -> None:
    """Every setting is listed with its default, what it decides and what it pulls; looking writes nothing."""
    found = _settings(office)
    assert list(found) == list(SETTINGS)
    assert not any(one["is_set"] or one["changed_by"] or one["problem"] for one in found.values())
    assert all(one["value"] == one["default"] for one in found.values())
    assert (found["leaver_grace_days"]["value"], found["leaver_grace_days"]["streams"]) == (14, ["pupils"])
    assert (found["group_list.name"]["value"], found["group_list.name"]["streams"]) == (False, [])
    lines = office.do("modules", "settings").splitlines()
    assert lines[0] == "99AA00 De Regenboog"
    (line,) = [one for one in lines[: len(lines) // 2] if one.startswith("history_years")]
    assert line.split(maxsplit=3)[:3] == ["history_years", "all", "default"]
    assert office.history() == []


def test_a_choice_is_told_written_and_taken_back(office: Office) -> None:
    """What it was, what it is, what is pulled; --dry-run writes nothing; the same again changes nothing; unset."""
    office.do("modules", "open", "--module", "notities", *SCHOOL)
    words = ("modules", "set", "note_categories", "educational_needs,conversation")
    said = "note_categories: all (default) → conversation,educational_needs."
    before = office.history()
    dry = office.do(*words, *SCHOOL, "--dry-run")
    assert f"99AA00  {said} The next sync pulls in full: notes." in dry
    assert "Nothing was changed" in dry
    assert office.history() == before
    assert dry.splitlines()[:1] == office.do(*words, *SCHOOL, "--by", "bert").splitlines()
    chosen = _settings(office)["note_categories"]
    assert (chosen["value"], chosen["is_set"]) == (["conversation", "educational_needs"], True)
    assert (chosen["changed_by"], _settings(office, "99BB00")["note_categories"]["is_set"]) == ("bert", False)
    assert "by bert" in office.do("modules", "settings", *SCHOOL)
    before = office.history()
    both = office.do(*words).splitlines()
    assert both[0] == "99AA00  note_categories is conversation,educational_needs already."
    assert both[1] == f"99BB00  {said} No open module shows what it decides, so nothing is pulled for it."
    assert [row for row in office.history() if row[0] == "99AA00"] == before
    back = office.do("modules", "unset", "note_categories", *SCHOOL)
    assert "conversation,educational_needs → all (default). The next sync pulls in full: notes." in back
    assert _settings(office)["note_categories"]["is_set"] is False
    assert "is all (default) already" in office.do("modules", "set", "note_categories", "default", *SCHOOL)


def test_what_the_group_list_shows_needs_no_sync(office: Office) -> None:
    """Its settings hold at once, and a value that says the default pulls nothing."""
    assert "It holds at once" in office.do("modules", "set", "group_list.birth_date", "day_and_month", *SCHOOL)
    assert _settings(office)["group_list.birth_date"]["value"] == "day_and_month"
    assert "Nothing is pulled again" in office.do("modules", "set", "leaver_grace_days", "14", *SCHOOL)
    assert _settings(office)["leaver_grace_days"]["is_set"] is True


def test_a_choice_reaches_the_parents_with_the_next_sync(office: Office) -> None:
    """Notes of other categories are gone after the sync, and back after the sync that follows `unset`."""
    query = "SELECT DISTINCT category FROM portal_notes"
    office.do("modules", "open", "--module", "notities", *SCHOOL)
    office.do("sync", *SCHOOL)
    everything = set(office.rows(query))
    assert len(everything) > 1
    office.do("modules", "set", "note_categories", "conversation", *SCHOOL)
    assert set(office.rows(query)) == everything
    office.do("sync", *SCHOOL)
    assert office.rows(query) == [("conversation",)]
    office.do("modules", "unset", "note_categories", *SCHOOL)
    office.do("sync", *SCHOOL)
    assert set(office.rows(query)) == everything


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "subject", "taal"), "Did you mean subjects?"),
        (("set", "subjects", "taal,,rekenen"), "subjects: number 2 must be a subject of 1 to 64 characters"),
        (("set", "note_categories", "gesprek"), "must be one of conversation, educational_needs"),
        (("set", "tests", "dmt from soon"), "tests: number 1: from_on must be a day as YYYY-MM-DD"),
        (("set", "tests", '[{"test": "dmt", "level": false}]'), "the keys are test, year_groups, from_on"),
        (("set", "tests", "[dmt]"), "must be JSON"),
        (("set", "reports_from", "1-8-2025"), "reports_from must be a day as YYYY-MM-DD, or all"),
        (("set", "news_audience", "all"), "news_audience must be school or school_and_groups"),
        (("set", "leaver_grace_days", "-1"), "leaver_grace_days must be a whole number from 0 to 366"),
        (("set", "history_years", "99", "--dry-run"), "history_years must be a whole number from 0 to 20, or all"),
        (("set", "group_list.name", "perhaps"), "group_list.name must be true or false"),
        (("set", "group_list.birth_date", "on"), "group_list.birth_date must be off, day_and_month or full"),
        (("set", "history_years", "3", "--school", "99ZZ"), "99ZZ00 is not configured"),
        (("set", "subjects", "--dryrun"), "There is no option '--dryrun'"),
        (("set", "subjects"), "Missing argument"),
        (("unset", "subject"), "Did you mean subjects?"),
    ],
)
def test_what_cannot_be_chosen_is_refused_with_what_can(office: Office, words: tuple[str, ...], said: str) -> None:
    """Exit code 2, one message that says what is allowed, a fix, and nothing is changed."""
    assert said in office.refused("modules", *words)


PLAN = """
[schools."99AA00".phases.5]
modules.notities = 2020-01-01
[schools."99AA00".settings]
note_categories = ["conversation"]
history_years = 3
reports_from = 2025-08-01
tests = [{ test = "dmt", year_groups = [3, 4], shows_level = false }]
group_list.birth_date = "day_and_month"
[schools."99BB00".settings]
leaver_grace_days = 30
"""


def test_settings_in_a_plan_are_shown_then_applied_and_then_say_nothing_new(office: Office) -> None:
    """Differences with what they pull; --dry-run changes nothing; the printed plan says the same; default undoes."""
    file = office.folder / "plan.toml"
    file.write_text(PLAN, encoding="utf-8")
    shown = office.do("modules", "apply", "plan.toml", "--dry-run")
    assert "99AA00  history_years: all (default) → 3. The next sync pulls in full: absences." in shown
    assert "99AA00  tests: all (default) → dmt:3,4 without level." in shown
    assert "99BB00  leaver_grace_days: 14 (default) → 30. The next sync pulls in full: pupils." in shown
    assert office.history() == []
    applied = office.do("modules", "apply", "plan.toml", "--by", "bert")
    assert applied.splitlines()[:-1] == shown.splitlines()[:-1]
    assert {row[4] for row in office.history()} == {"bert"}
    found = _settings(office)
    assert {name for name, one in found.items() if one["is_set"]} == {
        *("note_categories", "history_years", "reports_from", "tests", "group_list.birth_date"),
    }
    before = office.history()
    assert "nothing changes" in office.do("modules", "apply", "plan.toml")
    (office.folder / "present.toml").write_text(office.do("modules", "plan"), encoding="utf-8")
    assert "nothing changes" in office.do("modules", "apply", "present.toml")
    assert office.history() == before
    file.write_text('[schools."99AA00".settings]\nhistory_years = "default"\n', encoding="utf-8")
    assert "99AA00  history_years: 3 → all (default)." in office.do("modules", "apply", "plan.toml")
    assert {name for name, one in _settings(office).items() if one["is_set"]} == {
        *("note_categories", "reports_from", "tests", "group_list.birth_date"),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        '[schools."99BB00".settings]\nsubject = ["taal"]',
        '[schools."99BB00".settings]\nhistory_years = "three"',
        '[schools."99BB00".phases.1]\nmodules.personalia = 2031-01-01',
    ],
)
def test_a_plan_with_one_wrong_line_changes_neither_settings_nor_phases(office: Office, wrong: str) -> None:
    """All or nothing: a wrong setting undoes the phases, a wrong phase the settings."""
    (office.folder / "plan.toml").write_text(PLAN.partition('[schools."99BB00"')[0] + wrong, encoding="utf-8")
    office.refused("modules", "apply", "plan.toml")


def test_the_history_tells_settings_as_they_are_typed(office: Office) -> None:
    """When, what, by whom, and the value in words; `default` when taken back, once; data for a machine."""
    office.do("modules", "set", "tests", "dmt:3,4 from 2026-02-01; avi without level", *SCHOOL)
    office.do("modules", "set", "subjects", "taal", *SCHOOL, "--by", "bert")
    office.do("modules", "unset", "subjects", *SCHOOL, "--by", "carla")
    _writes(office, "history_years", "three")
    lines = [line.split(maxsplit=6) for line in office.do("modules", "history", *SCHOOL).splitlines()[2:]]
    assert [line[2:] for line in lines] == [
        ["99AA00", "setting", "tests", "anna", "avi without level; dmt:3,4 from 2026-02-01"],
        ["99AA00", "setting", "subjects", "bert", "taal"],
        ["99AA00", "setting", "subjects", "carla", "default"],
        ["99AA00", "setting", "history_years", "admin", "page  three"],
    ]
    changes = json.loads(office.do("modules", "history", *SCHOOL, "--json"))
    assert changes[0]["subject"] == "settings"
    assert changes[1]["values"] == {"name": "subjects", "value": ["taal"]}
    assert changes[-1]["values"] == {"name": "history_years", "value": "three"}
    assert [(one["action"], one["by"]) for one in changes[1:4]] == [
        ("insert", "bert"),
        ("update", "carla"),
        ("delete", "carla"),
    ]


def test_a_setting_that_cannot_be_read_stops_the_sync_and_can_be_mended(office: Office) -> None:
    """Nothing is pulled by guess: the sync, the plan and the list name the setting and how to mend it."""
    _writes(office, "subjects", '"taal')
    _writes(office, "subjectz", "[]")
    for words in (("sync", *SCHOOL), ("modules", "plan", *SCHOOL)):
        code, _, complaint = office.type(*words)
        assert (code, "connector modules " in complaint) == (2, True)
    assert office.sis.requests == []
    found = _settings(office)
    assert (found["subjects"]["value"], found["subjectz"]["value"]) == (None, None)
    assert "subjects is not JSON" in found["subjects"]["problem"]
    assert "no setting 'subjectz'" in found["subjectz"]["problem"]
    assert "cannot be read" in office.do("modules", "settings", *SCHOOL)
    assert "is taken away" in office.do("modules", "unset", "subjectz", *SCHOOL)
    assert "subjects: cannot be read → taal." in office.do("modules", "set", "subjects", "taal", *SCHOOL)
    assert list(_settings(office)) == list(SETTINGS)
    assert office.do("modules", "plan", *SCHOOL).endswith('[schools."99AA00".settings]\nsubjects = ["taal"]\n')
