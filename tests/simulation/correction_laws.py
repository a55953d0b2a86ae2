"""What must hold of corrections whatever happens, judged by the SIS, its office's books and the letters it got.

Nothing of ours decides here whether the SIS shows a value.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from schemas.corrections import ALLOWED_MOVES, Channel, Item, State
from tests.integration import correction_bench as bench
from tests.simulation.correction_town import EXPIRE_DAYS, KEEP_DAYS, REPEATED, Sight, Town

MOVES = {(str(begin), str(end)) for begin, ends in ALLOWED_MOVES.items() for end in ends}
ADDRESS = ("street", "house_number", "house_number_suffix", "postal_code", "city", "country")
ENDED = {State.CONFIRMED.value, State.CLOSED.value}


def shown(sight: Sight, stream: str, record: str, field: str) -> Any:
    """Give a field of a person as the SIS has it, in the form of a wish; secret numbers left out."""
    found = sight[stream].get(record)
    if found is None:
        return "(nobody)"
    if field == "address":
        return found["address"] and {name: found["address"][name] for name in ADDRESS}
    if field == "phones":
        return _phones(found["phones"])
    if field == "emergency_contacts":
        mine = [one for one in sight[field].values() if one["pupil_id"] == record]
        return [{"name": one["name"], "relation": one["relation"], "phones": _phones(one["phones"])} for one in mine]
    if field == "allergies":
        names = ("name", "details", "instructions", "from_on", "until_on")
        mine = [one for one in sight["medical_items"].values() if one["pupil_id"] == record]
        return [
            {**{name: one[name] for name in names}, "phone": one["phone"] and one["phone"]["number"]}
            for one in mine
            if one["kind"] == "allergy"
        ]
    return found[field]


def _phones(phones: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"kind": one["kind"], "number": one["number"]} for one in phones if not one["is_confidential"]]


def plain(value: Any, name: str = "") -> str:
    """Write a value so that two that a person takes for the same are the same text."""
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, list):
        return f"[{', '.join(sorted(plain(one) for one in value))}]"
    if isinstance(value, dict):
        return f"({', '.join(f'{key} {plain(one, key)}' for key, one in sorted(value.items()))})"
    words = " ".join(unicodedata.normalize("NFKC", str(value)).split()).casefold()
    if name in {"number", "phone"}:
        digits = "".join(sign for sign in words if sign.isdigit() or sign == "+")
        return digits.replace("+31", "0", 1) if digits.startswith("+31") else digits
    return words.replace(" ", "") if name == "postal_code" else words


class Laws:
    """Looks at everything after each thing that happened, and remembers what it saw."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.last_move = 0
        self.last: dict[str, list[Item]] = {}

    def check(self) -> None:
        """Hold everything that must hold now."""
        items = self.town.items()
        moves = self.town.rig.rows("SELECT * FROM correction_moves ORDER BY id")
        self._nothing_is_lost(items)
        self._each_life_is_whole(items, moves)
        self._confirmed_is_what_the_sis_shows(items, moves)
        self._secrets_are_gone(items)
        self._only_who_asked_sees_it()
        self._the_office_has_each_once(items)
        self._the_letters_say_when_they_repeat()

    def _nothing_is_lost(self, items: list[Item]) -> None:
        by_correction: dict[str, list[Item]] = {}
        for item in items:
            by_correction.setdefault(item.correction, []).append(item)
        purge_before = self.town.rig.parts.clock() - timedelta(days=KEEP_DAYS)
        for correction, asked in self.town.asked.items():
            kept = by_correction.get(correction)
            if kept is None:
                last = self.last[correction]
                assert all(one.state in ENDED and _ended_at(one) < purge_before for one in last), (
                    f"{correction} is lost"
                )
                continue
            assert len(kept) >= len(asked), f"an item of {correction} is lost"
            for row, item in zip(asked, kept, strict=False):
                assert (row["record_id"], row["field"]) == (item.record_id, item.field)
                assert item.requester == self.town.requesters[correction]
        assert by_correction.keys() <= self.town.asked.keys()
        self.last |= by_correction

    @staticmethod
    def _each_life_is_whole(items: list[Item], moves: list[dict[str, Any]]) -> None:
        lives: dict[tuple[str, int], list[tuple[str, str]]] = {}
        for move in moves:
            lives.setdefault((move["correction_id"], move["number"]), []).append((move["from_place"], move["to_place"]))
        for item in items:
            life = lives.pop((item.correction, item.number), [])
            if item.state == State.SUBMITTED.value:
                assert life == [], "what was not taken in has no history"
                continue
            assert life[0] == ("submitted", "submitted")
            for (_, at), (begin, end) in pairwise(life):
                assert begin == at, f"a step does not begin where the last one ended: {life}"
                assert (begin, end) in MOVES, f"not a move of the table: {begin} {end}"
            assert life[-1][1] == str(item.place), f"{item.place} is not where the history ends: {life}"
        assert lives == {}, "a history without an item"

    def _confirmed_is_what_the_sis_shows(self, items: list[Item], moves: list[dict[str, Any]]) -> None:
        known = {(item.correction, item.number): item for item in items}
        for move in moves:
            if move["id"] > self.last_move and move["to_place"] == "confirmed":
                self._is_shown(known[move["correction_id"], move["number"]])
        self.last_move = max([self.last_move, *(move["id"] for move in moves)])

    def _is_shown(self, item: Item) -> None:
        rows = self.town.asked[item.correction]
        same = [row for row in rows if row["field"] == item.field and row["record_id"] == item.record_id]
        row = (same or [row for row in rows if row["field"] == item.field])[0]
        new = None if row["new_value"] is None else json.loads(row["new_value"])
        finals = self.town.finals.get((item.correction, item.record_id, item.field), [])
        wanted = {plain(new), *map(plain, finals)}
        is_pulled_only = item.field in {"emergency_contacts", "allergies"}
        sights = [*self.town.sights, *(self.town.pulled if is_pulled_only else ())]
        found = {plain(shown(sight, item.stream, item.record_id, item.field)) for sight in sights}
        assert wanted & found, f"{item.field} was called confirmed, but the SIS shows {found}, not {wanted}"

    def _secrets_are_gone(self, items: list[Item]) -> None:
        for item in items:
            if (
                item.is_secret
                and item.state in ENDED
                and (item.state == "confirmed" or item.place not in ALLOWED_MOVES)
            ):
                assert "kanarie" not in repr(item._replace(correction="", requester="")).casefold(), item.place
        for row in self.town.rig.rows("SELECT actor, reason FROM correction_moves"):
            assert "kanarie" not in repr(row).casefold()

    def _only_who_asked_sees_it(self) -> None:
        for row in self.town.rig.rows("SELECT guardian_id, correction_id FROM portal_corrections"):
            assert row["guardian_id"] == self.town.requesters[row["correction_id"]]

    def _the_office_has_each_once(self, items: list[Item]) -> None:
        books = bench.queue(self.town.rig)
        arrivals = Counter(books["arrivals"])
        for key, times in arrivals.items():
            lost = books["lost"].get(key, 0)
            assert times <= 1 + lost, "a change request was sent again blindly"
            assert books["created"].get(key, 0) <= 1 + lost, "a change request was filed twice"
        numbers = {(one.correction, one.record_id, one.field): one.number for one in items}
        of_item: dict[tuple[str, str, str], list[str]] = {}
        for request in books["change_requests"]:
            asked = request["asked"]
            wish = asked["request"], asked["record_id"], asked["field"]
            of_item.setdefault(wish, []).append(request["status"])
        for wish, standings in of_item.items():
            if wish in numbers:
                again = self.town.retries[wish[0], numbers[wish]]
                assert len(standings) <= 1 + again, "one wish was filed under two keys"
                if self.town.is_healthy:
                    assert standings.count("pending") <= 1, "one wish waits twice on the office's desk"

    def _the_letters_say_when_they_repeat(self) -> None:
        under: dict[str, str] = {}
        seen: set[str] = set()
        for message_id, letter in self.town.mailer.taken:
            if "withdrawn" in message_id:
                continue
            assert "kanariezaad" not in repr(letter).casefold(), "medical data travelled by mail"
            keys = [one["key"] for one in _data(letter) if "key" in one]
            is_again = message_id in seen or any(under.get(key, message_id) != message_id for key in keys)
            assert not is_again or REPEATED in letter.text, "a letter does not say that it may have come before"
            seen.add(message_id)
            under |= dict.fromkeys(keys, message_id)

    def nobody_is_stuck(self) -> None:
        """After a run in which nothing went wrong everything was taken in, and no attempt is without an answer."""
        is_by_mail = self.town.rig.parts.corrections.channel is Channel.MAIL
        for item in self.town.items():
            assert item.state != State.SUBMITTED.value
            assert is_by_mail or item.state in ENDED or item.sending_at is None

    def everything_ends(self) -> None:
        """Once nothing goes wrong any more and time passes, each item is confirmed or closed, then purged."""
        town = self.town
        town.heal()
        for hours in (0, 7, 24 * (EXPIRE_DAYS + 1), 7, 7):
            town.pass_time(hours)
            town.run("tend")
            self.check()
        left = [(item.field, str(item.place), item.needs) for item in town.items() if item.state not in ENDED]
        assert left == [], f"after its days it has not ended: {left}"
        town.pass_time(24 * (KEEP_DAYS + 1))
        for _ in range(2):
            town.run("tend")
            self.check()
        left = [(item.field, str(item.place), item.channel or "") for item in town.items()]
        assert left == [], f"what ended long ago is still kept: {left}"


def _ended_at(item: Item) -> datetime:
    ended = item.closed_at if item.state == State.CLOSED.value else item.confirmed_at
    assert ended is not None
    return ended


def _data(letter: Any) -> list[dict[str, Any]]:
    files = [one for one in letter.attachments if one.content_type == "application/json"]
    return [item for one in files for item in json.loads(one.content)["items"]]
