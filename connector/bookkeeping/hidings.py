"""When modules were hidden: triggers write it (`schemas.tables.hidings`), the views read it, we only forget it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from schemas.ids import SchoolId
from schemas.tables.catalogue import table_of
from schemas.tables.register import HidingRow

KEPT = timedelta(days=400)
"""How long the moment of a line that came under a hiding hangs on it: a school year and the summer after it."""

_HIDINGS = table_of(HidingRow)


def prune(connection: Connection, school: SchoolId, now: datetime) -> int:
    """Forget what of a school was hidden and has been shown for longer than anybody waits; give the number."""
    is_over = (_HIDINGS.c.school_id == school, _HIDINGS.c.hidden_until < now - KEPT)
    return int(connection.execute(delete(_HIDINGS).where(*is_over)).rowcount)
