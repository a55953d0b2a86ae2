"""What each guardian should see at a moment, worked out from a simulated school's raw records.

Imports no mapping and no view; of ours only the slow reckoning of days in `tests.unit.access_oracle`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.integration import stream_oracle
from tests.unit.access_oracle import Days, Tie, level_on

Raw = dict[str, Any]
Rows = dict[tuple[str, str], Raw]
"""By (guardian, id of what is seen): the columns that are foretold."""

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
GRACE_DAYS = 14
ADDRESS = ("street", "house_number", "house_number_suffix", "postal_code", "city", "country")
EVERY_MODULE = frozenset(
    "personalia absentie medisch facturen jaarplanner nieuws medewerkers groep rooster hulpplan rapport methodetoetsen"
    " notities toetsen".split()
)
PLAIN = ("first_names", "call_name", "name_prefix", "last_name", "gender", "year_group")


class Sight:
    """One school at one moment, with these modules open and revealed."""

    def __init__(
        self, records: Mapping[str, Mapping[str, Raw]], moment: datetime, modules: Iterable[str] = EVERY_MODULE
    ) -> None:
        self.records, self.moment, self.modules = records, moment, frozenset(modules)
        self.day = moment.astimezone(AMSTERDAM).date()
        self.levels = self._levels()
        self.viewers = sorted({guardian for guardian, _ in self.levels})
        self.places = self._places()

    def _levels(self) -> dict[tuple[str, str], str]:
        """Give the level of every pair that sees anything."""
        ties: dict[tuple[str, str], list[Tie]] = {}
        for tie in self.records["guardianships"].values():
            told = Tie(
                tie["authority"],
                _days(tie),
                _days(tie["restriction"]) if tie["restriction"] else None,
                _days(tie["information_agreement"]) if tie["information_agreement"] else None,
            )
            ties.setdefault((tie["guardian_id"], tie["pupil_id"]), []).append(told)
        levels = {}
        for (guardian, key), pair in ties.items():
            pupil = self.records["pupils"][key]
            level = level_on(self.day, _date(pupil["birth_on"]), enrolled(pupil), pair)
            if is_stored(pupil) and level != "none":
                levels[guardian, key] = level
        return levels

    def pairs(self, level: str | None = None) -> Iterator[tuple[str, str]]:
        """Give the pairs, or those of one level."""
        return (pair for pair, has in self.levels.items() if level in (None, has))

    def views(self) -> dict[str, Rows]:
        """Give every view's rows."""
        groups = self._memberships()
        more = stream_oracle.stream_views(self)
        return {
            **{view: rows if stream_oracle.MODULES[view] & self.modules else {} for view, rows in more.items()},
            "portal_pupils": self._when("personalia", {pair: self._pupil(pair) for pair in self.pairs()}),
            "portal_guardians": self._when("personalia", self._guardians()),
            "portal_guardianships": self._when("personalia", self._guardianships()),
            "portal_locations": self._when("personalia", self._for_all(self.records["locations"])),
            "portal_absences": self._when("absentie", self._of_pupils("absences", "full")),
            "portal_notes": self._when("notities", self._of_pupils("notes", "full", visible_to_parents=True)),
            "portal_support_plans": self._when("hulpplan", self._of_pupils("support_plans", None, status="final")),
            "portal_employees": self._when("medewerkers", self._for_all(self._employees())),
            "portal_group_memberships": self._when("groep", groups),
            "portal_groups": self._when("groep", {(g, row["group_id"]): {} for (g, _), row in groups.items()}),
            "portal_group_employees": self._when("groep", self._group_employees(groups)),
            "portal_news_items": self._when("nieuws", self._news()),
        }

    def _when(self, module: str, rows: Rows) -> Rows:
        return rows if module in self.modules else {}

    def _for_all(self, keys: Iterable[str]) -> Rows:
        return {(guardian, key): {} for key in keys for guardian in self.viewers}

    def _of_pupils(self, stream: str, level: str | None, **gate: Any) -> Rows:
        return {
            (guardian, key): {"pupil_id": pupil}
            for key, record in self.records[stream].items()
            if all(record[name] == value for name, value in gate.items())
            for guardian, pupil in self.pairs(level)
            if pupil == record["pupil_id"]
        }

    def _pupil(self, pair: tuple[str, str]) -> Raw:
        pupil = self.records["pupils"][pair[1]]
        is_full, is_secret = self.levels[pair] == "full", self.is_hidden(pupil)
        home = pupil["address"] if is_full and not is_secret else None
        return {
            **{name: pupil[name] for name in PLAIN},
            **{name: (home or {}).get(name) for name in ADDRESS},
            "birth_on": _date(pupil["birth_on"]) if is_full else None,
            "phones": phones(pupil) if is_full and not is_secret else [],
            "is_address_confidential": bool(pupil["address"] and pupil["address"]["is_confidential"]),
        }

    def is_secret(self, person: Raw) -> bool:
        """Tell whether somebody of the portal who lives at this person's address keeps it secret."""
        if person["address"] is None:
            return False
        here = person["address"]["id"]
        everyone = [*self._stored_guardians(), *filter(is_stored, self.records["pupils"].values())]
        return any(one["address"] and one["address"]["id"] == here and is_secret(one) for one in everyone)

    def is_hidden(self, pupil: Raw) -> bool:
        """Tell whether a child's address is shown to nobody: a secret at its record, or in a family at its door."""
        return self.is_secret(pupil) or any(may_be_one(pupil, one) for one in self._family(pupil) if is_secret(one))

    def _family(self, pupil: Raw) -> list[Raw]:
        """Give the guardians of a child and the other children of these."""
        ties = [tie for tie in self.records["guardianships"].values() if self._stored(tie["pupil_id"])]
        grown = {tie["guardian_id"] for tie in ties if tie["pupil_id"] == pupil["id"]}
        young = {tie["pupil_id"] for tie in ties if tie["guardian_id"] in grown} - {pupil["id"]}
        people = [("guardians", grown), ("pupils", young)]
        return [self.records[stream][key] for stream, keys in people for key in sorted(keys)]

    def _stored(self, key: str) -> bool:
        return is_stored(self.records["pupils"][key])

    def _stored_guardians(self) -> list[Raw]:
        ties = self.records["guardianships"].values()
        keys = {tie["guardian_id"] for tie in ties if is_stored(self.records["pupils"][tie["pupil_id"]])}
        return [self.records["guardians"][key] for key in sorted(keys)]

    def _guardians(self) -> Rows:
        rows: Rows = {}
        for me, pupil in self.pairs("full"):
            for other, same in self.pairs("full"):
                record = self.records["guardians"][other]
                if same == pupil and not is_secret(record):
                    nothing = dict.fromkeys((*ADDRESS, "email", "gender", "is_address_confidential"))
                    rows[me, other] = {"last_name": record["last_name"], "phones": [], **nothing}
        for me in self.viewers:
            record = self.records["guardians"][me]
            home = None if is_secret(record) else record["address"]
            rows[me, me] = {
                **{name: (home or {}).get(name) for name in ADDRESS},
                "last_name": record["last_name"],
                "email": record["email"],
                "phones": phones(record),
            }
        return rows

    def _guardianships(self) -> Rows:
        return {
            (tie["guardian_id"], key): {"pupil_id": tie["pupil_id"], "relation": tie["relation"]}
            for key, tie in self.records["guardianships"].items()
            if (tie["guardian_id"], tie["pupil_id"]) in self.levels
        }

    def _employees(self) -> list[str]:
        employees = self.records["employees"].items()
        return [
            key
            for key, record in employees
            if Days(_date(record["employed_from"]), _date(record["employed_until"])).has(self.day)
        ]

    def _memberships(self) -> Rows:
        return {
            (guardian, key): {"pupil_id": pupil, "group_id": record["group_id"]}
            for key, record in self.records["group_memberships"].items()
            if self.records["groups"][record["group_id"]]["kind"] != "placeholder"
            and Days(_date(record["from_on"]), None).has(self.day)
            for guardian, pupil in self.pairs()
            if pupil == record["pupil_id"]
        }

    def _group_employees(self, memberships: Rows) -> Rows:
        mine = {(guardian, row["group_id"]) for (guardian, _), row in memberships.items()}
        return {
            (guardian, key): {"group_id": group, "role": record["role"]}
            for key, record in self.records["group_employees"].items()
            for guardian, group in mine
            if group == record["group_id"]
        }

    def _news(self) -> Rows:
        rows: Rows = {}
        for key, record in self.records["news_items"].items():
            begin, end = (
                datetime.fromisoformat(record[name]) if record[name] else None
                for name in ("publish_from", "publish_until")
            )
            if not record["published"] or (begin and begin > self.moment) or (end and end <= self.moment):
                continue
            for guardian in self.viewers:
                if record["group_id"] is None or self.is_now_in(guardian, record["group_id"]):
                    rows[guardian, key] = {"title": record["title"], "group_id": record["group_id"]}
        return rows

    def is_now_in(self, guardian: str, group: str) -> bool:
        """Tell whether the guardian sees a pupil who is in this group today, if any open module shows groups."""
        return (guardian, group) in self.places

    def _places(self) -> set[tuple[str, str]]:
        now: dict[str, set[str]] = {}
        for record in self.records["group_memberships"].values():
            is_group = self.records["groups"][record["group_id"]]["kind"] != "placeholder"
            is_of_this_year = self.day < date(record["school_year"] + 1, 8, 1)
            if is_group and is_of_this_year and _days(record).has(self.day):
                now.setdefault(record["pupil_id"], set()).add(record["group_id"])
        pairs = self.levels if {"groep", "rooster"} & self.modules else ()
        return {(guardian, group) for guardian, pupil in pairs for group in now.get(pupil, ())}

    def news_since(self, loaded_at: datetime) -> set[tuple[str, str, str, str, datetime]]:
        """Give guardian, stream, id, kind and moment of what came into sight by its own date after the first load."""
        views = self.views()
        return {
            (guardian, stream, key, "new", at)
            for stream, key, at in stream_oracle.begins(self)
            if loaded_at < at <= self.moment
            for guardian in self.viewers
            if (guardian, key) in views[f"portal_{stream}"]
        }

    def midnight(self, day: date) -> datetime:
        """Give the moment at which a day begins."""
        return datetime.combine(day, time(), AMSTERDAM)


def is_stored(pupil: Raw) -> bool:
    """Tell whether the school shows this child to parents at all: placed here, now, later or until lately."""
    if pupil["status"] == "future":
        return pupil["enrolled_from"] is not None
    if pupil["status"] == "left":
        return pupil["enrolled_until"] is not None
    return bool(pupil["status"] == "enrolled")


def is_secret(person: Raw) -> bool:
    """Tell whether this person's own address is marked secret."""
    return bool(person["address"] and person["address"]["is_confidential"])


def may_be_one(one: Raw, other: Raw) -> bool:
    """Tell of two of a family whether nothing says that they live apart: postcode and number, and what follows it."""
    homes = [one["address"], other["address"]]
    doors = [door(home) if home and home["id"] else None for home in homes]
    if None in doors:
        return True
    (place, suffix), (same, other_suffix) = (told for told in doors if told is not None)
    return place == same and (not suffix or not other_suffix or suffix == other_suffix)


def door(home: Raw) -> tuple[str, str] | None:
    """Give postcode with number, and what follows it; None where one of the two is not told."""
    postcode = "".join((home["postal_code"] or "").lower().split())
    number = (home["house_number"] or "").strip()
    digits_first = number[: len(number) - len(number.lstrip("0123456789"))]
    rest = number[len(digits_first) :] + (home["house_number_suffix"] or "")
    if not postcode or not digits_first:
        return None
    return f"{postcode} {int(digits_first)}", "".join(letter for letter in rest.lower() if letter.isalnum())


def enrolled(pupil: Raw) -> Days:
    """Give the days on which parents may see this child, the grace after leaving included."""
    last = _date(pupil["enrolled_until"])
    return Days(_date(pupil["enrolled_from"]), None if last is None else last + timedelta(days=GRACE_DAYS))


def phones(person: Raw) -> list[tuple[str, str]]:
    """Give kind and last eight digits of the phones that are not secret."""
    return [(one["kind"], digits(one["number"])) for one in person["phones"] if not one["is_confidential"]]


def digits(number: str) -> str:
    """Give the last eight digits of a number, however it is written."""
    return stream_oracle.last_digits(number)


def as_foretold(row: Raw) -> Raw:
    """Give a view's row in the oracle's form."""
    told = dict(row)
    if "phones" in told:
        told["phones"] = [(one["kind"], digits(one["number"])) for one in json.loads(told["phones"])]
    if isinstance(told.get("birth_on"), str):
        told["birth_on"] = date.fromisoformat(told["birth_on"])
    for name in ("is_address_confidential", "is_allowed", "is_all_day"):
        if told.get(name) is not None:
            told[name] = bool(told[name])
    if told.get("phone") is not None:
        told["phone"] = digits(told["phone"])
    for name in ("score", "max_score", "scale_score"):
        if name in told:
            told[name] = stream_oracle.decimal(told[name])
    for name, read in LISTS.items():
        if name in told:
            told[name] = [read(one) for one in json.loads(told[name])]
    return told


LISTS: Mapping[str, Callable[[Raw], tuple[Any, ...]]] = {
    "parts": lambda one: (one["name"], stream_oracle.decimal(one["score"]), stream_oracle.decimal(one["max_score"])),
    "levels": lambda one: (one["kind"], one["value"]),
    "lines": lambda one: (one["description"], one["amount_cents"]),
}
"""The lists in JSON text, as the oracle tells them."""


def _days(period: Raw) -> Days:
    return Days(_date(period["from_on"]), _date(period["until_on"]))


def _date(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
