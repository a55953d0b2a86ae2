"""The one error tree. The type says what to do next; the message says what happened, to which thing, what to do.

No message ever holds a record's values, a URL's query or a response body.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Root of everything we raise on purpose. `fix` tells a person what to do, in one sentence."""

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        """Give the message and, where there is one, the fix."""
        return f"{self.message} {self.fix}".strip()


class ConfigurationError(ConnectorError):
    """Stop: a setting, argument or plan file is wrong. The message names the key, the fix says how to mend it."""


class TransientError(ConnectorError):
    """Try again later: the network, the SIS or the database was away, slow or contradicted itself."""


class DatabaseUnavailable(TransientError):
    """The portal database could not be reached, was locked too long, or went away mid-statement."""


class StoreUnavailable(TransientError):
    """The store that holds the documents could not be reached, written or emptied."""


class NewsFirst(TransientError):
    """What was read of a period may hold news that only a sync may tell: sync, then read it again."""


class CursorExpired(ConnectorError):
    """The source no longer knows our cursor: pull the stream in full."""


class StreamNotSupplied(ConnectorError):
    """The source does not know a stream it was asked for: go on without it; what we have of it stays as it was."""


class FatalError(ConnectorError):
    """Abort this run and do not retry: going on could do harm."""


class SourceRefused(FatalError):
    """The source answered and said no (credentials, rights, an answer against its contract)."""


class StreamRefused(SourceRefused):
    """The source refused one stream, or sends it in a form that cannot be read: the others may be well.

    `said` is what it answered in a few words that hold nothing of a person.
    """

    def __init__(self, message: str, *, said: str, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.said = said


class WrongSchool(FatalError):
    """The payload belongs to another school than the one asked for. Nothing of it was stored."""


class DocumentRefused(FatalError):
    """A file is not what it claims to be, is incomplete, or is older than the last one."""


class LeaseHeld(ConnectorError):
    """Another run works on this school now."""


class SchoolPaused(ConnectorError):
    """A person paused the school or its source: nothing is asked or written until it is resumed."""


class LeaseLost(FatalError):
    """This run lost its lease while it was busy; it may not write any more."""


class PolicyMoved(FatalError):
    """The register changed while the run was busy; the next run works with the new policy."""


class DatabaseRefused(FatalError):
    """The database refused a statement. Carries SQLSTATE, table and constraint only, never the row."""


class BooksDoNotBalance(FatalError):
    """The sums of a stream do not come out; the transaction was rolled back. Our bug."""


class CorrectionError(ConnectorError):
    """A correction cannot be taken, moved or delivered as asked; nothing of it was changed."""


class CorrectionRefused(CorrectionError):
    """The source looked at a change request and will not take it, now or later. `code` is its own short word."""

    def __init__(self, message: str, *, code: str, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.code = code


class OutcomeUnknown(TransientError):
    """A change request was sent and no answer came: ask what became of it before anything is sent again."""


class RecordRejected(ConnectorError):
    """One record cannot be used: quarantine it, go on. `hides` says that its visibility was unreadable."""

    def __init__(self, code: str, field_path: str = "", *, hides: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.field_path = field_path
        self.hides = hides


class DocumentRejected(ConnectorError):
    """One document of a row cannot be had or kept: write down why, go on. `reason` is of schemas.documents."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StopRequested(ConnectorError):
    """A person or the system asked us to stop; the page at hand was finished."""
