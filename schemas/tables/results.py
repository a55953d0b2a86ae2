"""Test results. Scores are decimals in text; `parts` and `levels` are JSON text."""

from datetime import date, datetime

from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlmodel import Field

from schemas.tables.columns import PortalRow


class MethodTestResultRow(PortalRow, table=True):
    """A result of a method's test in a selected subject."""

    __tablename__ = "method_test_results"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        Index(None, "school_id", "pupil_id"),
    )

    pupil_id: str = Field(sa_type=Text)
    method: str = Field(sa_type=Text)
    test: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    taken_on: date
    school_year: int
    year_group: str | None = Field(sa_type=Text)
    parts: str = Field(sa_type=Text)
    score: str | None = Field(sa_type=Text)
    max_score: str | None = Field(sa_type=Text)
    norm: str | None = Field(sa_type=Text)
    grade: str | None = Field(sa_type=Text)
    visible_from: datetime | None


class TestResultRow(PortalRow, table=True):
    """A final result of a selected test of the pupil monitoring system."""

    __tablename__ = "test_results"
    __test__ = False
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        Index(None, "school_id", "pupil_id"),
    )

    pupil_id: str = Field(sa_type=Text)
    test: str = Field(sa_type=Text)
    test_name: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    taken_on: date
    school_year: int
    year_group: str = Field(sa_type=Text)
    moment: str | None = Field(sa_type=Text)
    raw_score: int | None
    scale_score: str | None = Field(sa_type=Text)
    scale: str | None = Field(sa_type=Text)
    functioning_level: str | None = Field(sa_type=Text)
    levels: str = Field(sa_type=Text)
    visible_from: datetime | None
