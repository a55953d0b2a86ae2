"""What PostgreSQL's planner knows of a school right after its first load."""

from __future__ import annotations

import json

from schemas.ids import SchoolId
from tests.rig import Rig


def _expected(rig: Rig, table: str) -> int:
    """Give how many rows of the school the planner expects in a table."""
    (row,) = rig.rows(f"EXPLAIN (FORMAT JSON) SELECT id FROM {table} WHERE school_id = '{rig.school}'")
    plan = row["QUERY PLAN"]
    return int((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]["Plan Rows"])


def test_the_planner_knows_each_school_as_soon_as_it_is_loaded(new_postgresql_url: str) -> None:
    """The second school, too: unseen by the statistics its rows would be joined pair by pair, for minutes."""
    for school in ("99AA00", "99BB00"):
        rig = Rig(new_postgresql_url, pupils=120, school=SchoolId(school))
        rig.sync()
        for table in ("pupils", "guardians", "guardianships", "absences"):
            rows = rig.rows(f"SELECT count(*) AS n FROM {table} WHERE school_id = '{school}'")[0]["n"]
            assert rows >= 100
            assert rows / 2 < _expected(rig, table) < rows * 2
        rig.dispose()
