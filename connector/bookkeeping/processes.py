"""Which process of which machine: a name that a later process with the same number does not have."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path


def this_process() -> str:
    """Give the name of this process."""
    return _named(os.getpid())


@cache
def _named(pid: int) -> str:
    return f"{socket.gethostname()}|{pid}|{_started(pid) or '?'}"


def _started(pid: int) -> str | None:
    """Give the kernel's start time of a process, which tells it from a later one with the same number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def is_dead(holder: str) -> bool:
    """Tell whether the holder was a process of this machine that is gone. The epoch fences a wrong guess."""
    host, _, rest = holder.partition("|")
    pid, _, started = rest.partition("|")
    if host != socket.gethostname() or not pid.isdigit() or started == "?" or not Path("/proc/self/stat").exists():
        return False
    return _started(int(pid)) != started
