"""The files that belong to shown rows: in step with them, and removed with them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text
from sqlmodel import Field

from schemas.tables.columns import SchoolRow


class DocumentRow(SchoolRow, table=True):
    """One file as shown rows name it: the source's key and the digest of its bytes. Two rows may name one file.

    `state` is of schemas.documents. A stored file has its bytes in `content`, or lies at `location`, which is written
    down before the file is and stays until it is deleted. A refused one has a `reason`; `ask_again_at` is null when
    nothing but another digest can change the answer. `asked_at` is when the source was last asked, `run_id` the run
    that stored it or first met the reason.
    """

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("state IN ('wanted', 'stored', 'refused', 'leaving')", name="state"),
        Index(None, "school_id", "state"),
    )

    id: str = Field(primary_key=True, sa_type=Text)
    sha256: str = Field(primary_key=True, sa_type=Text)
    content_type: str = Field(sa_type=Text)
    size: int
    state: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    location: str | None = Field(default=None, sa_type=Text)
    asked_at: datetime | None = None
    ask_again_at: datetime | None = None
    run_id: str | None = Field(default=None, sa_type=Text)
    # Last, because SQLite reads through all of it to whatever comes behind.
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
