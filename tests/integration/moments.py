"""Another moment than now, for a bench: what the views show then, and what a sync does then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

import pytest

from connector.portal import migrate
from connector.portal.database import Database
from schemas.tables import hidings, triggers
from schemas.views import catalogue
from tests.integration.portal_oracle import AMSTERDAM
from tests.rig import Rig


def midnight(day: date) -> datetime:
    """Give the moment at which a day begins at school."""
    return datetime.combine(day, time(), AMSTERDAM)


def noon(day: date) -> datetime:
    """Give the middle of a day at school."""
    return datetime.combine(day, time(12), AMSTERDAM)


def end_of(day: date) -> datetime:
    """Give the last second of a day at school."""
    return midnight(day + timedelta(days=1)) - timedelta(seconds=1)


def look_at(rig: Rig, moment: datetime) -> None:
    """Let the views, and the register's triggers, believe that it is this moment from now on; nothing else moves."""
    _make_views(rig.database, _said(moment))


def turn_to(rig: Rig, moment: datetime) -> None:
    """Let it be this moment from now on, for the views and for our own runs."""
    rig.offset = moment - datetime.now(UTC)
    look_at(rig, moment)


@contextmanager
def clock_at(rig: Rig, moment: datetime) -> Iterator[None]:
    """Let the views believe that it is this moment."""
    usual = dict(catalogue.NOW)
    try:
        _make_views(rig.database, _said(moment))
        yield
    finally:
        _make_views(rig.database, usual)


def hang_a_clock(rig: Rig, moment: datetime) -> None:
    """Let the views and triggers read a clock that stands still, for a bench that turns it often (`set_clock`)."""
    kind = {"sqlite": "TEXT", "postgresql": "timestamptz"}[rig.database.dialect]
    with rig.database.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE clock_on_the_wall (moment {kind})")
        connection.exec_driver_sql("INSERT INTO clock_on_the_wall VALUES (NULL)")
    _make_views(rig.database, dict.fromkeys(("sqlite", "postgresql"), "(SELECT moment FROM clock_on_the_wall)"))
    set_clock(rig, moment)


def set_clock(rig: Rig, moment: datetime) -> None:
    """Set the clock that hangs there, and let our own runs go on from that moment."""
    rig.offset = moment - datetime.now(UTC)
    said = _said(moment)[rig.database.dialect]
    with rig.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE clock_on_the_wall SET moment = {said}")


def _said(moment: datetime) -> Mapping[str, str]:
    told = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    return {"sqlite": f"'{told}'", "postgresql": f"CAST('{told}+00' AS timestamptz)"}


def _make_views(database: Database, now: Mapping[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch, database.engine.begin() as connection:
        for place in (migrate, triggers, hidings):
            patch.setattr(place, "NOW", now)
        migrate.create_triggers(connection)
        migrate.drop_views(connection)
        migrate.create_views(connection)
