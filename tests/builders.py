"""One canonical record of each kind, sensible by itself; a test says only what matters to it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mappings.gates import Context
from schemas.canonical.care import Absence, Document, Note, SupportPlan
from schemas.canonical.people import (
    Address,
    EmergencyContact,
    Employee,
    Guardian,
    Guardianship,
    Name,
    Period,
    Phone,
    PrivacyPreference,
    Pupil,
)
from schemas.canonical.school import (
    CalendarItem,
    Group,
    GroupEmployee,
    GroupMembership,
    Lesson,
    Location,
    NewsItem,
)
from schemas.selections import Selections
from schemas.streams import Stream

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ALL_STREAMS = frozenset(Stream)

NAME = Name(first_names="Gerarda Maria", initials="G.M.", call_name="Gradje", prefix="van 't", last_name="Hof")
ADDRESS = Address(
    is_confidential=False,
    key="a1",
    street="Dorpsstraat",
    house_number="12",
    house_number_suffix="bis",
    postal_code="1234 AB",
    city="Ons Dorp",
    country="NL",
)
PHONE = Phone(number="06-00000001", kind="mobile", is_confidential=False)


def context(
    *,
    now: datetime = NOW,
    streams: frozenset[Stream] = ALL_STREAMS,
    history_from: date | None = None,
    **selections: Any,
) -> Context:
    """Give a context in which every stream is pulled; `selections` are a school's settings by field name."""
    return Context(now, streams, Selections(**selections), history_from, b"a key")


def address(
    *,
    is_confidential: bool = False,
    key: str | None = "a1",
    street: str | None = "Dorpsstraat",
    house_number: str | None = "12",
    house_number_suffix: str | None = "bis",
    postal_code: str | None = "1234 AB",
    city: str | None = "Ons Dorp",
    country: str | None = "NL",
) -> Address:
    """Give a public address."""
    return Address(is_confidential, key, street, house_number, house_number_suffix, postal_code, city, country)


def phone(*, number: str = "06-00000001", kind: str = "mobile", is_confidential: bool = False) -> Phone:
    """Give a public mobile number."""
    return Phone(number, kind, is_confidential)


def pupil(
    *,
    key: str = "p1",
    former_keys: tuple[str, ...] = (),
    number: str | None = "20261",
    name: Name = NAME,
    gender: str = "female",
    birth_on: date | None = date(2018, 5, 6),
    year_group: str | None = "4",
    status: str = "enrolled",
    enrolled_from: date | None = date(2022, 8, 1),
    enrolled_until: date | None = None,
    location_key: str | None = "l1",
    address: Address | None = ADDRESS,
    phones: tuple[Phone, ...] = (PHONE,),
    photo_reference: str | None = None,
) -> Pupil:
    """Give a pupil who is enrolled."""
    return Pupil(
        key=key,
        former_keys=former_keys,
        number=number,
        name=name,
        gender=gender,
        birth_on=birth_on,
        year_group=year_group,
        status=status,
        enrolled_from=enrolled_from,
        enrolled_until=enrolled_until,
        location_key=location_key,
        address=address,
        phones=phones,
        photo_reference=photo_reference,
    )


def guardian(
    *,
    key: str = "v1",
    former_keys: tuple[str, ...] = (),
    name: Name = NAME,
    gender: str = "female",
    email: str | None = "gradje@example.org",
    phones: tuple[Phone, ...] = (PHONE,),
    address: Address | None = ADDRESS,
) -> Guardian:
    """Give a guardian with a public address."""
    return Guardian(key, former_keys, name, gender, email, phones, address)


def guardianship(
    *,
    key: str = "r1",
    pupil_key: str = "p1",
    guardian_key: str = "v1",
    relation: str = "mother",
    authority: str = "full",
    restriction: Period | None = None,
    information: Period | None = None,
    contact_order: int = 1,
    from_on: date | None = None,
    until_on: date | None = None,
) -> Guardianship:
    """Give a mother with full authority."""
    return Guardianship(
        key=key,
        pupil_key=pupil_key,
        guardian_key=guardian_key,
        relation=relation,
        authority=authority,
        restriction=restriction,
        information=information,
        contact_order=contact_order,
        from_on=from_on,
        until_on=until_on,
    )


def employee(
    *,
    key: str = "m1",
    name: Name = NAME,
    gender: str = "female",
    functions: tuple[str, ...] = ("leerkracht",),
    work_email: str | None = "g.hof@school.example",
    working_days: tuple[str, ...] = ("mon", "tue"),
    employed_from: date | None = date(2020, 8, 1),
    employed_until: date | None = None,
) -> Employee:
    """Give an employee at work."""
    return Employee(key, name, gender, functions, work_email, working_days, employed_from, employed_until)


def location(
    *,
    key: str = "l1",
    name: str = "Hoofdgebouw",
    address: Address | None = ADDRESS,
    phone: str | None = "010-0000001",
) -> Location:
    """Give a building."""
    return Location(key, name, address, phone)


def group(
    *,
    key: str = "g1",
    name: str = "4a",
    school_year: int = 2026,
    year_groups: tuple[str, ...] = ("4",),
    kind: str = "class",
) -> Group:
    """Give a class of this school year."""
    return Group(key, name, school_year, year_groups, kind)


def group_membership(
    *,
    key: str = "gm1",
    pupil_key: str = "p1",
    group_key: str = "g1",
    school_year: int = 2026,
    year_group: str | None = "4",
    from_on: date | None = date(2026, 8, 1),
    until_on: date | None = None,
) -> GroupMembership:
    """Give a pupil's place in a class of this school year."""
    return GroupMembership(key, pupil_key, group_key, school_year, year_group, from_on, until_on)


def group_employee(
    *,
    key: str = "ge1",
    group_key: str = "g1",
    employee_key: str = "m1",
    role: str = "teacher",
    weekdays: tuple[str, ...] = ("mon", "tue"),
    from_on: date | None = date(2026, 8, 1),
    until_on: date | None = None,
) -> GroupEmployee:
    """Give the teacher of a class."""
    return GroupEmployee(key, group_key, employee_key, role, weekdays, from_on, until_on)


def news_item(
    *,
    key: str = "n1",
    title: str = "Schoolreis",
    body: str = "Wij gaan op reis.",
    is_published: bool = True,
    publish_from: datetime | None = None,
    publish_until: datetime | None = None,
    group_key: str | None = None,
) -> NewsItem:
    """Give a published item for the whole school."""
    return NewsItem(key, title, body, is_published, publish_from, publish_until, group_key)


def emergency_contact(
    *,
    key: str = "ec1",
    pupil_key: str = "p1",
    name: str = "Oma Jansen",
    relation: str | None = "oma",
    phones: tuple[Phone, ...] = (PHONE,),
    contact_order: int = 1,
) -> EmergencyContact:
    """Give a grandmother with a public number."""
    return EmergencyContact(key, pupil_key, name, relation, phones, contact_order)


def privacy_preference(
    *,
    key: str = "pp1",
    pupil_key: str = "p1",
    category: str = "group_list_name",
    is_allowed: bool = True,
    given_on: date | None = date(2026, 8, 24),
) -> PrivacyPreference:
    """Give the consent to be named in the group list."""
    return PrivacyPreference(key, pupil_key, category, is_allowed, given_on)


def calendar_item(
    *,
    key: str = "ci1",
    title: str = "Informatieavond",
    description: str | None = None,
    kind: str = "parent_meeting",
    audience: str = "parents",
    group_key: str | None = None,
    is_all_day: bool = False,
    starts_at: datetime = datetime(2026, 12, 1, 18, 0, tzinfo=UTC),
    ends_at: datetime | None = datetime(2026, 12, 1, 20, 0, tzinfo=UTC),
) -> CalendarItem:
    """Give an evening for the parents of the whole school."""
    return CalendarItem(
        key=key,
        title=title,
        description=description,
        kind=kind,
        audience=audience,
        group_key=group_key,
        is_all_day=is_all_day,
        starts_at=starts_at,
        ends_at=ends_at,
    )


def lesson(
    *,
    key: str = "le1",
    group_key: str = "g1",
    weekday: str = "mon",
    starts: str = "08:30",
    ends: str = "09:30",
    subject: str = "Rekenen",
    employee_key: str | None = "m1",
    room: str | None = "Lokaal 3",
    from_on: date | None = date(2026, 8, 1),
    until_on: date | None = None,
) -> Lesson:
    """Give a weekly lesson of this school year."""
    return Lesson(
        key=key,
        group_key=group_key,
        weekday=weekday,
        starts=starts,
        ends=ends,
        subject=subject,
        employee_key=employee_key,
        room=room,
        from_on=from_on,
        until_on=until_on,
    )


def absence(
    *,
    key: str = "ab1",
    pupil_key: str = "p1",
    kind: str = "absent",
    reason: str = "illness",
    is_authorised: bool = True,
    starts_at: datetime = datetime(2026, 11, 23, 7, 30, tzinfo=UTC),
    ends_at: datetime | None = None,
    reported_by: str = "guardian",
) -> Absence:
    """Give an illness that has not ended."""
    return Absence(key, pupil_key, kind, reason, is_authorised, starts_at, ends_at, reported_by)


def note(
    *,
    key: str = "no1",
    pupil_key: str = "p1",
    category: str = "conversation",
    noted_on: date = date(2026, 11, 2),
    title: str = "Gesprek",
    text: str = "Het gaat goed.",
    employee_key: str | None = "m1",
    is_visible_to_parents: bool = True,
    is_reply_allowed: bool = False,
) -> Note:
    """Give a note for parents."""
    return Note(
        key=key,
        pupil_key=pupil_key,
        category=category,
        noted_on=noted_on,
        title=title,
        text=text,
        employee_key=employee_key,
        is_visible_to_parents=is_visible_to_parents,
        is_reply_allowed=is_reply_allowed,
    )


def support_plan(
    *,
    key: str = "sp1",
    pupil_key: str = "p1",
    subject: str = "Rekenen",
    status: str = "final",
    from_on: date = date(2026, 9, 1),
    until_on: date | None = None,
    goals: str = "Tafels tot tien.",
    approach: str | None = "Elke dag tien minuten.",
    evaluation: str | None = None,
    employee_key: str | None = "m1",
    document: Document | None = None,
) -> SupportPlan:
    """Give a final plan."""
    return SupportPlan(
        key=key,
        pupil_key=pupil_key,
        subject=subject,
        status=status,
        from_on=from_on,
        until_on=until_on,
        goals=goals,
        approach=approach,
        evaluation=evaluation,
        employee_key=employee_key,
        document=document,
    )


def this_school_year() -> str:
    """Give the school year of today as a document writes it, for what is tried by the machine's own clock."""
    today = datetime.now(ZoneInfo("Europe/Amsterdam"))
    year = today.year if today.month >= 8 else today.year - 1
    return f"{year}-{year + 1}"
