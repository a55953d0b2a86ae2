"""The values that a run's statements are executed with.

A statement is built once for a stream, and for the rest of the process executed: building costs more than executing.
So whatever differs from run to run stands in it under a name.
"""

from __future__ import annotations

from sqlalchemy import Integer, Text, bindparam
from sqlmodel.sql.sqltypes import UTCDateTime

from schemas.ids import SchoolId

SCHOOL = bindparam("the_school", type_=Text())
"""The school of the run."""

NOW = bindparam("the_moment", type_=UTCDateTime())
"""When what is written happens."""

SINCE = bindparam("the_start", type_=UTCDateTime())
"""From when on something is looked at."""

YEAR = bindparam("the_year", type_=Integer())
"""The school year that was enumerated."""


def of(school: SchoolId) -> dict[str, object]:
    """Give the school as a value to execute with."""
    return {SCHOOL.key: school}
