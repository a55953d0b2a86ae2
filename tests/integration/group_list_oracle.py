"""What each guardian should find in the group lists at a moment, worked out from a simulated school's raw records.

Imports no mapping and no view; who sees whom comes from the oracle of the other views.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from tests.integration.portal_oracle import ADDRESS, Raw, Rows, Sight, digits, is_stored, phones
from tests.unit.access_oracle import Days, is_adult

NOTHING: Raw = {
    "photo_reference": None,
    "birth_on": None,
    "birth_day": None,
    **dict.fromkeys(ADDRESS[:5]),
    "phones": [],
    "parents_names": [],
}


class GroupLists:
    """The lists of one school at one moment, with these settings (fields by name, without the prefix)."""

    def __init__(self, sight: Sight, settings: Mapping[str, Any]) -> None:
        self.sight, self.settings, self.records = sight, settings, sight.records
        self.pupils = {key: one for key, one in self.records["pupils"].items() if is_stored(one)}
        self.ties = [
            {**tie, "id": key} for key, tie in self.records["guardianships"].items() if tie["pupil_id"] in self.pupils
        ]
        self.answers: dict[tuple[str, str], set[bool]] = {}
        for one in self.records["privacy_preferences"].values():
            self.answers.setdefault((one["pupil_id"], one["category"]), set()).add(one["is_allowed"])
        self.members: dict[str, set[str]] = {}
        for place in self.records["group_memberships"].values():
            kind = self.records["groups"][place["group_id"]]["kind"]
            is_now = _days(place).has(sight.day) and sight.day < date(place["school_year"] + 1, 8, 1)
            if kind != "placeholder" and place["pupil_id"] in self.pupils and is_now:
                self.members.setdefault(place["group_id"], set()).add(place["pupil_id"])

    def rows(self) -> Rows:
        """Give what is shown, by guardian and `group/pupil`."""
        if "groep" not in self.sight.modules or self.settings.get("name") is not True:
            return {}
        found: Rows = {}
        listed = {mate: self._beside_the_name(mate) for mate in self.pupils if self._is_listed(mate)}
        for guardian, own in self.sight.pairs("full"):
            near = self._near(guardian)
            for group, members in self.members.items():
                is_here = own in members and not self._has_left(own)
                for mate in members & set(listed) if is_here else ():
                    if not self._is_kept_from(guardian, mate):
                        beside = NOTHING if mate in near else listed[mate]
                        found[guardian, f"{group}/{mate}"] = {"display_name": called(self.pupils[mate]), **beside}
        return found

    def _allows(self, pupil: str, field: str) -> bool:
        return self.answers.get((pupil, f"group_list_{field}")) == {True}

    def _is_listed(self, pupil: str) -> bool:
        record, day = self.pupils[pupil], self.sight.day
        is_here = Days(_date(record["enrolled_from"]), _date(record["enrolled_until"])).has(day)
        return is_here and not is_adult(_date(record["birth_on"]), day) and self._allows(pupil, "name")

    def _has_left(self, pupil: str) -> bool:
        last = _date(self.pupils[pupil]["enrolled_until"])
        return last is not None and last < self.sight.day

    def _tied(self, guardian: str) -> set[str]:
        return {tie["pupil_id"] for tie in self.ties if tie["guardian_id"] == guardian}

    def _is_kept_from(self, guardian: str, pupil: str) -> bool:
        return pupil in self._tied(guardian) and (guardian, pupil) not in self.sight.levels

    def _near(self, guardian: str) -> set[str]:
        """Give the family: whoever shares a guardian with the own, or lives with a co-guardian."""
        own = self._tied(guardian)
        around = {tie["guardian_id"] for tie in self.ties if tie["pupil_id"] in own}
        homes = {self._home(self.records["guardians"][one]) for one in around - {guardian}} - {None}
        related = {tie["pupil_id"] for tie in self.ties if tie["guardian_id"] in around}
        return related | {key for key, one in self.pupils.items() if self._home(one) in homes}

    @staticmethod
    def _home(person: Raw) -> str | None:
        return None if person["address"] is None else str(person["address"]["id"])

    def _beside_the_name(self, pupil: str) -> Raw:
        record, shows = self.pupils[pupil], self._shows(pupil)
        home = record["address"] if not self._is_at_a_secret_home(pupil) else None
        born = _date(record["birth_on"])
        how = self.settings.get("birth_date", "off") if self._allows(pupil, "birth_date") else "off"
        return {
            "photo_reference": record["photo_reference"] if shows["photo"] else None,
            "birth_on": born if how == "full" else None,
            "birth_day": f"{born:%m-%d}" if born and how != "off" else None,
            **{name: home[name] if home and shows["address"] else None for name in ADDRESS[:5]},
            "phones": phones(record) if shows["phone"] and not self._is_at_a_secret_home(pupil) else [],
            "parents_names": list(self._parents(pupil)) if shows["parents_names"] else [],
        }

    def _shows(self, pupil: str) -> dict[str, bool]:
        fields = ("photo", "address", "phone", "parents_names")
        return {field: self.settings.get(field) is True and self._allows(pupil, field) for field in fields}

    def _is_at_a_secret_home(self, pupil: str) -> bool:
        return self.sight.is_hidden(self.pupils[pupil])

    def _parents(self, pupil: str) -> Iterator[str]:
        ties = [tie for tie in self.ties if tie["pupil_id"] == pupil]
        barred = {tie["guardian_id"] for tie in ties if not self._may_name(tie)}
        once: dict[str, Raw] = {}
        for tie in sorted(ties, key=lambda tie: (tie["contact_order"], tie["guardian_id"], tie["id"])):
            if tie["guardian_id"] not in barred:
                once.setdefault(tie["guardian_id"], tie)
        if all(Days(_date(tie["from_on"]), None).has(self.sight.day) for tie in once.values()):
            yield from (called(self.records["guardians"][guardian]) for guardian in once)

    def _may_name(self, tie: Raw) -> bool:
        is_plain = tie["restriction"] is None and tie["until_on"] is None and tie["authority"] == "full"
        return is_plain and not self.sight.is_secret(self.records["guardians"][tie["guardian_id"]])


def called(person: Raw) -> str:
    """Give a name as people say it."""
    first = person.get("call_name") or person.get("first_names") or person.get("initials")
    return " ".join(part for part in (first, person["name_prefix"], person["last_name"]) if part)


def as_listed(row: Raw) -> Raw:
    """Give a row of the view in the oracle's form."""
    said = dict(row)
    said["phones"] = [(one["kind"], digits(one["number"])) for one in json.loads(said["phones"])]
    said["parents_names"] = json.loads(said["parents_names"])
    if isinstance(said["birth_on"], str):
        said["birth_on"] = date.fromisoformat(said["birth_on"])
    return said


def _days(place: Raw) -> Days:
    return Days(_date(place["from_on"]), _date(place["until_on"]))


def _date(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
