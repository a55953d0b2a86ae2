"""Corrections that guardians submit, item by item, and every move of them.

The portal writes a `corrections` row, its `correction_items` (down to `new_value`) and, where there is one, the
evidence, in one transaction; later it may set `withdraw_asked_at`. All other columns are the connector's. Values are
JSON texts, see `schemas.correction_fields`.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, Text, false, text
from sqlmodel import Field

from schemas.corrections import EVIDENCE_TYPES, MOST_EVIDENCE_BYTES, Motive, Outcome, State, moves
from schemas.tables.columns import Row, SchoolRow


def _one_of(column: str, words: Any) -> str:
    return f"{column} IN ({', '.join(repr(str(word)) for word in words)})"


def _default(value: str) -> dict[str, Any]:
    return {"server_default": text(value)}


MOVES = ", ".join(f"'{begin}>{end}'" for begin, end in moves())
"""Every move of `schemas.corrections`, as the constraint of the history spells it."""


class CorrectionRow(SchoolRow, table=True):
    """One submission of one guardian. `id` is the submitter's own, so that the same one sent again is the same."""

    __tablename__ = "corrections"
    __table_args__ = (
        CheckConstraint(_one_of("motive", Motive), name="motive"),
        Index(None, "school_id", "requester_id"),
    )

    id: str = Field(primary_key=True, sa_type=Text)
    requester_id: str = Field(sa_type=Text)
    motive: str = Field(sa_type=Text)
    effective_on: date | None = None
    submitted_at: datetime
    submitted_by: str = Field(sa_type=Text)


class CorrectionEvidenceRow(SchoolRow, table=True):
    """A document that a guardian sent along. Purged first."""

    __tablename__ = "correction_evidence"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "correction_id"], ["corrections.school_id", "corrections.id"]),
        CheckConstraint(_one_of("content_type", EVIDENCE_TYPES), name="content_type"),
        CheckConstraint(f"length(content) <= {MOST_EVIDENCE_BYTES}", name="size"),
    )

    correction_id: str = Field(primary_key=True, sa_type=Text)
    number: int = Field(primary_key=True)
    file_name: str = Field(sa_type=Text)
    content_type: str = Field(sa_type=Text)
    content: bytes = Field(sa_type=LargeBinary)


class CorrectionItemRow(SchoolRow, table=True):
    """One field of one person that should change, and where its life is."""

    __tablename__ = "correction_items"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "correction_id"], ["corrections.school_id", "corrections.id"]),
        CheckConstraint(_one_of("state", State), name="state"),
        CheckConstraint(f"outcome IS NULL OR {_one_of('outcome', Outcome)}", name="outcome"),
        CheckConstraint(f"(outcome IS NULL) = (state <> '{State.CLOSED.value}')", name="closed_with_outcome"),
        Index(None, "school_id", "state"),
        Index(None, "school_id", "stream", "record_id"),
    )

    correction_id: str = Field(primary_key=True, sa_type=Text)
    number: int = Field(primary_key=True)
    stream: str = Field(sa_type=Text)
    record_id: str = Field(sa_type=Text)
    field: str = Field(sa_type=Text)
    operation: str = Field(sa_type=Text)
    base_value: str | None = Field(default=None, sa_type=Text)
    base_seen_at: datetime | None = None
    new_value: str | None = Field(default=None, sa_type=Text)
    withdraw_asked_at: datetime | None = None
    state: str = Field(default=State.SUBMITTED.value, sa_type=Text, sa_column_kwargs=_default("'submitted'"))
    outcome: str | None = Field(default=None, sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    note_parent: str | None = Field(default=None, sa_type=Text)
    policy: str | None = Field(default=None, sa_type=Text)
    needs: str = Field(default="", sa_type=Text, sa_column_kwargs=_default("''"))
    is_secret: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    base_text: str | None = Field(default=None, sa_type=Text)
    base_digest: str | None = Field(default=None, sa_type=Text)
    new_text: str | None = Field(default=None, sa_type=Text)
    final_text: str | None = Field(default=None, sa_type=Text)
    wanted_digest: str | None = Field(default=None, sa_type=Text)
    channel: str | None = Field(default=None, sa_type=Text)
    round: int = Field(default=0, sa_column_kwargs=_default("0"))
    attempts: int = Field(default=0, sa_column_kwargs=_default("0"))
    sending_at: datetime | None = None
    next_try_at: datetime | None = None
    error: str | None = Field(default=None, sa_type=Text)
    is_retraction_due: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    first_accepted_by: str | None = Field(default=None, sa_type=Text)
    decided_by: str | None = Field(default=None, sa_type=Text)
    delivered_at: datetime | None = None
    decided_at: datetime | None = None
    confirmed_at: datetime | None = None
    closed_at: datetime | None = None


class CorrectionMoveRow(Row, table=True):
    """One move of one item. Append-only; a move that `schemas.corrections` does not allow is refused."""

    __tablename__ = "correction_moves"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "correction_id", "number"],
            ["correction_items.school_id", "correction_items.correction_id", "correction_items.number"],
        ),
        CheckConstraint(f"from_place || '>' || to_place IN ({MOVES})", name="allowed"),
        Index(None, "school_id", "correction_id", "number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: str = Field(sa_type=Text)
    correction_id: str = Field(sa_type=Text)
    number: int
    moved_at: datetime
    from_place: str = Field(sa_type=Text)
    to_place: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
