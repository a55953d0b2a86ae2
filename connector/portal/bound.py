"""What differs from run to run in statements that are made once: to make one costs more than to execute it.

Each is executed with a value under its key: `{"school": ...}`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Text, bindparam
from sqlmodel.sql.sqltypes import UTCDateTime

SCHOOL: Any = bindparam("school", type_=Text())
NOW: Any = bindparam("now", type_=UTCDateTime())
"""The moment of a run, or of a step of it, by its own clock."""
SINCE: Any = bindparam("since", type_=UTCDateTime())
YEAR: Any = bindparam("year", type_=Integer())
"""The school year that was enumerated."""
