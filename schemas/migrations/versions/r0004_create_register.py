"""Create the activation register. Its triggers are made by the door, with the views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    _phases()
    _modules()
    _embargoes()
    _reveals()
    _register_history()
    _register_versions()


def _phases() -> None:
    op.create_table(
        "phases",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("agreed_with", sa.Text(), nullable=True),
        sa.Column("evening_on", sa.Date(), nullable=True),
        sa.Column("parent_text", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "number", name=op.f("pk_phases")),
    )


def _modules() -> None:
    op.create_table(
        "modules",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.Column("opens_at", UTCDateTime(), nullable=True),
        sa.Column("closes_at", UTCDateTime(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.CheckConstraint("closes_at IS NULL OR opens_at IS NOT NULL", name=op.f("ck_modules_closes_after_opening")),
        sa.PrimaryKeyConstraint("school_id", "module", name=op.f("pk_modules")),
    )


def _embargoes() -> None:
    op.create_table(
        "embargoes",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("embargo_from", UTCDateTime(), nullable=False),
        sa.Column("embargo_until", UTCDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.CheckConstraint("embargo_until > embargo_from", name=op.f("ck_embargoes_ends_after_start")),
        sa.PrimaryKeyConstraint("school_id", "module", "embargo_from", name=op.f("pk_embargoes")),
    )


def _reveals() -> None:
    op.create_table(
        "reveals",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("revealed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "module", name=op.f("pk_reveals")),
    )


def _register_history() -> None:
    op.create_table(
        "register_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_history")),
    )
    with op.batch_alter_table("register_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_register_history_school_id"), ["school_id"], unique=False)


def _register_versions() -> None:
    op.create_table(
        "register_versions",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_register_versions")),
    )
