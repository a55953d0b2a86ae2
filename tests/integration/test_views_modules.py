"""Modules, news and groups: what is open, for whom, from when until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.bookkeeping import register
from schemas.modules import ALWAYS_ON, Module
from schemas.views.catalogue import NOW
from tests.integration.hard_cases import Author
from tests.integration.test_views_access import look
from tests.rig import Rig

VIEWS_OF = {
    Module.PERSONALIA: (
        "portal_pupils",
        "portal_guardians",
        "portal_guardianships",
        "portal_emergency_contacts",
        "portal_locations",
    ),
    Module.ABSENTIE: ("portal_absences",),
    Module.MEDISCH: ("portal_medical_items",),
    Module.FACTUREN: ("portal_invoices",),
    Module.JAARPLANNER: ("portal_calendar_items",),
    Module.NIEUWS: ("portal_news_items",),
    Module.MEDEWERKERS: ("portal_employees",),
    Module.GROEP: (
        "portal_groups",
        "portal_group_memberships",
        "portal_group_employees",
        "portal_privacy_preferences",
    ),
    Module.ROOSTER: ("portal_lessons",),
    Module.HULPPLAN: ("portal_support_plans",),
    Module.RAPPORT: ("portal_reports",),
    Module.METHODETOETSEN: ("portal_method_test_results",),
    Module.NOTITIES: ("portal_notes",),
    Module.TOETSEN: ("portal_test_results",),
}


@pytest.fixture
def opened(rig: Rig) -> Rig:
    """The bench with every module open and synced."""
    rig.open()
    rig.sync()
    return rig


def sizes(rig: Rig, module: Module) -> list[int]:
    return [len(rig.rows(f"SELECT * FROM {view}")) for view in VIEWS_OF[module]]


def write(rig: Rig, statement: str, **values: Any) -> None:
    with rig.database.engine.begin() as connection:
        connection.execute(text(statement), {"school": rig.school, **values})


def test_every_module_is_looked_at() -> None:
    """The table above has a view for each module."""
    assert set(VIEWS_OF) == set(Module)
    assert all(VIEWS_OF.values())


def test_a_closed_module_is_empty_at_once(opened: Rig) -> None:
    """Closing empties a module's views without a sync, though the rows are still there; all others stay."""
    before = {module: sizes(opened, module) for module in VIEWS_OF}
    assert all(all(views) for views in before.values())
    for module in VIEWS_OF:
        opened.close(module)
        found = {other: sizes(opened, other) for other in VIEWS_OF}
        assert found == {**before, module: [0] * len(before[module])}
        opened.open(module)
        assert sizes(opened, module) == before[module]


def test_the_clock_of_the_views_is_never_behind(rig: Rig) -> None:
    """A look begun after a decision sees it, however short after: the views' moment is at least the one just read."""
    now = NOW[rig.database.engine.dialect.name]
    for _ in range(100):
        before = datetime.now(UTC)
        moment = datetime.fromisoformat(str(rig.rows(f"SELECT {now} AS moment")[0]["moment"]))
        assert before <= (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) <= before + timedelta(minutes=1)


def test_an_embargo_hides_and_ends_by_itself(opened: Rig) -> None:
    """Inside the window the module's views are empty; a window that is over or still to come hides nothing."""
    before, now = {module: sizes(opened, module) for module in VIEWS_OF}, datetime.now(UTC)
    for module in VIEWS_OF:
        for first, last, is_hidden in ((-2, -1, False), (1, 2, False), (-1, 1, True)):
            with opened.database.session() as session, session.write() as connection:
                window = (now + timedelta(hours=first), now + timedelta(hours=last))
                register.add_embargo(connection, opened.school, module, window, reason=None, by="test")
            assert sizes(opened, module) == ([0] * len(before[module]) if is_hidden else before[module]), module
        write(opened, "DELETE FROM embargoes")
        assert {other: sizes(opened, other) for other in VIEWS_OF} == before


def test_a_module_shows_only_once_its_first_load_is_complete(opened: Rig) -> None:
    """Open with rows but not revealed: nothing is shown."""
    for module in VIEWS_OF:
        assert all(sizes(opened, module))
        write(opened, "DELETE FROM reveals WHERE school_id = :school AND module = :module", module=module.value)
        assert not any(sizes(opened, module)), module


def test_an_opening_to_come_shows_nothing_yet(opened: Rig) -> None:
    """A module whose date is moved to tomorrow is empty today."""
    for module in VIEWS_OF:
        assert all(sizes(opened, module))
        opened.open(module, at=datetime.now(UTC) + timedelta(days=1))
        assert not any(sizes(opened, module)), module


def test_the_open_modules_are_listed_with_the_text_for_parents(opened: Rig) -> None:
    """portal_modules names what is open with its phase and text for parents; a closed module is not on it."""
    with opened.database.session() as session, session.write() as connection:
        decision = register.Decision(parent_text="Vanaf nu ziet u de groep é🙂")
        register.decide_phase(connection, opened.school, 3, decision, "test")
    rows = {row["module"]: row for row in opened.rows("SELECT * FROM portal_modules")}
    assert set(rows) == {module.value for module in Module}
    assert (rows["groep"]["phase"], rows["groep"]["parent_text"]) == (3, "Vanaf nu ziet u de groep é🙂")
    opened.close(Module.GROEP)
    assert "groep" not in {row["module"] for row in opened.rows("SELECT * FROM portal_modules")}


def test_a_school_without_a_register_shows_nothing(opened: Rig) -> None:
    """Default is hidden: without its entries in the register no view has a row, always-on modules included."""
    assert ALWAYS_ON
    write(opened, "DELETE FROM modules WHERE school_id = :school")
    assert not any(size for module in VIEWS_OF for size in sizes(opened, module))


def test_news_keeps_to_its_dates(opened: Rig) -> None:
    """Published now and without dates: shown to every viewer; unpublished, still to come and over: to nobody."""
    viewers = {row["guardian_id"] for row in opened.rows("SELECT guardian_id FROM portal_access")}
    for role in ("news_published", "news_always"):
        found = opened.rows("SELECT guardian_id FROM portal_news_items WHERE id = :id", id=opened.role(role))
        assert {row["guardian_id"] for row in found} == viewers
        assert len(found) == len(viewers)
    shown = {row["id"] for row in opened.rows("SELECT id FROM portal_news_items")}
    assert not {opened.role(role) for role in ("news_unpublished", "news_future", "news_expired")} & shown
    assert opened.role("news_future") in opened.ids("news_items")


@pytest.mark.parametrize(("view", "role"), [("news_items", "news_group"), ("calendar_items", "calendar_group")])
def test_a_groups_item_is_for_the_parents_of_that_group(opened: Rig, view: str, role: str) -> None:
    """An item of group 3 is for the parents of pupils now in it, while groep or rooster is open; for nobody else."""

    def readers() -> set[str]:
        found = opened.rows(f"SELECT guardian_id FROM portal_{view} WHERE id = :id", id=opened.role(role))
        return {row["guardian_id"] for row in found}

    group = opened.role("group_class")
    inside = {
        row["guardian_id"] for row in opened.rows("SELECT * FROM portal_group_memberships WHERE group_id = :g", g=group)
    }
    everyone = {row["guardian_id"] for row in opened.rows("SELECT guardian_id FROM portal_access")}
    assert opened.role("guardian_plain") in inside < everyone
    assert readers() == inside
    opened.close(Module.GROEP)
    assert readers() == inside
    assert opened.rows("SELECT * FROM portal_groups") == []
    opened.open(Module.GROEP)
    opened.close(Module.ROOSTER)
    assert readers() == inside
    opened.close(Module.GROEP)
    assert readers() == set()
    whole = opened.role("calendar_school" if view == "calendar_items" else "news_always")
    found = opened.rows(f"SELECT guardian_id FROM portal_{view} WHERE id = :id", id=whole)
    assert {row["guardian_id"] for row in found} == everyone


def test_a_groups_news_ends_with_the_membership(rig: Rig) -> None:
    """A pupil who left the group yesterday, or comes tomorrow, gives no news of it; whose last day is today, does."""
    author = Author(rig)
    group = rig.role("group_class")
    pattern = next(iter(rig.world.records(rig.school, "group_memberships").values()))
    news = {}
    for name, first, last in (("left", -9, -1), ("last day", -9, 0), ("first day", 0, None), ("tomorrow", 1, None)):
        child = author.put("pupils", author.pattern_pupil, former_ids=[])
        guardian = author.grown_up()
        author.tie(guardian, child)
        author.put("group_memberships", pattern, pupil_id=child, group_id=group, **author.period(first, last))
        news[name] = guardian
    rig.open()
    rig.sync()
    seen = {
        name: rig.role("news_group") in {row["id"] for row in look(rig, "portal_news_items", guardian)}
        for name, guardian in news.items()
    }
    assert seen == {"left": False, "last day": True, "first day": True, "tomorrow": False}


def test_next_years_groups_stay_hidden_until_they_begin(opened: Rig) -> None:
    """Next year's group, its membership and teachers are stored and not shown; last year's and this year's are."""
    stored = {row["school_year"] for row in opened.rows("SELECT school_year FROM group_memberships")}
    year = max(stored)
    assert stored == {year - 2, year - 1, year}
    assert opened.role("membership_next_year") in opened.ids("group_memberships")
    for view in ("portal_group_memberships", "portal_groups"):
        assert {row["school_year"] for row in opened.rows(f"SELECT school_year FROM {view}")} == {year - 2, year - 1}
    next_groups = {row["id"] for row in opened.rows("SELECT id FROM groups WHERE school_year = :y", y=year)}
    taught = {row["group_id"] for row in opened.rows("SELECT group_id FROM portal_group_employees")}
    assert taught
    assert not taught & next_groups


def test_groups_name_no_classmate(opened: Rig) -> None:
    """No view of the module groep names a pupil who is not the guardian's own."""
    ties = opened.world.records(opened.school, "guardianships").values()
    mine = {(tie["guardian_id"], tie["pupil_id"]) for tie in ties}
    rows = opened.rows("SELECT * FROM portal_group_memberships")
    assert {(row["guardian_id"], row["pupil_id"]) for row in rows} <= mine
    for view in ("portal_groups", "portal_group_employees"):
        assert "pupil_id" not in opened.rows(f"SELECT * FROM {view}")[0]


def test_an_employee_shows_the_work_address_and_only_in_employment(opened: Rig) -> None:
    """Who left is not stored, who is to come is not shown yet; nobody's private mail or phone is in any column."""
    shown = {row["id"] for row in opened.rows("SELECT id FROM portal_employees")}
    assert opened.role("employee_teacher") in shown
    assert opened.role("employee_left") not in opened.ids("employees")
    assert opened.role("employee_future") in opened.ids("employees") - shown
    raw = opened.world.records(opened.school, "employees")
    everything = str(opened.rows("SELECT * FROM employees"))
    for record in raw.values():
        assert record["private_email"] not in everything
        assert record["mobile"]["number"][-8:] not in everything
