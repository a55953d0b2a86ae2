"""Note when a row was news to parents; add the reference of a pupil's photo and the file of a support plan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = (
    "locations",
    "pupils",
    "guardians",
    "guardianships",
    "absences",
    "news_items",
    "employees",
    "groups",
    "group_memberships",
    "group_employees",
    "support_plans",
    "notes",
)


def upgrade() -> None:
    """Go to this revision."""
    for table in TABLES:
        op.add_column(table, sa.Column("news_at", UTCDateTime(), nullable=True))
    op.add_column("pupils", sa.Column("photo_reference", sa.Text(), nullable=True))
    for name in ("id", "name", "type"):
        op.add_column("support_plans", sa.Column(f"document_{name}", sa.Text(), nullable=True))
    op.add_column("support_plans", sa.Column("document_size", sa.Integer(), nullable=True))
    op.add_column("support_plans", sa.Column("document_sha256", sa.Text(), nullable=True))
