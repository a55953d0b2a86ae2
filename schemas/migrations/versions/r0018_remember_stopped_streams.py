"""Remember the streams that stopped, and the rows withheld because nobody could judge them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "stopped_streams",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("school_id", "stream", "code", "what", "decides")),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("since_at", UTCDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("retry_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("decides IN ('nothing', 'part', 'whether')", name=op.f("ck_stopped_streams_decides")),
        sa.PrimaryKeyConstraint("school_id", "stream", name=op.f("pk_stopped_streams")),
    )
    op.create_table(
        "unjudged_rows",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("school_id", "stream", "id", "digest")),
        sa.Column("withheld_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "stream", "id", name=op.f("pk_unjudged_rows")),
    )
