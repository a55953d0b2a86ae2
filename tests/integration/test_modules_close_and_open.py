"""Closing withdraws, opening loads and reveals as a whole, and a module that is not open is never asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.bookkeeping import register
from schemas.modules import STREAMS_OF, Module
from schemas.runs import RunStatus
from schemas.streams import Stream
from tests.integration.bench import asked_streams, gates, rewrite, seen, sums
from tests.rig import Rig

OPTIONAL = (Module.NIEUWS, Module.GROEP, Module.NOTITIES)


def _remembered(rig: Rig, stream: str) -> int:
    tables = ("checkpoints", "quarantine", "pending_keys", "hidden_keys")
    return sum(rig.rows(f"SELECT count(*) AS n FROM {t} WHERE stream = :s", s=stream)[0]["n"] for t in tables)


@pytest.mark.parametrize("module", OPTIONAL)
def test_a_closed_module_is_empty_at_once_and_withdrawn_by_the_next_run(rig: Rig, module: Module) -> None:
    """Views empty without a run; then rows, checkpoints and quarantine are gone and no request names the streams."""
    rig.open(*OPTIONAL)
    rig.tell("record_breaks")
    rig.world.patch(rig.school, "group_memberships", rig.role("membership_current"), from_on="?")
    rig.sync()
    streams = [stream.value for stream in STREAMS_OF[module]]
    rig.close(module)
    assert not any(seen(rig, f"portal_{stream}") for stream in streams)
    assert all(rig.ids(stream) for stream in streams)
    for stream in streams:
        for key in list(rig.world.records(rig.school, stream))[:5]:
            rig.world.patch(rig.school, stream, key)
    asked = len(rig.sis.requests)
    report = rig.sync()
    assert report.held == 0
    assert not asked_streams(rig, asked) & set(streams)
    assert not any(rig.ids(stream) for stream in streams)
    assert not any(_remembered(rig, stream) for stream in streams)
    assert sums(report, STREAMS_OF[module][0]).withdrawn > 0
    assert rig.sync().status is RunStatus.QUIET
    assert not asked_streams(rig, asked) & set(streams)


def test_a_thousand_changes_in_a_closed_module_are_never_asked_for(rig: Rig) -> None:
    """Notities closed while 1,000 notes change: no request names them, the view is empty, then the table."""
    template = rig.world.records(rig.school, "notes")[rig.role("note_visible")]
    rig.open()
    rig.sync()
    rig.close(Module.NOTITIES)
    assert seen(rig, "portal_notes") == set()
    for number in range(1000):
        rig.world.put(rig.school, "notes", {**template, "id": f"not-7{number:05d}"})
    asked = len(rig.sis.requests)
    rig.sync()
    rig.sync(full=True)
    assert "notes" not in asked_streams(rig, asked)
    assert rig.ids("notes") == set()


def test_planned_and_unplanned_modules_are_never_asked_for(rig: Rig) -> None:
    """A date in the future, or none, means no request, `changes` included; at the date it loads by itself."""
    rig.open(Module.NOTITIES, at=datetime.now(UTC) + timedelta(days=3))
    rig.sync()
    rig.tell("note_loses_flag")
    rig.sync()
    rig.sync(full=True)
    rig.sync(modules=[Module.NOTITIES, Module.HULPPLAN])
    always = {"locations", "pupils", "guardians", "guardianships", "emergency_contacts"}
    always |= {"absences", "medical_items", "invoices"}
    assert asked_streams(rig) == always
    rig.offset = timedelta(days=3, seconds=5)
    rig.sync()
    assert asked_streams(rig) == always | {"notes"}
    assert rig.ids("notes")
    assert seen(rig, "portal_notes") == set(), "the database's clock has not come to the opening"


def test_a_reopened_module_shows_nothing_until_its_first_load_is_complete(rig: Rig) -> None:
    """Closed, withdrawn, opened, and the source stumbles: nothing is seen of it until everything is there."""
    rig.open()
    rig.sync()
    before = rig.portal()
    views = {stream: seen(rig, f"portal_{stream}") for stream in STREAMS_OF[Module.GROEP]}
    rig.close(Module.GROEP)
    rig.sync()
    rig.open(Module.GROEP)
    assert not any(seen(rig, f"portal_{stream}") for stream in views)
    rig.sis.faults.add("server_error", times=None, stream="group_employees")
    assert rig.sync().status is RunStatus.INCOMPLETE
    assert rig.ids("groups")
    assert not any(seen(rig, f"portal_{stream}") for stream in views)
    rig.sis.faults.clear()
    assert rig.sync().status is RunStatus.DONE
    assert {stream: seen(rig, f"portal_{stream}") for stream in views} == views
    assert rig.portal() == before


def test_a_short_first_load_is_not_revealed_and_is_withdrawn_when_its_module_closes(rig: Rig) -> None:
    """Rows of an enumeration that came up short wait unseen; closing takes them out although no load ended."""
    rig.open()
    rig.sis.faults.add("capped_page", times=None, stream="notes", keep=10)
    assert rig.sync().status is RunStatus.INCOMPLETE
    assert rig.ids("notes")
    assert seen(rig, "portal_notes") == set()
    rig.close(Module.NOTITIES)
    asked = len(rig.sis.requests)
    rig.sync()
    assert rig.ids("notes") == set()
    assert _remembered(rig, "notes") == 0
    assert "notes" not in asked_streams(rig, asked)


def test_closed_and_opened_before_any_run_shows_what_was_there(rig: Rig) -> None:
    """A close taken back before a run withdrew: the module shows again at once and only changes are pulled."""
    rig.open()
    rig.sync()
    before = seen(rig, "portal_notes")
    rig.close(Module.NOTITIES)
    assert seen(rig, "portal_notes") == set()
    rig.open(Module.NOTITIES)
    assert seen(rig, "portal_notes") == before
    assert rig.sync().status is RunStatus.QUIET


def test_news_of_one_group_follows_the_module_groep(rig: Rig) -> None:
    """Stored only while groep is open: closing withholds it at the next run, opening brings it, never held."""
    rig.open(Module.NIEUWS)
    first = rig.sync()
    group = rig.role("news_group")
    assert group not in rig.ids("news_items")
    assert gates(first, Stream.NEWS_ITEMS)["group_not_open"] == 1
    rig.open(Module.GROEP)
    assert rig.sync().held == 0
    assert group in rig.ids("news_items")
    shown = rig.rows("SELECT guardian_id FROM portal_news_items WHERE id = :id", id=group)
    assert {row["guardian_id"] for row in shown} >= {rig.role("guardian_plain")}
    assert rig.role("guardian_confidential") not in {row["guardian_id"] for row in shown}
    rig.close(Module.GROEP)
    assert group not in seen(rig, "portal_news_items")
    report = rig.sync()
    assert group not in rig.ids("news_items")
    assert (report.held, gates(report, Stream.NEWS_ITEMS)["group_not_open"]) == (0, 1)


def test_a_decision_that_brings_many_rows_at_once_is_not_held(rig: Rig) -> None:
    """Opening groep shows a hundred group items in nieuws, which is past its first load: a person decided that."""
    template = rig.world.records(rig.school, "news_items")[rig.role("news_group")]
    for number in range(100):
        rig.world.put(rig.school, "news_items", {**template, "id": f"new-8{number:05d}"})
    rig.open(Module.NIEUWS)
    rig.sync()
    before = len(rig.ids("news_items"))
    rig.open(Module.GROEP)
    assert rig.sync().held == 0
    assert len(rig.ids("news_items")) == before + 101


def test_references_to_employees_are_blank_while_medewerkers_is_closed(rig: Rig) -> None:
    """Notes, plans and group work name nobody until medewerkers opens, and nobody again after it closed."""
    tables = ("notes", "support_plans", "group_employees")

    def named() -> list[int]:
        return [rig.rows(f"SELECT count(employee_id) AS n FROM {table}")[0]["n"] for table in tables]

    rig.open(Module.GROEP, Module.HULPPLAN, Module.NOTITIES)
    rig.sync()
    assert named() == [0, 0, 0]
    rig.open(Module.MEDEWERKERS)
    rig.sync()
    assert all(named())
    rig.close(Module.MEDEWERKERS)
    rig.sync()
    assert named() == [0, 0, 0]
    assert rig.ids("employees") == set()


def test_only_the_chosen_modules_are_pulled(rig: Rig) -> None:
    """`--module notities` names the notes alone; what else changed waits for the next whole sync."""
    rig.open()
    rig.sync()
    rig.tell("note_loses_flag")
    rig.tell("absence_added")
    asked, absences = len(rig.sis.requests), rig.ids("absences")
    rig.sync(modules=[Module.NOTITIES])
    assert asked_streams(rig, asked) == {"notes"}
    assert rig.role("note_visible") not in rig.ids("notes")
    assert rig.ids("absences") == absences
    rig.sync()
    assert len(rig.ids("absences")) == len(absences) + 1
    asked = len(rig.sis.requests)
    rig.sync(modules=[Module.HULPPLAN, Module.NIEUWS], full=True)
    assert asked_streams(rig, asked) == {"support_plans", "news_items"}


def test_an_embargo_hides_an_open_module_and_keeps_it_current(rig: Rig) -> None:
    """Nothing is seen while it lasts; the rows are pulled all the same, and shown at its end without a request."""
    rig.open()
    rig.sync()
    before = seen(rig, "portal_notes")
    now, hour = datetime.now(UTC), timedelta(hours=1)
    with rig.database.session() as session, session.write() as connection:
        window = (now - hour, now + hour)
        register.add_embargo(connection, rig.school, Module.NOTITIES, window, reason=None, by="test")
    assert seen(rig, "portal_notes") == set()
    rig.tell("note_loses_flag")
    rig.sync()
    assert rig.role("note_visible") not in rig.ids("notes")
    asked = len(rig.sis.requests)
    assert rewrite(rig, "embargoes", {"embargo_until": now}) == 1
    assert seen(rig, "portal_notes") == before - {rig.role("note_visible")}
    assert len(rig.sis.requests) == asked
