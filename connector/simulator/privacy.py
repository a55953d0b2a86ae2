"""What parents allow the school to show of their child, asked once a year."""

from datetime import timedelta

from connector.simulator.amounts import about
from connector.simulator.dates import day
from connector.simulator.draft import Draft, Record, chance

CATEGORIES = (
    "group_list_name",
    "group_list_photo",
    "group_list_birth_date",
    "group_list_address",
    "group_list_phone",
    "group_list_parents_names",
    "photo_website",
    "photo_social_media",
    "photo_newsletter",
)
IN_LIST = CATEGORIES[:6]
# What the parents of the cast answered. Of pupil_two_households nobody answered anything about the list.
ANSWERS: dict[str, dict[str, bool]] = {
    "pupil_plain": {
        "group_list_name": True,
        "group_list_photo": True,
        "group_list_birth_date": True,
        "group_list_address": False,
        "group_list_parents_names": True,
        "photo_website": True,
        "photo_social_media": False,
    },
    "pupil_sibling": dict.fromkeys(CATEGORIES, True),
    "pupil_restricted": {"group_list_name": False, "group_list_phone": True, "photo_newsletter": True},
    "pupil_confidential": dict.fromkeys(IN_LIST, True),
    "pupil_two_households": {"photo_website": False},
    "pupil_without_authority": dict.fromkeys(IN_LIST, False),
    "pupil_leaver_recent": {"group_list_name": True},
}
ROLES = {
    ("pupil_plain", "group_list_name"): "preference_allowed",
    ("pupil_plain", "group_list_address"): "preference_refused",
    ("pupil_plain", "photo_website"): "preference_photo_website",
    ("pupil_confidential", "group_list_address"): "preference_of_confidential",
    ("pupil_two_households", "photo_website"): "preference_two_households",
}


def ask_privacy(draft: Draft) -> None:
    """Write down what the cast's parents answered, and what others did, most of them yes."""
    cast = {identifier: role for role, identifier in draft.roles.items() if role in ANSWERS}
    for number, pupil in enumerate(draft.streams["pupils"]):
        rng = draft.rng("privacy", number)
        role = cast.get(pupil["id"])
        if role is not None:
            for category, answer in ANSWERS[role].items():
                _answer(draft, pupil, category, answer, 40, ROLES.get((role, category)))
        elif number >= len(ANSWERS) + 5:
            asked = rng.sample(CATEGORIES, min(len(CATEGORIES), about(rng, draft.amounts.preferences)))
            for category in sorted(asked, key=CATEGORIES.index):
                _answer(draft, pupil, category, chance(rng, 75), rng.choice((None, 10, 60, 400)))


def _answer(
    draft: Draft, pupil: Record, category: str, allowed: bool, ago: int | None, role: str | None = None
) -> None:
    draft.add(
        "privacy_preferences",
        role,
        pupil_id=pupil["id"],
        category=category,
        is_allowed=allowed,
        given_on=None if ago is None else day(draft.today - timedelta(days=ago)),
    )
