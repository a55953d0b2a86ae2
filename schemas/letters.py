"""A mail before it is sent, and what an address of one may look like."""

from __future__ import annotations

import re
from typing import NamedTuple

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_LOCAL}(\.{_LOCAL})*@{_LABEL}(\.{_LABEL})+", re.ASCII)
_MOST_ADDRESS = 254


class Attachment(NamedTuple):
    """A file that goes with a letter."""

    name: str
    content_type: str
    content: bytes


class Letter(NamedTuple):
    """What a mail says; to whom and under which Message-ID is for who sends it."""

    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()


def is_address(text: str) -> bool:
    """Tell whether this is one mail address and nothing else, in letters that every mail server takes."""
    return len(text) <= _MOST_ADDRESS and _ADDRESS.fullmatch(text) is not None
