"""Whether an instant lies within a span of two columns; an end that is null is open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_


def within(begins: Any, ends: Any, now: datetime) -> ColumnElement[bool]:
    """Give the condition that `begins` is not after now and `ends` is later."""
    return and_(or_(begins.is_(None), begins <= now), or_(ends.is_(None), ends > now))
