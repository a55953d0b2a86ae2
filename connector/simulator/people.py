"""One child, one grown-up, one tie between them: the pieces of which families are made."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from connector.simulator.dates import day, school_year, years_before
from connector.simulator.draft import Draft, Record
from connector.simulator.names import BOYS, GIRLS, Surname, address, email, mobile, person, surname
from connector.simulator.premises import Premises

PROMOTED = ("1", "2", "3", "4", "5", "6", "7")


@dataclass
class Household:
    """Grown-ups and children at one address; a second home holds a parent who lives elsewhere."""

    draft: Draft
    premises: Premises
    rng: Random
    confidential: bool = False
    name: Surname = field(init=False)
    home: Record = field(init=False)

    def __post_init__(self) -> None:
        """Draw the family name and the address."""
        self.name = surname(self.rng)
        self.home = address(self.draft, self.rng, confidential=self.confidential)

    def guardian(self, gender: str, *, elsewhere: bool = False, mail: bool = True, role: str | None = None) -> Record:
        """Add a guardian of this household, or of another address when `elsewhere`."""
        name = person(self.rng, self.name if gender == "male" and not elsewhere else surname(self.rng), gender)
        return self.draft.add(
            "guardians",
            role,
            former_ids=[],
            **name,
            email=email(self.draft, name["call_name"], name["last_name"]) if mail else None,
            phones=[mobile(self.draft, confidential=self.confidential and not elsewhere)],
            address=address(self.draft, self.rng) if elsewhere else dict(self.home),
        )

    def child(self, year_group: str, role: str | None = None, born: date | None = None, **changes: Any) -> Record:
        """Add an enrolled pupil with its group memberships; `changes` overrides fields."""
        gender = self.rng.choice(("female", "male"))
        call_name = self.rng.choice(GIRLS if gender == "female" else BOYS)
        number = self.draft.count("pupil")
        fields: dict[str, Any] = {
            "former_ids": [],
            "pupil_number": str(10000 + number),
            "eck_id": f"https://ketenid.test/201703/{self.rng.getrandbits(512):0128x}" if number % 7 else None,
            "first_names": f"{call_name} {self.rng.choice(GIRLS + BOYS)}" if number % 9 else None,
            "call_name": call_name if number % 11 else None,
            "name_prefix": self.name[0],
            "last_name": self.name[1],
            "official_name_prefix": self.name[0],
            "official_last_name": self.name[1],
            "gender": gender,
            "birth_on": day(born or born_for(self.draft.today, year_group, self.rng)),
            "birth_date_uncertain": not (number + 3) % 40,
            "year_group": year_group,
            "status": "enrolled",
            "enrolled_from": _began(self.draft.today, year_group),
            "enrolled_until": None,
            "location_id": self.premises.locations[number % 5 == 0],
            "address": dict(self.home),
            "phones": [mobile(self.draft, confidential=self.confidential)] if number % 3 == 1 else [],
            "photo_reference": f"photo/{self.draft.school}/{10000 + number}" if number % 4 else None,
        }
        return self.draft.add("pupils", role, **{**fields, **changes})

    def tie(
        self,
        child: Record,
        guardian: Record,
        relation: str,
        authority: str = "full",
        role: str | None = None,
        **changes: Any,
    ) -> Record:
        """Add a guardianship; `changes` overrides restriction, information_agreement, from_on, until_on."""
        order = sum(tie["pupil_id"] == child["id"] for tie in self.draft.streams["guardianships"][-8:]) + 1
        fields: dict[str, Any] = {
            "pupil_id": child["id"],
            "guardian_id": guardian["id"],
            "relation": relation,
            "authority": authority,
            "restriction": None,
            "information_agreement": None,
            "contact_order": order,
            "from_on": child["birth_on"],
            "until_on": None,
        }
        return self.draft.add("guardianships", role, **{**fields, **changes})


def place(draft: Draft, premises: Premises, child: Record, role: str | None = None, repeated: bool = False) -> None:
    """Add the group memberships that fit the child's status: last year's, this year's, next year's."""
    year, code, number = school_year(draft.today), child["year_group"], len(draft.streams["pupils"])
    if child["status"] == "registered":
        _member(draft, child, premises.placeholder, year, code, draft.today - timedelta(days=20), role)
        return
    if child["status"] == "future":
        _member(draft, child, _group(premises, year + 1, code, number), year + 1, code, date(year + 1, 8, 1), role)
        return
    if repeated or (number % 4 == 0 and code.isdigit() and int(code) > 1):
        before = code if repeated else str(int(code) - 1)
        last = _member(
            draft,
            child,
            _group(premises, year - 1, before, number),
            year - 1,
            before,
            date(year - 1, 8, 1),
            "membership_past",
        )
        last["until_on"] = f"{year}-07-31"
    if child["status"] == "left" and child["enrolled_until"] < f"{year}-08-01":
        return
    now = _member(draft, child, _group(premises, year, code, number), year, code, date(year, 8, 1), role)
    now["until_on"] = child["enrolled_until"]
    if child["status"] == "enrolled" and code in PROMOTED and number % 4 == 1:
        after = str(int(code) + 1)
        following = _group(premises, year + 1, after, number)
        _member(draft, child, following, year + 1, after, date(year + 1, 8, 1), "membership_next_year")


def born_for(today: date, year_group: str, rng: Random) -> date:
    """Return a birth date usual for the year group: group 1 begins at four."""
    age = int(year_group) + 4 if year_group.isdigit() else 11
    return date(school_year(today) - age, 10, 1) + timedelta(days=rng.randint(0, 364))


def aged(today: date, years: int, days: int = 0) -> date:
    """Return the birth date of one who turns `years` in `days` days (negative: turned so long ago)."""
    return years_before(today + timedelta(days=days), years)


def year_group_on(today: date, pupil: Record, on: date) -> str | None:
    """Return the year group that a pupil was in on an earlier day; None before it came to school."""
    code: str = pupil["year_group"]
    if not code.isdigit():
        return code
    then = int(code) - (school_year(today) - school_year(on))
    return str(then) if then >= 1 else None


def _began(today: date, year_group: str) -> str:
    years = int(year_group) - 1 if year_group.isdigit() and year_group != "0" else 3
    return f"{school_year(today) - years}-08-01"


def _group(premises: Premises, year: int, code: str, number: int) -> str:
    sets = premises.groups[(year, code if (year, code) in premises.groups else "1")]
    return sets[number % len(sets)]


def _member(draft: Draft, child: Record, group: str, year: int, code: str, begin: date, role: str | None) -> Record:
    first = role is not None and role not in draft.roles
    return draft.add(
        "group_memberships",
        role if first else None,
        pupil_id=child["id"],
        group_id=group,
        school_year=year,
        year_group=code,
        from_on=day(begin),
        until_on=None,
    )
