"""Results of the tests in the pupils' teaching methods: many, small, in parts."""

from datetime import date, timedelta
from random import Random

from connector.simulator.amounts import about
from connector.simulator.dates import day, instant, school_year
from connector.simulator.draft import Draft, Record, chance
from connector.simulator.people import year_group_on

# subject → method, names of the parts
METHODS: dict[str, tuple[str, tuple[str, ...]]] = {
    "rekenen": ("De Rekenboog", ("Optellen en aftrekken", "Klokkijken", "Meten", "Verhaalsommen")),
    "taal": ("Taalpad", ("Woordenschat", "Zinsbouw", "Schrijven")),
    "spelling": ("Spellingster", ("Woorden", "Werkwoorden")),
    "begrijpend lezen": ("Leeslicht", ("Vragen bij een tekst",)),
    "wereldoriëntatie": ("Wijde Wereld", ("Aardrijkskunde", "Geschiedenis", "Natuur")),
}
SUBJECTS = tuple(METHODS)
WORDS = ("onvoldoende", "voldoende", "ruim voldoende", "goed", "zeer goed")
TESTED = frozenset("345678S")


def take_method_tests(draft: Draft) -> None:
    """Add the results of every pupil from group 3 on; the first pupil's stand on each side of every gate."""
    for number, pupil in enumerate(draft.streams["pupils"]):
        rng = draft.rng("method tests", number)
        if number == 0:
            _known(draft, rng, pupil)
        elif pupil["id"] == draft.roles.get("pupil_two_households"):
            _result(draft, rng, pupil, "taal", _ago(draft, 18), role="method_test_two_households")
        if pupil["year_group"] in TESTED and pupil["status"] in ("enrolled", "guest", "left"):
            for _ in range(about(rng, draft.amounts.method_tests)):
                _result(
                    draft, rng, pupil, SUBJECTS[int(rng.random() * len(SUBJECTS))], _ago(draft, 3 + rng.random() * 290)
                )


def _known(draft: Draft, rng: Random, pupil: Record) -> None:
    rekenen = _result(draft, rng, pupil, "rekenen", _ago(draft, 25), role="method_test_rekenen")
    parts = [("Optellen en aftrekken", "7.5", "10"), ("Klokkijken", None, "8")]
    rekenen["parts"] = [{"name": name, "score": score, "max_score": top} for name, score, top in parts]
    rekenen.update(score="7.5", max_score="10", norm="80 %", grade="7,5")
    for ago, subject in ((24, "taal"), (23, "spelling"), (22, "begrijpend lezen")):
        _result(draft, rng, pupil, subject, _ago(draft, ago), role=f"method_test_{subject.replace(' ', '_')}")
    _result(draft, rng, pupil, "rekenen", _ago(draft, 2), 6, role="method_test_future")
    _result(draft, rng, pupil, "rekenen", _ago(draft, 380), role="method_test_past_year")
    _result(draft, rng, pupil, "taal", _ago(draft, 760), role="method_test_two_years_ago")
    bare = _result(draft, rng, pupil, "spelling", _ago(draft, 40), role="method_test_grade_only")
    bare.update(parts=[], score=None, max_score=None, norm=None, grade="goed", year_group=None)


def _ago(draft: Draft, days: float) -> date:
    return draft.today - timedelta(days=int(days))


def _result(
    draft: Draft,
    rng: Random,
    pupil: Record,
    subject: str,
    on: date,
    out_in: int | None = None,
    *,
    role: str | None = None,
) -> Record:
    method, names = METHODS[subject]
    parts = [_part(rng) for _ in names]
    reached, most = sum(part[0] or 0 for part in parts), sum(part[1] for part in parts if part[0] is not None)
    share = reached / most if most else 0
    return draft.add(
        "method_test_results",
        role,
        pupil_id=pupil["id"],
        method=method,
        test=f"Blok {1 + int(rng.random() * 12)}",
        subject=subject,
        taken_on=day(on),
        school_year=school_year(on),
        year_group=year_group_on(draft.today, pupil, on),
        publish_from=None if out_in is None else instant(draft.today + timedelta(days=out_in)),
        parts=[
            {"name": name, "score": None if score is None else halves(score), "max_score": halves(top)}
            for name, (score, top) in zip(names, parts, strict=True)
        ],
        score=halves(reached) if most else None,
        max_score=halves(most) if most else None,
        norm="80 %" if share and chance(rng, 60) else None,
        grade=WORDS[int(share * 4.99)],
    )


def _part(rng: Random) -> tuple[int | None, int]:
    """Return the score and the most there was to score, in halves; a part may not have been offered."""
    top = 16 + 2 * int(rng.random() * 8)
    return (None if rng.random() < 0.05 else int(top * (0.4 + 0.6 * rng.random()))), top


def halves(count: int) -> str:
    """Return so many halves as a decimal: 15 is "7.5", 16 is "8"."""
    return f"{count // 2}.5" if count % 2 else str(count // 2)
