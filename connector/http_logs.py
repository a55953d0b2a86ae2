"""Keeps queries out of the logs of the libraries below us, at every level."""

from __future__ import annotations

import logging

# Filters of a parent logger do not see its children's records, so each one that can speak is named.
LIBRARY_LOGGERS = (
    "requests",
    "urllib3",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)


class _WithoutQueries(logging.Filter):
    """Cuts every text at its first question mark, and leaves of other objects only numbers and type names."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_plain(value) for value in record.args)
        elif record.args:
            record.args = {name: _plain(value) for name, value in record.args.items()}
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def _plain(value: object) -> object:
    if value is None or isinstance(value, int | float):
        return value
    return value.partition("?")[0] if isinstance(value, str) else type(value).__name__


_FILTER = _WithoutQueries()


def silence_queries() -> None:
    """Install the filter; a second call changes nothing."""
    for name in LIBRARY_LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
