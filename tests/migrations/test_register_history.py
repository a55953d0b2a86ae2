"""Whoever writes the register, our commands or the portal's admin page by raw SQL, is kept in its history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.bookkeeping import register
from connector.portal.database import Database
from schemas.ids import SchoolId
from schemas.modules import Module
from schemas.tables.triggers import REGISTER_TABLES

SCHOOL, OTHER = "99AA00", "99BB00"
OPENS = "2026-11-24 08:00:00.000000"
CLOSES = "2027-07-01 22:00:00.000000"

INSERTS = {
    "phases": (
        "INSERT INTO phases (school_id, number, opens_on, decided_by, agreed_with, evening_on, parent_text, changed_by)"
        " VALUES (:school, 5, '2027-01-15', 'directie', 'MR', '2027-01-10', 'Vanaf nu ziet u notities é🙂', 'page')"
    ),
    "modules": (
        "INSERT INTO modules (school_id, module, phase, opens_at, closes_at, changed_by)"
        f" VALUES (:school, 'notities', 5, '{OPENS}', NULL, 'page')"
    ),
    "embargoes": (
        "INSERT INTO embargoes (school_id, module, embargo_from, embargo_until, reason, changed_by)"
        f" VALUES (:school, 'notities', '{OPENS}', '{CLOSES}', 'rapporten', 'page')"
    ),
    "settings": (
        "INSERT INTO settings (school_id, name, value, changed_by)"
        """ VALUES (:school, 'subjects', '["taal é🙂 \\ ''"]', 'page')"""
    ),
    "contacts": (
        "INSERT INTO contacts (school_id, name, mail, phone, changed_by)"
        " VALUES (:school, 'Één Persoon', 'vraag@school.example', NULL, 'page')"
    ),
}
UPDATES = {
    "phases": "UPDATE phases SET agreed_with = 'ouderraad', changed_by = 'second' WHERE school_id = :school",
    "modules": f"UPDATE modules SET closes_at = '{CLOSES}', changed_by = 'second' WHERE school_id = :school",
    "embargoes": "UPDATE embargoes SET reason = NULL, changed_by = 'second' WHERE school_id = :school",
    "settings": "UPDATE settings SET value = 'null', changed_by = 'second' WHERE school_id = :school",
    "contacts": "UPDATE contacts SET phone = '0123-456789', changed_by = 'second' WHERE school_id = :school",
}
CHANGED = {
    "phases": ("agreed_with", "ouderraad"),
    "modules": ("closes_at", "2027-07-01"),
    "embargoes": ("reason", None),
    "settings": ("value", "null"),
    "contacts": ("phone", "0123-456789"),
}
TABLES = list(REGISTER_TABLES)


class Portal:
    """The portal's admin page: SQL of its own, none of ours."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)

    def write(self, statement: str, school: str = SCHOOL) -> None:
        with self.database.engine.begin() as connection:
            connection.execute(text(statement), {"school": school})

    def history(self, school: str = SCHOOL) -> list[dict[str, Any]]:
        with self.database.session() as session, session.read() as connection:
            return [
                {**row, "details": json.loads(row["details"])} for row in register.history(connection, SchoolId(school))
            ]

    def version(self, school: str = SCHOOL) -> int:
        with self.database.session() as session, session.read() as connection:
            return register.version(connection, SchoolId(school))


@pytest.fixture
def portal(database_url: str) -> Iterator[Portal]:
    page = Portal(database_url)
    yield page
    page.database.dispose()


@pytest.mark.parametrize("table", TABLES)
def test_insert_update_and_delete_are_kept_with_who_did_them(portal: Portal, table: str) -> None:
    """Each of the three writes one line: the table, the action, who, when, and the row after it (before a delete)."""
    began = datetime.now(UTC)
    portal.write(INSERTS[table])
    portal.write(UPDATES[table])
    portal.write(f"DELETE FROM {table} WHERE school_id = :school")
    lines = portal.history()
    assert [(line["subject"], line["action"], line["changed_by"]) for line in lines] == [
        (table, "insert", "page"),
        (table, "update", "second"),
        (table, "delete", "second"),
    ]
    assert all(began - timedelta(seconds=2) <= line["at"] <= datetime.now(UTC) + timedelta(seconds=2) for line in lines)
    name, value = CHANGED[table]
    first, second, last = (line["details"] for line in lines)
    assert first[name] != second[name]
    assert second == last
    assert second[name] == value if value is None else str(second[name]).startswith(value)
    assert "school_id" not in first


@pytest.mark.parametrize("table", TABLES)
def test_the_history_holds_every_column(portal: Portal, table: str) -> None:
    """Nothing of the row is left out of its line, so that a decision can be read back from the history alone."""
    portal.write(INSERTS[table])
    columns = {column.name for column in register._HISTORY.metadata.tables[table].columns}
    assert set(portal.history()[0]["details"]) == columns - {"school_id"}


@pytest.mark.parametrize("table", TABLES)
def test_every_write_moves_the_version_of_its_school_only(portal: Portal, table: str) -> None:
    """Insert, update and delete each raise the version by one per row; another school's stays."""
    portal.write(INSERTS[table], OTHER)
    versions = [portal.version()]
    for statement in (INSERTS[table], UPDATES[table], f"DELETE FROM {table} WHERE school_id = :school"):
        portal.write(statement)
        versions.append(portal.version())
    assert versions == [0, 1, 2, 3]
    assert portal.version(OTHER) == 1


def test_many_rows_in_one_statement_are_many_lines(portal: Portal) -> None:
    """A statement over several rows is kept row by row, in order, and the version counts each."""
    for module in ("notities", "hulpplan", "groep"):
        portal.write(INSERTS["modules"].replace("'notities'", f"'{module}'"))
    portal.write(f"UPDATE modules SET closes_at = '{CLOSES}', changed_by = 'all' WHERE school_id = :school")
    lines = portal.history()
    assert [line["action"] for line in lines] == ["insert"] * 3 + ["update"] * 3
    assert {line["details"]["module"] for line in lines[3:]} == {"notities", "hulpplan", "groep"}
    assert portal.version() == 6


def test_what_is_rolled_back_leaves_no_line(portal: Portal) -> None:
    """History and version belong to the transaction of the write: undone with it."""
    with portal.database.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text(INSERTS["modules"]), {"school": SCHOOL})
        transaction.rollback()
    assert (portal.history(), portal.version()) == ([], 0)


def test_our_own_writes_are_kept_too(portal: Portal) -> None:
    """Opening, closing and hiding a module by our door gives the same lines as raw SQL, with our name for it."""
    school, now = SchoolId(SCHOOL), datetime(2026, 11, 24, 8, tzinfo=UTC)
    with portal.database.session() as session, session.write() as connection:
        register.ensure(connection, school, now, "setup")
        before = register.version(connection, school)
        register.open_module(connection, school, Module.NOTITIES, now, "anna")
        register.close_module(connection, school, Module.NOTITIES, now, "bram")
        window = (now, now + timedelta(days=1))
        register.add_embargo(connection, school, Module.NOTITIES, window, reason=None, by="carla")
        register.lift_embargoes(connection, school, Module.NOTITIES, now, "dirk")
    lines = portal.history()[-5:]
    assert [(line["subject"], line["action"], line["changed_by"]) for line in lines] == [
        ("modules", "update", "anna"),
        ("modules", "update", "bram"),
        ("embargoes", "insert", "carla"),
        ("embargoes", "update", "dirk"),
        ("embargoes", "delete", "dirk"),
    ]
    assert portal.version() == before + 5


def test_settings_by_our_own_door_are_kept_too(portal: Portal) -> None:
    """Set, set again, taken back: each with its name; what says the same or was not set writes no line."""
    school = SchoolId(SCHOOL)
    with portal.database.session() as session, session.write() as connection:
        register.set_setting(connection, school, "subjects", '["taal"]', "anna")
        register.set_setting(connection, school, "subjects", '["taal"]', "bram")
        register.set_setting(connection, school, "subjects", '["rekenen"]', "carla")
        assert set(register.setting_changes(connection, school)) == {"subjects"}
        assert register.reset_setting(connection, school, "subjects", "dirk")
        assert not register.reset_setting(connection, school, "subjects", "els")
        assert register.setting_changes(connection, school) == {}
    assert [(line["action"], line["changed_by"], line["details"]["value"]) for line in portal.history()] == [
        ("insert", "anna", '["taal"]'),
        ("update", "carla", '["rekenen"]'),
        ("update", "dirk", '["rekenen"]'),
        ("delete", "dirk", '["rekenen"]'),
    ]
    assert portal.version() == 4
