"""What an exit code means, and which one an error or several schools together give."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.errors import (
    ConfigurationError,
    CorrectionError,
    DocumentRefused,
    LeaseHeld,
    LeaseLost,
    PolicyMoved,
    SchoolPaused,
    SourceRefused,
    StopRequested,
    StreamNotSupplied,
    TransientError,
    WrongSchool,
)

WELL = 0
PERSON = 1
USAGE = 2
SOURCE = 3
LEASE = 4
BUG = 70
INTERRUPTED = 130
TERMINATED = 143

MEANING = {
    WELL: "all well",
    PERSON: "finished; something new needs a person (quarantine, held keys, documents)",
    USAGE: "usage or configuration",
    SOURCE: "the source, or the database, was unreachable or refused us",
    LEASE: "another run holds the lease, the register moved, or a person paused the school",
    BUG: "our bug",
    INTERRUPTED: "stopped by Ctrl-C",
    TERMINATED: "stopped by SIGTERM",
}
"""Every exit code."""

_GRAVEST = (INTERRUPTED, TERMINATED, BUG, USAGE, SOURCE, PERSON, LEASE, WELL)


def of_error(error: BaseException) -> int:
    """Give the exit code of what was raised."""
    match error:
        case ConfigurationError() | DocumentRefused():
            return USAGE
        case CorrectionError():
            return PERSON
        case TransientError() | SourceRefused() | StreamNotSupplied() | WrongSchool():
            return SOURCE
        case LeaseHeld() | LeaseLost() | PolicyMoved() | SchoolPaused():
            return LEASE
        case StopRequested() | KeyboardInterrupt():
            return INTERRUPTED
        case _:
            return BUG


def gravest(codes: Iterable[int]) -> int:
    """Give the one code that stands for several schools: 70, 2, 3, 1, 4, and 0 only when all is well."""
    found = set(codes)
    return next((code for code in _GRAVEST if code in found), WELL)
