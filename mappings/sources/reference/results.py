"""Test results of the reference dialect."""

from __future__ import annotations

from mappings.sources.reference.parts import decimal_of, soft
from schemas.canonical import results
from schemas.sources.reference import results as wire


def method_test_result(record: wire.MethodTestResult) -> results.MethodTestResult:
    """Read a result of a method's test."""
    return results.MethodTestResult(
        key=record.id,
        pupil_key=record.pupil_id,
        method=record.method,
        test=record.test,
        subject=record.subject.strip().lower(),
        taken_on=record.taken_on,
        school_year=record.school_year,
        year_group=soft(record.year_group or ""),
        publish_from=record.publish_from,
        parts=tuple(
            results.Part(part.name, decimal_of(part.score), decimal_of(part.max_score)) for part in record.parts
        ),
        score=decimal_of(record.score),
        max_score=decimal_of(record.max_score),
        norm=record.norm,
        grade=record.grade,
    )


def test_result(record: wire.TestResult) -> results.TestResult:
    """Read a result of the pupil monitoring system."""
    made_for = (record.moment_year_group or "").strip().upper()
    return results.TestResult(
        key=record.id,
        pupil_key=record.pupil_id,
        test=record.test.strip().lower(),
        test_name=record.test_name,
        subject=record.subject.strip().lower(),
        taken_on=record.taken_on,
        school_year=record.school_year,
        year_group=record.year_group.strip().upper(),
        moment=None if record.moment is None else f"{record.moment}{made_for}",
        status=record.status,
        publish_from=record.publish_from,
        raw_score=record.raw_score,
        scale_score=decimal_of(record.scale_score),
        scale=record.scale,
        functioning_level=record.functioning_level,
        levels=tuple(results.Level(level.kind, level.value) for level in record.levels),
    )
