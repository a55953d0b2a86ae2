"""Pupils, guardians, guardianships and employees as rows of the portal, in the order of the tables' columns."""

from __future__ import annotations

from mappings.gates import Context, employee_gate, privacy_preference_gate, pupil_gate
from mappings.home import home_digests
from mappings.values import address_values, display_name, list_text, phones_text, sort_name
from schemas.canonical.people import (
    Address,
    EmergencyContact,
    Employee,
    Guardian,
    Guardianship,
    Phone,
    PrivacyPreference,
    Pupil,
)
from schemas.streams import Stream

Row = tuple[object, ...]


def _contact(address: Address | None, phones: tuple[Phone, ...], context: Context) -> Row:
    is_confidential = address is not None and address.is_confidential
    key = None if address is None else address.key
    home = home_digests(address, context.home_key)
    return (key, *address_values(address), is_confidential, phones_text(phones), *home)


def pupil_row(pupil: Pupil, context: Context) -> Row | str:
    """Give the row, or the gate that withholds the pupil."""
    window = pupil_gate(pupil, context)
    if isinstance(window, str):
        return window
    name = pupil.name
    return (
        *_contact(pupil.address, pupil.phones, context),
        pupil.number,
        name.first_names,
        name.call_name,
        name.prefix,
        name.last_name,
        display_name(name),
        sort_name(name),
        pupil.gender,
        pupil.birth_on,
        pupil.year_group,
        pupil.enrolled_from,
        pupil.enrolled_until,
        pupil.location_key if Stream.LOCATIONS in context.streams else None,
        pupil.photo_reference,
        *window,
    )


def guardian_row(guardian: Guardian, context: Context) -> Row | str:
    """Give the row. Whether the guardian has a child here is judged over the whole portal, not here."""
    name = guardian.name
    return (
        *_contact(guardian.address, guardian.phones, context),
        name.initials,
        name.call_name,
        name.prefix,
        name.last_name,
        display_name(name),
        sort_name(name),
        guardian.gender,
        guardian.email,
    )


def guardianship_row(relation: Guardianship, context: Context) -> Row | str:
    """Give the row; what it allows is derived in `mappings.access`."""
    del context
    restriction, information = relation.restriction, relation.information
    return (
        relation.pupil_key,
        relation.guardian_key,
        relation.relation,
        relation.authority,
        restriction is not None,
        None if restriction is None else restriction.from_on,
        None if restriction is None else restriction.until_on,
        information is not None,
        None if information is None else information.from_on,
        None if information is None else information.until_on,
        relation.contact_order,
        relation.from_on,
        relation.until_on,
    )


def employee_row(employee: Employee, context: Context) -> Row | str:
    """Give the row with the work address only, or the gate."""
    window = employee_gate(employee, context)
    if isinstance(window, str):
        return window
    name = employee.name
    return (
        name.initials,
        name.call_name,
        name.prefix,
        name.last_name,
        display_name(name),
        sort_name(name),
        list_text(employee.functions),
        employee.work_email,
        list_text(employee.working_days),
        *window,
    )


def emergency_contact_row(contact: EmergencyContact, context: Context) -> Row | str:
    """Give the row, without the phones that are confidential."""
    del context
    phones = phones_text(contact.phones)
    return (contact.pupil_key, contact.name, contact.relation, phones, contact.contact_order)


def privacy_preference_row(preference: PrivacyPreference, context: Context) -> Row | str:
    """Give the row, or the gate."""
    del context
    gate = privacy_preference_gate(preference)
    return gate if isinstance(gate, str) else preference[1:]
