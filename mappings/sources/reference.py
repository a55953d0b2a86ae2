"""The reference dialect's wire records as canonical ones. Pure; one function per stream, found in READERS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from schemas.canonical import care, people, school
from schemas.sources import reference as wire
from schemas.streams import Stream


def to_canonical(stream: Stream, record: wire.Wire) -> Any:
    """Give the canonical record of one wire record of this stream."""
    return READERS[stream](record)


def location(record: wire.Location) -> school.Location:
    """Read a building."""
    return school.Location(
        key=record.id,
        name=record.name,
        address=_address(record.address),
        phone=_public_number(record.phone),
    )


def pupil(record: wire.Pupil) -> people.Pupil:
    """Read a pupil."""
    return people.Pupil(
        key=record.id,
        former_keys=record.former_ids,
        number=_soft(record.pupil_number),
        name=people.Name(
            first_names=record.first_names,
            call_name=record.call_name,
            prefix=record.name_prefix,
            last_name=record.last_name,
        ),
        gender=record.gender,
        birth_on=record.birth_on,
        year_group=_soft(record.year_group),
        status=record.status,
        enrolled_from=record.enrolled_from,
        enrolled_until=record.enrolled_until,
        location_key=record.location_id,
        address=_address(record.address),
        phones=_phones(record.phones),
    )


def guardian(record: wire.Guardian) -> people.Guardian:
    """Read a guardian."""
    return people.Guardian(
        key=record.id,
        former_keys=record.former_ids,
        name=_adult_name(record),
        gender=record.gender,
        email=record.email,
        phones=_phones(record.phones),
        address=_address(record.address),
    )


def guardianship(record: wire.Guardianship) -> people.Guardianship:
    """Read who is what to which pupil."""
    return people.Guardianship(
        key=record.id,
        pupil_key=record.pupil_id,
        guardian_key=record.guardian_id,
        relation=record.relation,
        authority=record.authority,
        restriction=_period(record.restriction),
        information=_period(record.information_agreement),
        contact_order=record.contact_order,
        from_on=record.from_on,
        until_on=record.until_on,
    )


def absence(record: wire.Absence) -> care.Absence:
    """Read an absence."""
    return care.Absence(
        key=record.id,
        pupil_key=record.pupil_id,
        kind=record.kind,
        reason=record.reason,
        is_authorised=record.is_authorised,
        starts_at=record.starts_at,
        ends_at=record.ends_at,
        reported_by=record.reported_by,
    )


def news_item(record: wire.NewsItem) -> school.NewsItem:
    """Read a news item."""
    return school.NewsItem(
        key=record.id,
        title=record.title,
        body=record.body,
        is_published=record.published,
        publish_from=record.publish_from,
        publish_until=record.publish_until,
        group_key=record.group_id,
    )


def employee(record: wire.Employee) -> people.Employee:
    """Read an employee."""
    return people.Employee(
        key=record.id,
        name=_adult_name(record),
        gender=record.gender,
        functions=record.functions,
        work_email=record.work_email,
        working_days=record.working_days,
        employed_from=record.employed_from,
        employed_until=record.employed_until,
    )


def group(record: wire.Group) -> school.Group:
    """Read a group."""
    return school.Group(
        key=record.id,
        name=record.name,
        school_year=record.school_year,
        year_groups=tuple(code.strip() for code in record.year_groups),
        kind=record.kind,
    )


def group_membership(record: wire.GroupMembership) -> school.GroupMembership:
    """Read a pupil's place in a group."""
    return school.GroupMembership(
        key=record.id,
        pupil_key=record.pupil_id,
        group_key=record.group_id,
        school_year=record.school_year,
        year_group=_soft(record.year_group),
        from_on=record.from_on,
        until_on=record.until_on,
    )


def group_employee(record: wire.GroupEmployee) -> school.GroupEmployee:
    """Read an employee's work in a group."""
    return school.GroupEmployee(
        key=record.id,
        group_key=record.group_id,
        employee_key=record.employee_id,
        role=record.role,
        weekdays=record.weekdays,
        from_on=record.from_on,
        until_on=record.until_on,
    )


def support_plan(record: wire.SupportPlan) -> care.SupportPlan:
    """Read a support plan."""
    return care.SupportPlan(
        key=record.id,
        pupil_key=record.pupil_id,
        subject=record.subject,
        status=record.status,
        from_on=record.from_on,
        until_on=record.until_on,
        goals=record.goals,
        approach=record.approach,
        evaluation=record.evaluation,
        employee_key=record.employee_id,
    )


def note(record: wire.Note) -> care.Note:
    """Read a note."""
    return care.Note(
        key=record.id,
        pupil_key=record.pupil_id,
        category=record.category,
        noted_on=record.noted_on,
        title=record.title,
        text=record.text,
        employee_key=record.employee_id,
        is_visible_to_parents=record.visible_to_parents,
        is_reply_allowed=record.reply_allowed,
    )


READERS: Mapping[Stream, Callable[[Any], Any]] = {
    Stream.LOCATIONS: location,
    Stream.PUPILS: pupil,
    Stream.GUARDIANS: guardian,
    Stream.GUARDIANSHIPS: guardianship,
    Stream.ABSENCES: absence,
    Stream.NEWS_ITEMS: news_item,
    Stream.EMPLOYEES: employee,
    Stream.GROUPS: group,
    Stream.GROUP_MEMBERSHIPS: group_membership,
    Stream.GROUP_EMPLOYEES: group_employee,
    Stream.SUPPORT_PLANS: support_plan,
    Stream.NOTES: note,
}
"""The function for each stream, to be picked once per stream."""


def _soft(code: str) -> str | None:
    return code.strip() or None


def _adult_name(record: wire.Guardian | wire.Employee) -> people.Name:
    return people.Name(
        initials=record.initials,
        call_name=record.call_name,
        prefix=record.name_prefix,
        last_name=record.last_name,
    )


def _address(address: wire.Address | None) -> people.Address | None:
    if address is None:
        return None
    return people.Address(
        is_confidential=address.is_confidential,
        key=address.id,
        street=address.street,
        house_number=address.house_number,
        house_number_suffix=address.house_number_suffix,
        postal_code=address.postal_code,
        city=address.city,
        country=address.country,
    )


def _phones(phones: tuple[wire.Phone, ...]) -> tuple[people.Phone, ...]:
    return tuple(people.Phone(phone.number, phone.kind, phone.is_confidential) for phone in phones)


def _public_number(phone: wire.Phone | None) -> str | None:
    # A building's canonical number has no secrecy of its own, so a secret one must not arrive at all.
    return None if phone is None or phone.is_confidential else phone.number


def _period(period: wire.Period | None) -> people.Period | None:
    return None if period is None else people.Period(period.from_on, period.until_on)
