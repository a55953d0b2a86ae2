"""Pupils, guardians, their relation, emergency contacts, employees, consent, and who may see whom.

Lists (phones, functions, weekdays) are JSON text in a fixed order, so that two equal lists are equal texts.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text
from sqlmodel import Field

from schemas.tables.columns import PortalRow, SchoolRow


class AddressColumns(PortalRow):
    """Home address and phones: the address blank when it is confidential, without each phone that is.

    `home_digest` is a keyed hash of postcode and number, `home_suffix_digest` of these with the suffix, of a
    confidential address too: for `secret_homes` only, which compares families by them.
    """

    address_id: str | None = Field(sa_type=Text)
    street: str | None = Field(sa_type=Text)
    house_number: str | None = Field(sa_type=Text)
    house_number_suffix: str | None = Field(sa_type=Text)
    postal_code: str | None = Field(sa_type=Text)
    city: str | None = Field(sa_type=Text)
    country: str | None = Field(sa_type=Text)
    is_address_confidential: bool
    phones: str = Field(sa_type=Text)
    home_digest: str | None = Field(sa_type=Text)
    home_suffix_digest: str | None = Field(sa_type=Text)


class PupilRow(AddressColumns, table=True):
    """A pupil who is, was until recently or will be enrolled."""

    __tablename__ = "pupils"
    __table_args__ = (Index(None, "school_id", "visible_until"), Index(None, "school_id", "address_id"))

    number: str | None = Field(sa_type=Text)
    first_names: str | None = Field(sa_type=Text)
    call_name: str | None = Field(sa_type=Text)
    name_prefix: str | None = Field(sa_type=Text)
    last_name: str | None = Field(sa_type=Text)
    display_name: str = Field(sa_type=Text)
    sort_name: str = Field(sa_type=Text)
    gender: str = Field(sa_type=Text)
    birth_on: date | None
    year_group: str | None = Field(sa_type=Text)
    enrolled_from: date | None
    enrolled_until: date | None
    location_id: str | None = Field(sa_type=Text)
    photo_reference: str | None = Field(sa_type=Text)
    visible_from: datetime | None
    visible_until: datetime | None


class GuardianRow(AddressColumns, table=True):
    """A guardian of at least one pupil of the portal."""

    __tablename__ = "guardians"
    __table_args__ = (Index(None, "school_id", "address_id"),)

    initials: str | None = Field(sa_type=Text)
    call_name: str | None = Field(sa_type=Text)
    name_prefix: str | None = Field(sa_type=Text)
    last_name: str | None = Field(sa_type=Text)
    display_name: str = Field(sa_type=Text)
    sort_name: str = Field(sa_type=Text)
    gender: str = Field(sa_type=Text)
    email: str | None = Field(sa_type=Text)


class GuardianshipRow(PortalRow, table=True):
    """The relation of one guardian to one pupil, as the school recorded it."""

    __tablename__ = "guardianships"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        ForeignKeyConstraint(["school_id", "guardian_id"], ["guardians.school_id", "guardians.id"]),
        Index(None, "school_id", "pupil_id"),
        Index(None, "school_id", "guardian_id"),
    )

    pupil_id: str = Field(sa_type=Text)
    guardian_id: str = Field(sa_type=Text)
    relation: str = Field(sa_type=Text)
    authority: str = Field(sa_type=Text)
    is_restricted: bool
    restricted_from: date | None
    restricted_until: date | None
    is_informed: bool
    informed_from: date | None
    informed_until: date | None
    contact_order: int
    from_on: date | None
    until_on: date | None


class GuardianAccessRow(SchoolRow, table=True):
    """Who may see which pupil, from when until when. Derived; absent means none.

    `class_until` is the end of the pupil's last school day, without the grace: until then a class list is shown.
    """

    __tablename__ = "guardian_access"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        ForeignKeyConstraint(["school_id", "guardian_id"], ["guardians.school_id", "guardians.id"]),
        CheckConstraint("level IN ('none', 'limited', 'full')", name="level"),
        Index(None, "school_id", "pupil_id"),
    )

    guardian_id: str = Field(primary_key=True, sa_type=Text)
    pupil_id: str = Field(primary_key=True, sa_type=Text)
    position: int = Field(primary_key=True)
    level: str = Field(sa_type=Text)
    access_from: datetime | None
    access_until: datetime | None
    reason: str = Field(sa_type=Text)
    class_until: datetime | None


class GroupListEntryRow(SchoolRow, table=True):
    """What classmates' guardians may see of a pupil, if the school shows it: consent and secrecy already applied.

    Derived; a pupil without consent for the name has no entry. `birth_day` is `MM-DD`, the lists are JSON text.
    `address_id` is for the views only, which never show it. The parents are named from `parents_named_from` on.
    """

    __tablename__ = "group_list_entries"
    __table_args__ = (ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),)

    pupil_id: str = Field(primary_key=True, sa_type=Text)
    display_name: str = Field(sa_type=Text)
    sort_name: str = Field(sa_type=Text)
    photo_reference: str | None = Field(sa_type=Text)
    birth_on: date | None
    birth_day: str | None = Field(sa_type=Text)
    address_id: str | None = Field(sa_type=Text)
    street: str | None = Field(sa_type=Text)
    house_number: str | None = Field(sa_type=Text)
    house_number_suffix: str | None = Field(sa_type=Text)
    postal_code: str | None = Field(sa_type=Text)
    city: str | None = Field(sa_type=Text)
    phones: str = Field(sa_type=Text)
    parents_names: str = Field(sa_type=Text)
    parents_named_from: datetime | None
    visible_from: datetime | None
    visible_until: datetime | None


class EmployeeRow(PortalRow, table=True):
    """An employee with the work address only."""

    __tablename__ = "employees"

    initials: str | None = Field(sa_type=Text)
    call_name: str | None = Field(sa_type=Text)
    name_prefix: str | None = Field(sa_type=Text)
    last_name: str | None = Field(sa_type=Text)
    display_name: str = Field(sa_type=Text)
    sort_name: str = Field(sa_type=Text)
    functions: str = Field(sa_type=Text)
    work_email: str | None = Field(sa_type=Text)
    working_days: str = Field(sa_type=Text)
    visible_from: datetime | None
    visible_until: datetime | None


class EmergencyContactRow(PortalRow, table=True):
    """Someone to call when no guardian can be reached."""

    __tablename__ = "emergency_contacts"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        Index(None, "school_id", "pupil_id"),
    )

    pupil_id: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    relation: str | None = Field(sa_type=Text)
    phones: str = Field(sa_type=Text)
    contact_order: int


class PrivacyPreferenceRow(PortalRow, table=True):
    """What the guardians of a pupil allow in one category of the group list."""

    __tablename__ = "privacy_preferences"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.id"]),
        Index(None, "school_id", "pupil_id"),
    )

    pupil_id: str = Field(sa_type=Text)
    category: str = Field(sa_type=Text)
    is_allowed: bool
    given_on: date | None
