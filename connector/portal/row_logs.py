"""Keeps rows out of SQLAlchemy's log: at debug it writes every row it read, whatever `hide_parameters` says."""

from __future__ import annotations

import logging

ENGINE_LOGGER = "sqlalchemy.engine.Engine"


class _WithoutRows(logging.Filter):
    """Drops what SQLAlchemy says of a row; statements, columns and times stay."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Row ")


_FILTER = _WithoutRows()


def silence_rows() -> None:
    """Install the filter; a second call changes nothing."""
    logging.getLogger(ENGINE_LOGGER).addFilter(_FILTER)
