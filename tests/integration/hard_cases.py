"""What the seeded world lacks: the odd ties, days at an edge and shared addresses of real schools."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.rig import Rig

PATTERNS = {
    "emergency_contacts": "contact_plain contact_confidential",
    "medical_items": "medical_allergy medical_care_provider",
    "privacy_preferences": "preference_allowed preference_refused",
    "reports": "report_published report_unpublished report_future",
    "method_test_results": "method_test_rekenen method_test_future",
    "test_results": "test_final test_in_progress test_future",
}
"""Records of the plain pupil that every child of a hard case gets its own of."""


class Author:
    """Writes families into the simulated school of a rig, before a sync."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.number = rig, 0
        self.today: date = rig.world.today
        self.pattern_pupil = self._live("pupils", rig.role("pupil_plain"))
        self.pattern_guardian = self._live("guardians", rig.role("guardian_plain"))
        self.pattern_tie = next(iter(rig.world.records(rig.school, "guardianships").values()))

    def _live(self, stream: str, key: str) -> dict[str, Any]:
        return self.rig.world.records(self.rig.school, stream)[key]

    def day(self, days: int) -> str:
        """Give the day so many days from today, as the wire writes it."""
        return (self.today + timedelta(days=days)).isoformat()

    def period(self, first: int | None, last: int | None) -> dict[str, str | None]:
        """Give a period in days from today, both days in it."""
        return {
            "from_on": None if first is None else self.day(first),
            "until_on": None if last is None else self.day(last),
        }

    def span(self, first: int | None, last: int | None) -> dict[str, str | None]:
        """Give a period whose first day the contract wants to know; None is long ago."""
        return self.period(-4000 if first is None else first, last)

    def put(self, stream: str, like: dict[str, Any], **changes: Any) -> str:
        """Add a record like another one; give its id."""
        self.number += 1
        key = f"hard-{stream}-{self.number}"
        kept = {name: value for name, value in like.items() if name not in {"id", "changed_at", "former_ids"}}
        self.rig.world.put(self.rig.school, stream, {**kept, "id": key, **changes})
        return key

    def home(self, *, secret: bool = False, key: str | None = None) -> dict[str, Any]:
        """Give an address of its own."""
        self.number += 1
        street = f"Straat {self.number}"
        plain = {**self.pattern_pupil["address"], "id": key or f"hard-home-{self.number}", "street": street}
        plain["house_number"] = str(1000 + self.number)
        return {**plain, "is_confidential": secret}

    def child(self, **changes: Any) -> str:
        """Add a pupil with absences, notes, plans and places in groups; of other streams one on each side of a gate."""
        given = {"former_ids": [], "address": self.home(), "birth_on": self.day(-3000), **changes}
        key = self.put("pupils", self.pattern_pupil, **given)
        for stream in ("absences", "notes", "support_plans", "group_memberships"):
            for record in list(self.rig.world.records(self.rig.school, stream).values()):
                if record["pupil_id"] == self.pattern_pupil["id"]:
                    self.put(stream, record, pupil_id=key)
        for stream, roles in PATTERNS.items():
            for role in roles.split():
                self.put(stream, self._live(stream, self.rig.role(role)), pupil_id=key)
        return key

    def grown_up(self, **changes: Any) -> str:
        """Add a guardian."""
        given = {"former_ids": [], "address": self.home(), "last_name": f"Volwassene{self.number}", **changes}
        return self.put("guardians", self.pattern_guardian, **given)

    def tie(self, guardian: str, pupil: str, authority: str = "full", **changes: Any) -> str:
        """Tie a guardian to a pupil since ever."""
        since_ever = {"from_on": None, "until_on": None, "restriction": None, "information_agreement": None}
        given = {"guardian_id": guardian, "pupil_id": pupil, "authority": authority, **since_ever, **changes}
        return self.put("guardianships", self.pattern_tie, **given)

    def bill(self, guardian: str, pupil: str) -> str:
        """Send a guardian an invoice about a pupil."""
        pattern = self._live("invoices", self.rig.role("invoice_partly_paid"))
        return self.put("invoices", pattern, debtor_id=guardian, pupil_id=pupil)


def write_hard_cases(rig: Rig) -> None:
    """Add a child with two guardians for each odd case; a second, plain guardian makes every case a pair."""
    author = Author(rig)
    for changes in _ties(author):
        child = author.child()
        author.tie(author.grown_up(), child)
        author.tie(author.grown_up(), child, **changes)
    for changes in _pupils(author):
        child = author.child(**changes)
        author.tie(author.grown_up(), child)
        author.tie(author.grown_up(), child, "none", information_agreement=author.span(None, None))
    _doubled(author)
    _shared_homes(author)
    for key, tie in rig.world.records(rig.school, "guardianships").items():
        if key.startswith("hard-"):
            author.bill(tie["guardian_id"], tie["pupil_id"])


def _ties(author: Author) -> list[dict[str, Any]]:
    edges = [(None, None), (None, -1), (None, 0), (0, 0), (0, None), (1, None), (1, 5), (-9, -1), (5, 2), (None, 3)]
    return [
        *({"restriction": author.span(*edge)} for edge in edges),
        *({"authority": "none", "information_agreement": author.span(*edge)} for edge in edges),
        *({"authority": "unknown", "information_agreement": author.span(*edge)} for edge in edges[:4]),
        *(author.period(*edge) for edge in edges),
        {"authority": "unknown"},
        {"authority": "none", "restriction": author.span(None, 0), "information_agreement": author.span(0, None)},
    ]


def _pupils(author: Author) -> list[dict[str, Any]]:
    births = [author.today.replace(day=1, year=author.today.year - 18) + timedelta(days=days) for days in range(-3, 34)]
    return [
        *({"birth_on": birth.isoformat()} for birth in births[::3]),
        *({"birth_on": _years_ago(author.today + timedelta(days=days), 18)} for days in (-1, 0, 1)),
        *({"status": "left", "enrolled_until": author.day(-days)} for days in (0, 1, 13, 14, 15, 16)),
        *({"status": "enrolled", "enrolled_until": author.day(days)} for days in (-15, -14, 0, 3)),
        *({"status": "future", "enrolled_from": author.day(days)} for days in (-1, 0, 1, 2)),
        *({"status": "enrolled", "enrolled_from": author.day(days)} for days in (0, 1)),
        {"status": "registered"},
        {"address": None, "birth_on": None},
    ]


def _years_ago(day: date, years: int) -> str:
    try:
        return day.replace(year=day.year - years).isoformat()
    except ValueError:
        return date(day.year - years, 3, 1).isoformat()


def _doubled(author: Author) -> None:
    """Two relations of one pair: the lesser counts, and a restriction on either bars."""
    for second in (
        {"authority": "none"},
        {"authority": "none", "information_agreement": author.span(None, None)},
        {"authority": "unknown"},
        {"restriction": author.span(-5, None)},
        author.period(None, -3),
    ):
        child, guardian = author.child(), author.grown_up()
        author.tie(guardian, child)
        author.tie(guardian, child, **second)


def _shared_homes(author: Author) -> None:
    """One address, marked secret for one who lives there and not for the others."""
    for secret_one in ("parent", "sibling", "child", "nobody", "stepparent"):
        home = author.home()
        secret = {**home, "is_confidential": True}
        child = author.child(address=secret if secret_one == "child" else home)
        sibling = author.child(address=secret if secret_one == "sibling" else home)
        parent = author.grown_up(address=secret if secret_one == "parent" else home)
        step = author.grown_up(address=secret if secret_one == "stepparent" else home)
        elsewhere = author.grown_up()
        for pupil in (child, sibling):
            author.tie(parent, pupil)
            author.tie(elsewhere, pupil)
            author.tie(step, pupil, "none", relation="stepparent")
