"""The guard that keeps the tests on this machine: loopback and unix sockets, nothing else.

It listens to the interpreter's own audit events, so that no library can go around it. A refusal is remembered
as well as raised: code under test that swallows the error still fails its test.
"""

import ipaddress
import os
import socket
import sys
from typing import Any

from sqlalchemy.engine import make_url


class NetworkRefused(RuntimeError):
    """A test tried to reach something outside this machine."""


refused: list[str] = []

_NAMES = {"localhost", "localhost.localdomain", ""}
_installed = False


def install() -> None:
    """Guard this process from now on; a second call does nothing."""
    global _installed  # noqa: PLW0603  an audit hook cannot be removed, so one is enough
    if _installed:
        return
    _installed = True
    if url := os.environ.get("TEST_DATABASE_URL"):
        _NAMES.add(make_url(url).host or "")
    sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        connection, address = args[0], args[1]
        if connection.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            _judge(address[0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        _judge(args[0])


def _judge(host: object) -> None:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is None or not isinstance(name, str) or name in _NAMES or _is_loopback(name):
        return
    refused.append(name)
    message = f"tests stay on this machine; refused to reach {name!r}"
    raise NetworkRefused(message)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False
