"""Invoices. Amounts are whole euro cents; `lines` is JSON text."""

from datetime import date

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Text
from sqlmodel import Field

from schemas.tables.columns import PortalRow


class InvoiceRow(PortalRow, table=True):
    """An invoice that was sent to a guardian of the portal."""

    __tablename__ = "invoices"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "debtor_id"], ["guardians.school_id", "guardians.id"]),
        Index(None, "school_id", "debtor_id"),
    )

    debtor_id: str = Field(sa_type=Text)
    pupil_id: str | None = Field(sa_type=Text)
    number: str = Field(sa_type=Text)
    description: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    invoiced_on: date
    due_on: date | None
    lines: str = Field(sa_type=Text)
    total_cents: int = Field(sa_type=BigInteger)
    paid_cents: int = Field(sa_type=BigInteger)
