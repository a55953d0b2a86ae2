"""Broken records: the old row stays unless visibility was unreadable, one item each, replay, discard."""

from __future__ import annotations

import pytest

from connector.bookkeeping import quarantine
from jobs.parts import Progress
from jobs.replay import replay
from jobs.sync import SyncOptions, sync_school
from schemas.errors import LeaseHeld
from schemas.ids import SourceKey
from schemas.runs import RunStatus
from schemas.streams import Mode, Stream
from tests.integration.bench import held, quarantined, seen, sums
from tests.rig import Rig


@pytest.mark.parametrize("full", [False, True])
def test_a_note_loses_its_flag_and_another_gets_a_bad_date_in_one_sync(rig: Rig, full: bool) -> None:
    """The first is gone, the second's old row stays, one is quarantined and asks for attention once."""
    rig.open()
    rig.sync()
    lost, broken = rig.role("note_visible"), rig.role("note_visible_observation")
    old = rig.rows("SELECT * FROM notes WHERE id = :id", id=broken)
    rig.tell("note_loses_flag")
    rig.tell("record_breaks")
    report = rig.sync(full=full)
    assert (report.quarantined, report.attention) == (1, 1)
    assert sums(report, Stream.NOTES).quarantined == 1
    assert sums(report, Stream.NOTES).withdrawn == 1
    assert lost not in rig.ids("notes")
    assert rig.rows("SELECT * FROM notes WHERE id = :id", id=broken) == old
    assert broken in seen(rig, "portal_notes")
    assert quarantined(rig) == {("notes", broken): "unreadable_field"}
    assert rig.sync().status is RunStatus.QUIET
    assert rig.sync(full=True).attention == 0, "the same fault is not news again"

    rig.tell("record_mended")
    assert rig.sync().attention == 0
    assert quarantined(rig) == {}
    assert broken in rig.ids("notes")


def test_replay_takes_a_mended_record_out_of_quarantine(rig: Rig) -> None:
    """Replay asks for the items by key only; what is still broken stays known and is no news."""
    rig.tell("record_breaks")
    other = rig.role("note_visible_home_visit")
    rig.world.patch(rig.school, "notes", other, noted_on="gisteren")
    rig.open()
    assert rig.sync().quarantined == 2
    mended = rig.role("note_visible_observation")
    assert rig.ids("notes").isdisjoint({mended, other})
    rig.tell("record_mended")
    asked = len(rig.sis.requests)
    report = rig.replay()
    assert report.attention == 0
    assert [request.streams for request in rig.sis.requests[asked:]] == [("notes",)]
    assert quarantined(rig) == {("notes", other): "unreadable_field"}
    assert mended in rig.ids("notes")
    rig.sync()
    assert rig.sync().status is RunStatus.QUIET


def test_a_replay_that_finds_a_run_at_work_is_done_by_the_next(rig: Rig) -> None:
    """It is refused, and what it asked for is not forgotten when the run writes down where the stream stands."""
    rig.open()
    rig.sync()
    rig.tell("note_loses_flag")

    def ask_beside(progress: Progress) -> None:
        if progress.stream is Stream.NOTES:
            with pytest.raises(LeaseHeld):
                replay(rig.parts, {Stream.NOTES: (SourceKey(quarantine.UNREADABLE_KEY),)})

    report = sync_school(rig.parts._replace(on_progress=ask_beside), SyncOptions())
    assert [one.mode for one in report.streams if one.stream is Stream.NOTES] == [Mode.CHANGES]
    assert [one.mode for one in rig.sync().streams if one.stream is Stream.NOTES] == [Mode.FULL]


def test_a_discarded_item_is_no_news_until_it_breaks_otherwise(rig: Rig) -> None:
    """Set aside, the same fault stays silent; another fault of the same record asks for attention again."""
    rig.open()
    rig.sync()
    broken = rig.role("note_visible_observation")
    rig.tell("record_breaks")
    assert rig.sync().attention == 1
    with rig.database.session() as session, session.write() as connection:
        assert quarantine.discard(connection, rig.school, Stream.NOTES, broken, "tester", rig.parts.clock())
        assert not quarantine.discard(connection, rig.school, Stream.NOTES, broken, "tester", rig.parts.clock())
    assert rig.sync(full=True).attention == 0
    rig.world.patch(rig.school, "notes", broken, noted_on="2026-09-01", title=None)
    assert rig.sync().attention == 1


def test_a_tombstone_and_a_closed_module_resolve_items(rig: Rig) -> None:
    """What is gone at the source, or no longer wanted, is no longer in quarantine."""
    rig.tell("record_breaks")
    rig.open()
    rig.sync()
    key = rig.role("note_visible_observation")
    assert quarantined(rig)
    rig.world.remove(rig.school, "notes", key)
    rig.sync()
    assert quarantined(rig) == {}


def test_an_unreadable_flag_hides_the_note_and_a_readable_one_returns_it(rig: Rig) -> None:
    """Whether a note may be seen was unreadable: it is withdrawn and quarantined; mended, it shows again."""
    rig.open()
    rig.sync()
    key = rig.role("note_visible")
    rig.world.patch(rig.school, "notes", key, visible_to_parents="misschien")
    report = rig.sync()
    assert report.attention == 1
    assert key not in rig.ids("notes")
    rig.world.patch(rig.school, "notes", key, visible_to_parents=True)
    assert rig.sync().attention == 0
    assert key in seen(rig, "portal_notes")


@pytest.mark.parametrize("full", [False, True])
def test_a_pupil_of_unreadable_status_takes_everything_along_and_brings_it_back(rig: Rig, full: bool) -> None:
    """Hidden with all that hangs on it; once readable again every row of it in every table returns."""
    rig.open()
    rig.sync()
    before = rig.portal()
    pupil = rig.role("pupil_two_households")
    rig.world.patch(rig.school, "pupils", pupil, status=7)
    report = rig.sync(full=full)
    assert pupil not in rig.ids("pupils")
    assert quarantined(rig) == {("pupils", pupil): "unreadable_field"}
    assert report.quarantined == 1
    for table in ("guardianships", "absences", "notes", "support_plans", "group_memberships", "guardian_access"):
        assert not rig.rows(f"SELECT 1 FROM {table} WHERE pupil_id = :id", id=pupil)
    rig.world.patch(rig.school, "pupils", pupil, status="enrolled")
    report = rig.sync(full=full)
    assert rig.portal() == before
    assert report.attention == 0
    assert quarantined(rig) == {}


def test_a_pupil_with_a_broken_name_keeps_its_row_and_its_children(rig: Rig) -> None:
    """A fault that decides nothing about visibility changes nothing of what parents see."""
    rig.open()
    rig.sync()
    before = rig.portal()
    rig.world.patch(rig.school, "pupils", rig.role("pupil_plain"), gender="?")
    assert rig.sync().quarantined == 1
    assert rig.portal() == before
    assert rig.sync(full=True).attention == 0
    assert rig.portal() == before


def test_text_no_database_can_hold_breaks_only_its_record(rig: Rig) -> None:
    """A NUL and half a surrogate pair are quarantined; an emoji and a right-to-left mark arrive as they are."""
    rig.open()
    rig.sync()
    before = rig.ids("pupils")
    plain, sibling = rig.role("pupil_plain"), rig.role("pupil_sibling")
    restricted, secret = rig.role("pupil_restricted"), rig.role("pupil_two_households")
    rig.world.patch(rig.school, "pupils", plain, call_name="Zoë 🦊")
    rig.world.patch(rig.school, "pupils", sibling, call_name="\u200fليلى")
    rig.world.patch(rig.school, "pupils", restricted, call_name="A\u0000b")
    fault = _spoil_surrogate(rig, secret)
    report = rig.sync()
    names = {row["id"]: row["call_name"] for row in rig.rows("SELECT id, call_name FROM pupils")}
    assert (names[plain], names[sibling]) == ("Zoë 🦊", "\u200fليلى")
    assert {row["display_name"] for row in rig.rows("SELECT display_name FROM portal_pupils WHERE id = :i", i=plain)}
    assert quarantined(rig) == {("pupils", restricted): "unreadable_text", ("pupils", secret): fault}
    assert report.quarantined == 2
    assert rig.ids("pupils") == before
    assert held(rig, "pupils") == set()


def _spoil_surrogate(rig: Rig, key: str) -> str:
    """Serve half a surrogate pair, as some systems do, by its JSON escape."""
    shelf = rig.world.schools[rig.school].shelves["pupils"]
    rig.world.patch(rig.school, "pupils", key, call_name="HALF")
    entry = shelf.entries[key]
    entry.cached = entry.body().replace(b'"HALF"', b'"\\ud83e"')
    return "unreadable_text"


def test_children_without_a_readable_key_are_counted_and_nothing_is_removed(rig: Rig) -> None:
    """A record without a key is quarantined under no key; the enumeration is not complete, so nothing is missing."""
    rig.open()
    rig.sync()
    gone = rig.role("note_visible")
    rig.world.expire_cursors(rig.school, "notes")
    rig.world.remove(rig.school, "notes", gone)
    rig.world.expire_cursors(rig.school, "notes")
    rig.sis.faults.add("missing_key", stream="notes")
    report = rig.sync()
    assert report.status is RunStatus.DONE
    assert quarantined(rig) == {("notes", quarantine.UNREADABLE_KEY): "unreadable_key"}
    assert sums(report, Stream.NOTES).missing == 0
    assert gone in rig.ids("notes")
    rig.replay()
    assert quarantined(rig) == {}
    assert gone not in rig.ids("notes")
