"""What is paused, and who paused and resumed it. Times of the database's clock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from connector.portal.database import database_now
from connector.portal.upsert import upsert
from schemas.pauses import Pause, Scope
from schemas.tables.bookkeeping import PauseMoveRow, PauseRow
from schemas.tables.catalogue import table_of

_PAUSES, _MOVES = table_of(PauseRow), table_of(PauseMoveRow)
_COLUMNS = [_PAUSES.c[name] for name in Pause._fields]
_READ = select(*_COLUMNS).order_by(_PAUSES.c.scope.desc(), _PAUSES.c.name)


def read(connection: Connection) -> tuple[Pause, ...]:
    """Give every pause, sources first."""
    return tuple(Pause(Scope(row[0]), *row[1:]) for row in connection.execute(_READ))


def history(connection: Connection, most: int) -> list[dict[str, Any]]:
    """Give the newest moves, newest first."""
    query = select(_MOVES).order_by(_MOVES.c.id.desc()).limit(most)
    return [dict(row) for row in connection.execute(query).mappings()]


def pause(connection: Connection, scope: Scope, name: str, who: str, reason: str) -> None:
    """Pause it; what was paused already gets the new name and reason."""
    now = database_now(connection)
    values = {"scope": scope.value, "name": name, "paused_at": now, "paused_by": who, "reason": reason}
    upsert(connection, _PAUSES, [values])
    _remember(connection, scope, name, "pause", who, reason)


def resume(connection: Connection, scope: Scope, name: str, who: str, reason: str) -> bool:
    """Lift a pause; tells whether there was one."""
    gone = delete(_PAUSES).where(_PAUSES.c.scope == scope.value, _PAUSES.c.name == name)
    if connection.execute(gone).rowcount == 0:
        return False
    _remember(connection, scope, name, "resume", who, reason)
    return True


def _remember(connection: Connection, scope: Scope, name: str, action: str, who: str, reason: str) -> None:
    values = {"scope": scope.value, "name": name, "action": action, "moved_by": who, "reason": reason}
    connection.execute(insert(_MOVES).values(**values, moved_at=database_now(connection)))
