"""People of the reference dialect."""

from __future__ import annotations

from mappings.sources.reference.parts import address_of, adult_name, period_of, phones_of, soft
from schemas.canonical import people
from schemas.sources.reference import people as wire


def pupil(record: wire.Pupil) -> people.Pupil:
    """Read a pupil."""
    return people.Pupil(
        key=record.id,
        former_keys=record.former_ids,
        number=soft(record.pupil_number),
        name=people.Name(
            first_names=record.first_names,
            call_name=record.call_name,
            prefix=record.name_prefix,
            last_name=record.last_name,
        ),
        gender=record.gender,
        birth_on=record.birth_on,
        year_group=soft(record.year_group),
        status=record.status,
        enrolled_from=record.enrolled_from,
        enrolled_until=record.enrolled_until,
        location_key=record.location_id,
        address=address_of(record.address),
        phones=phones_of(record.phones),
        photo_reference=soft(record.photo_reference or ""),
    )


def guardian(record: wire.Guardian) -> people.Guardian:
    """Read a guardian."""
    return people.Guardian(
        key=record.id,
        former_keys=record.former_ids,
        name=adult_name(record),
        gender=record.gender,
        email=record.email,
        phones=phones_of(record.phones),
        address=address_of(record.address),
    )


def guardianship(record: wire.Guardianship) -> people.Guardianship:
    """Read who is what to which pupil."""
    return people.Guardianship(
        key=record.id,
        pupil_key=record.pupil_id,
        guardian_key=record.guardian_id,
        relation=record.relation,
        authority=record.authority,
        restriction=period_of(record.restriction),
        information=period_of(record.information_agreement),
        contact_order=record.contact_order,
        from_on=record.from_on,
        until_on=record.until_on,
    )


def employee(record: wire.Employee) -> people.Employee:
    """Read an employee."""
    return people.Employee(
        key=record.id,
        name=adult_name(record),
        gender=record.gender,
        functions=record.functions,
        work_email=record.work_email,
        working_days=record.working_days,
        employed_from=record.employed_from,
        employed_until=record.employed_until,
    )


def emergency_contact(record: wire.EmergencyContact) -> people.EmergencyContact:
    """Read someone to call."""
    return people.EmergencyContact(
        key=record.id,
        pupil_key=record.pupil_id,
        name=record.name,
        relation=soft(record.relation or ""),
        phones=phones_of(record.phones),
        contact_order=record.contact_order,
    )


def privacy_preference(record: wire.PrivacyPreference) -> people.PrivacyPreference:
    """Read what is allowed in one category."""
    return people.PrivacyPreference(
        key=record.id,
        pupil_key=record.pupil_id,
        category=record.category,
        is_allowed=record.is_allowed,
        given_on=record.given_on,
    )
