"""What concerns one pupil: a record of each stream, and the row that must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.streams import Stream
from tests import builders, dossier_builders
from tests.unit.row_sentinels import DOCUMENT, DOCUMENT_COLUMNS, FROM_AT, PHONES, UNTIL_AT, A, C

RECORDS: Mapping[Stream, Any] = {
    Stream.ABSENCES: builders.absence(
        key="s-key",
        pupil_key="s-pupil",
        kind="s-kind",
        reason="s-reason",
        starts_at=FROM_AT,
        ends_at=UNTIL_AT,
        reported_by="s-reporter",
    ),
    Stream.MEDICAL_ITEMS: dossier_builders.medical_item(
        key="s-key",
        pupil_key="s-pupil",
        kind="s-kind",
        name="s-name",
        details="s-details",
        instructions="s-instructions",
        from_on=A,
        until_on=C,
        time_from="12:30",
        time_until="13:30",
        phone=PHONES[0],
    ),
    Stream.SUPPORT_PLANS: builders.support_plan(
        key="s-key",
        pupil_key="s-pupil",
        subject="s-subject",
        from_on=A,
        until_on=C,
        goals="s-goals",
        approach="s-approach",
        evaluation="s-evaluation",
        employee_key="s-employee",
        document=DOCUMENT,
    ),
    Stream.REPORTS: dossier_builders.report(
        key="s-key",
        pupil_key="s-pupil",
        title="s-title",
        period="s-period",
        school_year=2031,
        year_group="s-year",
        reported_on=A,
        publish_from=FROM_AT,
        document=DOCUMENT,
    ),
    Stream.NOTES: builders.note(
        key="s-key",
        pupil_key="s-pupil",
        category="s-category",
        noted_on=A,
        title="s-title",
        text="s-text",
        employee_key="s-employee",
        is_reply_allowed=True,
    ),
}
"""A record of each stream in which no two fields hold the same."""

EXPECTED: Mapping[Stream, Mapping[str, object]] = {
    Stream.ABSENCES: {
        "pupil_id": "s-pupil",
        "kind": "s-kind",
        "reason": "s-reason",
        "is_authorised": True,
        "starts_at": FROM_AT,
        "ends_at": UNTIL_AT,
        "reported_by": "s-reporter",
    },
    Stream.MEDICAL_ITEMS: {
        "pupil_id": "s-pupil",
        "kind": "s-kind",
        "name": "s-name",
        "details": "s-details",
        "instructions": "s-instructions",
        "from_on": A,
        "until_on": C,
        "time_from": "12:30",
        "time_until": "13:30",
        "phone": "+31600000009",
    },
    Stream.SUPPORT_PLANS: {
        "pupil_id": "s-pupil",
        "subject": "s-subject",
        "from_on": A,
        "until_on": C,
        "goals": "s-goals",
        "approach": "s-approach",
        "evaluation": "s-evaluation",
        "employee_id": "s-employee",
        **DOCUMENT_COLUMNS,
    },
    Stream.REPORTS: {
        "pupil_id": "s-pupil",
        "title": "s-title",
        "period": "s-period",
        "school_year": 2031,
        "year_group": "s-year",
        "reported_on": A,
        **DOCUMENT_COLUMNS,
        "visible_from": FROM_AT,
    },
    Stream.NOTES: {
        "pupil_id": "s-pupil",
        "category": "s-category",
        "noted_on": A,
        "title": "s-title",
        "text": "s-text",
        "employee_id": "s-employee",
        "is_reply_allowed": True,
    },
}
"""What each column of each table must hold, written by hand."""
