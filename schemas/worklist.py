"""What a school can put right in its SIS: the kinds of work, the facts they are judged by, and one item of the list."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from schemas.ids import RunId
from schemas.streams import Stream


class Kind(StrEnum):
    """One kind of work."""

    NO_MAIL = "guardian_without_mail"
    SHARED_MAIL = "shared_mail"
    BOUNCED_MAIL = "bounced_mail"
    UNKNOWN_AUTHORITY = "unknown_authority"
    NO_GROUP = "pupil_without_group"
    DOUBLE = "double"
    LEAVER = "leaver_still_present"


class Record(NamedTuple):
    """A record by its stream and key."""

    stream: Stream
    key: str


class Item(NamedTuple):
    """One thing to do, about these records. `reason` is a code of ours, `run_id` the run that holds it, if any."""

    kind: Kind
    records: tuple[Record, ...]
    reason: str = ""
    run_id: RunId | None = None


class GuardianMail(NamedTuple):
    """A guardian's address; `is_reached` when the guardian may see a pupil now."""

    guardian: str
    mail: str | None
    is_reached: bool


class Bounce(NamedTuple):
    """Mail that came back: the address of now, and the keyed hash of the one it came back from."""

    guardian: str
    mail: str | None
    digest: str
    key: bytes


class BornTogether(NamedTuple):
    """A pupil who shares the birth date with another pupil of the school."""

    pupil: str
    name: str
    birth_on: date


class Leaver(NamedTuple):
    """A pupil who should be gone from the portal; `run_id` is the run that holds the removal."""

    pupil: str
    run_id: RunId | None


class Facts(NamedTuple):
    """What the work of one school is judged by. `loaded` are the streams that were loaded once."""

    loaded: frozenset[Stream] = frozenset()
    guardians: tuple[GuardianMail, ...] = ()
    bounces: tuple[Bounce, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    ungrouped: tuple[str, ...] = ()
    born_together: tuple[BornTogether, ...] = ()
    conflicts: tuple[Record, ...] = ()
    leavers: tuple[Leaver, ...] = ()
