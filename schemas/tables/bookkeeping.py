"""What the connector remembers between runs. Keys, codes, counts and times; never a record's values."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from schemas.tables.columns import Row, SchoolRow


class SchoolStateRow(SchoolRow, table=True):
    """Which source feeds a school, and the newest document it was fed by."""

    __tablename__ = "schools"

    name: str = Field(sa_type=Text)
    source: str = Field(sa_type=Text)
    dialect: str = Field(sa_type=Text)
    document_at: datetime | None = None
    document_digest: str | None = Field(default=None, sa_type=Text)


class ImportedDocumentRow(SchoolRow, table=True):
    """A document that a school was fed by, known by the digest of its bytes; `document_at` is when it was made."""

    __tablename__ = "imported_documents"

    digest: str = Field(primary_key=True, sa_type=Text)
    document_at: datetime
    imported_at: datetime


class InvitationKeyRow(SchoolRow, table=True):
    """The key of a school's hashes, of mail addresses and of keys kept back; made when first needed, never shown."""

    __tablename__ = "invitation_keys"

    key: str = Field(sa_type=Text)


class InvitationRow(SchoolRow, table=True):
    """A guardian who was in the last export of invitations. `mail_digest` is a keyed hash; no address is kept here."""

    __tablename__ = "invitations"

    guardian_id: str = Field(primary_key=True, sa_type=Text)
    mail_digest: str = Field(sa_type=Text)
    exported_at: datetime


class BouncedMailRow(SchoolRow, table=True):
    """A guardian whose mail came back. Holds for the address of that moment only, known by its keyed hash."""

    __tablename__ = "bounced_mails"

    guardian_id: str = Field(primary_key=True, sa_type=Text)
    mail_digest: str = Field(sa_type=Text)
    bounced_at: datetime
    noted_by: str = Field(sa_type=Text)


class LeaseRow(SchoolRow, table=True):
    """Who may run now. `epoch` only grows; times are the database's clock.

    `checked_at` is the last time a run looked at the source and ended well, quiet or not.
    """

    __tablename__ = "leases"

    epoch: int
    holder: str | None = Field(default=None, sa_type=Text)
    acquired_at: datetime | None = None
    expires_at: datetime | None = None
    checked_at: datetime | None = None


class CheckpointRow(SchoolRow, table=True):
    """Where a stream stands. `fingerprint` is of the settings and mapping that decided its rows."""

    __tablename__ = "checkpoints"

    stream: str = Field(primary_key=True, sa_type=Text)
    cursor: str | None = Field(default=None, sa_type=Text)
    fingerprint: str | None = Field(default=None, sa_type=Text)
    loaded_at: datetime | None = None
    full_reason: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime


class IdAliasRow(SchoolRow, table=True):
    """An exception: this source key means that id."""

    __tablename__ = "id_aliases"

    stream: str = Field(primary_key=True, sa_type=Text)
    source_key: str = Field(primary_key=True, sa_type=Text)
    id: str = Field(sa_type=Text)


class HiddenKeyRow(SchoolRow, table=True):
    """A key of a parent stream that the source has or had and the portal does not show, and why."""

    __tablename__ = "hidden_keys"

    stream: str = Field(primary_key=True, sa_type=Text)
    id: str = Field(primary_key=True, sa_type=Text)
    reason: str = Field(sa_type=Text)
    since_at: datetime


class WithheldKeyRow(SchoolRow, table=True):
    """A record that is kept back, known by a keyed hash of its key. `row_digest` is what a withdrawn row was like.

    Without a digest a gate keeps it back: should it show, the brake takes it for an old record.
    """

    __tablename__ = "withheld_keys"

    stream: str = Field(primary_key=True, sa_type=Text)
    key_hash: str = Field(primary_key=True, sa_type=Text)
    row_digest: str | None = Field(default=None, sa_type=Text)
    noted_at: datetime


class PendingKeyRow(SchoolRow, table=True):
    """A key that still has to be removed, or that the brake holds. `is_held` waits for a person."""

    __tablename__ = "pending_keys"
    __table_args__ = (
        CheckConstraint("action IN ('add', 'alter', 'remove')", name="action"),
        Index(None, "school_id", "run_id"),
    )

    stream: str = Field(primary_key=True, sa_type=Text)
    id: str = Field(primary_key=True, sa_type=Text)
    action: str = Field(sa_type=Text)
    run_id: str = Field(sa_type=Text)
    is_held: bool
    reason: str | None = Field(default=None, sa_type=Text)
    created_at: datetime
    expires_at: datetime | None = None
    approved_at: datetime | None = None
    approved_by: str | None = Field(default=None, sa_type=Text)


class QuarantineRow(SchoolRow, table=True):
    """A record that could not be used. Keeps no payload: replay pulls it again."""

    __tablename__ = "quarantine"
    __table_args__ = (Index(None, "school_id", "missing_stream", "missing_key"),)

    stream: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    code: str = Field(sa_type=Text)
    field_path: str = Field(sa_type=Text)
    is_hiding: bool
    missing_stream: str | None = Field(default=None, sa_type=Text)
    missing_key: str | None = Field(default=None, sa_type=Text)
    run_id: str = Field(sa_type=Text)
    first_seen_at: datetime
    last_seen_at: datetime
    reported_at: datetime | None = None
    discarded_at: datetime | None = None
    discarded_by: str | None = Field(default=None, sa_type=Text)


class StoppedStreamRow(SchoolRow, table=True):
    """A stream that the source refuses, or of which many records lack the same field. Gone when it goes on.

    `what` is the path of the field or what the source answered, `decides` what that field decides.
    """

    __tablename__ = "stopped_streams"
    __table_args__ = (CheckConstraint("decides IN ('nothing', 'part', 'whether')", name="decides"),)

    stream: str = Field(primary_key=True, sa_type=Text)
    code: str = Field(sa_type=Text)
    what: str = Field(sa_type=Text)
    decides: str = Field(sa_type=Text)
    records: int
    since_at: datetime
    tries: int
    retry_at: datetime


class UnjudgedRow(SchoolRow, table=True):
    """A row that was withheld because nobody could tell any more who may see it: a keyed digest, no content.

    Within 14 days it may come back as it was without a person's approval.
    """

    __tablename__ = "unjudged_rows"

    stream: str = Field(primary_key=True, sa_type=Text)
    id: str = Field(primary_key=True, sa_type=Text)
    digest: str = Field(sa_type=Text)
    withheld_at: datetime


class RunRow(Row, table=True):
    """One execution for one school."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "school_id", "started_at"),)

    run_id: str = Field(primary_key=True, sa_type=Text)
    school_id: str = Field(sa_type=Text)
    source: str = Field(sa_type=Text)
    trigger: str = Field(sa_type=Text)
    started_at: datetime
    finished_at: datetime | None = None
    status: str = Field(sa_type=Text)
    error: str | None = Field(default=None, sa_type=Text)


class RunStreamRow(Row, table=True):
    """The sums of one stream in one run. fetched = the seven that follow it; `held` is a part of the plan."""

    __tablename__ = "run_streams"
    __table_args__ = (Index(None, "school_id", "stream", "finished_at"),)

    run_id: str = Field(primary_key=True, sa_type=Text)
    stream: str = Field(primary_key=True, sa_type=Text)
    school_id: str = Field(sa_type=Text)
    mode: str = Field(sa_type=Text)
    fetched: int = 0
    added: int = 0
    altered: int = 0
    unchanged: int = 0
    withheld: int = 0
    quarantined: int = 0
    tombstones: int = 0
    duplicates: int = 0
    missing: int = 0
    withdrawn: int = 0
    removed: int = 0
    held: int = 0
    disappeared: int = 0
    appeared: int = 0
    size_before: int = 0
    finished_at: datetime


class RunGateRow(Row, table=True):
    """How many records of one stream one gate withheld in one run."""

    __tablename__ = "run_gates"

    run_id: str = Field(primary_key=True, sa_type=Text)
    stream: str = Field(primary_key=True, sa_type=Text)
    gate: str = Field(primary_key=True, sa_type=Text)
    records: int


class BackfillRow(SchoolRow, table=True):
    """A plan to load a period of a school's history, window by window. Empty `modules` is all that are open.

    The newest one that has not ended is gone on with; a new plan ends the one before.
    """

    __tablename__ = "backfills"

    plan_id: str = Field(primary_key=True, sa_type=Text)
    from_on: date
    until_on: date
    modules: str = Field(sa_type=Text)
    records: int
    created_at: datetime
    ended_at: datetime | None = None


class BackfillWindowRow(SchoolRow, table=True):
    """One window of a plan, both days in it: a run of its own. Done once `done_at` is set."""

    __tablename__ = "backfill_windows"

    plan_id: str = Field(primary_key=True, sa_type=Text)
    number: int = Field(primary_key=True)
    from_on: date
    until_on: date
    run_id: str | None = Field(default=None, sa_type=Text)
    fetched: int = 0
    done_at: datetime | None = None


class DueTimeRow(SchoolRow, table=True):
    """When a job of a school (of none: '') is due, and which scheduler claimed it, by the database's clock."""

    __tablename__ = "due_times"
    __table_args__ = (Index(None, "due_at"),)

    job: str = Field(primary_key=True, sa_type=Text)
    due_at: datetime
    claimed_by: str | None = Field(default=None, sa_type=Text)
    claimed_until: datetime | None = None
    last_started_at: datetime | None = None
    register_version: int | None = None
    last_finished_at: datetime | None = None
    last_result: str | None = Field(default=None, sa_type=Text)
    failures: int = 0


class PauseRow(Row, table=True):
    """A school or a source that a person paused."""

    __tablename__ = "pauses"

    scope: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(primary_key=True, sa_type=Text)
    paused_at: datetime
    paused_by: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)


class PauseMoveRow(Row, table=True):
    """Every pause and every resumption: only added to. `action` is pause or resume."""

    __tablename__ = "pause_moves"

    id: int | None = Field(default=None, primary_key=True)
    scope: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    moved_at: datetime
    moved_by: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
