"""The simulator as a requests adapter: a source without a network, and a place to fail at the n-th call."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.util import parse_url

from connector.simulator.answers import Answer, Simulator


class SimulatorAdapter(BaseAdapter):
    """Answers a session's requests with `Simulator.answer`.

    `before_call` gets the number of each call, counted from 1 over the adapter's life, and may raise
    anything: the caller of the session meets it. A reset raises requests' ConnectionError; a body cut below
    its declared length is incomplete when it is read. Latency and drips do not wait.
    """

    def __init__(self, simulator: Simulator, before_call: Callable[[int], None] | None = None) -> None:
        super().__init__()
        self.simulator = simulator
        self.before_call = before_call
        self.calls = 0
        self._building = HTTPAdapter()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: object = True,
        cert: object = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer one request."""
        self.calls += 1
        if self.before_call is not None:
            self.before_call(self.calls)
        url = parse_url(request.url or "")
        body = request.body or b""
        answer = self.simulator.answer(
            request.method or "GET",
            unquote(url.path or "/"),
            url.query or "",
            dict(request.headers),
            body.encode() if isinstance(body, str) else bytes(body),
        )
        if answer.action == "reset":
            raise requests.ConnectionError("Connection reset by peer", request=request)
        response: requests.Response = self._building.build_response(request, _raw(answer))
        return response

    def close(self) -> None:
        """Have nothing to close."""


def simulated_session(simulator: Simulator, before_call: Callable[[int], None] | None = None) -> requests.Session:
    """Give a session that reaches this simulator, whatever the URL."""
    session = requests.Session()
    adapter: Any = SimulatorAdapter(simulator, before_call)
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return session


class _Flood(io.RawIOBase):
    """A body so many times over, made as it is read."""

    def __init__(self, body: bytes, times: int) -> None:
        super().__init__()
        self._body, self._left, self._place = body, len(body) * times, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._body[self._place : self._place + min(len(buffer), self._left)]
        buffer[: len(piece)] = piece
        self._left -= len(piece)
        self._place = (self._place + len(piece)) % len(self._body)
        return len(piece)


def _raw(answer: Answer) -> HTTPResponse:
    headers = list(answer.headers)
    if answer.action not in ("cut", "flood"):
        headers.append(("Content-Length", str(len(answer.body))))
    elif answer.full_length is not None:
        headers.append(("Content-Length", str(answer.full_length)))
    return HTTPResponse(
        body=io.BufferedReader(_Flood(answer.body, answer.times))
        if answer.action == "flood"
        else io.BytesIO(answer.body),
        headers=HTTPHeaderDict(headers),
        status=answer.status,
        preload_content=False,
    )
