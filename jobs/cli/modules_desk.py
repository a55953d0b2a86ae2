"""What every command `connector modules …` begins with: the database, the schools meant, this moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from jobs.cli import session

if TYPE_CHECKING:
    from connector.portal.database import Session
    from jobs.wiring import Wiring
    from schemas.ids import SchoolId

Schools = Annotated[
    list[str] | None, typer.Option("--school", metavar="BRIN", help="Only this school; may be repeated.")
]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who changes it; your user name if left out.")]
Json = Annotated[bool, typer.Option("--json", help="Data for a machine.")]


class Desk(NamedTuple):
    """What a command works with: an open session, the schools meant, and this moment."""

    session: Session
    wiring: Wiring
    schools: tuple[SchoolId, ...]
    now: datetime


@contextmanager
def desk_of(schools: list[str] | None) -> Iterator[Desk]:
    """Open the database of the settings; raises ConfigurationError for a school that is not configured."""
    with session.opened() as wiring, wiring.database.session() as opened:
        # Whole seconds: a change that begins now has begun for the database's clock too.
        yield Desk(opened, wiring, wiring.schools(schools or ()), wiring.now().replace(microsecond=0))
