"""Add the contact person to the register, and remember what was exported as invitations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "contacts",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_contacts")),
    )
    op.create_table(
        "invitation_keys",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_invitation_keys")),
    )
    op.create_table(
        "invitations",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("guardian_id", sa.Text(), nullable=False),
        sa.Column("mail_digest", sa.Text(), nullable=False),
        sa.Column("exported_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "guardian_id", name=op.f("pk_invitations")),
    )
    op.create_table(
        "bounced_mails",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("guardian_id", sa.Text(), nullable=False),
        sa.Column("mail_digest", sa.Text(), nullable=False),
        sa.Column("bounced_at", UTCDateTime(), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "guardian_id", name=op.f("pk_bounced_mails")),
    )
