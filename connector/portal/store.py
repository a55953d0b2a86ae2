"""Apply a plan: the rows of one stream, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    case,
    exists,
    false,
    literal,
    null,
    or_,
    select,
    true,
    update,
)

from connector.portal import documents
from connector.portal.bound import NOW, SCHOOL, SINCE
from connector.portal.staging import ALONG, APPROVED, KEPT, NEW, STAGING
from connector.portal.survey import Drawn
from connector.portal.upsert import merge_select
from schemas.errors import BooksDoNotBalance
from schemas.ids import SchoolId
from schemas.streams import PARENTS, Action, Outcome, Stream
from schemas.tables.catalogue import DATA_COLUMNS, TABLES

_HOME = ("home_digest", "home_suffix_digest")
_BLANKED = (*_HOME, "street", "house_number", "house_number_suffix", "postal_code", "city", "country")
_SECRECY_STREAMS = frozenset({Stream.PUPILS, Stream.GUARDIANS})
_ECHOES = bindparam("echoes", type_=Text(), expanding=True)


class News(NamedTuple):
    """What of a plan is news to parents. `is_told` False: nothing is, such as a first load or what we do anew.

    What comes with a parent that came to the portal since `parents_since` is no news: the parent is. Nor are the rows
    with a key in `echoes`: they bring what parents asked for.
    """

    is_told: bool
    parents_since: datetime
    echoes: frozenset[str] = frozenset()


def is_written(stream: Stream) -> ColumnElement[bool]:
    """Tell of a staged row whether it is added or altered, and nothing holds it."""
    staging = STAGING[stream]
    is_free = or_(staging.c.hold.is_(None), staging.c.hold == APPROVED)
    return and_(staging.c.action.in_([Action.ADD.value, Action.ALTER.value]), is_free)


def write_rows(
    connection: Connection, school: SchoolId, stream: Stream, drawn: Drawn, news: News, now: datetime
) -> int:
    """Insert the added and update the altered rows that nothing holds; rows that do not differ are not touched.

    Their documents follow. Raises BooksDoNotBalance unless exactly what was drawn is written.
    """
    expected = sum(drawn.count(action=action, holds=(None, APPROVED)) for action in (Action.ADD, Action.ALTER))
    if expected == 0:
        return 0
    written = merge_select(
        connection,
        TABLES[stream],
        ("school_id", "id", "first_shown_at", "changed_at", "news_at", *DATA_COLUMNS[stream]),
        _written(stream, is_told=news.is_told, has_echoes=bool(news.echoes)),
        {"school": school, "now": now, "since": news.parents_since, "echoes": sorted(news.echoes)},
        keep=("first_shown_at",),
        keep_if_null=("news_at",),
    )
    if written != expected:
        raise BooksDoNotBalance(f"{stream.value}: {expected} rows were planned and {written} were written.")
    documents.follow(connection, school, (stream,))
    return expected


@cache
def _written(stream: Stream, *, is_told: bool, has_echoes: bool) -> Select[Any]:
    """Give the query of the rows to write."""
    staging = STAGING[stream]
    is_silent = _comes_with_parent(stream) if is_told else true()
    if has_echoes:
        is_silent = or_(is_silent, staging.c.id.in_(_ECHOES))
    # No CAST: SQLite makes a number of what it casts to DATETIME.
    told = case((is_silent, null()), else_=NOW)
    data = (staging.c[name] for name in DATA_COLUMNS[stream])
    return select(SCHOOL, staging.c.id, NOW, NOW, told, *data).where(is_written(stream))


def _comes_with_parent(stream: Stream) -> ColumnElement[bool]:
    staging = STAGING[stream]
    return or_(
        false(),
        *(
            exists(
                select(literal(1)).where(
                    TABLES[parent.stream].c.school_id == SCHOOL,
                    TABLES[parent.stream].c.id == staging.c[parent.column],
                    TABLES[parent.stream].c.first_shown_at >= SINCE,
                )
            )
            for parent in PARENTS[stream]
        ),
    )


def blank_held_secrets(connection: Connection, school: SchoolId, stream: Stream, drawn: Drawn) -> None:
    """An address that turned secret is blanked even where the brake holds the rest of the row."""
    if stream not in _SECRECY_STREAMS or not drawn.count(holds=(NEW, KEPT, ALONG)):
        return
    connection.execute(_blanked(stream), {"school": school})


@cache
def _blanked(stream: Stream) -> Update:
    staging, table = STAGING[stream], TABLES[stream]
    turned = exists(
        select(literal(1)).where(
            staging.c.id == table.c.id,
            # Not what a person approved, which is written whole, nor what is frozen, which is lessened.
            staging.c.hold.in_([NEW, KEPT, ALONG]),
            staging.c.outcome == Outcome.SHOWN.value,
            staging.c.is_address_confidential,
        )
    )
    blank: dict[str, Any] = dict.fromkeys(_BLANKED)
    blanked = update(table).values(**blank, phones="[]", is_address_confidential=True)
    return blanked.where(table.c.school_id == SCHOOL, turned)
