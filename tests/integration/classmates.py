"""A class of its own in the simulated school of a rig, its families, and what the group list shows of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from connector.bookkeeping import register
from schemas.selections import SETTINGS, parse_setting, setting_text
from tests.integration.hard_cases import Author
from tests.rig import Rig

CATEGORIES = ("name", "photo", "birth_date", "address", "phone", "parents_names")
EVERYTHING: dict[str, Any] = dict.fromkeys(CATEGORIES, True) | {"birth_date": "full"}
"""All settings of the group list as far open as they go."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "photo": ("photo_reference",),
    "birth_date": ("birth_on", "birth_day"),
    "address": ("street", "house_number", "house_number_suffix", "postal_code", "city"),
    "phone": ("phones",),
    "parents_names": ("parents_names",),
}
"""What each field of the list shows beside the name."""

PHONES = [{"number": "06-00004711", "kind": "mobile", "is_confidential": False}]


class Classroom:
    """Writes groups, children and parents into the simulated school."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.author = rig, Author(rig)
        records = rig.world.records(rig.school, "group_memberships")
        self.membership = records[rig.role("membership_current")]
        self.preference = rig.world.records(rig.school, "privacy_preferences")[rig.role("preference_allowed")]
        self.group = self.open_group()

    def open_group(self, kind: str = "class", **changes: Any) -> str:
        """Add a group of this school year."""
        like = self.rig.world.records(self.rig.school, "groups")[self.rig.role("group_class")]
        return self.author.put("groups", like, name=f"Groep {kind} {self.author.number}", kind=kind, **changes)

    def place(self, pupil: str, group: str | None = None, first: int | None = -30, last: int | None = None) -> str:
        """Put a pupil into a group, by days from today; the school year lasts for months, whatever day it is."""
        days = {**self.author.period(first, last), "school_year": self.author.today.year}
        return self.author.put(
            "group_memberships", self.membership, pupil_id=pupil, group_id=group or self.group, **days
        )

    def child(self, allows: Iterable[str] = CATEGORIES, *, group: str | None = "", **changes: Any) -> str:
        """Add a pupil with an address, phones and a photo; in no group when `group` is None."""
        given = {
            "former_ids": [],
            "birth_on": self.author.day(-3000),
            "address": self.author.home(),
            "phones": PHONES,
            "photo_reference": f"photo/{self.author.number}",
            **changes,
        }
        pupil = self.author.put("pupils", self.author.pattern_pupil, **given)
        if group is not None:
            self.place(pupil, group or None)
        for category in allows:
            self.say(pupil, category)
        return pupil

    def say(self, pupil: str, category: str, *, allowed: bool = True) -> str:
        """Write down what the guardians allow in one category of the group list, or refuse."""
        name = f"group_list_{category}" if category in CATEGORIES else category
        return self.author.put(
            "privacy_preferences", self.preference, pupil_id=pupil, category=name, is_allowed=allowed
        )

    def parent(self, *children: str, authority: str = "full", of: dict[str, Any] | None = None, **changes: Any) -> str:
        """Add a guardian of these children; `of` changes the relations."""
        guardian = self.author.grown_up(**changes)
        for child in children:
            self.author.tie(guardian, child, authority, **(of or {}))
        return guardian

    def onlooker(self) -> str:
        """Add a parent with a child in the class who allows nothing; give the parent."""
        return self.parent(self.child(()))

    def patch(self, stream: str, key: str, **changes: Any) -> None:
        """Change a record in the SIS."""
        self.rig.world.patch(self.rig.school, stream, key, **changes)

    def record(self, stream: str, key: str) -> dict[str, Any]:
        """Give a record of the SIS."""
        return self.rig.world.records(self.rig.school, stream)[key]

    def keep_secret(self, stream: str, key: str, *, secret: bool = True) -> None:
        """Mark an address in the SIS as secret, or as public again."""
        self.patch(stream, key, address={**self.record(stream, key)["address"], "is_confidential": secret})


def choose(rig: Rig, **settings: Any) -> None:
    """Set fields of the school's group list, others stay as they are."""
    with rig.database.session() as session, session.write() as connection:
        for field, value in settings.items():
            name = f"group_list.{field}"
            assert name in SETTINGS
            register.set_setting(connection, rig.school, name, setting_text(parse_setting(name, value)), "test")


def listed(rig: Rig, guardian: str, group: str | None = None) -> dict[str, dict[str, Any]]:
    """Give what this guardian sees of each pupil in the lists, or in one of them; a pupil in two lists is one row."""
    rows = rig.rows(
        "SELECT * FROM portal_group_list WHERE school_id = :school AND guardian_id = :me",
        school=rig.school,
        me=guardian,
    )
    chosen = [row for row in rows if group in {None, row["group_id"]}]
    found = {row["pupil_id"]: {name: value for name, value in row.items() if name != "group_id"} for row in chosen}
    assert all(row == {**found[row["pupil_id"]], "group_id": row["group_id"]} for row in chosen)
    return found


def told(row: dict[str, Any]) -> set[str]:
    """Name the columns beside the name that say something."""
    return {name for names in COLUMNS.values() for name in names if row[name] not in {None, "[]"}}


def columns_of(*fields: str) -> set[str]:
    """Name the columns of these fields."""
    return {name for field in fields for name in COLUMNS[field]}


def parents(row: dict[str, Any]) -> list[str]:
    """Give the parents a row names."""
    names: list[str] = json.loads(row["parents_names"])
    return names


def surname(room: Classroom, guardian: str) -> str:
    """Give the last name of a guardian."""
    return str(room.record("guardians", guardian)["last_name"])
