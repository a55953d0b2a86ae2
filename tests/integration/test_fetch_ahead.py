"""Fetch-ahead in a run: eight threads bring about what one does, whatever the source does wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from connector.bookkeeping import leases
from connector.simulator.faults import Fault
from schemas.errors import ConnectorError, LeaseHeld, StopRequested, WrongSchool
from schemas.runs import RunReport, RunStatus
from schemas.streams import Stream
from schemas.tables.catalogue import METADATA
from tests.integration.bench import NO_BRAKE, dump
from tests.rig import Rig
from tests.simulation.crash_bench import State, outcome

Scene = Callable[[Rig], object]
THREADS = 8


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before, threading.enumerate()


def _both(make_rig: Callable[..., Rig], scene: Scene) -> tuple[list[tuple[State, object]], list[Rig]]:
    """Play a scene with one request at a time and with eight, each on an empty portal; give what came out."""
    found, rigs = [], []
    for requests in (1, THREADS):
        askers: set[int] = set()
        rig = make_rig(
            pupils=12,
            limits=NO_BRAKE,
            parallel_requests=requests,
            before_call=lambda _number, askers=askers: askers.add(threading.get_ident()),
        )
        _wipe(rig)
        rig.sis.page_cap = 7
        rig.open()
        told = scene(rig)
        assert (len(askers) > 1) == (requests > 1)
        found.append((outcome(rig), told))
        rigs.append(rig)
    return found, rigs


def _wipe(rig: Rig) -> None:
    with rig.database.session() as session, session.write() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())


def _told(report: RunReport) -> object:
    """Give what a report says, without the name of the run."""
    return report._replace(run_id=None)._asdict()  # type: ignore[arg-type]


def _misbehave(rig: Rig) -> None:
    """One thing goes wrong in nearly every stream; what hangs on nothing stays away for good."""
    for kind, stream in (
        ("server_error", "pupils"),
        ("wrong_types", "guardians"),
        ("reset", "absences"),
        ("missing_key", "news_items"),
        ("expired_token", "employees"),
        ("half_page", "groups"),
        ("shifting_page", "notes"),
        ("duplicate_ids", "group_memberships"),
        ("miscount", "locations"),
    ):
        rig.sis.faults.add(kind, stream=stream)
    rig.sis.faults.add("html_200", stream="support_plans", times=None)


def _bad_days(rig: Rig) -> object:
    _misbehave(rig)
    told = [_told(rig.sync())]
    rig.sis.faults.clear()
    for story in ("family_moves", "address_turns_secret", "note_loses_flag", "pupil_removed", "record_breaks"):
        rig.tell(story)
    rig.world.expire_cursors(rig.school, "absences")
    _misbehave(rig)
    told.append(_told(rig.sync()))
    rig.sis.faults.clear()
    rig.tell("pupil_restored")
    rig.tell("record_mended")
    told += [_told(rig.sync()), _told(rig.sync(full=True)), _told(rig.sync())]
    return told


def test_a_faulty_source_gives_the_same_portal_with_one_and_with_eight_threads(make_rig: Callable[..., Rig]) -> None:
    """First load, changes, expired cursors, a parent that leaves and returns: same rows, books and reports."""
    (one, eight), rigs = _both(make_rig, _bad_days)
    assert eight == one
    assert rigs[1].sync().status is RunStatus.QUIET
    assert [rig.sis.requests[-1].path.rpartition("/")[2] for rig in rigs] == ["changes", "changes"]


def _returning_parent(rig: Rig) -> object:
    rig.sync()
    rig.tell("pupil_removed")
    rig.sync()
    rig.tell("pupil_restored")
    asked = len(rig.sis.requests)
    rig.tell("absence_added")
    report = rig.sync()
    modes = {one.stream: one.mode for one in report.streams if one.sums.fetched}
    assert any("cursor=" in request.query for request in rig.sis.requests[asked:] if request.streams == ("pupils",))
    return modes


def test_a_parent_that_comes_back_has_its_children_pulled_in_full(make_rig: Callable[..., Rig]) -> None:
    """The changes of the absences were under way already; they give way to the whole stream in the same run."""
    (one, eight), _ = _both(make_rig, _returning_parent)
    assert eight == one
    modes = eight[1]
    assert isinstance(modes, dict)
    assert modes[Stream.ABSENCES] == "full"


def _mixed_up(rig: Rig) -> object:
    rig.sync()
    rig.tell("note_loses_flag")
    rig.tell("absence_added")
    rig.sis.faults.add(Fault("other_school", stream="groups", times=None, other="99BB00"))
    with pytest.raises(WrongSchool) as caught:
        rig.sync(full=True)
    return str(caught.value)


def test_a_hard_stop_comes_when_its_turn_comes(make_rig: Callable[..., Rig]) -> None:
    """Another school's groups: what comes before them was applied, what comes after was not, though it was fetched."""

    def scene(rig: Rig) -> object:
        rig.world.schools["99BB00"] = rig.world._draw("99BB00", 12, "Het Kompas")
        return _mixed_up(rig)

    (one, eight), _ = _both(make_rig, scene)
    assert eight == one


def _failing_parent(rig: Rig) -> object:
    rig.sync()
    rig.tell("absence_added")
    rig.sis.faults.add("server_error", times=None, stream="pupils")
    return _told(rig.sync(full=True))


def test_what_hangs_on_a_stream_that_failed_is_given_up(make_rig: Callable[..., Rig]) -> None:
    """The absences were fetched ahead and are not judged against old pupils."""
    (one, eight), _ = _both(make_rig, _failing_parent)
    assert eight == one


def _stopped(rig: Rig) -> object:
    is_asked = threading.Event()
    stopping = rig.parts._replace(
        should_stop=is_asked.is_set,
        on_progress=lambda progress: is_asked.set() if progress.stream is Stream.GUARDIANS else None,
    )
    rig.parts, before = stopping, rig.parts
    with pytest.raises(StopRequested) as caught:
        rig.sync()
    rig.parts = before
    return str(caught.value)


def test_a_run_that_is_asked_to_stop_stops_after_the_page_at_hand(make_rig: Callable[..., Rig]) -> None:
    """What was fetched ahead is dropped, and the next run does the rest."""
    (one, eight), rigs = _both(make_rig, _stopped)
    assert eight == one
    assert rigs[1].sync().status is RunStatus.DONE


def test_a_dry_run_writes_nothing_and_says_the_same(make_rig: Callable[..., Rig]) -> None:
    """Fetch-ahead changes neither what a dry run plans nor that it leaves every table as it was."""

    def scene(rig: Rig) -> object:
        rig.sync()
        for story in ("family_moves", "pupil_removed", "note_loses_flag"):
            rig.tell(story)
        before = dump(rig)
        told = [_told(rig.sync(dry=True)), _told(rig.sync(dry=True, full=True))]
        assert dump(rig) == before
        return told

    (one, eight), _ = _both(make_rig, scene)
    assert eight == one


def test_the_lease_is_kept_while_the_source_is_silent(make_rig: Callable[..., Rig]) -> None:
    """An answer that takes longer than the lease: nobody can take it meanwhile, and the run ends well."""
    rig = make_rig(pupils=12, parallel_requests=2)
    rig.parts = rig.parts._replace(lease_seconds=1)
    refused: list[bool] = []

    def linger(number: int) -> None:
        if number != 3 or threading.current_thread() is threading.main_thread():
            return
        time.sleep(1.5)
        try:
            with rig.database.session() as session:
                leases.acquire(session, rig.school, 1)
        except LeaseHeld:
            refused.append(True)

    rig.before_call = linger
    rig.start_anew()
    assert rig.sync().status is RunStatus.DONE
    assert refused == [True]


def test_a_run_that_fails_leaves_no_request_behind(make_rig: Callable[..., Rig]) -> None:
    """The portal's refusal ends the run while answers are still awaited; none is asked for afterwards."""
    rig = make_rig(pupils=12, parallel_requests=THREADS)
    rig.sis.page_cap = 1
    rig.open()

    def refuse(_progress: object) -> None:
        raise ConnectorError("The portal is closed.")

    rig.parts = rig.parts._replace(on_progress=refuse)
    with pytest.raises(ConnectorError, match="closed"):
        rig.sync()
    asked = len(rig.sis.requests)
    time.sleep(0.05)
    assert len(rig.sis.requests) == asked
