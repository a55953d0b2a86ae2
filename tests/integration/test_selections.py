"""What a school chooses: a changed setting pulls again what it decides and nothing else, and the rows follow."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from jobs import choose
from jobs.choose import DEFAULT, SettingStep
from mappings.values import FIRST_MONTH_OF_A_SCHOOL_YEAR, school_year_of
from schemas.modules import Module
from schemas.runs import RunStatus
from schemas.selections import DECIDED_BY, SETTINGS, parse_setting
from schemas.streams import Stream
from tests.integration.bench import execute, gates, held, remove, seen, sums
from tests.rig import Rig

MakeRig = Callable[..., Rig]
Record = Mapping[str, Any]
THIS_YEAR = school_year_of(datetime.now(UTC).date())
LAST_YEAR_BEGAN = date(THIS_YEAR - 1, FIRST_MONTH_OF_A_SCHOOL_YEAR, 1).isoformat()
OF_A_PUPIL = ("absences", "notes", "guardianships", "guardian_access")


def _set(rig: Rig, name: str, value: Any) -> SettingStep:
    """Choose, as the commands do; gives what they tell."""
    wanted = DEFAULT if value is DEFAULT else parse_setting(name, value)
    with rig.database.session() as session, session.write() as connection:
        (step,) = choose.set_values(connection, rig.school, {name: wanted}, now=datetime.now(UTC), by="test")
    return step


def _read(rig: Rig, since: int) -> tuple[set[str], set[str]]:
    """Give the streams that were read from this request on, and those of them that were read in full."""
    asked = [one for one in rig.sis.requests[since:] if one.method == "GET" and one.streams]
    full = [one for one in asked if not re.search(r"\b(cursor|ids|page)=", one.query)]
    return {one.streams[0] for one in asked}, {one.streams[0] for one in full}


def _records(rig: Rig, stream: Stream, keys: set[str]) -> dict[str, Record]:
    return {key: record for key, record in rig.world.records(rig.school, stream.value).items() if key in keys}


class Case(NamedTuple):
    """A choice, the gate that it raises, and which records of the streams it decides stay."""

    name: str
    value: Any
    gate: str
    stays: Callable[[Record], bool]


def _ends(record: Record) -> str:
    """The day that history goes by, or the last of days."""
    names = ("ends_at", "starts_at", "until_on", "reported_on", "taken_on", "noted_on")
    return next((record[name][:10] for name in names if record.get(name)), "9999-12-31")


def _is_chosen_test(record: Record) -> bool:
    if record["test"] == "dmt":
        return True
    is_in_group = record["test"] == "spelling" and record["year_group"] in {"2", "3"}
    return is_in_group and str(record["taken_on"]) >= LAST_YEAR_BEGAN


TESTS = [{"test": "dmt"}, {"test": "spelling", "year_groups": [2, 3], "from_on": LAST_YEAR_BEGAN}]
CASES = (
    Case("subjects", ["Rekenen"], "subject_not_selected", lambda one: one["subject"] == "rekenen"),
    Case("subjects", [], "subject_not_selected", lambda _: False),
    Case("tests", TESTS, "test_not_selected", _is_chosen_test),
    Case("note_categories", ["conversation"], "category_not_selected", lambda one: one["category"] == "conversation"),
    Case("reports_from", LAST_YEAR_BEGAN, "before_from_date", lambda one: one["reported_on"] >= LAST_YEAR_BEGAN),
    Case("news_audience", "school", "audience_not_selected", lambda one: one["group_id"] is None),
    Case("calendar_audience", "school", "audience_not_selected", lambda one: one["group_id"] is None),
    Case("history_years", 1, "beyond_history", lambda one: _ends(one) >= LAST_YEAR_BEGAN),
    Case("leaver_grace_days", 20, "left", lambda _: True),
)


def test_a_setting_pulls_again_exactly_what_it_decides_and_the_rows_follow(rig: Rig) -> None:
    """For every setting: only its streams are read, in full, as was told; rows go unheld and come back the same."""
    rig.open()
    rig.sync()
    before, ids = rig.portal(), {stream: rig.ids(stream) for stream in Stream}
    for name, value, gate, stays in CASES:
        decided = choose.streams_of(name)
        step, asked = _set(rig, name, value), len(rig.sis.requests)
        report = rig.sync()
        assert _read(rig, asked) == (set(decided), set(decided)), name
        assert (step.pulled, report.held, report.status) == (decided, 0, RunStatus.DONE), name
        for stream in Stream:
            records = _records(rig, stream, ids[stream])
            kept = {key for key, record in records.items() if stream not in decided or stays(record)}
            assert rig.ids(stream) == kept, (name, stream)
            assert sums(report, stream).withdrawn == len(ids[stream] - kept), (name, stream)
            if kept != ids[stream]:
                assert gates(report, stream)[gate] > 0, (name, stream)
        assert rig.sync().status is RunStatus.QUIET
        step, asked = _set(rig, name, DEFAULT), len(rig.sis.requests)
        assert rig.sync().held == 0
        assert _read(rig, asked) == (set(decided), set(decided)), name
        assert step.pulled == decided
        assert rig.portal() == before, name
    assert {case.name for case in CASES} == {name for names in DECIDED_BY.values() for name in names}


def test_what_decides_no_row_and_what_says_the_default_pulls_nothing(rig: Rig) -> None:
    """Settings of the group list hold when it is read; a default written out changes nothing: the school is quiet."""
    rig.open(Module.GROEP, Module.NOTITIES)
    rig.sync()
    asked = len(rig.sis.requests)
    for name in SETTINGS:
        if name.startswith("group_list."):
            assert _set(rig, name, "full" if name.endswith("birth_date") else True).pulled == ()
    assert _set(rig, "note_categories", "all").is_change
    assert _set(rig, "leaver_grace_days", 14).is_change
    assert rig.sync().status is RunStatus.QUIET
    assert _read(rig, asked) == (set(), set())


def test_a_choice_for_a_closed_module_waits_for_it(rig: Rig) -> None:
    """While notities is closed nothing is read for its categories; opened, the first load has the chosen ones only."""
    rig.sync()
    asked = len(rig.sis.requests)
    assert _set(rig, "note_categories", ["conversation"]).pulled == ()
    assert rig.sync().status is RunStatus.QUIET
    assert _read(rig, asked) == (set(), set())
    rig.open(Module.NOTITIES)
    rig.sync()
    assert {row["category"] for row in rig.rows("SELECT category FROM portal_notes")} == {"conversation"}


def _many_notes(rig: Rig, number: int, prefix: str = "not-8") -> set[str]:
    template = rig.world.records(rig.school, "notes")[rig.role("note_visible_home_visit")]
    keys = {f"{prefix}{index:05d}" for index in range(number)}
    for key in sorted(keys):
        rig.world.put(rig.school, "notes", {**template, "id": key})
    return keys


def test_what_a_person_decided_is_never_held_however_much_it_moves(rig: Rig) -> None:
    """300 notes go and come by a choice, at once and unheld; the same number without a choice is still held."""
    many = _many_notes(rig, 300)
    rig.open(Module.NOTITIES)
    rig.sync()
    before = rig.ids("notes")
    assert many < before
    _set(rig, "note_categories", ["conversation"])
    assert rig.sync().held == 0
    assert rig.ids("notes").isdisjoint(many)
    _set(rig, "note_categories", DEFAULT)
    assert rig.sync().held == 0
    assert rig.ids("notes") == before
    assert many < seen(rig, "portal_notes")
    few = _many_notes(rig, 2, "not-7")
    assert rig.sync().held == 0, "what a person let in is no surprise that counts against the next rows"
    assert few < rig.ids("notes")
    _many_notes(rig, 300, "not-6")
    assert rig.sync().held == 300
    assert rig.ids("notes") == before | few


def test_what_vanishes_at_the_source_is_held_though_a_person_chose_at_that_moment(rig: Rig) -> None:
    """A choice is no cover: the full pull it asks for shows and hides what was chosen, and holds what disappeared."""
    many = _many_notes(rig, 40)
    rig.open(Module.NOTITIES)
    rig.sync()
    needs = rig.role("note_visible_educational_needs")
    _set(rig, "note_categories", ["home_visit"])
    rig.sync()
    assert needs not in rig.ids("notes")
    gone = sorted(many)[:20]
    remove(rig, "notes", gone)
    _set(rig, "note_categories", ["home_visit", "educational_needs"])
    report = rig.sync()
    assert (report.held, held(rig, "notes")) == (20, set(gone))
    assert rig.ids("notes") > many | {needs}


def test_the_grace_of_leavers_moves_their_end_and_takes_along_what_is_theirs(rig: Rig) -> None:
    """Shorter: gone with all that is theirs at the next sync. Longer: the row stays, its last day moves."""
    rig.open(Module.NOTITIES)
    rig.sync()
    before, pupil = rig.portal(), rig.role("pupil_leaver_recent")
    until = "SELECT visible_until FROM pupils WHERE id = :p"
    (first,) = rig.rows(until, p=pupil)
    _set(rig, "leaver_grace_days", 0)
    report = rig.sync()
    assert (report.held, sums(report, Stream.PUPILS).withdrawn) == (0, 1)
    assert pupil not in rig.ids("pupils")
    assert rig.role("guardian_of_leaver_recent") not in rig.ids("guardians")
    for table in OF_A_PUPIL:
        assert not rig.rows(f"SELECT 1 FROM {table} WHERE pupil_id = :p", p=pupil), table
    _set(rig, "leaver_grace_days", 14)
    assert rig.sync().held == 0
    assert rig.portal() == before
    _set(rig, "leaver_grace_days", 44)
    asked = len(rig.sis.requests)
    rig.sync()
    assert _read(rig, asked)[0] == {"pupils"}
    (moved,) = rig.rows(until, p=pupil)
    assert _instant(moved["visible_until"]) - _instant(first["visible_until"]) in {
        timedelta(days=30) + timedelta(hours=hours) for hours in (-1, 0, 1)
    }
    assert pupil in seen(rig, "portal_pupils")


def _instant(value: Any) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def test_a_longer_grace_brings_many_leavers_back_unheld(make_rig: MakeRig) -> None:
    """Pupils beyond the grace are back, with guardians, access and records, when a person makes it longer."""
    rig = make_rig(pupils=30)
    rig.open(Module.NOTITIES)
    rig.sync()
    tables = ("pupils", "guardians", "guardianships", "absences", "invoices", "notes", "portal_pupils")
    before = {table: rig.ids(table) for table in tables}
    plain = [key for key in sorted(before["pupils"]) if key not in set(rig.world.roles(rig.school).values())]
    ended = (datetime.now(UTC).date() - timedelta(days=30)).isoformat()
    for key in plain[:12]:
        rig.world.patch(rig.school, "pupils", key, status="left", enrolled_until=ended)
    assert rig.sync().held == 0
    assert rig.ids("pupils") == before["pupils"] - set(plain[:12])
    assert len(rig.ids("absences")) < len(before["absences"])
    _set(rig, "leaver_grace_days", 60)
    report = rig.sync()
    assert report.held == 0
    assert {table: rig.ids(table) for table in tables} == before
    assert rig.sync().status is RunStatus.QUIET


def test_how_far_back_parents_see_follows_the_school_year(rig: Rig) -> None:
    """0 shows this school year only, 1 the one before too; on 1 August a year drops out by itself, unheld."""
    rig.open(Module.NOTITIES)
    rig.sync()
    years = ("note_past_year", "note_two_years_ago", "absence_past_year", "absence_two_years_ago")

    def shown() -> list[bool]:
        return [rig.role(role) in seen(rig, f"portal_{role.partition('_')[0]}s") for role in years]

    assert shown() == [True, True, True, True]
    _set(rig, "history_years", 0)
    assert rig.sync().held == 0
    assert shown() == [False, False, False, False]
    _set(rig, "history_years", 1)
    rig.sync()
    assert shown() == [True, False, True, False]
    rig.offset = datetime(THIS_YEAR + 1, FIRST_MONTH_OF_A_SCHOOL_YEAR, 2, tzinfo=UTC) - datetime.now(UTC)
    asked = len(rig.sis.requests)
    report = rig.sync()
    assert report.held == 0
    assert {"notes", "absences"} <= _read(rig, asked)[1]
    assert rig.role("note_past_year") not in rig.ids("notes")
    assert rig.role("absence_past_year") not in rig.ids("absences")
    assert rig.role("note_visible_conversation") in rig.ids("notes")


def test_news_of_a_group_follows_the_audience(rig: Rig) -> None:
    """For the school only: the group's item leaves the view with the sync; chosen again, it is seen again."""
    rig.open(Module.NIEUWS, Module.GROEP)
    rig.sync()
    group, before = rig.role("news_group"), seen(rig, "portal_news_items")
    assert group in before
    _set(rig, "news_audience", "school")
    report = rig.sync()
    assert (report.held, gates(report, Stream.NEWS_ITEMS)["audience_not_selected"]) == (0, 1)
    assert seen(rig, "portal_news_items") == before - {group}
    _set(rig, "news_audience", "school_and_groups")
    rig.sync()
    assert seen(rig, "portal_news_items") == before


def test_the_portals_own_page_chooses_as_well(rig: Rig) -> None:
    """A setting written by SQL is followed by the next sync like one of ours."""
    rig.open(Module.NOTITIES)
    rig.sync()
    query = "INSERT INTO settings (school_id, name, value, changed_by) VALUES (:s, 'note_categories', :v, 'page')"
    execute(rig, query, s=rig.school, v='["observation", "home_visit"]')
    asked = len(rig.sis.requests)
    rig.sync()
    assert _read(rig, asked) == ({"notes"}, {"notes"})
    assert {row["category"] for row in rig.rows("SELECT category FROM notes")} == {"observation", "home_visit"}
