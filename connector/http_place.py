"""Where a source lives: its base URL, and the references that stay within its origin."""

from __future__ import annotations

import re
from typing import NamedTuple

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from schemas.errors import ConfigurationError, SourceRefused

_PORTS = {"http": 80, "https": 443}
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_UNFIT = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_PRINTABLE_PATH = re.compile(r"/[A-Za-z0-9._~/%-]{0,199}")


class Target(NamedTuple):
    """What to ask: the whole URL, and the path alone for messages."""

    url: str
    path: str


class Place:
    """A base URL and all below its origin, parsed as urllib3 parses it, so that no second reading differs."""

    def __init__(self, base_url: str) -> None:
        """Raise ConfigurationError for anything but an http or https URL without user, query and fragment."""
        parsed = _parsed(base_url)
        if parsed is None or not parsed.host or parsed.auth or parsed.query or parsed.fragment:
            raise ConfigurationError(
                "base_url is not an address of a source.", fix="Write it as https://host[:port][/path]."
            )
        self._origin = _origin(parsed)
        self._prefix = (parsed.path or "").rstrip("/")
        self._root = Url(scheme=parsed.scheme, host=parsed.host, port=parsed.port).url.rstrip("/")

    def target(self, reference: str) -> Target:
        """Give the target of a path below the base URL, or of an absolute URL of the same origin.

        Raises SourceRefused for any other reference.
        """
        if _UNFIT.search(reference) is None:
            if not _ABSOLUTE.match(reference):
                return self._below(reference)
            parsed = _parsed(reference)
            if parsed is not None and not parsed.auth and _origin(parsed) == self._origin:
                return self._spelled(parsed.request_uri)
        raise SourceRefused(
            "The source pointed to another place than its own address.",
            fix="Nothing was asked there. Check base_url, then ask the supplier.",
        )

    def _below(self, reference: str) -> Target:
        path = "/" + reference.lstrip("/")
        # A server behind a prefix may or may not know of it; both ways of pointing to a next page must work.
        inside = not self._prefix or path == self._prefix or path.startswith(f"{self._prefix}/")
        return self._spelled(path if inside else self._prefix + path)

    def _spelled(self, uri: str) -> Target:
        uri = uri.partition("#")[0]
        path = uri.partition("?")[0]
        return Target(self._root + uri, path if _PRINTABLE_PATH.fullmatch(path) else "(a path)")


def _parsed(url: str) -> Url | None:
    try:
        parsed = parse_url(url)
    except LocationParseError:
        return None
    return parsed if parsed.scheme in _PORTS else None


def _origin(parsed: Url) -> tuple[str | None, str | None, int | None]:
    return parsed.scheme, parsed.host, parsed.port or _PORTS[parsed.scheme or "https"]
