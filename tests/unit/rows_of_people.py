"""People and how they belong together: a record of each stream, and the row that must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from schemas.canonical.people import Period
from schemas.streams import Stream
from tests import builders
from tests.unit.row_sentinels import (
    A_BEGINS,
    ADDRESS,
    C_ENDS,
    CONTACT_COLUMNS,
    NAME,
    NAME_COLUMNS,
    PHONES,
    A,
    B,
    C,
    D,
    E,
    F,
)

RECORDS: Mapping[Stream, Any] = {
    Stream.PUPILS: builders.pupil(
        key="s-key",
        former_keys=("s-former",),
        number="s-pupil-number",
        name=NAME,
        gender="s-gender",
        birth_on=B,
        year_group="s-year",
        enrolled_from=A,
        enrolled_until=C,
        location_key="s-location",
        address=ADDRESS,
        phones=PHONES,
        photo_reference="s-photo",
    ),
    Stream.GUARDIANS: builders.guardian(
        key="s-key",
        former_keys=("s-former",),
        name=NAME,
        gender="s-gender",
        email="s-email",
        phones=PHONES,
        address=ADDRESS,
    ),
    Stream.GUARDIANSHIPS: builders.guardianship(
        key="s-key",
        pupil_key="s-pupil",
        guardian_key="s-guardian",
        relation="s-relation",
        authority="s-authority",
        restriction=Period(A, B),
        information=Period(C, D),
        contact_order=7,
        from_on=E,
        until_on=F,
    ),
    Stream.EMERGENCY_CONTACTS: builders.emergency_contact(
        key="s-key", pupil_key="s-pupil", name="s-name", relation="s-relation", phones=PHONES, contact_order=7
    ),
    Stream.EMPLOYEES: builders.employee(
        key="s-key",
        name=NAME,
        gender="s-gender",
        functions=("s-function", "s-another"),
        work_email="s-email",
        working_days=("s-day",),
        employed_from=A,
        employed_until=C,
    ),
    Stream.PRIVACY_PREFERENCES: builders.privacy_preference(
        key="s-key", pupil_key="s-pupil", category="group_list_phone", given_on=A
    ),
}
"""A record of each stream in which no two fields hold the same."""

EXPECTED: Mapping[Stream, Mapping[str, object]] = {
    Stream.PUPILS: {
        **CONTACT_COLUMNS,
        "number": "s-pupil-number",
        "first_names": "s-first",
        **NAME_COLUMNS,
        "gender": "s-gender",
        "birth_on": B,
        "year_group": "s-year",
        "enrolled_from": A,
        "enrolled_until": C,
        "location_id": "s-location",
        "photo_reference": "s-photo",
        "visible_from": A_BEGINS,
        "visible_until": datetime(2027, 1, 24, 23, tzinfo=UTC),
    },
    Stream.GUARDIANS: {
        **CONTACT_COLUMNS,
        "initials": "s-initials",
        **NAME_COLUMNS,
        "gender": "s-gender",
        "email": "s-email",
    },
    Stream.GUARDIANSHIPS: {
        "pupil_id": "s-pupil",
        "guardian_id": "s-guardian",
        "relation": "s-relation",
        "authority": "s-authority",
        "is_restricted": True,
        "restricted_from": A,
        "restricted_until": B,
        "is_informed": True,
        "informed_from": C,
        "informed_until": D,
        "contact_order": 7,
        "from_on": E,
        "until_on": F,
    },
    Stream.EMERGENCY_CONTACTS: {
        "pupil_id": "s-pupil",
        "name": "s-name",
        "relation": "s-relation",
        "phones": '[{"kind":"mobile","number":"+31600000009"}]',
        "contact_order": 7,
    },
    Stream.EMPLOYEES: {
        "initials": "s-initials",
        **NAME_COLUMNS,
        "functions": '["s-function","s-another"]',
        "work_email": "s-email",
        "working_days": '["s-day"]',
        "visible_from": A_BEGINS,
        "visible_until": C_ENDS,
    },
    Stream.PRIVACY_PREFERENCES: {
        "pupil_id": "s-pupil",
        "category": "group_list_phone",
        "is_allowed": True,
        "given_on": A,
    },
}
"""What each column of each table must hold, written by hand."""
