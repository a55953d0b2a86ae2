"""Invoices and test results: a record of each stream, and the row that must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.canonical.finance import InvoiceLine
from schemas.canonical.results import Level, Part
from schemas.streams import Stream
from tests import dossier_builders
from tests.unit.row_sentinels import FROM_AT, A, B

RECORDS: Mapping[Stream, Any] = {
    Stream.INVOICES: dossier_builders.invoice(
        key="s-key",
        debtor_key="s-debtor",
        pupil_key="s-pupil",
        number="s-number",
        description="s-description",
        status="partly_paid",
        invoiced_on=A,
        due_on=B,
        lines=(InvoiceLine("s-line", 4000), InvoiceLine("s-discount", -750)),
        total_cents=3250,
        paid_cents=1000,
    ),
    Stream.METHOD_TEST_RESULTS: dossier_builders.method_test_result(
        key="s-key",
        pupil_key="s-pupil",
        method="s-method",
        test="s-test",
        subject="s-subject",
        taken_on=A,
        school_year=2031,
        year_group="s-year",
        publish_from=FROM_AT,
        parts=(Part("s-part", "1.5", "2"), Part("s-not-offered", None, "8")),
        score="s-score",
        max_score="s-max",
        norm="s-norm",
        grade="s-grade",
    ),
    Stream.TEST_RESULTS: dossier_builders.lvs_result(
        key="s-key",
        pupil_key="s-pupil",
        test="s-test",
        test_name="s-name",
        subject="s-subject",
        taken_on=A,
        school_year=2031,
        year_group="s-year",
        moment="s-moment",
        publish_from=FROM_AT,
        raw_score=41,
        scale_score="s-score",
        scale="s-scale",
        functioning_level="s-functioning",
        levels=(Level("IV", "II"), Level("DLE", "7")),
    ),
}
"""A record of each stream in which no two fields hold the same."""

EXPECTED: Mapping[Stream, Mapping[str, object]] = {
    Stream.INVOICES: {
        "debtor_id": "s-debtor",
        "pupil_id": "s-pupil",
        "number": "s-number",
        "description": "s-description",
        "status": "partly_paid",
        "invoiced_on": A,
        "due_on": B,
        "lines": '[{"description":"s-line","amount_cents":4000},{"description":"s-discount","amount_cents":-750}]',
        "total_cents": 3250,
        "paid_cents": 1000,
    },
    Stream.METHOD_TEST_RESULTS: {
        "pupil_id": "s-pupil",
        "method": "s-method",
        "test": "s-test",
        "subject": "s-subject",
        "taken_on": A,
        "school_year": 2031,
        "year_group": "s-year",
        "parts": '[{"name":"s-part","score":"1.5","max_score":"2"},'
        '{"name":"s-not-offered","score":null,"max_score":"8"}]',
        "score": "s-score",
        "max_score": "s-max",
        "norm": "s-norm",
        "grade": "s-grade",
        "visible_from": FROM_AT,
    },
    Stream.TEST_RESULTS: {
        "pupil_id": "s-pupil",
        "test": "s-test",
        "test_name": "s-name",
        "subject": "s-subject",
        "taken_on": A,
        "school_year": 2031,
        "year_group": "s-year",
        "moment": "s-moment",
        "raw_score": 41,
        "scale_score": "s-score",
        "scale": "s-scale",
        "functioning_level": "s-functioning",
        "levels": '[{"kind":"IV","value":"II"},{"kind":"DLE","value":"7"}]',
        "visible_from": FROM_AT,
    },
}
"""What each column of each table must hold, written by hand."""
