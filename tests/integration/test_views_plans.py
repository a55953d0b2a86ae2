"""One guardian's question finds its rows through indexes in a large school, on both databases."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from schemas.views.catalogue import VIEWS
from tests.rig import Rig

ASKED = tuple(view for view in VIEWS if view != "portal_modules")
SMALL = 500
"""A table of fewer rows may be read whole: that is what a planner does with it, and rightly."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A school of 1,500 pupils, all modules open, synced once for all tests of this file."""
    from connector.portal import migrate
    from tests import postgres

    if request.param == "sqlite":
        url, name = f"sqlite:///{tmp_path_factory.mktemp('large') / 'portal.db'}", ""
    else:
        server, name = request.getfixturevalue("postgresql_server_url"), f"large_{uuid.uuid4().hex[:12]}"
        url = postgres.create_database(server, name)
    migrate.upgrade(url)
    rig = Rig(url, pupils=1500)
    for pupil in rig.world.records(rig.school, "pupils"):
        allowed = {"category": "group_list_name", "is_allowed": True, "given_on": None}
        rig.world.put(rig.school, "privacy_preferences", {"id": f"yes-{pupil}", "pupil_id": pupil, **allowed})
    rig.open()
    rig.sync()
    with rig.database.engine.begin() as connection:
        if name:
            connection.execute(text("ANALYZE"))
    yield rig
    rig.dispose()
    if name:
        postgres.drop_database(request.getfixturevalue("postgresql_server_url"), name)


def explained(rig: Rig, view: str, guardian: str) -> list[str]:
    """Give the lines of the plan."""
    is_sqlite = rig.database.dialect == "sqlite"
    how = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN (COSTS OFF)"
    query = f"{how} SELECT * FROM {view} WHERE school_id = :school AND guardian_id = :me"
    rows = rig.rows(query, school=rig.school, me=guardian)
    return [str(row["detail" if is_sqlite else "QUERY PLAN"]).strip() for row in rows]


def read_whole(rig: Rig, line: str) -> bool:
    """Tell whether this step reads a table from end to end, or a whole school by the school's id alone."""
    if rig.database.dialect == "postgresql":
        return "Seq Scan on" in line
    if re.match(r"SCAN (v|told|\(subquery|portal_\w+)\b", line):
        return False  # what was just found for this guardian
    if line == "SCAN CONSTANT ROW":
        return False  # a SELECT without a table
    return line.startswith("SCAN") or line.endswith("(school_id=?)")


def table_of(rig: Rig, line: str, view: str) -> str:
    """Give the table a step reads; SQLite names the alias, and the index, which is named after its table."""
    if rig.database.dialect == "postgresql":
        return line.split("Seq Scan on ")[1].split(maxsplit=1)[0]
    index = re.search(r"INDEX (?:sqlite_autoindex_|ix_)(\w+)", line)
    assert index is not None, f"{view}: {line}"
    sizes = rig.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    return max((str(row["name"]) for row in sizes if index[1].startswith(row["name"])), key=len)


@pytest.mark.parametrize("view", ASKED)
def test_a_guardians_question_reads_no_large_table_whole(large: Rig, view: str) -> None:
    """No step of the plan reads a table of more than 500 rows from end to end, nor a school's whole share of it."""
    (guardian,) = large.rows("SELECT min(guardian_id) AS me FROM portal_access")
    plan = explained(large, view, guardian["me"])
    assert plan
    for line in plan:
        if read_whole(large, line):
            table = table_of(large, line, view)
            (size,) = large.rows(f"SELECT count(*) AS n FROM {table}")
            assert size["n"] < SMALL, f"{view} reads all of {table}: {line}"


def test_the_judge_of_plans_can_say_no(large: Rig) -> None:
    """A question without an index to serve it is found out, so that the test above means something."""
    is_sqlite = large.database.dialect == "sqlite"
    how = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN (COSTS OFF)"
    rows = large.rows(f"{how} SELECT * FROM notes WHERE school_id = :s AND title = 'x'", s=large.school)
    lines = [str(next(reversed(row.values()))).strip() for row in rows]
    assert any(read_whole(large, line) for line in lines)
    (size,) = large.rows("SELECT count(*) AS n FROM notes")
    assert size["n"] > SMALL


def test_the_school_is_large(large: Rig) -> None:
    """The tables a pupil has rows in are well above what a planner reads whole."""
    people = ("pupils", "guardians", "guardianships", "guardian_access", "group_list_entries")
    for table in (*people, "absences", "group_memberships"):
        (size,) = large.rows(f"SELECT count(*) AS n FROM {table}")
        assert size["n"] > 2 * SMALL
