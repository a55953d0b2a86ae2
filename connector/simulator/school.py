"""One school as it is served: its records, the files behind them, and everything that ever changed."""

from dataclasses import dataclass, field

from connector.simulator.draft import File, Record
from connector.simulator.shelf import Shelf

DOCUMENTED = ("support_plans", "reports")


@dataclass
class School:
    """One school's shelves, the files behind its documents, and its change log.

    `marks[n]` fingerprints the history up to change n. `holders` are the records that ever announced a document.
    """

    code: str
    name: str
    shelves: dict[str, Shelf]
    roles: dict[str, str]
    files: dict[str, File]
    marks: list[int] = field(default_factory=list)
    holders: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look up who announces which document."""
        for stream in DOCUMENTED:
            for entry in self.shelves[stream].entries.values():
                self.hold(stream, entry.record)

    def hold(self, stream: str, record: Record) -> None:
        """Note which document a record announces."""
        if stream in DOCUMENTED and isinstance(document := record.get("document"), dict):
            self.holders.setdefault(document["id"], set()).add((stream, record["id"]))

    def streams_of(self, document: str) -> list[str]:
        """Return the streams in which a live record announces this document."""
        found = []
        for stream, identifier in sorted(self.holders.get(document, ())):
            entry = self.shelves[stream].entries[identifier]
            if entry.deleted_at is None and (entry.record.get("document") or {}).get("id") == document:
                found.append(stream)
        return found

    @property
    def head(self) -> int:
        """The sequence number of the last change."""
        return len(self.marks) - 1

    def knows(self, sequence: int, mark: int) -> bool:
        """Whether this very history passed through that change, so that a cursor of it can be honoured."""
        return 0 <= sequence <= self.head and self.marks[sequence] == mark
