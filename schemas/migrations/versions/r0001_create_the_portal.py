"""Create the portal, its register and its bookkeeping."""

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
    _checkpoints()
    _embargoes()
    _employees()
    _groups()
    _guardians()
    _hidden_keys()
    _id_aliases()
    _leases()
    _locations()
    _modules()
    _news_items()
    _pending_keys()
    _phases()
    _pupils()
    _quarantine()
    _register_history()
    _register_versions()
    _reveals()
    _run_gates()
    _run_streams()
    _runs()
    _schools()
    _absences()
    _group_employees()
    _group_memberships()
    _guardian_access()
    _guardianships()
    _notes()
    _support_plans()


def _checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("loaded_at", UTCDateTime(), nullable=True),
        sa.Column("full_reason", sa.Text(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "stream", name=op.f("pk_checkpoints")),
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


def _groups() -> None:
    op.create_table(
        "groups",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("school_year", sa.Integer(), nullable=False),
        sa.Column("year_groups", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_groups")),
    )
    with op.batch_alter_table("groups", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_groups_school_id_school_year"), ["school_id", "school_year"], unique=False)


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


def _hidden_keys() -> None:
    op.create_table(
        "hidden_keys",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "stream", "id", name=op.f("pk_hidden_keys")),
    )


def _id_aliases() -> None:
    op.create_table(
        "id_aliases",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "stream", "source_key", name=op.f("pk_id_aliases")),
    )


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("acquired_at", UTCDateTime(), nullable=True),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("checked_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_leases")),
    )


def _locations() -> None:
    op.create_table(
        "locations",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("house_number", sa.Text(), nullable=True),
        sa.Column("house_number_suffix", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_locations")),
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


def _news_items() -> None:
    op.create_table(
        "news_items",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("visible_from", UTCDateTime(), nullable=True),
        sa.Column("visible_until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_news_items")),
    )
    with op.batch_alter_table("news_items", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_news_items_school_id_visible_until"), ["school_id", "visible_until"], unique=False
        )


def _pending_keys() -> None:
    op.create_table(
        "pending_keys",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("approved_at", UTCDateTime(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.CheckConstraint("action IN ('add', 'alter', 'remove')", name=op.f("ck_pending_keys_action")),
        sa.PrimaryKeyConstraint("school_id", "stream", "id", name=op.f("pk_pending_keys")),
    )
    with op.batch_alter_table("pending_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pending_keys_school_id_run_id"), ["school_id", "run_id"], unique=False)


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


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("field_path", sa.Text(), nullable=False),
        sa.Column("is_hiding", sa.Boolean(), nullable=False),
        sa.Column("missing_stream", sa.Text(), nullable=True),
        sa.Column("missing_key", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", UTCDateTime(), nullable=False),
        sa.Column("reported_at", UTCDateTime(), nullable=True),
        sa.Column("discarded_at", UTCDateTime(), nullable=True),
        sa.Column("discarded_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "stream", "key", name=op.f("pk_quarantine")),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_quarantine_school_id_missing_stream_missing_key"),
            ["school_id", "missing_stream", "missing_key"],
            unique=False,
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


def _reveals() -> None:
    op.create_table(
        "reveals",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("revealed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "module", name=op.f("pk_reveals")),
    )


def _run_gates() -> None:
    op.create_table(
        "run_gates",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "stream", "gate", name=op.f("pk_run_gates")),
    )


def _run_streams() -> None:
    op.create_table(
        "run_streams",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("fetched", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("altered", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("withheld", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("tombstones", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("disappeared", sa.Integer(), nullable=False),
        sa.Column("appeared", sa.Integer(), nullable=False),
        sa.Column("size_before", sa.Integer(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "stream", name=op.f("pk_run_streams")),
    )
    with op.batch_alter_table("run_streams", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_run_streams_school_id_stream_finished_at"),
            ["school_id", "stream", "finished_at"],
            unique=False,
        )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_runs_school_id_started_at"), ["school_id", "started_at"], unique=False)


def _schools() -> None:
    op.create_table(
        "schools",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dialect", sa.Text(), nullable=False),
        sa.Column("document_at", UTCDateTime(), nullable=True),
        sa.Column("document_digest", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_schools")),
    )


def _absences() -> None:
    op.create_table(
        "absences",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("pupil_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_authorised", sa.Boolean(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=True),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupils.school_id", "pupils.id"],
            name=op.f("fk_absences_school_id_pupil_id_pupils"),
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_absences")),
    )
    with op.batch_alter_table("absences", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_absences_school_id_pupil_id"), ["school_id", "pupil_id"], unique=False)


def _group_employees() -> None:
    op.create_table(
        "group_employees",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("weekdays", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "group_id"],
            ["groups.school_id", "groups.id"],
            name=op.f("fk_group_employees_school_id_group_id_groups"),
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_group_employees")),
    )
    with op.batch_alter_table("group_employees", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_group_employees_school_id_group_id"), ["school_id", "group_id"], unique=False
        )


def _group_memberships() -> None:
    op.create_table(
        "group_memberships",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("pupil_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("school_year", sa.Integer(), nullable=False),
        sa.Column("year_group", sa.Text(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("begins_at", UTCDateTime(), nullable=True),
        sa.Column("ends_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "group_id"],
            ["groups.school_id", "groups.id"],
            name=op.f("fk_group_memberships_school_id_group_id_groups"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupils.school_id", "pupils.id"],
            name=op.f("fk_group_memberships_school_id_pupil_id_pupils"),
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_group_memberships")),
    )
    with op.batch_alter_table("group_memberships", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_group_memberships_school_id_group_id"), ["school_id", "group_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_group_memberships_school_id_pupil_id"), ["school_id", "pupil_id"], unique=False
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


def _notes() -> None:
    op.create_table(
        "notes",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("pupil_id", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("noted_on", sa.Date(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=True),
        sa.Column("is_reply_allowed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupils.school_id", "pupils.id"],
            name=op.f("fk_notes_school_id_pupil_id_pupils"),
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_notes")),
    )
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notes_school_id_pupil_id"), ["school_id", "pupil_id"], unique=False)


def _support_plans() -> None:
    op.create_table(
        "support_plans",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_shown_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("pupil_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("goals", sa.Text(), nullable=False),
        sa.Column("approach", sa.Text(), nullable=True),
        sa.Column("evaluation", sa.Text(), nullable=True),
        sa.Column("employee_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupils.school_id", "pupils.id"],
            name=op.f("fk_support_plans_school_id_pupil_id_pupils"),
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_support_plans")),
    )
    with op.batch_alter_table("support_plans", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_support_plans_school_id_pupil_id"), ["school_id", "pupil_id"], unique=False
        )
