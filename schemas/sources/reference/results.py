"""Test results in the reference dialect."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from schemas.sources.reference.parts import Wire
from schemas.sources.scalars import BeginsAt, Count, Day, Decimal, Key, SchoolYear, Text, YearGroup

_LEVELS = {"AE": frozenset("ABCDE"), "IV": frozenset({"I", "II", "III", "IV", "V"})}


class Part(Wire):
    """A part of a method test; without a score it was not offered."""

    name: Text
    score: Decimal | None
    max_score: Decimal | None


class MethodTestResult(Wire):
    """A result of a test that belongs to a teaching method."""

    id: Key
    pupil_id: Key
    method: Text
    test: Text
    subject: Text
    taken_on: Day
    school_year: SchoolYear
    year_group: YearGroup | None
    publish_from: BeginsAt | None
    parts: tuple[Part, ...]
    score: Decimal | None
    max_score: Decimal | None
    norm: Text | None
    grade: Text | None


class Level(Wire):
    """A score against a reference. A to E and I to V are closed scales; the other kinds are free text."""

    kind: Literal[
        "AE",
        "IV",
        "CAE",
        "CIV",
        "DL",
        "DLE",
        "DQ",
        "percentile",
        "t_score",
        "stanine",
        "c_score",
        "avi",
        "rntrm",
        "lgh",
        "standard_score",
        "zml",
        "norm",
    ]
    value: Text

    @model_validator(mode="after")
    def _is_on_its_scale(self) -> Level:
        scale = _LEVELS.get(self.kind)
        if scale is not None and self.value not in scale:
            raise ValueError("not a level of this scale")
        return self


class TestResult(Wire):
    """A result of a test of the pupil monitoring system, in any status."""

    __test__ = False

    id: Key
    pupil_id: Key
    test: Text
    test_name: Text
    subject: Text
    taken_on: Day
    school_year: SchoolYear
    year_group: YearGroup
    moment: Literal["B", "M", "E"] | None
    moment_year_group: YearGroup | None
    status: Literal["in_progress", "final", "cancelled"]
    publish_from: BeginsAt | None
    raw_score: Count | None
    scale_score: Decimal | None
    scale: Text | None
    functioning_level: Text | None
    levels: tuple[Level, ...]
