"""Create the people: pupils, guardians, their relations and access, employees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    _pupils()
    _guardians()
    _guardianships()
    _guardian_access()
    _employees()


def _pupils() -> None:
    op.create_table(
        "pupils",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("address_id", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("house_number", sa.Text(), nullable=True),
        sa.Column("house_number_suffix", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("is_address_confidential", sa.Boolean(), nullable=False),
        sa.Column("phones", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("first_names", sa.Text(), nullable=True),
        sa.Column("call_name", sa.Text(), nullable=True),
        sa.Column("name_prefix", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("sort_name", sa.Text(), nullable=False),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.Column("birth_on", sa.Date(), nullable=True),
        sa.Column("year_group", sa.Text(), nullable=True),
        sa.Column("enrolled_from", sa.Date(), nullable=True),
        sa.Column("enrolled_until", sa.Date(), nullable=True),
        sa.Column("location_id", sa.Text(), nullable=True),
        sa.Column("visible_from", UTCDateTime(), nullable=True),
        sa.Column("visible_until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_pupils")),
    )
    with op.batch_alter_table("pupils", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pupils_school_id_visible_until"), ["school_id", "visible_until"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_pupils_school_id_address_id"), ["school_id", "address_id"], unique=False)


def _guardians() -> None:
    op.create_table(
        "guardians",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("address_id", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("house_number", sa.Text(), nullable=True),
        sa.Column("house_number_suffix", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("is_address_confidential", sa.Boolean(), nullable=False),
        sa.Column("phones", sa.Text(), nullable=False),
        sa.Column("initials", sa.Text(), nullable=True),
        sa.Column("call_name", sa.Text(), nullable=True),
        sa.Column("name_prefix", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("sort_name", sa.Text(), nullable=False),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_guardians")),
    )
    with op.batch_alter_table("guardians", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_guardians_school_id_address_id"), ["school_id", "address_id"], unique=False
        )


def _guardianships() -> None:
    op.create_table(
        "guardianships",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("pupil_id", sa.Text(), nullable=False),
        sa.Column("guardian_id", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("is_restricted", sa.Boolean(), nullable=False),
        sa.Column("restricted_from", sa.Date(), nullable=True),
        sa.Column("restricted_until", sa.Date(), nullable=True),
        sa.Column("is_informed", sa.Boolean(), nullable=False),
        sa.Column("informed_from", sa.Date(), nullable=True),
        sa.Column("informed_until", sa.Date(), nullable=True),
        sa.Column("contact_order", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardians.school_id", "guardians.id"],
            name=op.f("fk_guardianships_school_id_guardian_id_guardians"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupils.school_id", "pupils.id"],
            name=op.f("fk_guardianships_school_id_pupil_id_pupils"),
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_guardianships")),
    )
    with op.batch_alter_table("guardianships", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_guardianships_school_id_guardian_id"), ["school_id", "guardian_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_guardianships_school_id_pupil_id"), ["school_id", "pupil_id"], unique=False
        )


def _guardian_access() -> None:
    op.create_table(
        "guardian_access",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("guardian_id", sa.Text(), nullable=False),
        sa.Column("pupil_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("access_from", UTCDateTime(), nullable=True),
        sa.Column("access_until", UTCDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("level IN ('none', 'limited', 'full')", name=op.f("ck_guardian_access_level")),
        sa.ForeignKeyConstraint(
            ["school_id", "guardian_id"],
            ["guardians.school_id", "guardians.id"],
            name=op.f("fk_guardian_access_school_id_guardian_id_guardians"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupils.school_id", "pupils.id"],
            name=op.f("fk_guardian_access_school_id_pupil_id_pupils"),
        ),
        sa.PrimaryKeyConstraint("school_id", "guardian_id", "pupil_id", "position", name=op.f("pk_guardian_access")),
    )
    with op.batch_alter_table("guardian_access", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_guardian_access_school_id_pupil_id"), ["school_id", "pupil_id"], unique=False
        )


def _employees() -> None:
    op.create_table(
        "employees",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("initials", sa.Text(), nullable=True),
        sa.Column("call_name", sa.Text(), nullable=True),
        sa.Column("name_prefix", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("sort_name", sa.Text(), nullable=False),
        sa.Column("functions", sa.Text(), nullable=False),
        sa.Column("work_email", sa.Text(), nullable=True),
        sa.Column("working_days", sa.Text(), nullable=False),
        sa.Column("visible_from", UTCDateTime(), nullable=True),
        sa.Column("visible_until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_employees")),
    )
