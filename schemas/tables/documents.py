"""The files that belong to shown rows: in step with them, and removed with them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary, Text
from sqlmodel import Field

from schemas.tables.columns import SchoolRow


class DocumentRow(SchoolRow, table=True):
    """One file of the source: `content` holds its bytes unless `location` says in which store they lie.

    `state` is stored, or refused with the `reason`; `sha256` and `size` are those announced with the row it belongs to.
    """

    __tablename__ = "documents"
    __table_args__ = (CheckConstraint("state IN ('stored', 'refused')", name="state"),)

    id: str = Field(primary_key=True, sa_type=Text)
    sha256: str = Field(sa_type=Text)
    content_type: str = Field(sa_type=Text)
    size: int
    state: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    location: str | None = Field(default=None, sa_type=Text)
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    fetched_at: datetime
