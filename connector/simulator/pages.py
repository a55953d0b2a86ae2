"""Pages, page tokens and cursors: what a stream request is answered with, before anything goes wrong."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from connector.simulator.shelf import Shelf, as_json, within
from connector.simulator.world import School, World


class ExpiredError(Exception):
    """A cursor or page token that this history cannot honour; `what` is "cursor" or "page"."""

    def __init__(self, what: str) -> None:
        """Keep which of the two it was."""
        super().__init__(what)
        self.what = what


@dataclass(frozen=True)
class Page:
    """One page; `records` are JSON bytes, joined without being parsed again."""

    school: str
    stream: str
    mode: str
    count: int | None
    records: Sequence[bytes]
    next: str | None
    cursor: str | None

    def body(self) -> bytes:
        """Return the page as JSON."""
        head = {"school": self.school, "stream": self.stream, "mode": self.mode, "count": self.count}
        tail = {"next": self.next, "cursor": self.cursor}
        return b"".join((as_json(head)[:-1], b',"records":[', b",".join(self.records), b"],", as_json(tail)[1:]))


@dataclass(frozen=True)
class Wanted:
    """A valid stream request: at most one of cursor, page, ids, period is set; `skip` and `keep` are faults."""

    school: str
    stream: str
    page_size: int
    cursor: str | None = None
    page: str | None = None
    ids: Sequence[str] | None = None
    period: str | None = None
    skip: int = 0
    keep: int | None = None


@dataclass(frozen=True)
class Place:
    """A position in one stream's history or enumeration, as it is hidden in cursors and page tokens.

    kind "cursor" or "changes": go on after change `sequence`; kind "full": go on after id `after` in the
    enumeration that began at change `sequence`; kind "period": the same of the records in `period`.
    """

    kind: str
    stream: str
    sequence: int
    mark: int
    after: str = ""
    generation: int = 0
    period: str = ""

    def sealed(self) -> str:
        """Return the place as an opaque string."""
        parts = [self.kind, self.stream, self.sequence, self.mark, self.after, self.generation, self.period]
        return base64.urlsafe_b64encode(as_json(parts)).decode().rstrip("=")


def page_of(world: World, wanted: Wanted, generation: int = 0) -> Page:
    """Return the page asked for; raises ExpiredError for a cursor or page token that cannot be honoured."""
    school = world.schools[wanted.school]
    shelf = school.shelves[wanted.stream]
    if wanted.ids is not None:
        records = shelf.by_ids(wanted.ids, world.now(wanted.school))
        return Page(wanted.school, wanted.stream, "keys", None, records, None, None)
    if wanted.cursor is not None:
        place = cursor_place(school, wanted.stream, wanted.cursor)
        if place is None:
            raise ExpiredError("cursor")
        return _changes(wanted, school, shelf, place.sequence, generation)
    if wanted.page is None:
        kind = "full" if wanted.period is None else "period"
        start = Place(kind, wanted.stream, school.head, school.marks[-1], period=wanted.period or "")
        return _full(wanted, school, shelf, start, generation)
    place = _opened(school, wanted.stream, wanted.page, ("full", "changes", "period"))
    if place is None or place.generation != generation:
        raise ExpiredError("page")
    if place.kind != "changes":
        return _full(wanted, school, shelf, place, generation)
    return _changes(wanted, school, shelf, place.sequence, generation)


def cursor_place(school: School, stream: str, cursor: str) -> Place | None:
    """Return where a cursor points, or None when it is unreadable, too old, or of another history."""
    return _opened(school, stream, cursor, ("cursor",))


def _full(wanted: Wanted, school: School, shelf: Shelf, place: Place, generation: int) -> Page:
    lies = within(wanted.stream, place.period) if place.kind == "period" else None
    count = shelf.live if lies is None else shelf.number(lies)
    records, after = shelf.page(place.after, wanted.page_size, wanted.skip, lies)
    if wanted.keep is not None:
        records, after = records[: wanted.keep], None
    # The cursor is that of the start: what changed meanwhile comes again, and nothing is lost.
    is_cursor_due = after is None and lies is None
    cursor = _cursor(wanted.stream, place.sequence, place.mark) if is_cursor_due else None
    following = None if after is None else replace(place, after=after, generation=generation)
    return Page(wanted.school, wanted.stream, place.kind, count, records, _next(wanted, following), cursor)


def _changes(wanted: Wanted, school: School, shelf: Shelf, sequence: int, generation: int) -> Page:
    records, last = shelf.changes(sequence, wanted.page_size)
    cursor = _cursor(wanted.stream, school.head, school.marks[-1]) if last is None else None
    mark = 0 if last is None else school.marks[last]
    following = None if last is None else Place("changes", wanted.stream, last, mark, "", generation)
    return Page(wanted.school, wanted.stream, "changes", None, records, _next(wanted, following), cursor)


def _cursor(stream: str, sequence: int, mark: int) -> str:
    return Place("cursor", stream, sequence, mark).sealed()


def _next(wanted: Wanted, place: Place | None) -> str | None:
    if place is None:
        return None
    query = urlencode({"page": place.sealed(), "page_size": wanted.page_size})
    return f"/v1/schools/{wanted.school}/{wanted.stream}?{query}"


def _opened(school: School, stream: str, text: str, kinds: Sequence[str]) -> Place | None:
    try:
        parts: Any = json.loads(base64.urlsafe_b64decode((text + "=" * (-len(text) % 4)).encode()))
        place = Place(*parts)
        honoured = place.kind in kinds and place.stream == stream and school.knows(place.sequence, place.mark)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        return None
    return place if honoured and place.sequence >= school.shelves[stream].horizon and _typed(place) else None


def _typed(place: Place) -> bool:
    texts: tuple[object, ...] = (place.after, place.period)
    return type(place.sequence) is int and type(place.mark) is int and all(isinstance(one, str) for one in texts)
