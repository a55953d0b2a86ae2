"""Who is called when no parent answers the phone: neighbours, grandparents, a childminder."""

from typing import Any

from connector.simulator.draft import Draft, Record, chance
from connector.simulator.names import full_name, landline, mobile, person, surname

RELATIONS = ("oma", "opa", "tante", "buurvrouw", "oppas", None)


def list_contacts(draft: Draft) -> None:
    """Add the emergency contacts of every pupil; most have one or two."""
    for number, pupil in enumerate(draft.streams["pupils"]):
        if number == 0:
            _known(draft, pupil)
        elif pupil["id"] == draft.roles.get("pupil_two_households"):
            _contact(draft, pupil, "oma", 1, [mobile(draft)], "contact_two_households")
        else:
            _drawn(draft, number, pupil)


def _known(draft: Draft, pupil: Record) -> None:
    _contact(draft, pupil, "oma", 1, [mobile(draft), landline(draft)], "contact_plain")
    _contact(draft, pupil, "buurvrouw", 2, [mobile(draft, confidential=True)], "contact_confidential")
    _contact(draft, pupil, None, 3, [], "contact_without_phone")


def _drawn(draft: Draft, number: int, pupil: Record) -> None:
    rng = draft.rng("contacts", number)
    for order in range(1, rng.choice((0, 1, 1, 2)) + 1):
        _contact(draft, pupil, rng.choice(RELATIONS), order, [mobile(draft, confidential=chance(rng, 4))])


def _contact(
    draft: Draft, pupil: Record, relation: str | None, order: int, phones: list[Any], role: str | None = None
) -> Record:
    rng = draft.rng("contact", pupil["id"], order)
    return draft.add(
        "emergency_contacts",
        role,
        pupil_id=pupil["id"],
        name=full_name(person(rng, surname(rng), rng.choice(("female", "male")))),
        relation=relation,
        phones=phones,
        contact_order=order,
    )
