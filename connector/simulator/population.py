"""The other families of a school, drawn by chance until it has its number of pupils."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from connector.simulator.billing import bill
from connector.simulator.cast import cast
from connector.simulator.dates import day, school_year
from connector.simulator.dossier import keep_dossiers
from connector.simulator.draft import Draft, Record, chance
from connector.simulator.emergencies import list_contacts
from connector.simulator.health import keep_health
from connector.simulator.history import look_back
from connector.simulator.lvs import monitor
from connector.simulator.method_tests import take_method_tests
from connector.simulator.people import Household, aged, place
from connector.simulator.planner import plan_lessons, plan_year
from connector.simulator.premises import Premises, furnish
from connector.simulator.privacy import ask_privacy
from connector.simulator.reports import write_reports


def populate(draft: Draft, size: int) -> None:
    """Draw a whole school with exactly `size` pupils; the first twelve are the cast."""
    premises = furnish(draft, size)
    cast(draft, premises, size)
    family = 0
    while (room := size - len(draft.streams["pupils"])) > 0:
        family += 1
        _family(draft, premises, family, room)
    for pupil in draft.streams["pupils"]:
        if (pupil["status"], pupil["year_group"]) == ("enrolled", "8"):
            draft.roles.setdefault("pupil_group_eight", pupil["id"])
    keep_dossiers(draft)
    for part in PARTS:
        part(draft)


# Each draws from sources and counters of its own, after all that was there before it.
PARTS: Sequence[Callable[[Draft], None]] = (
    look_back,
    list_contacts,
    keep_health,
    ask_privacy,
    bill,
    plan_year,
    plan_lessons,
    write_reports,
    take_method_tests,
    monitor,
)


def _family(draft: Draft, premises: Premises, number: int, room: int) -> None:
    rng = draft.rng("family", number)
    home = Household(draft, premises, rng, confidential=chance(rng, 3))
    parents = _parents(home)
    for _ in range(min(room, rng.choices((1, 2, 3), (45, 42, 13))[0])):
        child = _child(home)
        for parent, relation, authority in parents:
            home.tie(child, parent, relation, authority)
        place(draft, premises, child)


def _parents(home: Household) -> list[tuple[Record, str, str]]:
    rng = home.rng
    kind = rng.choices(("together", "apart", "single", "same_sex"), (66, 20, 10, 4))[0]
    mother = (home.guardian("female", mail=not chance(rng, 2)), "mother", "full")
    if kind == "single":
        return [mother]
    if kind == "same_sex":
        return [mother, (home.guardian("female"), "mother", "full")]
    authority = rng.choices(("full", "none", "unknown"), (90, 7, 3))[0] if kind == "apart" else "full"
    parents = [mother, (home.guardian("male", elsewhere=kind == "apart"), "father", authority)]
    if kind == "apart" and chance(rng, 30):
        parents.append((home.guardian("male"), "stepparent", "none"))
    return parents


def _child(home: Household) -> Record:
    rng, today = home.rng, home.draft.today
    year_group = str(rng.randint(1, 8))
    status = rng.choices(("enrolled", "registered", "future", "guest", "left"), (88, 3, 3, 1, 5))[0]
    if status == "registered":
        return home.child("0", born=aged(today, 3, -rng.randint(1, 300)), status=status, enrolled_from=None)
    if status == "future":
        begin = f"{school_year(today) + 1}-08-01"
        return home.child("1", born=aged(today, 4, -rng.randint(1, 200)), status=status, enrolled_from=begin)
    if status == "left":
        left = today - timedelta(days=rng.choice((3, 30, 120, 400)))
        return home.child(year_group, status=status, enrolled_until=day(left))
    return home.child(year_group, status=status)
