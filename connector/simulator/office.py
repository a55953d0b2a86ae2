"""The school's office: change requests lie on its desk until somebody decides, or until its habit does.

Nothing that arrived is ever forgotten by the desk's own books, also when the office loses the request itself:
`arrivals` is every request to put one, `created` says how often each id was new, `applied` how often its value was
written into the records. So a test can tell that nothing was done twice.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from connector.simulator import change_requests
from connector.simulator.changes import Homes, apply
from connector.simulator.draft import Record
from connector.simulator.reading import ProblemError
from connector.simulator.world import World

HABITS = ("wait", "accept", "refuse", "accept_unchanged")
"""What the office does by itself with what comes in: nothing, accept and change the record, refuse, accept and forget
to change it. It decides after it has answered: whoever puts a request hears that it is pending."""

NOTHING = "(nothing yet)"


@dataclass
class Filed:
    """One change request as the office has it. `written` is what of it was last written into the records."""

    id: str
    asked: Record
    arrived_at: str
    status: str = "pending"
    decided_at: str | None = None
    reason: str | None = None
    is_edited: bool = False
    final: Any = None
    written: Any = NOTHING

    def standing(self) -> Record:
        """Return it as the contract tells it."""
        names = ("id", "status", "decided_at", "reason", "is_edited", "final")
        return {name: getattr(self, name) for name in names}

    @property
    def kind(self) -> str:
        """The form of its values."""
        return change_requests.VALUES[self.asked["stream"], self.asked["field"]]

    @property
    def value(self) -> Any:
        """The value that is or would be accepted."""
        return self.final if self.is_edited else self.asked["new"]


@dataclass
class Desk:
    """What one school's office has before it, how it behaves, and its books."""

    habit: str = "wait"
    untaken: frozenset[str] = frozenset()
    reason: str = "other"
    filed: dict[str, Filed] = field(default_factory=dict)
    homes: Homes = field(default_factory=dict)
    arrivals: list[str] = field(default_factory=list)
    created: Counter[str] = field(default_factory=Counter)
    applied: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)


class Office:
    """The offices of all schools of a world; as safe from several threads as the world is."""

    def __init__(self, world: World) -> None:
        """Set an empty desk in every school."""
        self.world = world
        self.desks = {school: Desk() for school in world.schools}

    def put(self, school: str, identifier: str, body: bytes) -> tuple[bool, Record]:
        """File a change request; returns whether it is new, and how it stands. Raises ProblemError."""
        with self.world.lock:
            desk, asked = self.desks[school], change_requests.read(body)
            desk.arrivals.append(identifier)
            if identifier in desk.filed:
                if desk.filed[identifier].asked != asked:
                    raise ProblemError(409, "id-taken", "Another change request has this id.")
                return False, desk.filed[identifier].standing()
            change_requests.consider(self.world, school, asked, desk.untaken)
            filed = desk.filed[identifier] = Filed(identifier, asked, self.world.now(school))
            desk.created[identifier] += 1
            if asked["is_preapproved"]:
                self.accept(school, identifier)
            standing = filed.standing()
            self._by_habit(school, [filed])
            return True, standing

    def standings(self, school: str, identifiers: Iterable[str]) -> list[Record]:
        """Return how these stand; what is not there is left out."""
        with self.world.lock:
            filed = self.desks[school].filed
            return [filed[one].standing() for one in identifiers if one in filed]

    def retract(self, school: str, identifier: str) -> Record:
        """Take one back unless it was decided; returns how it stands. Raises ProblemError for an unknown one."""
        with self.world.lock:
            filed = self.desks[school].filed.get(identifier)
            if filed is None:
                raise ProblemError(404, "unknown-change-request", "No such change request.")
            if filed.status == "pending":
                filed.status, filed.decided_at = "withdrawn", self.world.now(school)
            return filed.standing()

    def behave(self, school: str, habit: str, reason: str = "other", untaken: Iterable[str] = ()) -> None:
        """Take up a habit, also for what lies waiting. `untaken` are fields (stream.field) that are never taken."""
        if habit not in HABITS or reason not in change_requests.REASONS:
            raise ValueError(f"a habit is one of {HABITS}, a reason one of {change_requests.REASONS}")
        with self.world.lock:
            desk = self.desks[school]
            desk.habit, desk.reason, desk.untaken = habit, reason, frozenset(untaken)
            self._by_habit(school, list(desk.filed.values()))

    def accept(self, school: str, identifier: str, *, unchanged: bool = False, **edited: Any) -> Record:
        """Accept one, `final=` another value if the office edits it first; `unchanged` leaves the records as they are.

        An office may answer again and otherwise: what was written once is written again only if it is another value.
        """
        with self.world.lock:
            filed = self._decidable(school, identifier)
            value = edited.get("final", filed.value)
            if not change_requests.is_value(filed.kind, value):
                raise ValueError("this field can have no such value")
            if not unchanged and value != filed.written:
                apply(self.world, school, filed.asked, value, self.desks[school].homes)
                filed.written = value
                self.desks[school].applied[identifier] += 1
            filed.is_edited = value != filed.asked["new"]
            filed.final = value if filed.is_edited else None
            return self._decided(school, filed, "accepted", None)

    def refuse(self, school: str, identifier: str, reason: str = "other") -> Record:
        """Refuse one, even if it was accepted before; the records stay as they are."""
        if reason not in change_requests.REASONS:
            raise ValueError(f"a reason is one of {change_requests.REASONS}")
        with self.world.lock:
            filed = self._decidable(school, identifier)
            filed.is_edited, filed.final = False, None
            return self._decided(school, filed, "refused", reason)

    def lose(self, school: str, identifier: str) -> None:
        """Forget one altogether; only the books still know of it."""
        with self.world.lock:
            del self.desks[school].filed[identifier]
            self.desks[school].lost[identifier] += 1

    def queue(self, school: str) -> Record:
        """Return everything of a desk as plain data."""
        with self.world.lock:
            desk = self.desks[school]
            books = {name: dict(getattr(desk, name)) for name in ("created", "applied", "lost")}
            requests = [asdict(one) for one in desk.filed.values()]
            return {"habit": desk.habit, "change_requests": requests, "arrivals": list(desk.arrivals), **books}

    def _by_habit(self, school: str, filed: Iterable[Filed]) -> None:
        desk = self.desks[school]
        for one in filed:
            if one.status != "pending" or desk.habit == "wait":
                continue
            if desk.habit == "refuse":
                self.refuse(school, one.id, desk.reason)
                continue
            try:
                self.accept(school, one.id, unchanged=desk.habit == "accept_unchanged")
            except KeyError:  # whom it is about has left meanwhile
                self.refuse(school, one.id)

    def _decidable(self, school: str, identifier: str) -> Filed:
        filed = self.desks[school].filed[identifier]
        if filed.status == "withdrawn":
            raise ValueError("this change request was withdrawn")
        return filed

    def _decided(self, school: str, filed: Filed, status: str, reason: str | None) -> Record:
        filed.status, filed.reason, filed.decided_at = status, reason, self.world.now(school)
        return filed.standing()
