"""What happened in earlier school years, and the rest of a full one."""

from connector.simulator.amounts import about
from connector.simulator.dossier import DOSSIER_STATUSES, absence, drawn_absence, drawn_note, note, plan
from connector.simulator.draft import Draft, Record, chance


def look_back(draft: Draft) -> None:
    """Add absences, notes and a plan of earlier years, and as many of this one as the world should have."""
    teachers = [employee["id"] for employee in draft.streams["employees"]]
    for number, pupil in enumerate(draft.streams["pupils"]):
        rng = draft.rng("history", number)
        if number == 0:
            _known(draft, pupil, teachers[0])
        elif pupil["status"] in DOSSIER_STATUSES:
            if chance(rng, 15):
                absence(draft, pupil, "absent", "illness", True, 400 + rng.randint(0, 300))
            for _ in range(about(rng, draft.amounts.absences)):
                drawn_absence(draft, rng, pupil)
            for _ in range(about(rng, draft.amounts.notes)):
                drawn_note(draft, rng, pupil, rng.choice(teachers))


def _known(draft: Draft, pupil: Record, teacher: str) -> None:
    for ago, when in ((400, "past_year"), (780, "two_years_ago")):
        absence(draft, pupil, "absent", "illness", True, ago, f"absence_{when}", internal_remark=None)
        note(draft, pupil, "conversation", True, ago + 1, teacher, f"note_{when}")
    plan(draft, pupil, "final", "Motoriek", 800, 700, teacher, "plan_two_years_ago")
