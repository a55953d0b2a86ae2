"""structlog as it is where rich is not installed.

It would load rich to draw tracebacks with the values of local variables. No line of ours holds such a thing, and what
keeps nothing of it can show nothing of it; a process is 5 MB smaller, too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _unseen(package: str) -> Iterator[None]:
    """Let nothing imported in the block find a package, unless it is there already."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # the import system's own way to say so
    try:
        yield
    finally:
        del sys.modules[package]


with _unseen("rich"):
    import structlog
    from structlog.typing import EventDict

__all__ = ["EventDict", "structlog"]
