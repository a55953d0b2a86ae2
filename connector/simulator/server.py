"""Serves a simulator over HTTP: a raw ASGI app, run by uvicorn in this thread or in one of its own."""

import asyncio
import contextlib
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from connector.simulator import control
from connector.simulator.answers import Simulator
from connector.simulator.replies import Answer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

# Open connections by (client, server) address: an ASGI app has no other way to break the one it answers.
CONNECTIONS: dict[tuple[Any, Any], asyncio.Transport] = {}
STOP_SECONDS = 5.0


def app(simulator: Simulator) -> App:
    """Return the simulator as an ASGI app; without uvicorn below it a reset raises ConnectionResetError."""

    async def asgi(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        body = await _body(receive)
        answer = _answer(simulator, scope, body)
        if answer.delay_seconds:
            await asyncio.sleep(answer.delay_seconds)
        transport = CONNECTIONS.get((_address(scope, "client"), _address(scope, "server")))
        await _deliver(answer, transport, send)

    return asgi


def serve(host: str, port: int, simulator: Simulator) -> int:
    """Serve until SIGTERM or SIGINT and return 0; one line on stderr says where. Port 0 is any free one."""
    with _listening(host, port) as listener:
        server = _Server(_config(simulator), announce=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, server.stop)
        server.run([listener])
    return 0


@contextlib.contextmanager
def running(simulator: Simulator, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve from a thread of its own inside the block; gives the base URL."""
    with _listening(host, port) as listener:
        server = _Server(_config(simulator))
        thread = threading.Thread(target=server.run, args=([listener],), name="simulator", daemon=True)
        thread.start()
        try:
            until = time.monotonic() + STOP_SECONDS
            while not server.started and thread.is_alive() and time.monotonic() < until:
                time.sleep(0.002)
            yield _url(listener)
        finally:
            server.should_exit = server.force_exit = True
            thread.join(STOP_SECONDS)


class _Protocol(H11Protocol):
    """Remembers every connection by its two addresses, so that a fault can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        CONNECTIONS[self._key(transport)] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        CONNECTIONS.pop(self._key(self.transport), None)
        super().connection_lost(exc)

    def _key(self, transport: asyncio.BaseTransport) -> tuple[Any, Any]:
        return tuple(transport.get_extra_info("peername")[:2]), tuple(transport.get_extra_info("sockname")[:2])


class _Server(uvicorn.Server):
    """A server that leaves signals alone (uvicorn would raise them again and so not exit with 0)."""

    def __init__(self, config: uvicorn.Config, *, announce: bool = False) -> None:
        super().__init__(config)
        self.announce = announce

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.announce and sockets:
            sys.stderr.write(f"listening on {_url(sockets[0])}\n")
            sys.stderr.flush()

    def stop(self, *_signal: object) -> None:
        """Finish; a second call does not wait for requests under way."""
        self.force_exit = self.should_exit
        self.should_exit = True


def _config(simulator: Simulator) -> uvicorn.Config:
    return uvicorn.Config(
        app(simulator),
        http=_Protocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    # Made with IPPROTO_TCP: asyncio sets TCP_NODELAY only on sockets that say so.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        yield listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


def _answer(simulator: Simulator, scope: Message, body: bytes) -> Answer:
    if scope["path"].startswith(control.PREFIX):
        return control.answer(simulator, scope["method"], scope["path"], body)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    return simulator.answer(scope["method"], scope["path"], query, headers, body)


def _address(scope: Message, side: str) -> tuple[Any, ...] | None:
    return tuple(scope[side][:2]) if scope.get(side) else None


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body


async def _deliver(answer: Answer, transport: asyncio.Transport | None, send: Send) -> None:
    match answer.action:
        case "reset":
            await _reset(transport)
        case "cut":
            await _cut(answer, transport)
        case "drip":
            await _drip(answer, transport, send)
        case "flood":
            await _flood(answer, transport, send)
        case _:
            await send(_start(answer, len(answer.body)))
            await send({"type": "http.response.body", "body": answer.body})


def _start(answer: Answer, length: int | None) -> Message:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def _reset(transport: asyncio.Transport | None) -> None:
    if transport is None:
        raise ConnectionResetError("the simulator resets this connection")
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _gone(transport)


async def _cut(answer: Answer, transport: asyncio.Transport | None) -> None:
    if transport is None:
        raise ConnectionResetError("the simulator cuts this answer short")
    # Written past uvicorn: its h11 would refuse to send less than it declared.
    lines = [f"HTTP/1.1 {answer.status} Cut", *(f"{name}: {value}" for name, value in answer.headers)]
    lines += ["Connection: close"] if answer.full_length is None else [f"Content-Length: {answer.full_length}"]
    transport.write("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body)
    transport.close()
    await _gone(transport)


async def _gone(transport: asyncio.Transport) -> None:
    # uvicorn complains of a missing answer unless it has seen the connection close.
    for _ in range(1000):
        if transport not in CONNECTIONS.values():
            return
        await asyncio.sleep(0.001)


async def _drip(answer: Answer, transport: asyncio.Transport | None, send: Send) -> None:
    await send(_start(answer, len(answer.body)))
    for place in range(0, len(answer.body), answer.chunk):
        if transport is not None and transport.is_closing():
            return
        piece = answer.body[place : place + answer.chunk]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(answer.pause_seconds)
    await send({"type": "http.response.body", "body": b""})


async def _flood(answer: Answer, transport: asyncio.Transport | None, send: Send) -> None:
    await send(_start(answer, answer.full_length))
    for _ in range(answer.times):
        if transport is not None and transport.is_closing():
            return
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
