"""Keys that a person types: the only ones that are trimmed.

Who copies a key from a list or a mail gets a space along with it. No key has a space at either end, so nobody else
can be meant by that. What a source or a program sends is never trimmed.
"""

from __future__ import annotations

from schemas.errors import ConfigurationError
from schemas.ids import SourceKey, parse_source_key


def typed_key(text: str, option: str) -> SourceKey:
    """Give the key. Raises ConfigurationError that names the option."""
    key = parse_source_key(text.strip())
    if key is None:
        raise ConfigurationError(
            f"{option} names no key.",
            fix="Take an id of the portal or a key of the SIS, of 1 to 256 characters.",
        )
    return key
