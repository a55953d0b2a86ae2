"""Who may see a pupil on one day, worked out the slow way. Knows days only; imports no mapping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

LEVELS = ("none", "limited", "full")
"""From least to most."""


@dataclass(frozen=True)
class Days:
    """A period as a school writes it: both days belong to it, None is open."""

    first: date | None
    last: date | None

    def has(self, day: date) -> bool:
        """Tell whether the day belongs to it."""
        return (self.first or date.min) <= day <= (self.last or date.max)

    def makes_sense(self) -> bool:
        """Tell whether it does not end before it begins."""
        return (self.first or date.min) <= (self.last or date.max)


@dataclass(frozen=True)
class Tie:
    """One relation of a guardian to a pupil."""

    authority: str
    lasts: Days
    restriction: Days | None
    information: Days | None


def is_barred(tie: Tie, day: date) -> bool:
    """Tell whether a restriction bars the guardian; one whose days make no sense bars always."""
    return tie.restriction is not None and (tie.restriction.has(day) or not tie.restriction.makes_sense())


def is_adult(birth_on: date | None, day: date) -> bool:
    """Tell whether the pupil is 18: counted in birthdays, as people do."""
    if birth_on is None:
        return False
    had_birthday = (day.month, day.day) >= (birth_on.month, birth_on.day)
    return day.year - birth_on.year - (not had_birthday) >= 18


def level_on(day: date, birth_on: date | None, enrolled: Days, ties: Iterable[Tie]) -> str:
    """Give the level of a guardian on a day."""
    ties = list(ties)
    if any(is_barred(tie, day) for tie in ties):
        return "none"
    if is_adult(birth_on, day) or not enrolled.has(day):
        return "none"
    levels = []
    for tie in ties:
        if not tie.lasts.has(day):
            continue
        if tie.authority == "full":
            levels.append("full")
        elif tie.information is not None and tie.information.has(day):
            levels.append("limited")
        else:
            levels.append("none")
    return min(levels, key=LEVELS.index) if levels else "none"
