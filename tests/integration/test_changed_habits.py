"""A source that changes its habits empties no portal and freezes no secret: many unreadable records stop a stream."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connector.simulator.replies import JSON, Answer, problem
from schemas.modules import Module
from schemas.runs import RunStatus
from schemas.streams import Mode, Stream
from tests.integration.bench import quarantined, seen, sums
from tests.integration.vendor import Vendor, of_wrong_type, renamed, touch, without, without_nulls
from tests.rig import Rig

HTML = Answer(404, (("Content-Type", "text/html"),), b"<html><h1>Not found</h1></html>")


@pytest.fixture
def loaded(rig: Rig) -> Rig:
    """Everything open and in the portal."""
    rig.open()
    rig.sync()
    return rig


def stops(rig: Rig) -> dict[str, tuple[str, str]]:
    """Give code and field of the streams that stopped."""
    return {row["stream"]: (row["code"], row["what"]) for row in rig.rows("SELECT * FROM stopped_streams")}


def hours_pass(rig: Rig, hours: float) -> None:
    """Let time go by."""
    rig.offset += timedelta(hours=hours)


@pytest.mark.parametrize("full", [False, True])
def test_an_end_that_is_left_out_takes_no_pupil_away(loaded: Rig, full: bool) -> None:
    """`enrolled_until` absent instead of null: everybody stays, the run ends incomplete and says what is missing."""
    vendor, before = Vendor(loaded), loaded.portal()
    vendor.spoils("pupils", without("enrolled_until"))
    touch(loaded, "pupils")
    report = loaded.sync(full=full)
    assert report.status is RunStatus.INCOMPLETE
    assert "the source stopped sending pupils.enrolled_until".lower() in report.error.lower()
    assert report.held == 0
    assert loaded.portal() == before
    assert stops(loaded) == {"pupils": ("missing_field", "enrolled_until")}


def test_a_mended_source_needs_nobody(loaded: Rig) -> None:
    """A plain sync pulls the stream in full once its wait is over, and everything is as it was."""
    vendor, before = Vendor(loaded), loaded.portal()
    vendor.spoils("pupils", without("enrolled_until"))
    touch(loaded, "pupils")
    loaded.sync()
    vendor.mends()
    hours_pass(loaded, 0.5)
    report = loaded.sync()
    assert (report.status, report.held, report.attention) == (RunStatus.DONE, 0, 0)
    assert Mode.FULL in {one.mode for one in report.streams if one.stream is Stream.PUPILS}
    assert (loaded.portal(), stops(loaded), quarantined(loaded)) == (before, {}, {})
    assert loaded.sync().status is RunStatus.QUIET


def test_all_nulls_left_out_empty_no_view(loaded: Rig) -> None:
    """One switch of a serialiser: every row stays, and within the hours nothing new is shown."""
    vendor, before = Vendor(loaded), loaded.portal()
    for stream in Stream:
        vendor.spoils(stream.value, without_nulls)
        touch(loaded, stream.value)
    loaded.tell("absence_added")
    report = loaded.sync(full=True)
    assert report.status is RunStatus.INCOMPLETE
    assert loaded.portal() == before
    vendor.mends()
    hours_pass(loaded, 5)
    assert loaded.sync().status is RunStatus.DONE
    loaded.sync()
    after = loaded.portal()
    assert {name for name in before if before[name] != after[name]} == {"absences"}


def test_a_field_that_decides_nothing_hides_nobody_and_stops_no_other(loaded: Rig) -> None:
    """`photo_reference` absent: rows stay, a new absence is shown, a pupil who leaves goes."""
    vendor = Vendor(loaded)
    vendor.spoils("pupils", without("photo_reference"))
    loaded.tell("absence_added")
    leaver = loaded.role("pupil_plain")
    before = loaded.ids("pupils")
    loaded.world.patch(loaded.school, "pupils", leaver, status="left", enrolled_until="2026-01-31")
    absences = len(loaded.ids("absences"))
    report = loaded.sync(full=True)
    assert report.status is RunStatus.INCOMPLETE
    assert loaded.ids("pupils") == before - {leaver}
    assert stops(loaded) == {"pupils": ("missing_field", "photo_reference")}
    assert len(loaded.ids("absences")) != absences
    hours_pass(loaded, 100)
    loaded.sync()
    assert loaded.ids("pupils") == before - {leaver}, "no row goes for a field that decides nothing"


@pytest.mark.parametrize(
    "spoil", [without("is_confidential"), renamed("is_confidential"), of_wrong_type("is_confidential")]
)
def test_a_secrecy_that_is_left_out_blanks_the_part_for_all(loaded: Rig, spoil: Any) -> None:
    """Every address is blank at once, the rows stay, and all comes back by itself, silently."""
    vendor, before = Vendor(loaded), loaded.portal()
    told = len(loaded.rows("SELECT * FROM portal_changes"))
    for stream in ("pupils", "guardians"):
        vendor.spoils(stream, lambda record: {**record, "address": record["address"] and spoil(record["address"])})
        touch(loaded, stream)
    report = loaded.sync()
    assert report.status is RunStatus.INCOMPLETE
    assert {"pupils", "guardians"} <= set(stops(loaded))
    assert not loaded.rows("SELECT 1 FROM portal_pupils WHERE street IS NOT NULL")
    assert not loaded.rows("SELECT 1 FROM portal_group_list WHERE street IS NOT NULL")
    assert len(loaded.ids("pupils")) == len(before["pupils"])
    vendor.mends()
    hours_pass(loaded, 0.5)
    report = loaded.sync()
    assert (report.status, report.held) == (RunStatus.DONE, 0)
    assert loaded.portal() == before
    assert len(loaded.rows("SELECT * FROM portal_changes")) == told


def test_a_family_that_turns_secret_in_the_same_hour_is_secret_at_once(loaded: Rig) -> None:
    """What can be read of a record that cannot be judged, and shows less, is applied."""
    vendor, pupil = Vendor(loaded), loaded.role("pupil_plain")
    address = loaded.world.records(loaded.school, "pupils")[pupil]["address"]
    loaded.world.patch(loaded.school, "pupils", pupil, address={**address, "is_confidential": True}, phones=[])
    vendor.spoils("pupils", without("enrolled_until"))
    before = loaded.ids("pupils")
    loaded.sync(full=True)
    assert loaded.ids("pupils") == before
    (row,) = loaded.rows("SELECT * FROM pupils WHERE id = :id", id=pupil)
    assert (row["street"], row["phones"], bool(row["is_address_confidential"])) == (None, "[]", True)
    assert not loaded.rows("SELECT 1 FROM portal_pupils WHERE id = :id AND street IS NOT NULL", id=pupil)


def test_a_restriction_holds_though_the_authority_cannot_be_read(loaded: Rig) -> None:
    """The guardian is barred at once, while all other relations stay as they were."""
    vendor = Vendor(loaded)
    key = loaded.rows("SELECT id FROM guardianships WHERE authority = 'full' ORDER BY id")[0]["id"]
    barred = {"from_on": "2026-01-01", "until_on": None}
    loaded.world.patch(loaded.school, "guardianships", key, restriction=barred)
    vendor.spoils("guardianships", of_wrong_type("authority"))
    before = loaded.ids("guardianships")
    access = {(r["guardian_id"], r["pupil_id"]) for r in loaded.rows("SELECT * FROM portal_access")}
    (row,) = loaded.rows("SELECT * FROM guardianships WHERE id = :id", id=key)
    loaded.sync(full=True)
    assert loaded.ids("guardianships") == before
    after = {(r["guardian_id"], r["pupil_id"]) for r in loaded.rows("SELECT * FROM portal_access")}
    assert access - after == {(row["guardian_id"], row["pupil_id"])}
    assert after <= access


@pytest.mark.parametrize("spoil", [without("visible_to_parents"), of_wrong_type("visible_to_parents")])
def test_what_cannot_be_judged_goes_after_the_hours_and_returns_without_approval(loaded: Rig, spoil: Any) -> None:
    """Notes stay for a day, then are withheld, which nothing holds; read again as they were, they are back."""
    vendor, before = Vendor(loaded), loaded.portal()
    told = len(loaded.rows("SELECT * FROM portal_changes"))
    vendor.spoils("notes", spoil)
    touch(loaded, "notes")
    loaded.sync()
    assert loaded.portal() == before
    hours_pass(loaded, 25)
    report = loaded.sync()
    assert (report.status, report.held) == (RunStatus.INCOMPLETE, 0)
    assert loaded.ids("notes") == set()
    vendor.mends()
    hours_pass(loaded, 5)
    report = loaded.sync()
    assert (report.status, report.held) == (RunStatus.DONE, 0)
    assert loaded.portal() == before
    assert len(loaded.rows("SELECT * FROM portal_changes")) == told
    assert not loaded.rows("SELECT 1 FROM unjudged_rows")


def test_pupils_that_cannot_be_judged_go_with_all_that_hangs_on_them_and_return(loaded: Rig) -> None:
    """A status nobody can read: after the hours the views are empty, also without the source; then all is back."""
    vendor, before = Vendor(loaded), loaded.portal()
    vendor.spoils("pupils", of_wrong_type("status"))
    touch(loaded, "pupils")
    loaded.sync()
    assert loaded.portal() == before
    hours_pass(loaded, 25)
    loaded.sis.faults.add("unavailable", times=None)
    with pytest.raises(Exception, match="503"):
        loaded.sync()
    assert (loaded.ids("pupils"), seen(loaded, "portal_absences")) == (set(), set())
    loaded.sis.faults.clear()
    vendor.mends()
    hours_pass(loaded, 5)
    assert loaded.sync().held == 0
    loaded.sync()
    assert loaded.portal() == before


def test_one_record_that_cannot_be_judged_goes_as_before(loaded: Rig) -> None:
    """One is a decision for one record: it is withheld at once, and the stream goes on."""
    vendor, key = Vendor(loaded), loaded.role("note_visible")
    vendor.spoils("notes", without("visible_to_parents"), {key})
    touch(loaded, "notes", {key})
    assert loaded.sync().status is RunStatus.DONE
    assert key not in loaded.ids("notes")
    assert stops(loaded) == {}


def test_records_that_break_a_few_at_a_time_are_many_in_the_end(loaded: Rig) -> None:
    """Increments bring two a time; with what waits in quarantine they are one fault of many."""
    vendor = Vendor(loaded)
    vendor.spoils("pupils", without("enrolled_until"))
    keys = sorted(loaded.ids("pupils"))
    loaded.sync()
    for at in (0, 2, 4):
        touch(loaded, "pupils", keys[at : at + 2])
        loaded.sync()
    assert stops(loaded) == {"pupils": ("missing_field", "enrolled_until")}
    assert set(keys[2:]) <= loaded.ids("pupils")


def test_a_page_in_another_encoding_removes_nobody(loaded: Rig) -> None:
    """A page in ISO-8859-1 is refused as a page; the children with accents stay, and other streams go on."""
    before = loaded.ids("news_items")
    vendor = Vendor(loaded)
    vendor.refuses("news_items", Answer(200, JSON, '{"school": "Zoë"}'.encode("latin-1")))
    loaded.tell("absence_added")
    absences = loaded.ids("absences")
    report = loaded.sync(full=True)
    assert (report.status, "not in UTF-8" in report.error) == (RunStatus.INCOMPLETE, True)
    assert loaded.ids("news_items") == before
    assert loaded.ids("absences") > absences


@pytest.mark.parametrize("answer", [problem(403, "not-granted", "No."), HTML])
@pytest.mark.parametrize("full", [False, True])
def test_a_refused_stream_stops_no_other(loaded: Rig, answer: Answer, full: bool) -> None:
    """It is set aside and named with who must do what; it is not asked for at every tick, and comes back by itself."""
    vendor = Vendor(loaded)
    vendor.refuses("absences", answer)
    loaded.tell("absence_added")
    loaded.tell("note_loses_flag")
    before = loaded.ids("absences")
    report = loaded.sync(full=full)
    assert report.status is RunStatus.INCOMPLETE
    assert "the source refuses absences" in report.error.lower()
    assert "Ask the supplier to grant" in report.error
    assert loaded.ids("absences") == before
    assert loaded.role("note_visible") not in loaded.ids("notes")
    asked = len(loaded.sis.requests)
    assert loaded.sync().status is RunStatus.INCOMPLETE
    assert [request.streams for request in loaded.sis.requests[asked:] if request.streams == ("absences",)] == []
    vendor.mends()
    hours_pass(loaded, 0.5)
    assert loaded.sync().status is RunStatus.DONE
    assert loaded.ids("absences") > before
    assert loaded.sync().status is RunStatus.QUIET


@pytest.mark.parametrize("people", ["pupils", "guardians", "guardianships", "privacy_preferences"])
def test_while_people_are_refused_the_others_show_less_only(loaded: Rig, people: str) -> None:
    """A note that lost its flag goes; a new absence waits until people can be read again, and then comes."""
    vendor = Vendor(loaded)
    vendor.refuses(people, problem(403, "not-granted", "No."))
    loaded.tell("absence_added")
    loaded.tell("note_loses_flag")
    before = loaded.portal()
    for _ in range(2):
        assert loaded.sync(full=True).status is RunStatus.INCOMPLETE
        after = loaded.portal()
        assert {name for name in before if before[name] != after[name]} == {"notes"}
        hours_pass(loaded, 30)
    vendor.mends()
    assert loaded.sync().status is RunStatus.DONE
    assert len(loaded.ids("absences")) == len(before["absences"]) + 1


def test_a_source_that_refuses_everything_is_said_to(loaded: Rig) -> None:
    """Nothing was answered: that is no matter of one stream."""
    vendor = Vendor(loaded)
    for stream in Stream:
        vendor.refuses(stream.value, problem(403, "not-granted", "No."))
    vendor.refuses("changes", problem(403, "not-granted", "No."))
    with pytest.raises(Exception, match="refused, status 403"):
        loaded.sync()
    assert stops(loaded) == {}


def test_a_change_question_that_is_refused_is_asked_stream_by_stream(loaded: Rig) -> None:
    """One of the streams is no longer granted, so the question about all of them is refused: the others still come."""
    vendor = Vendor(loaded)
    vendor.refuses("changes", problem(403, "not-granted", "No."))
    vendor.refuses("notes", problem(403, "not-granted", "No."))
    loaded.tell("absence_added")
    before = loaded.ids("absences")
    assert loaded.sync().status is RunStatus.INCOMPLETE
    assert loaded.ids("absences") > before


def test_a_closed_module_is_no_stop_any_more(rig: Rig) -> None:
    """A stream that was refused from the first day on is forgotten when nobody needs it."""
    vendor = Vendor(rig)
    vendor.refuses("notes", problem(403, "not-granted", "No."))
    rig.open()
    assert rig.sync().status is RunStatus.INCOMPLETE
    assert set(stops(rig)) == {"notes"}
    rig.close(Module.NOTITIES)
    assert rig.sync().status is RunStatus.DONE
    assert stops(rig) == {}


def test_with_no_hours_what_cannot_be_judged_goes_at_once(loaded: Rig) -> None:
    """`unreadable_hours = 0`: nobody may be shown whom nobody can judge; the rows return all the same."""
    before = loaded.portal()
    loaded.parts = loaded.parts._replace(unreadable_hours=0)
    vendor = Vendor(loaded)
    vendor.spoils("notes", without("visible_to_parents"))
    assert loaded.sync(full=True).held == 0
    assert loaded.ids("notes") == set()
    vendor.mends()
    hours_pass(loaded, 1)
    assert loaded.sync().held == 0
    assert loaded.portal() == before


def test_the_sums_of_a_stopped_stream_come_out(loaded: Rig) -> None:
    """Every record is counted as before: unreadable ones as quarantined."""
    vendor = Vendor(loaded)
    vendor.spoils("notes", without("visible_to_parents"))
    report = loaded.sync(full=True)
    total = sums(report, Stream.NOTES)
    assert total.quarantined == total.fetched > 3
