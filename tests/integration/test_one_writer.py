"""One writer, one policy: what a run may not write any more, and a dry run that writes nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from connector.bookkeeping import leases, register
from schemas.errors import LeaseHeld, LeaseLost, PolicyMoved
from schemas.modules import Module
from schemas.runs import RunStatus
from schemas.streams import Stream
from schemas.tables.bookkeeping import LeaseRow
from tests.integration.bench import dump, execute, seen, sums
from tests.rig import Rig

STORIES = ("family_moves", "address_turns_secret", "absence_added", "plan_becomes_final", "note_loses_flag")
MORE_STORIES = (*STORIES, "pupil_leaves", "record_breaks")


class Ambush:
    """Does something before the n-th call from when it was set."""

    def __init__(self) -> None:
        self.act: Callable[[], None] | None = None
        self.wait = 0

    def __call__(self, _call: int) -> None:
        self.wait -= 1
        if self.act is not None and self.wait == 0:
            act, self.act = self.act, None
            act()


@pytest.fixture
def ambush() -> Ambush:
    """Something to happen before a request."""
    return Ambush()


@pytest.fixture
def ambushed(make_rig: Callable[..., Rig], ambush: Ambush) -> Rig:
    """A small loaded school, with notes about to change."""
    rig = make_rig(pupils=12, before_call=ambush)
    rig.open()
    rig.sync()
    rig.tell("note_loses_flag")
    return rig


def _last_run(rig: Rig) -> dict[str, object]:
    return rig.rows("SELECT * FROM runs ORDER BY started_at DESC, run_id DESC LIMIT 1")[0]


def test_a_register_changed_between_stage_and_apply_stops_the_run(ambushed: Rig, ambush: Ambush) -> None:
    """A module closes while its pages are fetched: nothing of it is written, the run failed, the next is right."""
    ambush.act, ambush.wait = lambda: ambushed.close(Module.NOTITIES), 2
    before, checkpoints = ambushed.portal(), ambushed.rows("SELECT * FROM checkpoints")
    with pytest.raises(PolicyMoved):
        ambushed.sync()
    assert (ambushed.portal(), ambushed.rows("SELECT * FROM checkpoints")) == (before, checkpoints)
    assert _last_run(ambushed)["status"] == RunStatus.FAILED
    ambushed.sync()
    assert ambushed.ids("notes") == set()


def test_a_setting_changed_between_stage_and_apply_stops_the_run(ambushed: Rig, ambush: Ambush) -> None:
    """A category is taken out while its notes are fetched: none is written by the old choice, the next run is right."""
    query = "INSERT INTO settings (school_id, name, value, changed_by) VALUES (:s, 'note_categories', '[]', 'page')"
    ambush.act, ambush.wait = lambda: execute(ambushed, query, s=ambushed.school), 2
    before = ambushed.portal()
    with pytest.raises(PolicyMoved):
        ambushed.sync()
    assert ambushed.portal() == before
    assert ambushed.sync().held == 0
    assert ambushed.ids("notes") == set()


def test_a_register_changed_by_the_portals_own_hand_stops_the_run_too(ambushed: Rig, ambush: Ambush) -> None:
    """The admin page writes the table itself; the trigger moves the version all the same."""
    ambush.act = lambda: execute(ambushed, "UPDATE modules SET phase = 9, changed_by = 'x' WHERE module = 'nieuws'")
    ambush.wait = 2
    before = ambushed.portal()
    with pytest.raises(PolicyMoved):
        ambushed.sync()
    assert ambushed.portal() == before


def test_a_run_that_lost_its_lease_cannot_commit(ambushed: Rig, ambush: Ambush) -> None:
    """Another run took over while this one fetched: it writes nothing, and does not give the lease away."""
    steal = "UPDATE leases SET epoch = epoch + 1, holder = 'another|1|1'"
    ambush.act, ambush.wait = lambda: execute(ambushed, steal), 2
    before, checkpoints = ambushed.portal(), ambushed.rows("SELECT * FROM checkpoints")
    with pytest.raises(LeaseLost):
        ambushed.sync()
    assert (ambushed.portal(), ambushed.rows("SELECT * FROM checkpoints")) == (before, checkpoints)
    assert ambushed.rows("SELECT holder FROM leases") == [{"holder": "another|1|1"}]
    execute(ambushed, "UPDATE leases SET holder = NULL")
    ambushed.sync()
    assert ambushed.role("note_visible") not in ambushed.ids("notes")


def test_two_runs_at_once_are_one(ambushed: Rig, ambush: Ambush) -> None:
    """A sync inside a sync meets LeaseHeld, a dry run does not; the first ends as if it had been alone."""
    met: list[str] = []

    def intrude() -> None:
        with pytest.raises(LeaseHeld):
            ambushed.sync()
        met.append("held")
        assert ambushed.sync(dry=True).is_dry_run
        met.append("dry")

    ambush.act, ambush.wait = intrude, 2
    assert ambushed.sync().status is RunStatus.DONE
    assert met == ["held", "dry"]
    assert ambushed.role("note_visible") not in ambushed.ids("notes")


def test_a_lease_that_another_process_takes_first_is_held(rig: Rig) -> None:
    """Both found it free; the second to write sees that the epoch moved, and says so without knowing until when."""
    with rig.database.session() as session:
        leases.release(session, leases.acquire(session, rig.school, 60), checked=False)

        def take(_connection: object, cursor: Any, statement: str, *_more: object) -> None:
            if statement.startswith("UPDATE leases SET epoch"):
                cursor.execute("UPDATE leases SET epoch = epoch + 1")

        event.listen(rig.database.engine, "before_cursor_execute", take)
        with pytest.raises(LeaseHeld):
            leases.acquire(session, rig.school, 60)
        event.remove(rig.database.engine, "before_cursor_execute", take)
        assert leases.acquire(session, rig.school, 60).epoch == 2


def test_a_lease_is_timed_by_the_databases_clock(rig: Rig) -> None:
    """It ends so many seconds after it was taken or renewed, whatever our clock says, in the form all instants have."""
    rig.offset = timedelta(days=9)
    times = select(LeaseRow.acquired_at, LeaseRow.expires_at, LeaseRow.checked_at)
    with rig.database.session() as session:
        before = session.now()
        session.connection.rollback()
        lease = leases.acquire(session, rig.school, 60)
        with session.read() as connection:
            acquired_at, expires_at, checked_at = connection.execute(times).one()
        assert (expires_at - acquired_at, checked_at) == (timedelta(seconds=60), None)
        with session.write() as connection:
            leases.renew(connection, lease._replace(seconds=90))
            _, renewed_until, _ = connection.execute(times).one()
        leases.release(session, lease, checked=True)
        with session.read() as connection:
            _, released, checked_at = connection.execute(times).one()
        assert before <= acquired_at < expires_at < renewed_until
        assert (released, acquired_at <= checked_at <= session.now()) == (None, True)
    if rig.database.dialect == "sqlite":
        assert rig.rows("SELECT length(checked_at) AS characters FROM leases") == [{"characters": 26}]


def test_what_was_approved_while_another_run_was_busy_is_carried_out_by_the_next(
    make_rig: Callable[..., Rig],
) -> None:
    """The person decided; that the lease was taken at that moment loses nothing."""
    rig = make_rig(pupils=12)
    rig.open()
    rig.sync()
    hidden = [key for key, note in rig.world.records(rig.school, "notes").items() if not note["visible_to_parents"]]
    template = rig.world.records(rig.school, "notes")[rig.role("note_hidden")]
    more = [f"not-6{number:05d}" for number in range(10)]
    for key in more:
        rig.world.put(rig.school, "notes", {**template, "id": key, "visible_to_parents": True})
    report = rig.sync()
    assert report.held == 10
    with rig.database.session() as session:
        lease = leases.acquire(session, rig.school, 60)
        with pytest.raises(LeaseHeld):
            rig.approve(report.run_id)
        leases.release(session, lease, checked=False)
    rig.sync()
    assert set(more) <= rig.ids("notes")
    assert rig.ids("notes").isdisjoint(hidden)
    assert rig.sync().status is RunStatus.QUIET


def _told(report: object) -> dict[Stream, object]:
    """Give what was fetched and planned; only a real run takes rows out, so later streams are smaller in it."""
    streams = report.streams  # type: ignore[attr-defined]
    return {
        stream: sums(report, stream)._replace(withdrawn=0, removed=0, size_before=0)  # type: ignore[arg-type]
        for stream in Stream
        if any(one.stream is stream and one.sums.fetched for one in streams)
    }


def test_a_dry_run_of_a_first_load_changes_no_byte_and_foretells_the_sums(rig: Rig) -> None:
    """Every table, bookkeeping too, is the same before and after; the real run then does what was foretold."""
    rig.open()
    before = dump(rig)
    foretold = rig.sync(dry=True)
    assert dump(rig) == before
    assert foretold.is_dry_run
    assert _told(rig.sync()) == _told(foretold)


@pytest.mark.parametrize("full", [False, True])
def test_a_dry_run_of_changes_changes_no_byte_and_foretells_the_sums(rig: Rig, full: bool) -> None:
    """The same for increments and for a full pull, with removals, gates, a broken record and a closed module."""
    rig.open()
    rig.sync()
    for story in MORE_STORIES:
        rig.tell(story)
    rig.world.remove(rig.school, "pupils", rig.role("pupil_two_households"))
    rig.world.remove(rig.school, "absences", rig.role("absence_leave"))
    rig.close(Module.HULPPLAN)
    before = dump(rig)
    foretold = rig.sync(full=full, dry=True)
    assert dump(rig) == before
    real = rig.sync(full=full)
    assert _told(real) == _told(foretold)
    assert (real.held, seen(rig, "portal_support_plans")) == (0, set())


def test_a_dry_run_foretells_what_the_brake_would_hold(make_rig: Callable[..., Rig]) -> None:
    """Held keys are counted without being stored."""
    rig = make_rig(pupils=24)
    rig.open()
    rig.sync()
    for key in sorted(rig.ids("pupils"))[-8:]:
        rig.world.remove(rig.school, "pupils", key)
    before = dump(rig)
    foretold = rig.sync(dry=True)
    assert dump(rig) == before
    assert sums(foretold, Stream.PUPILS).held == 8
    assert rig.sync().held == 8


def test_a_dry_run_of_a_school_never_seen_does_not_even_name_it(make_rig: Callable[..., Rig]) -> None:
    """No register, no school, no lease: the default plan is assumed and nothing is written."""
    rig = make_rig(pupils=12)
    before = dump(rig)
    assert rig.sync(dry=True).streams
    assert dump(rig) == before
    with rig.database.session() as session, session.read() as connection:
        assert register.read(connection, rig.school) == ([], 0)
