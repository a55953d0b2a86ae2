"""Invoices to guardians: contributions, trips, lunch; from concept to paid, to one household or the other."""

from datetime import timedelta
from random import Random

from connector.simulator.amounts import about
from connector.simulator.dates import day, school_year
from connector.simulator.dossier import DOSSIER_STATUSES
from connector.simulator.draft import Draft, Record

Lines = tuple[tuple[str, int], ...]

STATUSES = ("concept", "sent", "sent", "partly_paid", "paid", "paid", "paid", "cancelled")
CONTRIBUTION: Lines = (("Ouderbijdrage", 4000), ("Korting tweede kind", -750))
# description, lines in cents
BILLS: tuple[tuple[str, Lines], ...] = (
    ("Vrijwillige ouderbijdrage", CONTRIBUTION),
    ("Schoolreis", (("Bus", 1250), ("Entree", 1895))),
    ("Kamp", (("Verblijf", 6500), ("Vervoer", 1575), ("Verzekering", 99))),
    ("Overblijven", (("Overblijven, 12 keer", 2400),)),
    ("Schoolfotograaf", (("Groepsfoto", 550), ("Portret", 1295))),
)


def bill(draft: Draft) -> None:
    """Send, or not yet, the invoices of the cast and of the other families."""
    first_guardian: dict[str, str] = {}
    for tie in draft.streams["guardianships"]:
        first_guardian.setdefault(tie["pupil_id"], tie["guardian_id"])
    for number, pupil in enumerate(draft.streams["pupils"]):
        if number == 0:
            _known(draft, pupil, first_guardian[pupil["id"]])
        elif pupil["id"] == draft.roles.get("pupil_two_households"):
            _two_households(draft, pupil)
        elif pupil["id"] == draft.roles.get("pupil_leaver_old"):
            debtor = draft.roles["guardian_of_leaver_old"]
            _invoice(draft, pupil["id"], debtor, BILLS[2], "sent", 850, "invoice_of_leaver_old")
        elif pupil["status"] in DOSSIER_STATUSES:
            rng = draft.rng("billing", number)
            for _ in range(about(rng, draft.amounts.invoices)):
                _drawn(draft, rng, pupil["id"], first_guardian[pupil["id"]])


def _known(draft: Draft, pupil: Record, debtor: str) -> None:
    child = pupil["id"]
    for ago, status in enumerate(("concept", "sent", "partly_paid", "paid", "cancelled"), 20):
        _invoice(draft, child, debtor, BILLS[ago % len(BILLS)], status, ago, f"invoice_{status}")
    _invoice(draft, child, None, BILLS[0], "sent", 15, "invoice_no_debtor")
    _invoice(draft, None, debtor, ("Bijdrage van het gezin", CONTRIBUTION), "sent", 14, "invoice_without_pupil")
    _invoice(draft, child, debtor, BILLS[1], "paid", 420, "invoice_past_year")
    other = draft.roles.get("guardian_shared_home", debtor)
    _invoice(draft, child, other, BILLS[4], "sent", 8, "invoice_other_debtor")


def _two_households(draft: Draft, pupil: Record) -> None:
    for ago, which in enumerate(("first_household", "second_household"), 30):
        debtor = draft.roles[f"guardian_{which}"]
        _invoice(draft, pupil["id"], debtor, BILLS[0], "sent", ago, f"invoice_{which}")


def _drawn(draft: Draft, rng: Random, pupil: str, debtor: str) -> None:
    _invoice(draft, pupil, debtor, rng.choice(BILLS), rng.choice(STATUSES), rng.randint(3, 300))


def _invoice(
    draft: Draft,
    pupil: str | None,
    debtor: str | None,
    what: tuple[str, Lines],
    status: str,
    ago: int,
    role: str | None = None,
) -> Record:
    on = draft.today - timedelta(days=ago)
    year, (description, lines) = school_year(on), what
    total = sum(cents for _, cents in lines)
    paid = {"paid": total, "partly_paid": total // 3}.get(status, 0)
    return draft.add(
        "invoices",
        role,
        debtor_id=debtor,
        pupil_id=pupil,
        number=f"{year}{draft.count('invoice'):05d}",
        description=f"{description} {year}-{year + 1}",
        status=status,
        invoiced_on=day(on),
        due_on=None if status == "concept" else day(on + timedelta(days=30)),
        lines=[{"description": text, "amount": euros(cents)} for text, cents in lines],
        total_amount=euros(total),
        paid_amount=euros(paid),
    )


def euros(cents: int) -> str:
    """Return an amount as the wire writes it: -750 is "-7.50"."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
