"""What a school writes about its pupils: absences, notes, support plans."""

from datetime import timedelta
from random import Random
from typing import Any

from connector.simulator.dates import day, instant
from connector.simulator.draft import Draft, Record, chance
from connector.simulator.names import NOTE_CATEGORIES, SUBJECTS

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
            _absence(draft, pupil, "absent", "medical_visit", True, 9)
            _note(draft, pupil, "observation", True, 22, teachers[0])
            _plan(draft, pupil, "final", "Rekenen", 50, -60, teachers[0])
        if pupil["status"] in DOSSIER_STATUSES:
            _dossier(draft, rng, pupil, rng.choice(teachers))


def _dossier(draft: Draft, rng: Random, pupil: Record, teacher: str) -> None:
    for _ in range(rng.choice((0, 1, 2, 3, 5, 8))):
        kind, reason, authorised = rng.choice(ABSENCES)
        _absence(
            draft,
            pupil,
            kind,
            reason,
            authorised,
            rng.randint(1, 200),
            reported_by=rng.choice(("guardian", "school")),
        )
    for _ in range(rng.choice((0, 1, 2, 4))):
        visible = chance(rng, 50)
        _note(
            draft,
            pupil,
            rng.choice(NOTE_CATEGORIES),
            visible,
            rng.randint(1, 300),
            teacher,
            reply=visible and chance(rng, 30),
        )
    if chance(rng, 25):
        begin = rng.randint(20, 500)
        _plan(draft, pupil, rng.choice(PLAN_STATUSES), rng.choice(SUBJECTS), begin, begin - 180, teacher)


def _absence(
    draft: Draft,
    pupil: Record,
    kind: str,
    reason: str,
    authorised: bool,
    ago: int,
    role: str | None = None,
    **more: Any,
) -> Record:
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
    _absence(draft, pupil, "absent", "illness", True, 12, "absence_illness", internal_remark=remark)
    _absence(draft, pupil, "late", "late", False, 6, "absence_late", reported_by="school", internal_remark=None)
    _absence(
        draft,
        pupil,
        "absent",
        "leave",
        True,
        30,
        "absence_leave",
        ends_at=instant(draft.today - timedelta(days=29), 15),
    )
    _absence(draft, pupil, "absent", "unauthorised", False, 45, "absence_unauthorised", reported_by="school")
    _absence(draft, pupil, "absent", "illness", True, 0, "absence_open", ends_at=None)


def _note(
    draft: Draft,
    pupil: Record,
    category: str,
    visible: bool,
    ago: int,
    teacher: str | None,
    role: str | None = None,
    reply: bool = False,
) -> Record:
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
    _note(draft, pupil, "conversation", True, 15, teacher, "note_visible", reply=True)
    _note(draft, pupil, "conversation", False, 16, teacher, "note_hidden")
    for category in NOTE_CATEGORIES:
        _note(draft, pupil, category, True, 40, None, f"note_visible_{category}")
        _note(draft, pupil, category, False, 41, teacher, f"note_hidden_{category}")


def _plan(
    draft: Draft,
    pupil: Record,
    status: str,
    subject: str,
    ago: int,
    ends_ago: int,
    teacher: str,
    role: str | None = None,
) -> Record:
    ended = ends_ago > 0
    return draft.add(
        "support_plans",
        role,
        pupil_id=pupil["id"],
        subject=subject,
        status=status,
        from_on=day(draft.today - timedelta(days=ago)),
        until_on=day(draft.today - timedelta(days=ends_ago)) if ended or status == "final" else None,
        goals=f"Verzonnen doel {draft.count('plan')}: de stof van het volgende blok beheersen.",
        approach="Drie keer per week verlengde instructie." if status != "concept" else None,
        evaluation="Het doel is behaald." if ended else None,
        employee_id=teacher,
    )


def _known_plans(draft: Draft, pupil: Record, teacher: str) -> None:
    for number, status in enumerate(("concept", "review", "final", "withdrawn")):
        _plan(draft, pupil, status, SUBJECTS[number], 60, -60, teacher, f"plan_{status}")
    _plan(draft, pupil, "final", "Spelling", 400, 200, teacher, "plan_past")
