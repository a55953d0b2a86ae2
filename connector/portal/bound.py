"""What differs from run to run in statements that are made once: to make one costs more than to execute it.

A quiet run executes little else than such statements.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text, bindparam
from sqlmodel.sql.sqltypes import UTCDateTime

SCHOOL: Any = bindparam("school", type_=Text())
NOW: Any = bindparam("now", type_=UTCDateTime())
"""The moment a run began, by its own clock."""
