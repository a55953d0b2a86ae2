"""Create the year planner and the timetable."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    _calendar_items()
    _lessons()


def _calendar_items() -> None:
    op.create_table(
        "calendar_items",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("news_at", UTCDateTime(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("is_all_day", sa.Boolean(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_calendar_items")),
    )


def _lessons() -> None:
    op.create_table(
        "lessons",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("news_at", UTCDateTime(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("weekday", sa.Text(), nullable=False),
        sa.Column("starts", sa.Text(), nullable=False),
        sa.Column("ends", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=True),
        sa.Column("room", sa.Text(), nullable=True),
        sa.Column("visible_from", UTCDateTime(), nullable=True),
        sa.Column("visible_until", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "group_id"],
            ["groups.school_id", "groups.id"],
            name=op.f("fk_lessons_school_id_group_id_groups"),
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_lessons")),
    )
    with op.batch_alter_table("lessons", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lessons_school_id_group_id"), ["school_id", "group_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_lessons_school_id_visible_until"), ["school_id", "visible_until"], unique=False
        )
