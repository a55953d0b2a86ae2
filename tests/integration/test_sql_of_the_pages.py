"""Every SQL statement of the pages runs, and gives or changes rows of one school only: two schools with equal ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, text

from connector.bookkeeping import register
from schemas.ids import SchoolId
from tests.architecture.snippets import Saying, statements
from tests.rig import Rig

MINE, OTHER = SchoolId("99AA00"), SchoolId("99BB00")
CORRECTION = "correction-of-a-page"
INSTANT = "2026-11-25 10:00:00.000000"
SUBMITTED = (
    """INSERT INTO corrections (school_id, id, requester_id, motive, submitted_at, submitted_by)
    VALUES (:school, :correction, :me, 'error', :now, 'portal')""",
    """INSERT INTO correction_items (school_id, correction_id, number, stream, record_id, field, operation, new_value)
    VALUES (:school, :correction, 1, 'guardians', :me, 'email', 'add', '"nieuw@voorbeeld.test"')""",
)
_TABLE = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")


def _filled(make_rig: Callable[..., Rig], school: SchoolId) -> Rig:
    """A synced school of which everything is open, the group list too, and a correction of each guardian."""
    rig = make_rig(school=school)
    rig.open()
    with rig.database.session() as session, session.write() as connection:
        register.set_setting(connection, school, "group_list.name", "true", "test")
    rig.sync()
    with rig.database.session() as session, session.write() as connection:
        for guardian in _guardians(rig):
            values = {"school": school, "correction": f"{CORRECTION}-{guardian}", "me": guardian, "now": INSTANT}
            for statement in SUBMITTED:
                connection.execute(text(statement), values)
    return rig


def _guardians(rig: Rig) -> list[str]:
    return sorted(row["id"] for row in rig.rows("SELECT id FROM guardians WHERE school_id = :s", s=rig.school))


def _bindings(rig: Rig, statement: str) -> Iterator[dict[str, Any]]:
    """What the portal fills in, for each guardian of the school; a parameter that nobody knows is an error."""
    documents = rig.rows("SELECT guardian_id, row_id, stream FROM portal_documents WHERE school_id = :s", s=MINE)
    names = set(re.findall(r"(?<!:):(\w+)", re.sub(r"'[^']*'", "", statement)))
    for me in _guardians(rig) if "me" in names else [""]:
        known = {"school": MINE, "me": me, "now": INSTANT, "correction": f"{CORRECTION}-{me}", "number": 1}
        for document in documents if "row" in names else [{}]:
            given = {**known, "row": document.get("row_id"), "stream": document.get("stream")}
            if document.get("guardian_id", me) == me:
                yield {name: given[name] for name in names}


def _answers(rig: Rig, saying: Saying) -> list[list[Any]]:
    # Without a limit: the rows of another school could lie behind it.
    statement = re.sub(r"\s+LIMIT \d+", "", saying.text)
    found = []
    for values in _bindings(rig, statement):
        rows = rig.rows(statement, **values)
        found.append(sorted(repr(sorted(row.items())) for row in rows))
    return found


def test_a_question_of_the_pages_is_answered_for_one_school(make_rig: Callable[..., Rig]) -> None:
    """Each SELECT answers for every guardian as it did before a second school with the same keys came in."""
    asked = [one for one in statements() if one.text.upper().startswith("SELECT")]
    assert len(asked) >= 8
    mine = _filled(make_rig, MINE)
    before = {one: _answers(mine, one) for one in asked}
    assert [one.place for one, answers in before.items() if not any(answers)] == []
    other = _filled(make_rig, OTHER)
    shared = set(_guardians(mine)) & set(_guardians(other))
    assert len(shared) > 10
    assert [one for one in asked if _answers(mine, one) != before[one]] == []


def test_what_the_pages_write_is_of_one_school(make_rig: Callable[..., Rig]) -> None:
    """Each INSERT and UPDATE changes its own school, as it stands on PostgreSQL, and leaves the other as it was."""
    written = [one for one in statements() if not one.text.upper().startswith("SELECT")]
    assert {one.text.split()[0] for one in written} == {"INSERT", "UPDATE"}
    rig, _ = _filled(make_rig, MINE), _filled(make_rig, OTHER)
    bindings = {one: next(iter(_bindings(rig, _here(rig, one.text)))) for one in written}
    with rig.database.session() as session, session.write() as connection:
        for one in written:
            statement, (table,) = _here(rig, one.text), _TABLE.findall(one.text)
            own, others = _rows(connection, table, MINE), _rows(connection, table, OTHER)
            connection.execute(text(statement), bindings[one])
            assert _rows(connection, table, MINE) != own, one.place
            assert _rows(connection, table, OTHER) == others, one.place


def test_no_page_selects_by_a_guardian_alone() -> None:
    """Also a piece of SQL in running text that names a guardian names the school: ids are unique per school only."""
    from tests.architecture.snippets import spans

    named = [one for one in spans() if re.search(r"\bguardian_id\s*=", one.text)]
    assert named
    assert [one for one in named if not re.search(r"\bschool_id\s*=", one.text)] == []


def _here(rig: Rig, statement: str) -> str:
    """The statement with what the page says differs on SQLite; a colon within quotes is no parameter."""
    if rig.database.dialect == "sqlite":
        statement = re.sub(r"'(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z'", r"'\1 \2.000000'", statement).replace("'\\x", "X'")
    return re.sub(r"'[^']*'", lambda match: match[0].replace(":", "\\:"), statement)


def _rows(connection: Connection, table: str, school: str) -> list[str]:
    rows = connection.execute(text(f"SELECT * FROM {table} WHERE school_id = :s"), {"s": school}).mappings()
    return sorted(repr(sorted(row.items())) for row in rows)
