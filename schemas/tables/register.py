"""The activation register: what each school opened, decided by whom. Its history is kept by triggers.

Whoever writes these tables (our CLI, a plan file, the portal's own admin page) is kept in `register_history`
and moves `register_versions`, so that a run notices. `changed_by` says who, in words a school understands.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from schemas.tables.columns import Row, SchoolRow


class PhaseRow(SchoolRow, table=True):
    """A dated bundle of modules with the decision behind it."""

    __tablename__ = "phases"

    number: int = Field(primary_key=True)
    opens_on: date | None = None
    decided_by: str | None = Field(default=None, sa_type=Text)
    agreed_with: str | None = Field(default=None, sa_type=Text)
    evening_on: date | None = None
    parent_text: str | None = Field(default=None, sa_type=Text)
    changed_by: str = Field(sa_type=Text)


class ModuleRow(SchoolRow, table=True):
    """One module of one school: open from `opens_at` until `closes_at` (instants; null is not planned)."""

    __tablename__ = "modules"
    __table_args__ = (CheckConstraint("closes_at IS NULL OR opens_at IS NOT NULL", name="closes_after_opening"),)

    module: str = Field(primary_key=True, sa_type=Text)
    phase: int
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    changed_by: str = Field(sa_type=Text)


class EmbargoRow(SchoolRow, table=True):
    """A window in which an open module is hidden."""

    __tablename__ = "embargoes"
    __table_args__ = (CheckConstraint("embargo_until > embargo_from", name="ends_after_start"),)

    module: str = Field(primary_key=True, sa_type=Text)
    embargo_from: datetime = Field(primary_key=True)
    embargo_until: datetime
    reason: str | None = Field(default=None, sa_type=Text)
    changed_by: str = Field(sa_type=Text)


class SettingRow(SchoolRow, table=True):
    """One setting that a school changed from its default: a name of `schemas.selections` and a JSON value."""

    __tablename__ = "settings"

    name: str = Field(primary_key=True, sa_type=Text)
    value: str = Field(sa_type=Text)
    changed_by: str = Field(sa_type=Text)


class ContactRow(SchoolRow, table=True):
    """Whom parents of a school may ask about the portal."""

    __tablename__ = "contacts"

    name: str = Field(sa_type=Text)
    mail: str = Field(sa_type=Text)
    phone: str | None = Field(default=None, sa_type=Text)
    changed_by: str = Field(sa_type=Text)


class RevealRow(SchoolRow, table=True):
    """A module whose first load is complete. Written by runs only, so it is no part of the history."""

    __tablename__ = "reveals"

    module: str = Field(primary_key=True, sa_type=Text)
    revealed_at: datetime


class HidingRow(Row, table=True):
    """A time in which a module was or will be hidden from parents, whatever hides it; no end: until further notice.

    Written by triggers (`schemas.tables.hidings`): what is over stays as it really was, also after its cause is gone.
    """

    __tablename__ = "hidings"
    __table_args__ = (Index(None, "school_id", "module"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: str = Field(sa_type=Text)
    module: str = Field(sa_type=Text)
    hidden_from: datetime
    hidden_until: datetime | None = None


class RegisterHistoryRow(Row, table=True):
    """One change of the register. Append-only; written by triggers."""

    __tablename__ = "register_history"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    school_id: str = Field(sa_type=Text, index=True)
    subject: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    details: str = Field(sa_type=Text)
    changed_by: str = Field(sa_type=Text)


class RegisterVersionRow(SchoolRow, table=True):
    """A number that grows with every change of a school's register."""

    __tablename__ = "register_versions"

    version: int
