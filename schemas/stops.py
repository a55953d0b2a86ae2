"""A stream that stopped: the source refuses it, or many of its records lack the same field."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from schemas.streams import Decides, Stream

REFUSED = "refused"
"""The code of a stop where the source refuses the whole stream, or sends it in a form that cannot be read."""

UNREADABLE_KEY = "unreadable_key"
"""The code of records that do not say which they are."""

PEOPLE = frozenset({Stream.PUPILS, Stream.GUARDIANS, Stream.GUARDIANSHIPS, Stream.PRIVACY_PREFERENCES})
"""The streams that decide who may see what: while they cannot be read, the others may only show less."""


class Stop(NamedTuple):
    """Why a stream stopped, since when, and when it is tried again.

    `what` is the path of the field, or what the source answered; never a value. `tries` are the full pulls since then
    that found it unmended.
    """

    code: str
    what: str
    decides: Decides
    records: int
    since_at: datetime
    tries: int
    retry_at: datetime

    def said(self, stream: Stream) -> str:
        """Say in one sentence what is wrong."""
        if self.code == REFUSED:
            return f"the source refuses {stream.value} ({self.what})"
        field = f"{stream.value}.{self.what}" if self.what else f"{stream.value} ({self.code})"
        return f"the source stopped sending {field} as the contract says ({self.records} records, {self.code})"

    def fix(self, stream: Stream) -> str:
        """Say who must do what."""
        if self.code == REFUSED:
            return f"Ask the supplier to grant this client the stream {stream.value} again, and to send it as agreed."
        return "Ask the supplier to send that field again in every record; it is tried again by itself."
