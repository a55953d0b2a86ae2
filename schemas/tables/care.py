"""Absences, medical items, notes, support plans and reports: what concerns one pupil."""

from datetime import date, datetime

from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlmodel import Field

from schemas.tables.columns import PortalRow


class AbsenceRow(PortalRow, table=True):
    """An absence or a late arrival."""

    __tablename__ = "absences"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        Index(None, "school_id", "pupil_id"),
    )

    pupil_id: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    is_authorised: bool
    starts_at: datetime
    ends_at: datetime | None
    reported_by: str = Field(sa_type=Text)


class NoteRow(PortalRow, table=True):
    """A note that the school marked as visible to parents."""

    __tablename__ = "notes"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        Index(None, "school_id", "pupil_id"),
    )

    pupil_id: str = Field(sa_type=Text)
    category: str = Field(sa_type=Text)
    noted_on: date
    title: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)
    employee_id: str | None = Field(sa_type=Text)
    is_reply_allowed: bool


class SupportPlanRow(PortalRow, table=True):
    """A support plan in status final."""

    __tablename__ = "support_plans"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        Index(None, "school_id", "pupil_id"),
        Index(None, "school_id", "document_id"),
    )

    pupil_id: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    from_on: date
    until_on: date | None
    goals: str = Field(sa_type=Text)
    approach: str | None = Field(sa_type=Text)
    evaluation: str | None = Field(sa_type=Text)
    employee_id: str | None = Field(sa_type=Text)
    document_id: str | None = Field(sa_type=Text)
    document_name: str | None = Field(sa_type=Text)
    document_type: str | None = Field(sa_type=Text)
    document_size: int | None
    document_sha256: str | None = Field(sa_type=Text)


class MedicalItemRow(PortalRow, table=True):
    """Medication, an allergy, a vaccination, a care provider or a rest time. Sensitive."""

    __tablename__ = "medical_items"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        Index(None, "school_id", "pupil_id"),
    )

    pupil_id: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    details: str | None = Field(sa_type=Text)
    instructions: str | None = Field(sa_type=Text)
    from_on: date | None
    until_on: date | None
    time_from: str | None = Field(sa_type=Text)
    time_until: str | None = Field(sa_type=Text)
    phone: str | None = Field(sa_type=Text)


class ReportRow(PortalRow, table=True):
    """A published school report."""

    __tablename__ = "reports"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        Index(None, "school_id", "pupil_id"),
        Index(None, "school_id", "document_id"),
    )

    pupil_id: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    period: str = Field(sa_type=Text)
    school_year: int
    year_group: str | None = Field(sa_type=Text)
    reported_on: date
    document_id: str | None = Field(sa_type=Text)
    document_name: str | None = Field(sa_type=Text)
    document_type: str | None = Field(sa_type=Text)
    document_size: int | None
    document_sha256: str | None = Field(sa_type=Text)
    visible_from: datetime | None
