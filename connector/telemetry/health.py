"""The small HTTP server that ops ask: `/metrics`, `/healthz`, `/readyz`. Nothing else, and nothing of a person."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import NamedTuple

from connector.telemetry.metrics import CONTENT_TYPE
from schemas.errors import ConfigurationError

_PLAIN = "text/plain; charset=utf-8"
_SLOWEST_CLIENT_SECONDS = 10
STALE_SECONDS = 60.0


class Heartbeat:
    """Beaten by the loop that must not stand still; fresh while the last beat is younger than a minute."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last = monotonic()

    def beat(self) -> None:
        """Say that the loop turns."""
        self._last = self._monotonic()

    def is_fresh(self) -> bool:
        """Tell whether the loop turned lately."""
        return self._monotonic() - self._last < STALE_SECONDS


class Answers(NamedTuple):
    """What the server tells. `unready` gives a short reason of ours, or nothing when all is ready."""

    metrics: Callable[[], bytes]
    unready: Callable[[], str]
    heartbeat: Heartbeat


def parse_listen(listen: str) -> tuple[str, int]:
    """Give host and port of `HOST:PORT`; raises ConfigurationError."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:  # noqa: PLR2004  the last port
        raise ConfigurationError(f"{listen[:60]!r} is not an address to listen at.", fix="Write 127.0.0.1:9188.")
    return host, int(port)


@contextmanager
def serving(listen: str, answers: Answers) -> Iterator[str]:
    """Serve in a thread until the block is left; gives the address, with the port that was taken for port 0.

    Raises ConfigurationError when the address cannot be had.
    """
    host, port = parse_listen(listen)
    try:
        server = _Server((host, port), _handler(answers))
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen at {listen} ({error.strerror or type(error).__name__}).",
            fix="Another program has the port, or the address is not of this machine; choose another one.",
        ) from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="metrics", daemon=True)
    thread.start()
    try:
        yield f"{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Take the address without asking the DNS for its name, as HTTPServer would."""
        TCPServer.server_bind(self)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that went away is no event, and a traceback could hold values."""


def _handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SLOWEST_CLIENT_SECONDS

        def do_GET(self) -> None:
            status, kind, body = _answer(answers, self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said: object) -> None:
            """Keep what a client asked for out of the log."""

    return Handler


def _answer(answers: Answers, path: str) -> tuple[int, str, bytes]:
    match path:
        case "/metrics":
            return 200, CONTENT_TYPE, answers.metrics()
        case "/healthz":
            return _verdict("" if answers.heartbeat.is_fresh() else "the main loop stands still")
        case "/readyz":
            return _verdict(answers.unready())
    return 404, _PLAIN, b"There are /metrics, /healthz and /readyz.\n"


def _verdict(reason: str) -> tuple[int, str, bytes]:
    return (503, _PLAIN, f"{reason}\n".encode()) if reason else (200, _PLAIN, b"ok\n")
