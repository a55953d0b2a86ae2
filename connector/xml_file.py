"""An XML file from outside, read front to back in bounded memory and without trusting it.

A document type declaration is refused before its first entity is read, nothing is resolved or fetched, and no
limit of libxml2 is lifted. A refusal says what is wrong, in which line, and what to do; it never quotes the
document.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from schemas.errors import ConfigurationError, DocumentRefused, TransientError

EXPORT_AGAIN = "Export the document again and check that the whole file was copied."
_NO_DOCTYPE = "An honest export has none: do not import this file, ask who made it."

_CHUNK = 64 * 1024
_ENTITIES: Any = "internal"
"""Not False: with that lxml passes over an unknown entity and takes the next piece for a document of its own."""

_MAX_QUIET = 4 * 1024 * 1024
_WHAT_IS_WRONG = {
    4: "is not XML",
    5: "has something after its root element",
    9: "holds a character that XML does not allow, or bytes that are not of the encoding it declares",
    26: "refers to an entity, and there can be none without a DOCTYPE",
    32: "declares an encoding that is not known",
    81: "holds bytes that are not of the encoding it declares",
    201: "uses a namespace prefix that it does not declare",
}
"""By libxml2's error code. Its own message is not used: it can quote the document."""


class XmlFile:
    """An open file; `position` is how much of it was read. The caller empties the elements it gets (`forget`)."""

    def __init__(self, path: Path, file: BinaryIO, max_bytes: int) -> None:
        self._path = path
        self._file = file
        self._max_bytes = max_bytes
        self._state = self._read_state()
        self.position = 0

    def refuse(self, what: str, fix: str = EXPORT_AGAIN, *, line: object = None) -> DocumentRefused:
        """Make a refusal; `what` goes on after the name of the file."""
        return DocumentRefused(f"{self._path.name}{f', line {line},' if line else ''} {what}.", fix=fix)

    def events(self) -> Iterator[tuple[str, etree._Element]]:
        """Parse from the start: ("start" | "end", element). Ends only when the whole document was sound."""
        self._file.seek(0)
        parser = etree.XMLPullParser(
            events=("start", "end"),
            resolve_entities=_ENTITIES,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            recover=False,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )
        events: Iterator[Any] = parser.read_events()
        self.position = quiet_since = 0
        while chunk := self._file.read(_CHUNK):
            self.position += len(chunk)
            if self.position > self._max_bytes:
                raise self._too_large()
            if self.position - quiet_since > _MAX_QUIET:
                raise self.refuse(f"has more than {_MAX_QUIET} bytes without an element")
            self._parse(parser, chunk)
            for event, element in events:
                if not quiet_since and element.getroottree().docinfo.internalDTD is not None:
                    raise self._has_doctype()
                quiet_since = self.position
                yield event, element
        self._parse(parser, None)

    def check_prolog(self) -> None:
        """Refuse a file that is too large or has a doctype; anything else is left to the reading proper."""
        if self._state[0] > self._max_bytes:
            raise self._too_large()
        if self._state[0] == 0:
            raise self.refuse("is empty")
        prolog = _Prolog()
        parser = etree.XMLParser(target=prolog, resolve_entities=_ENTITIES, no_network=True)
        has_doctype = False
        try:
            while not prolog.has_ended and (chunk := self._file.read(4096)):
                parser.feed(chunk)
        except _DoctypeFound:
            has_doctype = True
        except etree.XMLSyntaxError:
            return  # the reading proper meets it again, and says in which line
        if has_doctype:
            raise self._has_doctype()

    def check_unchanged(self) -> None:
        """Raise TransientError when somebody wrote to the file since it was opened."""
        if self._read_state() != self._state:
            raise TransientError(f"{self._path.name} changed while it was read.", fix="Import it when it is whole.")

    def _read_state(self) -> tuple[int, int]:
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns

    def _has_doctype(self) -> DocumentRefused:
        return self.refuse("has a document type declaration (DOCTYPE)", _NO_DOCTYPE)

    def _too_large(self) -> DocumentRefused:
        return self.refuse(
            f"is larger than {self._max_bytes} bytes",
            "Check that it is an export of one school, or raise the limit.",
        )

    def _parse(self, parser: etree.XMLPullParser, chunk: bytes | None) -> None:
        """Feed a piece, or close. libxml2's error can quote the document: it ends here, ours has no context."""
        try:
            if chunk is None:
                parser.close()
            else:
                parser.feed(chunk)
            errors = parser.feed_error_log.filter_from_errors()
            if not errors:
                return
            code, line = errors[0].type, errors[0].line
        except etree.XMLSyntaxError as error:
            code, line = vars(error)["code"], error.lineno
        what = "ends before it is complete" if chunk is None else "is not well-formed XML"
        raise self.refuse(_WHAT_IS_WRONG.get(code, what), line=line)


@contextmanager
def opened(path: Path, max_bytes: int) -> Iterator[XmlFile]:
    """Open the file and look at its prolog. Raises ConfigurationError when there is no file to read."""
    reason = "is not there or is not a file"
    if path.is_file():
        try:
            file = path.open("rb")
        except OSError as error:
            reason = f"cannot be opened ({error.strerror})"
        else:
            with file:
                document = XmlFile(path, file, max_bytes)
                document.check_prolog()
                yield document
            return
    raise ConfigurationError(f"{path} {reason}.", fix="Give the path of a file that may be read.")


def forget(element: etree._Element) -> None:
    """Free what was parsed: the element's content and the empty shells before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


class _DoctypeFound(Exception):
    """There is a document type declaration."""


class _Prolog:
    """Hears what comes before the root element; libxml2 names a doctype before it reads what is in it."""

    def __init__(self) -> None:
        self.has_ended = False

    def doctype(self, *_: object) -> None:
        raise _DoctypeFound

    def start(self, *_: object) -> None:
        self.has_ended = True

    def end(self, *_: object) -> None:
        """Only the start matters; the rest is what the parser asks of a target."""

    data = comment = end

    def close(self) -> None:
        """Nothing was built."""
