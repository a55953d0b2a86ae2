"""What a school must know about its pupils' health."""

from datetime import timedelta
from typing import Any

from connector.simulator.dates import day
from connector.simulator.draft import Draft, Record, chance
from connector.simulator.names import landline, mobile

# kind, name, details, instructions
ITEMS = (
    ("medication", "Salbutamol", "Bij benauwdheid", "Twee pufjes met de voorzetkamer"),
    ("medication", "Methylfenidaat", None, "Om 12.00 uur een tablet, bij de leerkracht"),
    ("allergy", "Notenallergie", "Ook bij sporen van noten", "Noodpen ligt in de groepskast; bel 112"),
    ("allergy", "Koemelkallergie", None, None),
    ("vaccination", "DKTP", "Volgens het programma", None),
    ("other", "Draagt een bril", None, "Ook bij het buitenspelen"),
)
REMARK = "Alleen voor het team: ouders zijn het hierover oneens."


def keep_health(draft: Draft) -> None:
    """Add the medical items: of each kind one for the first pupil, now and then one for another."""
    for number, pupil in enumerate(draft.streams["pupils"]):
        rng = draft.rng("health", number)
        if number == 0:
            _known(draft, pupil)
        elif pupil["id"] == draft.roles.get("pupil_two_households"):
            _item(draft, pupil, ITEMS[2], 300, "medical_two_households")
        elif chance(rng, 30):
            _item(draft, pupil, rng.choice(ITEMS), rng.randint(10, 900), internal_remark=None)


def _known(draft: Draft, pupil: Record) -> None:
    clinic = ("care_provider", "Huisartsenpraktijk De Verzonnen Wilg", "Huisarts", None)
    _item(draft, pupil, ITEMS[0], 100, "medical_medication", internal_remark=REMARK, time_from="10:15")
    _item(draft, pupil, ITEMS[2], 900, "medical_allergy")
    _item(draft, pupil, ITEMS[4], 1500, "medical_vaccination", until_on=day(draft.today - timedelta(days=1500)))
    _item(draft, pupil, clinic, 700, "medical_care_provider", phone=mobile(draft, confidential=True))
    logopedist = ("care_provider", "Logopedie Praatmaar", "Logopedist", None)
    _item(draft, pupil, logopedist, 200, "medical_care_provider_public", phone=landline(draft, "work"))
    rest = ("rest_time", "Middagslaap", None, "In de rustige hoek")
    _item(draft, pupil, rest, 60, "medical_rest_time", time_from="12:30", time_until="13:30")
    _item(draft, pupil, ITEMS[5], 400, "medical_other", from_on=None, until_on=None)
    ended = day(draft.today - timedelta(days=30))
    _item(draft, pupil, ITEMS[1], 250, "medical_past", until_on=ended, internal_remark=REMARK)


def _item(
    draft: Draft,
    pupil: Record,
    what: tuple[str, str, str | None, str | None],
    ago: int,
    role: str | None = None,
    **more: Any,
) -> Record:
    kind, name, details, instructions = what
    fields: dict[str, Any] = {
        "pupil_id": pupil["id"],
        "kind": kind,
        "name": name,
        "details": details,
        "instructions": instructions,
        "from_on": day(draft.today - timedelta(days=ago)),
        "until_on": None,
        "time_from": None,
        "time_until": None,
        "phone": None,
        "internal_remark": None,
    }
    return draft.add("medical_items", role, **{**fields, **more})
