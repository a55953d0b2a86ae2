"""What a school writes about its pupils: absences, notes, support plans."""

from datetime import timedelta
from random import Random
from typing import Any

from connector.simulator.dates import day, instant
from connector.simulator.draft import Draft, Record, chance
from connector.simulator.names import NOTE_CATEGORIES, SUBJECTS, full_name

# kind, reason, is_authorised
ABSENCES = (
    ("absent", "illness", True),
    ("absent", "illness", True),
    ("late", "late", False),
    ("absent", "medical_visit", True),
    ("absent", "leave", True),
    ("absent", "unauthorised", False),
    ("absent", "other", True),
)
PLAN_STATUSES = ("concept", "review", "final", "final", "withdrawn")
DOSSIER_STATUSES = ("enrolled", "guest", "left")


def keep_dossiers(draft: Draft) -> None:
    """Write every pupil's dossier; the first pupil's holds a record on each side of every gate."""
    teachers = [employee["id"] for employee in draft.streams["employees"]]
    for number, pupil in enumerate(draft.streams["pupils"]):
        rng = draft.rng("dossier", number)
        if number == 0:
            _known_absences(draft, pupil)
            _known_notes(draft, pupil, teachers[0])
            _known_plans(draft, pupil, teachers[0])
        if pupil["id"] == draft.roles.get("pupil_two_households"):
            # The story of a removed and restored pupil needs one with something of everything.
            absence(draft, pupil, "absent", "medical_visit", True, 9)
            note(draft, pupil, "observation", True, 22, teachers[0])
            plan(draft, pupil, "final", "Rekenen", 50, -60, teachers[0])
        if pupil["status"] in DOSSIER_STATUSES:
            _dossier(draft, rng, pupil, rng.choice(teachers))


def _dossier(draft: Draft, rng: Random, pupil: Record, teacher: str) -> None:
    for _ in range(rng.choice((0, 1, 2, 3, 5, 8))):
        drawn_absence(draft, rng, pupil)
    for _ in range(rng.choice((0, 1, 2, 4))):
        drawn_note(draft, rng, pupil, teacher)
    if chance(rng, 25):
        begin = rng.randint(20, 500)
        plan(draft, pupil, rng.choice(PLAN_STATUSES), rng.choice(SUBJECTS), begin, begin - 180, teacher)


def drawn_absence(draft: Draft, rng: Random, pupil: Record) -> None:
    """Add an absence of the last two hundred days."""
    kind, reason, authorised = rng.choice(ABSENCES)
    ago, reporter = rng.randint(1, 200), rng.choice(("guardian", "school"))
    absence(draft, pupil, kind, reason, authorised, ago, reported_by=reporter)


def drawn_note(draft: Draft, rng: Random, pupil: Record, teacher: str) -> None:
    """Add a note of the last three hundred days; half of them are for parents."""
    visible = chance(rng, 50)
    category, ago = rng.choice(NOTE_CATEGORIES), rng.randint(1, 300)
    note(draft, pupil, category, visible, ago, teacher, reply=visible and chance(rng, 30))


def absence(
    draft: Draft,
    pupil: Record,
    kind: str,
    reason: str,
    authorised: bool,
    ago: int,
    role: str | None = None,
    **more: Any,
) -> Record:
    """Add an absence that began so many days ago."""
    on = draft.today - timedelta(days=ago)
    fields: dict[str, Any] = {
        "pupil_id": pupil["id"],
        "kind": kind,
        "reason": reason,
        "is_authorised": authorised,
        "starts_at": instant(on, 8, 30),
        "ends_at": instant(on, 8, 50) if kind == "late" else instant(on, 15),
        "reported_by": "guardian",
        "internal_remark": "Alleen voor het team: moeder gebeld." if ago % 5 == 0 else None,
    }
    return draft.add("absences", role, **{**fields, **more})


def _known_absences(draft: Draft, pupil: Record) -> None:
    remark = "Alleen voor het team: thuissituatie bespreken."
    absence(draft, pupil, "absent", "illness", True, 12, "absence_illness", internal_remark=remark)
    absence(draft, pupil, "late", "late", False, 6, "absence_late", reported_by="school", internal_remark=None)
    absence(
        draft,
        pupil,
        "absent",
        "leave",
        True,
        30,
        "absence_leave",
        ends_at=instant(draft.today - timedelta(days=29), 15),
    )
    absence(draft, pupil, "absent", "unauthorised", False, 45, "absence_unauthorised", reported_by="school")
    absence(draft, pupil, "absent", "illness", True, 0, "absence_open", ends_at=None)


def note(
    draft: Draft,
    pupil: Record,
    category: str,
    visible: bool,
    ago: int,
    teacher: str | None,
    role: str | None = None,
    reply: bool = False,
) -> Record:
    """Add a note made so many days ago."""
    return draft.add(
        "notes",
        role,
        pupil_id=pupil["id"],
        category=category,
        noted_on=day(draft.today - timedelta(days=ago)),
        title={
            "conversation": "Gesprek met ouders",
            "educational_needs": "Onderwijsbehoeften",
            "observation": "Observatie in de klas",
            "home_visit": "Huisbezoek",
            "day_report": "Dagverslag",
        }[category],
        text=f"Verzonnen notitie {draft.count('note')}: de afspraken zijn doorgenomen.",
        employee_id=teacher,
        visible_to_parents=visible,
        reply_allowed=reply,
    )


def _known_notes(draft: Draft, pupil: Record, teacher: str) -> None:
    note(draft, pupil, "conversation", True, 15, teacher, "note_visible", reply=True)
    note(draft, pupil, "conversation", False, 16, teacher, "note_hidden")
    for category in NOTE_CATEGORIES:
        note(draft, pupil, category, True, 40, None, f"note_visible_{category}")
        note(draft, pupil, category, False, 41, teacher, f"note_hidden_{category}")


def plan(
    draft: Draft,
    pupil: Record,
    status: str,
    subject: str,
    ago: int,
    ends_ago: int,
    teacher: str,
    role: str | None = None,
) -> Record:
    """Add a plan that began so many days ago and ended so many days ago (negative: is to end)."""
    ended = ends_ago > 0
    number = draft.count("plan")
    goals = f"Verzonnen doel {number}: de stof van het volgende blok beheersen."
    written = not ended and status != "review"
    return draft.add(
        "support_plans",
        role,
        pupil_id=pupil["id"],
        subject=subject,
        status=status,
        from_on=day(draft.today - timedelta(days=ago)),
        until_on=day(draft.today - timedelta(days=ends_ago)) if ended or status == "final" else None,
        goals=goals,
        approach="Drie keer per week verlengde instructie." if status != "concept" else None,
        evaluation="Het doel is behaald." if ended else None,
        employee_id=teacher,
        document=draft.file(f"hulpplan-{number}.pdf", (f"Hulpplan {subject}", full_name(pupil), goals))
        if written
        else None,
    )


def _known_plans(draft: Draft, pupil: Record, teacher: str) -> None:
    for number, status in enumerate(("concept", "review", "final", "withdrawn")):
        plan(draft, pupil, status, SUBJECTS[number], 60, -60, teacher, f"plan_{status}")
    plan(draft, pupil, "final", "Spelling", 400, 200, teacher, "plan_past")
