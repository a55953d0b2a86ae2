"""The table of moves, the constraint of the history and `move` say the same of every pair of places."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from sqlalchemy import Connection, insert, update

from connector.bookkeeping import corrections
from connector.portal.database import Database
from schemas.corrections import ALLOWED_MOVES, Item, Outcome, Place, State, closed
from schemas.errors import CorrectionError, DatabaseRefused
from schemas.ids import SchoolId
from schemas.tables.catalogue import table_of
from schemas.tables.corrections import CorrectionItemRow, CorrectionMoveRow, CorrectionRow

SCHOOL, NOW = SchoolId("99AA00"), datetime(2026, 11, 25, 12, tzinfo=UTC)
PLACES = (*(Place(state) for state in State if state is not State.CLOSED), *map(closed, Outcome))
PAIRS = tuple(product(PLACES, PLACES))
ITEMS, MOVES = table_of(CorrectionItemRow), table_of(CorrectionMoveRow)


@pytest.fixture
def database(database_url: str) -> Database:
    """A portal with one item."""
    found = Database(database_url)
    head = {"school_id": SCHOOL, "id": "corr-1", "requester_id": "g", "motive": "error", "submitted_at": NOW}
    item = {"school_id": SCHOOL, "correction_id": "corr-1", "number": 1, "stream": "guardians", "record_id": "g"}
    with found.session() as session, session.write() as connection:
        connection.execute(insert(table_of(CorrectionRow)), [{**head, "submitted_by": "portal"}])
        connection.execute(insert(ITEMS), [{**item, "field": "email", "operation": "change"}])
    return found


def _put_at(connection: Connection, place: Place) -> Item:
    outcome = None if place.outcome is None else place.outcome.value
    connection.execute(update(ITEMS).values(state=place.state.value, outcome=outcome))
    (item,) = corrections.everything(connection, SCHOOL)
    return item


def _is_written(database: Database, begin: Place, end: Place) -> bool:
    line = {
        "school_id": SCHOOL,
        "correction_id": "corr-1",
        "number": 1,
        "moved_at": NOW,
        "actor": "a",
        "role": "school",
    }
    try:
        with database.session() as session, session.write() as connection:
            connection.execute(insert(MOVES), [{**line, "from_place": str(begin), "to_place": str(end), "reason": ""}])
    except DatabaseRefused:
        return False
    return True


def _is_moved(database: Database, begin: Place, end: Place) -> bool:
    with database.session() as session, session.write() as connection:
        item = _put_at(connection, begin)
        try:
            return corrections.move(connection, SCHOOL, item, end, now=NOW)
        except CorrectionError:
            assert corrections.everything(connection, SCHOOL) == [item], "a refused move changes nothing"
            return False


def test_every_pair_of_places_is_allowed_or_refused_by_all_alike(database: Database) -> None:
    """Of all pairs `move` and the database take those of the table; the database also takes how a life begins."""
    assert len(PAIRS) == 225
    allowed = {(begin, end) for begin, ends in ALLOWED_MOVES.items() for end in ends}
    assert {pair for pair in PAIRS if _is_moved(database, *pair)} == allowed
    begins = {(Place(State.SUBMITTED), Place(State.SUBMITTED))}
    assert {pair for pair in PAIRS if _is_written(database, *pair)} == allowed | begins
    database.dispose()


def test_who_comes_second_moves_nothing(database: Database) -> None:
    """A move of an item that somebody else moved meanwhile is no move and leaves no line."""
    with database.session() as session, session.write() as connection:
        item = _put_at(connection, Place(State.IN_REVIEW))
        assert corrections.move(connection, SCHOOL, item, closed(Outcome.REFUSED), now=NOW)
        assert not corrections.move(connection, SCHOOL, item, closed(Outcome.WITHDRAWN), now=NOW)
        assert len(corrections.history(connection, SCHOOL, "corr-1")[1]) == 1
    database.dispose()
