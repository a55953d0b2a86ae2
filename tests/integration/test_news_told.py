"""Who is told what: each kind of news to those who see the record, and silence about what is news to nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.bookkeeping import register
from jobs import choose
from jobs.choose import DEFAULT
from mappings import activation
from mappings.brake import Limits
from schemas.modules import Module
from schemas.selections import parse_setting
from tests.integration.bench import NO_BRAKE, rewrite
from tests.integration.hard_cases import Author
from tests.integration.moments import look_at
from tests.rig import Rig

Line = tuple[str, str, str, str]


@pytest.fixture
def loaded(rig: Rig) -> Rig:
    """Everything open and loaded; nothing is news, and no brake is in the way of so small a school."""
    rig.parts = rig.parts._replace(school=rig.parts.school._replace(limits=NO_BRAKE))
    rig.open()
    rig.sync()
    assert lines(rig) == set()
    return rig


def lines(rig: Rig) -> set[Line]:
    """Give guardian, stream, id and kind of every line; each record is one line to each guardian."""
    rows = rig.rows("SELECT * FROM portal_changes")
    found = {(row["guardian_id"], row["stream"], row["id"], row["kind"]) for row in rows}
    assert len({line[:3] for line in found}) == len(rows)
    return found


def to(rig: Rig, guardians: set[str], stream: str, key: str, kind: str) -> set[Line]:
    assert guardians
    return {(guardian, stream, key, kind) for guardian in guardians}


def viewers(rig: Rig, pupil: str | None = None, level: str = "") -> set[str]:
    """Give the guardians who see this pupil, or any."""
    rows = rig.rows("SELECT * FROM portal_access")
    return {row["guardian_id"] for row in rows if pupil in {None, row["pupil_id"]} and level in {"", row["level"]}}


def choose_setting(rig: Rig, name: str, value: Any) -> None:
    """Decide a setting as the commands do."""
    wanted = DEFAULT if value is DEFAULT else parse_setting(name, value)
    with rig.database.session() as session, session.write() as connection:
        choose.set_values(connection, rig.school, {name: wanted}, now=datetime.now(UTC), by="test")


def test_each_kind_of_news_is_told_to_those_who_see_the_record(loaded: Rig) -> None:
    """New, changed and come into sight in one sync: one line to each guardian who sees it, and to nobody else."""
    rig, author = loaded, Author(loaded)
    pupil, me, other = rig.role("pupil_plain"), rig.role("guardian_plain"), rig.role("guardian_shared_home")
    parents = {me, other}
    assert viewers(rig, pupil, "full") == parents
    notes, invoices = rig.world.records(rig.school, "notes"), rig.world.records(rig.school, "invoices")
    new_note = author.put("notes", notes[rig.role("note_visible")])
    author.put("notes", notes[rig.role("note_hidden")])
    new_invoice = author.put("invoices", invoices[rig.role("invoice_sent")], debtor_id=other)
    changes = (
        ("notes", "note_hidden", {"visible_to_parents": True}),
        ("absences", "absence_illness", {"reason": "medical_visit"}),
        ("medical_items", "medical_allergy", {"instructions": "Bel meteen 112"}),
        ("emergency_contacts", "contact_plain", {"name": "Opa"}),
        ("invoices", "invoice_sent", {"status": "paid"}),
        ("invoices", "invoice_concept", {"status": "sent"}),
        ("reports", "report_unpublished", {"published": True}),
        ("test_results", "test_in_progress", {"status": "final"}),
        ("method_test_results", "method_test_taal", {"grade": "9"}),
        ("calendar_items", "calendar_school", {"title": "Vakantie"}),
        ("calendar_items", "calendar_staff", {"title": "Alleen voor het team"}),
        ("lessons", "lesson_current", {"room": "Lokaal 9"}),
        ("support_plans", "plan_final", {"evaluation": "Gehaald"}),
        ("privacy_preferences", "preference_allowed", {"is_allowed": False}),
    )
    for stream, role, fields in changes:
        rig.world.patch(rig.school, stream, rig.role(role), **fields)
    rig.sync()
    in_group = {row["guardian_id"] for row in rig.rows("SELECT * FROM portal_lessons")}
    in_group &= {
        row["guardian_id"]
        for row in rig.rows("SELECT guardian_id FROM portal_lessons WHERE id = :id", id=rig.role("lesson_current"))
    }
    assert parents <= in_group < viewers(rig)
    expected: set[Line] = to(rig, parents, "notes", new_note, "new") | to(rig, {other}, "invoices", new_invoice, "new")
    for stream, role, kind, guardians in (
        ("notes", "note_hidden", "new", parents),
        ("absences", "absence_illness", "changed", parents),
        ("medical_items", "medical_allergy", "changed", parents),
        ("emergency_contacts", "contact_plain", "changed", parents),
        ("invoices", "invoice_sent", "changed", {me}),
        ("invoices", "invoice_concept", "new", {me}),
        ("reports", "report_unpublished", "new", parents),
        ("test_results", "test_in_progress", "new", parents),
        ("method_test_results", "method_test_taal", "changed", parents),
        ("calendar_items", "calendar_school", "changed", viewers(rig)),
        ("lessons", "lesson_current", "changed", in_group),
        ("support_plans", "plan_final", "changed", parents),
        ("privacy_preferences", "preference_allowed", "changed", parents),
    ):
        expected |= to(rig, guardians, stream, rig.role(role), kind)
    assert lines(rig) == expected
    modules = {row["stream"]: row["module"] for row in rig.rows("SELECT * FROM portal_changes")}
    assert modules["lessons"] == "rooster"
    assert modules["privacy_preferences"] == "groep"
    named = {(row["stream"], row["pupil_id"]) for row in rig.rows("SELECT * FROM portal_changes")}
    assert {who for stream, who in named if stream not in {"calendar_items", "lessons"}} == {pupil}
    assert {who for stream, who in named if stream in {"calendar_items", "lessons"}} == {None}


def test_limited_access_is_told_of_progress_only(loaded: Rig) -> None:
    """Under an information agreement a report is news and an absence is not; the mother is told of both."""
    rig, author = loaded, Author(loaded)
    pupil, father = rig.role("pupil_without_authority"), rig.role("guardian_without_authority")
    assert father in viewers(rig, pupil, "limited")
    (mother,) = viewers(rig, pupil, "full")
    reports, absences = rig.world.records(rig.school, "reports"), rig.world.records(rig.school, "absences")
    report = author.put("reports", reports[rig.role("report_published")], pupil_id=pupil)
    absence = author.put("absences", absences[rig.role("absence_illness")], pupil_id=pupil)
    rig.sync()
    assert lines(rig) == to(rig, {mother, father}, "reports", report, "new") | to(
        rig, {mother}, "absences", absence, "new"
    )


def test_nothing_is_told_of_a_co_guardian_or_of_where_a_secret_pupil_lives(loaded: Rig) -> None:
    """One's own new number is told to oneself alone, a secret pupil's to nobody, nor an address that turns secret."""
    rig = loaded
    number = [{"number": "06-00001234", "kind": "mobile", "is_confidential": False}]
    other, secret = rig.role("guardian_shared_home"), rig.role("pupil_confidential")
    rig.world.patch(rig.school, "guardians", other, phones=number)
    rig.world.patch(rig.school, "pupils", secret, phones=number, photo_reference="photo/new")
    rig.sync()
    assert lines(rig) == {(other, "guardians", other, "changed")}
    rig.tell("address_turns_secret")
    rig.sync()
    assert {line for line in lines(rig) if line[1] == "pupils"} == set()
    guardians = {line for line in lines(rig) if line[1] == "guardians"}
    assert all(me == who for me, _, who, _ in guardians)


@pytest.mark.parametrize("way", ["new", "removed and restored"])
def test_a_pupil_is_news_and_its_history_is_not(loaded: Rig, way: str) -> None:
    """One line that the child is here; not one about each note, report and result that came with it."""
    rig = loaded
    if way == "new":
        author = Author(rig)
        pupil, guardian = author.child(), author.grown_up()
        author.tie(guardian, pupil)
        author.bill(guardian, pupil)
    else:
        pupil, guardian = rig.role("pupil_two_households"), rig.role("guardian_first_household")
        rig.tell("pupil_removed")
        rig.sync()
        rig.tell("pupil_restored")
    rig.sync()
    assert guardian in viewers(rig, pupil)
    for table in ("notes", "reports", "test_results", "medical_items"):
        assert rig.rows(f"SELECT 1 FROM {table} WHERE pupil_id = :p", p=pupil)
    mine = {line[1:] for line in lines(rig) if line[0] == guardian}
    assert mine - {("guardians", guardian, "new")} == {("pupils", pupil, "new")}
    author_again = Author(rig)
    author_again.number = 500
    notes = rig.world.records(rig.school, "notes")
    later = author_again.put("notes", notes[rig.role("note_visible")], pupil_id=pupil)
    rig.sync()
    assert (guardian, "notes", later, "new") in lines(rig), "what comes after the child is news"


@pytest.mark.parametrize("full", [False, True])
def test_a_changed_setting_is_no_news(loaded: Rig, full: bool) -> None:
    """Rows that leave and come back because the school chose anew, or differ by it, are told to nobody."""
    rig = loaded
    for name, value in (
        ("subjects", ["taal"]),
        ("note_categories", ["observation"]),
        ("tests", [{"test": "spelling", "shows_level": False}]),
        ("reports_from", (rig.world.today - timedelta(days=15)).isoformat()),
        ("calendar_audience", "school"),
    ):
        before = rig.portal()
        choose_setting(rig, name, value)
        rig.sync(full=full)
        assert rig.portal() != before, name
        choose_setting(rig, name, DEFAULT)
        rig.sync(full=full)
        assert rig.portal() == before
    assert lines(rig) == set()


def test_what_we_map_anew_is_no_news(loaded: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version of our mapping alters rows on its first full pull, silently; the next change is news again."""
    rig = loaded
    for table in ("notes", "invoices", "lessons", "test_results"):
        column = {"invoices": "description", "lessons": "subject", "test_results": "test_name"}.get(table, "title")
        assert rewrite(rig, table, {column: "as mapped before"}) > 1
    monkeypatch.setattr(activation, "MAPPING_VERSION", activation.MAPPING_VERSION + 1)
    rig.sync()
    assert not rig.rows("SELECT 1 FROM notes WHERE title = 'as mapped before'")
    assert lines(rig) == set()
    rig.world.patch(rig.school, "notes", rig.role("note_visible"), title="Nieuw")
    rig.sync()
    assert {line[1:] for line in lines(rig)} == {("notes", rig.role("note_visible"), "changed")}


def test_a_dry_run_tells_nothing(loaded: Rig) -> None:
    """What would be news stays unsaid until it is there."""
    rig = loaded
    rig.tell("absence_added")
    rig.world.patch(rig.school, "notes", rig.role("note_visible"), title="Nieuw")
    rig.sync(dry=True)
    rig.sync(dry=True, full=True)
    assert lines(rig) == set()
    rig.sync()
    assert {line[1] for line in lines(rig)} == {"absences", "notes"}


@pytest.mark.parametrize("module", [Module.NOTITIES, Module.ROOSTER, Module.TOETSEN])
def test_a_module_that_opens_again_is_silent(loaded: Rig, module: Module) -> None:
    """Closed, withdrawn, changed meanwhile and opened again: everything is in sight at once and nothing is news."""
    rig = loaded
    rig.close(module)
    rig.sync()
    rig.world.patch(rig.school, "notes", rig.role("note_visible"), title="Nieuw")
    rig.world.patch(rig.school, "lessons", rig.role("lesson_current"), room="Lokaal 9")
    rig.world.patch(rig.school, "test_results", rig.role("test_final"), raw_score=1)
    streams = {Module.NOTITIES: "notes", Module.ROOSTER: "lessons", Module.TOETSEN: "test_results"}
    rig.open(module)
    rig.sync()
    assert rig.rows(f"SELECT 1 FROM portal_{streams[module]}")
    assert {line[1] for line in lines(rig)} == set(streams.values()) - {streams[module]}


def test_what_a_person_approves_is_news_then(rig: Rig) -> None:
    """Many new notes are held and told to nobody; approved, they are there and new."""
    rig.parts = rig.parts._replace(school=rig.parts.school._replace(limits=Limits(rows=3)))
    rig.open()
    rig.sync()
    author, like = Author(rig), rig.world.records(rig.school, "notes")[rig.role("note_visible")]
    keys = {author.put("notes", like) for _ in range(30)}
    report = rig.sync()
    assert report.held == 30
    assert lines(rig) == set()
    rig.approve(report.run_id)
    assert {line[2] for line in lines(rig) if line[3] == "new"} == keys


def test_what_changed_under_an_embargo_is_news_when_it_ends(loaded: Rig) -> None:
    """Results are entered behind an embargo: unseen and untold while it lasts, new at its end, not at their entry."""
    rig, now = loaded, datetime.now(UTC)
    with rig.database.session() as session, session.write() as connection:
        window = (now - timedelta(hours=1), now + timedelta(hours=1))
        register.add_embargo(connection, rig.school, Module.TOETSEN, window, reason=None, by="test")
    rig.world.patch(rig.school, "test_results", rig.role("test_in_progress"), status="final")
    rig.sync()
    assert lines(rig) == set()
    looked_at, ended_at = datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=2)
    assert rewrite(rig, "embargoes", {"embargo_until": ended_at}) == 1
    assert lines(rig) == set()
    look_at(rig, ended_at)
    found = rig.rows("SELECT DISTINCT stream, id, kind, at FROM portal_changes")
    assert [(row["stream"], row["id"], row["kind"]) for row in found] == [
        ("test_results", rig.role("test_in_progress"), "new")
    ]
    at = found[0]["at"]
    assert (at if isinstance(at, datetime) else datetime.fromisoformat(at).replace(tzinfo=UTC)) == ended_at > looked_at


def test_what_changed_before_a_module_opened_is_no_news_in_it(rig: Rig) -> None:
    """While only rooster is open a pupil changes group; when groep opens, its views are full and nothing is new."""
    rig.open(*(module for module in Module if module is not Module.GROEP))
    rig.sync()
    rig.world.patch(rig.school, "groups", rig.role("group_class"), name="De Vlinders")
    rig.sync()
    assert lines(rig) == set()
    rig.open(Module.GROEP)
    rig.sync()
    assert rig.rows("SELECT 1 FROM portal_groups WHERE name = 'De Vlinders'")
    assert lines(rig) == set()
    rig.world.patch(rig.school, "groups", rig.role("group_class"), name="De Bijen")
    rig.sync()
    assert {line[1:] for line in lines(rig)} == {("groups", rig.role("group_class"), "changed")}
