"""The database's own clock as a part of a statement, so that no statement of its own has to ask for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel.sql.sqltypes import UTCDateTime

from schemas.views.catalogue import NOW

_AFTER = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f999', 'now', {} || ' seconds')",
    "postgresql": "statement_timestamp() + make_interval(secs => {})",
}
"""The moment so many seconds from now, as NOW says this one."""


class _Clock(FunctionElement[datetime]):
    type = UTCDateTime()
    inherit_cache = True


def clock(seconds: ColumnElement[int] | None = None) -> ColumnElement[datetime]:
    """Give this moment, or the one so many seconds later, as an aware instant when it is read."""
    return _Clock() if seconds is None else _Clock(seconds)


@compiles(_Clock)
def _said(element: _Clock, compiler: SQLCompiler, **options: Any) -> str:
    name = compiler.dialect.name
    seconds = compiler.process(element.clause_expr.element, **options)
    return _AFTER[name].format(seconds) if seconds else NOW[name]
