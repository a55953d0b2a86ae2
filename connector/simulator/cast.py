"""The first twelve pupils of every school: one for each case that the portal must tell apart."""

from datetime import timedelta

from connector.simulator.dates import day, school_year
from connector.simulator.draft import Draft, Record
from connector.simulator.names import landline, mobile
from connector.simulator.people import Household, aged, place
from connector.simulator.premises import Premises


def cast(draft: Draft, premises: Premises, size: int) -> None:
    """Add up to twelve pupils with their guardians, in fixed order, and name their roles."""
    for number, scene in enumerate(SCENES[:size]):
        home = Household(draft, premises, draft.rng("cast", number), scene is _confidential)
        scene(draft, home)


def _join(
    home: Household, child: Record, *ties: tuple[Record, str], role: str | None = None, again: bool = False
) -> None:
    for guardian, relation in ties:
        home.tie(child, guardian, relation)
    place(home.draft, home.premises, child, role, again)


def _plain(_draft: Draft, home: Household) -> None:
    mother, father = (
        home.guardian("female", role="guardian_plain"),
        home.guardian("male", role="guardian_shared_home"),
    )
    child = home.child("3", "pupil_plain", call_name="Sanne", former_ids=["old-10001"])
    _join(home, child, (mother, "mother"), (father, "father"), role="membership_current")


def _sibling(draft: Draft, home: Household) -> None:
    older = draft.streams["pupils"][0]
    family = {
        "name_prefix": older["name_prefix"],
        "last_name": older["last_name"],
        "address": dict(older["address"]),
    }
    official = {"official_name_prefix": older["name_prefix"], "official_last_name": older["last_name"]}
    sibling = home.child("6", "pupil_sibling", **family, **official)
    draft.roles["pupil_doubleur"] = draft.roles["pupil_of_composite_group"] = sibling["id"]
    mother, father = draft.streams["guardians"]
    _join(home, sibling, (mother, "mother"), (father, "father"), again=True)


def _restricted(draft: Draft, home: Household) -> None:
    mother = home.guardian("female")
    father = home.guardian("male", elsewhere=True, role="guardian_restricted")
    stepfather = home.guardian("male", role="guardian_stepparent")
    child = home.child("5", "pupil_restricted")
    _join(home, child, (mother, "mother"))
    began = day(draft.today - timedelta(days=100))
    home.tie(
        child,
        father,
        "father",
        role="guardianship_restricted",
        restriction={"from_on": began, "until_on": None},
    )
    home.tie(child, stepfather, "stepparent", "none", role="guardianship_stepparent", from_on=began)


def _confidential(draft: Draft, home: Household) -> None:
    mother = home.guardian("female", role="guardian_confidential")
    child = home.child("4", "pupil_confidential", phones=[mobile(draft, confidential=True), landline(draft)])
    _join(home, child, (mother, "mother"))


def _two_households(draft: Draft, home: Household) -> None:
    mother = home.guardian("female", role="guardian_first_household")
    father = home.guardian("male", elsewhere=True, role="guardian_second_household")
    child = home.child("7", "pupil_two_households")
    _join(home, child, (mother, "mother"))
    past = {
        "from_on": day(draft.today - timedelta(days=800)),
        "until_on": day(draft.today - timedelta(days=70)),
    }
    home.tie(child, father, "father", role="guardianship_restriction_expired", restriction=past)


def _no_authority(draft: Draft, home: Household) -> None:
    mother = home.guardian("female")
    father = home.guardian("male", elsewhere=True, role="guardian_without_authority")
    grandmother = home.guardian("female", elsewhere=True, mail=False, role="guardian_unknown_authority")
    foster = home.guardian("male", elsewhere=True, role="guardian_agreement_expired")
    draft.roles["guardian_without_mail"] = grandmother["id"]
    child = home.child("2", "pupil_without_authority")
    draft.roles["pupil_four_guardians"] = draft.roles["pupil_repeating"] = child["id"]
    _join(home, child, (mother, "mother"))
    now = {"from_on": day(draft.today - timedelta(days=200)), "until_on": None}
    past = {
        "from_on": day(draft.today - timedelta(days=700)),
        "until_on": day(draft.today - timedelta(days=300)),
    }
    home.tie(child, father, "father", "none", role="guardianship_agreement", information_agreement=now)
    home.tie(child, grandmother, "grandparent", "unknown", role="guardianship_unknown_authority")
    home.tie(
        child,
        foster,
        "foster_parent",
        "none",
        role="guardianship_agreement_expired",
        information_agreement=past,
    )


def _adult(draft: Draft, home: Household) -> None:
    mother = home.guardian("female", role="guardian_of_adult")
    father = home.guardian("male", role="guardian_ended")
    child = home.child("S", "pupil_adult", aged(draft.today, 18, -25), birth_date_uncertain=False)
    _join(home, child, (mother, "mother"))
    ended = day(draft.today - timedelta(days=365))
    home.tie(child, father, "legal_guardian", role="guardianship_ended", until_on=ended)


def _under_four(draft: Draft, home: Household) -> None:
    mother, other = home.guardian("female", role="guardian_teacher"), home.guardian("female")
    teacher = next(one for one in draft.streams["employees"] if one["id"] == draft.roles["employee_parent"])
    for field in ("initials", "call_name", "name_prefix", "last_name", "gender"):
        mother[field] = teacher[field]
    mother["email"] = teacher["private_email"]
    child = home.child("0", "pupil_under_four", aged(draft.today, 3, -90), status="registered", enrolled_from=None)
    _join(home, child, (mother, "mother"), (other, "mother"), role="membership_placeholder")


def _future(draft: Draft, home: Household) -> None:
    mother, father = home.guardian("female", role="guardian_shared_mail"), home.guardian("male")
    father["email"] = mother["email"]
    draft.roles["guardian_shared_mail_other"] = father["id"]
    begin = f"{school_year(draft.today) + 1}-08-01"
    child = home.child("1", "pupil_future", aged(draft.today, 4, -40), status="future", enrolled_from=begin)
    _join(home, child, (mother, "mother"), (father, "father"), role="membership_future")


def _guest(draft: Draft, home: Household) -> None:
    mother = home.guardian("female", role="guardian_of_guest")
    child = home.child("S", "pupil_guest", aged(draft.today, 18, 30), status="guest", call_name=None, eck_id=None)
    draft.roles["pupil_turning_eighteen"] = child["id"]
    _join(home, child, (mother, "mother"))


def _recent_leaver(draft: Draft, home: Household) -> None:
    _leaver(draft, home, "recent", "8", 5)


def _old_leaver(draft: Draft, home: Household) -> None:
    _leaver(draft, home, "old", "H", 800)


def _leaver(draft: Draft, home: Household, which: str, year_group: str, days: int) -> None:
    mother = home.guardian("female", role=f"guardian_of_leaver_{which}")
    left = day(draft.today - timedelta(days=days))
    child = home.child(year_group, f"pupil_leaver_{which}", status="left", enrolled_until=left)
    _join(home, child, (mother, "mother"))


# One scene is one pupil, so that a world of n pupils has the first n.
SCENES = (
    _plain,
    _sibling,
    _restricted,
    _confidential,
    _two_households,
    _no_authority,
    _adult,
    _under_four,
    _future,
    _guest,
    _recent_leaver,
    _old_leaver,
)
