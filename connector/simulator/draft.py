"""The sheet on which a school is drawn up before the world takes it over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from random import Random
from typing import Any, NamedTuple

from connector.simulator.amounts import FEW, Amounts
from connector.simulator.dates import instant
from connector.simulator.pdf import pdf

Record = dict[str, Any]

PREFIXES: Mapping[str, str] = {
    "pupils": "pup",
    "guardians": "gua",
    "guardianships": "rel",
    "locations": "loc",
    "absences": "abs",
    "notes": "not",
    "support_plans": "pla",
    "news_items": "new",
    "employees": "emp",
    "groups": "grp",
    "group_memberships": "mem",
    "group_employees": "tea",
    "emergency_contacts": "con",
    "medical_items": "med",
    "invoices": "inv",
    "calendar_items": "cal",
    "privacy_preferences": "pri",
    "lessons": "les",
    "reports": "rep",
    "method_test_results": "mtr",
    "test_results": "tes",
}
STREAMS: tuple[str, ...] = tuple(PREFIXES)


PDF = "application/pdf"


class File(NamedTuple):
    """The bytes behind a document, and how they are served."""

    content_type: str
    body: bytes


def announced(identifier: str, file_name: str, file: File) -> Record:
    """Return the Document by which a record announces a file."""
    digest = sha256(file.body).hexdigest()
    return {
        "id": identifier,
        "file_name": file_name,
        "content_type": file.content_type,
        "size": len(file.body),
        "sha256": digest,
    }


def chance(rng: Random, percent: int) -> bool:
    """Return True in so many of a hundred draws."""
    return rng.random() * 100 < percent


@dataclass
class Draft:
    """Records per stream, role names and counters of one school; the same seed draws the same school."""

    seed: int
    school: str
    today: date
    amounts: Amounts = FEW
    streams: dict[str, list[Record]] = field(default_factory=lambda: {name: [] for name in STREAMS})
    files: dict[str, File] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)

    def rng(self, *names: object) -> Random:
        """Return a random source of its own, so that one part's draws never shift another's."""
        return Random(":".join(map(str, (self.seed, self.school, *names))))

    def count(self, name: str) -> int:
        """Return 1, 2, 3, … per name."""
        self.counters[name] = self.counters.get(name, 0) + 1
        return self.counters[name]

    def add(self, stream: str, named: str | None = None, /, **fields: Any) -> Record:
        """Append a record with the next id and a changed_at in the past; its role in the world is `named`."""
        number = len(self.streams[stream]) + 1
        changed = instant(self.today - timedelta(days=2 + number % 300), 7 + number % 11, number % 60)
        record: Record = {"id": f"{PREFIXES[stream]}-{number:06d}", "changed_at": changed, **fields}
        self.streams[stream].append(record)
        if named is not None:
            self.roles[named] = record["id"]
        return record

    def file(self, file_name: str, lines: Sequence[str]) -> Record:
        """Write a PDF of these lines and return the Document that announces it."""
        identifier = f"doc-{len(self.files) + 1:06d}"
        self.files[identifier] = File(PDF, pdf(lines))
        return announced(identifier, file_name, self.files[identifier])
