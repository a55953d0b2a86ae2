"""Create the corrections, their items, evidence and every move of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOVES = """
submitted>submitted submitted>in_review submitted>closed:noop submitted>closed:merged submitted>closed:refused
submitted>closed:withdrawn submitted>closed:superseded submitted>closed:expired submitted>closed:closed_elsewhere
in_review>in_review in_review>delivered in_review>awaiting in_review>closed:merged in_review>closed:stale
in_review>closed:undeliverable in_review>closed:refused in_review>closed:withdrawn in_review>closed:superseded
in_review>closed:expired in_review>closed:closed_elsewhere delivered>in_review delivered>awaiting
delivered>confirmed delivered>closed:stale delivered>closed:undeliverable delivered>closed:refused
delivered>closed:withdrawn delivered>closed:superseded delivered>closed:expired delivered>closed:closed_elsewhere
awaiting>in_review awaiting>confirmed awaiting>closed:refused awaiting>closed:withdrawn awaiting>closed:superseded
awaiting>closed:expired awaiting>closed:closed_elsewhere confirmed>closed:drifted closed:undeliverable>in_review
closed:expired>in_review closed:stale>in_review closed:drifted>in_review closed:merged>in_review
""".split()
STATES = "'submitted', 'in_review', 'delivered', 'awaiting', 'confirmed', 'closed'"
OUTCOMES = (
    "'noop', 'refused', 'withdrawn', 'superseded', 'merged', 'stale', 'expired', 'undeliverable', 'drifted', "
    "'closed_elsewhere'"
)


def upgrade() -> None:
    """Go to this revision."""
    _corrections()
    _evidence()
    _items()
    _moves()


def _text(name: str, *, is_needed: bool = False, default: str | None = None) -> sa.Column[str]:
    server_default = None if default is None else sa.text(default)
    return sa.Column(name, sa.Text(), nullable=not is_needed, server_default=server_default)


def _at(name: str, *, is_needed: bool = False) -> sa.Column[object]:
    return sa.Column(name, UTCDateTime(), nullable=not is_needed)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0"))


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _corrections() -> None:
    op.create_table(
        "corrections",
        _text("school_id", is_needed=True),
        _text("id", is_needed=True),
        _text("requester_id", is_needed=True),
        _text("motive", is_needed=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        _at("submitted_at", is_needed=True),
        _text("submitted_by", is_needed=True),
        sa.CheckConstraint("motive IN ('moving', 'error')", name=op.f("ck_corrections_motive")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_school_id_requester_id"), "corrections", ["school_id", "requester_id"])


def _evidence() -> None:
    op.create_table(
        "correction_evidence",
        _text("school_id", is_needed=True),
        _text("correction_id", is_needed=True),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("file_name", is_needed=True),
        _text("content_type", is_needed=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "content_type IN ('application/pdf', 'image/jpeg', 'image/png')",
            name=op.f("ck_correction_evidence_content_type"),
        ),
        sa.CheckConstraint("length(content) <= 10000000", name=op.f("ck_correction_evidence_size")),
        sa.ForeignKeyConstraint(
            ["school_id", "correction_id"],
            ["corrections.school_id", "corrections.id"],
            name=op.f("fk_correction_evidence_school_id_correction_id_corrections"),
        ),
        sa.PrimaryKeyConstraint("school_id", "correction_id", "number", name=op.f("pk_correction_evidence")),
    )


def _items() -> None:
    op.create_table(
        "correction_items",
        _text("school_id", is_needed=True),
        _text("correction_id", is_needed=True),
        sa.Column("number", sa.Integer(), nullable=False),
        *(_text(name, is_needed=True) for name in ("stream", "record_id", "field", "operation")),
        _text("base_value"),
        _at("base_seen_at"),
        _text("new_value"),
        _at("withdraw_asked_at"),
        _text("state", is_needed=True, default="'submitted'"),
        *(_text(name) for name in ("outcome", "reason", "note_parent", "policy")),
        _text("needs", is_needed=True, default="''"),
        _flag("is_secret"),
        *(_text(name) for name in ("base_text", "base_digest", "new_text", "final_text", "wanted_digest", "channel")),
        _count("round"),
        _count("attempts"),
        _at("sending_at"),
        _at("next_try_at"),
        _text("error"),
        _flag("is_retraction_due"),
        _text("first_accepted_by"),
        _text("decided_by"),
        *(_at(name) for name in ("delivered_at", "decided_at", "confirmed_at", "closed_at")),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_correction_items_state")),
        sa.CheckConstraint(f"outcome IS NULL OR outcome IN ({OUTCOMES})", name=op.f("ck_correction_items_outcome")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (state <> 'closed')", name=op.f("ck_correction_items_closed_with_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "correction_id"],
            ["corrections.school_id", "corrections.id"],
            name=op.f("fk_correction_items_school_id_correction_id_corrections"),
        ),
        sa.PrimaryKeyConstraint("school_id", "correction_id", "number", name=op.f("pk_correction_items")),
    )
    op.create_index(op.f("ix_correction_items_school_id_state"), "correction_items", ["school_id", "state"])
    op.create_index(
        op.f("ix_correction_items_school_id_stream_record_id"),
        "correction_items",
        ["school_id", "stream", "record_id"],
    )


def _moves() -> None:
    allowed = ", ".join(f"'{move}'" for move in MOVES)
    op.create_table(
        "correction_moves",
        sa.Column("id", sa.Integer(), nullable=False),
        _text("school_id", is_needed=True),
        _text("correction_id", is_needed=True),
        sa.Column("number", sa.Integer(), nullable=False),
        _at("moved_at", is_needed=True),
        *(_text(name, is_needed=True) for name in ("from_place", "to_place", "actor", "role", "reason")),
        sa.CheckConstraint(f"from_place || '>' || to_place IN ({allowed})", name=op.f("ck_correction_moves_allowed")),
        sa.ForeignKeyConstraint(
            ["school_id", "correction_id", "number"],
            ["correction_items.school_id", "correction_items.correction_id", "correction_items.number"],
            name=op.f("fk_correction_moves_school_id_correction_id_number_correction_items"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_moves")),
    )
    op.create_index(
        op.f("ix_correction_moves_school_id_correction_id_number"),
        "correction_moves",
        ["school_id", "correction_id", "number"],
    )
