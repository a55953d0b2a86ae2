"""Keys that a person types are trimmed; keys that a program writes are not."""

from __future__ import annotations

import json

import pytest

from jobs.cli.key_words import typed_key
from schemas.errors import ConfigurationError
from schemas.submissions import Submission, read_submission

ASKED = {
    "requester": "gua-000001",
    "motive": "error",
    "items": [{"stream": "pupils", "key": "pup-000001", "field": "call_name", "new": "Noor"}],
}


def _read(**changes: object) -> Submission:
    return read_submission(json.dumps({**ASKED, **changes}).encode(), "correction.json")


@pytest.mark.parametrize("typed", ["pup-000001", " pup-000001", "pup-000001\n", "\u00a0pup-000001 "])
def test_a_typed_key_loses_what_was_copied_along(typed: str) -> None:
    """No key has a space at either end, so whoever types one means the key without it."""
    assert typed_key(typed, "--pupil") == "pup-000001"


@pytest.mark.parametrize("typed", ["", "  ", "a\tb", "x" * 257])
def test_what_cannot_be_a_key_is_a_wrong_option(typed: str) -> None:
    """The option is named, so that a person knows what to mend."""
    with pytest.raises(ConfigurationError, match="--pupil names no key"):
        typed_key(typed, "--pupil")


@pytest.mark.parametrize("key", [" gua-000001", "gua-000001 ", "gua-000001\u00a0", "", "x" * 257])
def test_a_correction_names_its_people_as_the_portal_does(key: str) -> None:
    """A submission is written by a program: a requester or person with a stray space is refused, not taken for one."""
    with pytest.raises(ConfigurationError, match="requester"):
        _read(requester=key)
    with pytest.raises(ConfigurationError, match="key"):
        _read(items=[{**ASKED["items"][0], "key": key}])  # type: ignore[dict-item]
    assert _read(requester="x" * 256).requester == "x" * 256
