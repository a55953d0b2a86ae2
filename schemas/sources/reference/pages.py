"""Reads the reference dialect's answers: a page in one call, each bad record as a rejection of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import MAXYEAR
from typing import Annotated, Any, Generic, TypeVar, overload

from pydantic import Field, TypeAdapter, ValidationError, WrapValidator
from pydantic_core import ErrorDetails

from schemas.errors import StreamRefused, TransientError
from schemas.ids import SourceKey, parse_source_key
from schemas.sources.reference.catalogue import NEEDED_TO_BE_SHOWN, PLAINLY_SHOWN, VISIBILITY_FIELDS, WIRE
from schemas.sources.reference.finance import InvoiceLine
from schemas.sources.reference.parts import Address, Document, Period, Phone, Wire
from schemas.sources.reference.remains import decides, readable_part, says_less, unread_secrecy
from schemas.sources.reference.results import Level, Part
from schemas.sources.scalars import UNREADABLE_NUMBER, BeginsAt, Count, Instant, Text
from schemas.streams import TIES, Decides, Partial, Rejection, Stream, Tombstone

_MODELS: tuple[type[Wire], ...] = (*WIRE.values(), Address, Phone, Period, Document, InvoiceLine, Level, Part)
_KNOWN_NAMES = frozenset(name for model in _MODELS for name in model.model_fields)

_Item = TypeVar("_Item")


class WireEnvelope(Wire):
    """What a page says beside its records."""

    school: Text
    stream: Text
    mode: Text
    count: Count | None
    next: Annotated[Text, Field(min_length=1)] | None
    cursor: Annotated[Text, Field(min_length=1)] | None


class WirePage(WireEnvelope, Generic[_Item]):
    """One page. `records` holds wire records, tombstones and rejections in the source's order."""

    records: list[_Item]


class WireSchool(Wire):
    """What the source says of a school."""

    school: Text
    name: Text
    streams: tuple[Text, ...]


class WireChanges(Wire):
    """Which of the asked streams changed, and which are to be read in full."""

    school: Text
    changed: tuple[Text, ...]
    expired: tuple[Text, ...]


def _reader(stream: Stream) -> Callable[[Any, Callable[[Any], Any]], Any]:
    def read(value: Any, validate: Callable[[Any], Any]) -> Any:
        if type(value) is dict and value.get("deleted") is not None:
            gone = _deleted(value)
            if gone is not None:
                return gone
        try:
            record = validate(value)
        except ValidationError as error:
            return value if type(value) is Rejection else _rejection(stream, value, error)
        # Nobody asks which fields a record had, and the set that tells is up to half of what a record takes.
        object.__setattr__(record, "__pydantic_fields_set__", _UNASKED)
        unread = unread_secrecy(value) if has_secrecy else None
        return record if unread is None else Partial(record, _MISSING if unread[1] else _UNREADABLE, unread[0])

    has_secrecy = not _WITH_SECRECY.isdisjoint(WIRE[stream].model_fields)
    return read


_UNASKED: frozenset[str] = frozenset()
_WITH_SECRECY = frozenset({"address", "phone", "phones"})
_MISSING, _UNREADABLE = "missing_field", "unreadable_field"


def _deleted(value: dict[str, Any]) -> Tombstone | Rejection | None:
    if value["deleted"] is False:
        return None
    key = parse_source_key(value.get("id"))
    if key is None:
        return Rejection(None, "unreadable_key")
    if value["deleted"] is True:
        return Tombstone(key)
    return Rejection(key, _UNREADABLE, "deleted", hides=True, decides=Decides.WHETHER)


def _rejection(stream: Stream, value: Any, error: ValidationError) -> Rejection:
    key = parse_source_key(value.get("id")) if isinstance(value, dict) else None
    if key is None:
        return Rejection(None, "unreadable_key")
    wrong = error.errors(include_url=False, include_context=False)
    hiding = [one for one in wrong if one["loc"] and one["loc"][0] in VISIBILITY_FIELDS[stream]]
    parts = [one for one in wrong if one["loc"] and one["loc"][0] in _WITH_SECRECY]
    worst = (hiding or parts or wrong)[0]
    # A location also holds positions and names of union members, and must never hold what the source sent.
    path = ".".join(part for part in worst["loc"] if isinstance(part, str) and part in _KNOWN_NAMES)
    hides = bool(hiding) or _may_be_hidden(stream, value)
    return _rejected(stream, value, Rejection(key, _code(worst), path, hides), {str(one["loc"][0]) for one in wrong})


def _rejected(stream: Stream, value: Mapping[str, Any], found: Rejection, wrong: Collection[str]) -> Rejection:
    """Add to a rejection what can still be read beside the wrong fields."""
    readable = readable_part(stream, value, wrong)
    return found._replace(
        ties=_ties(stream, value),
        decides=decides(stream, value, wrong),
        readable=readable,
        says_less=readable is None and says_less(stream, value, wrong),
    )


def _ties(stream: Stream, value: Mapping[str, Any]) -> tuple[tuple[str, SourceKey], ...]:
    """Give whose the record is, as far as it can be read: this dialect names these fields as we do."""
    said = ((name, parse_source_key(value.get(name))) for name in TIES[stream])
    return tuple((name, key) for name, key in said if key is not None)


def _code(wrong: ErrorDetails) -> str:
    if wrong["type"] == UNREADABLE_NUMBER and _WITH_A_COMMA.fullmatch(str(wrong["input"])):
        return "decimal_comma"
    return _MISSING if wrong["type"] == "missing" else _UNREADABLE


def _may_be_hidden(stream: Stream, value: Mapping[str, Any]) -> bool:
    shown = PLAINLY_SHOWN.get(stream, {})
    if any(not _is_among(value.get(name), shown[name]) for name in shown):
        return True
    if any(value.get(name) is None for name in NEEDED_TO_BE_SHOWN.get(stream, ())):
        return True
    if "publish_from" in VISIBILITY_FIELDS[stream] and not _was_out(value):
        return True
    phones = value.get("phones")
    secrets = [value.get("address"), value.get("phone"), *(phones if isinstance(phones, list) else [phones])]
    return any(one is not None and not _is_plainly_public(one) for one in secrets)


def _is_among(value: Any, shown: tuple[object, ...]) -> bool:
    if isinstance(value, str) and value.startswith(_NO_END):
        value = None  # all that is text here and may be null is an end
    return any(value is one or value == one for one in shown)


def _was_out(value: Mapping[str, Any]) -> bool:
    """Tell whether the record's own first moment for parents had passed when the record last changed."""
    if value.get("publish_from") is None:
        return True
    try:
        out, changed = _BEGINS_AT.validate_python(value["publish_from"]), _INSTANT.validate_python(value["changed_at"])
    except (ValidationError, KeyError):
        return False
    return out is None or bool(out <= changed)


def _is_plainly_public(place: Any) -> bool:
    return isinstance(place, dict) and place.get("is_confidential") is False


_TYPES: tuple[Any, Any] = (Annotated, WirePage)  # made up at run time, so out of mypy's sight


def _page_of(stream: Stream) -> TypeAdapter[WirePage[Any]]:
    annotated, page = _TYPES
    return TypeAdapter(page[annotated[WIRE[stream], WrapValidator(_reader(stream))]])


PAGES: Mapping[Stream, TypeAdapter[WirePage[Any]]] = {stream: _page_of(stream) for stream in Stream}
"""One adapter per stream: `validate_json` reads a whole page in one call, good or bad."""

ENVELOPE = TypeAdapter(WireEnvelope)
SCHOOL = TypeAdapter(WireSchool)
CHANGES = TypeAdapter(WireChanges)

_INSTANT = TypeAdapter(Instant)
_BEGINS_AT: TypeAdapter[Any] = TypeAdapter(BeginsAt)
_NO_END = f"{MAXYEAR}-"
_WITH_A_COMMA = re.compile(r"-?[0-9]+,[0-9]+", re.ASCII)
_UNTEXT = re.compile(r"[\ud800-\udfff]|(?<!\\)(?:\\\\)*\\u0000")


def read_page(stream: Stream, body: bytes) -> WirePage[Any]:
    """Read one page of this stream.

    Raises TransientError when the body is no JSON at all, StreamRefused when it is no page of the contract.
    """
    if b"\\u0000" not in body:
        try:
            return PAGES[stream].validate_json(body)
        except ValidationError:
            pass
    return _read_carefully(stream, body)


def read_envelope(stream: Stream, body: bytes) -> WireEnvelope:
    """Read what a page says beside its records, for a tenth of the time and memory. Raises as `read_page`."""
    try:
        return ENVELOPE.validate_json(body)
    except ValidationError:
        pass
    return _read_carefully(stream, body)


class Records(Sequence[Any]):
    """The records of one page, read when somebody first looks at them: until then a page is no more than its bytes.

    Looking raises StreamRefused when they are no records at all.
    """

    def __init__(self, stream: Stream, body: bytes) -> None:
        self._stream, self._body = stream, body
        self._read: list[Any] | None = None

    def __len__(self) -> int:
        return len(self._looked_at())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._looked_at())

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> list[Any]: ...
    def __getitem__(self, place: int | slice) -> Any:
        return self._looked_at()[place]

    def _looked_at(self) -> list[Any]:
        if self._read is None:
            self._read = read_page(self._stream, self._body).records
            self._body = b""
        return self._read


def _read_carefully(stream: Stream, body: bytes) -> WirePage[Any]:
    """Read a page with a NUL or half a surrogate pair in it, so that only its record suffers.

    What is no UTF-8 is refused whole: read by a guess, each name with an accent would be a record that broke.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    if text is None:
        raise StreamRefused(
            f"The answer about {stream} is not in UTF-8.",
            said="not in UTF-8",
            fix="Ask the supplier to send JSON as UTF-8, as RFC 8259 says.",
        )
    try:
        page = json.loads(text, strict=False)
        if isinstance(page, dict) and isinstance(page.get("records"), list):
            page["records"] = [_with_readable_text(stream, record) for record in page["records"]]
    except (ValueError, RecursionError):
        page = None
    if page is None:
        raise TransientError(f"The answer about {stream} is no JSON.", fix="Try again later.")
    try:
        return PAGES[stream].validate_python(page)
    except ValidationError:
        pass
    raise StreamRefused(
        f"The answer about {stream} is no page of the reference contract.",
        said="no page of the contract",
        fix="Ask the supplier which version of the contract this address serves.",
    )


def _with_readable_text(stream: Stream, record: Any) -> Any:
    if not _is_untext(record):
        return record
    key = parse_source_key(record.get("id")) if isinstance(record, dict) else None
    if key is None:
        return Rejection(None, "unreadable_key")
    wrong = {name for name in record if _is_untext(record[name]) and name in WIRE[stream].model_fields}
    hides = not VISIBILITY_FIELDS[stream].isdisjoint(wrong) or _may_be_hidden(stream, record)
    return _rejected(stream, record, Rejection(key, "unreadable_text", hides=hides), wrong)


def _is_untext(value: Any) -> bool:
    return _UNTEXT.search(json.dumps(value, ensure_ascii=False)) is not None
