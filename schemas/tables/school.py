"""Locations, groups, lessons, news and the year planner."""

from datetime import date, datetime

from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlmodel import Field

from schemas.tables.columns import PortalRow


class LocationRow(PortalRow, table=True):
    """A school building."""

    __tablename__ = "locations"

    name: str = Field(sa_type=Text)
    street: str | None = Field(sa_type=Text)
    house_number: str | None = Field(sa_type=Text)
    house_number_suffix: str | None = Field(sa_type=Text)
    postal_code: str | None = Field(sa_type=Text)
    city: str | None = Field(sa_type=Text)
    country: str | None = Field(sa_type=Text)
    phone: str | None = Field(sa_type=Text)


class NewsItemRow(PortalRow, table=True):
    """A published news item, for the whole school or one group."""

    __tablename__ = "news_items"
    __table_args__ = (Index(None, "school_id", "visible_until"),)

    title: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    group_id: str | None = Field(sa_type=Text)
    visible_from: datetime | None
    visible_until: datetime | None


class GroupRow(PortalRow, table=True):
    """A class or composite group of one school year."""

    __tablename__ = "groups"
    __table_args__ = (Index(None, "school_id", "school_year"),)

    name: str = Field(sa_type=Text)
    school_year: int
    year_groups: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)


class GroupMembershipRow(PortalRow, table=True):
    """A pupil's place in a group; `begins_at` and `ends_at` are its days as instants, for the views."""

    __tablename__ = "group_memberships"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        ForeignKeyConstraint(["school_id", "group_id"], ["groups.school_id", "groups.id"]),
        Index(None, "school_id", "pupil_id"),
        Index(None, "school_id", "group_id"),
    )

    pupil_id: str = Field(sa_type=Text)
    group_id: str = Field(sa_type=Text)
    school_year: int
    year_group: str | None = Field(sa_type=Text)
    from_on: date | None
    until_on: date | None
    begins_at: datetime | None
    ends_at: datetime | None


class GroupEmployeeRow(PortalRow, table=True):
    """An employee's work in a group."""

    __tablename__ = "group_employees"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "group_id"], ["groups.school_id", "groups.id"]),
        Index(None, "school_id", "group_id"),
    )

    group_id: str = Field(sa_type=Text)
    employee_id: str | None = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    weekdays: str = Field(sa_type=Text)
    from_on: date | None
    until_on: date | None


class CalendarItemRow(PortalRow, table=True):
    """An item of the year planner, for the whole school or one group."""

    __tablename__ = "calendar_items"

    title: str = Field(sa_type=Text)
    description: str | None = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    group_id: str | None = Field(sa_type=Text)
    is_all_day: bool
    starts_at: datetime
    ends_at: datetime | None


class LessonRow(PortalRow, table=True):
    """A weekly lesson of a group. `starts` and `ends` are local, `HH:MM`."""

    __tablename__ = "lessons"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "group_id"], ["groups.school_id", "groups.id"]),
        Index(None, "school_id", "group_id"),
        Index(None, "school_id", "visible_until"),
    )

    group_id: str = Field(sa_type=Text)
    weekday: str = Field(sa_type=Text)
    starts: str = Field(sa_type=Text)
    ends: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    employee_id: str | None = Field(sa_type=Text)
    room: str | None = Field(sa_type=Text)
    visible_from: datetime | None
    visible_until: datetime | None
