"""Reads what a request says and refuses what the contract does not allow."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from connector.simulator.dates import school_year
from connector.simulator.faults import Question
from connector.simulator.pages import Wanted
from connector.simulator.replies import Headers
from connector.simulator.shelf import DATED
from connector.simulator.world import STREAMS, World

DEFAULT_PAGE_SIZE = 500
MAX_PAGE_SIZE = 1000
MAX_IDS = 200
MAX_ID_LENGTH = 256
PARAMETERS = frozenset({"page_size", "cursor", "page", "ids", "period"})
SCHOOL_PATH = re.compile(
    r"^/v1/schools/([^/]*)(?:/([^/]*))?(?:(?<=/documents)/([^/]*)|(?<=/change_requests)/([^/]*))?$"
)
PERIOD = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
DOCUMENT_ID = re.compile(r"(?=.{1,64}$)\.*[A-Za-z0-9_-][A-Za-z0-9._-]*")
ID = re.compile(r"[^\s,\x00-\x1f\x7f-\x9f](?:[^,\x00-\x1f\x7f-\x9f]*[^\s,\x00-\x1f\x7f-\x9f])?")


class ProblemError(Exception):
    """A request that is refused: status, problem type after urn:sis:, a sentence without personal data, and `more`."""

    def __init__(
        self, status: int, kind: str, detail: str, headers: Headers = (), more: Mapping[str, object] | None = None
    ) -> None:
        """Keep the parts of the problem."""
        super().__init__(kind)
        self.status, self.kind, self.detail, self.headers, self.more = status, kind, detail, headers, more


def question(method: str, path: str, query: str) -> Question:
    """Return the request with the school and stream that its path names."""
    match = SCHOOL_PATH.match(path)
    school, stream, document, _ = match.groups() if match else (None, None, None, None)
    return Question(method.upper(), path, query, school, stream if stream in STREAMS else None, document)


def only(method: str, *allowed: str) -> None:
    """Refuse every other method."""
    if method not in allowed:
        names = ", ".join(allowed)
        raise ProblemError(405, "method-not-allowed", f"Only {names} is served here.", (("Allow", names),))


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the bearer token, or None."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def grant_type(headers: Mapping[str, str], body: bytes) -> None:
    """Refuse a token request that is not a client_credentials form."""
    form = dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True))
    is_form = headers.get("content-type", "").partition(";")[0].strip() == "application/x-www-form-urlencoded"
    if not is_form or form.get("grant_type") != "client_credentials":
        raise ProblemError(400, "invalid-request", "Send the form grant_type=client_credentials.")


def wanted(school: str, stream: str, query: str, cap: int | None) -> Wanted:
    """Return a stream request; refuses unknown, repeated, conflicting and out-of-range parameters."""
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    if len(given) != len(pairs) or given.keys() - PARAMETERS:
        raise ProblemError(400, "invalid-request", "A query parameter is unknown or given twice.")
    if len(given.keys() - {"page_size"}) > 1:
        raise ProblemError(400, "invalid-request", "Give at most one of cursor, page, ids and period.")
    if "" in given.values():
        raise ProblemError(400, "invalid-request", "A query parameter is empty.")
    size = _page_size(given.get("page_size"))
    if cap is not None:
        size = min(size, cap)
    period = _period(stream, given.get("period"))
    return Wanted(school, stream, size, given.get("cursor"), given.get("page"), _ids(given.get("ids")), period)


def document_id(text: str, query: str) -> str:
    """Return the document asked for; refuses what can be no id, and any query parameter."""
    if not DOCUMENT_ID.fullmatch(text) or query:
        raise ProblemError(
            400, "invalid-request", "A document has an id of 1 to 64 letters, digits, . _ -, not only dots."
        )
    return text


def cursors(body: bytes) -> dict[str, str]:
    """Return stream → cursor of a changes call."""
    value = _json(body)
    found = value.get("cursors") if isinstance(value, dict) and value.keys() == {"cursors"} else None
    if not isinstance(found, dict) or found.keys() - set(STREAMS):
        raise ProblemError(400, "invalid-request", "Send {cursors: {stream: cursor}} with streams that exist.")
    if not all(isinstance(cursor, str) and cursor for cursor in found.values()):
        raise ProblemError(400, "invalid-request", "Every cursor is a non-empty string.")
    return found


def asked_streams(question: Question, body: bytes) -> tuple[str, ...]:
    """Return the streams named in a changes body, sorted; nothing for other requests or unreadable bodies."""
    if not question.path.endswith("/changes"):
        return ()
    try:
        return tuple(sorted(cursors(body)))
    except ProblemError:
        return ()


def school_year_of(world: World) -> int:
    """Return the start year of the world's current school year."""
    return school_year(world.today)


def _page_size(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE_SIZE
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text) or int(text) > MAX_PAGE_SIZE:
        raise ProblemError(400, "invalid-request", "page_size is a number from 1 to 1000.")
    return int(text)


def _period(stream: str, text: str | None) -> str | None:
    if text is None:
        return None
    if stream not in DATED:
        raise ProblemError(400, "invalid-request", "Records of this stream lie on no day; it has no periods.")
    try:
        first, last = (date.fromisoformat(one) for one in text.split("/"))
    except ValueError:
        first, last = date.max, date.min
    if not PERIOD.fullmatch(text) or first > last:
        raise ProblemError(400, "invalid-request", "A period is YYYY-MM-DD/YYYY-MM-DD, its first day first.")
    return text


def _ids(text: str | None) -> list[str] | None:
    if text is None:
        return None
    found = text.split(",")
    if len(found) > MAX_IDS or not all(len(one) <= MAX_ID_LENGTH and ID.fullmatch(one) for one in found):
        raise ProblemError(400, "invalid-request", "ids holds 1 to 200 ids of 1 to 256 characters.")
    return found


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ProblemError(400, "invalid-request", "The body is no JSON.") from None
