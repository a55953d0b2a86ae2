"""Test results. Scores are decimals in text with a dot, exactly as the source gave them less needless zeros."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple


class Part(NamedTuple):
    """One part of a method test. No score: the part was not offered."""

    name: str
    score: str | None
    max_score: str | None


class MethodTestResult(NamedTuple):
    """A result of a test that belongs to a teaching method (methodetoets)."""

    key: str
    pupil_key: str
    method: str
    test: str
    subject: str
    taken_on: date
    school_year: int
    year_group: str | None
    publish_from: datetime | None
    parts: tuple[Part, ...]
    score: str | None
    max_score: str | None
    norm: str | None
    grade: str | None


class Level(NamedTuple):
    """One reading of a score against a reference: A–E, I–V, DLE, percentile and the other kinds."""

    kind: str
    value: str


class TestResult(NamedTuple):
    """A result of a test of the pupil monitoring system (LVS).

    `scale_score` is the vaardigheidsscore on `scale`; `moment` is M5 for the middle of year group 5. `year_group`
    is the pupil's own at the time. `status` is in_progress, final or cancelled.
    """

    key: str
    pupil_key: str
    test: str
    test_name: str
    subject: str
    taken_on: date
    school_year: int
    year_group: str
    moment: str | None
    status: str
    publish_from: datetime | None
    raw_score: int | None
    scale_score: str | None
    scale: str | None
    functioning_level: str | None
    levels: tuple[Level, ...]
