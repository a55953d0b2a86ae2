"""Answers before they are sent: status, headers, body, and what to do to the connection."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from connector.simulator.shelf import as_json

Headers = tuple[tuple[str, str], ...]
JSON: Headers = (("Content-Type", "application/json"),)


@dataclass(frozen=True)
class Answer:
    """What to send after `delay_seconds`.

    action "send": the body, with its length. "reset": nothing, the connection is reset. "cut": Content-Length
    is that of `full_length`, the body is shorter, then the connection closes; without `full_length` no length
    is declared. "drip": the body in pieces of `chunk` bytes, `pause_seconds` apart. "flood": the body `times`
    over, with `full_length` as its Content-Length or without any.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    action: str = "send"
    delay_seconds: float = 0.0
    full_length: int | None = None
    chunk: int = 16
    pause_seconds: float = 0.0
    times: int = 1

    def header(self, name: str) -> str | None:
        """Return a header by name in any case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def json_answer(value: Mapping[str, object], headers: Headers = (), status: int = 200) -> Answer:
    """Return a JSON answer."""
    return Answer(status, JSON + headers, as_json(value))


def problem(
    status: int, kind: str, detail: str, headers: Headers = (), more: Mapping[str, object] | None = None
) -> Answer:
    """Return an application/problem+json answer of type urn:sis:`kind`; the detail holds no personal data."""
    value = {
        "type": f"urn:sis:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **(more or {}),
    }
    return Answer(status, (("Content-Type", "application/problem+json"), *headers), as_json(value))
