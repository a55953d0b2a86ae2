"""What an answer proves: only a whole, counted enumeration lets rows go missing; a fault never empties a portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.simulator.faults import Fault
from schemas.errors import FatalError, TransientError, WrongSchool
from schemas.modules import Module
from schemas.runs import RunStatus
from schemas.streams import Mode, Stream
from tests.integration.bench import NO_BRAKE, quarantined, sums
from tests.rig import Rig


@pytest.fixture
def loaded(make_rig: Callable[..., Rig]) -> Rig:
    """A small loaded school whose pages hold at most seven records, with a note gone that no tombstone tells of."""
    rig = make_rig(pupils=12, limits=NO_BRAKE)
    rig.sis.page_cap = 7
    rig.open()
    rig.sync()
    return rig


def _vanish(rig: Rig, stream: str, role: str) -> str:
    key = rig.role(role)
    rig.world.remove(rig.school, stream, key)
    rig.world.expire_cursors(rig.school, stream)
    return key


@pytest.mark.parametrize(
    "shape",
    [
        {"kind": "miscount", "by": 1},
        {"kind": "miscount", "by": -1},
        {"kind": "shifting_page"},
        {"kind": "capped_page", "keep": 3},
    ],
    ids=lambda shape: f"{shape['kind']}{shape.get('by', '')}",
)
def test_an_enumeration_that_contradicts_its_count_removes_nothing(loaded: Rig, shape: dict[str, Any]) -> None:
    """Tried twice, then INCOMPLETE: none goes missing, the checkpoint stays; later it heals."""
    gone = _vanish(loaded, "notes", "note_visible")
    checkpoint = "SELECT cursor, full_reason FROM checkpoints WHERE stream = 'notes'"
    before, known = loaded.ids("notes"), loaded.rows(checkpoint)
    loaded.sis.faults.add(Fault(times=None, stream="notes", **shape))
    report = loaded.sync()
    assert report.status is RunStatus.INCOMPLETE
    assert "notes" in report.error
    assert sums(report, Stream.NOTES).missing == 0
    assert loaded.ids("notes") >= before
    assert loaded.rows(checkpoint) == known
    loaded.sis.faults.clear()
    assert loaded.sync().status is RunStatus.DONE
    assert gone not in loaded.ids("notes")
    assert loaded.sync().status is RunStatus.QUIET


def test_a_page_that_shifts_once_is_read_again_in_the_same_run(loaded: Rig) -> None:
    """The second reading is whole, so the run is done and the missing row goes."""
    gone = _vanish(loaded, "notes", "note_visible")
    loaded.sis.faults.add("shifting_page", stream="notes")
    assert loaded.sync().status is RunStatus.DONE
    assert gone not in loaded.ids("notes")


@pytest.mark.parametrize("kind", ["empty_body", "half_page", "html_200", "reset"])
def test_a_fault_in_one_stream_leaves_it_and_the_others_go_on(loaded: Rig, kind: str) -> None:
    """INCOMPLETE: that stream keeps its rows and its checkpoint, every other stream is brought up to date."""
    loaded.tell("note_loses_flag")
    loaded.tell("absence_added")
    loaded.tell("plan_becomes_final")
    before, absences = loaded.ids("notes"), loaded.ids("absences")
    loaded.sis.faults.add(kind, times=None, stream="notes")
    report = loaded.sync(full=True)
    assert report.status is RunStatus.INCOMPLETE
    assert report.error
    assert loaded.ids("notes") == before
    assert len(loaded.ids("absences")) == len(absences) + 1
    assert loaded.role("plan_concept") in loaded.ids("support_plans")
    loaded.sis.faults.clear()
    assert loaded.sync().status is RunStatus.DONE
    assert loaded.role("note_visible") not in loaded.ids("notes")


def test_while_pupils_cannot_be_read_the_others_only_show_less(loaded: Rig) -> None:
    """Pupils could not be read: nothing new is shown of anything, but a note that lost its flag goes at once."""
    loaded.tell("absence_added")
    loaded.tell("note_loses_flag")
    loaded.world.patch(loaded.school, "news_items", loaded.role("news_published"), title="Anders")
    before = loaded.portal()
    loaded.sis.faults.add("server_error", times=None, stream="pupils")
    report = loaded.sync(full=True)
    assert report.status is RunStatus.INCOMPLETE
    after = loaded.portal()
    assert {name for name in before if before[name] != after[name]} == {"notes"}
    assert loaded.role("note_visible") not in loaded.ids("notes")
    loaded.sis.faults.clear()
    assert loaded.sync().status is RunStatus.DONE
    shown = loaded.portal()
    assert {name for name in after if shown[name] != after[name]} == {"absences", "news_items"}


def test_what_hangs_on_a_stream_that_failed_waits_with_it(loaded: Rig) -> None:
    """Groups could not be read: memberships are not judged against old groups; absences go on."""
    loaded.tell("absence_added")
    before = loaded.portal()
    loaded.sis.faults.add("server_error", times=None, stream="groups")
    report = loaded.sync(full=True)
    assert report.status is RunStatus.INCOMPLETE
    hanging = {Stream.GROUPS, Stream.GROUP_MEMBERSHIPS, Stream.GROUP_EMPLOYEES, Stream.LESSONS}
    assert {one.stream for one in report.streams}.isdisjoint(hanging)
    after = loaded.portal()
    assert {name for name in before if before[name] != after[name]} == {"absences"}


@pytest.mark.parametrize("kind", ["wrong_json", "empty_body", "unavailable"])
def test_a_source_that_is_away_changes_nothing(loaded: Rig, kind: str) -> None:
    """Every answer is a fault: the run fails as something to be tried again, and the portal stays as it was."""
    before, checkpoints = loaded.portal(), loaded.rows("SELECT * FROM checkpoints")
    loaded.tell("note_loses_flag")
    loaded.sis.faults.add(kind, times=None)
    with pytest.raises(TransientError):
        loaded.sync(full=True)
    assert (loaded.portal(), loaded.rows("SELECT * FROM checkpoints")) == (before, checkpoints)
    last = loaded.rows("SELECT status, error FROM runs ORDER BY started_at DESC LIMIT 1")[0]
    assert last["status"] == RunStatus.FAILED
    loaded.sis.faults.clear()
    assert loaded.sync().status is RunStatus.DONE


@pytest.mark.parametrize("full", [False, True])
def test_the_data_of_another_school_is_a_hard_stop(loaded: Rig, full: bool) -> None:
    """The payload's own BRIN is another: the run fails, nothing of that answer is stored."""
    loaded.world.schools["99ZZ00"] = loaded.world.schools[loaded.school]
    loaded.tell("note_loses_flag")
    before = loaded.portal()
    loaded.sis.faults.add("other_school", times=None, other="99ZZ00")
    with pytest.raises(WrongSchool):
        loaded.sync(full=full)
    assert loaded.portal() == before


def test_a_next_page_on_another_host_is_never_followed(loaded: Rig) -> None:
    """The run fails without asking elsewhere; the stream's rows stay."""
    before = loaded.portal()
    loaded.sis.faults.add("foreign_next", times=None, stream="notes")
    with pytest.raises(FatalError):
        loaded.sync(full=True)
    assert loaded.portal() == before


def test_an_expired_cursor_is_a_full_pull_of_that_stream_only(loaded: Rig) -> None:
    """Whether `changes` says so or the page does: the stream is read whole, and what vanished meanwhile goes."""
    gone = _vanish(loaded, "notes", "note_visible")
    asked = len(loaded.sis.requests)
    report = loaded.sync()
    assert {one.stream: one.mode for one in report.streams if one.sums.fetched} == {Stream.NOTES: Mode.FULL}
    assert gone not in loaded.ids("notes")
    assert {stream for request in loaded.sis.requests[asked + 1 :] for stream in request.streams} == {"notes"}
    loaded.tell("absence_added")
    loaded.sis.faults.add("cursor_expired", stream="absences", after=1)
    report = loaded.sync()
    assert {one.stream: one.mode for one in report.streams if one.sums.fetched} == {Stream.ABSENCES: Mode.FULL}
    assert loaded.sync().status is RunStatus.QUIET


def test_tokens_that_expire_all_the_time_do_not_disturb_a_run(loaded: Rig) -> None:
    """Every fourth request meets 401: the run renews its token and ends as it would have."""
    loaded.tell("note_loses_flag")
    for step in range(10):
        loaded.sis.faults.add("expired_token", after=4 * step + 2)
    assert loaded.sync(full=True).status is RunStatus.DONE
    assert loaded.role("note_visible") not in loaded.ids("notes")


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("different", [False, True])
def test_a_record_that_comes_twice(loaded: Rig, full: bool, different: bool) -> None:
    """Equal ones collapse; of different ones the last wins in an increment, in a full pull both are quarantined."""
    key = min(loaded.ids("notes"))
    loaded.world.patch(loaded.school, "notes", key, title="Eerst")
    lowest = min(loaded.world.records(loaded.school, "notes")) if full else key
    loaded.sis.faults.add("duplicate_ids", stream="notes", different=different, field="title")
    report = loaded.sync(full=full)
    title = {row["id"]: row["title"] for row in loaded.rows("SELECT id, title FROM notes")}
    counted = sums(report, Stream.NOTES)
    if different and full:
        assert (counted.quarantined, counted.duplicates) == (2, 0)
        assert quarantined(loaded) == {("notes", lowest): "conflicting_duplicate"}
        assert report.attention == 1
        return
    assert (counted.quarantined, counted.duplicates) == (0, 1)
    assert title[key] == ("Eerst (2)" if different else "Eerst")
    assert report.status is RunStatus.DONE


def test_records_that_contradict_each_other_about_visibility_are_hidden(loaded: Rig) -> None:
    """One says visible, the other not: until the source agrees with itself nobody sees the note."""
    key = min(loaded.ids("notes"))
    for other in [one for one in loaded.world.records(loaded.school, "notes") if one < key]:
        loaded.world.remove(loaded.school, "notes", other)
    loaded.sis.faults.add("duplicate_ids", stream="notes", different=True, field="visible_to_parents")
    report = loaded.sync(full=True)
    assert key not in loaded.ids("notes")
    assert report.quarantined == 1


def test_a_fault_during_a_first_load_reveals_nothing_half(make_rig: Callable[..., Rig]) -> None:
    """The pupils break off: personalia shows nobody until the next run has them all."""
    rig = make_rig(pupils=12)
    rig.sis.page_cap = 5
    rig.sis.faults.add("half_page", times=None, stream="pupils", query="page=")
    rig.open(Module.NIEUWS)
    assert rig.sync().status is RunStatus.INCOMPLETE
    assert rig.rows("SELECT * FROM portal_pupils") == []
    rig.sis.faults.clear()
    assert rig.sync().status is RunStatus.DONE
    assert rig.rows("SELECT * FROM portal_pupils")
