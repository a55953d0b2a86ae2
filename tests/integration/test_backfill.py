"""A backfill loads history window by window: exact, silent, in nobody's way, and at any time again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from connector.bookkeeping import leases, register
from jobs import backfill
from jobs.backfill import Order, Step, keep, propose, to_resume, work
from mappings.backfill import WindowSize
from schemas.errors import ConfigurationError, LeaseHeld, NewsFirst, StopRequested
from schemas.modules import Module
from schemas.runs import RunStatus
from schemas.streams import DAY_COLUMNS, Mode, Period, Stream
from tests.integration.bench import asked_streams, dump, execute, rewrite
from tests.rig import Rig

AGO = timedelta(days=1)
BOOKS = {"runs", "run_streams", "run_gates", "backfills", "backfill_windows", "leases"}


@pytest.fixture
def rig(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """A school with every module open and loaded; nothing waits between windows."""
    monkeypatch.setattr(backfill, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(backfill, "_POLL_SECONDS", 0.01)
    bench = Rig(database_url, pupils=12)
    bench.open()
    assert bench.sync().status is RunStatus.DONE
    yield bench
    bench.dispose()


def order(
    rig: Rig, years: int = 3, size: WindowSize = WindowSize.YEAR, modules: frozenset[Module] = frozenset()
) -> Order:
    today = rig.world.today
    return Order(Period(date(today.year - years, 8, 1), today), size, modules)


def load(rig: Rig, what: Order | None = None, *, is_dry_run: bool = False) -> list[Step]:
    """Plan and work a backfill as the command does."""
    plan = propose(rig.parts, what or order(rig)).plan
    if not is_dry_run:
        keep(rig.parts, plan)
    return work(rig.parts, plan, lambda _step: None, is_dry_run=is_dry_run)


def lose(rig: Rig, *tables: str) -> None:
    """Empty tables behind our back, as if the history had never been read; the change log never tells of it."""
    for table in tables:
        execute(rig, f"DELETE FROM {table}")


def vanish(rig: Rig, stream: str, *keys: str) -> None:
    """Let records be gone at the source without a word of it in its change log."""
    for key in keys:
        entry = rig.world.schools[rig.school].shelves[stream].entries[key]
        entry.deleted_at, entry.cached = "2026-01-01T00:00:00+01:00", None


def without_books(rig: Rig) -> dict[str, Any]:
    return {table: rows for table, rows in dump(rig).items() if table not in BOOKS}


def test_a_backfill_over_what_is_loaded_changes_nothing_but_the_books(rig: Rig) -> None:
    """Rows, news, checkpoints, quarantine and register are the same bytes before and after, however often."""
    before = without_books(rig)
    for _ in range(2):
        steps = load(rig)
        assert len(steps) == 4
        assert {one.mode for step in steps for one in step.report.streams} == {Mode.PERIOD}
        assert without_books(rig) == before


def test_each_record_lies_in_one_window_and_is_accounted_for(rig: Rig) -> None:
    """Month by month as year by year: the windows together read what the source counted, and the sums are kept."""
    proposal = propose(rig.parts, order(rig))
    for size in WindowSize:
        steps = load(rig, order(rig, size=size))
        assert sum(one.sums.fetched for step in steps for one in step.report.streams) == proposal.plan.records > 0
    assert {one["trigger"] for one in rig.rows("SELECT DISTINCT trigger FROM runs")} == {"sync", "backfill"}


def test_lost_history_comes_back_and_nobody_is_told(rig: Rig) -> None:
    """What the change log never tells is found by its day, shown at once, above the brake's bound, and no news."""
    expected = rig.portal()
    lose(rig, "notes", "absences", "test_results")
    checkpoints = rig.rows("SELECT * FROM checkpoints ORDER BY stream")
    news = rig.rows("SELECT * FROM portal_changes")
    load(rig, order(rig, years=6))
    assert rig.portal() == expected
    assert rig.rows("SELECT * FROM checkpoints ORDER BY stream") == checkpoints
    told = rig.rows("SELECT * FROM portal_changes")
    assert len(told) <= len(news)
    assert rig.rows("SELECT 1 FROM notes WHERE news_at IS NOT NULL") == []
    assert rig.sync(full=True).status is RunStatus.DONE
    assert rig.portal() == expected


def test_only_the_window_is_touched(rig: Rig) -> None:
    """A window brings back the rows of its own days and leaves alone what lies outside, there or not."""
    year = rig.world.today.year
    window = Period(date(year - 2, 8, 1), date(year - 1, 7, 31))
    inside = f"SELECT id FROM notes WHERE noted_on BETWEEN '{window.from_on}' AND '{window.until_on}'"
    expected = {row["id"] for row in rig.rows(inside)}
    assert expected
    lose(rig, "notes")
    load(rig, Order(window, WindowSize.YEAR, frozenset({Module.NOTITIES})))
    assert rig.ids("notes") == expected


def test_a_row_the_window_does_not_name_is_asked_for_by_key(rig: Rig) -> None:
    """Gone at the source: it goes. Moved to another day there: it stays, with the right day. Outside: untouched."""
    gone, moved = rig.role("note_past_year"), rig.role("note_visible")
    row = rig.rows("SELECT noted_on FROM notes WHERE id = :id", id=moved)[0]
    past = rig.rows("SELECT noted_on FROM notes WHERE id = :id", id=gone)[0]["noted_on"]
    rewrite(rig, "notes", {"noted_on": date.fromisoformat(str(past)[:10])}, id=moved)
    vanish(rig, "notes", gone)
    year = date.fromisoformat(str(past)[:10]).year
    load(rig, Order(Period(date(year, 1, 1), date(year, 12, 31)), WindowSize.YEAR, frozenset({Module.NOTITIES})))
    assert gone not in rig.ids("notes")
    assert rig.rows("SELECT noted_on FROM notes WHERE id = :id", id=moved) == [row]


def test_many_disappearances_wait_for_a_person(rig: Rig) -> None:
    """The brake judges what the windows find gone as it does in any run: no more than a few go without a person."""
    before = rig.ids("absences")
    vanish(rig, "absences", *before)
    held = sum(step.report.held for step in load(rig))
    gone = before - rig.ids("absences")
    assert len(gone) < rig.parts.school.limits.rows
    assert held == len(before) - len(gone) > 3


def test_a_record_that_breaks_goes_to_quarantine(rig: Rig) -> None:
    """One bad record of a window stops nothing, and no other item of its stream is settled by it."""
    rig.world.patch(rig.school, "absences", rig.role("absence_past_year"), kind=7)
    rig.world.patch(rig.school, "absences", rig.role("absence_illness"), kind=7)
    steps = load(rig, Order(order(rig).period, WindowSize.TERM, frozenset({Module.ABSENTIE})))
    assert all(step.is_done for step in steps)
    assert {row["key"] for row in rig.rows("SELECT key FROM quarantine")} == {
        rig.role("absence_past_year"),
        rig.role("absence_illness"),
    }


def test_news_that_arrives_meanwhile_is_told_by_a_sync_and_not_swallowed(rig: Rig) -> None:
    """A note that becomes visible while its window is read is announced once: the window waits for a sync."""
    rig.offset += AGO
    note = rig.role("note_hidden")
    told = {"is": False}

    def happens(_call: int) -> None:
        request = rig.sis.requests[-1] if rig.sis.requests else None
        if not told["is"] and request is not None and "period=" in request.query and "page_size=1" not in request.query:
            told["is"] = True
            rig.world.patch(rig.school, "notes", note, visible_to_parents=True)

    plan = propose(rig.parts, order(rig, years=1)).plan
    rig.before_call = happens
    rig.start_anew()
    work(rig.parts, plan, lambda _step: None)
    assert told["is"]
    assert {row["id"] for row in rig.rows("SELECT id FROM portal_changes WHERE stream = 'notes'")} >= {note}
    assert any(row["status"] == "failed" for row in rig.rows("SELECT status FROM runs WHERE trigger = 'backfill'"))


def test_a_source_that_never_rests_is_given_up_after_a_while(rig: Rig) -> None:
    """When records change during every reading, the backfill says so and the window stays to be done."""
    count = iter(range(1000))

    def happens(_call: int) -> None:
        if rig.sis.requests and "period=" in rig.sis.requests[-1].query:
            rig.world.patch(rig.school, "notes", rig.role("note_visible"), title=f"t{next(count)}")

    plan = propose(rig.parts, order(rig)).plan
    keep(rig.parts, plan)
    rig.before_call = happens
    rig.start_anew()
    with pytest.raises(NewsFirst):
        work(rig.parts, plan, lambda _step: None)
    assert len(to_resume(rig.parts).left) == len(plan.windows)


def test_a_stop_keeps_what_was_done_and_resume_does_the_rest(rig: Rig) -> None:
    """Stopped after a page, the window at hand is not done; going on ends in the same portal as going through."""
    expected = rig.portal()
    lose(rig, "notes", "method_test_results")
    plan = propose(rig.parts, order(rig, years=6)).plan
    keep(rig.parts, plan)
    done: list[Step] = []
    stopping = rig.parts._replace(should_stop=lambda: len(done) == 2)
    with pytest.raises(StopRequested):
        work(stopping, plan, done.append)
    left = to_resume(rig.parts)
    assert [window.number for window in left.left] == [3, 4, 5, 6, 7]
    work(rig.parts, left, lambda _step: None)
    assert rig.portal() == expected
    with pytest.raises(ConfigurationError, match="no unfinished backfill"):
        to_resume(rig.parts)


def test_a_new_plan_takes_the_place_of_an_unfinished_one(rig: Rig) -> None:
    """Only one plan of a school is gone on with: the newest."""
    first, second = propose(rig.parts, order(rig)).plan, propose(rig.parts, order(rig, years=1)).plan
    assert not keep(rig.parts, first)
    assert keep(rig.parts, second)
    assert to_resume(rig.parts).plan_id == second.plan_id


def test_a_dry_run_writes_nothing_and_tells_what_would_come(rig: Rig) -> None:
    """Every table is byte for byte what it was, and the report counts what would be new."""
    lose(rig, "notes")
    before = dump(rig)
    steps = load(rig, order(rig, years=6), is_dry_run=True)
    assert dump(rig) == before
    assert sum(one.sums.added for step in steps for one in step.report.streams) > 0


def test_a_sync_gets_in_between_two_windows_and_a_window_waits_for_one(rig: Rig) -> None:
    """The lease is free after each window; while another run holds it, the next window waits and then goes on."""
    plan = propose(rig.parts, order(rig)).plan
    seen: list[RunStatus] = []
    naps: list[float] = []
    held: list[Any] = []

    def between(_step: Step) -> None:
        seen.append(rig.sync().status)
        with rig.database.session() as session:
            held.append(leases.acquire(session, rig.school, 60))

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if held:
            with rig.database.session() as session:
                leases.release(session, held.pop(), checked=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.backfill.time.sleep", nap)
        work(rig.parts, plan, between)
    assert seen == [RunStatus.QUIET] * 4
    assert len(naps) >= 3


def test_a_sync_that_meets_a_window_waits_for_it_and_for_no_other_run(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a backfill holds the lease a sync looks again until it is free; to another run it gives way."""
    with rig.database.session() as session:
        lease = leases.acquire(session, rig.school, 60)
        with pytest.raises(LeaseHeld):
            rig.sync()
        keep(rig.parts, propose(rig.parts, order(rig)).plan)
        naps: list[float] = []

        def nap(seconds: float) -> None:
            naps.append(seconds)
            if len(naps) == 3:
                leases.release(session, lease, checked=False)

        monkeypatch.setattr("jobs.sync.time.sleep", nap)
        assert rig.sync().status is RunStatus.QUIET
    assert len(naps) == 3


def test_what_the_sync_before_a_window_found_is_told(rig: Rig) -> None:
    """A record that breaks between two syncs is new in the report of the one before the window, not lost."""
    rig.world.patch(rig.school, "absences", rig.role("absence_illness"), kind=7)
    steps = load(rig, order(rig, years=1))
    assert sum(report.quarantined for step in steps for report in step.synced) == 1


def test_a_window_waits_while_another_school_of_the_source_is_busy(rig: Rig) -> None:
    """The rest of the source's time is what a backfill takes; it does not wait for ever."""
    with rig.database.session() as session, session.write() as connection:
        from connector.bookkeeping import ledger
        from schemas.ids import SchoolId

        ledger.claim(connection, SchoolId("99BB00"), name="Het Kompas", source="main", dialect="reference")
    plan = propose(rig.parts, order(rig, years=0)).plan
    naps: list[float] = []
    with rig.database.session() as session, pytest.MonkeyPatch.context() as patch:
        lease = leases.acquire(session, SchoolId("99BB00"), 60)

        def nap(seconds: float) -> None:
            naps.append(seconds)
            leases.release(session, lease, checked=False)

        patch.setattr("jobs.backfill.time.sleep", nap)
        work(rig.parts, plan, lambda _step: None)
    assert naps


def test_the_first_load_covers_the_depth_and_the_two_agree(rig: Rig) -> None:
    """With a depth set, the next sync keeps exactly that; a backfill over it adds nothing, one beyond it is refused."""
    with rig.database.session() as session, session.write() as connection:
        register.set_setting(connection, rig.school, "history_years", "1", "anna")
    rig.sync()
    expected = rig.portal()
    first = rig.parts.clock().year - 1
    load(rig, order(rig, years=1))
    assert rig.portal() == expected
    with pytest.raises(ConfigurationError, match=f"shows history from {first}-08-01") as refused:
        propose(rig.parts, order(rig, years=2))
    assert "history_years" in refused.value.fix
    invoices = order(rig, years=2, modules=frozenset({Module.FACTUREN}))
    assert propose(rig.parts, invoices).plan.records > 0
    rig.sync(full=True)
    assert rig.portal() == expected


def test_a_module_opened_for_the_first_time_brings_its_history_by_itself(rig: Rig) -> None:
    """Closed and opened again, the first load holds every year within the depth before the module is revealed."""
    rig.close(Module.NOTITIES)
    rig.sync()
    assert rig.ids("notes") == set()
    rig.open(Module.NOTITIES)
    rig.sync()
    assert {rig.role("note_past_year"), rig.role("note_two_years_ago")} <= rig.ids("portal_notes")
    before = rig.portal()
    load(rig, order(rig, modules=frozenset({Module.NOTITIES})))
    assert rig.portal() == before


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 2, 1), date(2026, 1, 1), "--from 2026-02-01 is after --to 2026-01-01"),
        (date(1926, 1, 1), date(2026, 1, 1), "more than 25 years"),
        (date(2026, 1, 1), date(2999, 1, 1), "has yet to come"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(rig: Rig, first: date, last: date, said: str) -> None:
    """Upside down, a century, the future: nothing is asked of the source, and the message says what to give."""
    before = len(rig.sis.requests)
    with pytest.raises(ConfigurationError, match=said) as refused:
        propose(rig.parts, Order(Period(first, last)))
    assert refused.value.fix
    assert len(rig.sis.requests) == before


def test_a_module_that_cannot_be_loaded_is_refused_with_the_reason(rig: Rig) -> None:
    """Closed, without days, not supplied, never loaded: each has its own message and what to do."""
    rig.close(Module.TOETSEN)
    rig.sis.lacks = frozenset({"invoices"})
    for module, said in (
        (Module.TOETSEN, "is closed"),
        (Module.PERSONALIA, "no history"),
        (Module.FACTUREN, "does not supply"),
    ):
        with pytest.raises(ConfigurationError, match=said) as refused:
            propose(rig.parts, order(rig, modules=frozenset({module})))
        assert refused.value.fix
    rig.sync()
    rig.open(Module.TOETSEN)
    with pytest.raises(ConfigurationError, match="has not had its first load"):
        propose(rig.parts, order(rig, modules=frozenset({Module.TOETSEN})))


def test_without_modules_everything_that_has_days_is_loaded_and_nothing_else(rig: Rig) -> None:
    """Pupils and the like are never asked for by a window; each dated stream is counted once and read per window."""
    since = len(rig.sis.requests)
    proposal = propose(rig.parts, order(rig))
    assert proposal.estimate is not None
    assert set(proposal.estimate.records) == set(DAY_COLUMNS)
    work(rig.parts, proposal.plan, lambda _step: None)
    in_pages = {one.streams[0] for one in rig.sis.requests[since:] if "period=" in one.query}
    assert in_pages == {stream.value for stream in DAY_COLUMNS}
    assert Stream.PUPILS.value in asked_streams(rig, since)  # the sync before each window asks what changed
