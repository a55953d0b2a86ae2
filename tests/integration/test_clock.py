"""The views follow the clock: what ends or begins does so without a request, a run, or anybody's doing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.bookkeeping import register
from connector.portal.database import Database, DatabaseClock
from schemas.modules import Module
from schemas.runs import RunStatus
from tests.integration.bench import rewrite, seen
from tests.rig import Rig

MOMENT = timedelta(seconds=1)


@pytest.fixture
def loaded(rig: Rig) -> Rig:
    """A loaded school whose SIS is gone: every further request would fail."""
    rig.open()
    rig.sync()
    rig.sis.faults.add("reset", times=None)
    return rig


def _wait_until(rig: Rig, instant: datetime) -> None:
    """Let the database's own clock pass an instant."""
    with rig.database.session() as session:
        while session.now() <= instant:
            session.connection.rollback()
            time.sleep(0.05)


def _soon(rig: Rig) -> datetime:
    with rig.database.session() as session:
        return session.now() + MOMENT


WINDOWS = (
    ("news_items", "news_published", "visible_until"),
    ("news_items", "news_future", "visible_from"),
    ("employees", "employee_teacher", "visible_until"),
    ("employees", "employee_future", "visible_from"),
    ("pupils", "pupil_sibling", "visible_until"),
    ("group_memberships", "membership_next_year", "begins_at"),
)


def test_windows_open_and_close_by_themselves(loaded: Rig) -> None:
    """Before its instant the one, after it the other; the rows themselves do not move."""
    soon, rows = _soon(loaded), loaded.portal()
    for table, role, column in WINDOWS:
        assert rewrite(loaded, table, {column: soon}, id=loaded.role(role)) == 1

    def shown() -> list[bool]:
        return [loaded.role(role) in seen(loaded, f"portal_{table}") for table, role, _ in WINDOWS]

    ends = [column == "visible_until" for _, _, column in WINDOWS]
    assert shown() == ends
    _wait_until(loaded, soon)
    assert shown() == [not end for end in ends]
    assert {table: len(found) for table, found in loaded.portal().items()} == {
        table: len(found) for table, found in rows.items()
    }


def test_modules_follow_their_dates_by_themselves(loaded: Rig) -> None:
    """Embargo and closing hide at their instant, the end of an embargo and an opening show, without a request."""
    soon, day, asked = _soon(loaded), timedelta(days=1), len(loaded.sis.requests)
    views = ("portal_notes", "portal_support_plans", "portal_news_items", "portal_employees")
    before = [seen(loaded, view) for view in views]
    assert all(before)
    with loaded.database.session() as session, session.write() as connection:
        for module, window in ((Module.NOTITIES, (soon, soon + day)), (Module.NIEUWS, (soon - day, soon))):
            register.add_embargo(connection, loaded.school, module, window, reason=None, by="test")
    rewrite(loaded, "modules", {"closes_at": soon}, module="hulpplan")
    rewrite(loaded, "modules", {"opens_at": soon}, module="medewerkers")
    assert [seen(loaded, view) for view in views] == [*before[:2], set(), set()]
    _wait_until(loaded, soon)
    assert [seen(loaded, view) for view in views] == [set(), set(), *before[2:]]
    assert len(loaded.sis.requests) == asked


def test_a_birthday_and_a_restriction_end_access_by_themselves(loaded: Rig) -> None:
    """The window of full access ends: pupil, notes and absences are out of that guardian's sight, not of others'."""
    pupil, guardian = loaded.role("pupil_plain"), loaded.role("guardian_plain")
    other, soon = loaded.role("guardian_shared_home"), _soon(loaded)

    def mine(view: str, who: str) -> bool:
        column = "id" if view == "portal_pupils" else "pupil_id"
        return bool(loaded.rows(f"SELECT 1 FROM {view} WHERE guardian_id = :g AND {column} = :p", g=who, p=pupil))

    views = ("portal_pupils", "portal_notes", "portal_absences", "portal_guardianships", "portal_group_memberships")
    assert all(mine(view, guardian) for view in views)
    rewrite(loaded, "guardian_access", {"access_until": soon}, guardian_id=guardian, pupil_id=pupil, level="full")
    assert all(mine(view, guardian) for view in views)
    _wait_until(loaded, soon)
    assert not any(mine(view, guardian) for view in views)
    assert all(mine(view, other) for view in views)


def test_the_access_that_was_derived_ends_at_the_birthday_and_at_the_restriction(rig: Rig) -> None:
    """A pull writes the instants: the start of the 18th birthday and of a coming restriction, in the school's zone."""
    adult_on = rig.world.today + timedelta(days=10)
    birth = adult_on.replace(year=adult_on.year - 18).isoformat()
    rig.world.patch(rig.school, "pupils", rig.role("pupil_two_households"), birth_on=birth)
    relation = next(
        key
        for key, one in rig.world.records(rig.school, "guardianships").items()
        if one["guardian_id"] == rig.role("guardian_plain") and one["pupil_id"] == rig.role("pupil_plain")
    )
    bars = {"from_on": (rig.world.today + timedelta(days=3)).isoformat(), "until_on": None}
    rig.world.patch(rig.school, "guardianships", relation, restriction=bars)
    rig.open()
    rig.sync()
    query = "SELECT * FROM portal_access WHERE guardian_id = :g AND pupil_id = :p"
    at_birthday = rig.rows(query, g=rig.role("guardian_first_household"), p=rig.role("pupil_two_households"))
    at_restriction = rig.rows(query, g=rig.role("guardian_plain"), p=rig.role("pupil_plain"))
    assert _instant(at_birthday[0]["access_until"]).date() == adult_on - timedelta(days=1)
    assert _instant(at_restriction[0]["access_until"]).date() == rig.world.today + timedelta(days=2)


def _instant(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)
    return moment.astimezone(UTC)


@pytest.mark.parametrize("seconds", [-5, -300, 300])
def test_a_run_goes_by_the_clock_of_the_database(loaded: Rig, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """A machine that is slow or fast loads a module that was just opened, withdraws nothing, and sees no other now."""
    rig = loaded
    rig.sis.faults.clear()
    real = datetime.now

    class Off(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real(tz) + timedelta(seconds=seconds)

    monkeypatch.setattr("jobs.parts.datetime", Off)
    database_clock = DatabaseClock(rig.database)
    rig.parts = rig.parts._replace(clock=database_clock)
    rig.close(Module.NOTITIES)
    rig.sync()
    assert rig.ids("notes") == set()
    with rig.database.session() as session, session.write() as connection:
        register.open_module(connection, rig.school, Module.NOTITIES, session.now(), "test")
    rig.parts = rig.parts._replace(clock=DatabaseClock(rig.database))
    before = rig.ids("absences")
    assert rig.sync().status is RunStatus.DONE
    assert rig.ids("notes")
    assert rig.ids("absences") == before
    with rig.database.session() as session:
        assert abs(session.now() - database_clock()) < timedelta(seconds=1)


def test_the_clock_of_the_database_is_asked_once_and_goes_on(database_url: str) -> None:
    """After the first question only the steady clock moves it, so that a run has one course of time."""
    database, steady = Database(database_url), [100.0]
    moment = DatabaseClock(database, lambda: steady[0])
    first = moment()
    database.dispose()
    steady[0] += 7
    assert moment() == first + timedelta(seconds=7)
