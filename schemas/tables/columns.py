"""What every table agrees on: names of constraints, column types, and the two columns of every shown row.

The modules of this folder do not postpone their annotations: as text each would be evaluated first, twice, which is
a quarter of what making the tables costs the start of a process.
"""

from datetime import datetime

from pydantic import ConfigDict
from sqlalchemy import Text
from sqlalchemy.ext.declarative import DeferredReflection
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(DeferredReflection, SQLModel):
    """A row of a table, written and read by column, never as an object.

    So neither a validator is built nor, as nobody calls `prepare`, a mapper: both would only cost each start.
    """

    model_config = ConfigDict(defer_build=True)  # type: ignore[assignment]  # SQLModel takes pydantic's


class SchoolRow(Row):
    """A row that belongs to one school."""

    school_id: str = Field(primary_key=True, sa_type=Text)


class PortalRow(SchoolRow):
    """A row of the portal: `id` is the source's key when first seen and never changes afterwards.

    `first_shown_at`, `changed_at` and `news_at` are instants in UTC, set by the merge only. `news_at` is the last
    addition or change that is news to parents; null when there was none since the first load.
    """

    id: str = Field(primary_key=True, sa_type=Text)
    first_shown_at: datetime
    changed_at: datetime
    news_at: datetime | None


ROW_KEEPING = ("school_id", "id", "first_shown_at", "changed_at", "news_at")
"""Columns the merge sets by itself; all others come from the mapping."""
