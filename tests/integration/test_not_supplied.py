"""A SIS that knows fewer streams than its dialect: the run goes on without them, and nothing of them is emptied."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.errors import SourceRefused
from schemas.modules import Module
from schemas.runs import RunReport, RunStatus
from schemas.streams import Stream
from tests.integration.bench import asked_streams, seen
from tests.rig import Rig

OLDER = frozenset({"emergency_contacts", "medical_items", "lessons"})


def _since(rig: Rig, report: RunReport, before: int) -> tuple[RunStatus, int, set[str]]:
    return report.status, len(rig.sis.requests) - before, asked_streams(rig, before) & OLDER


def test_a_module_is_shown_on_what_the_source_has(rig: Rig) -> None:
    """Without emergency contacts personalia is shown; medisch and rooster, that would be empty, are not."""
    rig.sis.lacks = OLDER
    rig.open()
    report = rig.sync()
    assert (report.status, report.error) == (RunStatus.DONE, "")
    assert report.not_supplied == (Stream.EMERGENCY_CONTACTS, Stream.MEDICAL_ITEMS, Stream.LESSONS)
    shown = {row["module"] for row in rig.rows("SELECT module FROM portal_modules")}
    assert shown == {module.value for module in Module} - {"medisch", "rooster"}


def test_a_school_stays_quiet_and_its_source_is_asked_again_once_a_day(rig: Rig) -> None:
    """The next run asks one question, and for no stream the source does not know; a day later it asks again."""
    rig.sis.lacks = OLDER
    rig.open()
    rig.sync()
    before = len(rig.sis.requests)
    assert _since(rig, rig.sync(), before) == (RunStatus.QUIET, 1, set())
    rig.offset += timedelta(hours=25)
    before = len(rig.sis.requests)
    assert _since(rig, rig.sync(), before) == (RunStatus.DONE, 4, set(OLDER))
    before = len(rig.sis.requests)
    assert _since(rig, rig.sync(), before) == (RunStatus.QUIET, 1, set())


def test_a_full_pull_asks_for_everything_again(rig: Rig) -> None:
    """Once the SIS knows the streams, `sync --full` loads them, and their modules are shown."""
    rig.sis.lacks = OLDER
    rig.open()
    rig.sync()
    rig.sis.lacks = frozenset()
    assert rig.sync(full=True).not_supplied == ()
    assert rig.ids("medical_items")
    assert {"medisch", "rooster"} <= {row["module"] for row in rig.rows("SELECT module FROM portal_modules")}
    assert rig.rows("SELECT * FROM portal_changes WHERE stream = 'medical_items'") == []


@pytest.mark.parametrize("is_full", [False, True])
def test_a_stream_that_the_source_dropped_stays_as_it_was(rig: Rig, is_full: bool) -> None:
    """What was loaded before stays, and stays shown; nothing is missing, held or removed, and other news comes in."""
    rig.open()
    rig.sync()
    rows, shown = rig.ids("medical_items"), seen(rig, "portal_medical_items")
    assert shown
    rig.sis.lacks = OLDER
    rig.tell("absence_added")
    before = rig.ids("absences")
    report = rig.sync(full=is_full)
    assert (report.status, report.held, report.quarantined) == (RunStatus.DONE, 0, 0)
    assert set(report.not_supplied) == {Stream(name) for name in OLDER}
    assert (rig.ids("medical_items"), seen(rig, "portal_medical_items")) == (rows, shown)
    assert len(rig.ids("absences")) == len(before) + 1


def test_a_stream_that_comes_back_catches_up(rig: Rig) -> None:
    """What changed while the source did not supply the stream comes with the next time it does."""
    rig.open()
    rig.sync()
    gone = min(rig.ids("medical_items"))
    rig.sis.lacks = OLDER
    rig.sync()
    rig.world.remove(rig.school, "medical_items", gone)
    rig.sis.lacks = frozenset()
    assert rig.sync().status is RunStatus.QUIET
    rig.offset += timedelta(hours=25)
    assert rig.sync().not_supplied == ()
    assert gone not in rig.ids("medical_items")


def test_what_hangs_on_a_missing_stream_waits_with_it(rig: Rig) -> None:
    """Without groups nothing that points to one is asked for, and nothing lands in quarantine."""
    rig.sis.lacks = frozenset({"groups"})
    rig.open()
    report = rig.sync()
    assert report.status is RunStatus.DONE
    assert report.not_supplied == (
        Stream.GROUPS,
        Stream.GROUP_MEMBERSHIPS,
        Stream.GROUP_EMPLOYEES,
        Stream.LESSONS,
    )
    assert asked_streams(rig) & {"group_memberships", "group_employees", "lessons"} == set()
    assert rig.rows("SELECT stream FROM quarantine WHERE missing_stream = 'groups'") == []


def test_a_closed_module_is_withdrawn_though_the_source_has_it_no_more(rig: Rig) -> None:
    """The rows of a dropped stream go with their module."""
    rig.open()
    rig.sync()
    assert rig.ids("lessons")
    rig.sis.lacks = frozenset({"lessons"})
    rig.sync()
    rig.close(Module.ROOSTER)
    rig.sync()
    assert rig.ids("lessons") == set()
    assert rig.rows("SELECT * FROM checkpoints WHERE stream = 'lessons'") == []


def test_a_source_without_pupils_is_refused(rig: Rig) -> None:
    """Everything hangs on pupils: a source that does not know them is a wrong address, not an older SIS."""
    rig.open()
    rig.sync()
    portal = rig.portal()
    rig.sis.lacks = frozenset({"pupils"})
    with pytest.raises(SourceRefused, match="no pupils"):
        rig.sync(full=True)
    assert rig.portal() == portal


def test_a_dry_run_writes_nothing_of_it_down(rig: Rig) -> None:
    """A dry run goes on without the stream too, and leaves no checkpoint behind."""
    rig.sis.lacks = OLDER
    rig.open()
    report = rig.sync(dry=True)
    assert report.not_supplied == (Stream.EMERGENCY_CONTACTS, Stream.MEDICAL_ITEMS, Stream.LESSONS)
    assert rig.rows("SELECT * FROM checkpoints") == []
