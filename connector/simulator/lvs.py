"""Results of the pupil monitoring system (leerlingvolgsysteem): begin, middle and end of the year."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple

from connector.simulator.amounts import about
from connector.simulator.dates import day, instant, school_year
from connector.simulator.draft import Draft, Record
from connector.simulator.people import year_group_on

Levels = Sequence[tuple[str, str]]


class Exam(NamedTuple):
    """A test of the system; `scale` None is one that gives no scale score."""

    code: str
    name: str
    subject: str
    scale: str | None


ARITHMETIC = Exam("rekenen_wiskunde", "Rekenen-Wiskunde 3.0", "rekenen", "RW 3.0")
SPELLING = Exam("spelling", "Spelling 3.0", "spelling", "SP 3.0")
READING = Exam("begrijpend_lezen", "Begrijpend lezen 3.0", "begrijpend lezen", "BL 3.0")
WORDS = Exam("dmt", "Drie-Minuten-Toets", "technisch lezen", "DMT 2018")
AVI = Exam("avi", "AVI-toetskaarten", "technisch lezen", None)
EXAMS = (ARITHMETIC, ARITHMETIC, SPELLING, READING, WORDS, AVI)
# When each moment is: the middle of the year is in January, its end in June.
MOMENTS = {"B": (9, 20), "M": (1, 25), "E": (6, 5)}
TESTED = frozenset("345678S")
PUBLIC_IN = 14


def monitor(draft: Draft) -> None:
    """Add the results of every pupil from group 3 on; the first pupil's stand on each side of every gate."""
    for number, pupil in enumerate(draft.streams["pupils"]):
        rng = draft.rng("lvs", number)
        if number == 0:
            _known(draft, rng, pupil)
        elif pupil["id"] == draft.roles.get("pupil_two_households"):
            _result(draft, rng, pupil, READING, "E", role="test_two_households")
        if pupil["year_group"] in TESTED and pupil["status"] in ("enrolled", "guest", "left"):
            for _ in range(about(rng, draft.amounts.tests)):
                _result(draft, rng, pupil, rng.choice(EXAMS), rng.choice("MEME"), int(rng.random() * 1.3))


def _known(draft: Draft, rng: Random, pupil: Record) -> None:
    final = _result(draft, rng, pupil, ARITHMETIC, "M", role="test_final")
    draft.roles["test_moment_m"] = final["id"]
    final.update(
        raw_score=41, scale_score="112.4", levels=levels_of(("IV", "II"), ("AE", "B"), ("DL", "15"), ("DLE", "17"))
    )
    _result(draft, rng, pupil, SPELLING, "B", role="test_moment_b")
    _result(draft, rng, pupil, SPELLING, "E", role="test_moment_e")
    started = _result(draft, rng, pupil, READING, "M", role="test_in_progress")
    started.update(status="in_progress", scale_score=None, functioning_level=None, levels=[])
    _result(draft, rng, pupil, READING, "B", role="test_cancelled").update(status="cancelled", raw_score=None)
    later = instant(draft.today + timedelta(days=PUBLIC_IN), 15)
    _result(draft, rng, pupil, READING, "E", role="test_future").update(publish_from=later)
    _result(draft, rng, pupil, WORDS, "M", role="test_level_ae").update(levels=levels_of(("AE", "C")))
    _result(draft, rng, pupil, SPELLING, "M", role="test_level_iv").update(levels=levels_of(("IV", "V")))
    _result(draft, rng, pupil, AVI, "M", role="test_avi")
    below = _result(draft, rng, pupil, ARITHMETIC, "B", role="test_other_level")
    below.update(moment_year_group="2", functioning_level="E2")
    _result(draft, rng, pupil, ARITHMETIC, None, role="test_without_moment").update(moment_year_group=None)
    _result(draft, rng, pupil, ARITHMETIC, "E", 1, role="test_past_year")
    _result(draft, rng, pupil, ARITHMETIC, "M", 2, role="test_two_years_ago")


def levels_of(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    """Return levels as the wire writes them."""
    return [{"kind": kind, "value": value} for kind, value in pairs]


def latest(today: date, moment: str | None, years_back: int = 0) -> date:
    """Return the last day before today on which that moment's tests were taken, or one some years before."""
    if moment is None:
        return today - timedelta(days=9)
    month, number = MOMENTS[moment]
    year = today.year if date(today.year, month, number) < today else today.year - 1
    return date(year - years_back, month, number)


def _result(
    draft: Draft, rng: Random, pupil: Record, exam: Exam, moment: str | None, back: int = 0, *, role: str | None = None
) -> Record:
    on = latest(draft.today, moment, back) + timedelta(days=0 if role else int(rng.random() * 12) - 12)
    group = year_group_on(draft.today, pupil, on) or "1"
    return draft.add(
        "test_results",
        role,
        pupil_id=pupil["id"],
        test=exam.code,
        test_name=exam.name,
        subject=exam.subject,
        taken_on=day(on),
        school_year=school_year(on),
        year_group=group,
        moment=moment,
        moment_year_group=group,
        status="final",
        publish_from=None,
        **_scored(rng, exam, group),
    )


def _scored(rng: Random, exam: Exam, group: str) -> dict[str, Any]:
    if exam is AVI:
        reached = f"{'ME'[int(rng.random() * 2)]}{group}"
        return _score(None, None, None, None, (("avi", reached),))
    rank = rng.random()
    raw, score = 20 + int(rank * 40), f"{80 + int(rank * 900) / 10:.1f}"
    months = 10 * (int(group) - 2) if group.isdigit() and int(group) > 2 else 10
    levels: Levels = (
        ("IV", ("V", "IV", "III", "II", "I")[int(rank * 5)]),
        ("AE", "EDCBA"[int(rank * 5)]),
        ("percentile", str(1 + int(rank * 98))),
        ("DLE", str(int(months * (0.7 + 0.6 * rank)))),
    )
    return _score(raw, score, exam.scale, f"M{group}", levels)


def _score(
    raw: int | None, score: str | None, scale: str | None, functioning: str | None, levels: Levels
) -> dict[str, Any]:
    return {
        "raw_score": raw,
        "scale_score": score,
        "scale": scale,
        "functioning_level": functioning,
        "levels": levels_of(*levels),
    }
