"""A migrated database is the one our tables describe, from wherever it comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, text

from connector.portal import migrate
from connector.portal import revision as revisions
from connector.portal.database import Database
from schemas.errors import ConfigurationError
from schemas.tables.catalogue import METADATA
from schemas.tables.triggers import REGISTER_TABLES, trigger_name
from schemas.views.catalogue import VIEWS
from tests.migrations import catalog

SCRIPTS = ScriptDirectory("schemas/migrations")
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]
EARLIER = REVISIONS[:-1]
PLUGINS = ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"]


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    database = Database(url)
    with database.engine.begin() as connection:
        yield connection
    database.dispose()


def state(url: str) -> tuple[Any, ...]:
    """Everything that can be told of a database: what it is made of, its rows and its revision."""
    with connected(url) as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        return catalog.dump(connection), catalog.rows(connection), revision


def at(url: str, revision: str) -> None:
    """Bring a database to a revision and put rows into every table it has there."""
    migrate.upgrade(url, revision)
    with connected(url) as connection:
        catalog.fill(connection)


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A migrated and an unmigrated database of the same kind."""
    migrated: str = request.getfixturevalue(f"{request.param}_url")
    unmigrated: str = request.getfixturevalue(f"_empty_{request.param}_url")
    return migrated, unmigrated


def test_the_revisions_form_one_line() -> None:
    """There is one first and one newest revision, and several between them, so that "from every earlier" says much."""
    assert sorted(REVISIONS) == REVISIONS
    assert (len(SCRIPTS.get_bases()), len(SCRIPTS.get_heads())) == (1, 1)
    assert len(EARLIER) >= 4


def test_alembic_finds_no_difference(database_url: str) -> None:
    """Alembic's own comparison of a migrated database with our tables is empty, checks by name included."""
    with connected(database_url) as connection:
        ours = {*METADATA.tables, *(index.name for table in METADATA.tables.values() for index in table.indexes)}
        assert len(ours) > 40
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "autogenerate_plugins": PLUGINS}
        )
        assert compare_metadata(context, METADATA) == []


def test_migrated_equals_created(pair: tuple[str, str]) -> None:
    """The database's own catalog (types, nulls, keys, checks, indexes, views, triggers) is what create_all gives."""
    database_url, empty_database_url = pair
    with connected(empty_database_url) as connection:
        METADATA.create_all(connection)
        migrate.create_views(connection)
        migrate.create_triggers(connection)
    created, migrated = state(empty_database_url)[0], state(database_url)[0]
    assert {kind: sorted(named) for kind, named in migrated.items()} == {
        kind: sorted(named) for kind, named in created.items()
    }
    assert migrated == created
    assert all(migrated.values())


def test_another_index_would_be_found(database_url: str) -> None:
    """The comparison of catalogs can fail: an index of the same name on one more column is seen."""
    before = state(database_url)[0]
    with connected(database_url) as connection:
        connection.execute(text("DROP INDEX ix_notes_school_id_pupil_id"))
        connection.execute(text("CREATE INDEX ix_notes_school_id_pupil_id ON notes (school_id, pupil_id, id)"))
    assert state(database_url)[0] != before


def _kept(row: tuple[tuple[str, object], ...]) -> tuple[tuple[str, object], ...]:
    """Give a row without what a revision derives for it."""
    return tuple(item for item in row if item[0] != "class_until")


@pytest.mark.parametrize("revision", EARLIER)
def test_every_earlier_revision_comes_along_with_its_rows(empty_database_url: str, revision: str) -> None:
    """From each earlier revision with rows in every table, the upgrade ends as a fresh one and keeps each row."""
    at(empty_database_url, revision)
    with connected(empty_database_url) as connection:
        before = catalog.rows(connection)
        assert before
        assert all(len(found) == 3 for found in before.values())
    migrate.upgrade(empty_database_url)
    dump, after, here = state(empty_database_url)
    assert here == REVISIONS[-1]
    assert {name: [_kept(row) for row in after[name]] for name in before} == {
        name: [_kept(row) for row in rows] for name, rows in before.items()
    }
    assert not any(after[name] for name in set(after) - set(before) - {"hidings"})
    with connected(empty_database_url) as connection:
        metadata_context = MigrationContext.configure(
            connection, opts={"compare_type": True, "autogenerate_plugins": PLUGINS}
        )
        assert compare_metadata(metadata_context, METADATA) == []
        for view in VIEWS:
            connection.execute(text(f"SELECT * FROM {view}")).all()
    assert all(trigger_name(table, "UPDATE") in str(dump) for table in REGISTER_TABLES)


def test_step_by_step_equals_at_once(pair: tuple[str, str]) -> None:
    """Going through every revision one at a time ends in the same database as going straight to the newest."""
    database_url, empty_database_url = pair
    for revision in REVISIONS:
        migrate.upgrade(empty_database_url, revision)
        assert state(empty_database_url)[2] == revision
    assert state(empty_database_url)[0] == state(database_url)[0]


def test_a_second_upgrade_changes_nothing(database_url: str) -> None:
    """A full database that is up to date is the same after another upgrade: catalog, rows and revision."""
    with connected(database_url) as connection:
        catalog.fill(connection)
    before = state(database_url)
    migrate.upgrade(database_url)
    assert state(database_url) == before
    migrate.upgrade(database_url, EARLIER[0])  # an older revision is behind us: nothing goes back, no view is lost
    assert state(database_url) == before


def test_views_and_triggers_are_made_anew(database_url: str) -> None:
    """An upgrade mends views and triggers that are missing or were altered by hand, without a new revision."""
    before = state(database_url)
    with connected(database_url) as connection:
        migrate.drop_views(connection)
        connection.execute(text("CREATE VIEW portal_notes AS SELECT * FROM notes"))
        on = " ON modules" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER register_modules_update{on}"))
    assert state(database_url) != before
    migrate.upgrade(database_url)
    assert state(database_url) == before


@pytest.mark.parametrize("revision", ["9999", "0006_from_tomorrow"])
def test_a_newer_database_is_refused(database_url: str, revision: str) -> None:
    """A revision this program does not know is a ConfigurationError that names it; nothing is touched, no view lost."""
    with connected(database_url) as connection:
        catalog.fill(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = :new"), {"new": revision})
    before = state(database_url)
    with pytest.raises(ConfigurationError) as caught:
        migrate.upgrade(database_url)
    assert revision in caught.value.message
    assert "newer" in caught.value.fix
    assert state(database_url) == before
    database = Database(database_url)
    found = revisions.current(database)
    database.dispose()
    assert (found.current, found.is_current) == (revision, False)


def test_the_newest_revision_is_read_off_the_files() -> None:
    """Every run asks where its database stands, without loading what migrates; both name the same revision."""
    assert revisions.newest() == SCRIPTS.get_current_head()


@pytest.mark.parametrize("revision", [None, *EARLIER[:1]])
def test_a_database_that_is_behind_says_where_it_stands(empty_database_url: str, revision: str | None) -> None:
    """Without a table it is nowhere; at a revision it names that one."""
    if revision is not None:
        migrate.upgrade(empty_database_url, revision)
    database = Database(empty_database_url)
    found = revisions.current(database)
    database.dispose()
    assert (found.current, found.is_current) == (revision, False)


class Broken(Exception):
    """What stands for a power cut."""


@contextmanager
def breaking_at(number: int) -> Iterator[list[str]]:
    """Let the statement of this number, counted from one, fail before it is sent; give those that were seen."""
    seen: list[str] = []

    def strike(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)
        if len(seen) == number:
            raise Broken

    event.listen(Engine, "before_cursor_execute", strike)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", strike)


@pytest.mark.slow
def test_an_upgrade_that_fails_anywhere_changes_nothing(empty_database_url: str) -> None:
    """Whichever statement of an upgrade fails, tables, rows, views and revision are as they were; then it succeeds."""
    at(empty_database_url, EARLIER[-1])
    before = state(empty_database_url)
    number = 0
    while True:
        number += 1
        with breaking_at(number) as seen:
            try:
                migrate.upgrade(empty_database_url)
            except Broken:
                assert len(seen) == number
            else:
                break
        assert state(empty_database_url) == before, f"statement {number}: {seen[-1]}"
    print(f"failed at each of {number - 1} statements")
    assert number > 60
    assert state(empty_database_url)[2] == REVISIONS[-1]
