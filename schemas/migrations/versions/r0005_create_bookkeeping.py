"""Create what the connector remembers between runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    _schools()
    _leases()
    _checkpoints()
    _id_aliases()
    _hidden_keys()
    _pending_keys()
    _quarantine()
    _runs()
    _run_streams()
    _run_gates()


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


def _id_aliases() -> None:
    op.create_table(
        "id_aliases",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "stream", "source_key", name=op.f("pk_id_aliases")),
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


def _run_gates() -> None:
    op.create_table(
        "run_gates",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "stream", "gate", name=op.f("pk_run_gates")),
    )
